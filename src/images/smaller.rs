//! Smaller pictures: made once per picture and width, kept like any other.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::ask::held;
use super::image::name;
use super::prepare::Prepared;
use super::{Error, Image, Images, Inner, Kept, Key, flight, resize};
use crate::fetch::spool::Body;
use crate::message::Validators;

/// The widths that an address may ask for, in pixels: few, so that few are made.
pub const WIDTHS: [u32; 6] = [160, 320, 640, 960, 1280, 1920];

/// How long a reader waits for a smaller picture before the whole one is sent.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a smaller picture is good: it changes only when the picture does, and then has another name.
const FOR_EVER: Duration = Duration::from_hours(24 * 365 * 10);

impl Images {
    /// As [`Images::get`], but not wider than `width` and what the settings say. What cannot be made
    /// smaller (it moves, it is small already, it takes too long) comes as it is.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get_at_most(&self, url: &Url, width: Option<u32>) -> Result<Image, Error> {
        let whole = self.get(url).await?;
        let ceiling = Some(self.inner.options.max_width).filter(|width| *width > 0);
        match width.into_iter().chain(ceiling).min() {
            Some(width) => Ok(self.smaller(url, &whole, width).await.unwrap_or(whole)),
            None => Ok(whole),
        }
    }

    async fn smaller(&self, url: &Url, whole: &Image, width: u32) -> Option<Image> {
        let key = Key::of_text(&format!("w{width} {}", whole.etag));
        let kept = match self.inner.memory.get(&key).await {
            Some(kept) => kept,
            None => {
                let arrival = self.inner.flights.board(key, || {
                    let (inner, url, whole) = (Arc::clone(&self.inner), url.clone(), whole.clone());
                    inner.make(key, url, whole, width)
                });
                tokio::time::timeout(PATIENCE, flight::arrived(arrival))
                    .await
                    .ok()??
            }
        };
        kept.image.as_ref()?;
        self.inner.open(&kept).await?.ok()
    }

    /// True when `token` opens the compatible endpoint. Takes the same time for any wrong one.
    #[must_use]
    pub fn opens_compatible(&self, token: &str) -> bool {
        // The hashes are compared in constant time.
        self.inner.options.compatible == Some(blake3::hash(token.as_bytes()))
    }
}

impl Inner {
    /// The smaller picture from disk, or made now. One without a picture says that there is no smaller one.
    async fn make(self: Arc<Self>, key: Key, mut url: Url, whole: Image, width: u32) -> Arc<Kept> {
        let now = self.clock.now();
        if let Some(kept) = self.on_disk(move |disk| disk.load(key, now)).await.flatten() {
            let kept = Arc::new(kept);
            self.remember(key, &kept).await;
            return kept;
        }
        let _turn = self.resizing.acquire().await;
        let (disk, memory) = (self.disk.clone(), self.options.resize_memory);
        let work = move || {
            let bytes = whole.content.bytes().ok()?;
            let (kind, bytes) = resize::resize(whole.media_type, &bytes, width, memory)?;
            let picture = Prepared {
                kind,
                name: name(&bytes),
                body: Body::Memory(bytes.into()),
            };
            let placed = disk.map(|disk| disk.put_object(&picture, now));
            held(picture, placed.is_some_and(|placed| placed.is_ok())).ok()
        };
        let image = tokio::task::spawn_blocking(work).await.ok().flatten();
        url.set_fragment(Some(&format!("w{width}")));
        let kept = Arc::new(Kept {
            from: url.clone(),
            url,
            error: None,
            failures: 0,
            until: now + FOR_EVER,
            validators: Validators::default(),
            image,
        });
        self.remember(key, &kept).await;
        if kept.image.is_some() {
            self.save(key, Arc::clone(&kept));
        }
        kept
    }
}
