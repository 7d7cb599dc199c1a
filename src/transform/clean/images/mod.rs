//! Pictures: unwrap what wraps them, then place them.

pub mod srcset;
pub mod unwrap;

use std::sync::Arc;

use url::Url;

use self::unwrap::{Rules, unwrap_with};
use super::address::Simple;
use super::{links, trackers};
use crate::message::Address;
use crate::sign::Signer;
use crate::transform::Picture;

/// What becomes of pictures.
#[derive(Clone, Debug, Default)]
pub enum Policy {
    /// Through us.
    Proxy(Signer),
    /// Through a weserv service: this base and the percent-encoded address.
    Weserv(String),
    /// The origin's own address.
    #[default]
    Direct,
    /// No pictures.
    Strip,
}

impl Policy {
    /// True when whoever shows a picture asks somebody but us for it: nobody need learn from where.
    pub(super) fn asks_others(&self) -> bool {
        matches!(self, Self::Weserv(_) | Self::Direct)
    }

    /// True when a reader who looks at a picture is seen by no one but the owner's own choice of proxy.
    pub(super) fn is_private(&self) -> bool {
        matches!(self, Self::Proxy(_) | Self::Weserv(_))
    }
}

/// A picture found, unwrapped and placed.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// What to write, if it is not the origin's own address.
    written: Option<String>,
    /// The origin, and what else to try.
    pub picture: Picture,
    /// A wrapper was taken off.
    pub unwrapped: bool,
    /// It was placed by us before.
    pub own: bool,
}

impl Placed {
    /// What to write.
    pub(super) fn address(&self) -> &str {
        match &self.written {
            Some(written) => written,
            None => self.picture.url.as_str(),
        }
    }
}

/// Finds the origin's address of a picture, whatever wraps it.
pub(super) fn origin(address: &str, base: Option<&Url>, rules: &Rules) -> Option<(Picture, bool)> {
    let text = links::on_host(address, base);
    simple_origin(&text, rules).or_else(|| parsed_origin(address, base, rules))
}

fn parsed_origin(address: &str, base: Option<&Url>, rules: &Rules) -> Option<(Picture, bool)> {
    let url = links::web(address, base)?;
    if let Some(unwrapped) = unwrap_with(&url, rules) {
        return Some((Picture::new(&unwrapped.url, &unwrapped.alternates), true));
    }
    Some((plain(url), false))
}

/// As [`origin`], without parsing: for an address that is wrapped in nothing, or in weserv as plainly as
/// can be. `None` at any other.
fn simple_origin(address: &str, rules: &Rules) -> Option<(Picture, bool)> {
    let Some(origin) = unwrap::held_plainly_by_weserv(address, rules) else {
        let simple = Simple::of(address).filter(|simple| unwrap::wraps_nothing(simple, rules))?;
        let picture = Picture {
            url: simple.to_address(),
            alternates: Arc::default(),
        };
        return Some((picture, false));
    };
    let mut spelt = ["https://", origin.as_str()].concat();
    let url = Address::of_canonical(&spelt);
    spelt.remove("http".len());
    let http = Address::of_canonical(&spelt);
    let picture = Picture {
        url,
        alternates: Arc::new([http, Address::of_canonical(address)]),
    };
    Some((picture, true))
}

/// Whether a picture is a beacon, or the picture of a share button.
pub(super) fn counts_readers(origin: &Address) -> bool {
    match Simple::of(origin.as_str()) {
        Some(simple) => trackers::is_beacon(&simple) || trackers::is_share_button(&simple),
        None => origin
            .to_url()
            .is_some_and(|url| trackers::is_beacon(&url) || trackers::is_share_button(&url)),
    }
}

fn plain(mut url: Url) -> Picture {
    url.set_fragment(None);
    Picture::new(&url, &[])
}

/// Places a picture as `policy` says. `None`: it has no usable address.
pub(super) fn place(address: &str, base: Option<&Url>, policy: &Policy, rules: &Rules) -> Option<Placed> {
    if let Some(origin) = placed_before(address, policy, rules) {
        return Some(Placed {
            written: Some(address.trim().to_owned()),
            picture: plain(origin),
            unwrapped: false,
            own: true,
        });
    }
    placed(origin(address, base, rules)?, policy)
}

/// As [`place`], for an address whose origin is known.
pub(super) fn place_known(
    address: &str,
    origin: Option<(Picture, bool)>,
    policy: &Policy,
    rules: &Rules,
) -> Option<Placed> {
    if placed_before(address, policy, rules).is_some() {
        return place(address, None, policy, rules);
    }
    placed(origin?, policy)
}

fn placed((picture, unwrapped): (Picture, bool), policy: &Policy) -> Option<Placed> {
    let written = match policy {
        Policy::Proxy(signer) => Some(signer.image_at(picture.url.as_str())),
        Policy::Weserv(base) => Some(format!("{base}{}", encoded(picture.url.as_str()))),
        Policy::Direct | Policy::Strip => None,
    };
    Some(Placed {
        written,
        picture,
        unwrapped,
        own: false,
    })
}

/// The origin, if we wrote this very address: known by its signature, or by being what we would write.
fn placed_before(address: &str, policy: &Policy, rules: &Rules) -> Option<Url> {
    match policy {
        Policy::Proxy(signer) => {
            let tail = address
                .trim()
                .strip_prefix(signer.public_url())?
                .strip_prefix("/i/")?;
            let (signature, tail) = tail.split_once('/')?;
            signer.verify_image(signature, tail)
        }
        Policy::Weserv(base) => {
            let held = address.trim().strip_prefix(base.as_str())?;
            let (_, origin) =
                url::form_urlencoded::parse(format!("u={}", held.replace('+', "%2B")).as_bytes())
                    .next()
                    .map(|(key, value)| (key.into_owned(), value.into_owned()))?;
            let (picture, unwrapped) = self::origin(&origin, None, rules)?;
            (!unwrapped && encoded(picture.url.as_str()) == held).then(|| picture.url.to_url())?
        }
        Policy::Direct | Policy::Strip => None,
    }
}

/// Percent-encoded as `encodeURIComponent` does, without its exceptions.
fn encoded(address: &str) -> String {
    url::form_urlencoded::byte_serialize(address.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weserv_address_is_not_wrapped_again() {
        for base in ["https://wsrv.nl/?url=", "https://proxy.example/w/token/?url="] {
            let policy = Policy::Weserv(base.to_owned());
            let once = place(
                "https://pics.example/a b?x=1&y=ü",
                None,
                &policy,
                &Rules::default(),
            )
            .expect("placed");
            assert!(once.address().starts_with(base) && !once.own);
            let twice = place(once.address(), None, &policy, &Rules::default()).expect("placed");
            assert_eq!(twice.address(), once.address());
            assert_eq!(twice.picture.url, once.picture.url);
        }
    }

    #[test]
    fn what_is_not_parsed_has_the_same_origin() {
        #[rustfmt::skip]
        let [hosts, paths, queries]: [&[&str]; 3] = [
            &[
                "images.weserv.nl", "wsrv.nl", "i0.wp.com", "i9.wp.com", "wp.com", "x.rsz.io", "rsz.io", "proxy.duckduckgo.com", "a.example",
                "images2-opensocial.googleusercontent.com", "ci3.googleusercontent.com", "external.xx.fbcdn.net", "www.google.com",
                "images-ext-1.discordapp.net", "x.cloudimg.io", "camo.githubusercontent.com", "www.a-b.example", "o.aolcdn.com", "1.example",
            ],
            &[
                "/", "/p.jpg", "/a/b/c.png", "/iu/", "/gadgets/proxy", "/cdn-cgi/image/w=1/p.jpg", "/x/cdn-cgi/image/w=1/https://b.example/p.jpg",
                "/_next/image", "/_next/image/", "/_vercel/image", "/.netlify/images", "/image/fetch/https://b.example/p", "/image/fetch/w_1/b.png",
                "/unsafe/300x200/https://b.example/p.jpg", "/0123456789012345678901234567890123456789/687474703a2f2f622e6578616d706c652f70",
                "/0123456789abcdef0123456789abcdef01234567", "/x/plain/https://b.example/p@png", "/a/aHR0cHM6Ly9iLmV4YW1wbGUvcA", "/b.example/p.jpg",
                "/external/sig/https/b.example/p.png", "/safe_image.php", "/imgres", "/1/x",
            ],
            &[
                "", "?url=b.example/p.jpg", "?url=https://b.example/p.jpg", "?url=/b.example/p", "?url=b.example", "?url=b", "?url=ssl:b.example/p",
                "?url=wsrv.nl/", "?url=i0.wp.com/b.example/p.jpg", "?url=b.example/p&w=3", "?url=b.example/p%20q", "?url=b.example/./p",
                "?url=b.example//p", "?url=B.example/p", "?url=b.example:80/p", "?url=1.2/p", "?URL=b.example/p", "?u=https%3A%2F%2Fb.example%2Fp",
                "?x=1&url=b.example/p", "?ssl=1", "?imgurl=https://b.example/p", "?image_uri=https://b.example/p", "?url=", "?", "?url=b.example/p?q=1",
                "?url=u@b.example/p", "?url=b.example/p@2x.png", "?url=b.example/a/cdn-cgi/image/w=1/p.jpg", "?url=b.example/p.jpg?",
            ],
        ];
        let rules = Rules::default();
        let mut simple = 0;
        for scheme in ["https", "http"] {
            for host in hosts {
                for (path, query) in paths
                    .iter()
                    .flat_map(|path| queries.iter().map(move |query| (path, query)))
                {
                    let address = format!("{scheme}://{host}{path}{query}");
                    let Some(found) = simple_origin(&address, &rules) else {
                        continue;
                    };
                    simple += 1;
                    assert_eq!(Some(found), parsed_origin(&address, None, &rules), "{address}");
                }
            }
        }
        assert!(simple > 1_500, "only {simple}");
    }

    #[test]
    fn only_web_addresses_are_pictures() {
        for address in [
            "data:image/png;base64,AA",
            "javascript:x",
            "relative.png",
            "cid:1",
            "",
            "blob:https://a.example/x",
        ] {
            assert!(
                place(address, None, &Policy::Direct, &Rules::default()).is_none(),
                "{address}"
            );
        }
    }
}
