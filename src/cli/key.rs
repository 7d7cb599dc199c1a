//! `limpid key`: the signing keys.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::{Context, keyring, output};
use crate::config::{duration, keys};
use crate::sign::KeyRing;

/// List, rotate or prune signing keys
#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The keys, the one that signs first
    #[command(
        after_help = "Examples:\n  limpid key list\n  limpid key list --secret > keys    for sign.keys of another instance"
    )]
    List {
        /// Print the keys themselves, as sign.keys takes them
        #[arg(long)]
        secret: bool,
    },
    /// Sign with a new key from now on; old addresses keep working
    #[command(after_help = "Example:\n  limpid key rotate")]
    Rotate,
    /// Drop keys that were replaced long ago: pictures in articles kept since before then stop loading
    #[command(after_help = "Example:\n  limpid key prune --older-than 730d")]
    Prune {
        /// How long ago a key must have been replaced
        #[arg(long, value_name = "TIME", default_value = "365d", value_parser = duration)]
        older_than: Duration,
    },
}

impl Key {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let settings = context.settings()?;
        let now = context.clock.now();
        let folder = &settings.choices.store.path;
        let external = settings.choices.keys.as_ref();
        match (&self.what, external) {
            (What::List { secret }, _) => {
                let ring = keyring::lasting(&settings, context)?;
                if *secret {
                    return output::result(keys::text(&ring).as_bytes());
                }
                list(&ring, context)
            }
            (What::Rotate, None) => changed(&keys::rotate(folder, now)?, context),
            (What::Rotate, Some(ring)) => to_be_put_back(&keys::rotated(ring, now)?),
            (What::Prune { older_than }, None) => {
                let since = now.checked_sub(*older_than).unwrap_or(UNIX_EPOCH);
                changed(&keys::prune(folder, since, now)?, context)
            }
            (What::Prune { older_than }, Some(ring)) => {
                let since = now.checked_sub(*older_than).unwrap_or(UNIX_EPOCH);
                to_be_put_back(&keys::pruned(ring, since))
            }
        }
    }
}

fn changed(ring: &KeyRing, context: &Context) -> Result<(), Failure> {
    output::note("A server that is running takes this over by itself.");
    list(ring, context)
}

/// Keys that came from outside cannot be changed where they came from.
fn to_be_put_back(ring: &KeyRing) -> Result<(), Failure> {
    output::note("The keys come from sign.keys: put these in their place, on every instance.");
    output::result(keys::text(ring).as_bytes())
}

fn list(ring: &KeyRing, context: &Context) -> Result<(), Failure> {
    let made = |created: u64| match created {
        0 => "unknown".to_owned(),
        seconds => httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds)),
    };
    let does = |at: usize| if at == 0 { "signs" } else { "verifies" };
    if context.json() {
        let keys: Vec<Value> = ring
            .keys()
            .iter()
            .enumerate()
            .map(|(at, key)| json!({ "id": key.id, "created": key.created, "does": does(at) }))
            .collect();
        return output::json(&keys);
    }
    let mut text = String::new();
    for (at, key) in ring.keys().iter().enumerate() {
        let _ = writeln!(text, "{}  {:8}  made {}", key.id, does(at), made(key.created));
    }
    output::result(text.as_bytes())
}
