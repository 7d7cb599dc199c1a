//! Before and after: what an origin sent and what readers get, entry by entry, with a reason for each change.
//!
//! The source is transformed once more, without the memo of the last time, so that every change is noted.
//! Both sides are shown as text; a template escapes them.

use std::collections::BTreeMap;

use url::Url;

use super::diff::{Part, diff};
use crate::explain::reasons::{self, why};
use crate::images::{Images, Known};
use crate::refresh::original::Original;
use crate::transform::read::{self, Entry};
use crate::transform::repair::repair;
use crate::transform::report::{Reason, Report};
use crate::transform::{self, Policy, Transformed, decode, select, transform};

use super::words;

/// Entries on one page.
const PAGE: usize = 10;
/// Bytes of one side of an entry.
const MAX_SIDE: usize = 48 << 10;
/// Things named for one reason.
const MAX_NAMED: usize = 8;
/// Pictures named for one entry.
const MAX_PICTURES: usize = 24;
/// Notes about the feed itself.
const MAX_NOTES: usize = 60;
/// Characters of an excerpt.
const EXCERPT: usize = 220;

/// Whether a comparison could be made.
pub(super) enum Comparison {
    /// The source is not in memory.
    Missing,
    /// It cannot be cleaned; says why.
    Failed(String),
    Made(Made),
}

/// A page of entries.
pub(super) struct Made {
    pub(super) from: usize,
    /// The first entry of the next page.
    pub(super) next: Option<usize>,
    pub(super) entries: Vec<Compared>,
    /// Repairs, and changes to the feed itself.
    pub(super) notes: Vec<String>,
}

/// One entry.
pub(super) struct Compared {
    pub(super) title: String,
    pub(super) link: Option<String>,
    pub(super) excerpt: String,
    pub(super) reasons: Vec<Told>,
    pub(super) pictures: Vec<Picture>,
    pub(super) before: Vec<Part>,
    pub(super) after: Vec<Part>,
    pub(super) is_same: bool,
    pub(super) is_cut: bool,
    shown: Vec<Url>,
}

/// All changes of one kind.
pub(super) struct Told {
    pub(super) count: usize,
    pub(super) short: &'static str,
    pub(super) sentence: &'static str,
    pub(super) setting: Option<&'static str>,
    pub(super) what: Vec<String>,
}

/// A picture of an entry, and whether we have it.
pub(super) struct Picture {
    pub(super) address: String,
    pub(super) state: String,
    pub(super) class: &'static str,
    is_kept: bool,
}

/// Compares the entries of `original` from the one at `from` on. Keeps a core busy.
pub(super) fn compare(original: &Original, policy: &Policy, from: usize) -> Comparison {
    match made(original, policy, from) {
        Ok(made) => Comparison::Made(made),
        Err(error) => Comparison::Failed(format!("The source could not be cleaned: {error}.")),
    }
}

fn made(original: &Original, policy: &Policy, from: usize) -> Result<Made, transform::Error> {
    let before = source(original, policy)?;
    let cleaned = transform(&original.source(), policy, None)?;
    let after = cleaned_entries(&cleaned);
    let kept = select::choose(&before, &policy.select);
    let mut reasons = by_entry(&cleaned.report);
    let mut next_after = 0;
    let mut entries = Vec::new();
    for (place, (entry, kept)) in before.entries.iter().zip(kept).enumerate() {
        let after_place = kept.then_some(next_after);
        next_after += usize::from(kept);
        if !(from..from.saturating_add(PAGE)).contains(&place) {
            continue;
        }
        let clean = after_place.and_then(|place| after.get(place));
        let mut compared = compared(entry, clean);
        compared.reasons = reasons.remove(&place).map(told).unwrap_or_default();
        let mark = after_place.and_then(|place| cleaned.entries.get(place));
        compared.shown = mark
            .iter()
            .flat_map(|mark| mark.pictures.iter())
            .take(MAX_PICTURES)
            .filter_map(|picture| picture.url.to_url())
            .collect();
        entries.push(compared);
    }
    let end = from.saturating_add(PAGE);
    Ok(Made {
        from,
        next: (before.entries.len() > end).then_some(end),
        entries,
        notes: notes(&cleaned.report),
    })
}

/// What the source says, repaired and not cleaned.
fn source(original: &Original, policy: &Policy) -> Result<read::Feed, transform::Error> {
    let mut unused = Report::default();
    let source = original.source();
    let text = decode::decode(&source, &policy.limits, &mut unused)?;
    let options = read::Options {
        base: original.base.clone(),
        entries: policy.limits.entries,
        ..read::Options::default()
    };
    let repaired = repair(&text, &policy.limits, &mut unused)?;
    let read = read::read_with(&repaired.text, repaired.kind, &options);
    read.ok_or(transform::Error::NotAFeed)
}

fn cleaned_entries(cleaned: &Transformed) -> Vec<Entry> {
    let text = std::str::from_utf8(&cleaned.body).unwrap_or_default();
    read::read(text, cleaned.kind).map_or_else(Vec::new, |feed| feed.entries)
}

fn compared(before: &Entry, after: Option<&Entry>) -> Compared {
    let shown = after.unwrap_or(before);
    let (old, old_cut) = side(Some(before));
    let (new, new_cut) = side(after);
    let is_same = old == new;
    let sides = if is_same {
        super::diff::Diff::default()
    } else {
        diff(&old, &new)
    };
    let title = shown.title.to_plain();
    Compared {
        title: if title.is_empty() {
            "Untitled".to_owned()
        } else {
            title
        },
        link: after
            .and_then(|after| after.link.clone())
            .filter(|link| is_web(link)),
        excerpt: excerpt(after),
        reasons: Vec::new(),
        pictures: Vec::new(),
        before: sides.before,
        after: sides.after,
        is_same,
        is_cut: old_cut || new_cut || sides.is_cut,
        shown: Vec::new(),
    }
}

/// Link and markup of an entry, and whether it was cut.
fn side(entry: Option<&Entry>) -> (String, bool) {
    let Some(entry) = entry else {
        return (String::new(), false);
    };
    let mut text = entry.link.clone().unwrap_or_default();
    text.push('\n');
    text.push_str(&entry.body().to_html());
    let cut = text.len() > MAX_SIDE;
    let mut end = text.len().min(MAX_SIDE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    (text, cut)
}

fn excerpt(after: Option<&Entry>) -> String {
    let Some(after) = after else {
        return "This entry is left out by the feed's own rules.".to_owned();
    };
    let plain = after.body().to_plain();
    let mut words = plain.split_whitespace();
    let mut text = String::new();
    for word in words.by_ref() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.extend(word.chars().take(EXCERPT));
        if text.chars().count() >= EXCERPT {
            text = text.chars().take(EXCERPT).collect();
            text.push('…');
            break;
        }
    }
    text
}

/// The changes of each entry, by reason.
fn by_entry(report: &Report) -> BTreeMap<usize, BTreeMap<Reason, Vec<&str>>> {
    let mut all: BTreeMap<usize, BTreeMap<Reason, Vec<&str>>> = BTreeMap::new();
    for change in &report.changes {
        if let Some(entry) = change.entry {
            let reasons = all.entry(entry).or_default();
            reasons.entry(change.reason).or_default().push(&change.what);
        }
    }
    all
}

fn told(mut by_reason: BTreeMap<Reason, Vec<&str>>) -> Vec<Told> {
    let mut all = Vec::new();
    for reason in reasons::ALL {
        let Some(what) = by_reason.remove(&reason) else {
            continue;
        };
        let about = why(reason);
        all.push(Told {
            count: what.len(),
            short: about.short,
            sentence: about.sentence,
            setting: about.setting,
            what: what
                .into_iter()
                .filter(|what| !what.is_empty())
                .take(MAX_NAMED)
                .map(str::to_owned)
                .collect(),
        });
    }
    all
}

/// What was repaired, and what was changed beside the entries.
fn notes(report: &Report) -> Vec<String> {
    let repairs = report
        .repairs
        .iter()
        .map(|repair| format!("Line {}, column {}: {}", repair.line, repair.column, repair.what));
    let changes = report
        .changes
        .iter()
        .filter(|change| change.entry.is_none())
        .map(|change| format!("{}: {}", why(change.reason).short, change.what));
    changes.chain(repairs).take(MAX_NOTES).collect()
}

impl Told {
    /// The short name with a capital, for a heading.
    pub(super) fn short_title(&self) -> String {
        let mut chars = self.short.chars();
        let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
        first + chars.as_str()
    }
}

impl Compared {
    /// How many of its pictures we have.
    pub(super) fn kept(&self) -> usize {
        self.pictures.iter().filter(|picture| picture.is_kept).count()
    }
}

impl Made {
    /// Looks up which pictures we have. Asks no origin.
    pub(super) async fn look_up(&mut self, images: &Images) {
        for entry in &mut self.entries {
            for url in &entry.shown {
                let (state, class) = match images.known(url).await {
                    Known::Kept(bytes) => (format!("Kept, {}", words::size(bytes)), "well"),
                    Known::Failed(why) => (format!("Failed: {why}"), "trouble"),
                    Known::Unasked => ("Not fetched yet".to_owned(), "new"),
                };
                entry.pictures.push(Picture {
                    address: url.to_string(),
                    is_kept: class == "well",
                    state,
                    class,
                });
            }
        }
    }
}

/// An address that a browser may follow: never `javascript:` and its like.
fn is_web(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn compared(feed: &str, policy: &Policy, from: usize) -> Made {
        let base = Url::parse("https://a.example/feed").ok();
        match compare(&Original::local(Bytes::from(feed.to_owned()), base), policy, from) {
            Comparison::Made(made) => made,
            Comparison::Missing => panic!("missing"),
            Comparison::Failed(why) => panic!("{why}"),
        }
    }

    fn feed(items: &str) -> String {
        format!("<rss version=\"2.0\"><channel><title>T</title>{items}</channel></rss>")
    }

    #[test]
    fn each_entry_stands_beside_its_clean_self_with_reasons() {
        let feed = feed(
            "<item><title>One &lt;b&gt;</title><link>javascript:alert(1)</link><description>&lt;p \
             style='x'&gt;Hi&lt;script&gt;alert(1)&lt;/script&gt;&lt;/p&gt;</description></item>\
             <item><title>Two</title><description>plain</description></item>",
        );
        let made = compared(&feed, &Policy::default(), 0);
        let [one, two] = made.entries.as_slice() else {
            panic!("two entries")
        };
        let marked: String = one
            .before
            .iter()
            .filter(|part| part.is_changed)
            .map(|part| &*part.text)
            .collect();
        assert!(marked.contains("<script>alert(1)</script>"), "{marked}");
        assert!(!one.reasons.is_empty());
        assert_eq!(one.link, None, "nobody can follow it");
        assert!(two.is_same);
        assert_eq!(made.next, None);
    }

    #[test]
    fn an_entry_that_is_left_out_does_not_shift_the_others() {
        let items: Vec<_> = (0..25)
            .map(|n| format!("<item><title>number {n}</title><description>text {n}</description></item>"))
            .collect();
        let mut policy = Policy::default();
        policy.select.drop = vec![select::Rule {
            title: regex::Regex::new("number (1|12)$").ok(),
            ..select::Rule::default()
        }];
        let made = compared(&feed(&items.concat()), &policy, 10);
        assert_eq!(made.next, Some(20));
        assert!(made.entries[2].excerpt.contains("left out"));
        assert_eq!(made.entries[3].excerpt, "text 13");
    }
}
