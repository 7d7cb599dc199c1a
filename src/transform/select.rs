//! Which entries are kept: `keep`, `drop`, `limit`. Linear-time regular expressions only.

use regex::Regex;

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
