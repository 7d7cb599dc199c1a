//! The keeper of a door: looks at all its connections in turn, and tells each when it is time to leave.
//!
//! A timer for each connection, and a place for each in the queue for word of the end, would cost every request:
//! whatever a connection waits for is asked again whenever anything moves on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::activity::{Activity, Moved, Word};

/// Looks at a connection in the time that it may rest.
const LOOKS: u32 = 4;

/// How long a connection may rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Between requests, and within the head of one.
    pub(super) idle: Duration,
    /// While an answer waits to be taken.
    pub(super) write: Duration,
}

impl Patience {
    /// How often connections are looked at.
    fn tick(self) -> Duration {
        (self.idle.min(self.write) / LOOKS).max(Duration::from_millis(1))
    }
}

/// What all connections are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Go on.
    Serving,
    /// Finish what you are at.
    Draining,
    /// Stop.
    Over,
}

impl Phase {
    fn word(self) -> Word {
        match self {
            Self::Serving => Word::GoOn,
            Self::Draining => Word::Leave,
            Self::Over => Word::Stop,
        }
    }
}

/// Who looks after the connections of one door.
#[derive(Debug)]
pub(super) struct Keeper {
    patience: Patience,
    here: Mutex<Here>,
}

/// The connections that are open, by number.
#[derive(Debug)]
struct Here {
    phase: Phase,
    next: u64,
    connections: HashMap<u64, Looked>,
}

/// A connection, and how it was found last time.
#[derive(Debug)]
struct Looked {
    activity: Arc<Activity>,
    /// Bytes moved until then.
    seen: u64,
    /// `None`: not looked at yet.
    rested: Option<Duration>,
    warned: bool,
}

impl Keeper {
    pub(super) fn new(patience: Patience) -> Arc<Self> {
        Arc::new(Self {
            patience,
            here: Mutex::new(Here {
                phase: Phase::Serving,
                next: 0,
                connections: HashMap::new(),
            }),
        })
    }

    /// Looks after one more connection, for as long as the result lives.
    pub(super) fn receive(self: &Arc<Self>) -> Kept {
        let activity = Arc::new(Activity::default());
        let mut here = self.here();
        activity.tell(here.phase.word());
        let number = here.next;
        here.next += 1;
        here.connections.insert(
            number,
            Looked {
                activity: Arc::clone(&activity),
                seen: 0,
                rested: None,
                warned: false,
            },
        );
        drop(here);
        Kept {
            activity,
            number,
            keeper: Arc::clone(self),
        }
    }

    /// Looks after all connections until all is over.
    pub(super) async fn keep(self: Arc<Self>, mut phase: watch::Receiver<Phase>) {
        let mut ticks = interval(self.patience.tick());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.look(ticks.period()),
                changed = phase.changed() => {
                    // Nobody left to say it: as good as said.
                    let now = changed.map_or(Phase::Over, |()| *phase.borrow_and_update());
                    self.tell_all(now);
                    if now == Phase::Over {
                        return;
                    }
                }
            }
        }
    }

    /// Looks at each connection, `since` the last look: who has rested for too long is asked to leave first, then
    /// cut off.
    fn look(&self, since: Duration) {
        let Patience { idle, write } = self.patience;
        for looked in self.here().connections.values_mut() {
            let rested = match (looked.activity.since(&mut looked.seen), looked.rested) {
                (Moved::Little, Some(rested)) => rested + since,
                _ => Duration::ZERO,
            };
            looked.rested = Some(rested);
            let most = if looked.activity.is_stuck() { write } else { idle };
            if rested >= most {
                let word = if looked.warned { Word::Stop } else { Word::Leave };
                looked.warned = true;
                looked.activity.tell(word);
            }
        }
    }

    fn tell_all(&self, phase: Phase) {
        let mut here = self.here();
        here.phase = phase;
        for looked in here.connections.values() {
            looked.activity.tell(phase.word());
        }
    }

    fn here(&self) -> MutexGuard<'_, Here> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is looked after.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) activity: Arc<Activity>,
    number: u64,
    keeper: Arc<Keeper>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.keeper.here().connections.remove(&self.number);
    }
}
