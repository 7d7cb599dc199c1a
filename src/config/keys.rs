//! The signing keys: made once, kept in the store's folder, readable by us alone.
//!
//! A line a key, `ID SECRET CREATED`: the character that names it, 32 bytes in base64url, and seconds
//! since 1970. The first one signs, all verify. `sign.keys` takes the same text, or one bare secret.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};

use crate::sign::{Key, KeyRing};

const HEADER: &str =
    "# Signing keys of Limpid: secret. Lost keys break every picture in articles that readers have kept.\n";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or the file.
    #[error("the signing keys in {} cannot be {verb}: {}", path.display(), crate::local::why(source))]
    File {
        path: PathBuf,
        verb: &'static str,
        source: io::Error,
    },
    /// The file says something else.
    #[error("{} does not hold signing keys: {reason}", path.display())]
    Text { path: PathBuf, reason: String },
    /// The operating system gives no random bytes.
    #[error("no random bytes for a signing key: {0}")]
    Random(getrandom::Error),
    /// All 62 names are taken.
    #[error("there are too many signing keys: prune some first")]
    Full,
}

/// The file in the store's `folder`.
#[must_use]
pub fn file(folder: &Path) -> PathBuf {
    folder.join("keys")
}

/// A ring with one new key.
///
/// # Errors
/// When there are no random bytes.
pub fn fresh(now: SystemTime) -> Result<KeyRing, Error> {
    KeyRing::new(vec![new_key('0', now)?]).ok_or(Error::Full)
}

/// The keys in `folder`; made there if there are none yet. However many processes come at once, one key comes of it.
///
/// # Errors
/// When the folder cannot be written, or the file is not ours. A file that is there is never replaced.
pub fn load_or_create(folder: &Path, now: SystemTime) -> Result<KeyRing, Error> {
    match load(folder)? {
        Some(ring) => Ok(ring),
        None => update(folder, |ring| match ring {
            Some(ring) => Ok(ring),
            None => fresh(now),
        }),
    }
}

/// The keys in `folder`, if there are any.
///
/// # Errors
/// When the file cannot be read, or is not ours.
pub fn load(folder: &Path) -> Result<Option<KeyRing>, Error> {
    let path = file(folder);
    match fs::read_to_string(&path) {
        Ok(text) => match parse(&text) {
            Ok(ring) => Ok(Some(ring)),
            Err(reason) => Err(Error::Text { path, reason }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File {
            path,
            verb: "read",
            source,
        }),
    }
}

/// Puts a new key in front of those in `folder`; the old ones keep verifying.
///
/// # Errors
/// As [`load_or_create`]; and when all names are taken.
pub fn rotate(folder: &Path, now: SystemTime) -> Result<KeyRing, Error> {
    update(folder, |ring| match ring {
        Some(ring) => rotated(&ring, now),
        None => fresh(now),
    })
}

/// `ring` with a new key in front.
///
/// # Errors
/// When all names are taken, or there are no random bytes.
pub fn rotated(ring: &KeyRing, now: SystemTime) -> Result<KeyRing, Error> {
    let mut keys = vec![new_key(ring.free_id().ok_or(Error::Full)?, now)?];
    keys.extend_from_slice(ring.keys());
    KeyRing::new(keys).ok_or(Error::Full)
}

/// Drops the keys in `folder` that were replaced by a newer one before `since`.
///
/// # Errors
/// As [`load_or_create`].
pub fn prune(folder: &Path, since: SystemTime, now: SystemTime) -> Result<KeyRing, Error> {
    update(folder, |ring| match ring {
        Some(ring) => Ok(pruned(&ring, since)),
        None => fresh(now),
    })
}

/// `ring` without the keys that were replaced at `since` or before. The one that signs always stays.
#[must_use]
pub fn pruned(ring: &KeyRing, since: SystemTime) -> KeyRing {
    let since = seconds(since);
    let keys = ring.keys();
    // A key is replaced when the one in front of it is made.
    let kept = keys
        .iter()
        .enumerate()
        .filter(|(at, _)| {
            at.checked_sub(1)
                .and_then(|at| keys.get(at))
                .is_none_or(|newer| newer.created > since)
        })
        .map(|(_, key)| key.clone())
        .collect();
    KeyRing::new(kept).unwrap_or_else(|| ring.clone())
}

/// Reads keys: lines (or parts between commas) of `ID SECRET [CREATED]`, or one bare secret.
///
/// # Errors
/// What is wrong; never repeats a secret.
pub fn parse(text: &str) -> Result<KeyRing, String> {
    let mut keys: Vec<Key> = Vec::new();
    let lines = text
        .split(['\n', ','])
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'));
    for line in lines {
        let key = key(line)?;
        if keys.iter().any(|other| other.id == key.id) {
            return Err(format!("two keys are named `{}`", key.id));
        }
        keys.push(key);
    }
    KeyRing::new(keys).ok_or_else(|| "there is no key".to_owned())
}

fn key(line: &str) -> Result<Key, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (id, secret, created) = match words[..] {
        [secret] => ("0", secret, "0"),
        [id, secret] => (id, secret, "0"),
        [id, secret, created] => (id, secret, created),
        _ => return Err("a key is written as ID SECRET CREATED".to_owned()),
    };
    let mut chars = id.chars();
    let id = match (chars.next(), chars.next()) {
        (Some(id), None) if id.is_ascii_alphanumeric() => id,
        _ => return Err("a key is named by one letter or digit".to_owned()),
    };
    Ok(Key {
        id,
        secret: secret_bytes(secret).ok_or("a key is 32 bytes in base64 or 64 hexadecimal digits")?,
        created: created
            .parse()
            .map_err(|_| "the time of a key is in seconds since 1970")?,
    })
}

fn secret_bytes(text: &str) -> Option<[u8; 32]> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        let mut bytes = [0_u8; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
        }
        return Some(bytes);
    }
    let bytes = BASE64URL.decode(text).or_else(|_| STANDARD.decode(text)).ok()?;
    bytes.try_into().ok()
}

/// The text of a ring, as [`parse`] reads it. Secret.
#[must_use]
pub fn text(ring: &KeyRing) -> String {
    let line = |key: &Key| format!("{} {} {}\n", key.id, BASE64URL.encode(key.secret), key.created);
    ring.keys().iter().map(line).collect()
}

fn new_key(id: char, now: SystemTime) -> Result<Key, Error> {
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret).map_err(Error::Random)?;
    Ok(Key {
        id,
        secret,
        created: seconds(now),
    })
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Changes the file under a lock: read, change, write beside it, rename over it. Who reads without the
/// lock sees the old file or the new one, whole.
fn update(
    folder: &Path,
    change: impl FnOnce(Option<KeyRing>) -> Result<KeyRing, Error>,
) -> Result<KeyRing, Error> {
    let failed = |source| Error::File {
        path: file(folder),
        verb: "written",
        source,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed)?;
    // Released when the file is closed, whatever happens to us.
    let lock = private(folder, "keys.lock", false).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let ring = change(load(folder)?)?;
    write(folder, &format!("{HEADER}{}", text(&ring))).map_err(failed)?;
    Ok(ring)
}

fn write(folder: &Path, text: &str) -> io::Result<()> {
    let path = file(folder);
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let mut file = private(folder, "keys.new", true)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(folder.join("keys.new"), &path)?;
    // The name is only safe from a power cut once the folder is.
    File::open(folder)?.sync_all()
}

/// A file that its owner alone may read: whoever owns the folder, also when root runs the command for a server
/// that is somebody else.
fn private(folder: &Path, name: &str, empty: bool) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(empty)
        .mode(0o600)
        .open(folder.join(name))?;
    let owner = fs::metadata(folder)?;
    if file.metadata()?.uid() != owner.uid() {
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn keys_are_made_once_and_readable_by_us_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        let first = load_or_create(&folder, at(1000)).unwrap();
        let second = load_or_create(&folder, at(2000)).unwrap();
        assert_eq!(text(&first), text(&second));
        assert_eq!(first.keys()[0].created, 1000);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file(&folder)), 0o600);
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn keys_belong_to_whom_the_folder_belongs() {
        let dir = tempfile::tempdir().unwrap();
        if std::os::unix::fs::chown(dir.path(), Some(65532), Some(65532)).is_err() {
            return; // Only root may give away.
        }
        load_or_create(dir.path(), at(1)).unwrap();
        rotate(dir.path(), at(2)).unwrap();
        for name in ["keys", "keys.lock"] {
            assert_eq!(
                fs::metadata(dir.path().join(name)).unwrap().uid(),
                65532,
                "{name}"
            );
        }
    }

    #[test]
    fn many_at_once_end_with_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let rings: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| text(&load_or_create(dir.path(), at(1)).unwrap())))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(rings.iter().all(|ring| *ring == rings[0]));
    }

    #[test]
    fn a_file_that_is_not_ours_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(file(dir.path()), "precious").unwrap();
        assert!(load_or_create(dir.path(), at(1)).is_err());
        assert!(rotate(dir.path(), at(1)).is_err());
        assert_eq!(fs::read_to_string(file(dir.path())).unwrap(), "precious");
    }

    #[test]
    fn a_rotated_key_stays_until_it_is_pruned() {
        let dir = tempfile::tempdir().unwrap();
        let ids = |ring: &KeyRing| ring.keys().iter().map(|k| k.id).collect::<String>();
        load_or_create(dir.path(), at(100)).unwrap();
        rotate(dir.path(), at(200)).unwrap();
        assert_eq!(ids(&rotate(dir.path(), at(300)).unwrap()), "210");
        assert_eq!(ids(&prune(dir.path(), at(250), at(400)).unwrap()), "21");
        assert_eq!(ids(&prune(dir.path(), at(999), at(400)).unwrap()), "2");
        assert_eq!(ids(&load(dir.path()).unwrap().unwrap()), "2");
        rotate(dir.path(), at(500)).unwrap();
        let left = ids(&prune(dir.path(), at(500), at(500)).unwrap());
        assert_eq!(
            left.len(),
            1,
            "one that others have seen goes in the second in which it is replaced"
        );
    }

    #[test]
    fn keys_come_as_lines_or_as_one_bare_secret() {
        let hex = "0f".repeat(32);
        assert_eq!(parse(&hex).unwrap().keys()[0].secret, [15; 32]);
        let ring = fresh(at(7)).unwrap();
        assert_eq!(text(&parse(&text(&ring)).unwrap()), text(&ring));
        assert_eq!(parse(&format!("b {hex} 5, a {hex}")).unwrap().keys().len(), 2);
        for wrong in [
            "",
            "short",
            &format!("{hex},{hex}"),
            &format!("ab {hex}"),
            &format!("a {hex} x"),
        ] {
            let reason = parse(wrong).unwrap_err();
            assert!(!reason.contains(&hex), "{reason}");
        }
    }
}
