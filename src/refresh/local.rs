//! Feeds that lie on this machine: a feed file, or a folder of article archives.

use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::Error;
use crate::transform::{Limits, archive};

/// The document at `path`: the file's bytes, or a feed of the articles in the folder.
pub(super) async fn read(path: &Path, limits: &Limits) -> Result<Bytes, Error> {
    let (path, limits) = (path.to_owned(), limits.clone());
    let task = tokio::task::spawn_blocking(move || {
        if path.is_dir() {
            folder(&path, &limits)
        } else {
            file(&path, limits.decoded).map(Bytes::from)
        }
    });
    task.await.map_err(|_crash| Error::Crashed)?
}

/// Reads a file of at most `limit` bytes.
fn file(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    // A pipe or a device would be read for ever.
    if !fs::metadata(path).map_err(fault)?.is_file() {
        return Err(Error::File("it is not a file"));
    }
    let mut bytes = Vec::new();
    let opened = fs::File::open(path).map_err(fault)?;
    let read = opened
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    if read > limit {
        return Err(Error::File("it is larger than the limit"));
    }
    Ok(bytes)
}

/// A feed of the archives in a folder: the last ones by name (names begin with the day), as many
/// as the limits allow. What is no archive is passed over.
fn folder(path: &Path, limits: &Limits) -> Result<Bytes, Error> {
    let names = fs::read_dir(path).map_err(fault)?;
    let mut names: Vec<PathBuf> = names.flatten().map(|entry| entry.path()).collect();
    names.retain(|name| !is_hidden(name));
    names.sort_unstable_by(|a, b| b.cmp(a));
    let mut left = limits.decoded;
    let mut articles = Vec::new();
    for name in names {
        if articles.len() == limits.entries {
            break;
        }
        let Ok(bytes) = file(&name, left) else { continue };
        left = left.saturating_sub(bytes.len());
        let stem = name.file_stem().unwrap_or_default().to_string_lossy();
        articles.extend(archive::read(&stem, &String::from_utf8_lossy(&bytes)));
    }
    let title = path.file_name().unwrap_or_default().to_string_lossy();
    let link = articles
        .first()
        .map(|article| article.url.clone())
        .unwrap_or_default();
    Ok(Bytes::from(archive::feed(&articles, &title, &link)?))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_none_or(|name| name.to_string_lossy().starts_with('.'))
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn fault(error: io::Error) -> Error {
    Error::File(match error.kind() {
        ErrorKind::NotFound => "it does not exist",
        ErrorKind::PermissionDenied => "it may not be read",
        _ => "reading it failed",
    })
}
