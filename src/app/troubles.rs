//! The feed of Limpid's own troubles: an entry when one begins and one when it ends, and no other.

use atom_syndication::{Content, Entry, Feed, FixedDateTime, Link, Person, Text};
use chrono::DateTime;

use super::App;
use crate::cache::representation::{Representation, hash};
use crate::clock::Millis;
use crate::message::Kind;
use crate::telemetry::history::{Episode, Trouble};

/// The name under which the feed of troubles is served; no configured feed can have it.
pub const STATUS: &str = "_status";

impl App {
    /// The feed of troubles. The same bytes until something happens.
    #[must_use]
    pub fn troubles(&self) -> Representation {
        let in_force = self.in_force();
        let public = in_force.signer.public_url();
        let episodes = self.telemetry.history.episodes();
        let updated = episodes.first().map_or(0, |episode| episode.at);
        let address = format!("{public}/feeds/{STATUS}");
        let feed = Feed {
            title: Text::plain("Limpid: troubles"),
            subtitle: Some(Text::plain(
                "When a feed begins to fail, and when it works again.",
            )),
            id: address.clone(),
            updated: date(updated),
            authors: vec![Person {
                name: "Limpid".to_owned(),
                ..Person::default()
            }],
            links: vec![Link {
                href: address.clone(),
                rel: "self".to_owned(),
                mime_type: Some("application/atom+xml".to_owned()),
                ..Link::default()
            }],
            entries: episodes.iter().map(|episode| entry(episode, &address)).collect(),
            ..Feed::default()
        };
        let mut made = Representation::new(feed.to_string().as_bytes(), Kind::Atom, None, updated);
        made.last_modified = updated;
        made
    }
}

fn entry(episode: &Episode, address: &str) -> Entry {
    let about = episode.feed.as_deref().unwrap_or("the settings");
    let state = if episode.over { "over" } else { "began" };
    let title = match (episode.over, &episode.feed) {
        (_, Some(feed)) if episode.trouble == Trouble::Swapped => format!("{feed} has become another feed"),
        (false, Some(feed)) => format!("{feed} cannot be refreshed"),
        (true, Some(feed)) => format!("{feed} works again"),
        (false, None) => "The settings have a fault; the old ones stay in force".to_owned(),
        (true, None) => "The settings are in force again".to_owned(),
    };
    let state = match episode.trouble {
        Trouble::Swapped => "swapped",
        Trouble::Failing => state,
    };
    let known_by = hash(format!("{about} {} {state}", episode.since).as_bytes());
    let id = format!("{:032x}", u128::from_be_bytes(known_by));
    let text = if episode.trouble == Trouble::Swapped {
        "All its entries and its title changed at once. Readers get it as it is now. If its owner did not begin anew, \
         somebody else may have got its address: look at it, and remove it if need be."
            .to_owned()
    } else if episode.over {
        let began = date(episode.since).format("%Y-%m-%d %H:%M UTC");
        format!("The trouble had begun at {began}.")
    } else {
        format!(
            "Reason: {}. Readers get the last good copy meanwhile, if there is one.",
            episode.sentence
        )
    };
    Entry {
        title: Text::plain(title),
        id: format!("{address}#{id}"),
        updated: date(episode.at),
        published: Some(date(episode.at)),
        content: Some(Content {
            content_type: Some("text".to_owned()),
            value: Some(text),
            ..Content::default()
        }),
        ..Entry::default()
    }
}

fn date(at: Millis) -> FixedDateTime {
    let at = i64::try_from(at).unwrap_or(0);
    DateTime::from_timestamp_millis(at)
        .unwrap_or_default()
        .fixed_offset()
}
