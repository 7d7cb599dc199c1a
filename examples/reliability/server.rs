//! The program, in a folder of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::walls::Walls;

/// A server that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
    /// Where readers are served: `127.0.0.1:PORT`.
    pub(crate) readers: String,
}

impl Server {
    pub(crate) fn start(settings: &str) -> Self {
        Self::within(settings, None)
    }

    /// The same, in a control group from its first instruction on.
    pub(crate) fn within(settings: &str, walls: Option<&Walls>) -> Self {
        let folder = folder();
        let command = program(&folder, walls);
        Self::run(command, folder, settings)
    }

    /// The same, on a disk that is late with everything it should be sure of (`fsync`, `fdatasync`): strace holds the
    /// caller back.
    pub(crate) fn on_a_disk(settings: &str, late: Duration) -> Self {
        let folder = folder();
        let command = if late.is_zero() {
            program(&folder, None)
        } else {
            // With `-D` strace is the child of the program, not its parent.
            let mut strace = command(&folder, Path::new("strace"));
            strace
                .env("PATH", "/usr/bin:/bin")
                .args([
                    "-D",
                    "-f",
                    "-qq",
                    "-o",
                    "/dev/null",
                    "--seccomp-bpf",
                    "-e",
                    "trace=fsync,fdatasync",
                    "-e",
                ])
                .arg(format!("inject=fsync,fdatasync:delay_enter={}", late.as_micros()))
                .arg(path());
            strace
        };
        Self::run(command, folder, settings)
    }

    fn run(mut command: Command, folder: PathBuf, settings: &str) -> Self {
        std::fs::write(folder.join("limpid.toml"), settings).expect("settings");
        let mut child = command
            .args([
                "serve",
                "--set",
                "server.listen=127.0.0.1:0",
                "--set",
                "admin.listen=127.0.0.1:0",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .expect("limpid beside this example: build it in the same profile");
        let out = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let line = lines
            .find(|line| line.starts_with("readers"))
            .expect("an address");
        let readers = line
            .rsplit("http://")
            .next()
            .expect("an address")
            .trim()
            .to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            folder,
            readers,
        }
    }

    /// The settings change while it runs.
    pub(crate) fn settings(&self, text: &str) {
        std::fs::write(self.folder.join("limpid.toml"), text).expect("settings");
    }

    pub(crate) fn rotate_key(&self) {
        let rotated = program(&self.folder, None)
            .args(["key", "rotate"])
            .stdout(Stdio::null())
            .status();
        assert!(rotated.expect("limpid").success(), "the key is rotated");
    }

    /// True while the process is there.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// A line of `/proc/PID/status`, in KiB: `VmRSS`, `VmHWM`.
    pub(crate) fn kib(&self, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let digits = line
            .unwrap_or_default()
            .trim_start_matches(':')
            .trim()
            .trim_end_matches("kB")
            .trim();
        digits.parse().unwrap_or(0)
    }

    /// From now on `VmHWM` is the most from here on.
    pub(crate) fn forget_the_most(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("/proc");
    }

    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _over = self.child.kill();
        let _over = self.child.wait();
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

/// A folder of this run's own.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("limpid-reliability-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The program that `LIMPID` names, or else `limpid`, one folder above the examples.
fn path() -> PathBuf {
    std::env::var_os("LIMPID").map_or_else(
        || {
            let example = std::env::current_exe().expect("a path");
            example.ancestors().nth(2).expect("a folder").join("limpid")
        },
        PathBuf::from,
    )
}

fn program(folder: &Path, walls: Option<&Walls>) -> Command {
    match walls {
        // The shell goes in and becomes the program.
        Some(walls) => {
            let mut shell = command(folder, Path::new("/bin/sh"));
            shell
                .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
                .arg(walls.door())
                .arg(path());
            shell
        }
        None => command(folder, &path()),
    }
}

/// Whatever is run, in `folder`, its log there too.
fn command(folder: &Path, path: &Path) -> Command {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log");
    let mut command = Command::new(path);
    command
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stderr(log);
    command
}
