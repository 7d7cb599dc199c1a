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

/// The coding to send: the one wanted most; among equals the smallest. Identity when nothing else
/// is acceptable, even if that is not either: an unreadable answer helps nobody.
#[must_use]
pub fn choose(accept_encoding: Option<&str>, representation: &Representation) -> Coding {
    let Some(accept) = accept_encoding else {
        return Coding::Identity;
    };
    let wishes = read(accept);
    let mut best = (wishes.identity.unwrap_or(1), usize::MAX, Coding::Identity);
    let coded = [
        (Coding::Brotli, wishes.brotli),
        (Coding::Zstd, wishes.zstd),
        (Coding::Gzip, wishes.gzip),
    ];
    for (coding, wish) in coded {
        let weight = wish.or(wishes.others).unwrap_or(0);
        let Some(body) = representation.coded(coding) else {
            continue;
        };
        if weight > best.0 || (weight == best.0 && weight > 0 && body.len() < best.1) {
            best = (weight, body.len(), coding);
        }
    }
    best.2
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
        // Random-looking but compressible: brotli beats gzip beats zstd.
        let body: Vec<u8> = (0..400)
            .flat_map(|n: u32| format!("<item>{}</item>", n * n).into_bytes())
            .collect();
        let made = Representation::new(body, Kind::Rss, None, 0);
        let length = |coding| made.coded(coding).expect("coded").len();
        let smallest = [Coding::Brotli, Coding::Zstd, Coding::Gzip]
            .into_iter()
            .min_by_key(|&coding| length(coding))
            .expect("some");
        let cases = [
            (None, Coding::Identity),
            (Some(""), Coding::Identity),
            (Some("gzip"), Coding::Gzip),
            (Some("x-gzip"), Coding::Gzip),
            (Some("GZIP"), Coding::Gzip),
            (Some("gzip, deflate"), Coding::Gzip),
            (Some("br"), Coding::Brotli),
            (Some("zstd"), Coding::Zstd),
            (Some("gzip, deflate, br, zstd"), smallest),
            (Some("*"), smallest),
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
            assert_eq!(choose(accept, &made), expected, "{accept:?}");
        }
    }
}
