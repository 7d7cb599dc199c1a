//! Background refresh: configured feeds are kept fresh before anyone asks, and no host is crowded.
//!
//! When a feed is due and what a host bears are pure (`due`, `host`), and so is the plan: the driver at
//! the end only looks at the clock and starts what the plan says. What a refresh is, its callers say.

pub mod due;
pub mod host;

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::cache::freshness::is_ahead;
use crate::clock::{Clock, Millis};
use host::{Host, Said};

/// The longest sleep of the driver: a clock that is set anew is noticed within it.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// Bounds of background work.
#[derive(Clone, Debug)]
pub struct Options {
    /// Feeds refreshed at once, of all hosts.
    pub total: usize,
    /// Feeds refreshed at once, of one host.
    pub per_host: usize,
    /// Between two requests to one host, if its feeds leave that much time.
    pub spacing: Duration,
}

/// One feed to be kept fresh.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Its key.
    pub key: Arc<str>,
    /// Whose politeness limits hold; empty for one without a host.
    pub host: Arc<str>,
    /// When it is due first.
    pub due: Millis,
}

/// What one look at a feed brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// When it is due again.
    pub due: Millis,
    /// What its host said; `None`: it was not asked.
    pub said: Option<Said>,
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Refresh this feed.
    Start(Arc<str>),
    /// Nothing before this moment, unless a refresh ends.
    Wait(Millis),
}

/// All feeds in the order in which they are due. Every step costs the logarithm of their number.
///
/// Two levels: the hosts by when they can be asked next, and in each the feeds by when they are due. So a
/// thousand feeds that wait for one slow host cost nothing.
#[derive(Debug)]
pub struct Plan {
    options: Options,
    feeds: HashMap<Arc<str>, Planned>,
    hosts: HashMap<Arc<str>, Host>,
    /// Hosts that can be asked, by when.
    order: BTreeSet<(Millis, Arc<str>)>,
    under_way: usize,
}

#[derive(Clone, Debug)]
struct Planned {
    host: Arc<str>,
    due: Millis,
    under_way: bool,
}

impl Plan {
    /// A plan without feeds.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            feeds: HashMap::new(),
            hosts: HashMap::new(),
            order: BTreeSet::new(),
            under_way: 0,
        }
    }

    /// Plans these feeds and no others. What is planned already stays where it is.
    pub fn set(&mut self, feeds: Vec<Feed>) {
        let wanted: HashMap<&str, &str> = feeds.iter().map(|feed| (&*feed.key, &*feed.host)).collect();
        let moved = |key: &str, planned: &Planned| wanted.get(key) != Some(&&*planned.host);
        let gone: Vec<_> = self
            .feeds
            .iter()
            .filter(|(key, planned)| moved(key, planned))
            .collect();
        let gone: Vec<_> = gone.into_iter().map(|(key, _)| Arc::clone(key)).collect();
        for key in gone {
            self.remove(&key);
        }
        for feed in feeds {
            if !self.feeds.contains_key(&feed.key) {
                self.add(feed);
            }
        }
    }

    /// Plans feeds at other times: the clock was set back. What is under way tells itself when it is due again.
    pub fn move_to(&mut self, feeds: Vec<Feed>) {
        let (moved, _under_way): (Vec<_>, Vec<_>) = feeds.into_iter().partition(|feed| {
            let planned = self.feeds.get(&feed.key);
            planned.is_some_and(|planned| !planned.under_way)
        });
        // All of them first: a host without feeds forgets until when it was to be left alone.
        for feed in &moved {
            self.remove(&feed.key);
        }
        for feed in moved {
            self.add(feed);
        }
    }

    /// How many feeds are planned.
    #[must_use]
    pub fn len(&self) -> usize {
        self.feeds.len()
    }

    /// True when nothing is planned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.feeds.is_empty()
    }

    /// What is to be done `now`.
    pub fn next(&mut self, now: Millis) -> Step {
        if self.under_way >= self.options.total.max(1) {
            return Step::Wait(Millis::MAX);
        }
        let Some((at, name)) = self.order.first().cloned() else {
            return Step::Wait(Millis::MAX);
        };
        if at > now {
            return Step::Wait(at);
        }
        let started = self.with_host(&name, |host, options| host.start(now, options));
        let Some(key) = started.flatten() else {
            return Step::Wait(now.saturating_add(1));
        };
        if let Some(planned) = self.feeds.get_mut(&key) {
            planned.under_way = true;
        }
        self.under_way += 1;
        Step::Start(key)
    }

    /// A refresh that was started has ended.
    pub fn ended(&mut self, key: &Arc<str>, host: &str, outcome: Outcome, now: Millis) {
        self.under_way = self.under_way.saturating_sub(1);
        let planned = self.feeds.get_mut(key).filter(|planned| &*planned.host == host);
        let again = planned.map(|planned| {
            planned.under_way = false;
            planned.due = outcome.due.max(now.saturating_add(1));
            planned.due
        });
        self.with_host(host, |host, _| {
            host.end(outcome.said, now);
            if let Some(due) = again {
                host.add(due, Arc::clone(key));
            }
        });
        self.forget_if_idle(host);
    }

    /// The host of a planned feed.
    #[must_use]
    pub fn host_of(&self, key: &str) -> Option<Arc<str>> {
        self.feeds.get(key).map(|planned| Arc::clone(&planned.host))
    }

    fn add(&mut self, feed: Feed) {
        let Feed { key, host, due } = feed;
        self.hosts.entry(Arc::clone(&host)).or_default();
        self.with_host(&host, |host, _| host.add(due, Arc::clone(&key)));
        let planned = Planned {
            host,
            due,
            under_way: false,
        };
        self.feeds.insert(key, planned);
    }

    fn remove(&mut self, key: &Arc<str>) {
        let Some(planned) = self.feeds.remove(key) else {
            return;
        };
        if !planned.under_way {
            self.with_host(&planned.host, |host, _| host.remove(planned.due, key));
        }
        self.forget_if_idle(&planned.host);
    }

    /// Changes a host and puts it where it then belongs in the order.
    fn with_host<T>(&mut self, name: &str, change: impl FnOnce(&mut Host, &Options) -> T) -> Option<T> {
        let (name, host) = self
            .hosts
            .get_key_value(name)
            .map(|(name, _)| Arc::clone(name))
            .and_then(|name| {
                let host = self.hosts.get_mut(&name)?;
                Some((name, host))
            })?;
        if let Some(at) = host.ready_at(&self.options) {
            self.order.remove(&(at, Arc::clone(&name)));
        }
        let changed = change(host, &self.options);
        if let Some(at) = host.ready_at(&self.options) {
            self.order.insert((at, name));
        }
        Some(changed)
    }

    /// A host without feeds is forgotten, its troubles with it.
    fn forget_if_idle(&mut self, name: &str) {
        if self.hosts.get(name).is_some_and(Host::is_idle) {
            self.hosts.remove(name);
        }
    }
}

/// The plan and what drives it. Clones share it.
#[derive(Clone, Debug)]
pub struct Schedule {
    plan: Arc<Mutex<Plan>>,
    changed: Arc<Notify>,
    clock: Clock,
}

impl Schedule {
    /// A schedule without feeds.
    #[must_use]
    pub fn new(options: Options, clock: Clock) -> Self {
        Self {
            plan: Arc::new(Mutex::new(Plan::new(options))),
            changed: Arc::new(Notify::new()),
            clock,
        }
    }

    /// Keeps these feeds fresh and no others.
    pub fn set(&self, feeds: Vec<Feed>) {
        self.plan().set(feeds);
        self.changed.notify_one();
    }

    /// See [`Plan::move_to`].
    pub fn move_to(&self, feeds: Vec<Feed>) {
        self.plan().move_to(feeds);
    }

    /// Looks at the clock again.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Starts `look` for each feed when it is due, until dropped; returns when the clock was set back.
    pub async fn run<L, F>(&self, look: &L)
    where
        L: Fn(Arc<str>) -> F,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut before = self.clock.millis();
        loop {
            let now = self.clock.millis();
            if is_ahead(before, now) {
                return;
            }
            before = now;
            let until = self.start_due(look);
            let sleep = Duration::from_millis(until.saturating_sub(self.clock.millis()));
            let _either = tokio::time::timeout(sleep.min(LONGEST_SLEEP), self.changed.notified()).await;
        }
    }

    /// Starts `look` for all that is due now; when the next is due.
    pub fn start_due<L, F>(&self, look: &L) -> Millis
    where
        L: Fn(Arc<str>) -> F,
        F: Future<Output = Outcome> + Send + 'static,
    {
        loop {
            let now = self.clock.millis();
            let (key, host) = {
                let mut plan = self.plan();
                match plan.next(now) {
                    Step::Wait(until) => return until,
                    Step::Start(key) => {
                        let host = plan.host_of(&key).unwrap_or_default();
                        (key, host)
                    }
                }
            };
            let (schedule, work) = (self.clone(), tokio::spawn(look(Arc::clone(&key))));
            tokio::spawn(async move {
                // A crash is a defect of ours: the feed is looked at again, but not soon.
                let crashed = Outcome {
                    due: now.saturating_add(3_600_000),
                    said: None,
                };
                let outcome = work.await.unwrap_or(crashed);
                schedule
                    .plan()
                    .ended(&key, &host, outcome, schedule.clock.millis());
                schedule.changed.notify_one();
            });
        }
    }

    /// True when feeds are planned, none is due, and none is under way.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let plan = self.plan();
        let now = self.clock.millis();
        plan.under_way == 0 && plan.order.first().is_some_and(|(at, _)| *at > now)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
