//! What is wrong between settings that are each right by themselves.

use super::apply::Applied;
use super::choices::{Kind, Refresh};
use super::fault::Place;
use crate::serve::Listen;

/// Notes every contradiction.
pub fn check(applied: &mut Applied) {
    store(applied);
    refresh(applied, "refresh", &applied.choices.refresh.clone());
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
    for name in applied.feeds.keys().cloned().collect::<Vec<_>>() {
        feed(applied, &name);
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

fn refresh(applied: &mut Applied, section: &str, refresh: &Refresh) {
    if refresh.freshness.min > refresh.freshness.max {
        let min = format!("{section}.min");
        let key = if applied.said.contains_key(&min) {
            min
        } else {
            format!("{section}.max")
        };
        fault(applied, &key, "refresh: min is longer than max");
    }
}

fn feed(applied: &mut Applied, name: &str) {
    let Some(chosen) = applied.feeds.get(name).cloned() else {
        return;
    };
    let said = |key: &str| applied.said.contains_key(&format!("feeds.{name}.{key}"));
    let place = applied.named.get(name).cloned();
    match (said("url"), said("urls")) {
        (false, false) => {
            let message = format!("the feed `{name}` has no address");
            let help = Some("add url = \"https://…\"".to_owned());
            applied.faults.add(place, message, help);
        }
        (true, true) => {
            let message = format!("the feed `{name}` has both url and urls");
            applied.faults.add(place, message, None);
        }
        (false, true) if chosen.urls.is_empty() && !is_faulty(applied, &format!("feeds.{name}.urls")) => {
            applied
                .faults
                .add(place, format!("the feed `{name}` has no address"), None);
        }
        _ => {}
    }
    if said_about(applied, &format!("feeds.{name}.refresh")) {
        refresh(applied, &format!("feeds.{name}.refresh"), &chosen.refresh);
    }
}

/// Whether anything was said below `section`.
fn said_about(applied: &Applied, section: &str) -> bool {
    let below = format!("{section}.");
    let next = applied.said.range(below.clone()..).next();
    next.is_some_and(|(key, _)| key.starts_with(&below))
}

/// Whether a fault about `key` was noted already.
fn is_faulty(applied: &Applied, key: &str) -> bool {
    applied
        .faults
        .0
        .iter()
        .any(|fault| fault.message.starts_with(key))
}

fn fault(applied: &mut Applied, key: &str, message: &str) {
    let place: Option<Place> = applied.said.get(key).map(|said| said.place.clone());
    applied.faults.add(place, message, None);
}
