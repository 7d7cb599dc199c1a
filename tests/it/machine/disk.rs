//! No room on disk. The limit is one of the process (`ulimit -f`), so that no test needs to be root.

use crate::support::origin::Origin;
use crate::support::program::{Home, Running};

const FEEDS: usize = 14;

/// Text that hardly gets smaller when it is packed: about 120 KB.
fn feed(seed: usize) -> String {
    let mut state = u64::try_from(seed).expect("small") + 1;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:016x} ")
    };
    let items: String = (0..30)
        .map(|n| {
            let words: String = (0..240).map(|_| word()).collect();
            format!("<item><guid>{n}</guid><title>Entry {n} of feed {seed}</title><description>{words}</description></item>")
        })
        .collect();
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>{items}</channel></rss>"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_full_disk_costs_no_answer_and_what_was_kept_before_is_kept() {
    let origin = Origin::start().await;
    // An address of its own: copies are made anew when it changes, as it would with the port.
    let mut settings =
        "[server]\npublic_url = \"https://feeds.example\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n[images]\nprefetch = false\n".to_owned();
    for n in 0..FEEDS {
        origin.at(&format!("/{n}")).gives(feed(n));
        settings += &format!("[feeds.f{n}]\nurl = \"{}\"\n", origin.url(&format!("/{n}")));
    }
    let reading = tokio::task::spawn_blocking(move || {
        let home = Home::with_settings(&settings);
        let all_are_served = |readers: &str| {
            for n in 0..FEEDS {
                let (head, body) = Running::get(&format!("{readers}/feeds/f{n}"));
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                assert!(String::from_utf8_lossy(&body).contains(&format!("of feed {n}<")));
            }
        };
        // 1.3 MiB (in blocks of 512 bytes), which is room for half of them; a write beyond is an error, not a signal.
        let limit = "trap '' XFSZ && ulimit -f 2600";
        let mut full = Running::start_under(&home, limit, &["--set", "refresh.background=false"]);
        let readers = full.said("readers");
        let mut log = full.log();
        all_are_served(&readers);
        // From memory, again and again.
        all_are_served(&readers);
        assert!(
            Running::get(&format!("{readers}/readyz"))
                .0
                .starts_with("HTTP/1.1 200")
        );
        full.signal("TERM");
        assert!(full.child.wait().expect("it ends").success());
        let told = log
            .by_ref()
            .filter(|line| line.contains("the store fails"))
            .count();
        assert!(
            (1..=3).contains(&told),
            "the owner is told, and not at every write: {told}"
        );

        let mut after = Running::start(&home, &["--set", "refresh.background=false"]);
        all_are_served(&after.said("readers"));
    });
    reading.await.expect("served");
    // What was kept before the disk was full was not asked for again.
    let asked = origin.asked().len();
    assert!((FEEDS + 1..2 * FEEDS).contains(&asked), "{asked}");
}
