//! The feed that ships inside the binary, with its pictures: a fresh machine without network sees the whole
//! job. The feed and the pictures are our own, in the shape of what news sites send.

use url::Url;

/// The feed as its origin would send it, mess and all.
pub const FEED: &[u8] = include_bytes!("feed.xml");

/// What its origin would call it.
pub const CONTENT_TYPE: &str = "application/rss+xml; charset=utf-8";

/// The address it would come from: what relative addresses are resolved against. Reserved, never dialled (RFC 6761 §6.5).
pub const ADDRESS: &str = "https://www.clearwater.example/feed.xml";

/// Host and path of each picture the feed names.
const PICTURES: [(&str, &str, &[u8]); 4] = [
    (
        "photos.clearwater.example",
        "/river.png",
        include_bytes!("river.png"),
    ),
    (
        "photos.clearwater.example",
        "/lamp.png",
        include_bytes!("lamp.png"),
    ),
    (
        "photos.clearwater.example",
        "/ripples.png",
        include_bytes!("ripples.png"),
    ),
    // The poster of the embedded video: an id of ours that no video has.
    (
        "i.ytimg.com",
        "/vi/limpid_demo/hqdefault.jpg",
        include_bytes!("poster.png"),
    ),
];

/// The picture at `url`, if it is one of the demo's. Ask here before dialling.
#[must_use]
pub fn picture(url: &Url) -> Option<&'static [u8]> {
    PICTURES
        .iter()
        .find(|(host, path, _)| url.host_str() == Some(host) && url.path() == *path)
        .map(|(_, _, bytes)| *bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pictures_are_pictures() {
        for (host, path, bytes) in PICTURES {
            let url = Url::parse(&format!("https://{host}{path}?w=1")).unwrap();
            assert_eq!(picture(&url), Some(bytes));
            assert_eq!(imagesize::blob_size(bytes).unwrap().width, 480, "{path}");
        }
        assert_eq!(
            picture(&Url::parse("https://other.example/river.png").unwrap()),
            None
        );
    }

    #[test]
    fn every_picture_that_the_feed_names_is_there() {
        let feed = std::str::from_utf8(FEED).unwrap();
        for part in feed.split("photos.clearwater.example").skip(1) {
            let path = part.replace("%2F", "/");
            let end = path
                .find(|c: char| !(c.is_alphanumeric() || "/.".contains(c)))
                .unwrap();
            let url = Url::parse(&format!("https://photos.clearwater.example{}", &path[..end])).unwrap();
            assert!(picture(&url).is_some(), "{url}");
        }
    }
}
