//! `limpid serve`: the proxy.

mod reload;
#[cfg(feature = "otel")]
mod traces;

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use url::Url;

use self::reload::Reloader;
use super::failure::Failure;
use super::{Context, keyring, output};
use crate::app::App;
use crate::config::Settings;
use crate::config::watch::Look;
use crate::pages;
use crate::serve::listen::Server;
use crate::sign::KeyRing;
#[cfg(not(feature = "otel"))]
use crate::telemetry;
use crate::telemetry::Shape;

/// Feeds named at the start; the rest is only counted.
const NAMED: usize = 20;
/// For work in threads when everything else is over.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Run the proxy
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  limpid serve                                         the built-in demo, if there are no settings yet\n  limpid serve --config /etc/limpid/limpid.toml\n  limpid serve --set server.listen=127.0.0.1:9000\n\nSIGTERM or SIGINT lets requests in flight finish; a second one ends at once. Changed settings are taken over while it runs (SIGHUP: now); wrong ones change nothing."
)]
pub(super) struct Serve {}

impl Serve {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let Self {} = self;
        // Looked at before they are read: what changes from here on is seen.
        let look = reload::look(context);
        let settings = read_apart(context)?;
        // Keys that are made by now are no change.
        let _made = keyring::of_server(&settings, context)?;
        let look = look.and_keys(&settings.choices.store.path);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| cannot(&error))?;
        let log = &settings.choices.log;
        let shape = if log.json { Shape::Json } else { Shape::Text };
        #[cfg(feature = "otel")]
        let traces = traces::Traces::start(shape, &log.level, &context.environment, runtime.handle());
        #[cfg(not(feature = "otel"))]
        telemetry::start(shape, &log.level);
        let keys = Arc::new(keyring::of_server(&settings, context)?);
        let served = runtime.block_on(serve(settings, keys, look, context));
        #[cfg(feature = "otel")]
        runtime.block_on(traces.over());
        runtime.shutdown_timeout(LAST_MOMENT);
        served
    }
}

async fn serve(
    mut settings: Settings,
    keys: Arc<KeyRing>,
    look: Look,
    context: &Context,
) -> Result<(), Failure> {
    let stop = Stop::new().map_err(|error| cannot(&error))?;
    let hang_up = signal(SignalKind::hangup()).map_err(|error| cannot(&error))?;
    let server = Server::bind(settings.choices.serve.clone())
        .await
        .map_err(|error| Failure::Failed(error.to_string()))?;
    // Port 0 is only known now.
    if let (None, Some(url)) = (&settings.choices.public_url, first_address(&server)) {
        settings.public_url = url;
    }
    // Thousands of feeds become what the app needs while another thread opens the store.
    let place = settings.store();
    let (store, mut options) = tokio::join!(App::store(&place), async { settings.app(Arc::clone(&keys)) });
    if let Some(agreed) = keyring::agreed(&settings, &store, &keys).await {
        options = settings.app(Arc::new(agreed));
    }
    let app = App::with_store(options, store, context.clock.clone());
    announce(&settings, &server, context)?;
    let owner = pages::owner(Arc::clone(&app), settings.choices.admin_hosts.clone());
    let reloader = Reloader {
        context,
        app: Arc::clone(&app),
        derived_url: settings
            .choices
            .public_url
            .is_none()
            .then(|| settings.public_url.clone()),
        started: reload::wired(settings.shown_but_feeds()),
        interval: settings.choices.reload_interval,
        store: settings.choices.store.path.clone(),
        look,
    };
    // What they became is in force; thousands of them as they were said are of no more use.
    drop(settings);
    tokio::select! {
        () = server.run(Arc::clone(&app), owner, stop.asked()) => {}
        () = app.keep_fresh() => {}
        never = reloader.run(hang_up) => match never {},
    }
    app.close().await;
    Ok(())
}

/// The settings, read on a thread that ends. Thousands of feeds are read into many small pieces that are soon gone;
/// what those become stays. On one heap the one would keep the room of the other; so it is for the next threads to use.
fn read_apart(context: &Context) -> Result<Settings, Failure> {
    std::thread::scope(|scope| {
        let read = scope.spawn(|| context.settings()).join();
        read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
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

/// The address as one can open it on this machine: all of a machine's addresses are none.
fn from_here(address: &str) -> String {
    let any = ["http://0.0.0.0:", "http://[::]:"];
    let port = any.iter().find_map(|any| address.strip_prefix(any));
    port.map_or_else(|| address.to_owned(), |port| format!("http://localhost:{port}"))
}

/// The addresses to open.
fn announce(settings: &Settings, server: &Server, context: &Context) -> Result<(), Failure> {
    let base = settings.public_url.as_str().trim_end_matches('/');
    let feeds = settings.feeds.keys().map(|name| format!("{base}/feeds/{name}"));
    if context.json() {
        let feeds: Vec<String> = feeds.collect();
        return output::json(
            &json!({ "readers": server.readers(), "owner": server.owner(), "feeds": feeds }),
        );
    }
    let mut text = format!("Limpid {}\n", env!("CARGO_PKG_VERSION"));
    let file = settings.file.as_ref();
    let _ = match file {
        Some(file) => writeln!(text, "settings  {}", file.display()),
        // Beside the feeds that were added already: a file here would come first, and leave them out.
        None => writeln!(
            text,
            "settings  none yet (limpid config template > {})",
            if settings.folder.is_dir() {
                settings.folder.join("limpid.toml").display().to_string()
            } else {
                "limpid.toml".to_owned()
            }
        ),
    };
    for address in server.readers() {
        let _ = writeln!(text, "readers   {}", from_here(&address));
    }
    for address in server.owner() {
        let _ = writeln!(text, "owner     {}", from_here(&address));
    }
    for feed in feeds.take(NAMED) {
        let _ = writeln!(text, "feed      {feed}");
    }
    let count = settings.feeds.len();
    if count > NAMED {
        let _ = writeln!(text, "          and {} more (limpid feed list)", count - NAMED);
    }
    if count == 0 {
        let _ = writeln!(text, "feed      none yet (limpid feed add https://…)");
    }
    if let Some(warning) = settings.warning() {
        tracing::warn!("{warning}");
    }
    match output::result(text.as_bytes()) {
        // Nobody reads it: no reason not to serve.
        Err(Failure::Output(_)) => Ok(()),
        other => other,
    }
}
