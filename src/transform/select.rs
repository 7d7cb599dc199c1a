//! Which entries are kept: `keep`, `drop`, `limit`. Linear-time regular expressions only.

use regex::Regex;

use super::read::{Entry, Feed, Text};

/// Which entries are kept.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// If any is given, an entry must match at least one.
    pub keep: Vec<Rule>,
    /// An entry that matches any is dropped.
    pub drop: Vec<Rule>,
    /// The first so many entries are kept; 0: all.
    pub limit: usize,
}

/// All fields that are set must match.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub title: Option<Regex>,
    pub content: Option<Regex>,
    pub author: Option<Regex>,
    pub category: Option<Regex>,
    pub url: Option<Regex>,
}

/// For each entry that was read, in order, whether it is kept.
#[must_use]
pub fn choose(feed: &Feed, policy: &Policy) -> Vec<bool> {
    let mut left = if policy.limit == 0 {
        usize::MAX
    } else {
        policy.limit
    };
    feed.entries
        .iter()
        .map(|entry| {
            let kept = left > 0
                && (policy.keep.is_empty() || policy.keep.iter().any(|rule| rule.matches(entry)))
                && !policy.drop.iter().any(|rule| rule.matches(entry));
            left -= usize::from(kept);
            kept
        })
        .collect()
}

impl Rule {
    /// Whether every field that is set matches. A rule without fields matches nothing.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        let fields = [
            &self.title,
            &self.content,
            &self.author,
            &self.category,
            &self.url,
        ];
        fields.iter().any(|field| field.is_some())
            && holds(self.title.as_ref(), |regex| in_text(regex, &entry.title))
            && holds(self.content.as_ref(), |regex| {
                in_text(regex, &entry.content) || in_text(regex, &entry.summary)
            })
            && holds(self.author.as_ref(), |regex| is_by(regex, entry))
            && holds(self.category.as_ref(), |regex| is_in(regex, entry))
            && holds(self.url.as_ref(), |regex| leads_to(regex, entry))
    }
}

fn holds(field: Option<&Regex>, test: impl FnOnce(&Regex) -> bool) -> bool {
    field.is_none_or(test)
}

/// As written, and as a person reads it.
fn in_text(regex: &Regex, text: &Text) -> bool {
    !text.is_empty() && (regex.is_match(&text.value) || text.html && regex.is_match(&text.to_plain()))
}

fn is_by(regex: &Regex, entry: &Entry) -> bool {
    entry.authors.iter().any(|person| {
        let parts = [&person.name, &person.email];
        parts.into_iter().flatten().any(|part| regex.is_match(part))
    })
}

fn is_in(regex: &Regex, entry: &Entry) -> bool {
    entry.categories.iter().any(|category| {
        regex.is_match(&category.term)
            || category
                .label
                .as_deref()
                .is_some_and(|label| regex.is_match(label))
    })
}

fn leads_to(regex: &Regex, entry: &Entry) -> bool {
    entry.link.as_deref().is_some_and(|link| regex.is_match(link))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Kind;
    use crate::transform::read::read;

    const FEED: &str = r#"<rss version="2.0"><channel><title>t</title>
        <item><title>Sport &amp;amp; more</title><link>https://a.example/sport/1</link>
          <author>ann@a.example (Ann)</author><category>Sport</category></item>
        <item><title>Politics</title><link>https://a.example/pol/2</link>
          <description>&lt;p&gt;a &lt;b&gt;long&lt;/b&gt; debate&lt;/p&gt;</description></item>
        <item><title>Sport again</title><link>https://a.example/sport/3</link></item>
        </channel></rss>"#;

    fn rule(field: &str, pattern: &str) -> Rule {
        let regex = Some(Regex::new(pattern).unwrap());
        let mut rule = Rule::default();
        match field {
            "title" => rule.title = regex,
            "content" => rule.content = regex,
            "author" => rule.author = regex,
            "category" => rule.category = regex,
            _ => rule.url = regex,
        }
        rule
    }

    fn chosen(keep: &[(&str, &str)], drop: &[(&str, &str)], limit: usize) -> Vec<bool> {
        let rules = |rules: &[(&str, &str)]| rules.iter().map(|(f, p)| rule(f, p)).collect();
        let policy = Policy {
            keep: rules(keep),
            drop: rules(drop),
            limit,
        };
        choose(&read(FEED, Kind::Rss).unwrap(), &policy)
    }

    #[test]
    fn rules_keep_and_drop_by_each_field() {
        for (keep, drop, limit, expected) in [
            (&[][..], &[][..], 0, [true, true, true]),
            (&[("title", "Sport")], &[], 0, [true, false, true]),
            (&[("title", "^Sport & more$")], &[], 0, [true, false, false]),
            (&[("content", "long debate")], &[], 0, [false, true, false]),
            (&[("content", "<b>")], &[], 0, [false, true, false]),
            (&[("author", "Ann")], &[], 0, [true, false, false]),
            (&[("author", "@a.example")], &[], 0, [true, false, false]),
            (&[("category", "(?i)sport")], &[], 0, [true, false, false]),
            (&[], &[("url", "/sport/")], 0, [false, true, false]),
            (
                &[("title", "Sport"), ("title", "Pol")],
                &[("url", "/1$")],
                0,
                [false, true, true],
            ),
            (&[("title", "Sport")], &[], 1, [true, false, false]),
            (&[], &[("title", "more")], 1, [false, true, false]),
        ] {
            assert_eq!(chosen(keep, drop, limit), expected, "{keep:?} {drop:?} {limit}");
        }
    }

    #[test]
    fn all_fields_of_a_rule_must_match_and_an_empty_rule_matches_nothing() {
        let feed = read(FEED, Kind::Rss).unwrap();
        let both = Rule {
            url: Some(Regex::new("/3$").unwrap()),
            ..rule("title", "Sport")
        };
        let policy = Policy {
            keep: vec![both],
            drop: vec![Rule::default()],
            limit: 0,
        };
        assert_eq!(choose(&feed, &policy), [false, false, true]);
    }
}
