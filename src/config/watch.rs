//! Whether the files of settings have changed since they were last looked at.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::keys;
use super::places::Environment;
use super::schema::SECTIONS;
use super::setting::variable;

/// How all files of settings looked at one moment. Equal ones: nothing was changed in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look(Vec<(PathBuf, Option<Stamp>)>);

/// What changes when a file is written, or another one is put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl From<Metadata> for Stamp {
    fn from(about: Metadata) -> Self {
        Self {
            inode: about.ino(),
            size: about.size(),
            seconds: about.mtime(),
            nanoseconds: about.mtime_nsec(),
        }
    }
}

/// Looks at the settings file, `feeds.d/*.toml` and the files of secrets. Links are followed: what Kubernetes swaps
/// is seen.
#[must_use]
pub fn look(file: Option<&Path>, environment: &Environment) -> Look {
    let place = environment.settings(file);
    let feeds = place.folder.join("feeds.d");
    let mut paths: Vec<PathBuf> = place.file.iter().cloned().collect();
    paths.extend(
        fs::read_dir(feeds)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml")),
    );
    let secrets = SECTIONS.iter().flat_map(|section| {
        let secret = section.abouts().into_iter().filter(|about| about.secret);
        secret.map(|about| format!("{}_FILE", variable(section.name, about.key)))
    });
    paths.extend(secrets.filter_map(|name| Some(environment.folder.join(environment.get(&name)?))));
    paths.sort();
    Look(paths.into_iter().map(stamped).collect())
}

impl Look {
    /// Looks at the signing keys in `store`, too.
    #[must_use]
    pub fn and_keys(mut self, store: &Path) -> Self {
        self.0.push(stamped(keys::file(store)));
        self
    }
}

fn stamped(path: PathBuf) -> (PathBuf, Option<Stamp>) {
    let stamp = fs::metadata(&path).ok().map(Stamp::from);
    (path, stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_added_or_removed_file_is_seen_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment {
            folder: dir.path().to_owned(),
            ..Environment::default()
        };
        let store = dir.path().join("data");
        let look = || look(None, &environment).and_keys(&store);
        fs::create_dir(dir.path().join("feeds.d")).unwrap();
        fs::write(dir.path().join("limpid.toml"), "").unwrap();
        let mut before = look();
        fs::write(dir.path().join("feeds.d/notes.txt"), "not ours").unwrap();
        assert_eq!(look(), before);
        let changes: [&dyn Fn(); 4] = [
            &|| fs::write(dir.path().join("limpid.toml"), "# more").unwrap(),
            &|| fs::write(dir.path().join("feeds.d/a.toml"), "").unwrap(),
            &|| fs::remove_file(dir.path().join("feeds.d/a.toml")).unwrap(),
            &|| {
                fs::create_dir(&store).unwrap();
                fs::write(keys::file(&store), "k").unwrap();
            },
        ];
        for change in changes {
            change();
            let after = look();
            assert_ne!(after, before);
            before = after;
        }
    }
}
