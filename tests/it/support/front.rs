//! A real proxy in front of the program, set up with a file of `deploy/`.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::program::Home;

/// A proxy of the field.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    program: &'static str,
    ending: &'static str,
}

pub(crate) const NGINX: Kind = Kind {
    name: "nginx",
    program: "/usr/sbin/nginx",
    ending: "conf",
};
pub(crate) const CADDY: Kind = Kind {
    name: "caddy",
    program: "/usr/bin/caddy",
    ending: "Caddyfile",
};
pub(crate) const APACHE: Kind = Kind {
    name: "apache",
    program: "/usr/sbin/apache2",
    ending: "conf",
};
pub(crate) const HAPROXY: Kind = Kind {
    name: "haproxy",
    program: "/usr/sbin/haproxy",
    ending: "cfg",
};

/// Where the proxy finds the program.
#[derive(Clone, Copy)]
pub(crate) enum Behind<'a> {
    Tcp(&'a str),
    Unix(&'a Path),
}

/// Something that runs in a process group of its own until the test is over.
pub(crate) struct Front(Child);

impl Drop for Front {
    fn drop(&mut self) {
        // Its workers are in its group.
        let group = format!("-{}", self.0.id());
        let _over = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _over = self.0.wait();
    }
}

impl Front {
    /// Starts `command`; it listens at `port` when this returns.
    #[expect(clippy::disallowed_methods, reason = "a look whether somebody listens")]
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        let child = command
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let front = Self(child.expect("it starts"));
        for _ in 0..400 {
            // To bind it for a look would take the port from who is about to.
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        front
    }

    /// The file `case` of this proxy, listening at `port` on loopback.
    pub(crate) fn of(kind: &Kind, case: &str, port: u16, behind: Behind<'_>, home: &Home) -> Self {
        assert!(
            Path::new(kind.program).exists(),
            "{} is missing: ./tests/run installs it",
            kind.program
        );
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
        let path = root.join(kind.name).join(format!("{case}.{}", kind.ending));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()));
        let text = around(kind, &dialling(kind, &listening(&text, port), behind), port, home);
        let file = home.path(&format!("{}-{case}", kind.name));
        std::fs::write(&file, text).expect("written");
        let mut command = Command::new(kind.program);
        command
            .args(arguments(kind, &file.display().to_string()))
            .env("HOME", home.path(""));
        Self::start(&mut command, port)
    }
}

/// A port of loopback that nobody has at the moment.
pub(crate) fn free_port() -> u16 {
    let bound = TcpListener::bind("127.0.0.1:0").expect("a port");
    bound.local_addr().expect("its address").port()
}

fn listening(text: &str, port: u16) -> String {
    text.replace("listen 80;", &format!("listen 127.0.0.1:{port};"))
        .replace("bind *:80", &format!("bind 127.0.0.1:{port}"))
        .replace("<VirtualHost *:80>", &format!("<VirtualHost 127.0.0.1:{port}>"))
        .replace(":80 {", &format!("http://127.0.0.1:{port} {{"))
}

/// The socket and the port that the files of `deploy/` name.
const SOCKET: &str = "/run/limpid/limpid.sock";
const PORT: &str = "127.0.0.1:8080";

/// The program's own address in place of the one in the file, whichever kind of address that is.
fn dialling(kind: &Kind, text: &str, behind: Behind<'_>) -> String {
    // How each proxy writes a socket, and the same as a port. nginx: with and without a path behind it.
    let spelled: &[(String, String)] = &match kind.name {
        "nginx" => vec![
            (format!("http://unix:{SOCKET}:/"), format!("http://{PORT}/")),
            (format!("http://unix:{SOCKET};"), format!("http://{PORT};")),
        ],
        "caddy" => vec![(format!("unix/{SOCKET}"), PORT.to_owned())],
        "apache" => vec![(
            format!("unix:{SOCKET}|http://localhost/"),
            format!("http://{PORT}/"),
        )],
        _ => vec![(format!("unix@{SOCKET}"), PORT.to_owned())],
    };
    let mut text = text.to_owned();
    for (socket, port) in spelled {
        match behind {
            Behind::Tcp(_) => text = text.replace(socket, port),
            Behind::Unix(_) => text = text.replace(port, socket),
        }
    }
    match behind {
        Behind::Tcp(address) => text.replace(PORT, address),
        Behind::Unix(socket) => text.replace(SOCKET, &socket.display().to_string()),
    }
}

/// What the program needs around the file of `deploy/` to run here.
fn around(kind: &Kind, text: &str, port: u16, home: &Home) -> String {
    let folder = home.path("");
    let folder = folder.display();
    match kind.name {
        "nginx" => format!(
            "daemon off; pid {folder}/nginx.pid; error_log stderr;\nuser root;\nevents {{}}\nhttp {{ access_log off; \
             client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; \
             uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;\n{text}\n}}"
        ),
        // Its log tells what readers were answered.
        "caddy" => format!("{{\n\tadmin off\n\tauto_https off\n}}\n{text}").replacen(
            &format!("http://127.0.0.1:{port} {{"),
            &format!("http://127.0.0.1:{port} {{\n\tlog {{\n\t\toutput file {folder}/access.log\n\t}}"),
            1,
        ),
        "apache" => {
            let modules = [
                "mpm_event",
                "authz_core",
                "proxy",
                "proxy_http",
                "env",
                "deflate",
                "filter",
            ]
            .map(|module| format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"));
            format!(
                "ServerRoot {folder}\nPidFile {folder}/apache.pid\nErrorLog /dev/stderr\nListen 127.0.0.1:{port}\n\
                 ServerName localhost\nDefaultRuntimeDir {folder}\n{}{text}",
                modules.concat()
            )
        }
        _ => text.to_owned(),
    }
}

fn arguments(kind: &Kind, file: &str) -> Vec<String> {
    let words: &[&str] = match kind.name {
        "nginx" => &["-c", file],
        "caddy" => &["run", "--adapter", "caddyfile", "--config", file],
        "apache" => &["-DFOREGROUND", "-f", file],
        _ => &["-db", "-f", file],
    };
    words.iter().map(ToString::to_string).collect()
}
