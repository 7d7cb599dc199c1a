//! What an operator can say: file shape, units, environment; all faults at once, with spans.
//!
//! Only this room reads settings files and the environment. What comes out are the rooms' own options.

pub mod template;
pub mod check;
pub mod watch;
pub mod apply;
pub mod layers;
pub mod schema;
pub mod setting;
mod values;
pub mod choices;
pub mod keys;
mod said;
mod wrappers;
pub mod input;
pub mod places;
pub mod units;
pub mod fault;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use crate::app;
use crate::endpoint::Origin;
use crate::serve::Listen;
use crate::sign::KeyRing;
use crate::store;

pub use apply::is_name;
pub use choices::{Choices, Feed, Images, Kind, Log};
pub use fault::{Fault, Faults};
pub use input::web_address;
pub use places::Environment;
use said::Said;
pub use units::duration;

/// The name of the feed that is served when there are no settings at all.
pub const DEMO: &str = "demo";

/// Settings in force.
#[derive(Debug)]
pub struct Settings {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// The folder of the file (or where it would be): `feeds.d` is here.
    pub folder: PathBuf,
    /// A folder of feeds that the file leaves behind, and the store with their signing keys, if that is another one.
    pub passed_over: Option<(PathBuf, Option<PathBuf>)>,
    /// The only source of the addresses written into feeds.
    pub public_url: Url,
    /// Everything but the feeds.
    pub choices: Choices,
    /// The feeds by name.
    pub feeds: BTreeMap<String, Feed>,
    /// What was said but of feeds, by `section.key`.
    said: BTreeMap<String, Said>,
}

/// One line of `config show`.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Shown {
    /// `section.key`, `feeds.NAME.key`.
    pub key: String,
    /// The value as TOML; a secret is hidden.
    pub value: String,
    /// `default`, `FILE:LINE`, `environment NAME`, `--set`.
    pub from: String,
}

/// Reads all settings: those in `file` (or where it is looked for), in the environment, in `flags` (`KEY=VALUE`).
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(file: Option<&Path>, flags: &[String], environment: &Environment) -> Result<Settings, Faults> {
    let place = environment.settings(file);
    let mut faults = Faults::default();
    let texts = layers::texts(&place, environment, flags, &mut faults);
    let layers: Vec<_> = texts.iter().filter_map(|text| text.parse(&mut faults)).collect();
    let mut applied = apply::apply(&layers, faults);
    check::check(&mut applied);

    let choices = &mut applied.choices;
    let public_url = public_url(choices);
    let names = environment.get("LISTEN_FDNAMES").unwrap_or_default();
    choices.serve.socket_names = names.split(':').map(ToOwned::to_owned).collect();
    choices.store.path = environment.state(&place).join(&choices.store.path);
    choices.fetch.user_agent = choices
        .fetch
        .user_agent
        .replace("VERSION", env!("CARGO_PKG_VERSION"))
        .replace(
            "PUBLIC_URL",
            public_url.as_ref().map_or("", Url::as_str).trim_end_matches('/'),
        );
    if place.file.is_none() && applied.feeds.is_empty() {
        let demo = Feed {
            url: Some(Origin::Demo),
            ..Feed::like(choices)
        };
        applied.feeds.insert(DEMO.to_owned(), demo);
    }
    let passed_over = environment.passed_over(file, &place).map(|feeds| {
        let store = environment.data_home().map(|home| home.join("data"));
        let store = store.filter(|store| *store != applied.choices.store.path && keys::file(store).exists());
        (feeds, store)
    });
    let (Some(public_url), faults) = (public_url, applied.faults) else {
        // Only a default that is no address could bring us here.
        let mut faults = Faults::default();
        faults.add(None, "server.public_url must be set", None);
        return Err(faults);
    };
    faults.or(Settings {
        passed_over,
        file: place.file,
        folder: place.folder,
        public_url,
        choices: applied.choices,
        feeds: applied.feeds,
        said: applied.said,
    })
}

/// What was said, or else the first address we listen on, as seen from this machine.
fn public_url(choices: &Choices) -> Option<Url> {
    choices.public_url.clone().or_else(|| {
        let address = choices.serve.listen.iter().find_map(|listen| match listen {
            Listen::Tcp(address) if address.port() != 0 => Some(*address),
            _ => None,
        });
        let mut address = address.unwrap_or_else(|| ([127, 0, 0, 1], 8080).into());
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        Url::parse(&format!("http://{address}")).ok()
    })
}

impl Settings {
    /// Everything the app is wired from.
    #[must_use]
    pub fn app(&self, keys: Arc<KeyRing>) -> app::Options {
        self.choices.app(&self.public_url, &self.feeds, keys)
    }

    /// Every setting with its value and where that came from.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let of_feeds = self.feeds.iter().flat_map(|(name, feed)| {
            feed.said.iter().map(move |(key, said)| Shown {
                key: format!("feeds.{name}.{key}"),
                value: said.value(),
                from: said.origin(),
            })
        });
        self.shown_but_feeds().into_iter().chain(of_feeds).collect()
    }

    /// The same without what was said of single feeds.
    #[must_use]
    pub fn shown_but_feeds(&self) -> Vec<Shown> {
        let mut shown = Vec::new();
        for section in &schema::SECTIONS {
            for about in section.abouts() {
                let key = format!("{}.{}", section.name, about.key);
                let (mut value, from) = match self.said.get(&key) {
                    Some(said) => (said.value(), said.origin()),
                    None if key == "server.public_url" => {
                        let url = self.public_url.as_str().trim_end_matches('/');
                        (format!("\"{url}\""), "default".to_owned())
                    }
                    None => (about.default.to_owned(), "default".to_owned()),
                };
                if about.secret && value != "\"\"" {
                    "\"(hidden)\"".clone_into(&mut value);
                }
                shown.push(Shown { key, value, from });
            }
        }
        shown
    }

    /// What an owner would not expect of where settings were found, in a sentence.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let ((feeds, store), file) = (self.passed_over.as_ref()?, self.file.as_ref()?);
        let keys = store.as_ref().map_or(String::new(), |store| {
            let store = store.display();
            format!(", and set store.path = \"{store}\", where the keys are that signed their pictures")
        });
        Some(format!(
            "the feeds in {} are not read, because {} comes first: move that folder beside it{keys}",
            feeds.display(),
            file.display()
        ))
    }

    /// How the store is opened.
    #[must_use]
    pub fn store(&self) -> store::Options {
        self.choices.store_kind().options(self.choices.store.timeout)
    }
}

#[cfg(test)]
mod tests;
