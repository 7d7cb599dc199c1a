//! One field: read in the form the source chose, cleaned as what it is, written back in that form.

use std::rc::Rc;

use url::Url;

use super::markup::{in_wrapper, is_markup, own_base, shows_all, to_html, to_xml};
use super::scan::{Kind, Name, Piece, attributes};
use super::stream::{Field, Stream};
use super::tag::{Place, Written};
use super::text::{
    CDATA_CLOSE, CDATA_OPEN, Form, around, decode, decode_value, escape, form, hides_markup, is_section,
    write,
};
use crate::transform::clean::{self, holds_known_tag, is_same_markup};
use crate::transform::fields::{Node, Vocabulary, is_line};
use crate::transform::{Error, packed};

/// How a field's characters are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Html,
    TextOrHtml,
    /// Declared as plain text; some readers take it for HTML all the same.
    Text,
    /// Children are markup, characters are literal.
    Xhtml,
    /// Children are data of some other kind.
    Xml,
    Base64,
}

/// How a typed construct is to be read, by `type` and `mode`.
fn typed(name: &Name<'_>, raw: &str) -> Reading {
    let (mut media_type, mut mode) = (String::new(), String::new());
    for attribute in attributes(raw) {
        let value = decode_value(attribute.raw).trim().to_ascii_lowercase();
        match attribute.name {
            "type" => media_type = value,
            "mode" => mode = value,
            _ => {}
        }
    }
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    match (media_type, mode.as_str()) {
        (_, "base64") => Reading::Base64,
        ("xhtml" | "application/xhtml+xml", "" | "xml") => Reading::Xhtml,
        ("html" | "text/html" | "xhtml" | "application/xhtml+xml", _) => Reading::Html,
        ("" | "text" | "plain" | "text/plain", "" | "xml") => Reading::Text,
        (other, _) if other.ends_with("+xml") || other.ends_with("/xml") => Reading::Xml,
        (other, _) if !other.contains('/') || other.starts_with("text/") => Reading::TextOrHtml,
        // RFC 4287 §4.1.3.3: any other media type is base64.
        _ if name.local == "content" && matches!(name.vocabulary, Vocabulary::Atom | Vocabulary::Rss) => {
            Reading::Base64
        }
        _ => Reading::TextOrHtml,
    }
}

/// Whether elements in a construct are its markup as they stand (Atom 0.3 §3.1: `mode` is `xml` unless it says otherwise,
/// whatever `type` is), so that escaped they would be words.
fn is_inline(raw: &str) -> bool {
    let (mut is_html, mut is_xml) = (false, true);
    for attribute in attributes(raw) {
        let says = |value: &str| decode_value(attribute.raw).trim().eq_ignore_ascii_case(value);
        match attribute.name {
            "type" => is_html = says("text/html"),
            "mode" => is_xml = says("xml"),
            _ => {}
        }
    }
    is_html && is_xml
}

/// Whether some reader unpacks as base64 what stands in this field, whatever field it is: `mode` says so, or
/// `type` says what the reader does not know for text (feedparser).
pub(super) fn may_be_packed(tag: &str) -> bool {
    attributes(tag).any(|attribute| {
        let value = decode_value(attribute.raw).to_ascii_lowercase();
        if attribute.name.eq_ignore_ascii_case("mode") {
            return value.contains("base64");
        }
        let is_text = matches!(value.as_str(), "text" | "plain" | "html" | "xhtml")
            || value.starts_with("text/")
            || value.ends_with("+xml")
            || value.ends_with("/xml");
        attribute.name.eq_ignore_ascii_case("type") && !is_text
    })
}

/// The texts between the elements: so a reader may see them.
fn joined(pieces: &[Piece<'_>]) -> String {
    let texts = pieces.iter().filter(|piece| piece.kind == Kind::Text);
    texts.map(|piece| decode(piece.raw)).collect()
}

fn joins_to_markup(pieces: &[Piece<'_>]) -> bool {
    let joined = joined(pieces);
    joined.contains('<') && holds_known_tag(&joined)
}

impl<'j> Stream<'j> {
    /// A field just opened.
    pub(super) fn field(&mut self, open: Piece<'j>, name: Name<'j>, node: Node) -> Result<(), Error> {
        self.cleaner.is_line = is_line(name.local);
        let done = self.content(open, name, node);
        self.cleaner.is_line = false;
        done
    }

    /// What stands in a field. Characters alone are cleaned in place; with elements among them it is
    /// markup or data.
    fn content(&mut self, open: Piece<'j>, name: Name<'j>, node: Node) -> Result<(), Error> {
        let from = open.at + open.raw.len();
        let mut text = Vec::new();
        let next = loop {
            let piece = self.scanner.next()?;
            match piece.kind {
                Kind::Text | Kind::Comment | Kind::Instruction => text.push(piece),
                _ => break piece,
            }
        };
        if next.kind == Kind::Close {
            let raw = self.scanner.slice(from, next.at);
            return self.leaf(open, &name, node, raw, next);
        }
        self.scanner
            .give_back(text.into_iter().chain(std::iter::once(next)));
        let reading = match node {
            Node::Markup => return self.structure(open, name, false),
            Node::Id => return self.torn_id(open, &name),
            Node::Address(_) => return self.torn(open, name, node, false),
            // Lenient readers take it for XHTML (feedparser), and so it stays.
            Node::Html if name.is(Vocabulary::Rss, "body") => Reading::Xhtml,
            Node::Html => Reading::Html,
            Node::TextOrHtml => Reading::TextOrHtml,
            Node::Typed if is_inline(open.raw) => Reading::Xhtml,
            Node::Typed => typed(&name, open.raw),
        };
        let pieces = self.scanner.take_to_close()?;
        if let Some(clean) = self.clean_torn_packed(open, &pieces) {
            return self.packed(open, &name, &clean, &pieces);
        }
        let holds_markup = pieces.iter().any(|piece| match piece.kind {
            Kind::Open(name) | Kind::Empty(name) => is_markup(&name, piece.raw),
            _ => false,
        });
        if holds_markup || joins_to_markup(&pieces) || matches!(reading, Reading::Html | Reading::Xhtml) {
            return self.flatten(open, &name, node, reading, &pieces);
        }
        self.scanner.give_back(pieces.into_iter());
        self.torn(open, name, node, true)
    }

    /// A field with elements in it that are no markup: they and the text between them come next.
    fn torn(&mut self, open: Piece<'j>, name: Name<'j>, node: Node, inline: bool) -> Result<(), Error> {
        let depth = self.frames.len();
        self.structure(open, name, inline)?;
        if let Some(frame) = self.frames.get_mut(depth) {
            frame.field = Some(Field {
                node,
                tag: open.raw,
                content: self.out.len(),
            });
        }
        Ok(())
    }

    /// The clean base64 of a field with elements in it: a reader puts together what stands between them.
    fn clean_torn_packed(&mut self, open: Piece<'j>, pieces: &[Piece<'j>]) -> Option<String> {
        if !may_be_packed(open.raw) {
            return None;
        }
        let base = self.base_within(open.raw);
        self.clean_packed(&joined(pieces), base.as_ref())
    }

    fn packed(
        &mut self,
        open: Piece<'j>,
        name: &Name<'j>,
        clean: &str,
        pieces: &[Piece<'j>],
    ) -> Result<(), Error> {
        let close = pieces.last().ok_or(Error::Unsound)?;
        if self.write_tag(open, name)? == Written::Tag {
            escape(clean, &mut self.out);
            self.out.push_str(close.raw);
        }
        Ok(())
    }

    /// A field of characters alone.
    fn leaf(
        &mut self,
        open: Piece<'j>,
        name: &Name<'j>,
        node: Node,
        raw: &'j str,
        close: Piece<'j>,
    ) -> Result<(), Error> {
        let base = self.base_within(open.raw);
        if self.write_tag(open, name)? == Written::Dropped {
            return Ok(());
        }
        self.write_leaf(raw, node, name, open.raw, base.as_ref());
        self.out.push_str(close.raw);
        Ok(())
    }

    /// All that stands in a field, when no element does.
    pub(super) fn write_leaf(
        &mut self,
        raw: &str,
        node: Node,
        name: &Name<'_>,
        tag: &str,
        base: Option<&Rc<Url>>,
    ) {
        let decoded = decode(raw);
        let mut clean = self.clean_leaf(&decoded, node, name, tag, base);
        // Without its tags it may be base64 after all.
        if let Some(left) = &clean
            && !matches!(node, Node::Address(_) | Node::Id)
            && may_be_packed(tag)
        {
            clean = self.clean_packed(left, base).or(clean);
        }
        match clean {
            Some(clean) => self.characters(&decoded, &clean, form(raw)),
            None if hides_markup(raw) => write(&decoded, form(raw), &mut self.out),
            None => self.out.push_str(raw),
        }
    }

    /// An id with elements in it, which no format knows: what a reader takes for the id is its characters.
    fn torn_id(&mut self, open: Piece<'j>, name: &Name<'j>) -> Result<(), Error> {
        let pieces = self.scanner.take_to_close()?;
        let (close, inside) = pieces.split_last().ok_or(Error::Unsound)?;
        let base = self.base_within(open.raw);
        if self.write_tag(open, name)? == Written::Dropped {
            return Ok(());
        }
        let id = joined(inside);
        let clean = self.clean_leaf(&id, Node::Id, name, open.raw, base.as_ref());
        escape(clean.as_deref().unwrap_or(&id), &mut self.out);
        self.out.push_str(close.raw);
        Ok(())
    }

    /// Writes the clean characters of a field with the white space that stood around them in `decoded`.
    fn characters(&mut self, decoded: &str, clean: &str, form: Form) {
        let (lead, trail) = around(decoded);
        escape(lead, &mut self.out);
        if form == Form::CData && is_section(clean) {
            self.out.push_str(CDATA_OPEN);
            self.put(clean.as_bytes());
            self.out.push_str(CDATA_CLOSE);
        } else {
            let mut text = std::mem::take(&mut self.scratch);
            text.clear();
            write(clean, form, &mut text);
            self.put(text.as_bytes());
            self.scratch = text;
        }
        escape(trail, &mut self.out);
    }

    /// The clean characters of a field, without the white space around; `None` when they stay.
    fn clean_leaf(
        &mut self,
        decoded: &str,
        node: Node,
        name: &Name<'_>,
        tag: &str,
        base: Option<&Rc<Url>>,
    ) -> Option<String> {
        let core = decoded.trim();
        let reading = match node {
            Node::Address(role) => {
                return match self.address(core, base, role) {
                    Place::Keep => self.default_rule(core, false),
                    // RSS has addresses of ASCII alone (RFC 3986); Atom's may have any letters.
                    Place::Replace(address) if name.vocabulary == Vocabulary::Rss => {
                        Some(clean::in_ascii(&address))
                    }
                    Place::Replace(address) => Some(address),
                    Place::Gone => Some(String::new()),
                };
            }
            Node::Id => return clean::quoted_id(core).or_else(|| self.default_rule(core, false)),
            Node::Html => Reading::Html,
            Node::TextOrHtml | Node::Markup => Reading::TextOrHtml,
            Node::Typed => typed(name, tag),
        };
        if may_be_packed(tag)
            && let Some(clean) = self.clean_packed(core, base)
        {
            return Some(clean);
        }
        if reading == Reading::Base64 {
            return self.clean_base64(core, base);
        }
        // Without `<` there is no markup, and nothing to clean.
        if !core.contains('<') {
            return None;
        }
        let base = self.markup_base(base);
        let clean = match reading {
            Reading::Html => self.cleaner.html(core, base.as_ref()),
            // Without an element it is no XHTML (RFC 4287 §3.1.1.3 wants a `div`): characters that were
            // escaped for some reason, and some readers take them for HTML.
            Reading::Text | Reading::Xhtml => self.cleaner.text(core, base.as_ref()),
            _ => self.cleaner.text_or_html(core, base.as_ref()),
        };
        (!is_same_markup(core, &clean)).then_some(clean)
    }

    /// Clean base64 in the place of what hides harmful markup from whoever does not unpack it; `None` if no
    /// decoder finds any.
    pub(super) fn clean_packed(&mut self, core: &str, base: Option<&Rc<Url>>) -> Option<String> {
        let base = self.markup_base(base);
        let texts = packed::readings(core).into_iter();
        texts.filter(|text| text.contains('<')).find_map(|text| {
            let clean = self.cleaner.text_or_html(&text, base.as_ref());
            (!is_same_markup(&text, &clean)).then(|| packed::pack(&clean))
        })
    }

    /// Base64 that holds text is cleaned inside; what holds anything else is not for us to judge.
    fn clean_base64(&mut self, core: &str, base: Option<&Rc<Url>>) -> Option<String> {
        let base = self.markup_base(base);
        if let Some(text) = packed::unpack(core) {
            // Without `<` there is no markup: any other data.
            if !text.contains('<') {
                return None;
            }
            let clean = self.cleaner.text_or_html(&text, base.as_ref());
            return (!is_same_markup(&text, &clean)).then(|| packed::pack(&clean));
        }
        // What was not base64 at all is what it looks like to a reader.
        let clean = self.cleaner.text_or_html(core, base.as_ref());
        // Without its tags it may be base64 after all.
        if let Some(text) = packed::unpack(&clean) {
            return Some(packed::pack(&self.cleaner.text_or_html(&text, base.as_ref())));
        }
        (!is_same_markup(core, &clean)).then_some(clean)
    }

    /// A field with elements in it, cleaned as one piece of markup.
    fn flatten(
        &mut self,
        open: Piece<'j>,
        name: &Name<'j>,
        node: Node,
        reading: Reading,
        pieces: &[Piece<'j>],
    ) -> Result<(), Error> {
        let (close, inside) = pieces.split_last().ok_or(Error::Unsound)?;
        let is_atom = name.vocabulary == Vocabulary::Atom;
        let is_packed = may_be_packed(open.raw);
        let stays_xml = !is_packed && reading == Reading::Xhtml
            || !is_packed
                && is_atom
                && node == Node::Typed
                && matches!(reading, Reading::TextOrHtml | Reading::Xml);
        let mut base = self.base_within(open.raw);
        let literal = reading == Reading::Xhtml;
        let mut shown = inside;
        // Blogs wrapped in a `div` what they had escaped, and readers learned to look through it.
        if let (false, Some((tag, inner))) = (literal || stays_xml, in_wrapper(inside)) {
            base = own_base(tag, base.as_deref().or(self.job.base)).or(base);
            shown = inner;
        }
        let html = to_html(shown, base.as_ref(), literal);
        let markup_base = self.markup_base(base.as_ref());
        let mut clean = self.cleaner.html(html.trim(), markup_base.as_ref());
        if reading == Reading::Base64 && !stays_xml {
            clean = self.clean_base64(&clean, base.as_ref()).unwrap_or(clean);
        }
        if is_packed {
            clean = self.clean_packed(&clean, base.as_ref()).unwrap_or(clean);
        }
        if self.write_tag(open, name)? == Written::Dropped {
            return Ok(());
        }
        if stays_xml && clean == html.trim() && shows_all(inside) {
            let from = open.at + open.raw.len();
            self.out.push_str(self.scanner.slice(from, close.at));
        } else {
            // Without any element left, lenient readers would take literal characters for markup.
            let is_literal = !is_atom && !clean.contains('<');
            let xml = to_xml(&clean).filter(|_| stays_xml && !is_literal);
            match xml {
                Some(xml) if is_atom => self.out.push_str(&xml.declared(true)),
                Some(xml) => self.out.push_str(&xml.plain()),
                None => escape(&clean, &mut self.out),
            }
        }
        self.out.push_str(close.raw);
        Ok(())
    }

    /// An element of XHTML (or SVG, MathML) that stands in the feed itself.
    pub(super) fn markup(&mut self, open: Piece<'j>, name: &Name<'j>) -> Result<(), Error> {
        let mut pieces = vec![open];
        if let Kind::Open(_) = open.kind {
            pieces.extend(self.scanner.take_to_close()?);
        }
        let is_body = name.local == "body" && pieces.len() > 1;
        if is_body && let Some(clean) = self.clean_torn_packed(open, &pieces) {
            return self.packed(open, name, &clean, &pieces);
        }
        let inside = match pieces.as_slice() {
            [_, inside @ .., _] if is_body => inside,
            all => all,
        };
        let outer = self.frames.last().and_then(|frame| frame.base.clone());
        let base = if is_body {
            self.base_within(open.raw)
        } else {
            outer
        };
        let html = to_html(inside, base.as_ref(), true);
        let markup_base = self.markup_base(base.as_ref());
        let clean = self.cleaner.html(html.trim(), markup_base.as_ref());
        let raw: (usize, usize) = match (inside.first(), inside.last()) {
            (Some(first), Some(last)) => (first.at, last.at + last.raw.len()),
            _ => (open.at, open.at),
        };
        if is_body {
            self.write_tag(open, name)?;
        }
        if clean == html.trim() && shows_all(inside) {
            self.out.push_str(self.scanner.slice(raw.0, raw.1));
        } else if let Some(xml) = to_xml(&clean).filter(|_| !clean.is_empty()) {
            let plain = is_body && name.xhtml_is_default;
            self.out
                .push_str(&if plain { xml.plain() } else { xml.declared(is_body) });
        } else if !is_body {
            self.trim();
        }
        if let (true, Some(close)) = (is_body, pieces.last()) {
            self.out.push_str(close.raw);
        }
        Ok(())
    }
}
