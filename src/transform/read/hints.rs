//! What a feed says about when to ask again: `ttl`, `sy:update*`, `skipHours`, `skipDays`.

use super::tree::Node;
use crate::transform::Hints;
use crate::transform::fields::Vocabulary;

/// English names, as RSS has them; Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Hints while they are read.
#[derive(Default)]
pub(super) struct Draft {
    ttl: Option<u64>,
    /// In seconds.
    period: Option<u64>,
    frequency: Option<u64>,
    hints: Hints,
}

impl Draft {
    /// Takes a field; `false`: it is no hint.
    pub(super) fn field(&mut self, node: &Node<'_>, local: &str) -> bool {
        match (&node.namespace.vocabulary, local) {
            (Vocabulary::Rss, "ttl") => self.ttl = number(node).map(|minutes| minutes.saturating_mul(60)),
            (Vocabulary::Rss, "skiphours") => self.skip_hours(node),
            (Vocabulary::Rss, "skipdays") => self.skip_days(node),
            (_, "updateperiod") if node.namespace.is_syndication() => self.period = period(&node.text()),
            (_, "updatefrequency") if node.namespace.is_syndication() => self.frequency = number(node),
            (_, "updatebase") if node.namespace.is_syndication() => {}
            _ => return false,
        }
        true
    }

    /// `<hour>` from 0 to 23; 24 means 0; some feeds write `<hours>`.
    fn skip_hours(&mut self, node: &Node<'_>) {
        for hour in node
            .elements()
            .filter(|e| e.local.to_ascii_lowercase().starts_with("hour"))
        {
            if let Some(hour) = number(hour).filter(|hour| *hour <= 24)
                && let Ok(hour) = u8::try_from(hour % 24)
                && !self.hints.skip_hours.contains(&hour)
            {
                self.hints.skip_hours.push(hour);
            }
        }
        self.hints.skip_hours.sort_unstable();
    }

    fn skip_days(&mut self, node: &Node<'_>) {
        for day in node
            .elements()
            .filter(|e| e.local.to_ascii_lowercase().starts_with("day"))
        {
            let name = day.text().trim().to_ascii_lowercase();
            let found = DAYS.iter().position(|day| name.starts_with(day));
            if let Some(day) = found.and_then(|at| u8::try_from(at).ok())
                && !self.hints.skip_days.contains(&day)
            {
                self.hints.skip_days.push(day);
            }
        }
        self.hints.skip_days.sort_unstable();
    }

    /// The hints. The defaults of the syndication module (daily, once) hold only where the feed uses it.
    pub(super) fn finish(self) -> Hints {
        let syndication = (self.period.is_some() || self.frequency.is_some())
            .then(|| self.period.unwrap_or(86_400) / self.frequency.unwrap_or(1).max(1));
        Hints {
            ttl: self.ttl.max(syndication),
            ..self.hints
        }
    }
}

/// In seconds.
fn period(name: &str) -> Option<u64> {
    match name.trim().to_ascii_lowercase().as_str() {
        "hourly" => Some(3_600),
        "daily" => Some(86_400),
        "weekly" => Some(604_800),
        "monthly" => Some(2_592_000),
        "yearly" => Some(31_536_000),
        _ => None,
    }
}

fn number(node: &Node<'_>) -> Option<u64> {
    node.text().trim().parse().ok()
}
