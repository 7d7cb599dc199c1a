//! Who comes to the readers' door and is no reader: slow, greedy, forged, and against the rules.
//! However many come, readers are answered, and nothing a stranger says gets into a stored byte.

mod slow;
mod shapes;
mod forged;
mod floods;
mod frames;

use crate::support::origin::Origin;
use crate::support::proxy::{Builder, Proxy, proxy};

/// A feed of about `kib` KiB.
fn feed(kib: usize) -> String {
    let words = "some words of an entry, ".repeat(42);
    let items: String = (0..kib).fold(String::new(), |items, n| {
        items
            + &format!(
                "<item><guid>{n}</guid><title>Entry {n}</title><description>{words}</description></item>"
            )
    });
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>{items}</channel></rss>"
    )
}

/// An origin with one feed, and what is to publish it as `a`.
async fn small() -> (Origin, Builder) {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed(2));
    let build = proxy().feed("a", &origin.url("/a"));
    (origin, build)
}

/// The same, running.
async fn published() -> (Origin, Proxy) {
    let (origin, build) = small().await;
    let proxy = build.start().await;
    proxy.get("/feeds/a").await.has_status(200);
    (origin, proxy)
}
