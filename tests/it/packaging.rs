//! What Limpid is shipped in: images, compose files, the Debian package, systemd's units.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::Home;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files of `deploy/` and beside it that set our variables.
fn shipped() -> Vec<PathBuf> {
    let mut paths = vec![root().join("Dockerfile"), root().join("compose.yaml")];
    let mut folders = vec![root().join("deploy")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                paths.push(path);
            }
        }
    }
    paths
}

#[test]
fn every_variable_that_a_shipped_file_sets_is_a_setting_and_holds() {
    // `LIMPID_X: value`, `LIMPID_X=value`, `{ name: LIMPID_X, value: value }`.
    let set =
        regex::Regex::new(r#"(LIMPID_[A-Z_]+)(?:\s*[:=]\s*|, value: )('[^']*'|"[^"]*"|\S+)"#).expect("regex");
    let mut seen = BTreeSet::new();
    for path in shipped() {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let mut home = Home::new();
        let mut names = Vec::new();
        for found in set.captures_iter(&text) {
            let (name, value) = (&found[1], found[2].trim_matches(['\'', '"']));
            seen.insert(name.to_owned());
            // Files that only exist there, and what a template puts in.
            if name != "LIMPID_CONFIG" && !name.ends_with("_FILE") && !value.starts_with("{{") {
                home = home.variable(name, value);
                names.push(name.to_owned());
            }
        }
        let ran = home.run(&["config", "show", "--output", "json"]);
        assert_eq!(ran.code, 0, "{}\n{ran:?}", path.display());
        let silent: Vec<_> = names.iter().filter(|name| !ran.out.contains(*name)).collect();
        assert!(silent.is_empty(), "{}: no settings: {silent:?}", path.display());
    }
    assert!(seen.len() >= 8, "{seen:?}");
}

#[test]
fn both_ways_to_the_image_make_the_same() {
    let below_copies = |path: &str| {
        let text = read(path);
        let last = text.rfind("\nCOPY ").expect("a COPY");
        let end = text[last + 1..].find('\n').expect("more lines");
        text[last + 1 + end..].to_owned()
    };
    assert_eq!(
        below_copies("Dockerfile"),
        below_copies("deploy/image/Dockerfile")
    );
    let text = read("Dockerfile");
    for part in [
        "USER 65532:65532",
        "HEALTHCHECK",
        "org.opencontainers.image.version",
        "\nFROM scratch\n",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

/// What stands in the image is enough for the program: it runs with nothing else around it.
#[test]
fn the_root_of_the_image_holds_all_that_the_program_needs() {
    let home = Home::new();
    let image = home.path("image");
    let made = Command::new(root().join("deploy/image/rootfs"))
        .args([Path::new(env!("CARGO_BIN_EXE_limpid")), &image])
        .output()
        .expect("a shell");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let names: BTreeSet<_> = std::fs::read_dir(&image)
        .expect("the root")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let expected = ["data", "etc", "limpid"];
    let others: Vec<_> = names
        .iter()
        .filter(|name| !expected.contains(&name.as_str()) && !name.starts_with("lib") && *name != "usr")
        .collect();
    assert!(
        expected.iter().all(|name| names.contains(*name)) && others.is_empty(),
        "{names:?}"
    );
    // Only root may change the root; elsewhere the loader in there is asked for what it finds.
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0);
    if is_root {
        let ran = Command::new("/usr/sbin/chroot")
            .args([
                "--userspec=65532:65532",
                &image.display().to_string(),
                "/limpid",
                "clean",
                "--to",
                "atom",
            ])
            .env("LIMPID_STORE_PATH", "/data")
            .stdin(std::fs::File::open(root().join("src/demo/feed.xml")).expect("the demo"))
            .output()
            .expect("chroot");
        let out = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && out.contains("<feed"), "{ran:?}");
        assert!(image.join("data/keys").exists(), "its user may write into /data");
    }
}

#[test]
fn the_settings_that_the_package_brings_hold() {
    let ran = Home::with_settings(&read("deploy/debian/limpid.toml")).run(&["check"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn the_debian_package_takes_files_that_are_there() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let deb = &manifest["package"]["metadata"]["deb"];
    let mut destinations = BTreeSet::new();
    for asset in deb["assets"].as_array().expect("assets") {
        let [from, to] = [0, 1].map(|at| asset[at].as_str().expect("a path"));
        assert!(
            destinations.insert((from.rsplit('/').next(), to)),
            "{to} is written twice"
        );
        // Made by deploy/debian/build.
        if from.starts_with("target/") {
            continue;
        }
        // A star is all that a pattern may hold.
        let (folder, name) = from.rsplit_once('/').unwrap_or(("", from));
        let start = name.split('*').next().unwrap_or_default();
        let mut there = std::fs::read_dir(root().join(folder)).expect(from).flatten();
        let is_there = there.any(|entry| entry.file_name().to_string_lossy().starts_with(start));
        assert!(is_there && (name == start || name.contains('*')), "{from}");
    }
    // Without it nothing would be enabled or started.
    let scripts = deb["maintainer-scripts"].as_str().expect("a folder");
    assert!(root().join(scripts).is_dir(), "{scripts}");
    for unit in deb["systemd-units"].as_array().expect("units") {
        let name = unit["unit-name"].as_str().expect("a name");
        // `deploy/debian/postinst` does it, and better.
        for by_itself in ["restart-after-upgrade", "stop-on-upgrade"] {
            assert_eq!(unit[by_itself].as_bool(), Some(false), "{name}: {by_itself}");
        }
        assert!(
            root().join(format!("deploy/systemd/{name}.socket")).exists(),
            "{name}"
        );
    }
}

/// What a script of the package tells systemd to do, where systemd runs.
fn tells_systemd(script: &str, arguments: &[&str]) -> String {
    let home = Home::new().file("run/systemd/system/.keep", "").file(
        "deb-systemd-invoke",
        "#!/bin/sh\necho \"$@\" >> \"$DPKG_ROOT/told\"\n",
    );
    let machine = home.path("");
    let stub = machine.join("deb-systemd-invoke");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&stub, mode).expect("may be run");
    let ran = Command::new("/bin/sh")
        .arg(root().join("deploy/debian").join(script))
        .args(arguments)
        .env("DPKG_ROOT", &machine)
        .env("PATH", format!("{}:/usr/bin:/bin", machine.display()))
        .output()
        .expect("a shell");
    assert!(ran.status.success(), "{ran:?}");
    std::fs::read_to_string(machine.join("told")).unwrap_or_default()
}

#[test]
fn an_upgrade_of_the_package_starts_the_service_again_and_leaves_its_sockets_open() {
    assert_eq!(
        tells_systemd("postinst", &["configure", "0.1.0-1"]),
        "restart limpid.service\n"
    );
    assert_eq!(
        tells_systemd("postinst", &["configure", ""]),
        "",
        "cargo-deb's lines start it"
    );
    assert_eq!(tells_systemd("prerm", &["upgrade", "0.2.0-1"]), "");
    assert_eq!(
        tells_systemd("prerm", &["remove"]),
        "stop limpid.socket limpid-admin.socket limpid.service\n"
    );
}

#[test]
fn systemd_takes_the_units_as_they_are_and_never_gives_up_on_them() {
    let mut home = Home::new();
    let names = ["limpid.service", "limpid.socket", "limpid-admin.socket"];
    for name in names {
        let unit = read(&format!("deploy/systemd/{name}"));
        home = home.file(
            name,
            &unit.replace("/usr/bin/limpid", env!("CARGO_BIN_EXE_limpid")),
        );
    }
    let ran = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(names)
        .current_dir(home.path(""))
        .output()
        .expect("systemd-analyze: ./tests/run installs it");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && !said.contains("limpid"), "{said}");
    // Beyond a limit of starts systemd lets the sockets go, and nothing but a person brings them back.
    let service = read("deploy/systemd/limpid.service");
    for line in ["StartLimitIntervalSec=0", "Restart=on-failure", "RestartSec=5s"] {
        assert!(service.lines().any(|there| there == line), "{line}");
    }
}

/// `systemd-analyze` judges the unit: 0.0 is shut, 10.0 is open.
#[test]
fn the_unit_is_shut_as_far_as_it_can_be() {
    let ran = Command::new("systemd-analyze")
        .args([
            "security",
            "--offline=true",
            "--threshold=15",
            "deploy/systemd/limpid.service",
        ])
        .current_dir(root())
        .output()
        .expect("systemd-analyze: ./tests/run installs it");
    let out = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{out}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(out.contains("OK"), "{out}");
}
