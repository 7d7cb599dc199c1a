//! A real Redis engine on a free loopback port, ended with the test.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

pub(crate) struct Engine {
    process: Child,
    port: u16,
    settings: Vec<String>,
}

impl Engine {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With further settings of its own.
    pub(crate) fn start_with(settings: &[&str]) -> Self {
        let settings: Vec<String> = settings.iter().map(|word| (*word).to_owned()).collect();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        Self {
            process: serve(port, &settings),
            port,
            settings,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// As at a power cut: connections end, all data is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.process = serve(self.port, &self.settings);
    }

    /// The process stays and its port is open, but nothing answers any more.
    pub(crate) fn hang(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn wake(&self) {
        self.signal("-CONT");
    }

    /// What it says to a command whose answer is a number.
    pub(crate) async fn says(&self, command: &[&str]) -> i64 {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut asked = redis::cmd(command[0]);
        asked.arg(&command[1..]);
        asked.query_async(&mut connection).await.unwrap()
    }

    fn signal(&self, signal: &str) {
        let kill = ["-c", "kill \"$0\" \"$1\"", signal, &self.process.id().to_string()].map(str::to_owned);
        assert!(Command::new("sh").args(kill).status().unwrap().success());
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn serve(port: u16, settings: &[String]) -> Child {
    let mut process = Command::new("redis-server")
        .args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--port",
            &port.to_string(),
        ])
        .args(settings)
        .stdout(Stdio::piped())
        .spawn()
        .expect("redis-server is missing: run ./tests/run, which installs what the tests need");
    let mut lines = BufReader::new(process.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let ready = lines.any(|line| line.contains("Ready to accept connections"));
    assert!(ready, "redis-server did not start on port {port}");
    // Goes on reading, or the engine would stop at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    process
}
