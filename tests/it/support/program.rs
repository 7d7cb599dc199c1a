//! The program itself, in a home of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A fresh machine: an empty home folder, an empty current folder, no environment.
pub(crate) struct Home {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        for name in ["home", "work"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Self {
            folder,
            variables: Vec::new(),
        }
    }

    /// With `limpid.toml` in the current folder.
    pub(crate) fn with_settings(text: &str) -> Self {
        Self::new().file("limpid.toml", text)
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    /// A path in the current folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// What stands in the current folder.
    pub(crate) fn entries(&self, name: &str) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path(name))
            .map(|entries| {
                entries
                    .map(|entry| {
                        entry
                            .expect("an entry")
                            .file_name()
                            .to_string_lossy()
                            .into_owned()
                    })
                    .collect()
            })
            .unwrap_or_default();
        names.sort();
        names
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_limpid")));
        command
            .args(arguments)
            .current_dir(self.path(""))
            .env_clear()
            .env("HOME", self.home())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it under a limit of the shell's (`ulimit -n 64`), and lets it run.
    pub(crate) fn start_under(&self, limit: &str, arguments: &[&str]) -> Child {
        let program = env!("CARGO_BIN_EXE_limpid");
        let script = format!("{limit} || exit 99; exec \"{program}\" \"$@\"");
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", &script, "sh"])
            .args(arguments)
            .current_dir(self.path(""))
            .env_clear()
            .env("HOME", self.home())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        shell.spawn().expect("a shell")
    }

    /// Starts it and lets it run.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the program starts")
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().expect("the program runs"))
    }

    /// Runs it to its end with `input` on stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // It may end before it has read everything.
        let _closed = child.stdin.take().expect("a pipe").write_all(input);
        Ran::from(child.wait_with_output().expect("the program ends"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("an exit code, not a signal"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// On ports of its own.
const SERVE: [&str; 5] = [
    "serve",
    "--set",
    "server.listen=127.0.0.1:0",
    "--set",
    "admin.listen=127.0.0.1:0",
];

/// A server that runs until the test is over.
pub(crate) struct Running {
    pub(crate) child: std::process::Child,
    lines: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

impl Running {
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::of(home.start(&[&SERVE[..], arguments].concat()))
    }

    /// Under a limit of the shell's.
    pub(crate) fn start_under(home: &Home, limit: &str, arguments: &[&str]) -> Self {
        Self::of(home.start_under(limit, &[&SERVE[..], arguments].concat()))
    }

    /// Starts it with these arguments and no others.
    pub(crate) fn as_it_is(home: &Home, arguments: &[&str]) -> Self {
        Self::of(home.start(arguments))
    }

    fn of(mut child: Child) -> Self {
        let out = child.stdout.take().expect("a pipe");
        let lines = std::io::BufRead::lines(std::io::BufReader::new(out));
        Self { child, lines }
    }

    /// What is printed behind `label`.
    pub(crate) fn said(&mut self, label: &str) -> String {
        let line = self
            .lines
            .by_ref()
            .map(|line| line.expect("UTF-8"))
            .find(|line| line.starts_with(label));
        line.expect(label).trim_start_matches(label).trim().to_owned()
    }

    pub(crate) fn signal(&self, name: &str) {
        let told = std::process::Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(told.expect("kill").success());
    }

    /// Its log, line by line. A line that does not come within a minute fails the test.
    pub(crate) fn log(&mut self) -> impl Iterator<Item = String> + use<> {
        use std::sync::mpsc::{RecvTimeoutError, channel};
        let err = self.child.stderr.take().expect("a pipe");
        let (said, heard) = channel();
        std::thread::spawn(move || {
            let lines = std::io::BufRead::lines(std::io::BufReader::new(err));
            lines.map_while(Result::ok).all(|line| said.send(line).is_ok())
        });
        std::iter::from_fn(
            move || match heard.recv_timeout(std::time::Duration::from_secs(60)) {
                Ok(line) => Some(line),
                Err(RecvTimeoutError::Disconnected) => None,
                Err(RecvTimeoutError::Timeout) => panic!("the program says nothing more"),
            },
        )
    }

    /// The answer to a GET.
    pub(crate) fn get(url: &str) -> (String, Vec<u8>) {
        Self::ask("GET", url)
    }

    /// The answer to a request without a body.
    #[expect(clippy::disallowed_methods, reason = "a reader dials the program itself")]
    pub(crate) fn ask(method: &str, url: &str) -> (String, Vec<u8>) {
        use std::io::Read as _;
        let (host, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
        let mut stream = std::net::TcpStream::connect(host).expect("a connection");
        write!(
            stream,
            "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a head");
        (
            String::from_utf8_lossy(&answer[..end]).into_owned(),
            answer.split_off(end + 4),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _over = self.child.kill();
        let _over = self.child.wait();
    }
}
