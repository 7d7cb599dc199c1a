//! No secret is ever in a log line or in an answer, however much is logged (but for `trace` of the HTML parser, which shows
//! every word it reads).

use crate::support::origin::Origin;
use crate::support::program::{Home, Running};

const FEED: &str = "<rss version=\"2.0\"><channel><title>one</title><link>https://a.example/</link><description/>\
    <item><guid>1</guid><description>&lt;img src=\"https://p.example/TOKEN-OF-A-PICTURE.png\"&gt;</description></item></channel></rss>";

/// Words that stand for what only the owner, an origin and a reader know.
const TOKENS: [&str; 6] = [
    "PASSWORD-OF-THE-ENGINE",
    "TOKEN-OF-COMPATIBLE",
    "TOKEN-IN-A-PATH",
    "TOKEN-IN-A-QUERY",
    "PASSWORD-IN-A-REDIRECT",
    "TOKEN-OF-A-PICTURE",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_log_line_holds_a_key_a_password_or_the_path_of_an_origin() {
    let origin = Origin::start().await;
    let paths = [
        "/TOKEN-IN-A-PATH?key=TOKEN-IN-A-QUERY",
        "/TOKEN-IN-A-PATH/fails",
        "/TOKEN-IN-A-PATH/moves",
    ];
    origin.at(paths[0]).gives(FEED);
    origin.at(paths[1]).status(500);
    origin
        .at(paths[2])
        .redirects(302, "http://user:PASSWORD-IN-A-REDIRECT@127.0.0.1/");
    let mut settings = "[log]\nlevel = \"debug,limpid=trace,hyper_util=trace,rustls=trace,redis=trace\"\n[server]\nreload_interval = \"20ms\"\n[images]\ncompat_token = \"TOKEN-OF-COMPATIBLE\"\n\
        [fetch]\nallow_private = [\"127.0.0.0/8\"]\n"
        .to_owned();
    for (name, path) in ["good", "fails", "moves"].iter().zip(paths) {
        settings += &format!("[feeds.{name}]\nurl = \"{}\"\n", origin.url(path));
    }
    let by_address = origin.url(paths[1]);
    let log = tokio::task::spawn_blocking(move || {
        let home = Home::with_settings(&settings);
        let signed = home.run(&["sign", by_address.as_str()]).out;
        let mut server = Running::start(&home, &[]);
        let readers = server.said("readers");
        let log = server.log();
        let tail = signed
            .trim()
            .rsplit_once("/clean/")
            .expect("a signed address")
            .1
            .to_owned();
        for path in [
            "/feeds/good",
            "/feeds/fails",
            "/feeds/moves",
            &format!("/clean/{tail}"),
            &format!("/clean/x{tail}"),
            "/w/TOKEN-OF-COMPATIBLE/?url=https%3A%2F%2F10.0.0.1%2FTOKEN-OF-A-PICTURE.png",
        ] {
            let (head, body) = Running::get(&format!("{readers}{path}"));
            let answer = head + &String::from_utf8_lossy(&body);
            for token in TOKENS {
                // What a reader asked for by its address is no secret to him, nor what a feed shows.
                assert!(!answer.contains(token), "{path}: {answer}");
            }
        }
        assert_eq!(home.run(&["key", "rotate"]).code, 0);
        server.signal("HUP");
        // And an engine with a password, that is not there.
        let away = [
            "--set",
            "store.kind=redis",
            "--set",
            "store.url=redis://:PASSWORD-OF-THE-ENGINE@127.0.0.1:9/0",
        ];
        let mut other = Running::start(&home, &away);
        let other_readers = other.said("readers");
        let other_log = other.log();
        Running::get(&format!("{other_readers}/feeds/good"));
        for server in [&mut server, &mut other] {
            server.signal("TERM");
            server.child.wait().expect("it ends");
        }
        let keys = std::fs::read_to_string(home.path("data/keys")).expect("the keys");
        (log.chain(other_log).collect::<Vec<String>>(), keys)
    });
    let (lines, keys) = log.await.expect("it ran");
    let secrets: Vec<&str> = keys.split_whitespace().filter(|word| word.len() >= 32).collect();
    assert!(secrets.len() >= 2, "two keys: {}", secrets.len());
    assert!(lines.len() > 50, "it logs: {lines:?}");
    for line in &lines {
        for secret in secrets.iter().chain(&TOKENS) {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
}
