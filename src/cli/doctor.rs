//! `limpid doctor`: the deployment as a reader meets it.

mod address;
mod readers;

use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::json;
use url::Url;

use self::readers::{READERS, Reader};
use super::failure::Failure;
use super::{Context, network, output};
use crate::config::{Kind, Settings, keys, web_address};
use crate::fetch::probe::{Probed, probe};
use crate::fetch::{self, guard::Allow};
use crate::local::why;
use crate::pages::subscribe;

/// Clocks may differ by so much.
const CLOCK: Duration = Duration::from_mins(5);

/// Check the running deployment as a reader meets it: address, 200 then 304, compression, pictures, keys, store
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  limpid doctor\n  limpid doctor --url https://feeds.example.org --as miniflux"
)]
pub(super) struct Doctor {
    /// The address readers use [default: server.public_url]
    #[arg(long, value_name = "PUBLIC_URL", value_parser = web_address)]
    url: Option<Url>,
    /// Ask as this reader does
    #[arg(long = "as", value_name = "READER", value_parser = READERS.map(|reader| reader.name))]
    reader: Option<String>,
    /// The feed to ask for [default: the first one]
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,
}

/// Pictures of a feed that are asked for, until one loads.
const MAX_PICTURES: usize = 5;

/// One thing that was looked at.
struct Check {
    name: &'static str,
    good: bool,
    says: String,
}

fn good(name: &'static str, says: impl Into<String>) -> Check {
    Check {
        name,
        good: true,
        says: says.into(),
    }
}

fn bad(name: &'static str, says: impl Into<String>) -> Check {
    Check {
        good: false,
        ..good(name, says)
    }
}

impl Doctor {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let settings = context.settings()?;
        let mut checks = vec![store(&settings), key(&settings)];
        let outside = Outside::new(self, &settings)?;
        checks.extend(network::run(outside.look(context.clock.now()))?);
        let wrong = checks.iter().filter(|check| !check.good).count();
        if context.json() {
            let list: Vec<_> = checks
                .iter()
                .map(|check| json!({ "check": check.name, "good": check.good, "says": check.says }))
                .collect();
            output::json(&json!({ "url": outside.base, "good": wrong == 0, "checks": list }))?;
        } else {
            for check in &checks {
                let mark = if check.good { "ok " } else { "-- " };
                output::line(&format!("{mark} {:12} {}", check.name, check.says))?;
            }
        }
        match wrong {
            0 => Ok(()),
            _ => Err(Failure::Shown(1)),
        }
    }
}

/// Whether what is kept can be kept.
fn store(settings: &Settings) -> Check {
    let store = &settings.choices.store;
    if store.kind == Kind::Memory {
        return good(
            "store",
            "kept in memory: everything is fetched again after a restart",
        );
    }
    let probe = store.path.join(".doctor");
    let written = std::fs::create_dir_all(&store.path).and_then(|()| std::fs::write(&probe, b"x"));
    let _gone = std::fs::remove_file(&probe);
    let path = store.path.display();
    match written {
        Ok(()) => good("store", format!("{path} can be written")),
        Err(error) => bad(
            "store",
            format!("{path} cannot be written: {} (store.path)", why(&error)),
        ),
    }
}

/// Whether pictures in articles that readers have kept will load after a restart.
fn key(settings: &Settings) -> Check {
    if settings.choices.keys.is_some() {
        return good("key", "given by sign.keys");
    }
    match keys::load(&settings.choices.store.path) {
        Ok(Some(ring)) => good("key", format!("{} kept in the store's folder", ring.keys().len())),
        Ok(None) => bad(
            "key",
            "there is none in the store's folder: is this the folder that the server uses?",
        ),
        Err(error) => bad("key", error.to_string()),
    }
}

/// The deployment from outside.
struct Outside {
    /// Without a trailing slash.
    base: String,
    /// What the settings say it is.
    said: String,
    feed: Option<String>,
    reader: &'static Reader,
    options: fetch::Options,
}

impl Outside {
    fn new(doctor: &Doctor, settings: &Settings) -> Result<Self, Failure> {
        let url = doctor.url.as_ref().unwrap_or(&settings.public_url);
        let base = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        if let Some(name) = doctor
            .feed
            .as_ref()
            .filter(|name| !settings.feeds.contains_key(*name))
        {
            return Err(Failure::Failed(format!("there is no feed `{name}`")));
        }
        let reader = doctor.reader.as_deref().unwrap_or("newsboat");
        let mut readers = READERS.iter();
        // This address and no other private one.
        let allow = Allow {
            networks: Vec::new(),
            hosts: url
                .host_str()
                .and_then(|host| Some((host.to_owned(), url.port_or_known_default()?)))
                .into_iter()
                .collect(),
        };
        Ok(Self {
            base: base(url),
            said: base(&settings.public_url),
            feed: doctor
                .feed
                .clone()
                .or_else(|| settings.feeds.keys().next().cloned()),
            reader: readers
                .find(|known| known.name == reader)
                .ok_or_else(|| Failure::Usage(format!("`{reader}` is no reader that is known here")))?,
            options: fetch::Options {
                allow_private: allow,
                ..settings.choices.fetch.clone()
            },
        })
    }

    async fn get(&self, address: &str, headers: &[(&str, &str)]) -> Result<Probed, String> {
        let url = Url::parse(address).map_err(|error| error.to_string())?;
        probe(&self.options, &url, headers)
            .await
            .map_err(|error| error.to_string())
    }

    async fn look(&self, now: SystemTime) -> Vec<Check> {
        let mut checks = vec![address::said(&self.base, &self.said)];
        match self.get(&format!("{}/healthz", self.base), &[]).await {
            Ok(answer) if answer.status == 200 => {
                checks.push(good("reachable", format!("{} answers", self.base)));
                checks.push(clock(&answer, now));
            }
            Ok(answer) => {
                let says = format!(
                    "{}/healthz answers {}: does the proxy in front pass this path on?",
                    self.base, answer.status
                );
                checks.push(bad("reachable", says));
                return checks;
            }
            Err(error) => {
                checks.push(bad(
                    "reachable",
                    format!("{}: {error}; is the server running?", self.base),
                ));
                return checks;
            }
        }
        checks.push(self.owner().await);
        match &self.feed {
            Some(name) => checks.extend(self.feed(name).await),
            None => checks.push(bad("feed", "there is no feed yet: limpid feed add https://…")),
        }
        checks
    }

    /// The owner's door must not be where readers come in.
    async fn owner(&self) -> Check {
        match self.get(&format!("{}/metrics", self.base), &[]).await {
            Ok(answer) if answer.status == 200 => bad(
                "owner",
                "the owner's door is open to readers: do not let the proxy pass on to admin.listen",
            ),
            _ => good("owner", "readers do not reach the owner's pages"),
        }
    }

    /// A feed as this reader asks for it, twice.
    async fn feed(&self, name: &str) -> Vec<Check> {
        let address = format!("{}/feeds/{name}", self.base);
        let first = match self.get(&address, self.reader.headers).await {
            Ok(answer) if answer.status == 200 => answer,
            Ok(answer) => {
                let next = match answer.status {
                    404 => "does the proxy double or drop the path of server.public_url?",
                    301..=308 => "a feed's address must not redirect: many readers follow it for good",
                    _ => "see `limpid explain` for the origin's side",
                };
                return vec![bad(
                    "feed",
                    format!("{address} answers {}: {next}", answer.status),
                )];
            }
            Err(error) => return vec![bad("feed", format!("{address}: {error}"))],
        };
        let mut checks = vec![good(
            "feed",
            format!("{} gets 200 and {} bytes", self.reader.name, first.body.len()),
        )];
        checks.push(compression(&first));
        checks.push(self.again(&address, &first).await);
        checks.push(self.picture(&address).await);
        checks.extend(self.reader(&address));
        checks
    }

    /// What this reader must be told before it asks a private address at all.
    fn reader(&self, address: &str) -> Option<Check> {
        let told = subscribe::told_reader(self.reader.name, address)?;
        subscribe::is_private(address).then(|| {
            let says = format!(
                "the address is private: {} refuses it unless it is set up with {told}",
                self.reader.name
            );
            good("reader", says)
        })
    }

    async fn again(&self, address: &str, first: &Probed) -> Check {
        let mut headers = self.reader.headers.to_vec();
        let (etag, date) = (
            first.header("etag").to_owned(),
            first.header("last-modified").to_owned(),
        );
        if etag.is_empty() || date.is_empty() {
            return bad(
                "304",
                "ETag or Last-Modified is missing: does the proxy in front drop it?",
            );
        }
        headers.push(("if-none-match", &etag));
        headers.push(("if-modified-since", &date));
        match self.get(address, &headers).await {
            Ok(answer) if answer.status == 304 && answer.body.is_empty() => {
                good("304", format!("{} gets 304 the second time", self.reader.name))
            }
            Ok(answer) => bad(
                "304",
                format!(
                    "{} is answered {} the second time: does the proxy change ETag {etag}?",
                    self.reader.name, answer.status
                ),
            ),
            Err(error) => bad("304", error),
        }
    }

    /// The first picture that loads. Some origins are gone; the way through us is what is looked at.
    async fn picture(&self, address: &str) -> Check {
        let plain = self.get(address, &[("accept-encoding", "identity")]).await;
        let text = plain.map(|answer| String::from_utf8_lossy(&answer.body).replace("\\/", "/"));
        let text = text.unwrap_or_default();
        let mut wrong = None;
        for picture in pictures(&text, &self.said) {
            let picture = picture.replacen(&self.said, &self.base, 1);
            let says = match self.get(&picture, &[("accept", "image/*")]).await {
                Ok(answer) if answer.status == 200 && answer.header("content-type").starts_with("image/") => {
                    return good("picture", format!("{} bytes of one load", answer.body.len()));
                }
                Ok(answer) if matches!(answer.status, 502 | 504) => format!(
                    "{picture} answers {}: its origin gives none; see limpid explain --image",
                    answer.status
                ),
                Ok(answer) => format!(
                    "{picture} answers {}: does the proxy in front pass this path on as it is?",
                    answer.status
                ),
                Err(error) => format!("{picture}: {error}"),
            };
            wrong.get_or_insert(bad("picture", says));
        }
        wrong.unwrap_or_else(|| good("picture", "the feed shows none through us"))
    }
}

/// The first addresses of pictures that begin with `base` in a feed's text, each once.
fn pictures<'a>(text: &'a str, base: &str) -> Vec<&'a str> {
    let mark = format!("{base}/i/");
    let mut found = Vec::new();
    for (start, _) in text.match_indices(&mark) {
        let rest = text.get(start..).unwrap_or_default();
        let end = rest
            .find(['"', '\'', '<', '>', ' ', ',', '&', '\n'])
            .unwrap_or(rest.len());
        let picture = rest.get(..end).unwrap_or_default();
        if !found.contains(&picture) {
            found.push(picture);
        }
        if found.len() == MAX_PICTURES {
            break;
        }
    }
    found
}

fn compression(answer: &Probed) -> Check {
    let coding = answer.header("content-encoding");
    let vary = answer.header("vary").to_ascii_lowercase();
    if coding.is_empty() && answer.body.len() > 1024 {
        return bad(
            "compression",
            "the feed came uncompressed: does the proxy in front remove Accept-Encoding?",
        );
    }
    if !vary.contains("accept-encoding") {
        return bad(
            "compression",
            "Vary: Accept-Encoding is missing: does the proxy in front drop it?",
        );
    }
    let coding = if coding.is_empty() { "none needed" } else { coding };
    good("compression", format!("{coding}, Vary is there"))
}

fn clock(answer: &Probed, now: SystemTime) -> Check {
    let there = httpdate::parse_http_date(answer.header("date")).ok();
    let off = there.map(|there| {
        there
            .duration_since(now)
            .or_else(|_| now.duration_since(there))
            .unwrap_or_default()
    });
    match off {
        Some(off) if off > CLOCK => bad(
            "clock",
            format!(
                "the clocks here and there differ by {} s: is the time set?",
                off.as_secs()
            ),
        ),
        _ => good("clock", "the time is right"),
    }
}
