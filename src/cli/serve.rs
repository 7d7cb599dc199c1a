//! `limpid serve`: the proxy.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use url::Url;

use super::failure::Failure;
use super::{Context, keyring, output};
use crate::app::App;
use crate::config::Settings;
use crate::serve::listen::Server;
use crate::sign::KeyRing;
use crate::telemetry::{self, Shape};

/// Feeds named at the start; the rest is only counted.
const NAMED: usize = 20;
/// For work in threads when everything else is over.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Run the proxy
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  limpid serve                                         the built-in demo, if there are no settings yet\n  limpid serve --config /etc/limpid/limpid.toml\n  limpid serve --set server.listen=127.0.0.1:9000\n\nSIGTERM or SIGINT lets requests in flight finish; a second one ends at once. SIGHUP reads the feeds again."
)]
pub(super) struct Serve {}

impl Serve {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let Self {} = self;
        let settings = context.settings()?;
        let log = &settings.choices.log;
        telemetry::start(if log.json { Shape::Json } else { Shape::Text }, &log.level);
        let keys = Arc::new(keyring::of_server(&settings, context)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| cannot(&error))?;
        let served = runtime.block_on(serve(settings, keys, context));
        runtime.shutdown_timeout(LAST_MOMENT);
        served
    }
}

async fn serve(mut settings: Settings, keys: Arc<KeyRing>, context: &Context) -> Result<(), Failure> {
    let stop = Stop::new().map_err(|error| cannot(&error))?;
    let hang_up = signal(SignalKind::hangup()).map_err(|error| cannot(&error))?;
    let server = Server::bind(settings.choices.serve.clone())
        .await
        .map_err(|error| Failure::Failed(error.to_string()))?;
    // Port 0 is only known now.
    if let (None, Some(url)) = (&settings.choices.public_url, first_address(&server)) {
        settings.public_url = url;
    }
    let app = App::open(settings.app(Arc::clone(&keys)), context.clock.clone()).await;
    announce(&settings, &server, context)?;
    tokio::select! {
        () = server.run(Arc::clone(&app), stop.asked()) => {}
        () = app.keep_fresh() => {}
        never = reload(hang_up, &app, &settings.public_url, &keys, context) => match never {},
    }
    app.close().await;
    Ok(())
}

fn cannot(error: &io::Error) -> Failure {
    Failure::Failed(format!("the server cannot be started: {error}"))
}

/// The first TCP address we listen on, as seen from this machine.
fn first_address(server: &Server) -> Option<Url> {
    let addresses = server.readers();
    let mut address: std::net::SocketAddr = addresses
        .iter()
        .find_map(|address| address.strip_prefix("http://")?.parse().ok())?;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    Url::parse(&format!("http://{address}")).ok()
}

/// Told to stop: once in peace, twice at once.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Over at the first signal; from then on the next one ends the process.
    async fn asked(mut self) {
        self.next().await;
        tracing::info!("stopping: requests in flight may finish");
        tokio::spawn(async move {
            self.next().await;
            // As a shell reports a process that SIGINT ended.
            std::process::exit(130);
        });
    }
}

/// At each SIGHUP the feeds as the settings now say; wrong settings leave the old ones in force.
async fn reload(
    mut hang_up: Signal,
    app: &App,
    public_url: &Url,
    keys: &Arc<KeyRing>,
    context: &Context,
) -> std::convert::Infallible {
    loop {
        if hang_up.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        match context.settings() {
            Ok(mut settings) => {
                // What does not change while we run.
                settings.public_url.clone_from(public_url);
                let endpoints = settings.app(Arc::clone(keys)).endpoints;
                let feeds = endpoints.len();
                app.publish(endpoints);
                tracing::info!(
                    feeds,
                    "feeds read again; other settings hold from the next start on"
                );
            }
            Err(failure) => tracing::error!("the settings in force stay: {failure}"),
        }
    }
}

/// The addresses to open.
fn announce(settings: &Settings, server: &Server, context: &Context) -> Result<(), Failure> {
    let base = settings.public_url.as_str().trim_end_matches('/');
    let feeds: Vec<String> = settings
        .feeds
        .keys()
        .map(|name| format!("{base}/feeds/{name}"))
        .collect();
    if context.json() {
        return output::json(
            &json!({ "readers": server.readers(), "owner": server.owner(), "feeds": feeds }),
        );
    }
    let mut text = format!("Limpid {}\n", env!("CARGO_PKG_VERSION"));
    let file = settings.file.as_ref();
    let _ = match file {
        Some(file) => writeln!(text, "settings  {}", file.display()),
        None => writeln!(text, "settings  none yet (limpid config template > limpid.toml)"),
    };
    for address in server.readers() {
        let _ = writeln!(text, "readers   {address}");
    }
    for address in server.owner() {
        let _ = writeln!(text, "owner     {address}");
    }
    for feed in feeds.iter().take(NAMED) {
        let _ = writeln!(text, "feed      {feed}");
    }
    if feeds.len() > NAMED {
        let _ = writeln!(
            text,
            "          and {} more (limpid feed list)",
            feeds.len() - NAMED
        );
    }
    if feeds.is_empty() {
        let _ = writeln!(text, "feed      none yet (limpid feed add https://…)");
    }
    match output::result(text.as_bytes()) {
        // Nobody reads it: no reason not to serve.
        Err(Failure::Output(_)) => Ok(()),
        other => other,
    }
}
