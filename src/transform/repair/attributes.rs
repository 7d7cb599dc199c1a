//! The inside of a start tag, read as leniently as a browser would.

use super::faults::Faults;
use super::names;
use crate::transform::work;

/// One attribute as it stands in the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute<'s> {
    /// Byte offset of the name.
    pub(super) at: usize,
    /// The white space before it.
    pub(super) lead: &'s str,
    /// Its name, not yet repaired.
    pub(super) name: &'s str,
    /// The equals sign with the white space around it.
    pub(super) equals: &'s str,
    /// The quotes it is to be written in.
    pub(super) quote: char,
    /// Whether they stand in the source.
    pub(super) is_quoted: bool,
    /// Byte offset of the value.
    pub(super) value_at: usize,
    /// The value without quotes, not yet repaired.
    pub(super) value: &'s str,
}

/// What stands behind the name of a start tag.
#[derive(Debug)]
pub(super) struct Inside<'s> {
    pub(super) attributes: Vec<Attribute<'s>>,
    /// White space before the end of the tag.
    pub(super) tail: &'s str,
    pub(super) self_closing: bool,
    /// Where the tag ends.
    pub(super) end: usize,
}

/// How reading a tag went.
#[derive(Debug)]
pub(super) enum Outcome<'s> {
    Tag(Inside<'s>),
    /// Another `<` came first.
    Interrupted(Inside<'s>),
    /// The document ended first.
    Cut,
}

/// What ends a value in quotes, and where.
enum Closing {
    Quote(usize),
    /// Its quote is missing; the next attribute begins behind this white space.
    Space(usize),
    /// Its quote is missing; the tag ends at the next angle bracket.
    Bracket,
}

/// Reads attributes. It remembers which quotes have no partner left, so that looking for one stays
/// linear in total.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    source: &'s str,
    most: usize,
    no_more_double: bool,
    no_more_single: bool,
}

impl<'s> Reader<'s> {
    /// A reader that keeps at most `most` attributes of a tag.
    pub(super) fn new(source: &'s str, most: usize) -> Self {
        Self {
            source,
            most,
            no_more_double: false,
            no_more_single: false,
        }
    }

    /// Reads from `at`, just behind the tag's name.
    pub(super) fn read(&mut self, mut at: usize, faults: &mut Faults) -> Outcome<'s> {
        let mut attributes = Vec::new();
        loop {
            let lead_at = at;
            at = self.skip(at, u8::is_ascii_whitespace);
            match self.byte(at) {
                None => return Outcome::Cut,
                Some(b'<') => return Outcome::Interrupted(self.inside(attributes, lead_at, at, 0)),
                Some(b'>') => return Outcome::Tag(self.inside(attributes, lead_at, at, 1)),
                Some(b'/') if self.byte(at + 1) == Some(b'>') => {
                    return Outcome::Tag(self.inside(attributes, lead_at, at, 2));
                }
                Some(b'/' | b'=' | b'"' | b'\'') => {
                    faults.note(at, "stray character in a tag dropped");
                    at += 1;
                }
                Some(_) => {
                    let lead = self.slice(lead_at, at);
                    let attribute = self.attribute(lead, &mut at, faults);
                    if attributes.len() < self.most {
                        attributes.push(attribute);
                    } else {
                        faults.note(attribute.at, "attribute beyond the limit dropped");
                    }
                }
            }
        }
    }

    /// The white space between `tail` and `at`, then the end of the tag, `length` bytes.
    fn inside(&self, attributes: Vec<Attribute<'s>>, tail: usize, at: usize, length: usize) -> Inside<'s> {
        Inside {
            attributes,
            tail: self.slice(tail, at),
            self_closing: length == 2,
            end: at + length,
        }
    }

    fn attribute(&mut self, lead: &'s str, at: &mut usize, faults: &mut Faults) -> Attribute<'s> {
        let name_at = *at;
        let name_end = self.skip(name_at, |b| !names::ends_name(*b));
        let mut attribute = Attribute {
            at: name_at,
            lead: if lead.is_empty() { " " } else { lead },
            name: self.slice(name_at, name_end),
            equals: "=",
            quote: '"',
            is_quoted: false,
            value_at: name_end,
            value: "",
        };
        if lead.is_empty() {
            faults.note(name_at, "space between attributes added");
        }
        *at = name_end;
        let equals_at = self.skip(name_end, u8::is_ascii_whitespace);
        if self.byte(equals_at) != Some(b'=') {
            faults.note(name_at, "attribute without a value given an empty one");
            return attribute;
        }
        let value_at = self.skip(equals_at + 1, u8::is_ascii_whitespace);
        attribute.equals = self.slice(name_end, value_at);
        *at = match self.byte(value_at) {
            Some(quote @ (b'"' | b'\'')) => self.quoted(&mut attribute, quote, value_at + 1, faults),
            _ => self.unquoted(&mut attribute, value_at, faults),
        };
        attribute
    }

    /// Reads a value that begins at `start`, behind its quote: where what follows it begins.
    fn quoted(
        &mut self,
        attribute: &mut Attribute<'s>,
        quote: u8,
        start: usize,
        faults: &mut Faults,
    ) -> usize {
        attribute.quote = char::from(quote);
        attribute.value_at = start;
        let end = match self.closing_quote(start, quote) {
            Closing::Quote(end) => {
                attribute.value = self.slice(start, end);
                attribute.is_quoted = true;
                return end + 1;
            }
            Closing::Space(end) => end,
            Closing::Bracket => self.skip(start, |b| !b"<>".contains(b)),
        };
        faults.note(start, "missing quote added");
        let value = self.slice(start, end).trim_end();
        // A slash that stands apart closes the tag; any other may belong to an address.
        attribute.value = value.strip_suffix(" /").unwrap_or(value).trim_end();
        start + attribute.value.len()
    }

    fn unquoted(&self, attribute: &mut Attribute<'s>, start: usize, faults: &mut Faults) -> usize {
        faults.note(start, "attribute value quoted");
        let end = self.skip(start, |b| !b.is_ascii_whitespace() && !b"<>".contains(b));
        attribute.value_at = start;
        attribute.value = self.slice(start, end);
        end
    }

    /// What ends the value that starts at `start`. The next quote may open a later value, as what
    /// stands around it shows.
    fn closing_quote(&mut self, start: usize, quote: u8) -> Closing {
        let no_more = if quote == b'"' {
            &mut self.no_more_double
        } else {
            &mut self.no_more_single
        };
        let rest = self.source.get(start..).unwrap_or_default();
        let length = if *no_more {
            None
        } else {
            memchr::memchr(quote, rest.as_bytes())
        };
        work::did(if *no_more { 0 } else { length.unwrap_or(rest.len()) });
        let Some(length) = length else {
            *no_more = true;
            return Closing::Bracket;
        };
        let ends_well = |b: &u8| b.is_ascii_whitespace() || b"/>".contains(b);
        if rest.as_bytes().get(length + 1).is_none_or(ends_well) {
            return Closing::Quote(start + length);
        }
        let value = rest.get(..length).unwrap_or_default();
        if value.contains(['<', '>']) {
            return Closing::Bracket;
        }
        // `a="b c="d"`: the value is `b`.
        match value
            .trim_end()
            .strip_suffix('=')
            .and_then(|value| value.rfind(|c: char| c.is_ascii_whitespace()))
        {
            Some(space) => Closing::Space(start + space),
            None => Closing::Quote(start + length),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.source.as_bytes().get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'s str {
        self.source.get(from..to).unwrap_or_default()
    }

    fn skip(&self, from: usize, while_true: impl Fn(&u8) -> bool) -> usize {
        let rest = self.source.as_bytes().get(from..).unwrap_or_default();
        let length = rest.iter().position(|b| !while_true(b)).unwrap_or(rest.len());
        work::did(length);
        from + length
    }
}
