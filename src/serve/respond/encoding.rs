//! Which coding a reader gets (RFC 9110 §12.5.3).

use crate::cache::representation::{Coding, Representation};

/// A weight in thousandths, as `Accept-Encoding` writes it: `q=0.5`.
type Weight = u16;

/// How much a reader wants each coding; `None`: it did not say.
#[derive(Clone, Copy, Debug, Default)]
struct Wishes {
    gzip: Option<Weight>,
    brotli: Option<Weight>,
    zstd: Option<Weight>,
    identity: Option<Weight>,
    others: Option<Weight>,
}

/// What is sent to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub coding: Coding,
    /// A smaller one that this reader takes as gladly: the next reader's, once it is made.
    pub behind: Option<Coding>,
}

/// The coding to send: the one wanted most; among equals the smallest that is held, so that no reader waits
/// for a few per cent. Identity when nothing else is acceptable, even if that is not either: an unreadable
/// answer helps nobody.
#[must_use]
pub fn choose(accept_encoding: Option<&str>, representation: &Representation) -> Choice {
    let only = |coding| Choice { coding, behind: None };
    let Some(accept) = accept_encoding else {
        return only(Coding::Identity);
    };
    let wishes = read(accept);
    // The smallest first, as feeds go.
    let coded = [
        (Coding::Brotli, wishes.brotli),
        (Coding::Gzip, wishes.gzip),
        (Coding::Zstd, wishes.zstd),
    ];
    let weight = |wish: Option<Weight>| wish.or(wishes.others).unwrap_or(0);
    let most = coded.iter().map(|&(_, wish)| weight(wish)).max().unwrap_or(0);
    if most == 0 || most < wishes.identity.unwrap_or(1) {
        return only(Coding::Identity);
    }
    let mut wanted = coded
        .iter()
        .filter(|&&(coding, wish)| weight(wish) == most && representation.has(coding))
        .map(|&(coding, _)| coding);
    let Some(best) = wanted.next() else {
        return only(Coding::Identity);
    };
    if representation.ready(best).is_some() {
        return only(best);
    }
    match wanted.find(|&coding| representation.ready(coding).is_some()) {
        Some(coding) => Choice {
            coding,
            behind: Some(best),
        },
        None => only(best),
    }
}

fn read(accept: &str) -> Wishes {
    let mut wishes = Wishes::default();
    for part in accept.split(',') {
        let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
        let name = name.trim();
        let wish = if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            &mut wishes.gzip
        } else if name.eq_ignore_ascii_case("br") {
            &mut wishes.brotli
        } else if name.eq_ignore_ascii_case("zstd") {
            &mut wishes.zstd
        } else if name.eq_ignore_ascii_case("identity") {
            &mut wishes.identity
        } else if name == "*" {
            &mut wishes.others
        } else {
            continue;
        };
        *wish = Some(weight(parameters));
    }
    wishes
}

/// `q=0.5` in thousandths; unreadable: unwanted.
fn weight(parameters: &str) -> Weight {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return 1000;
    }
    let Some(value) = parameters
        .strip_prefix("q=")
        .or_else(|| parameters.strip_prefix("Q="))
    else {
        return 1000;
    };
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let mut thousandths = 0;
    for (digit, place) in fraction.bytes().zip([100, 10, 1]) {
        match digit {
            b'0'..=b'9' => thousandths += Weight::from(digit - b'0') * place,
            _ => return 0,
        }
    }
    match whole {
        "1" => 1000,
        "0" => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Kind;

    #[test]
    fn readers_get_the_coding_they_want_most_and_never_one_they_refuse() {
        let body: Vec<u8> = (0..400)
            .flat_map(|n: u32| format!("<item>{}</item>", n * n).into_bytes())
            .collect();
        let made = Representation::new(&body, Kind::Rss, None, 0);
        for coding in [Coding::Brotli, Coding::Zstd] {
            made.make(coding).expect("made");
        }
        let cases = [
            (None, Coding::Identity),
            (Some(""), Coding::Identity),
            (Some("gzip"), Coding::Gzip),
            (Some("x-gzip"), Coding::Gzip),
            (Some("GZIP"), Coding::Gzip),
            (Some("gzip, deflate"), Coding::Gzip),
            (Some("br"), Coding::Brotli),
            (Some("zstd"), Coding::Zstd),
            (Some("gzip, deflate, br, zstd"), Coding::Brotli),
            (Some("*"), Coding::Brotli),
            (Some("zstd, gzip"), Coding::Gzip),
            (Some("gzip;q=1.0, br;q=0.5"), Coding::Gzip),
            (Some("gzip; q=0.5 , zstd; q=0.8"), Coding::Zstd),
            (Some("br;q=0, gzip"), Coding::Gzip),
            (Some("gzip;q=0"), Coding::Identity),
            (Some("gzip;q=0.000, *;q=0"), Coding::Identity),
            (Some("gzip;q=0.5, identity"), Coding::Identity),
            (Some("identity;q=0, gzip;q=0.001"), Coding::Gzip),
            (Some("identity;q=0"), Coding::Identity),
            (Some("deflate"), Coding::Identity),
            (Some("gzip;q=x"), Coding::Identity),
            (Some(";;;,,,=q"), Coding::Identity),
        ];
        for (accept, expected) in cases {
            let choice = choose(accept, &made);
            assert_eq!((choice.coding, choice.behind), (expected, None), "{accept:?}");
        }
    }

    #[test]
    fn nobody_waits_for_a_coding_that_is_hardly_better_than_the_one_that_is_held() {
        let made = Representation::new(&b"<item>clean</item>".repeat(100), Kind::Rss, None, 0);
        let now = |coding, behind| Choice { coding, behind };
        let brotli = Some(Coding::Brotli);
        for (accept, expected) in [
            ("gzip, deflate, br, zstd", now(Coding::Gzip, brotli)),
            ("gzip, zstd", now(Coding::Gzip, None)),
            ("br", now(Coding::Brotli, None)),
            ("br, gzip;q=0.9", now(Coding::Brotli, None)),
            ("zstd", now(Coding::Zstd, None)),
        ] {
            assert_eq!(choose(Some(accept), &made), expected, "{accept}");
        }
        made.make(Coding::Brotli).expect("made");
        assert_eq!(choose(Some("gzip, br"), &made), now(Coding::Brotli, None));
    }

    #[test]
    fn what_is_too_small_to_compress_is_sent_as_it_is() {
        let made = Representation::new(b"<rss/>", Kind::Rss, None, 0);
        for accept in ["gzip", "br", "zstd", "*", "identity;q=0, gzip"] {
            let choice = choose(Some(accept), &made);
            assert_eq!(
                (choice.coding, choice.behind),
                (Coding::Identity, None),
                "{accept}"
            );
        }
    }
}
