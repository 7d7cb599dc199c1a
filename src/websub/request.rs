//! What a subscriber asks of our hub (WebSub §5.1). Pure.

use url::{Url, form_urlencoded};

use crate::message::Format;

/// Characters of a callback.
const MAX_CALLBACK: usize = 2048;
/// Bytes of a secret (§5.1: less than 200).
const MAX_SECRET: usize = 199;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// To begin; else to end.
    pub(super) subscribe: bool,
    /// The address of the feed, as it was named.
    pub(super) topic: String,
    /// The feed's name.
    pub feed: String,
    pub(super) format: Option<Format>,
    pub(super) callback: Url,
    /// In seconds.
    pub(super) lease: Option<u64>,
    pub(super) secret: Option<String>,
}

impl Asked {
    /// Reads a form; topics are feeds below `public_url`.
    ///
    /// # Errors
    /// What is wrong, in one sentence.
    pub fn read(form: &[u8], public_url: &str) -> Result<Self, &'static str> {
        let said = |name: &str| {
            let mut pairs = form_urlencoded::parse(form);
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let subscribe = match said("hub.mode").as_deref() {
            Some("subscribe") => true,
            Some("unsubscribe") => false,
            _ => return Err("hub.mode is subscribe or unsubscribe."),
        };
        let topic = said("hub.topic").ok_or("hub.topic is missing.")?;
        let (feed, format) = feed(&topic, public_url).ok_or("hub.topic is not a feed of this server.")?;
        let secret = said("hub.secret").filter(|secret| !secret.is_empty());
        if secret.as_ref().is_some_and(|secret| secret.len() > MAX_SECRET) {
            return Err("hub.secret is shorter than 200 bytes.");
        }
        Ok(Self {
            subscribe,
            feed: feed.to_owned(),
            format,
            topic: topic.clone(),
            callback: callback(said("hub.callback")).ok_or("hub.callback is not an address on the web.")?,
            lease: said("hub.lease_seconds").and_then(|seconds| seconds.parse().ok()),
            secret,
        })
    }
}

fn feed<'t>(topic: &'t str, public_url: &str) -> Option<(&'t str, Option<Format>)> {
    let name = topic
        .strip_prefix(public_url.trim_end_matches('/'))?
        .strip_prefix("/feeds/")?;
    let split = name
        .rsplit_once('.')
        .and_then(|(name, format)| Some((name, Some(Format::from_extension(format)?))));
    let (name, format) = split.unwrap_or((name, None));
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    is_name.then_some((name, format))
}

fn callback(written: Option<String>) -> Option<Url> {
    let written = written.filter(|written| written.len() <= MAX_CALLBACK)?;
    let mut url = Url::parse(&written).ok()?;
    url.set_fragment(None);
    let is_plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && is_plain).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Asked, &'static str> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        Asked::read(form.as_bytes(), "https://feeds.example/sub/")
    }

    const TOPIC: (&str, &str) = ("hub.topic", "https://feeds.example/sub/feeds/a.atom");
    const MODE: (&str, &str) = ("hub.mode", "subscribe");
    const CALLBACK: (&str, &str) = ("hub.callback", "https://reader.example/api?k=1#x");

    #[test]
    fn what_readers_send_is_understood() {
        // As FreshRSS sends it.
        let asked = read(&[("hub.verify", "sync"), MODE, TOPIC, CALLBACK]).expect("read");
        assert_eq!((asked.feed.as_str(), asked.format), ("a", Some(Format::Atom)));
        assert_eq!(asked.callback.as_str(), "https://reader.example/api?k=1");
        assert_eq!((asked.lease, asked.secret), (None, None));
        let more = [
            MODE,
            TOPIC,
            CALLBACK,
            ("hub.lease_seconds", "60"),
            ("hub.secret", "s"),
        ];
        let asked = read(&more).expect("read");
        assert_eq!((asked.lease, asked.secret.as_deref()), (Some(60), Some("s")));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let long = "x".repeat(200);
        for wrong in [
            &[TOPIC, CALLBACK][..],
            &[("hub.mode", "publish"), TOPIC, CALLBACK],
            &[MODE, CALLBACK],
            &[MODE, TOPIC],
            &[MODE, TOPIC, ("hub.callback", "file:///etc/passwd")],
            &[MODE, TOPIC, ("hub.callback", "https://user:pw@reader.example/")],
            &[MODE, CALLBACK, ("hub.topic", "https://other.example/sub/feeds/a")],
            &[
                MODE,
                CALLBACK,
                ("hub.topic", "https://feeds.example/sub/feeds/a/b"),
            ],
            &[
                MODE,
                CALLBACK,
                ("hub.topic", "https://feeds.example/sub/feeds/_status"),
            ],
            &[MODE, TOPIC, CALLBACK, ("hub.secret", &long)],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
