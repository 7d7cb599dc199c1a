//! JSON Feed: the same stops, on values. Unknown keys, their order and numbers stay as written.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

use super::memo::{Context, Memo};
use super::{Job, Rewritten, Seen};
use crate::transform::clean::{self, Cleaner, Role};
use crate::transform::digest::digest;
use crate::transform::fields::{self, JsonNode, json_node};
use crate::transform::report::Reason;
use crate::transform::{EntryMark, Error};

/// Rewrites a JSON Feed.
///
/// # Errors
/// [`Error::NotAFeed`] when it is not JSON or no feed.
pub(super) fn rewrite(job: &Job<'_>) -> Result<Rewritten, Error> {
    let text = job.text.trim_start_matches('\u{FEFF}').trim();
    let document: Value = serde_json::from_str(text).map_err(|_| Error::NotAFeed)?;
    let Value::Object(mut feed) = document else {
        return Err(Error::NotAFeed);
    };
    let says_so = feed
        .get("version")
        .and_then(Value::as_str)
        .is_some_and(|version| version.contains("jsonfeed"));
    if !says_so && !feed.get("items").is_some_and(Value::is_array) {
        return Err(Error::NotAFeed);
    }
    let mut done = Rewritten::default();
    let mut cleaner = Cleaner::new(&job.policy.clean);
    own(&mut feed, job, &mut cleaner);
    let home = link_of(&feed, &["home_page_url"], job.base);
    let items = feed.get_mut("items").map(Value::take);
    let base = home.clone().or_else(|| job.base.cloned());
    let mut walk = Walk {
        cleaner: &mut cleaner,
        markup_base: base.as_ref(),
        address_base: job.base.or(home.as_ref()),
    };
    walk.object(&mut feed, 0);
    done.report.absorb(std::mem::take(&mut cleaner.report));
    let mut seen = Seen::default();
    done.show(&cleaner.pictures, &mut seen);
    write(&feed, items, base.as_ref(), job, &mut done, &mut seen)?;
    done.body = std::mem::take(&mut done.written).into_bytes();
    Ok(done)
}

/// What leads readers past us is ours or goes.
fn own(feed: &mut Map<String, Value>, job: &Job<'_>, cleaner: &mut Cleaner<'_>) {
    for key in ["next_url", "hubs"] {
        if feed.shift_remove(key).is_some() {
            cleaner.report.changed(None, Reason::Identity, key);
        }
    }
    if let Some(address) = &job.policy.self_url {
        feed.insert("feed_url".to_owned(), Value::String(address.to_string()));
    }
    if let Some(hub) = &job.policy.hub {
        let hubs = serde_json::json!([{ "type": "WebSub", "url": hub.as_str() }]);
        feed.insert("hubs".to_owned(), hubs);
    }
    if let Some(title) = &job.policy.title {
        feed.insert("title".to_owned(), Value::String(title.clone()));
    }
}

/// Writes the document, its items one by one so that each knows where it stands.
fn write(
    feed: &Map<String, Value>,
    items: Option<Value>,
    base: Option<&Url>,
    job: &Job<'_>,
    done: &mut Rewritten,
    seen: &mut Seen,
) -> Result<(), Error> {
    let mut items = items;
    done.written.push('{');
    for (index, (key, value)) in feed.iter().enumerate() {
        if index > 0 {
            done.written.push(',');
        }
        done.written.push_str(&to_text(&Value::String(key.clone()))?);
        done.written.push(':');
        match items.take_if(|items| key == "items" && items.is_array()) {
            Some(Value::Array(items)) => write_items(items, base, job, done, seen)?,
            _ => done.written.push_str(&to_text(value)?),
        }
    }
    done.written.push('}');
    Ok(())
}

fn write_items(
    items: Vec<Value>,
    base: Option<&Url>,
    job: &Job<'_>,
    done: &mut Rewritten,
    seen: &mut Seen,
) -> Result<(), Error> {
    let memo = Memo::new(job.prior);
    let mut context = Context::new(&job.policy.fingerprint());
    context.part(b"json");
    context.part(job.base.map_or("", Url::as_str).as_bytes());
    context.part(base.map_or("", Url::as_str).as_bytes());
    let context = context.hash();
    done.written.push('[');
    for (index, mut item) in items.into_iter().enumerate() {
        if !job.keeps(index, done.entries.len()) {
            done.report.changed(Some(index), Reason::Selection, "");
            continue;
        }
        if !done.entries.is_empty() {
            done.written.push(',');
        }
        if !has_id(&item) {
            done.unnamed.push((done.entries.len(), index));
        }
        let hash = digest(to_text(&item)?.as_bytes());
        let begin = done.written.len();
        let pictures = if let Some((mark, text)) = memo
            .find(hash, context)
            .and_then(|mark| Some((mark, memo.text(mark)?)))
        {
            done.written.push_str(text);
            Arc::clone(&mark.pictures)
        } else {
            let mut cleaner = Cleaner::new(&job.policy.clean);
            cleaner.entry = Some(index);
            clean_item(&mut item, base, job, &mut cleaner);
            done.written.push_str(&to_text(&item)?);
            done.report.absorb(cleaner.report);
            cleaner.pictures.into()
        };
        done.show(&pictures, seen);
        done.entries.push(EntryMark {
            hash,
            context,
            id: None,
            span: begin..done.written.len(),
            pictures,
        });
    }
    done.written.push(']');
    Ok(())
}

fn has_id(item: &Value) -> bool {
    match item.get("id") {
        Some(Value::String(id)) => !id.trim().is_empty(),
        Some(Value::Number(_)) => true,
        _ => false,
    }
}

fn clean_item(item: &mut Value, base: Option<&Url>, job: &Job<'_>, cleaner: &mut Cleaner<'_>) {
    let link = item
        .as_object()
        .and_then(|item| link_of(item, &["url", "external_url"], base));
    let mut walk = Walk {
        cleaner,
        markup_base: link.as_ref().or(base),
        address_base: job.base.or(base),
    };
    walk.value(item, None, 0);
}

fn link_of(object: &Map<String, Value>, keys: &[&str], base: Option<&Url>) -> Option<Url> {
    let link = keys
        .iter()
        .find_map(|key| object.get(*key).and_then(Value::as_str))?;
    match base {
        Some(base) => base.join(link.trim()).ok(),
        None => Url::parse(link.trim()).ok(),
    }
}

fn to_text(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Unsound)
}

/// Cleans every string of a value. `serde_json` reads at most 128 levels.
struct Walk<'c, 'p, 'b> {
    cleaner: &'c mut Cleaner<'p>,
    markup_base: Option<&'b Url>,
    address_base: Option<&'b Url>,
}

impl Walk<'_, '_, '_> {
    /// `depth` counts objects: the keys of an extension (`_…`) mean nothing to us.
    fn object(&mut self, object: &mut Map<String, Value>, depth: usize) {
        let media_type = object
            .get("mime_type")
            .and_then(Value::as_str)
            .map(str::to_ascii_lowercase);
        for (key, value) in object.iter_mut() {
            if key == "feed_url" && depth == 0 {
                self.default_rule_on(value);
            } else if let (Some(media_type), "url") = (&media_type, key.as_str()) {
                let role = if media_type.starts_with("image/") {
                    Role::Image
                } else {
                    Role::Media
                };
                self.address(value, role);
            } else {
                let key = if key.starts_with('_') {
                    None
                } else {
                    Some(key.as_str())
                };
                self.value(value, key, depth + 1);
            }
        }
    }

    fn value(&mut self, value: &mut Value, key: Option<&str>, depth: usize) {
        match value {
            Value::Object(object) if key.is_none() && depth > 0 => {
                for (_, value) in object.iter_mut() {
                    self.value(value, None, depth + 1);
                }
            }
            Value::Object(object) => self.object(object, depth),
            Value::Array(values) => {
                for value in values {
                    self.value(value, key, depth.max(1));
                }
            }
            Value::String(text) => match key.and_then(json_node) {
                Some(JsonNode::Address(role)) => self.address(value, role),
                Some(JsonNode::Id) => match clean::quoted_id(text) {
                    Some(quoted) => *text = quoted,
                    None => self.default_rule_on(value),
                },
                None => self.default_rule_on(value),
                // Without `<` there is no markup.
                Some(JsonNode::Html | JsonNode::TextOrHtml) if !text.contains('<') => {}
                Some(JsonNode::Html) => replace(text, self.cleaner.html(text, self.markup_base)),
                Some(JsonNode::TextOrHtml) => {
                    self.cleaner.is_line = key.is_some_and(fields::is_line);
                    replace(text, self.cleaner.text_or_html(text, self.markup_base));
                    self.cleaner.is_line = false;
                }
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn address(&mut self, value: &mut Value, role: Role) {
        let Value::String(address) = value else { return };
        let trimmed = address.trim();
        let unresolvable = self.address_base.is_none()
            && Url::parse(trimmed) == Err(url::ParseError::RelativeUrlWithoutBase)
            && !fields::is_script(trimmed);
        if unresolvable && let Cow::Owned(quotable) = clean::quotable(trimmed) {
            *address = quotable;
            return;
        }
        if trimmed.is_empty() || unresolvable {
            return;
        }
        let clean = self
            .cleaner
            .address(trimmed, self.address_base, role)
            .unwrap_or_default();
        let same =
            !trimmed.contains(['"', '<', '>']) && Url::parse(trimmed).is_ok_and(|url| url.as_str() == clean);
        if !same {
            *address = clean;
        }
    }

    fn default_rule_on(&mut self, value: &mut Value) {
        let Value::String(text) = value else { return };
        if fields::is_script(text) {
            self.cleaner
                .report
                .changed(self.cleaner.entry, Reason::Address, text);
            text.clear();
        } else if clean::holds_known_tag(text) {
            let clean = self.cleaner.text_or_html(text, self.markup_base);
            replace(text, clean);
        } else if let Cow::Owned(closed) = clean::closed(text) {
            *text = closed;
        }
    }
}

/// Puts what was cleaned in place, unless it is only spelt otherwise.
fn replace(text: &mut String, clean: String) {
    if !clean::is_same_markup(text, &clean) {
        *text = clean;
    }
}
