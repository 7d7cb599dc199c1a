//! Records in a Valkey or Redis engine that several instances share.
//!
//! Keys are `limpid:1:SPACE:KEY`, each a hash of head, body and fence, forgotten when not refreshed for long.
//! When the engine is away every call fails at once; it is found again by itself (`link`), and an engine that
//! comes back empty is simply filled again.

mod scripts;
mod link;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::{Change, Error, Options, Record, Space, admit};
use link::Link;

/// The `1` is the layout's version: instances of another layout share nothing with us.
const PREFIX: &str = "limpid:1";
/// A lease that could not be given back is not thought of any longer than this.
const GIVEN_BACK: Duration = Duration::from_mins(1);
/// Keys asked for in one round of a walk through all.
const PAGE: usize = 500;

/// A handle on the engine; clones share its connection.
#[derive(Clone, Debug)]
pub struct Redis {
    link: Arc<Link>,
    timeout: Duration,
    keep: Duration,
    max_record: usize,
    max_records: usize,
}

impl Redis {
    /// Never fails because the engine is away; only an address that is none is an error.
    pub(super) async fn open(url: &str, options: &Options) -> Result<Self, Error> {
        Ok(Self {
            link: Link::open(url, options.timeout).await?,
            timeout: options.timeout,
            keep: options.keep,
            max_record: options.max_record,
            max_records: options.max_records,
        })
    }

    pub(super) async fn get(&self, space: Space, key: &str) -> Result<Option<Record>, Error> {
        let name = name(space, key);
        let (head, body, fence): (Option<Bytes>, Option<Bytes>, Option<u64>) = self
            .call(async |mut engine| {
                redis::cmd("HMGET")
                    .arg(&name)
                    .arg(&["head", "body", "fence"])
                    .query_async(&mut engine)
                    .await
            })
            .await?;
        Ok(head
            .zip(body)
            .zip(fence)
            .map(|((head, body), fence)| Record { head, body, fence }))
    }

    pub(super) async fn put(&self, space: Space, key: &str, record: Record) -> Result<bool, Error> {
        admit(key, &record.head, &record.body, self.max_record)?;
        let mut write = scripts::PUT.key(name(space, key));
        write
            .arg(record.fence)
            .arg(&record.head[..])
            .arg(self.keep_ms())
            .arg(link::CHANNEL);
        write.arg(self.link.word(space, key)).arg(&record.body[..]);
        self.call(async |mut engine| write.invoke_async(&mut engine).await)
            .await
    }

    pub(super) async fn put_head(
        &self,
        space: Space,
        key: &str,
        head: Bytes,
        fence: u64,
    ) -> Result<bool, Error> {
        admit(key, &head, &[], self.max_record)?;
        let mut write = scripts::PUT.key(name(space, key));
        write
            .arg(fence)
            .arg(&head[..])
            .arg(self.keep_ms())
            .arg(link::CHANNEL);
        write.arg(self.link.word(space, key));
        self.call(async |mut engine| write.invoke_async(&mut engine).await)
            .await
    }

    pub(super) async fn delete(&self, space: Space, key: &str) -> Result<bool, Error> {
        let mut both = redis::pipe();
        both.atomic().del(name(space, key));
        both.publish(link::CHANNEL, self.link.word(space, key)).ignore();
        let (deleted,): (bool,) = self
            .call(async |mut engine| both.query_async(&mut engine).await)
            .await?;
        Ok(deleted)
    }

    /// Walks through the keys page by page, up to the ceiling on records.
    pub(super) async fn heads(&self, space: Space) -> Result<Vec<(String, Bytes)>, Error> {
        let (prefix, mut heads, mut cursor) = (name(space, ""), Vec::new(), 0_u64);
        loop {
            let page;
            (cursor, page) = self.page(&prefix, cursor).await?;
            heads.extend(page);
            if cursor == 0 || heads.len() >= self.max_records {
                return Ok(heads);
            }
        }
    }

    async fn page(&self, prefix: &str, cursor: u64) -> Result<(u64, Vec<(String, Bytes)>), Error> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor)
            .arg("MATCH")
            .arg(format!("{prefix}*"))
            .arg("COUNT")
            .arg(PAGE);
        let (next, names): (u64, Vec<String>) = self
            .call(async |mut engine| scan.query_async(&mut engine).await)
            .await?;
        if names.is_empty() {
            return Ok((next, Vec::new()));
        }
        let mut ask = redis::pipe();
        for name in &names {
            ask.hget(name, "head");
        }
        let heads: Vec<Option<Bytes>> = self
            .call(async |mut engine| ask.query_async(&mut engine).await)
            .await?;
        let keys = names.iter().filter_map(|name| name.strip_prefix(prefix));
        Ok((
            next,
            keys.zip(heads)
                .filter_map(|(key, head)| Some((key.to_owned(), head?)))
                .collect(),
        ))
    }

    /// The fence and what gives the lease back.
    pub(super) async fn lease(
        &self,
        space: Space,
        key: &str,
        ttl: Duration,
    ) -> Result<Option<(u64, Hold)>, Error> {
        let hold = Hold {
            redis: self.clone(),
            lease: format!("{PREFIX}:lease:{}:{key}", space.name()),
            token: self.link.token()?,
        };
        if self.link.connection().is_none() {
            return Err(Error::Away);
        }
        let mut ask = scripts::LEASE.key(&hold.lease);
        ask.key(name(space, key))
            .arg(&hold.token)
            .arg(milliseconds(ttl))
            .arg(self.keep_ms());
        let asked = self
            .call(async |mut engine| ask.invoke_async(&mut engine).await)
            .await;
        if asked == Err(Error::Away) {
            // It may have been granted all the same, and would keep everybody waiting until it is too old.
            tokio::spawn(hold.release());
            return Err(Error::Away);
        }
        let fence: u64 = asked?;
        Ok((fence > 0).then_some((fence, hold)))
    }

    /// Waits for an engine that was lost a moment ago, at most until `end`. False: it is away.
    pub(super) async fn returns(&self, end: Instant) -> bool {
        self.link.returns(end).await
    }

    /// Never forgotten: what is agreed on (keys) must not change while anybody uses it.
    pub(super) async fn agree(&self, name: &str, ours: Bytes) -> Result<Bytes, Error> {
        let name = format!("{PREFIX}:{name}");
        let mut both = redis::pipe();
        both.atomic()
            .cmd("SET")
            .arg(&name)
            .arg(&ours[..])
            .arg("NX")
            .ignore();
        both.get(&name);
        let (agreed,): (Bytes,) = self
            .call(async |mut engine| both.query_async(&mut engine).await)
            .await?;
        Ok(agreed)
    }

    pub(super) fn changes(&self) -> broadcast::Receiver<Change> {
        self.link.changes()
    }

    pub(super) fn close(&self) {
        self.link.close();
    }

    /// One exchange with the engine; fails at once while it is known to be away.
    async fn call<T, F>(&self, exchange: impl FnOnce(MultiplexedConnection) -> F) -> Result<T, Error>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let (generation, connection) = self.link.connection().ok_or(Error::Away)?;
        match tokio::time::timeout(self.timeout, exchange(connection)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if !(error.is_io_error() || error.is_unrecoverable_error()) => {
                Err(Error::Refused(error.code().unwrap_or("unknown").to_owned()))
            }
            Ok(Err(_)) | Err(_) => {
                self.link.lose(generation);
                Err(Error::Away)
            }
        }
    }

    fn keep_ms(&self) -> u64 {
        milliseconds(self.keep)
    }
}

/// What gives a lease back before it is too old, to nobody but its holder.
#[derive(Debug)]
pub(super) struct Hold {
    redis: Redis,
    lease: String,
    token: String,
}

impl Hold {
    /// Without an engine it is given back behind, when that is there again soon. A failure is no harm: the lease
    /// ends by itself.
    pub(super) async fn release(self) {
        if self.give().await == Err(Error::Away) {
            tokio::spawn(async move {
                if self.redis.returns(Instant::now() + GIVEN_BACK).await {
                    self.give().await.ok();
                }
            });
        }
    }

    async fn give(&self) -> Result<bool, Error> {
        let mut give = scripts::RELEASE.key(&self.lease);
        give.arg(&self.token);
        self.redis
            .call(async |mut engine| give.invoke_async(&mut engine).await)
            .await
    }
}

fn name(space: Space, key: &str) -> String {
    format!("{PREFIX}:{}:{key}", space.name())
}

/// At least one: the engine refuses a lifetime of nothing.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, 1 << 50)
}
