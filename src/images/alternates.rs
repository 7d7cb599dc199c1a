//! What to try when a picture's own address fails.
//!
//! Alternates nearly always say what the address says: with `http` for `https`, or with a wrapper around it. So what
//! is remembered is how they are made of it, and that is the same for most pictures of a feed: some bytes a picture
//! where the addresses would take hundreds.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use super::keep::Key;
use crate::message::Address;
use crate::transform::Picture;

/// Pictures with alternates that are remembered, twice over.
const PICTURES: usize = 20_000;
/// Recipes that the next picture of a feed is likely to share.
const LIKELY: usize = 8;
/// Stands for the address behind its scheme. No address holds it: the URL parser writes `%00`.
const OWN: &str = "\0";

/// How alternates are made of an address: their texts, with [`OWN`] in it.
type Recipe = Vec<Box<str>>;

/// Two generations: what nobody asked for while the younger one filled up is forgotten.
#[derive(Debug, Default)]
pub(super) struct Alternates {
    /// By [`Self::short`].
    generations: Mutex<[HashMap<u64, Arc<Recipe>>; 2]>,
    secret: RandomState,
}

impl Alternates {
    pub(super) fn learn(&self, pictures: &[Picture]) {
        let mut known: Vec<Arc<Recipe>> = Vec::new();
        for picture in pictures.iter().filter(|picture| !picture.alternates.is_empty()) {
            let recipe = recipe(picture.url.as_str(), &picture.alternates);
            let likely = known.iter().rev().take(LIKELY);
            let shared = likely.filter(|known| ***known == recipe).map(Arc::clone).next();
            let shared = shared.unwrap_or_else(|| {
                let new = Arc::new(recipe);
                known.push(Arc::clone(&new));
                new
            });
            self.remember(self.short(Key::of_picture(picture)), shared);
        }
    }

    /// Of the picture at `url`, which is known as `key`.
    pub(super) fn of(&self, key: Key, url: &Url) -> Vec<Url> {
        let own = behind_scheme(url.as_str());
        let made = |text: &str| Url::parse(&text.replacen(OWN, own, 1)).ok();
        let recipe = self.recipe_of(self.short(key)).unwrap_or_default();
        recipe.iter().filter_map(|text| made(text)).collect()
    }

    /// Half as long as the key, and with a secret in it: nobody makes a picture's address that is taken for another's.
    fn short(&self, key: Key) -> u64 {
        self.secret.hash_one(key.bytes())
    }

    fn recipe_of(&self, key: u64) -> Option<Arc<Recipe>> {
        let old = {
            let [young, old] = &mut *self.generations.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = young.get(&key) {
                return Some(Arc::clone(known));
            }
            old.remove(&key)
        };
        self.remember(key, Arc::clone(old.as_ref()?));
        old
    }

    fn remember(&self, key: u64, recipe: Arc<Recipe>) {
        let [young, old] = &mut *self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if young.len() >= PICTURES && !young.contains_key(&key) {
            *old = std::mem::take(young);
        }
        young.insert(key, recipe);
    }
}

fn recipe(address: &str, alternates: &[Address]) -> Recipe {
    let own = behind_scheme(address);
    let made = |alternate: &Address| alternate.as_str().replacen(own, OWN, 1).into_boxed_str();
    alternates.iter().map(made).collect()
}

/// An address without its scheme, and without its fragment, by which none is told from another.
fn behind_scheme(address: &str) -> &str {
    let whole = address.split('#').next().unwrap_or_default();
    whole.split_once("://").map_or(whole, |(_, own)| own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    fn picture(n: usize) -> Picture {
        let own = format!("a.example/{n}.png");
        let alternates = [
            format!("http://{own}#x"),
            format!("https://images.weserv.nl/?url={own}&w=9"),
            format!("https://wraps.example/{n}?u=http%3A%2F%2Fa.example"),
        ];
        Picture::new(
            &url(&format!("https://{own}#x")),
            &alternates.map(|text| url(&text)),
        )
    }

    fn asked(alternates: &Alternates, n: usize) -> Vec<String> {
        // As a reader asks: a fragment is never sent.
        let url = url(&format!("https://a.example/{n}.png"));
        let made = alternates.of(Key::of(&url), &url);
        made.into_iter().map(String::from).collect()
    }

    #[test]
    fn alternates_are_told_as_they_were_learnt() {
        let alternates = Alternates::default();
        alternates.learn(&[picture(1), picture(2)]);
        for n in [1, 2] {
            let learnt: Vec<_> = picture(n)
                .alternates
                .iter()
                .map(|one| one.as_str().to_owned())
                .collect();
            assert_eq!(asked(&alternates, n), learnt);
        }
        assert_eq!(asked(&alternates, 3), Vec::<String>::new());
    }

    #[test]
    fn pictures_whose_alternates_are_made_alike_share_the_recipe() {
        let alike = |n: usize| {
            let own = format!("a.example/{n}.png");
            Picture::new(&url(&format!("https://{own}")), &[url(&format!("http://{own}"))])
        };
        let alternates = Alternates::default();
        alternates.learn(&(0..100).map(alike).collect::<Vec<_>>());
        let of = |n| {
            alternates
                .recipe_of(alternates.short(Key::of_picture(&alike(n))))
                .expect("known")
        };
        assert!(Arc::ptr_eq(&of(0), &of(99)));
    }

    #[test]
    fn alternates_in_use_stay_and_the_memory_for_them_is_bounded() {
        let alternates = Alternates::default();
        alternates.learn(&[picture(0)]);
        for n in 1..PICTURES * 3 {
            alternates.learn(&[picture(n)]);
            if n % 1000 == 0 {
                assert_eq!(asked(&alternates, 0).len(), 3, "{n}");
            }
        }
        assert!(asked(&alternates, 1).is_empty());
        let generations = alternates.generations.lock().expect("lock");
        let held: usize = generations.iter().map(HashMap::len).sum();
        assert!(held <= 2 * PICTURES);
    }
}
