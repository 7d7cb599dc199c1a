//! The owner's door: all feeds, one feed (before and after), an address tried, metrics, OPML, reload.
//!
//! Templates stand beside the code. The pages need no script, load nothing from elsewhere, and escape all that
//! came from an origin; markup of an origin is only ever shown cleaned, and in a sandbox of its own.

mod door;
mod route;
mod feeds;
mod feed;
mod attempt;
mod opml;
mod note;
pub(crate) mod subscribe;
mod state;
mod comparison;
mod diff;
mod plot;
mod words;
mod answer;
mod guard;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use crate::app::App;
use crate::clock::Millis;
use crate::serve::listen::{Answering, Owner};

/// The version that runs.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Work for one page that keeps a core or an origin busy, at once.
const BUSY: usize = 2;

/// All that the pages are made from.
#[derive(Debug)]
pub struct Pages {
    app: Arc<App>,
    /// Names under which the pages may be asked for, beside literal addresses and local names.
    hosts: Vec<String>,
    since: Millis,
    busy: Semaphore,
    /// The title of each feed, by the hash of the version it was read from.
    titles: Mutex<HashMap<String, ([u8; 16], String)>>,
}

/// What answers at the owner's door.
#[must_use]
pub fn owner(app: Arc<App>, hosts: Vec<String>) -> Owner {
    let since = app.clock.millis();
    let pages = Arc::new(Pages {
        app,
        hosts,
        since,
        busy: Semaphore::new(BUSY),
        titles: Mutex::default(),
    });
    Arc::new(move |request| -> Answering {
        let pages = Arc::clone(&pages);
        Box::pin(async move { door::handle(&pages, request).await })
    })
}
