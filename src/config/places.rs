//! The environment as it was at the start, and the folders it points to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The environment, read once.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// All variables.
    pub variables: BTreeMap<String, String>,
    /// The current folder.
    pub folder: PathBuf,
}

/// Where settings were found.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// The folder it stands in (or would be looked for): `feeds.d` is here.
    pub folder: PathBuf,
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
        Self {
            variables: std::env::vars_os()
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
            folder: std::env::current_dir().unwrap_or_default(),
        }
    }

    /// A variable that is set to something.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The settings file: the one asked for, `$LIMPID_CONFIG`, or the first that is there of `./limpid.toml`,
    /// `$XDG_CONFIG_HOME/limpid/limpid.toml` and `/etc/limpid/limpid.toml`.
    #[must_use]
    pub fn settings(&self, asked: Option<&Path>) -> Place {
        let asked = asked.or_else(|| self.get("LIMPID_CONFIG").map(Path::new));
        if let Some(file) = asked {
            return Place::of(self.folder.join(file));
        }
        let home = self.home("XDG_CONFIG_HOME", ".config");
        [
            Some(self.folder.clone()),
            home.clone(),
            Some(PathBuf::from("/etc/limpid")),
        ]
        .into_iter()
        .flatten()
        .map(|folder| folder.join("limpid.toml"))
        // A file that may not be looked at is there: reading it will say so.
        .find(|file| file.try_exists().unwrap_or(true))
        .map_or_else(
            || Place {
                file: None,
                folder: home.unwrap_or_else(|| self.folder.clone()),
            },
            Place::of,
        )
    }

    /// Feeds that were added before there was a settings file, and are not beside the one that is used now: their
    /// folder. Of a file that was asked for, nothing else is expected.
    #[must_use]
    pub fn passed_over(&self, asked: Option<&Path>, place: &Place) -> Option<PathBuf> {
        let home = self.home("XDG_CONFIG_HOME", ".config")?;
        let chosen = asked.is_some() || self.get("LIMPID_CONFIG").is_some() || place.file.is_none();
        if chosen || place.folder == home || home.join("limpid.toml").exists() {
            return None;
        }
        let feeds = home.join("feeds.d");
        let mut files = std::fs::read_dir(&feeds).ok()?.flatten();
        files
            .any(|file| file.path().extension().is_some_and(|ending| ending == "toml"))
            .then_some(feeds)
    }

    /// What a relative `store.path` is meant from: `$STATE_DIRECTORY` (systemd), the settings file's folder, or
    /// `$XDG_DATA_HOME/limpid`. Without a file nothing is ever written into the current folder.
    #[must_use]
    pub fn state(&self, place: &Place) -> PathBuf {
        // systemd.exec(5): several directories are separated by colons.
        let state = self.get("STATE_DIRECTORY").and_then(|v| v.split(':').next());
        match (state, &place.file) {
            (Some(state), _) => PathBuf::from(state),
            // A file that comes later must not change where the signing keys are.
            (None, Some(_)) if self.home("XDG_CONFIG_HOME", ".config").as_ref() == Some(&place.folder) => {
                self.data_home().unwrap_or_else(|| place.folder.clone())
            }
            (None, Some(_)) => place.folder.clone(),
            (None, None) => self.data_home().unwrap_or_else(|| self.folder.clone()),
        }
    }

    /// Where a store is kept that no settings file gives a place.
    pub(super) fn data_home(&self) -> Option<PathBuf> {
        self.home("XDG_DATA_HOME", ".local/share")
    }

    /// `limpid` in a base directory; relative ones are ignored (XDG Base Directory Specification).
    fn home(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        self.get(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| self.get("HOME").map(|home| Path::new(home).join(below_home)))
            .map(|base| base.join("limpid"))
    }
}

impl Place {
    fn of(file: PathBuf) -> Self {
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        Self {
            file: Some(file),
            folder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)], folder: &Path) -> Environment {
        Environment {
            variables: variables
                .iter()
                .map(|(k, v)| ((*k).into(), (*v).into()))
                .collect(),
            folder: folder.to_owned(),
        }
    }

    #[test]
    fn the_current_folder_comes_before_the_home_folder() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home/.config/limpid");
        std::fs::create_dir_all(&home).unwrap();
        let env = environment(&[("HOME", dir.path().join("home").to_str().unwrap())], dir.path());
        assert_eq!(env.settings(None).folder, home);
        std::fs::write(home.join("limpid.toml"), "").unwrap();
        assert_eq!(env.settings(None).file, Some(home.join("limpid.toml")));
        std::fs::write(dir.path().join("limpid.toml"), "").unwrap();
        assert_eq!(env.settings(None).file, Some(dir.path().join("limpid.toml")));
        assert_eq!(
            env.settings(Some(Path::new("x/y.toml"))).folder,
            dir.path().join("x")
        );
    }

    #[test]
    fn feeds_that_a_new_settings_file_leaves_behind_are_seen() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join(".config/limpid");
        std::fs::create_dir_all(home.join("feeds.d")).unwrap();
        let env = environment(&[("HOME", dir.path().to_str().unwrap())], dir.path());
        let passed_over = |asked| env.passed_over(asked, &env.settings(asked));
        std::fs::write(home.join("feeds.d/a.toml"), "").unwrap();
        assert_eq!(passed_over(None), None, "without a file these are the feeds");
        std::fs::write(dir.path().join("limpid.toml"), "").unwrap();
        assert_eq!(passed_over(None), Some(home.join("feeds.d")));
        assert_eq!(passed_over(Some(Path::new("limpid.toml"))), None);
        std::fs::remove_file(home.join("feeds.d/a.toml")).unwrap();
        assert_eq!(passed_over(None), None);
    }

    #[test]
    fn without_a_settings_file_state_goes_to_the_home_folder() {
        let mut place = Place {
            file: None,
            folder: PathBuf::new(),
        };
        let env = environment(
            &[("HOME", "/home/a"), ("XDG_DATA_HOME", "relative")],
            Path::new("/cwd"),
        );
        assert_eq!(env.state(&place), Path::new("/home/a/.local/share/limpid"));
        place = Place::of(PathBuf::from("/home/a/.config/limpid/limpid.toml"));
        assert_eq!(
            env.state(&place),
            Path::new("/home/a/.local/share/limpid"),
            "and stays there"
        );
        place = Place::of(PathBuf::from("/srv/limpid.toml"));
        assert_eq!(env.state(&place), Path::new("/srv"));
        let env = environment(
            &[("HOME", "/home/a"), ("STATE_DIRECTORY", "/var/lib/limpid:/x")],
            Path::new("/"),
        );
        assert_eq!(env.state(&place), Path::new("/var/lib/limpid"));
    }
}
