//! What of a policy changes the bytes of an entry, as one hash: the key of the memo.

use url::Url;

use super::clean::{embeds, images};
use super::{Policy, clean};

/// Raised with every change of the transform by which the same policy makes other bytes of an entry than before: what was
/// cleaned by then is cleaned anew, and nothing that a reader has lost, or should not have, outlives an upgrade.
const REVISION: u32 = 3;

impl Policy {
    /// A hash of everything that decides how an entry is cleaned, this version of Limpid included.
    ///
    /// The feed's own address, title and selection are left out: they change no entry.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        let clean::Policy {
            images,
            embeds,
            trackers,
            rewrite,
            unwrap,
            limits,
            // The bytes are the same either way.
            fast: _,
        } = &self.clean;
        part(env!("CARGO_PKG_VERSION").as_bytes());
        part(&REVISION.to_le_bytes());
        match images {
            // What it signs tells the key and the public address, and nothing of the secret.
            images::Policy::Proxy(signer) => {
                part(b"proxy");
                if let Ok(probe) = Url::parse("https://fingerprint.invalid/") {
                    part(signer.image(&probe).as_bytes());
                }
            }
            images::Policy::Weserv(base) => {
                part(b"weserv");
                part(base.as_bytes());
            }
            images::Policy::Direct => part(b"direct"),
            images::Policy::Strip => part(b"strip"),
        }
        part(match embeds {
            embeds::Policy::Link => b"link",
            embeds::Policy::Strip => b"strip",
        });
        part(&[u8::from(*trackers)]);
        let document = &self.limits;
        for limit in [
            limits.bytes,
            limits.depth,
            limits.cost,
            document.depth,
            document.attributes,
            document.namespaces,
        ] {
            part(&(limit as u64).to_le_bytes());
        }
        for rule in rewrite.iter() {
            part(rule.matches.as_str().as_bytes());
            part(rule.replace.as_bytes());
        }
        part(unwrap.said().as_bytes());
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn what_the_fixtures_become_changes_with_the_revision_alone() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let mut cases: Vec<_> = fs::read_dir(folder)
            .expect("fixtures")
            .map(|case| case.expect("a case").path())
            .collect();
        cases.sort();
        let mut hasher = blake3::Hasher::new();
        for case in cases {
            let becomes = ["out.xml", "out.json"].map(|name| fs::read(case.join(name)).ok());
            hasher.update(&becomes.into_iter().flatten().next().expect("an out.*"));
        }
        let hash = hasher.finalize().to_hex();
        assert_eq!(
            (REVISION, &hash[..16]),
            (3, "5143fc15a2198f9b"),
            "if a case becomes something else than it did, raise REVISION; then, or if a case is new, write this hash here"
        );
    }

    #[test]
    fn what_changes_an_entry_changes_the_fingerprint_and_nothing_else_does() {
        let plain = Policy::default();
        let named = Policy {
            title: Some("Mine".to_owned()),
            self_url: Url::parse("https://feeds.example/x").ok(),
            ..Policy::default()
        };
        assert_eq!(plain.fingerprint(), named.fingerprint());
        let mut stripped = Policy::default();
        stripped.clean.images = images::Policy::Strip;
        let mut untracked = Policy::default();
        untracked.clean.trackers = !untracked.clean.trackers;
        assert_ne!(plain.fingerprint(), stripped.fingerprint());
        assert_ne!(plain.fingerprint(), untracked.fingerprint());
    }
}
