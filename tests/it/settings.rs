//! What the program makes of settings, seen from outside.

use crate::support::program::{Home, Ran};

fn faults(ran: &Ran, expected: &[&str]) {
    assert_eq!(ran.code, 78, "{ran:?}");
    assert_eq!(ran.out, "");
    for text in expected {
        assert!(ran.err.contains(text), "{text}\n\n{}", ran.err);
    }
}

#[test]
fn an_unknown_setting_is_told_with_line_caret_and_a_better_name() {
    let home = Home::with_settings("[server]\nlisten = [\"127.0.0.1:0\"]\n\n[fetch]\ntimout = \"20s\"\n");
    for command in [&["check"][..], &["serve"], &["clean"], &["config", "show"]] {
        faults(
            &home.run(command),
            &[
                "error: unknown setting `fetch.timout`",
                "limpid.toml:5:1",
                "5 | timout = \"20s\"\n  | ^^^^^^\n",
                "did you mean `timeout`?",
            ],
        );
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let home = Home::with_settings(
        "[clean]\nimages = \"prox\"\n[fetch]\ntimeout = \"20\"\nper_host = 0\n[feeds.a]\nurl = \"ftp://a.example\"\n[nonsense]\n",
    );
    let ran = home.run(&["check"]);
    faults(
        &ran,
        &[
            "5 faults",
            "did you mean `proxy`?",
            "`20` is not a time with its unit",
        ],
    );
    let lines: Vec<usize> = ["toml:2:", "toml:4:", "toml:5:", "toml:7:", "toml:8:"]
        .iter()
        .map(|place| ran.err.find(place).expect(place))
        .collect();
    assert!(lines.is_sorted(), "{}", ran.err);
}

#[test]
fn faults_can_be_read_by_programs() {
    let home = Home::with_settings("[server]\nlistn = 1\n");
    let ran = home.run(&["check", "--output", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (78, ""));
    let told: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let fault = &told["faults"][0];
    assert_eq!(
        (fault["line"].as_u64(), fault["column"].as_u64()),
        (Some(2), Some(1))
    );
    assert_eq!(fault["help"], "did you mean `listen`?");
}

#[test]
fn settings_without_faults_say_so() {
    let ran = Home::with_settings("[feeds.a]\nurl = \"https://a.example/feed\"\n").run(&["check"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("no faults, 1 feed"), "{ran:?}");
}

#[test]
fn a_settings_file_that_is_not_there_or_not_toml_is_a_fault() {
    let home = Home::new().file("broken.toml", "[server\nlisten = 1\n");
    faults(
        &home.run(&["check", "--config", "nowhere.toml"]),
        &["nowhere.toml cannot be read"],
    );
    faults(
        &home.run(&["check", "--config", "broken.toml"]),
        &["broken.toml:1:"],
    );
    faults(&home.run(&["check", "--config", "."]), &["cannot be read"]);
}

#[test]
fn the_command_line_is_stronger_than_the_environment_and_that_than_the_file() {
    let home =
        Home::with_settings("[server]\nmax_connections = 1\n[fetch]\nper_host = 1\nmax_redirects = 1\n")
            .variable("LIMPID_FETCH_PER_HOST", "2")
            .variable("LIMPID_FETCH_MAX_REDIRECTS", "2");
    let ran = home.run(&["config", "show", "--set", "fetch.per_host=3", "--output", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let shown: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let of = |key: &str| {
        let shown = shown.as_array().expect("a list").iter().find(|s| s["key"] == key);
        let shown = shown.expect(key);
        (
            shown["value"].as_str().expect("value").to_owned(),
            shown["from"].as_str().expect("from").to_owned(),
        )
    };
    assert_eq!(of("fetch.per_host"), ("3".into(), "--set".into()));
    assert_eq!(
        of("fetch.max_redirects"),
        ("2".into(), "environment LIMPID_FETCH_MAX_REDIRECTS".into())
    );
    assert_eq!(of("server.max_connections").0, "1");
    assert!(of("server.max_connections").1.ends_with("limpid.toml:2"));
    assert_eq!(of("fetch.timeout"), ("\"20s\"".into(), "default".into()));
}

#[test]
fn the_template_is_the_file_in_the_repository_and_has_no_faults() {
    let printed = Home::new().run(&["config", "template"]);
    let kept = include_str!("../../config/limpid.toml");
    assert!(
        printed.out == kept,
        "run: limpid config template > config/limpid.toml"
    );
    let home = Home::with_settings(&printed.out);
    assert_eq!(home.run(&["check"]).code, 0);
    // The values are those in force without any file.
    let values = |home: &Home| {
        let ran = home.run(&["config", "show", "--output", "json"]);
        let shown: Vec<serde_json::Value> = serde_json::from_str(&ran.out).expect("JSON");
        let pair = |s: &serde_json::Value| (s["key"].to_string(), s["value"].to_string());
        shown.iter().map(pair).collect::<Vec<_>>()
    };
    assert_eq!(values(&home), values(&Home::new()));
}

#[test]
fn secrets_are_hidden_wherever_they_come_from() {
    let key = "c0ffee11".repeat(8);
    let home = Home::with_settings(&format!(
        "[sign]\nkeys = \"{key}\"\n[store]\nurl = \"redis://:c0ffee11@r.example\"\n"
    ));
    let ran = home.run(&["config", "show"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("(hidden)") && !ran.out.contains("c0ffee11"),
        "{ran:?}"
    );
    let home = Home::with_settings(&format!("[sign]\nkeys = \"{key} too many words here\"\n"));
    let ran = home.run(&["check"]);
    assert!(ran.code == 78 && !ran.err.contains("c0ffee11"), "{ran:?}");
}

#[test]
fn a_secret_comes_from_a_file_but_not_from_two_places() {
    let key = "0a".repeat(32);
    let home = Home::with_settings("")
        .file("key", &key)
        .variable("LIMPID_SIGN_KEYS_FILE", "key");
    let from_file = home.run(&["sign", "https://a.example/feed"]);
    assert_eq!(from_file.code, 0, "{from_file:?}");
    assert_eq!(home.entries(""), ["key", "limpid.toml"], "no key is made");
    let plain = Home::with_settings("").variable("LIMPID_SIGN_KEYS", &key);
    assert_eq!(plain.run(&["sign", "https://a.example/feed"]).out, from_file.out);
    let both = home.variable("LIMPID_SIGN_KEYS", &key);
    faults(
        &both.run(&["check"]),
        &["both LIMPID_SIGN_KEYS and LIMPID_SIGN_KEYS_FILE"],
    );
}

#[test]
fn a_misspelt_variable_is_a_fault() {
    let home = Home::new().variable("LIMPID_SERVER_LISTENN", "127.0.0.1:1");
    faults(
        &home.run(&["check"]),
        &["LIMPID_SERVER_LISTENN", "did you mean `LIMPID_SERVER_LISTEN`?"],
    );
}
