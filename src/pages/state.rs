//! How a feed does, in one sentence.

use crate::cache::freshness::State as Freshness;
use crate::cache::stored::StoredResponse;
use crate::clock::Millis;
use crate::telemetry::history::{Outcome, Past};

use super::words;

/// How a feed does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// As it should.
    Well,
    /// Nobody asked for it yet.
    New,
    /// A failure or two: the weather.
    Unsure(String),
    /// All entries and the title changed at once, so long ago.
    Swapped(String),
    /// It fails; readers get the last good copy.
    Stale(String),
    /// It fails, and there is nothing to give.
    Broken(String),
}

impl State {
    /// As stored, or as the last look ended.
    pub(super) fn of(stored: Option<&StoredResponse>, past: &Past, now: Millis) -> Self {
        let Some(stored) = stored else {
            return match past.refreshes.back().map(|refresh| &refresh.outcome) {
                Some(Outcome::Failed(sentence)) => Self::Broken(sentence.to_string()),
                _ => Self::New,
            };
        };
        let usable = stored.freshness.state(now) != Freshness::Spent;
        match &stored.failing {
            None => past
                .swapped_lately(now)
                .map_or(Self::Well, |at| Self::Swapped(words::ago(at, now))),
            Some(failing) if !usable => Self::Broken(failing.last.sentence.to_string()),
            Some(failing) => {
                let why = failing.last.sentence.to_string();
                if failing.count < crate::telemetry::history::EPISODE {
                    Self::Unsure(why)
                } else {
                    let since = words::span(now.saturating_sub(failing.since) / 1000);
                    Self::Stale(format!("{why}, for {since}"))
                }
            }
        }
    }

    /// The name of its colour.
    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::New => "new",
            Self::Unsure(_) | Self::Swapped(_) => "wait",
            Self::Stale(_) | Self::Broken(_) => "trouble",
        }
    }

    /// What is told.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Well => "All is well.".to_owned(),
            Self::New => "Not asked for yet.".to_owned(),
            Self::Unsure(why) => format!("The last look failed: {why}. Readers notice nothing."),
            Self::Swapped(when) => {
                format!("All entries and the title changed at once, {when}. Is it still the same feed?")
            }
            Self::Stale(why) => format!("In trouble: {why}. Readers get the last good copy."),
            Self::Broken(why) => format!("In trouble: {why}. There is no copy to give."),
        }
    }

    pub(super) fn is_trouble(&self) -> bool {
        matches!(self, Self::Stale(_) | Self::Broken(_))
    }
}
