//! What is wrong between settings that are each right by themselves.

use super::apply::Applied;
use super::choices::{Kind, Refresh};
use super::fault::{Faults, Place};
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
    let Some(chosen) = applied.feeds.get(name) else {
        return;
    };
    let section = format!("feeds.{name}.");
    let (mut url, mut urls, mut refreshed) = (false, false, false);
    for (key, _) in applied.said.range(section.clone()..) {
        match key.strip_prefix(&section) {
            Some("url") => url = true,
            Some("urls") => urls = true,
            Some(key) => refreshed |= key.starts_with("refresh."),
            None => break,
        }
    }
    let how = refreshed.then(|| chosen.refresh.clone());
    // An empty list; one that could not be read has its fault already.
    let empty = urls && chosen.urls.is_empty() && !is_faulty(&applied.faults, &format!("{section}urls"));
    let mut fault = |message, help| {
        let place = applied.named.get(name).cloned();
        applied.faults.add(place, message, help);
    };
    match (url, urls) {
        (false, false) => {
            let help = Some("add url = \"https://…\"".to_owned());
            fault(format!("the feed `{name}` has no address"), help);
        }
        (true, true) => fault(format!("the feed `{name}` has both url and urls"), None),
        (false, true) if empty => fault(format!("the feed `{name}` has no address"), None),
        _ => {}
    }
    if let Some(how) = how {
        refresh(applied, &format!("feeds.{name}.refresh"), &how);
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
