//! Settings read again while we serve: at SIGHUP, when a file has changed, and when the owner asks.
//!
//! All at once or not at all: wrong settings leave the old ones in force and say so. Readers notice
//! nothing, and no origin is asked but for feeds whose own policy has changed.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};
use url::Url;

use crate::app::{self, App, Reloaded};
use crate::cli::failure::Failure;
use crate::cli::{Context, keyring};
use crate::config::watch::{self, Look};
use crate::config::{Kind, Settings, Shown};

/// What is wired when the server starts. `log`: the lines of one process have one shape.
const AT_START: [&str; 15] = [
    "server.listen",
    "server.max_connections",
    "server.header_timeout",
    "server.write_timeout",
    "server.max_head",
    "server.max_headers",
    "server.max_streams",
    "server.drain_timeout",
    "admin.",
    "store.",
    "images.",
    "fetch.max_body",
    "refresh.background",
    "log.",
    "server.reload_interval",
];

/// How long a file stays the same when nobody is writing it.
const MOMENT: Duration = Duration::from_millis(200);

/// Who reloads, and what it must know for that.
pub(super) struct Reloader<'c> {
    pub(super) context: &'c Context,
    pub(super) app: Arc<App>,
    /// Where we are, when the settings do not say so.
    pub(super) derived_url: Option<Url>,
    /// What was wired at the start, as it was said.
    pub(super) started: Vec<Shown>,
    pub(super) interval: Duration,
    pub(super) store: PathBuf,
    /// What the settings in force were read from.
    pub(super) look: Look,
}

impl Reloader<'_> {
    /// Reloads whenever it is time to.
    pub(super) async fn run(mut self, mut hang_up: Signal) -> Infallible {
        let mut wishes = self.app.reload_wishes();
        let mut watch = Watch::new(self.look.clone(), self.interval);
        loop {
            let answer = tokio::select! {
                Some(()) = hang_up.recv() => None,
                () = watch.changed(|| self.look()) => None,
                Some(answer) = next(&mut wishes) => Some(answer),
            };
            watch.seen(self.look());
            let reloaded = self.reload();
            self.app.reloaded(reloaded.as_ref().err().map(String::as_str));
            match &reloaded {
                Ok(told) => tracing::info!("{told}"),
                Err(faults) => tracing::error!("the settings in force stay: {faults}"),
            }
            if let Some(answer) = answer {
                let _gone = answer.send(reloaded);
            }
        }
    }

    fn look(&self) -> Look {
        look(self.context).and_keys(&self.store)
    }

    /// Reads everything, then puts it in force.
    fn reload(&mut self) -> Reloaded {
        let (options, settings) = self.read().map_err(|failure| failure.to_string())?;
        if let Some(warning) = settings.warning() {
            tracing::warn!("{warning}");
        }
        // Told again at each reload, until it holds.
        let waiting = waiting(&self.started, &settings.shown_but_feeds());
        let feeds = options.endpoints.len();
        self.app.apply(options);
        let mut told = format!(
            "settings read again: {feeds} feed{}",
            if feeds == 1 { "" } else { "s" }
        );
        if !waiting.is_empty() {
            told.push_str("; these hold from the next start on: ");
            told.push_str(&waiting.join(", "));
        }
        Ok(told)
    }

    fn read(&self) -> Result<(app::Options, Settings), Failure> {
        let mut settings = self.context.settings()?;
        if settings.choices.public_url.is_none()
            && let Some(url) = &self.derived_url
        {
            settings.public_url.clone_from(url);
        }
        // Another store holds from the next start on, and so do the keys in it.
        settings.choices.store.path.clone_from(&self.store);
        let keys = match &settings.choices.keys {
            Some(_) => keyring::of_server(&settings, self.context)?,
            // Those that all instances agreed on.
            None if settings.choices.store.kind == Kind::Redis => self.app.in_force().signer.ring().clone(),
            None => match crate::config::keys::load(&self.store)? {
                Some(keys) => keys,
                // Nothing to write to: the key that was made at the start.
                None => self.app.in_force().signer.ring().clone(),
            },
        };
        Ok((settings.app(Arc::new(keys)), settings))
    }
}

/// How the files of settings look now.
pub(super) fn look(context: &Context) -> Look {
    watch::look(context.global.config.as_deref(), &context.environment)
}

/// The next wish, of whoever has any.
async fn next(wishes: &mut Option<mpsc::Receiver<app::Answer>>) -> Option<app::Answer> {
    wishes.as_mut()?.recv().await
}

/// Those of all settings that hold until the process ends.
pub(super) fn wired(shown: Vec<Shown>) -> Vec<Shown> {
    shown.into_iter().filter(|shown| waits(&shown.key)).collect()
}

fn waits(key: &str) -> bool {
    AT_START.iter().any(|start| key.starts_with(start))
}

/// Settings that were changed and do not hold before the next start.
fn waiting(before: &[Shown], now: &[Shown]) -> Vec<String> {
    let value = |all: &[Shown], key: &str| {
        let shown = all.iter().find(|shown| shown.key == key);
        shown.map(|shown| shown.value.clone())
    };
    now.iter()
        .filter(|shown| waits(&shown.key) && value(before, &shown.key) != Some(shown.value.clone()))
        .map(|shown| shown.key.clone())
        .collect()
}

/// Looks at the files now and then.
struct Watch {
    ticks: Option<tokio::time::Interval>,
    /// What is in force was read from this.
    read: Look,
}

impl Watch {
    fn new(read: Look, every: Duration) -> Self {
        let ticks = (!every.is_zero()).then(|| {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        Self { ticks, read }
    }

    fn seen(&mut self, now: Look) {
        self.read = now;
    }

    /// Over when the files have changed, and then stayed the same for a moment: nobody is still writing.
    async fn changed(&mut self, look: impl Fn() -> Look) {
        loop {
            match &mut self.ticks {
                Some(ticks) => ticks.tick().await,
                None => std::future::pending().await,
            };
            let moment = self
                .ticks
                .as_ref()
                .map_or(MOMENT, |ticks| MOMENT.min(ticks.period()));
            let mut now = look();
            while now != self.read {
                sleep(moment).await;
                let later = look();
                if later == now {
                    return;
                }
                now = later;
            }
        }
    }
}
