//! 301 and 308: an origin that has moved for good is asked at its new address, once that is confirmed. Pure.
//!
//! The settings stay as they are: the owner is told.

use url::Url;

use crate::cache::stored::OriginState;

/// A move is believed when so many whole answers in a row came from there: one may be a captive portal.
const BELIEVED: u8 = 3;

/// The address that gave an answer, and how it was come by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answered<'a> {
    pub(super) url: Option<&'a Url>,
    /// Every redirect on the way there was permanent.
    pub(super) moved_permanently: bool,
    /// There was none: it was asked where it had moved to.
    pub(super) asked_there: bool,
}

/// How often in a row the feed has moved to the address that answered.
pub(super) fn count(answered: Answered<'_>, before: Option<&OriginState>) -> u8 {
    let same = before.filter(|before| before.url.as_deref() == answered.url.map(Url::as_str));
    let times = same.map_or(0, |before| before.moved);
    if answered.asked_there {
        times
    } else if answered.moved_permanently {
        times.saturating_add(1).min(BELIEVED)
    } else {
        0
    }
}

/// Where the feed configured at `url` is asked instead.
pub(super) fn confirmed(origin: &OriginState, url: &Url) -> Option<Url> {
    let there = Url::parse(origin.url.as_deref()?).ok()?;
    (origin.moved >= BELIEVED && there != *url).then_some(there)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_move_is_believed_the_third_time_and_taken_back_at_once() {
        let (old, new) = ("https://old.example/", "https://new.example/");
        let configured = Url::parse(old).expect("url");
        let mut origin = OriginState::default();
        let mut see = |url: &str, moved_permanently, asked_there| {
            let answered = Answered {
                url: Some(&Url::parse(url).expect("url")),
                moved_permanently,
                asked_there,
            };
            origin = OriginState {
                moved: count(answered, Some(&origin)),
                url: Some(url.to_owned()),
                ..OriginState::default()
            };
            confirmed(&origin, &configured).map(String::from)
        };
        assert_eq!(see(new, true, false), None);
        assert_eq!(see(new, true, false), None);
        assert_eq!(see(new, true, false).as_deref(), Some(new));
        assert_eq!(see(new, true, true).as_deref(), Some(new), "asked there");
        assert_eq!(see(new, true, false).as_deref(), Some(new), "and once a day here");
        assert_eq!(
            see("https://elsewhere.example/", true, false),
            None,
            "another one begins anew"
        );
        assert_eq!(see(new, true, false), None);
        assert_eq!(see(old, false, false), None);
    }
}
