//! What settings come to.
use super::*;
use crate::config::said::SaidOf;
use std::fmt::Write as _;

struct Case {
    dir: tempfile::TempDir,
    environment: Environment,
}

impl Case {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("limpid.toml"), text).unwrap();
        let environment = Environment {
            variables: BTreeMap::new(),
            folder: dir.path().to_owned(),
        };
        Self { dir, environment }
    }

    fn without_a_file() -> Self {
        let case = Self::new("");
        std::fs::remove_file(case.dir.path().join("limpid.toml")).unwrap();
        case
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.variables.insert(name.into(), value.into());
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn load(&self, flags: &[&str]) -> Result<Settings, Faults> {
        let flags: Vec<String> = flags.iter().map(|f| (*f).to_owned()).collect();
        super::load(None, &flags, &self.environment)
    }

    fn faults(&self, flags: &[&str]) -> String {
        self.load(flags).expect_err("faults").to_string()
    }
}

fn value(settings: &Settings, key: &str) -> [String; 2] {
    let shown = settings.shown().into_iter().find(|s| s.key == key).expect(key);
    [shown.value, shown.from]
}

#[test]
fn the_template_says_the_defaults() {
    let of = |text: &str| {
        let settings = Case::new(text).load(&[]).unwrap();
        let mut choices = settings.choices;
        choices.public_url = None;
        choices.store.path = PathBuf::new();
        (format!("{choices:#?}"), settings.public_url)
    };
    assert_eq!(of(&template::template()), of(""));
}

#[test]
fn every_default_of_a_feed_is_that_of_a_feed_that_says_nothing() {
    let mut text = String::from("[feeds.a]\n");
    let mut say = |key, value| writeln!(text, "{key} = {value}").unwrap();
    for row in schema::FEED.iter().filter(|row| row.about.key != "urls") {
        say(row.about.key, row.about.default);
    }
    let of = |text: &str| {
        let mut settings = Case::new(text).load(&[]).unwrap();
        let mut feed = settings.feeds.remove("a").unwrap();
        feed.said = SaidOf::default();
        format!("{feed:?}")
    };
    let bare = "[feeds.a]\nurl = \"https://blog.example/feed.xml\"";
    assert_eq!(of(&text), of(bare));
}

#[test]
fn flags_are_stronger_than_the_environment_and_that_is_stronger_than_the_file() {
    let case = Case::new("[fetch]\ntimeout = \"1s\"\nmax_redirects = 1\nper_host = 1")
        .variable("LIMPID_FETCH_MAX_REDIRECTS", "2")
        .variable("LIMPID_FETCH_PER_HOST", "2");
    let settings = case.load(&["fetch.per_host=3"]).unwrap();
    let fetch = &settings.choices.fetch;
    assert_eq!(
        (fetch.timeout.as_secs(), fetch.max_redirects, fetch.per_host),
        (1, 2, 3)
    );
    assert_eq!(value(&settings, "fetch.per_host"), ["3", "--set"]);
    assert_eq!(
        value(&settings, "fetch.max_redirects"),
        ["2", "environment LIMPID_FETCH_MAX_REDIRECTS"]
    );
    assert!(value(&settings, "fetch.timeout")[1].ends_with("limpid.toml:2"));
    assert_eq!(value(&settings, "fetch.max_body"), ["\"16MiB\"", "default"]);
}

#[test]
fn a_bare_word_is_a_text() {
    let settings = Case::new("")
        .variable("LIMPID_SERVER_LISTEN", "0.0.0.0:80, unix:/run/l.sock")
        .load(&[
            "clean.images=direct",
            "feeds.a.url=https://a.example/",
            "feeds.a.title=2024",
        ])
        .unwrap();
    assert_eq!(settings.choices.serve.listen.len(), 2);
    assert_eq!(settings.choices.clean.images, Images::Direct);
    assert_eq!(settings.feeds["a"].title.as_deref(), Some("2024"));
    assert_eq!(settings.public_url.as_str(), "http://127.0.0.1/");
}

#[test]
fn all_faults_come_at_once_each_with_its_line() {
    let faults = Case::new(
        "[sever]\nlisten = []\n[fetch]\ntimeout = 20\nmax_bdy = \"1MiB\"\nallow_private = [\"x\", \"10.0.0.0/8\", \"y\"]\n[feeds.A]\n[feeds.b]\n",
    )
    .faults(&["clean.images=dirct", "nonsense"]);
    for expected in [
        "error: unknown setting `sever`",
        "did you mean `server`?",
        "limpid.toml:1:2",
        "fetch.timeout: a text in quotes is needed here",
        "limpid.toml:4:11",
        "unknown setting `fetch.max_bdy`",
        "did you mean `max_body`?",
        "`x` is neither",
        "`y` is neither",
        "`A` is no name for a feed",
        "the feed `b` has no address",
        "clean.images: `dirct` is none of",
        "did you mean `direct`?",
        "--set needs KEY=VALUE",
        "9 faults",
    ] {
        assert!(faults.contains(expected), "{expected}\n\n{faults}");
    }
}

#[test]
fn broken_toml_is_told_with_its_line_and_the_rest_is_still_read() {
    let faults = Case::new("[fetch]\ntimeout = \nmax_bdy = 1\n").faults(&[]);
    assert!(faults.contains("limpid.toml:2:"), "{faults}");
    assert!(faults.contains("`fetch.max_bdy`"), "{faults}");
    assert!(faults.contains("2 faults"), "{faults}");
}

#[test]
fn a_key_in_the_wrong_section_is_sent_home() {
    let faults = Case::new("[server]\nper_host = 1\n").faults(&[]);
    assert!(faults.contains("`per_host` belongs under [fetch]"), "{faults}");
}

#[test]
fn a_secret_comes_from_a_file_or_a_variable_but_not_from_both() {
    let key = "ab".repeat(32);
    let case = Case::new("")
        .file("key", &format!("{key}\n"))
        .variable("LIMPID_SIGN_KEYS_FILE", "key");
    let settings = case.load(&[]).unwrap();
    assert_eq!(
        settings.choices.keys.as_ref().unwrap().keys()[0].secret,
        [0xab; 32]
    );
    assert_eq!(
        value(&settings, "sign.keys"),
        ["\"(hidden)\"", "environment LIMPID_SIGN_KEYS_FILE"]
    );
    let faults = case.variable("LIMPID_SIGN_KEYS", &key).faults(&[]);
    assert!(
        faults.contains("both LIMPID_SIGN_KEYS and LIMPID_SIGN_KEYS_FILE are set"),
        "{faults}"
    );
}

#[test]
fn a_secret_is_never_printed() {
    let faults = Case::new("[sign]\nkeys = \"hush hush\"\n[store]\nurl = \"http://:hush@a\"").faults(&[]);
    assert!(
        faults.contains("limpid.toml:2:8") && faults.contains("limpid.toml:4:7"),
        "{faults}"
    );
    assert!(!faults.contains("hush"), "{faults}");
}

#[test]
fn a_variable_that_names_no_setting_is_a_fault_unless_kubernetes_set_it() {
    let case = Case::new("")
        .variable("LIMPID_SERVICE_HOST", "10.0.0.1")
        .variable("LIMPID_PORT_8080_TCP_ADDR", "10.0.0.1");
    case.load(&[]).unwrap();
    let faults = case.variable("LIMPID_SERVER_LISTN", "x").faults(&[]);
    assert!(
        faults.contains("did you mean `LIMPID_SERVER_LISTEN`?"),
        "{faults}"
    );
}

#[test]
fn feeds_live_in_their_own_files_too_and_each_has_one_home() {
    let feed = |name: &str| format!("[feeds.{name}]\nurl = \"file:feeds/{name}.xml\"\n");
    let case = Case::new(&feed("a")).file("feeds.d/b.toml", &feed("b"));
    let settings = case.load(&[]).unwrap();
    assert_eq!(
        settings.feeds["b"].origins(),
        [Origin::File(case.dir.path().join("feeds/b.xml"))]
    );
    let case = case.file("feeds.d/c.toml", &(feed("a") + "[server]\nmax_connections = 1\n"));
    let faults = case.faults(&[]);
    assert!(faults.contains("the feed `a` is already there"), "{faults}");
    assert!(
        faults.contains("only [feeds.NAME] belongs in this file"),
        "{faults}"
    );
}

#[test]
fn a_feed_is_cleaned_as_the_others_unless_it_says_otherwise() {
    let text = "[feeds.a]\nurl = \"https://a.example/\"\n[feeds.a.clean]\nembeds = \"strip\"\n[feeds.a.refresh]\nmin = \"1h\"\n[clean]\nimages = \"strip\"";
    let settings = Case::new(text).load(&[]).unwrap();
    let clean = &settings.feeds["a"].clean;
    assert_eq!(clean.images, Images::Strip);
    assert_eq!(clean.embeds, crate::transform::clean::embeds::Policy::Strip);
    assert_eq!(settings.feeds["a"].refresh.freshness.min.as_secs(), 3600);
}

#[test]
fn settings_that_contradict_each_other_are_faults() {
    let faults = Case::new(
        "[server]\nlisten = [\"127.0.0.1:1\"]\n[admin]\nlisten = [\"127.0.0.1:1\"]\n[store]\nkind = \"redis\"\n[refresh]\nmin = \"2d\"\n[feeds.a]\nurl = \"file:x\"\nurls = [\"file:y\"]",
    )
    .faults(&[]);
    for expected in [
        "owner's door",
        "needs store.url",
        "min is longer than max",
        "both url and urls",
    ] {
        assert!(faults.contains(expected), "{expected}\n\n{faults}");
    }
}

#[test]
fn without_settings_there_is_the_demo_and_nothing_lands_in_the_current_folder() {
    let case = Case::without_a_file().variable("HOME", "/home/someone");
    let settings = case.load(&[]).unwrap();
    assert_eq!(settings.feeds[DEMO].origins(), [Origin::Demo]);
    assert_eq!(
        settings.choices.store.path,
        Path::new("/home/someone/.local/share/limpid/data")
    );
    let settings = case.load(&["feeds.a.url=file:a.xml"]).unwrap();
    assert_eq!(settings.feeds.keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(
        settings.feeds["a"].origins(),
        [Origin::File(case.dir.path().join("a.xml"))]
    );
}

#[test]
fn the_rooms_get_their_options() {
    let settings = Case::new(
        "[server]\npublic_url = \"https://x.example/sub/\"\n[store]\ntimeout = \"250ms\"\n[images]\nmax_size = \"1MiB\"\n[feeds.a]\nurl = \"https://a.example/f\"",
    )
    .load(&[])
    .unwrap();
    let keys = Arc::new(keys::fresh(std::time::UNIX_EPOCH).unwrap());
    let app = settings.app(keys);
    assert_eq!(app.image_fetch.max_body, 1 << 20);
    let store = crate::store::Options::from(&app);
    assert_eq!(store.timeout, std::time::Duration::from_millis(250));
    let address = app.endpoints[0].transform.self_url.as_ref().unwrap();
    assert_eq!(address.as_str(), "https://x.example/sub/feeds/a");
    assert!(
        app.fetch.user_agent.ends_with("(+https://x.example/sub)"),
        "{}",
        app.fetch.user_agent
    );
    assert!(app.template.transform.self_url.is_none());
}

#[test]
fn wrappers_of_pictures_can_be_added() {
    let settings = Case::new(
        r#"
[[images.unwrap]]
hosts = ["IMG.example.", "*.cdn.example"]
path = "/thumb/*"
parameter = "src"

[[images.unwrap]]
hosts = ["sized.example"]
match = '^https://sized\.example/\d+/(.+)$'
replace = 'https://pics.example/${1}'

[[images.unwrap]]
hosts = ["weserv.example"]
as = "weserv"

[[images.unwrap]]
hosts = ["proxy.example"]
after = "/to/"
"#,
    )
    .load(&[])
    .unwrap();
    let policy = settings.choices.policy(&settings.choices.clean, None);
    for (wrapped, origin) in [
        (
            "https://img.example/thumb/1?src=https://pics.example/p",
            "https://pics.example/p",
        ),
        ("https://sized.example/90/p.png", "https://pics.example/p.png"),
        (
            "https://weserv.example/?url=pics.example/p",
            "https://pics.example/p",
        ),
        (
            "https://proxy.example/a/to/https://pics.example/p",
            "https://pics.example/p",
        ),
    ] {
        let mut cleaner = crate::transform::clean::Cleaner::new(&policy);
        let clean = cleaner.html(&format!("<img src=\"{wrapped}\">"), None);
        assert!(clean.contains(&format!("src=\"{origin}\"")), "{wrapped}: {clean}");
    }
}

#[test]
fn a_wrapper_that_cannot_be_is_a_fault_with_its_place() {
    for (rule, told) in [
        ("parameter = \"u\"", "a rule needs `hosts`"),
        ("hosts = []\nparameter = \"u\"", "a rule needs at least one host"),
        (
            "hosts = [\"https://a.example/\"]\nparameter = \"u\"",
            "is no host",
        ),
        ("hosts = [\"a.example\"]", "a rule needs one of `parameter`"),
        (
            "hosts = [\"a.example\"]\nparameter = \"u\"\nas = \"path\"",
            "a rule needs one of `parameter`",
        ),
        ("hosts = [\"a.example\"]\nparameter = \"\"", "must not be empty"),
        (
            "hosts = [\"a.example\"]\nas = \"wserv\"",
            "did you mean `weserv`?",
        ),
        (
            "hosts = [\"a.example\"]\npath = \"x\"\nas = \"path\"",
            "a path begins with `/` or `*`",
        ),
        (
            "hosts = [\"a.example\"]\nmatch = '(a'\nreplace = 'b'",
            "is no regular expression",
        ),
        (
            "hosts = [\"a.example\"]\nmatch = '(a)'",
            "a rule needs both `match` and `replace`",
        ),
        (
            "hosts = [\"a.example\"]\nmatch = '(a)'\nreplace = 'https://b.example/$2'",
            "`match` has no group `2`",
        ),
        (
            "hosts = [\"a.example\"]\nparametre = \"u\"",
            "did you mean `parameter`?",
        ),
    ] {
        let faults = Case::new(&format!("[[images.unwrap]]\n{rule}\n")).faults(&[]);
        assert!(faults.contains(told), "{rule}\n\n{faults}");
        assert!(
            faults.contains("limpid.toml:") && faults.contains('^'),
            "{rule}\n\n{faults}"
        );
    }
}
