//! The disk at its worst: cut, foreign, newer, full, read-only.

use std::fs;
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, Builder, StorageBackend, TableDefinition};
use tempfile::TempDir;

use super::*;

const FEED: Space = Space::Feed;

fn record(fence: u64, length: usize) -> Record {
    let body: Vec<u8> = (0..length)
        .map(|at| (at as u64 ^ fence).to_le_bytes()[0])
        .collect();
    Record {
        head: Bytes::from(format!("head {fence}")),
        body: Bytes::from(body),
        fence,
    }
}

fn options() -> Options {
    Options {
        max_bytes: 64 << 20,
        ..Options::default()
    }
}

async fn open(folder: &TempDir) -> Disk {
    Disk::open(folder.path(), &options()).await.expect("opens")
}

fn set_aside(folder: &TempDir) -> usize {
    let names = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().contains("broken"))
        .count()
}

#[tokio::test]
async fn a_file_torn_anywhere_opens_and_never_gives_wrong_bytes() {
    tear(|| file::opener(8 << 20)).await;
}

#[tokio::test]
async fn a_file_too_large_to_be_verified_at_start_heals_at_the_first_write_after_damage_shows() {
    tear(|| Box::new(|path| Builder::new().create(path))).await;
}

/// Tears the file in 200 places: cuts it there, or overwrites a part as a write that went astray.
async fn tear(opener: fn() -> Opener) {
    let folder = TempDir::new().unwrap();
    let disk = open(&folder).await;
    for n in 1..=RECORDS {
        disk.put(FEED, &format!("feed {n}"), large(n)).await.unwrap();
    }
    disk.close().await;
    let path = folder.path().join("limpid.redb");
    let whole = fs::read(&path).unwrap();

    let (mut places, mut kept) = (Places(0x9e37_79b9_7f4a_7c15), 0);
    for round in 0..200 {
        let (at, mut torn) = (places.below(whole.len()), whole.clone());
        if round % 2 == 0 {
            torn.truncate(at);
        } else {
            torn[at..].iter_mut().take(512).for_each(|byte| *byte ^= 0x5a);
        }
        fs::write(&path, torn).unwrap();
        let disk = Disk::open_with(folder.path(), &options(), opener())
            .await
            .expect("opens");
        for n in 1..=RECORDS {
            if let Ok(Some(found)) = disk.get(FEED, &format!("feed {n}")).await {
                assert_eq!(found, large(n), "round {round}, at {at}");
                kept += 1;
            }
        }
        // The first write may still meet the damage; the second has a whole file.
        disk.put(FEED, "new", record(98, 10)).await.ok();
        assert_eq!(
            disk.put(FEED, "new", record(99, 10)).await,
            Ok(true),
            "round {round}, at {at}"
        );
        assert_eq!(
            disk.get(FEED, "new").await,
            Ok(Some(record(99, 10))),
            "round {round}, at {at}"
        );
        disk.close().await;
    }
    assert!(kept > 0, "damage in an unused page costs nothing");
    assert_eq!(set_aside(&folder), 3, "what is set aside is bounded");
}

const RECORDS: u64 = 40;

fn large(n: u64) -> Record {
    record(n, 3000 * usize::try_from(n).unwrap())
}

/// Places without order, the same in every run.
struct Places(u64);

impl Places {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[tokio::test]
async fn a_foreign_file_is_set_aside_as_it_is() {
    for foreign in [
        &b"<html>not a store</html>"[..],
        &[0; 8192],
        b"redb but not really",
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("limpid.redb"), foreign).unwrap();
        let disk = open(&folder).await;
        assert_eq!(disk.put(FEED, "a", record(1, 10)).await, Ok(true));
        assert_eq!(
            fs::read(folder.path().join("limpid.redb.broken-1")).unwrap(),
            foreign
        );
    }
}

#[tokio::test]
async fn a_newer_schema_is_set_aside_and_keeps_its_data() {
    let folder = TempDir::new().unwrap();
    let disk = open(&folder).await;
    disk.put(FEED, "a", record(1, 10)).await.unwrap();
    disk.close().await;
    let about: TableDefinition<'_, &str, u64> = TableDefinition::new("limpid");
    let database = redb::Database::open(folder.path().join("limpid.redb")).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(about).unwrap().insert("schema", 99).unwrap();
    write.commit().unwrap();
    drop(database);

    let disk = open(&folder).await;
    assert_eq!(disk.get(FEED, "a").await, Ok(None));
    let newer = redb::Database::open(folder.path().join("limpid.redb.broken-1")).unwrap();
    assert_eq!(table::get(&newer, FEED, "a").unwrap(), Some(record(1, 10)));
}

#[tokio::test]
async fn a_second_process_is_told_plainly() {
    let folder = TempDir::new().unwrap();
    let _first = open(&folder).await;
    let error = Disk::open(folder.path(), &options()).await.unwrap_err();
    assert_eq!(error, Error::InUse(folder.path().join("limpid.redb")));
    assert!(error.to_string().contains("another process"));
    assert_eq!(set_aside(&folder), 0);
}

#[tokio::test]
async fn above_the_ceiling_those_refreshed_longest_ago_go() {
    let folder = TempDir::new().unwrap();
    let small = Options {
        max_bytes: 100_000,
        ..options()
    };
    let disk = Disk::open(folder.path(), &small).await.unwrap();
    for n in 1..=50 {
        disk.put(FEED, &n.to_string(), record(n, 5000)).await.unwrap();
    }
    let mut left: Vec<u64> = disk
        .heads(FEED)
        .await
        .unwrap()
        .into_iter()
        .map(|(key, _)| key.parse().unwrap())
        .collect();
    left.sort_unstable();
    let oldest = left[0];
    assert_eq!(left, (oldest..=50).collect::<Vec<_>>());
    assert!((15..20).contains(&left.len()), "{} records left", left.len());
    assert_eq!(disk.get(FEED, "1").await, Ok(None));
}

#[tokio::test]
async fn fences_go_on_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let disk = open(&folder).await;
    disk.put(FEED, "a", record(41, 10)).await.unwrap();
    disk.close().await;
    assert_eq!(open(&folder).await.next_fence(), 42);
}

#[tokio::test]
async fn a_full_disk_is_told_and_survived() {
    failing_disk(io::ErrorKind::StorageFull).await;
}

#[tokio::test]
async fn a_disk_gone_read_only_is_told_and_survived() {
    failing_disk(io::ErrorKind::ReadOnlyFilesystem).await;
}

/// What was committed before stays; while the disk fails each write says so; afterwards it goes on by itself.
async fn failing_disk(kind: io::ErrorKind) {
    let folder = TempDir::new().unwrap();
    let fails = Arc::new(AtomicBool::new(false));
    let disk = Disk::open_with(folder.path(), &options(), failing(kind, Arc::clone(&fails)))
        .await
        .unwrap();
    disk.put(FEED, "before", record(1, 100_000)).await.unwrap();

    fails.store(true, Ordering::Relaxed);
    for n in 2..5 {
        assert!(matches!(
            disk.put(FEED, "during", record(n, 100_000)).await,
            Err(Error::Io(_))
        ));
    }
    fails.store(false, Ordering::Relaxed);

    assert_eq!(disk.put(FEED, "after", record(9, 100_000)).await, Ok(true));
    assert_eq!(disk.get(FEED, "before").await, Ok(Some(record(1, 100_000))));
    assert_eq!(disk.get(FEED, "during").await, Ok(None));
    assert_eq!(disk.get(FEED, "after").await, Ok(Some(record(9, 100_000))));
    assert_eq!(set_aside(&folder), 0, "a failing disk is no damaged file");
}

fn failing(kind: io::ErrorKind, fails: Arc<AtomicBool>) -> Opener {
    Box::new(move |path| {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let inner = FileBackend::new(file)?;
        Builder::new().create_with_backend(Failing {
            inner,
            kind,
            fails: Arc::clone(&fails),
        })
    })
}

/// A file whose writes fail on demand.
#[derive(Debug)]
struct Failing {
    inner: FileBackend,
    kind: io::ErrorKind,
    fails: Arc<AtomicBool>,
}

impl Failing {
    fn check(&self) -> io::Result<()> {
        if self.fails.load(Ordering::Relaxed) {
            Err(self.kind.into())
        } else {
            Ok(())
        }
    }
}

impl StorageBackend for Failing {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.check()?;
        self.inner.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check()?;
        self.inner.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }
}
