//! Why something was changed, in plain words, and the setting that would keep it.

use crate::transform::report::{Reason, Report};

/// One row: what happened, why, and what to set to have it otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Why {
    /// A short name for a list: `embeds made links`.
    pub short: &'static str,
    /// One sentence.
    pub sentence: &'static str,
    /// The setting that would keep it, with its value, or that decides about it; `None`: nothing does, on purpose.
    pub setting: Option<&'static str>,
}

/// What is told about `reason`.
#[must_use]
pub fn why(reason: Reason) -> Why {
    let (short, sentence, setting) = match reason {
        Reason::Embed => (
            "embeds",
            "An embedded frame loads a stranger's page into the reader; a link to what it showed may stay in its place.",
            Some("clean.embeds"),
        ),
        Reason::Element => (
            "elements",
            "Scripts, styles, forms and other elements are not for reading; their readable text stays.",
            None,
        ),
        Reason::Attribute => (
            "attributes",
            "This attribute styles, scripts or tracks; it carries nothing to read.",
            None,
        ),
        Reason::Address => (
            "addresses",
            "The address has a scheme that can do harm, or leads nowhere.",
            None,
        ),
        Reason::Image => (
            "pictures",
            "The picture now comes through Limpid, so that its origin does not learn who reads.",
            Some("clean.images = \"direct\""),
        ),
        Reason::Unwrapped => (
            "wrappers taken off",
            "The picture was wrapped in another service's address; its origin's own is used, wherever it is shown from.",
            Some("clean.images"),
        ),
        Reason::Pixel => (
            "tracking pixels",
            "An invisible picture only tells its sender that somebody reads.",
            Some("clean.trackers = false"),
        ),
        Reason::Parameters => (
            "tracking parameters",
            "Parameters that only say where a click came from were taken off the link.",
            Some("clean.trackers = false"),
        ),
        Reason::Redirector => (
            "redirectors",
            "The link went through a service that counts clicks; it now goes to its target.",
            Some("clean.trackers = false"),
        ),
        Reason::ShareButton => (
            "share buttons",
            "Share buttons and counters are not part of the article.",
            Some("clean.trackers = false"),
        ),
        Reason::TooDeep => (
            "too deep",
            "The markup is nested or expanded beyond the limit; its text was kept.",
            Some("limits.field_depth, field_size, field_cost"),
        ),
        Reason::Identity => (
            "ways past us",
            "It would lead readers past Limpid to the uncleaned feed.",
            None,
        ),
        Reason::Selection => (
            "entries left out",
            "The feed's own rules leave this entry out.",
            Some("feeds.NAME.keep, drop, limit"),
        ),
    };
    Why {
        short,
        sentence,
        setting,
    }
}

/// How often each thing was done, in words; `None`: nothing was.
#[must_use]
pub fn counted(report: &Report) -> Option<String> {
    let counts = ALL.into_iter().map(|reason| (reason, report.count(reason)));
    let told: Vec<_> = counts
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{count} × {}", why(reason).short))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// All reasons, in the order in which they are shown.
pub const ALL: [Reason; 13] = Reason::ALL;
