//! Values of one kind of setting only: read, judged, and refused in a plain sentence.

use crate::endpoint::Origin;
use crate::fetch::guard::Allow;
use crate::transform::clean::RewriteRule;
use crate::transform::select;

use super::input::{Input, Read, web_address};
use super::{keys, units};

pub(super) fn filled<'a>(input: &Input<'a>) -> Read<&'a str> {
    match input.text()? {
        "" => input.problem("this must not be empty"),
        text => Ok(text),
    }
}

pub(super) fn public_url(input: &Input<'_>) -> Read<url::Url> {
    let url = input.url()?;
    if url.query().is_some() || url.fragment().is_some() {
        return input.problem("a public address has no `?` and no `#`");
    }
    Ok(url)
}

pub(super) fn redis_url(input: &Input<'_>) -> Read<Option<url::Url>> {
    match input.text()?.trim() {
        "" => Ok(None),
        // The address may hold a password: it is not repeated.
        text => match url::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "redis" | "rediss" | "unix" | "redis+unix") => Ok(Some(url)),
            _ => input.problem("this is no address of a Redis server, such as \"redis://127.0.0.1:6379/0\""),
        },
    }
}

/// A base in front of a percent-encoded address: kept as written, since it need not end like an address.
pub(super) fn base(input: &Input<'_>) -> Read<String> {
    input.url()?;
    Ok(input.text()?.to_owned())
}

pub(super) fn header_text(input: &Input<'_>) -> Read<String> {
    let text = filled(input)?;
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Ok(text.to_owned());
    }
    input.problem("only printable ASCII may stand in a header")
}

/// Long enough that nobody guesses it, and fit to stand in an address.
pub(super) fn token(input: &Input<'_>) -> Read<Option<blake3::Hash>> {
    match input.text()?.trim() {
        "" => Ok(None),
        text if text.len() < 16 => {
            input.problem("a token must have 16 characters or more (`openssl rand -hex 16`)")
        }
        text if !text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) =>
        {
            input.problem("only letters, digits, - and _ may stand in a token")
        }
        text => Ok(Some(blake3::hash(text.as_bytes()))),
    }
}

/// The HTTP library's buffer is never smaller than 8 KiB.
pub(super) fn head(input: &Input<'_>) -> Read<usize> {
    match input.bytes()? {
        size if size < 8 << 10 => input.problem("this must be 8KiB or more"),
        size => Ok(size),
    }
}

pub(super) fn allowed(input: &Input<'_>) -> Read<Allow> {
    let mut allow = Allow::default();
    input.list(|text| units::allow(text, &mut allow))?;
    Ok(allow)
}

pub(super) fn external_keys(input: &Input<'_>) -> Read<Option<crate::sign::KeyRing>> {
    match input.text()?.trim() {
        "" => Ok(None),
        text => keys::parse(text).map(Some).or_else(|m| input.problem(m)),
    }
}

pub(super) fn log_level(input: &Input<'_>) -> Read<String> {
    let text = filled(input)?;
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => input.problem(format!("`{text}` is no log level, such as \"info\" or \"debug\"")),
    }
}

pub(super) fn origin(input: &Input<'_>, text: &str) -> Result<Origin, String> {
    match text.strip_prefix("file:") {
        Some("") => Err("`file:` needs the path of a file or folder behind it".to_owned()),
        Some(path) => Ok(Origin::File(
            input.base.join(path.strip_prefix("//").unwrap_or(path)),
        )),
        None if text == "demo:" => Ok(Origin::Demo),
        None => web_address(text).map(Origin::Http),
    }
}

pub(super) fn rewrite_rules(input: &Input<'_>) -> Read<Vec<RewriteRule>> {
    input.tables(&["match", "replace"], |table, input| {
        match (input.pattern(table, "match")?, input.member(table, "replace")?) {
            (Some(matches), Some(replace)) => Ok(RewriteRule { matches, replace }),
            _ => input.problem("a rule needs both `match` and `replace`"),
        }
    })
}

pub(super) fn select_rules(input: &Input<'_>) -> Read<Vec<select::Rule>> {
    input.tables(
        &["title", "content", "author", "category", "url"],
        |table, input| {
            if table.is_empty() {
                return input.problem("a rule needs at least one field, such as { title = \"…\" }");
            }
            Ok(select::Rule {
                title: input.pattern(table, "title")?,
                content: input.pattern(table, "content")?,
                author: input.pattern(table, "author")?,
                category: input.pattern(table, "category")?,
                url: input.pattern(table, "url")?,
            })
        },
    )
}
