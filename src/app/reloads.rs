//! Asking for a reload of the settings, from wherever: the reading of files is the command's.

use std::sync::OnceLock;

use tokio::sync::{mpsc, oneshot};

/// What a reload came to: a sentence either way. Wrong settings leave the old ones in force.
pub type Reloaded = Result<String, String>;

/// Where to say what a reload came to.
pub type Answer = oneshot::Sender<Reloaded>;

/// Reloads that wait at once; one is as good as many.
const WAITING: usize = 8;

/// The way from who wants a reload to who can do it.
#[derive(Debug, Default)]
pub(super) struct Reloads(OnceLock<mpsc::Sender<Answer>>);

impl Reloads {
    /// From now on reloads are done by who holds the receiver. The first one gets it.
    pub(super) fn taken(&self) -> Option<mpsc::Receiver<Answer>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        self.0.set(sender).ok().map(|()| receiver)
    }

    /// Asks for a reload and waits for what comes of it.
    pub(super) async fn ask(&self) -> Reloaded {
        let (answer, answered) = oneshot::channel();
        let nobody = || "nothing here can read the settings again".to_owned();
        let asks = self.0.get().ok_or_else(nobody)?;
        asks.try_send(answer)
            .map_err(|_| "a reload is under way already".to_owned())?;
        answered.await.unwrap_or_else(|_| Err(nobody()))
    }
}
