//! What a source may say loosely and the target formats may not: addresses, languages, media types,
//! people. What cannot be said at all is left out; it harms nobody, so the source keeps it.

use std::borrow::Cow;

use super::ids::is_iri;
use crate::transform::read::{Category, Enclosure, Feed, Link, Person};

/// Makes `feed` sayable in any format.
pub(super) fn tidy(feed: &mut Feed) {
    for place in [&mut feed.link, &mut feed.image, &mut feed.icon] {
        address(place);
    }
    language(&mut feed.language);
    people(&mut feed.authors);
    people(&mut feed.contributors);
    categories(&mut feed.categories);
    links(&mut feed.links);
    for entry in &mut feed.entries {
        for place in [&mut entry.link, &mut entry.image, &mut entry.comments] {
            address(place);
        }
        language(&mut entry.language);
        people(&mut entry.authors);
        people(&mut entry.contributors);
        categories(&mut entry.categories);
        links(&mut entry.links);
        entry.enclosures.iter_mut().for_each(enclosure);
        entry.content_src.iter_mut().for_each(enclosure);
        entry.source.iter_mut().for_each(link);
    }
}

fn address(place: &mut Option<String>) {
    if let Some(written) = place
        && let Cow::Owned(spelled) = spelled(written)
    {
        *written = spelled;
    }
}

/// The address with what may not stand in one escaped (RFC 3986 §2), as any browser would ask for it.
fn spelled(address: &str) -> Cow<'_, str> {
    let is_forbidden =
        |c: char| c.is_ascii_control() || c.is_ascii_whitespace() || "\"<>\\^`{|}[]".contains(c);
    if !address.contains(is_forbidden) {
        return Cow::Borrowed(address);
    }
    let path = address
        .find("://")
        .and_then(|at| Some(at + 3 + address.get(at + 3..)?.find(['/', '?', '#'])?))
        .unwrap_or(address.len());
    let (head, tail) = address.split_at(path);
    let mut out: String = head.chars().filter(|c| !c.is_ascii_control()).collect();
    for c in tail.chars().filter(|c| !c.is_ascii_control()) {
        if is_forbidden(c) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A language tag (RFC 5646 §2.1): `en_US` is meant as `en-US`; what is none says nothing.
fn language(place: &mut Option<String>) {
    let Some(written) = place.take() else { return };
    let tag = written.trim().replace('_', "-");
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    let is_primary = (2..=3).contains(&primary.len()) && primary.chars().all(|c| c.is_ascii_alphabetic());
    let is_rest =
        |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    if is_primary && parts.all(is_rest) {
        *place = Some(tag);
    }
}

/// What stands for a mail address but is none is told as part of the name.
fn people(people: &mut Vec<Person>) {
    for person in people.iter_mut() {
        if let Some(email) = person.email.take_if(|email| !is_mail(email)) {
            person.name.get_or_insert(email);
        }
        address(&mut person.uri);
        person.uri.take_if(|uri| !is_iri(uri));
    }
    people.retain(|person| *person != Person::default());
}

/// An address as the validators of feeds know them: letters, digits and few signs, at a host with a dot.
fn is_mail(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else {
        return false;
    };
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    !user.is_empty()
        && user
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-+.'".contains(c))
        && host.contains('.')
        && host.split('.').all(is_label)
}

/// A scheme is an IRI (RFC 4287 §4.2.2.2); a name without one is not.
fn categories(categories: &mut Vec<Category>) {
    categories.retain(|category| !category.term.trim().is_empty());
    for category in categories {
        category.scheme.take_if(|scheme| !is_iri(scheme));
    }
}

fn links(links: &mut Vec<Link>) {
    links.iter_mut().for_each(link);
    links.retain(|link| {
        !link.href.is_empty()
            && (is_iri(&link.rel)
                || link
                    .rel
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)))
    });
}

fn link(link: &mut Link) {
    if let Cow::Owned(href) = spelled(&link.href) {
        link.href = href;
    }
    language(&mut link.language);
    link.media_type.take_if(|media_type| !is_media_type(media_type));
}

fn enclosure(enclosure: &mut Enclosure) {
    if let Cow::Owned(url) = spelled(&enclosure.url) {
        enclosure.url = url;
    }
    enclosure
        .media_type
        .take_if(|media_type| !is_media_type(media_type));
}

/// `type/subtype`, perhaps with parameters (RFC 9110 §8.3.1).
fn is_media_type(text: &str) -> bool {
    let mut parts = text.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let is_token = |token: &str| {
        !token.is_empty()
            && token
                .chars()
                .all(|c| c.is_ascii_graphic() && !"()<>,;:\\\"/[]?=".contains(c))
    };
    let is_parameter = |parameter: &str| {
        let pair = parameter.trim().split_once('=');
        pair.is_some_and(|(name, value)| is_token(name) && is_token(value.trim_matches('"')))
    };
    essence
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        && parts.all(is_parameter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_spelled_as_it_is_asked_for() {
        for (written, spelling) in [
            (
                "https://a.example/a b|c[1]?q={x}",
                "https://a.example/a%20b%7Cc%5B1%5D?q=%7Bx%7D",
            ),
            ("https://a.example/\nx", "https://a.example/x"),
            ("http://[2001:db8::1]/[x]", "http://[2001:db8::1]/%5Bx%5D"),
            ("https://a.example/ä?x=%20", "https://a.example/ä?x=%20"),
            ("magnet:?xt=urn:btih:1", "magnet:?xt=urn:btih:1"),
        ] {
            assert_eq!(spelled(written), spelling);
        }
    }

    #[test]
    fn what_is_no_language_or_media_type_is_not_said() {
        for (written, tag) in [
            ("en_US", Some("en-US")),
            ("de", Some("de")),
            ("zh-Hant-TW", Some("zh-Hant-TW")),
            ("English", None),
            ("", None),
        ] {
            let mut place = Some(written.to_owned());
            language(&mut place);
            assert_eq!(place.as_deref(), tag, "{written}");
        }
        assert!(is_media_type("audio/mpeg") && is_media_type("text/html; charset=\"utf-8\""));
        assert!(!is_media_type("audio/mpeg/") && !is_media_type("mp3") && !is_media_type("a/b; c"));
    }

    #[test]
    fn what_is_no_mail_address_is_a_name() {
        let mail = |email: &str| Person {
            email: Some(email.to_owned()),
            ..Person::default()
        };
        let mut all = vec![mail("ann@a.example"), mail("ann@localhost"), Person::default()];
        people(&mut all);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].email.as_deref(), Some("ann@a.example"));
        assert_eq!(
            (all[1].email.as_deref(), all[1].name.as_deref()),
            (None, Some("ann@localhost"))
        );
    }
}
