//! Feeds found, added, imported and explained by the commands.

use std::fmt::Write as _;
use std::time::Duration;

use crate::support::origin::Origin;
use crate::support::program::{Home, Ran, Running};

const FEED: &str = "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>\
    <item><guid>1</guid><title>one</title><description>&lt;iframe src='https://v.example/1'&gt;&lt;/iframe&gt; x & y</description></item></channel></rss>";

fn home() -> Home {
    Home::with_settings("[fetch]\nallow_private = [\"127.0.0.0/8\"]\n")
}

/// Runs a command while the origin goes on answering.
async fn run(home: &std::sync::Arc<Home>, arguments: &[&str]) -> Ran {
    let home = std::sync::Arc::clone(home);
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let task = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        home.run(&arguments)
    });
    task.await.expect("it ends")
}

#[tokio::test]
async fn a_sites_address_leads_to_its_feed() {
    let origin = Origin::start().await;
    let home = std::sync::Arc::new(home());
    origin
        .at("/blog/")
        .gives("<!doctype html><link rel=alternate type='application/rss+xml' href='../f.xml'>");
    origin.at("/f.xml").gives(FEED);
    let page = origin.url("/blog/").to_string();
    let added = run(&home, &["feed", "add", &page, "--name", "blog"]).await;
    assert_eq!(added.code, 0, "{added:?}");
    assert!(
        added.err.contains("1 entry") && added.err.contains("embed"),
        "{added:?}"
    );
    let written = std::fs::read_to_string(home.path("feeds.d/blog.toml")).expect("written");
    assert!(written.contains(origin.url("/f.xml").as_str()), "{written}");
    let again = run(&home, &["feed", "add", &page]).await;
    assert!(
        again.code == 1 && again.err.contains("already there") && again.err.contains("/feeds/blog"),
        "{again:?}"
    );
}

#[tokio::test]
async fn several_feeds_are_listed_and_no_feed_ends_in_a_sentence() {
    let origin = Origin::start().await;
    let home = std::sync::Arc::new(home());
    let link = |path: &str| {
        format!("<link rel=alternate type='application/atom+xml' title='T{path}' href='{path}'>")
    };
    origin
        .at("/two")
        .gives(format!("<html>{}{}", link("/1"), link("/2")));
    let several = run(&home, &["feed", "add", origin.url("/two").as_str()]).await;
    assert_eq!((several.code, several.out.as_str()), (1, ""), "{several:?}");
    assert!(
        several.err.contains("names 2 feeds") && several.err.contains(origin.url("/2").as_str()),
        "{several:?}"
    );
    origin.at("/none/").gives("<html><body>hello");
    let none = run(&home, &["feed", "add", origin.url("/none/").as_str()]).await;
    assert!(none.code == 1 && none.err.contains("names no feed"), "{none:?}");
    // Where feeds usually are.
    origin.at("/none/atom.xml").gives(FEED);
    assert_eq!(
        run(&home, &["feed", "add", origin.url("/none/").as_str()])
            .await
            .code,
        0
    );
    // What stands before it is named.
    let password = "<form><input type=\"password\"></form>";
    origin.at("/member/").gives(format!("<html>{password}"));
    let member = run(&home, &["feed", "add", origin.url("/member/").as_str()]).await;
    assert!(
        member.code == 1
            && member
                .err
                .contains("a login page stands before the feed. Use an address"),
        "{member:?}"
    );
    origin.at("/walled").status(403).with("cf-mitigated", "challenge");
    let walled = run(&home, &["feed", "add", origin.url("/walled").as_str()]).await;
    assert!(
        walled.code == 69
            && walled.err.contains("a challenge page stands before the feed")
            && walled.err.contains("403. The site wants proof"),
        "{walled:?}"
    );
    origin.at("/gone").status(404);
    let gone = run(&home, &["feed", "add", origin.url("/gone").as_str()]).await;
    assert!(
        gone.code == 69
            && gone.err.contains("404. The feed is not there")
            && gone.err.contains("limpid explain"),
        "{gone:?}"
    );
}

#[tokio::test]
async fn explain_tells_each_step_and_ends_with_what_to_do() {
    let origin = Origin::start().await;
    let home = std::sync::Arc::new(home());
    origin.at("/f").redirects(302, "/g");
    origin
        .at("/g")
        .gives(FEED)
        .with("content-type", "text/xml; charset=iso-8859-1");
    let told = run(&home, &["explain", origin.url("/f").as_str(), "-v"]).await;
    assert_eq!(told.code, 0, "{told:?}");
    for part in [
        "302",
        "dialled 127.0.0.1",
        "without TLS",
        "ok  charset",
        "line 1, column",
        "embed",
        " ms)",
    ] {
        assert!(told.out.contains(part), "{part}\n{}", told.out);
    }
    origin.at("/page").gives("<html><body>Please log in");
    let page = run(
        &home,
        &["explain", origin.url("/page").as_str(), "--output", "json"],
    )
    .await;
    let json: serde_json::Value = serde_json::from_str(&page.out).expect("JSON");
    assert_eq!((page.code, &json[0]["good"]), (1, &false.into()));
    assert!(!json[0]["next"].as_str().expect("a sentence").is_empty());
    origin
        .at("/wall")
        .gives("<html><script src='/cdn-cgi/challenge-platform/a.js'></script>");
    let wall = run(&home, &["explain", origin.url("/wall").as_str()]).await;
    assert!(
        wall.code == 1
            && wall.out.contains("a challenge page stands before the feed")
            && wall.out.contains("another address"),
        "{wall:?}"
    );
    // A site's own page leads on, though there is a form to log in on it.
    origin.at("/site").gives(
        "<html><link rel=alternate type='application/rss+xml' href='/g'><form><input type=password></form>",
    );
    let site = run(&home, &["explain", origin.url("/site").as_str()]).await;
    assert!(
        site.code == 1
            && site
                .out
                .contains(&format!("names a feed; use its address: {}", origin.url("/g"))),
        "{site:?}"
    );
    assert_eq!(run(&home, &["explain", "http://127.0.0.1:9/"]).await.code, 69);
    assert_eq!(run(&home, &["explain", "nowhere"]).await.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_feeds_are_imported_politely_and_resumed() {
    let origin = Origin::start().await;
    let mut list = String::from(
        "<opml version='2.0' xmlns:fz='urn:fz'><head><title>Mine</title></head><body><outline text='News' fz:open='1'>",
    );
    for number in 0..300 {
        let path = format!("/{number}");
        if number % 50 == 7 {
            origin.at(&path).status(410);
        } else {
            origin.at(&path).gives(FEED);
        }
        let _ = write!(
            list,
            "<outline text='Feed' type='rss' xmlUrl='{}' fz:color='c{number}'/>",
            origin.url(&path)
        );
    }
    list.push_str("<outline text='bad' xmlUrl='ftp://x.example/'/></outline></body></opml>");
    let home = std::sync::Arc::new(home().file("subs.opml", &list));
    let dry = run(
        &home,
        &["opml", "import", "subs.opml", "--dry-run", "--output", "json"],
    )
    .await;
    let dry: serde_json::Value = serde_json::from_str(&dry.out).expect("JSON");
    assert_eq!(
        (
            &dry["counts"]["ok"],
            &dry["counts"]["failed"],
            &dry["counts"]["unusable"]
        ),
        (&294.into(), &6.into(), &1.into())
    );
    assert!(home.entries("feeds.d").is_empty());
    let began = tokio::time::Instant::now();
    let import = run(&home, &["opml", "import", "subs.opml"]).await;
    assert!(
        import.code == 0 && import.err.contains("294 ok"),
        "{}",
        import.err
    );
    assert!(began.elapsed() < Duration::from_mins(2));
    assert!(
        origin.busiest() <= 2,
        "{} requests at once to one host",
        origin.busiest()
    );
    assert_eq!(
        home.entries("feeds.d").len(),
        295,
        "294 feeds and the list itself"
    );
    assert!(home.path("feeds.d/feed-294.toml").exists());
    // Again: only those that failed are asked, nothing is doubled.
    let before = origin.asked().len();
    let again = run(&home, &["opml", "import", "subs.opml"]).await;
    assert!(again.err.contains("294 known"), "{}", again.err);
    assert_eq!(origin.asked().len() - before, 6);
    let export = run(&home, &["opml", "export"]).await.out;
    assert_eq!(
        export
            .matches("xmlUrl=\"http://127.0.0.1:8080/feeds/feed")
            .count(),
        294
    );
    assert!(
        export.contains("fz:open=\"1\"") && export.contains("fz:color=\"c299\"") && !export.contains("c57\"")
    );
}

#[tokio::test]
async fn a_title_that_the_owner_gave_is_kept_and_the_feed_s_own_may_change() {
    let origin = Origin::start().await;
    for path in ["/own", "/given", "/gone"] {
        origin.at(path).gives(FEED);
    }
    origin.at("/gone").status(410);
    let outline =
        |title: &str, path: &str| format!("<outline text='{title}' xmlUrl='{}'/>", origin.url(path));
    let list = format!(
        "<opml><body><outline text='News &amp; more'>{}{}</outline>{}</body></opml>",
        outline(" a ", "/own"),
        outline("Caf&eacute;&nbsp;A \"1\"", "/given"),
        outline("Gone &ndash; but wanted", "/gone")
    );
    let home = std::sync::Arc::new(home().file("subs.opml", &list));
    let import = run(&home, &["opml", "import", "subs.opml", "--all"]).await;
    assert_eq!(import.code, 0, "{import:?}");
    let written = |name: &str| {
        let text = std::fs::read_to_string(home.path(&format!("feeds.d/{name}.toml"))).expect(name);
        text.parse::<toml::Table>().expect("TOML")["feeds"][name].clone()
    };
    assert_eq!(written("a").get("title"), None);
    assert_eq!(
        written("caf-a-1")["title"].as_str(),
        Some("Caf\u{e9}\u{a0}A \"1\"")
    );
    assert_eq!(
        written("gone-but-wanted")["title"].as_str(),
        Some("Gone \u{2013} but wanted")
    );
    assert_eq!(run(&home, &["check"]).await.code, 0);
    let export = run(&home, &["opml", "export"]).await.out;
    assert!(
        export.contains("text=\"News &amp; more\"") && export.contains("Caf\u{e9}\u{a0}A"),
        "{export}"
    );
}

#[test]
fn doctor_finds_a_working_deployment_good_and_says_what_is_wrong_with_another() {
    let home = Home::with_settings("[feeds.demo]\nurl = \"demo:\"\n");
    let mut server = Running::start(&home, &[]);
    let readers = server.said("readers");
    let public = format!("server.public_url={readers}");
    for reader in ["miniflux", "freshrss", "newsboat", "feedly"] {
        let ran = home.run(&["doctor", "--as", reader, "--set", &public]);
        assert_eq!(ran.code, 0, "{ran:?}");
        for line in [
            "ok  304",
            "ok  picture",
            "ok  compression",
            "ok  key",
            "ok  store",
        ] {
            assert!(ran.out.contains(line), "{line}\n{}", ran.out);
        }
        let refuses = ["miniflux", "freshrss"].contains(&reader);
        assert_eq!(
            ran.out.contains("unless it is set up with"),
            refuses,
            "{}",
            ran.out
        );
    }
    let elsewhere = home.run(&["doctor", "--url", &readers]);
    assert!(
        elsewhere.code == 1 && elsewhere.out.contains("--  address"),
        "{elsewhere:?}"
    );
    drop(server);
    let gone = home.run(&["doctor", "--set", &public]);
    assert!(
        gone.code == 1 && gone.out.contains("is the server running?"),
        "{gone:?}"
    );
}
