//! Making room: the picture used longest ago goes first, one that a feed shows last.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Disk, RECORD, Record, files};

/// One address that is kept.
struct Entry {
    path: PathBuf,
    object: Option<String>,
    pinned: bool,
    used: SystemTime,
}

/// Bytes of all objects and records below `folder`.
pub(super) fn count(folder: &Path) -> u64 {
    let objects: u64 = files(&folder.join("objects"))
        .filter_map(|path| fs::metadata(path).ok())
        .map(|metadata| metadata.len())
        .sum();
    objects + files(&folder.join("records")).count() as u64 * RECORD
}

/// Removes addresses, and objects that no address needs any more, until `wanted` bytes of `held` are
/// left; returns the bytes that are.
pub(super) fn sweep(disk: &Disk, held: u64, wanted: u64, now: SystemTime) -> u64 {
    let pinned = disk.pinned(now);
    let mut entries: Vec<Entry> = files(&disk.folder.join("records"))
        .filter_map(|path| {
            let Some(record) = Record::read(&path) else {
                let _ = fs::remove_file(&path);
                return None;
            };
            Some(Entry {
                object: record.object,
                pinned: key_of(&path).is_some_and(|key| pinned.contains(&key)),
                used: fs::metadata(&path).ok()?.modified().ok()?,
                path,
            })
        })
        .collect();
    entries.sort_by_key(|entry| (entry.pinned, entry.used));
    let mut uses: HashMap<String, u32> = HashMap::new();
    for object in entries.iter().filter_map(|entry| entry.object.clone()) {
        *uses.entry(object).or_default() += 1;
    }
    let mut left = held.saturating_sub(orphans(disk, &uses, now));
    for entry in entries {
        if left <= wanted {
            break;
        }
        if fs::remove_file(&entry.path).is_err() {
            continue;
        }
        left = left.saturating_sub(RECORD);
        let Some(object) = entry.object else { continue };
        let others = uses.entry(object.clone()).or_default();
        *others = others.saturating_sub(1);
        if *others == 0 {
            left = left.saturating_sub(remove(&disk.place("objects", &object)));
        }
    }
    left
}

/// Removes objects that no record names, unless they are so new that theirs is still to come; returns their bytes.
fn orphans(disk: &Disk, uses: &HashMap<String, u32>, now: SystemTime) -> u64 {
    files(&disk.folder.join("objects"))
        .filter(|path| key_name(path).is_some_and(|name| !uses.contains_key(&name)))
        .filter(|path| !is_new(path, now))
        .map(|path| remove(&path))
        .sum()
}

/// True for a file written within the last minute.
fn is_new(path: &Path, now: SystemTime) -> bool {
    let written = fs::metadata(path).and_then(|metadata| metadata.modified());
    written.is_ok_and(|written| now.duration_since(written).map_or(true, |age| age.as_secs() < 60))
}

fn remove(path: &Path) -> u64 {
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    if fs::remove_file(path).is_ok() { bytes } else { 0 }
}

/// `ab/cdef…` is named `abcdef…`.
pub(super) fn key_name(path: &Path) -> Option<String> {
    let rest = path.file_name()?.to_str()?;
    let shelf = path.parent()?.file_name()?.to_str()?;
    Some(format!("{shelf}{rest}"))
}

pub(super) fn key_of(path: &Path) -> Option<[u8; 16]> {
    let name = key_name(path)?;
    u128::from_str_radix(&name, 16).ok().map(u128::to_be_bytes)
}
