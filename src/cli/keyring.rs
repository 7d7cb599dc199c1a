//! Which keys a command signs with.

use super::failure::Failure;
use super::{Context, output};
use crate::config::{Kind, Settings, keys};
use crate::sign::KeyRing;
use crate::store::Store;

/// Those of the settings, or those in the store's folder, made there if there are none yet.
pub(super) fn lasting(settings: &Settings, context: &Context) -> Result<KeyRing, Failure> {
    match &settings.choices.keys {
        Some(ring) => Ok(ring.clone()),
        None => Ok(keys::load_or_create(
            &settings.choices.store.path,
            context.clock.now(),
        )?),
    }
}

/// The same for the server: one that keeps nothing may run without a folder to write.
pub(super) fn of_server(settings: &Settings, context: &Context) -> Result<KeyRing, Failure> {
    if settings.choices.store.kind == Kind::Memory {
        or_fleeting(settings, context)
    } else {
        lasting(settings, context)
    }
}

/// The same, or else a key that is forgotten at the end.
pub(super) fn or_fleeting(settings: &Settings, context: &Context) -> Result<KeyRing, Failure> {
    lasting(settings, context).or_else(|failure| {
        output::note(&format!(
            "warning: {failure}; signing with a key that is forgotten at the end: pictures in what is cleaned now will not load later"
        ));
        Ok(keys::fresh(context.clock.now())?)
    })
}

/// Those that all instances with this store use, where they are not `own`: keys of the settings, or else those of
/// whichever instance came first. An engine that is away leaves an instance with its own, and says so.
pub(super) async fn agreed(settings: &Settings, store: &Store, own: &KeyRing) -> Option<KeyRing> {
    if settings.choices.keys.is_some() {
        return None;
    }
    let own = keys::text(own);
    let agreed = store.agree("keys", own.clone().into()).await;
    let keys = agreed.map_err(|error| error.to_string()).and_then(|text| {
        if text == own {
            return Ok(None);
        }
        let text = std::str::from_utf8(&text).map_err(|_| "the keys there are no text".to_owned())?;
        keys::parse(text).map(Some)
    });
    keys.unwrap_or_else(|error| {
        tracing::warn!(%error, "the signing keys could not be agreed on with other instances: pictures may get other addresses here");
        None
    })
}
