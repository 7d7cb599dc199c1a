//! The stream itself: one step a piece, a frame for each open element.

use std::collections::HashSet;
use std::rc::Rc;

use url::Url;

use super::identity::{self, Fate};
use super::memo::{Hasher, Memo};
use super::outline::{self, Outline};
use super::scan::{Kind, Name, Piece, Scanner};
use super::text::{Form, decode, escape, escape_value, form, write};
use super::{Job, Rewritten, markup, tag};
use crate::transform::clean::{self, Cleaner};
use crate::transform::fields::{self, ATOM, Node, Vocabulary};
use crate::transform::report::Reason;
use crate::transform::{EntryMark, Error, Picture};

/// An open element.
pub(super) struct Frame<'t> {
    pub(super) name: Name<'t>,
    /// The base that `xml:base` here or further out gives.
    pub(super) base: Option<Rc<Url>>,
    /// Data inside a text field: its elements are not fields of their own.
    pub(super) inline: bool,
    /// Whether it holds what is said of the feed itself.
    is_container: bool,
}

pub(super) struct Stream<'j> {
    pub(super) job: &'j Job<'j>,
    pub(super) scanner: Scanner<'j>,
    pub(super) frames: Vec<Frame<'j>>,
    pub(super) cleaner: Cleaner<'j>,
    pub(super) out: String,
    /// The page of the feed, resolved.
    pub(super) feed_link: Option<Url>,
    /// The page of the current entry, resolved.
    entry_link: Option<Url>,
    in_entry: bool,
    outline: Outline,
    hasher: Hasher,
    memo: Memo<'j>,
    /// Entries met, kept or not.
    met: usize,
    has_self: bool,
    done: Rewritten,
    seen: HashSet<Picture>,
}

impl<'j> Stream<'j> {
    pub(super) fn new(job: &'j Job<'j>) -> Result<Self, Error> {
        let outline = Outline::read(job.text)?;
        let feed_link = outline.link.as_deref().and_then(|link| resolve(link, job.base));
        let mut hasher = Hasher::new(&job.policy.fingerprint());
        hasher.part(job.base.map_or("", Url::as_str).as_bytes());
        hasher.part(feed_link.as_ref().map_or("", Url::as_str).as_bytes());
        Ok(Self {
            job,
            scanner: Scanner::new(job.text),
            frames: Vec::new(),
            cleaner: Cleaner::new(&job.policy.clean),
            out: String::with_capacity(job.text.len() + job.text.len() / 8),
            feed_link,
            entry_link: None,
            in_entry: false,
            outline,
            hasher,
            memo: Memo::new(job.prior),
            met: 0,
            has_self: false,
            done: Rewritten::default(),
            seen: HashSet::new(),
        })
    }

    pub(super) fn run(mut self) -> Result<Rewritten, Error> {
        while self.step()? {}
        self.collect();
        self.done.body = self.out;
        Ok(self.done)
    }

    /// One piece, with what belongs to it; false at the end.
    fn step(&mut self) -> Result<bool, Error> {
        let piece = self.scanner.next()?;
        match piece.kind {
            Kind::End => return Ok(false),
            Kind::Declaration => self.out.push_str(piece.raw),
            Kind::Instruction if is_stylesheet(piece.raw) => {
                // It would run the origin's XSLT on whoever opens the feed in a browser.
                self.remove("xml-stylesheet");
            }
            Kind::Text | Kind::Comment | Kind::Instruction if self.frames.is_empty() => {
                self.out.push_str(piece.raw);
            }
            Kind::Text | Kind::Comment | Kind::Instruction => self.run_of_text(piece)?,
            Kind::Open(name) | Kind::Empty(name) => self.element(piece, name)?,
            Kind::Close => {
                self.frames.pop();
                self.out.push_str(piece.raw);
            }
        }
        Ok(true)
    }

    fn element(&mut self, piece: Piece<'j>, name: Name<'j>) -> Result<(), Error> {
        if !self.in_entry && outline::is_entry(&name) {
            return self.entry(piece, name);
        }
        let in_feed = self.is_in_feed();
        match identity::fate(&name, piece.raw, in_feed, self.job.policy.self_url.is_some()) {
            Some(Fate::Remove) => return self.drop_element(piece, &name),
            Some(Fate::OurAddress) if self.has_self => return self.drop_element(piece, &name),
            Some(Fate::OurAddress) => return self.own_self_link(piece, name),
            None => {}
        }
        if in_feed && self.is_titled(&name) {
            return self.own_title(piece, &name);
        }
        let parent = self.frames.last();
        let inline = parent.is_some_and(|frame| frame.inline);
        let node = fields::node(
            name.vocabulary,
            name.local,
            parent.map_or("", |frame| frame.name.local),
        );
        match node {
            Some(Node::Markup) => self.markup(piece, &name),
            Some(node)
                if matches!(piece.kind, Kind::Open(_)) && (!inline || matches!(node, Node::Address(_))) =>
            {
                self.field(piece, name, node)
            }
            _ => self.structure(piece, name, inline),
        }
    }

    /// An element that is no stop itself: its tag is written, its children come next.
    pub(super) fn structure(&mut self, piece: Piece<'j>, name: Name<'j>, inline: bool) -> Result<(), Error> {
        let base = self.base_within(piece.raw);
        if self.write_tag(piece, &name)? == tag::Written::Dropped {
            return Ok(());
        }
        if let Kind::Open(_) = piece.kind {
            let is_container = outline::is_container(&name, self.frames.len())
                && !self.frames.iter().any(|frame| frame.is_container);
            self.frames.push(Frame {
                name,
                base,
                inline,
                is_container,
            });
            if is_container {
                self.add_what_is_missing(&name)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, piece: Piece<'j>, name: Name<'j>) -> Result<(), Error> {
        let index = self.met;
        self.met += 1;
        let place = self.outline.entries.get(index).ok_or(Error::Unsound)?;
        if !self.job.keeps(place.span.start, self.done.entries.len()) {
            self.cleaner.report.changed(Some(index), Reason::Selection, "");
            return self.drop_quietly(piece);
        }
        let source = self.scanner.slice(place.span.start, place.span.end);
        let hash = self.hash(source);
        let link = place.link.clone();
        self.collect();
        let begin = self.out.len();
        let pictures = if let Some((bytes, mark)) = self.memo.find(&hash) {
            self.out.push_str(bytes);
            if let Kind::Open(_) = piece.kind {
                self.scanner.skip_to_close()?;
            }
            mark.pictures.clone()
        } else {
            self.entry_link = link.as_deref().and_then(|link| {
                let base = self.frames.last().and_then(|frame| frame.base.as_deref());
                resolve(link, base.or(self.job.base).or(self.feed_link.as_ref()))
            });
            self.clean_entry(piece, name, index)?
        };
        self.done.show(pictures.clone(), &mut self.seen);
        self.done.entries.push(EntryMark {
            hash,
            span: begin..self.out.len(),
            pictures,
        });
        Ok(())
    }

    fn clean_entry(&mut self, piece: Piece<'j>, name: Name<'j>, index: usize) -> Result<Vec<Picture>, Error> {
        self.in_entry = true;
        self.cleaner.entry = Some(index);
        let depth = self.frames.len();
        self.structure(piece, name, false)?;
        while self.frames.len() > depth {
            if !self.step()? {
                return Err(Error::Unsound);
            }
        }
        self.in_entry = false;
        self.entry_link = None;
        let cleaner = std::mem::replace(&mut self.cleaner, Cleaner::new(&self.job.policy.clean));
        self.done.report.absorb(cleaner.report);
        Ok(cleaner.pictures)
    }

    fn hash(&self, source: &str) -> [u8; 16] {
        let mut hasher = self.hasher.clone();
        for (prefix, namespace) in self.scanner.bindings() {
            hasher.part(prefix).part(namespace);
        }
        for frame in &self.frames {
            hasher.part(frame.name.qualified.as_bytes());
        }
        let base = self.frames.last().and_then(|frame| frame.base.as_deref());
        hasher.part(base.map_or("", Url::as_str).as_bytes());
        hasher.part(source.as_bytes()).finish()
    }

    /// Takes over what the cleaner noted outside entries.
    fn collect(&mut self) {
        let cleaner = std::mem::replace(&mut self.cleaner, Cleaner::new(&self.job.policy.clean));
        self.done.report.absorb(cleaner.report);
        self.done.show(cleaner.pictures, &mut self.seen);
    }

    /// Text that stands between elements which are no fields: the default rule.
    fn run_of_text(&mut self, first: Piece<'j>) -> Result<(), Error> {
        let mut next = self.scanner.next()?;
        while matches!(next.kind, Kind::Text | Kind::Comment | Kind::Instruction) {
            next = self.scanner.next()?;
        }
        self.scanner.give_back(std::iter::once(next));
        let raw = self.scanner.slice(first.at, next.at);
        let mixed = matches!(next.kind, Kind::Open(_) | Kind::Empty(_));
        match self.default_rule(&decode(raw), mixed) {
            Some(text) => write(&text, form(raw), &mut self.out),
            None => self.out.push_str(raw),
        }
        Ok(())
    }

    /// Text or a value that no row of the table names: `None` when it is harmless.
    ///
    /// Before an element (`mixed`) a tag can be torn apart, and a reader that joins the texts around
    /// it would put it together again: a tag left open there counts as one.
    pub(super) fn default_rule(&mut self, value: &str, mixed: bool) -> Option<String> {
        if fields::is_script(value) {
            self.cleaner
                .report
                .changed(self.cleaner.entry, Reason::Address, value);
            return Some(String::new());
        }
        if !value.contains('<') {
            return None;
        }
        let torn = mixed && value.rsplit('<').next().is_some_and(|last| !last.contains('>'));
        if !torn && !clean::holds_known_tag(value) {
            return None;
        }
        let base = self.markup_base(self.frames.last().and_then(|frame| frame.base.clone()).as_ref());
        let cleaned = if torn {
            self.cleaner.html(value, base.as_ref())
        } else {
            self.cleaner.text_or_html(value, base.as_ref())
        };
        (cleaned != value).then_some(cleaned)
    }

    /// The base for addresses in markup: `xml:base`, else the entry's page, the feed's, the document.
    pub(super) fn markup_base(&self, explicit: Option<&Rc<Url>>) -> Option<Url> {
        explicit
            .map(|base| Url::clone(base))
            .or_else(|| self.entry_link.clone())
            .or_else(|| self.feed_link.clone())
            .or_else(|| self.job.base.cloned())
    }

    /// The base that `xml:base` in this tag or further out gives.
    pub(super) fn base_within(&self, raw: &str) -> Option<Rc<Url>> {
        let outer = self.frames.last().and_then(|frame| frame.base.clone());
        if !raw.contains("xml:base") {
            return outer;
        }
        markup::own_base(raw, outer.as_deref().or(self.job.base)).or(outer)
    }

    /// Whether what comes now is a child of the feed itself.
    pub(super) fn is_in_feed(&self) -> bool {
        !self.in_entry && self.frames.last().is_some_and(|frame| frame.is_container)
    }

    fn is_titled(&self, name: &Name<'_>) -> bool {
        self.job.policy.title.is_some()
            && name.local.eq_ignore_ascii_case("title")
            && matches!(name.vocabulary, Vocabulary::Rss | Vocabulary::Atom)
    }

    /// Writes the feed's title as the owner wants it, without a `type`: it is text.
    fn own_title(&mut self, piece: Piece<'j>, name: &Name<'_>) -> Result<(), Error> {
        self.write_title(name.qualified);
        if let Kind::Open(_) = piece.kind {
            self.scanner.skip_to_close()?;
        }
        Ok(())
    }

    fn write_title(&mut self, qualified: &str) {
        let title = self.job.policy.title.as_deref().unwrap_or_default();
        self.out.push('<');
        self.out.push_str(qualified);
        self.out.push('>');
        escape(title, &mut self.out);
        self.out.push_str("</");
        self.out.push_str(qualified);
        self.out.push('>');
    }

    fn own_self_link(&mut self, piece: Piece<'j>, name: Name<'j>) -> Result<(), Error> {
        self.has_self = true;
        self.structure(piece, name, false)
    }

    /// Adds the self link, and a title if the owner gave one, where the feed has none.
    fn add_what_is_missing(&mut self, container: &Name<'j>) -> Result<(), Error> {
        // Only the first element for the feed's own data is filled up.
        let adds_title =
            self.job.policy.title.is_some() && !std::mem::replace(&mut self.outline.has_title, true);
        let adds_self = self.job.policy.self_url.is_some()
            && self.can_hold_self(container)
            && !std::mem::replace(&mut self.outline.has_self, true);
        if !adds_title && !adds_self {
            return Ok(());
        }
        let next = self.scanner.next()?;
        let is_space = next.kind == Kind::Text && next.raw.trim().is_empty();
        let indent = if is_space { next.raw } else { "" };
        self.scanner.give_back(std::iter::once(next));
        if adds_title {
            self.out.push_str(indent);
            self.write_title(&sibling(container, "title"));
        }
        if adds_self {
            self.out.push_str(indent);
            self.write_self_link(container);
        }
        Ok(())
    }

    /// CDF knows no links; its channel is the root.
    fn can_hold_self(&self, container: &Name<'_>) -> bool {
        self.frames.len() > 1 || container.local.eq_ignore_ascii_case("feed")
    }

    fn write_self_link(&mut self, container: &Name<'_>) {
        let Some(address) = &self.job.policy.self_url else {
            return;
        };
        let is_atom =
            container.vocabulary == Vocabulary::Atom || container.local.eq_ignore_ascii_case("feed");
        let (name, declaration) = match &self.outline.atom_prefix {
            _ if is_atom => (sibling(container, "link"), String::new()),
            Some(prefix) => (format!("{prefix}:link"), String::new()),
            // The root declares it, unless the prefix means something else there.
            None if self.outline.atom_is_taken => ("atom:link".to_owned(), format!(" xmlns:atom=\"{ATOM}\"")),
            None => ("atom:link".to_owned(), String::new()),
        };
        let media_type = if is_atom {
            "application/atom+xml"
        } else {
            "application/rss+xml"
        };
        self.out.push('<');
        self.out.push_str(&name);
        self.out.push_str(&declaration);
        self.out.push_str(" href=\"");
        escape_value(address.as_str(), '"', &mut self.out);
        self.out.push_str("\" rel=\"self\" type=\"");
        self.out.push_str(media_type);
        self.out.push_str("\"/>");
    }

    /// What the root must declare for the self link that will be added.
    pub(super) fn declaration_for_root(&self, root: &Name<'_>) -> Option<String> {
        let adds = self.frames.is_empty()
            && self.job.policy.self_url.is_some()
            && !self.outline.has_self
            && self.outline.has_container
            && self.outline.atom_prefix.is_none()
            && !self.outline.atom_is_taken
            && !outline::is_container(root, 0);
        adds.then(|| format!(" xmlns:atom=\"{ATOM}\""))
    }

    fn drop_element(&mut self, piece: Piece<'j>, name: &Name<'_>) -> Result<(), Error> {
        self.remove(name.qualified);
        if let Kind::Open(_) = piece.kind {
            self.scanner.skip_to_close()?;
        }
        Ok(())
    }

    fn drop_quietly(&mut self, piece: Piece<'j>) -> Result<(), Error> {
        self.trim();
        if let Kind::Open(_) = piece.kind {
            self.scanner.skip_to_close()?;
        }
        Ok(())
    }

    fn remove(&mut self, what: &str) {
        self.cleaner
            .report
            .changed(self.cleaner.entry, Reason::Identity, what);
        self.trim();
    }

    /// Takes back the white space before something that is left out.
    pub(super) fn trim(&mut self) {
        let trimmed = self.out.trim_end_matches([' ', '\t', '\r', '\n']);
        if trimmed.ends_with('>') && !trimmed.ends_with("]]>") {
            self.out.truncate(trimmed.len());
        }
    }

    /// Writes `text` in `form` with the white space that stood around it in `decoded`.
    pub(super) fn write_core(&mut self, decoded: &str, text: &str, form: Form) {
        let lead = decoded.len() - decoded.trim_start().len();
        let trail = decoded.trim_end().len().max(lead);
        escape(decoded.get(..lead).unwrap_or_default(), &mut self.out);
        write(text, form, &mut self.out);
        escape(decoded.get(trail..).unwrap_or_default(), &mut self.out);
    }
}

/// The name of an element beside others of the container's vocabulary.
fn sibling(container: &Name<'_>, local: &str) -> String {
    match container.qualified.split_once(':') {
        Some((prefix, _)) => format!("{prefix}:{local}"),
        None => local.to_owned(),
    }
}

fn is_stylesheet(raw: &str) -> bool {
    raw.trim_start_matches("<?")
        .get(..14)
        .is_some_and(|target| target.eq_ignore_ascii_case("xml-stylesheet"))
}

/// An absolute address, or one against `base`.
fn resolve(link: &str, base: Option<&Url>) -> Option<Url> {
    let url = match base {
        Some(base) => base.join(link).ok()?,
        None => Url::parse(link).ok()?,
    };
    matches!(url.scheme(), "http" | "https").then_some(url)
}
