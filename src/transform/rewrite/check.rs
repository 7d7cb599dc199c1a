//! The check at the end: what we are about to serve is read once more, strictly.

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::text::is_allowed;
use crate::transform::Error;
use crate::transform::characters::all_allowed;

/// Checks that `body` is a well-formed, namespace-well-formed document with one root.
///
/// # Errors
/// [`Error::Unsound`].
pub(super) fn xml(body: &str) -> Result<(), Error> {
    if !all_allowed(body) {
        return Err(Error::Unsound);
    }
    let mut reader = NsReader::from_str(body);
    let (mut depth, mut roots) = (0_usize, 0_usize);
    loop {
        match reader.read_event().map_err(|_| Error::Unsound)? {
            Event::Start(tag) => {
                roots += usize::from(depth == 0);
                depth += 1;
                check_tag(&reader, &tag)?;
            }
            Event::Empty(tag) => {
                roots += usize::from(depth == 0);
                check_tag(&reader, &tag)?;
            }
            Event::End(_) => depth = depth.checked_sub(1).ok_or(Error::Unsound)?,
            Event::Text(text) => {
                let bytes: &[u8] = &text;
                if depth == 0 && !bytes.trim_ascii().is_empty()
                    || memchr::memmem::find(bytes, b"]]>").is_some()
                {
                    return Err(Error::Unsound);
                }
            }
            Event::CData(_) if depth == 0 => return Err(Error::Unsound),
            Event::GeneralRef(reference) => {
                let name: &[u8] = &reference;
                check_reference(depth, name)?;
            }
            Event::Eof if depth == 0 && roots == 1 => return Ok(()),
            Event::DocType(_) | Event::Eof => return Err(Error::Unsound),
            _ => {}
        }
    }
}

fn check_tag(reader: &NsReader<&[u8]>, tag: &BytesStart<'_>) -> Result<(), Error> {
    let resolver = reader.resolver();
    if let (ResolveResult::Unknown(_), _) = resolver.resolve_element(tag.name()) {
        return Err(Error::Unsound);
    }
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| Error::Unsound)?;
        if let (ResolveResult::Unknown(_), _) = resolver.resolve_attribute(attribute.key) {
            return Err(Error::Unsound);
        }
        let value = std::str::from_utf8(&attribute.value).map_err(|_| Error::Unsound)?;
        if value.contains('<') || quick_xml::escape::unescape(value).is_err() {
            return Err(Error::Unsound);
        }
    }
    Ok(())
}

/// One of the five predefined entities, or a reference to a character that XML allows.
fn check_reference(depth: usize, name: &[u8]) -> Result<(), Error> {
    if depth > 0 && [&b"amp"[..], b"lt", b"gt", b"quot", b"apos"].contains(&name) {
        return Ok(());
    }
    let name = std::str::from_utf8(name).map_err(|_| Error::Unsound)?;
    let number = match (name.strip_prefix("#x"), name.strip_prefix('#')) {
        (Some(hex), _) => u32::from_str_radix(hex, 16).ok(),
        (None, Some(decimal)) => decimal.parse().ok(),
        (None, None) => None,
    };
    match number.and_then(char::from_u32) {
        Some(c) if depth > 0 && is_allowed(c) => Ok(()),
        _ => Err(Error::Unsound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_document_passes() {
        for sound in [
            "<a/>",
            "<?xml version=\"1.0\"?>\n<a b='&lt;'>&#x20;&amp;<![CDATA[<]]></a>\n<!-- x -->",
        ] {
            assert!(xml(sound).is_ok(), "{sound}");
        }
        for broken in [
            "",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<a>&nbsp;</a>",
            "<a>&#12;</a>",
            "<a>\u{c}</a>",
            "<a b='1' b='2'/>",
            "<a b='&x;'/>",
            "<x:a/>",
            "<a x:b=''/>",
            "<a>]]></a>",
            "<!DOCTYPE a><a/>",
        ] {
            assert!(xml(broken).is_err(), "{broken}");
        }
    }
}
