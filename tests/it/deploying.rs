//! Behind real proxies, with the very files of `deploy/`, and on sockets that somebody else opened.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::program::{Home, Running};

/// A proxy of the field.
struct Kind {
    name: &'static str,
    program: &'static str,
    ending: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "nginx",
        program: "/usr/sbin/nginx",
        ending: "conf",
    },
    Kind {
        name: "caddy",
        program: "/usr/bin/caddy",
        ending: "Caddyfile",
    },
    Kind {
        name: "apache",
        program: "/usr/sbin/apache2",
        ending: "conf",
    },
    Kind {
        name: "haproxy",
        program: "/usr/sbin/haproxy",
        ending: "cfg",
    },
];

/// One that runs until the test is over.
struct Front(Child);

impl Drop for Front {
    fn drop(&mut self) {
        // Its workers are in its group.
        let group = format!("-{}", self.0.id());
        let _over = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _over = self.0.wait();
    }
}

fn free_port() -> u16 {
    let bound = TcpListener::bind("127.0.0.1:0").expect("a port");
    bound.local_addr().expect("its address").port()
}

/// The file of `deploy/` with this machine's ports and paths put in, and what else the program needs around it.
fn settings(kind: &Kind, case: &str, port: u16, readers: &str, socket: &Path, home: &Home) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let path = root.join(kind.name).join(format!("{case}.{}", kind.ending));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()));
    let text = text
        .replace("127.0.0.1:8080", readers)
        .replace("/run/limpid/limpid.sock", &socket.display().to_string())
        .replace("listen 80;", &format!("listen 127.0.0.1:{port};"))
        .replace("bind *:80", &format!("bind 127.0.0.1:{port}"))
        .replace("<VirtualHost *:80>", &format!("<VirtualHost 127.0.0.1:{port}>"))
        .replace(":80 {", &format!("http://127.0.0.1:{port} {{"));
    let folder = home.path("");
    let folder = folder.display();
    let text = match kind.name {
        "nginx" => format!(
            "daemon off; pid {folder}/nginx.pid; error_log stderr;\nuser root;\nevents {{}}\nhttp {{ access_log off; \
             client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; \
             uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;\n{text}\n}}"
        ),
        "caddy" => format!("{{\n\tadmin off\n\tauto_https off\n}}\n{text}"),
        "apache" => format!(
            "ServerRoot {folder}\nPidFile {folder}/apache.pid\nErrorLog /dev/stderr\nListen 127.0.0.1:{port}\n\
             ServerName localhost\nDefaultRuntimeDir {folder}\n{}{text}",
            [
                "mpm_event",
                "authz_core",
                "proxy",
                "proxy_http",
                "env",
                "deflate",
                "filter"
            ]
            .map(|module| format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"))
            .concat()
        ),
        _ => text,
    };
    let file = home.path(&format!("{}-{case}", kind.name));
    std::fs::write(&file, text).expect("written");
    let file = file.display().to_string();
    match kind.name {
        "nginx" => vec!["-c".into(), file],
        "caddy" => vec![
            "run".into(),
            "--adapter".into(),
            "caddyfile".into(),
            "--config".into(),
            file,
        ],
        "apache" => vec!["-DFOREGROUND".into(), "-f".into(), file],
        _ => vec!["-db".into(), "-f".into(), file],
    }
}

/// Doctor, and the address of a reader as it was seen through the proxy.
fn through(kind: &Kind, case: &str) {
    assert!(
        Path::new(kind.program).exists(),
        "{} is missing: ./tests/run installs it",
        kind.program
    );
    let port = free_port();
    let path = if case == "root" { "" } else { "/limpid" };
    let public = format!("http://127.0.0.1:{port}{path}");
    let home = Home::with_settings(&format!(
        "[server]\npublic_url = \"{public}\"\ntrusted_proxies = [\"127.0.0.0/8\"]\n[feeds.demo]\nurl = \"demo:\"\n"
    ));
    let socket = home.path("limpid.sock");
    let listen = format!("server.listen=[\"127.0.0.1:0\", \"unix:{}\"]", socket.display());
    let mut server = Running::start(&home, &["--set", &listen]);
    let readers = server.said("readers");
    let readers = readers.trim_start_matches("http://");
    let arguments = settings(kind, case, port, readers, &socket, &home);
    let front = Command::new(kind.program)
        .args(arguments)
        .env("HOME", home.path(""))
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _front = Front(front.expect("it starts"));
    for _ in 0..200 {
        if TcpListener::bind(("127.0.0.1", port)).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    for reader in ["miniflux", "newsboat"] {
        let mut ran = home.run(&["doctor", "--as", reader]);
        // It listens a moment before it answers.
        for _ in 0..20 {
            if ran.code == 0 || !ran.out.contains("-- reachable") {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
            ran = home.run(&["doctor", "--as", reader]);
        }
        assert_eq!(ran.code, 0, "{} {case}\n{ran:?}", kind.name);
        for line in ["304", "picture", "compression"] {
            assert!(
                ran.out.contains(&format!("ok  {line}")),
                "{} {case}\n{}",
                kind.name,
                ran.out
            );
        }
        assert!(
            !ran.out.contains("none needed") && !ran.out.contains("shows none"),
            "{}",
            ran.out
        );
    }
}

fn all_cases(kind: &Kind) {
    for case in ["root", "subpath", "stripped"] {
        through(kind, case);
    }
}

#[test]
fn nginx_at_the_root_below_a_path_and_through_a_unix_socket() {
    all_cases(&KINDS[0]);
}

#[test]
fn caddy_at_the_root_below_a_path_and_through_a_unix_socket() {
    all_cases(&KINDS[1]);
}

#[test]
fn apache_at_the_root_below_a_path_and_through_a_unix_socket() {
    all_cases(&KINDS[2]);
}

#[test]
fn haproxy_at_the_root_below_a_path_and_through_a_unix_socket() {
    all_cases(&KINDS[3]);
}

/// As systemd does it: `systemd-socket-activate` opens the sockets, names them, and starts us at the first reader.
#[test]
fn both_doors_come_from_systemd_by_their_names() {
    let tool = "/usr/bin/systemd-socket-activate";
    if !Path::new(tool).exists() {
        return;
    }
    let (readers, owner) = (free_port(), free_port());
    let home = Home::with_settings(
        "[server]\nlisten = [\"systemd\"]\n[admin]\nlisten = [\"systemd\"]\n[feeds.demo]\nurl = \"demo:\"\n",
    );
    let child = Command::new(tool)
        .args([
            "-l",
            &format!("127.0.0.1:{owner}"),
            "-l",
            &format!("127.0.0.1:{readers}"),
        ])
        .args(["--fdname=owner:readers", env!("CARGO_BIN_EXE_limpid"), "serve"])
        .args(["--config", &home.path("limpid.toml").display().to_string()])
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _activated = Front(child.expect("it starts"));
    for _ in 0..200 {
        if TcpListener::bind(("127.0.0.1", readers)).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    let feed = Running::get(&format!("http://127.0.0.1:{readers}/feeds/demo")).0;
    assert!(feed.starts_with("HTTP/1.1 200"), "{feed}");
    let metrics = |port: u16| Running::get(&format!("http://127.0.0.1:{port}/metrics")).0;
    assert!(metrics(owner).starts_with("HTTP/1.1 200"));
    assert!(metrics(readers).starts_with("HTTP/1.1 404"));
}
