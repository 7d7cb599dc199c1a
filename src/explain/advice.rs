//! What to do next: one sentence, for each way it can end.

use super::Error;
use crate::discover::Named;
use crate::transform::Transformed;
use crate::transform::report::Reason;
use crate::{fetch, local, transform};

/// The origin's fault, and nobody else can mend it.
const IN_TROUBLE: &str =
    "The site's server is in trouble: try later; a feed in the settings is tried again by itself.";

/// After a fetch that brought a feed.
pub(super) fn after_success(cleaned: &Transformed) -> &'static str {
    if cleaned.hints.entries == 0 {
        "The feed has no entries now; look again when the site has published something."
    } else if !cleaned.entries.is_empty() && cleaned.report.count(Reason::Selection) > 0 {
        "Entries were left out by keep, drop or limit; look at those settings if one is missing."
    } else {
        "Nothing needs doing: subscribe to Limpid's address of this feed."
    }
}

/// Feeds of a page that are named in a sentence.
const MAX_NAMED: usize = 5;

/// After a page that names feeds.
pub(super) fn named(feeds: &[Named]) -> Option<String> {
    let addresses: Vec<&str> = feeds
        .iter()
        .take(MAX_NAMED)
        .map(|feed| feed.url.as_str())
        .collect();
    match feeds.len() {
        0 => None,
        1 => Some(format!(
            "The page names a feed; use its address: {}",
            addresses.join(", ")
        )),
        many => Some(format!(
            "The page names {many} feeds; use the address of the one you want: {}",
            addresses.join(", ")
        )),
    }
}

/// After one that did not.
pub(super) fn after_failure(error: &Error) -> &'static str {
    match error {
        Error::Fetch(error) => after_fetch(error),
        Error::File(local::Error::Io(_) | local::Error::Special) => {
            "Check the path in the settings, and that Limpid may read it."
        }
        Error::File(local::Error::TooLarge(_)) => "Raise fetch.max_body if the file is what you think it is.",
        Error::File(local::Error::NoArticles | local::Error::Articles) => {
            "Put article archives into the folder: <!--MILLISECONDS-->, [title](url), ------, an empty line, the HTML."
        }
        Error::Transform(error) => after_transform(error),
        Error::Crashed => "This is a defect of Limpid: please report it with the feed's address.",
    }
}

/// After an origin that gave nothing usable.
pub fn after_fetch(error: &fetch::Error) -> &'static str {
    use fetch::Error as E;
    match error {
        E::Refused(_) => {
            "If this address is yours, name its network or host:port in fetch.allow_private and try again."
        }
        E::Address(_) => "Check the address; a host:port that you trust can be named in fetch.allow_private.",
        E::Resolve(_) => "Check the spelling of the host, and that this machine can resolve names.",
        E::Connect(_) => "Check in a browser that the site is up, and that this machine reaches it.",
        E::Tls(_) => {
            "The site's certificate is not one that this machine trusts: its owner must renew it, or add its issuer to \
             the system's roots."
        }
        E::Protocol(_) => IN_TROUBLE,
        E::Timeout(_) => "Try again later; fetch.timeout allows more time.",
        E::TooLarge(_) => "fetch.max_body allows more, if the feed really is that large.",
        E::Disk(_) => "The disk of this machine is full or broken: look at the folder of the store.",
        E::Unwanted => "Check that the address leads to a feed.",
        E::Circle => "Give the feed's own address, not the one at which Limpid serves it.",
        E::Redirect(_) => "Open the address in a browser and use the one where it ends.",
        E::Status { status, .. } => after_status(*status),
    }
}

fn after_status(status: u16) -> &'static str {
    match status {
        401 | 407 => "The site wants a login: use an address of the feed that needs none.",
        403 => "The site refuses feed readers: ask its owner to let them through, or use another address.",
        404 => "The feed is not there: look for its new address on the site.",
        410 => "The site says the feed is gone for good: look for its new address, or remove it.",
        429 => "The site is asked too often: Limpid waits as long as it says.",
        500..=599 => IN_TROUBLE,
        _ => "Open the address in a browser to see what is there.",
    }
}

/// After a document that is no feed.
pub fn after_transform(error: &transform::Error) -> &'static str {
    use transform::Error as E;
    match error {
        E::Empty => "Try again later: the site sent nothing.",
        E::WebPage => {
            "This is a web page. limpid feed add looks for the feeds that it names; a login or cookie page may also \
             stand before the feed."
        }
        E::NotAFeed => "Check that the address leads to RSS, Atom or JSON Feed.",
        E::Coding => "The site's server compresses wrongly: tell its owner.",
        E::TooLarge(_) => "Raise the limit under [limits], if the feed really is that large.",
        E::Unsound | E::Convert => "This is a defect of Limpid: please report it with the feed's address.",
    }
}
