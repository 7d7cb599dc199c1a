//! What is wrong between settings that are each right by themselves.

use super::apply::Applied;
use super::choices::{Feed, Kind, Refresh};
use super::fault::{Faults, Place};
use crate::cache::freshness::Policy;
use crate::serve::Listen;

const LONGER: &str = "refresh: min is longer than max";

/// Notes every contradiction.
pub fn check(applied: &mut Applied) {
    store(applied);
    refresh(applied);
    if applied.choices.serve.listen.is_empty() {
        fault(
            applied,
            "server.listen",
            "server.listen: at least one address is needed",
        );
    }
    let doors = &applied.choices.serve;
    if doors
        .admin
        .iter()
        .any(|door| is_one_place(door) && doors.listen.contains(door))
    {
        let message = "admin.listen: the owner's door may not be the readers' door";
        fault(applied, "admin.listen", message);
    }
    if applied.choices.websub.enabled && applied.choices.public_url.is_none() {
        let message =
            "websub.enabled: hubs and readers must know where to send pushes: set server.public_url";
        fault(applied, "websub.enabled", message);
    }
    for (name, chosen) in &applied.feeds {
        feed(name, chosen, &mut applied.faults);
    }
}

/// Port 0 is another port each time; systemd's sockets are told apart by their names.
fn is_one_place(door: &Listen) -> bool {
    match door {
        Listen::Tcp(address) => address.port() != 0,
        Listen::Unix(_) => true,
        Listen::Systemd => false,
    }
}

fn store(applied: &mut Applied) {
    if applied.choices.store.kind == Kind::Redis && applied.choices.store.url.is_none() {
        let message = "store.kind: \"redis\" needs store.url, such as \"redis://127.0.0.1:6379/0\"";
        fault(applied, "store.kind", message);
    }
}

fn refresh(applied: &mut Applied) {
    let is_said = |key: &str| applied.said.contains_key(&format!("refresh.{key}"));
    if let Some(key) = contradicts(&applied.choices.refresh, is_said) {
        fault(applied, &format!("refresh.{key}"), LONGER);
    }
}

/// The key that is wrong when the shortest time is longer than the longest.
fn contradicts(refresh: &Refresh, is_said: impl Fn(&str) -> bool) -> Option<&'static str> {
    let Policy { min, max, .. } = refresh.freshness;
    (min > max).then(|| if is_said("min") { "min" } else { "max" })
}

fn feed(name: &str, chosen: &Feed, faults: &mut Faults) {
    let said = &chosen.said;
    let (url, urls) = (said.about("url").is_some(), said.about("urls").is_some());
    // An empty list; one that could not be read has its fault already.
    let empty = || chosen.urls.is_empty() && !is_faulty(faults, &format!("feeds.{name}.urls"));
    let named = |what: &str| format!("the feed `{name}` has {what}");
    let fault = match (url, urls) {
        (false, false) => {
            let help = Some("add url = \"https://…\"".to_owned());
            Some((named("no address"), help))
        }
        (true, true) => Some((named("both url and urls"), None)),
        (false, true) if empty() => Some((named("no address"), None)),
        _ => None,
    };
    if let Some((message, help)) = fault {
        faults.add(said.named.clone(), message, help);
    }
    let refreshed = |key: &str| said.about(&format!("refresh.{key}"));
    if said.iter().any(|(key, _)| key.starts_with("refresh."))
        && let Some(key) = contradicts(&chosen.refresh, |key| refreshed(key).is_some())
    {
        let place = refreshed(key).map(|said| said.place.clone());
        faults.add(place, LONGER, None);
    }
}

/// Whether a fault about `key` was noted already.
fn is_faulty(faults: &Faults, key: &str) -> bool {
    faults.0.iter().any(|fault| fault.message.starts_with(key))
}

fn fault(applied: &mut Applied, key: &str, message: &str) {
    let place: Option<Place> = applied.said.get(key).map(|said| said.place.clone());
    applied.faults.add(place, message, None);
}
