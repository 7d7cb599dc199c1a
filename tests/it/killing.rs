//! `kill -9` at random moments, and store files with random damage: no copy that a reader saw is lost, no validator
//! changes, and every start succeeds. `TRIALS=200` tries as often; by default a few times.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use limpid::app::StoreKind;
use limpid::clock::Clock;
use tokio::task::block_in_place;

use crate::support::origin::Origin;
use crate::support::program::{Home, Running};
use crate::support::proxy::{Proxy, proxy};

const FEEDS: usize = 12;

#[expect(
    clippy::disallowed_methods,
    reason = "how the person who runs the tests asks for more"
)]
fn trials(few: usize) -> usize {
    let asked = std::env::var("TRIALS")
        .ok()
        .and_then(|trials| trials.parse().ok());
    asked.unwrap_or(few)
}

/// A number below `most`.
fn below(most: usize) -> usize {
    usize::try_from(getrandom::u64().expect("random") % most as u64).expect("small")
}

/// What a reader got of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    number: usize,
    etag: String,
    modified: String,
    body: Vec<u8>,
}

/// What the server at `address` gives of a feed; `None`: it was killed in the middle.
fn look(address: &str, feed: usize) -> Option<Seen> {
    use std::io::{Read as _, Write as _};
    #[expect(clippy::disallowed_methods, reason = "a reader dials the program itself")]
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    write!(
        stream,
        "GET /feeds/f{feed} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let body = answer[end + 4..].to_vec();
    let header = |name: &str| {
        let mut lines = head.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let whole = header("content-length:").parse() == Ok(body.len());
    if !whole {
        return None;
    }
    assert!(head.starts_with("HTTP/1.1 200"), "feed {feed}: {head}");
    let text = String::from_utf8_lossy(&body);
    let number = text.split("version-").nth(1)?.split('<').next()?.parse().ok()?;
    Some(Seen {
        number,
        etag: header("etag:"),
        modified: header("last-modified:"),
        body,
    })
}

/// Notes what was seen; what is older than before, or the same and yet different, is a loss.
fn note(seen: &Mutex<Vec<Option<Seen>>>, feed: usize, now: Seen) {
    let mut seen = seen.lock().expect("seen");
    if let Some(before) = &seen[feed] {
        assert!(
            now.number >= before.number,
            "feed {feed} went back to {} from {}",
            now.number,
            before.number
        );
        assert!(
            now.number != before.number || now == *before,
            "feed {feed}: version {} changed",
            now.number
        );
    }
    seen[feed] = Some(now);
}

/// Readers of all feeds until they are told to stop. Each looks at the feeds of its own, so that what it saw last is
/// the last there was.
fn load(
    address: &str,
    seen: &Arc<Mutex<Vec<Option<Seen>>>>,
    stop: &Arc<AtomicBool>,
) -> Vec<std::thread::JoinHandle<()>> {
    (0..4)
        .map(|reader| {
            let (address, seen, stop) = (address.to_owned(), Arc::clone(seen), Arc::clone(stop));
            std::thread::spawn(move || {
                for feed in (0..FEEDS).filter(|feed| feed % 4 == reader).cycle() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    if let Some(now) = look(&address, feed) {
                        note(&seen, feed, now);
                    }
                }
            })
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_at_any_moment_under_load_loses_no_copy_and_changes_no_validator() {
    let origin = Origin::start().await;
    let mut settings = "[server]\npublic_url = \"https://feeds.example\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\nper_host = 50\n\
        [refresh]\nmin = \"1s\"\nmax = \"1s\"\nbackground = false\n[images]\nprefetch = false\n"
        .to_owned();
    for feed in 0..FEEDS {
        let text = "version-NUMBER is here. ".repeat(400);
        origin.at(&format!("/f{feed}")).counting().gives(format!(
            "<rss version=\"2.0\"><channel><title>version-NUMBER</title><item><guid>NUMBER</guid>\
             <title>NUMBER</title><description>{text}</description></item></channel></rss>"
        ));
        settings += &format!(
            "[feeds.f{feed}]\nurl = \"{}\"\n",
            origin.url(&format!("/f{feed}"))
        );
    }
    let home = Home::with_settings(&settings);
    let seen = Arc::new(Mutex::new(vec![None; FEEDS]));
    for trial in 0..=trials(8) {
        // Nothing is new while it is looked at what outlived the last kill.
        origin.is_quiet(trial > 0);
        block_in_place(|| {
            let mut server = Running::start(&home, &[]);
            let address = server.said("readers");
            let address = address
                .trim_start_matches("http://")
                .split('/')
                .next()
                .expect("host")
                .to_owned();
            for feed in 0..FEEDS {
                note(&seen, feed, look(&address, feed).expect("a whole answer"));
            }
            origin.is_quiet(false);
            let stop = Arc::new(AtomicBool::new(false));
            let readers = load(&address, &seen, &stop);
            // Copies are refreshed after a second; somewhere in there it ends.
            std::thread::sleep(Duration::from_millis(below(1500) as u64));
            server.child.kill().expect("killed");
            stop.store(true, Ordering::Relaxed);
            for reader in readers {
                reader.join().expect("nothing was lost");
            }
        });
    }
    let versions: usize = seen
        .lock()
        .expect("seen")
        .iter()
        .flatten()
        .map(|seen| seen.number)
        .sum();
    assert!(versions > 2 * FEEDS, "nothing was written between the kills");
    for feed in 0..FEEDS {
        let path = format!("/f{feed}");
        let asked = origin.asked();
        let in_full = asked
            .iter()
            .filter(|asked| asked.target == path && asked.header("if-none-match").is_none());
        assert_eq!(
            in_full.count(),
            1,
            "{path} was asked for as if there were no copy"
        );
    }
}

async fn keeping(folder: &Path, origin: &Origin, clock: &Clock) -> Proxy {
    let feeds = (0..FEEDS).fold(proxy(), |build, feed| {
        build.feed(&format!("f{feed}"), &origin.url(&format!("/f{feed}")))
    });
    feeds
        .stored(StoreKind::Disk(folder.to_owned()))
        .at(clock)
        .start()
        .await
}

#[tokio::test]
async fn a_store_cut_or_changed_anywhere_costs_refetches_and_no_start() {
    let (origin, clock) = (Origin::start().await, Clock::system());
    let folder = tempfile::tempdir().expect("folder");
    for feed in 0..FEEDS {
        let text = format!("words of feed {feed} ").repeat(500 * (feed + 1));
        origin.at(&format!("/f{feed}")).gives(format!(
            "<rss version=\"2.0\"><channel><title>{feed}</title><item><guid>1</guid><title>1</title>\
             <description>{text}</description></item></channel></rss>"
        ));
    }
    let before = keeping(folder.path(), &origin, &clock).await;
    let mut good = Vec::new();
    for feed in 0..FEEDS {
        good.push(before.get(&format!("/feeds/f{feed}")).await.has_status(200));
    }
    before.ends().await;
    let file = folder.path().join("limpid.redb");
    let whole = std::fs::read(&file).expect("the store");
    let trials = trials(12);
    for trial in 0..trials {
        let (at, mut torn) = (below(whole.len()), whole.clone());
        match trial % 3 {
            0 => torn.truncate(at),
            1 => torn[at] ^= 1 << below(8),
            _ => torn[at..].iter_mut().take(4096).for_each(|byte| *byte ^= 0x5a),
        }
        std::fs::write(&file, torn).expect("torn");
        let after = keeping(folder.path(), &origin, &clock).await;
        for (feed, good) in good.iter().enumerate() {
            let answer = after.get(&format!("/feeds/f{feed}")).await.has_status(200);
            assert_eq!(
                (&answer.body, answer.header("etag")),
                (&good.body, good.header("etag")),
                "{trial} at {at}"
            );
        }
        after.ends().await;
    }
    let refetched = origin.asked().len() - FEEDS;
    assert!(refetched < trials * FEEDS, "some damage costs nothing");
}
