//! Records in this process, bounded. Bodies are shared with the caller, not copied.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::ceiling::{Candidate, Ceiling, Held};
use super::{Error, Options, Record, Space, admit};

/// The records and the fence counter.
#[derive(Clone, Debug)]
pub struct Memory {
    records: Arc<Mutex<Records>>,
    fence: Arc<AtomicU64>,
    ceiling: Ceiling,
    max_record: usize,
}

#[derive(Debug, Default)]
struct Records {
    spaces: HashMap<Space, HashMap<String, Record>>,
    held: Held,
}

impl Memory {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            records: Arc::default(),
            fence: Arc::default(),
            ceiling: Ceiling {
                bytes: options.max_memory,
                records: options.max_records,
            },
            max_record: options.max_record,
        }
    }

    pub(super) fn get(&self, space: Space, key: &str) -> Option<Record> {
        self.lock().spaces.get(&space)?.get(key).cloned()
    }

    pub(super) fn put(&self, space: Space, key: &str, record: Record) -> Result<bool, Error> {
        admit(key, &record.head, &record.body, self.max_record)?;
        let mut records = self.lock();
        let fence = record.fence;
        if records.fence(space, key).is_some_and(|stored| stored > fence) {
            return Ok(false);
        }
        records.insert(space, key, record);
        records.evict(self.ceiling);
        Ok(true)
    }

    pub(super) fn put_head(&self, space: Space, key: &str, head: Bytes, fence: u64) -> Result<bool, Error> {
        let mut records = self.lock();
        let Some(record) = records.spaces.get(&space).and_then(|records| records.get(key)) else {
            return Ok(false);
        };
        if record.fence > fence {
            return Ok(false);
        }
        admit(key, &head, &record.body, self.max_record)?;
        let body = record.body.clone();
        records.insert(space, key, Record { head, body, fence });
        records.evict(self.ceiling);
        Ok(true)
    }

    pub(super) fn delete(&self, space: Space, key: &str) -> bool {
        self.lock().remove(space, key)
    }

    pub(super) fn heads(&self, space: Space) -> Vec<(String, Bytes)> {
        let records = self.lock();
        let all = records.spaces.get(&space).into_iter().flatten();
        all.map(|(key, record)| (key.clone(), record.head.clone()))
            .collect()
    }

    pub(super) fn next_fence(&self) -> u64 {
        self.fence.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn fence(&self, space: Space, key: &str) -> Option<u64> {
        Some(self.spaces.get(&space)?.get(key)?.fence)
    }

    fn insert(&mut self, space: Space, key: &str, record: Record) {
        self.remove(space, key);
        self.held.add(size(key, &record));
        self.spaces
            .entry(space)
            .or_default()
            .insert(key.to_owned(), record);
    }

    fn remove(&mut self, space: Space, key: &str) -> bool {
        let Some(record) = self
            .spaces
            .get_mut(&space)
            .and_then(|records| records.remove(key))
        else {
            return false;
        };
        self.held.remove(size(key, &record));
        true
    }

    fn evict(&mut self, ceiling: Ceiling) {
        if !ceiling.exceeded_by(self.held) {
            return;
        }
        let all = self.spaces.iter().flat_map(|(&space, records)| {
            records.iter().map(move |(key, record)| Candidate {
                fence: record.fence,
                space,
                key: key.clone(),
                bytes: size(key, record),
            })
        });
        for gone in ceiling.choose(self.held, all.collect()) {
            self.remove(gone.space, &gone.key);
        }
    }
}

fn size(key: &str, record: &Record) -> u64 {
    (key.len() + record.head.len() + record.body.len()) as u64
}
