//! The stream itself: one step a piece, a frame for each open element.

use std::rc::Rc;

use url::Url;

use super::identity::{self, Fate};
use super::memo::{Context, Memo};
use super::outline::{self, Outline};
use super::runs::Run;
use super::scan::{Kind, Name, Piece, Scanner};
use super::tag;
use super::{Job, Rewritten, Seen, markup};
use crate::transform::clean::{Cleaner, Role};
use crate::transform::fields::{self, Node};
use crate::transform::report::Reason;
use crate::transform::{Error, buffers};

/// An open element.
pub(super) struct Frame<'t> {
    pub(super) name: Name<'t>,
    /// The base that `xml:base` here or further out gives.
    pub(super) base: Option<Rc<Url>>,
    /// Data inside a text field: its elements are not fields of their own.
    pub(super) inline: bool,
    /// The field that it is, though elements stand in it.
    pub(super) field: Option<Field<'t>>,
    /// Whether it holds what is said of the feed itself.
    is_container: bool,
}

/// A field with elements in it.
#[derive(Clone, Copy)]
pub(super) struct Field<'t> {
    pub(super) node: Node,
    /// Its start tag.
    pub(super) tag: &'t str,
    /// Where what stands in it begins in the output.
    pub(super) content: usize,
}

impl Frame<'_> {
    /// Its own text is an address, though elements stand beside it.
    pub(super) fn address(&self) -> Option<Role> {
        match self.field?.node {
            Node::Address(role) => Some(role),
            _ => None,
        }
    }
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
    pub(super) entry_link: Option<Url>,
    pub(super) in_entry: bool,
    pub(super) outline: Outline,
    pub(super) context: Context,
    pub(super) memo: Memo<'j>,
    /// How many of the outline's entries are passed.
    pub(super) met: usize,
    /// How many of the stubs are.
    pub(super) stubs: usize,
    /// How much of `out` is in the document already; nothing of that is taken back.
    pub(super) carried: usize,
    /// For text that is escaped before it is put into the document.
    pub(super) scratch: String,
    pub(super) has_self: bool,
    /// Whether our hub is named already.
    pub(super) has_hub: bool,
    /// The text written last.
    pub(super) run: Option<Run<'j>>,
    pub(super) done: Rewritten,
    pub(super) seen: Seen,
}

impl<'j> Stream<'j> {
    pub(super) fn new(job: &'j Job<'j>, outline: Outline) -> Self {
        let feed_link = outline.link.as_deref().and_then(|link| resolve(link, job.base));
        let mut context = Context::new(&job.policy.fingerprint());
        context.part(job.base.map_or("", Url::as_str).as_bytes());
        context.part(feed_link.as_ref().map_or("", Url::as_str).as_bytes());
        // Most are there again: tables that grow are filled twice.
        let before = job.prior.map_or(&[][..], |prior| prior.entries);
        let pictures = before.iter().map(|entry| entry.pictures.len()).sum();
        // Addresses grow when they are signed; what is copied is not in the text.
        let copied = if job.stubs.is_empty() {
            0
        } else {
            job.prior.map_or(0, |prior| prior.body.len())
        };
        let room = copied + job.text.len() + job.text.len() / 4;
        Self {
            job,
            scanner: Scanner::new(job.text),
            frames: Vec::new(),
            cleaner: Cleaner::new(&job.policy.clean),
            out: buffers::take_text(job.text.len() / 8),
            feed_link,
            entry_link: None,
            in_entry: false,
            outline,
            context,
            memo: Memo::new(job.prior),
            met: 0,
            stubs: 0,
            carried: 0,
            scratch: String::new(),
            has_self: false,
            has_hub: false,
            run: None,
            done: Rewritten {
                body: buffers::take(room),
                pictures: Vec::with_capacity(pictures),
                ..Rewritten::default()
            },
            seen: Seen::with_capacity(pictures),
        }
    }

    pub(super) fn run(mut self) -> Result<Rewritten, Error> {
        while self.step()? {}
        self.collect();
        // One that is no entry here stands in a comment, or wherever else it means something else.
        if self.stubs != self.job.stubs.len() {
            return Err(Error::Unsound);
        }
        self.carry();
        self.done.written = self.out;
        Ok(self.done)
    }

    /// One piece, with what belongs to it; false at the end.
    pub(super) fn step(&mut self) -> Result<bool, Error> {
        let piece = self.scanner.next()?;
        match piece.kind {
            Kind::End => return Ok(false),
            Kind::Declaration => self.out.push_str(piece.raw),
            Kind::Instruction if is_stylesheet(piece.raw) => {
                // It would run the origin's XSLT on whoever opens the feed in a browser.
                self.remove("xml-stylesheet");
            }
            Kind::Comment | Kind::Instruction if self.frames.is_empty() => self.out.push_str(piece.raw),
            Kind::Text | Kind::Comment | Kind::Instruction => self.run_of_text(piece)?,
            Kind::Open(name) | Kind::Empty(name) => self.element(piece, name)?,
            Kind::Close => {
                self.settle();
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
        if in_feed && self.is_lined(&name) {
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
                field: None,
                is_container,
            });
            if is_container {
                self.add_what_is_missing(&name)?;
            }
        }
        Ok(())
    }

    /// Puts into the document, behind what was written, what needs no second look.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.carry();
        self.done.body.extend_from_slice(bytes);
    }

    /// Carries over to the document what was written.
    fn carry(&mut self) {
        let written = self.out.get(self.carried..).unwrap_or_default();
        self.done.body.extend_from_slice(written.as_bytes());
        self.carried = self.out.len();
    }

    /// Bytes of the document so far.
    pub(super) fn length(&self) -> usize {
        self.done.body.len() + self.out.len() - self.carried
    }

    /// Takes over what the cleaner noted outside entries.
    pub(super) fn collect(&mut self) {
        let cleaner = std::mem::replace(&mut self.cleaner, Cleaner::new(&self.job.policy.clean));
        self.done.report.absorb(cleaner.report);
        self.done.show(&cleaner.pictures, &mut self.seen);
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
        if memchr::memchr(b'=', raw.as_bytes()).is_none()
            || !(raw.contains("xml:base") || markup::is_channel(raw))
        {
            return outer;
        }
        markup::own_base(raw, outer.as_deref().or(self.job.base)).or(outer)
    }

    /// Whether what comes now is a child of the feed itself.
    pub(super) fn is_in_feed(&self) -> bool {
        !self.in_entry && self.frames.last().is_some_and(|frame| frame.is_container)
    }

    fn drop_element(&mut self, piece: Piece<'j>, name: &Name<'_>) -> Result<(), Error> {
        self.remove(name.qualified);
        if let Kind::Open(_) = piece.kind {
            self.scanner.skip_to_close()?;
        }
        Ok(())
    }

    pub(super) fn drop_quietly(&mut self, piece: Piece<'j>) -> Result<(), Error> {
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
}

fn is_stylesheet(raw: &str) -> bool {
    raw.trim_start_matches("<?")
        .get(..14)
        .is_some_and(|target| target.eq_ignore_ascii_case("xml-stylesheet"))
}

/// An absolute address, or one against `base`.
pub(super) fn resolve(link: &str, base: Option<&Url>) -> Option<Url> {
    let url = match base {
        Some(base) => base.join(link).ok()?,
        None => Url::parse(link).ok()?,
    };
    matches!(url.scheme(), "http" | "https").then_some(url)
}
