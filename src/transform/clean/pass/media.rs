//! Pictures, sound and moving pictures, and what was embedded.

use super::super::Reason;
use super::super::address::{Located, Simple};
use super::super::images::{self, Placed, srcset};
use super::super::text::{push_address, push_attribute};
use super::super::{embeds, lean, links, trackers};
use super::attributes::Attributes;
use super::{Pass, Until};
use crate::message::Address;
use crate::transform::Picture;

/// Where scripts that load pictures late keep the true address.
const LAZY_SRC: &[&str] = &[
    "data-lazy-src",
    "data-src",
    "data-original",
    "data-original-src",
    "data-actualsrc",
    "data-orig-src",
    "data-lazy",
    "data-echo",
    "data-hi-res-src",
    "data-img-src",
    "data-image-src",
    "data-lazyload",
    "data-full-src",
    "data-url",
];

/// The same for srcset.
const LAZY_SRCSET: &[&str] = &[
    "data-lazy-srcset",
    "data-srcset",
    "data-original-set",
    "data-original-srcset",
];

/// The picture written last, as long as no text followed: to know its noscript twin.
pub(super) struct LastImage {
    address: Address,
    lazy: bool,
    noscript: bool,
}

impl Pass<'_, '_, '_> {
    /// A picture: unwrapped, placed, and only once when it stands in a noscript twin too.
    pub(super) fn image(&mut self, attributes: Attributes<'_>) {
        let has_data = attributes.has_data();
        let lazy = has_data
            && attributes
                .first(LAZY_SRC)
                .or(attributes.first(LAZY_SRCSET))
                .is_some();
        let known = self.looked_at(attributes);
        if self.is_pixel(attributes, lazy, known.as_ref()) {
            let address = attributes.get("src").unwrap_or("img");
            return self.note(Reason::Pixel, address);
        }
        if matches!(self.cleaner.policy.images, images::Policy::Strip) {
            self.note(Reason::Image, attributes.get("src").unwrap_or("img"));
            return self.instead_of_image(attributes);
        }
        let set = self.srcset(attributes);
        let place = |name: &&str| self.place_known(attributes.get(name)?, known.as_ref());
        let late = || ["data-canonical-src"].iter().chain(LAZY_SRC).find_map(place);
        let placed = if has_data { late() } else { None }.or_else(|| place(&"src"));
        let Some(address) = placed.or_else(|| set.as_ref().map(|set| set.largest.clone())) else {
            if let Some(address) = attributes.get("src") {
                self.note(Reason::Address, address);
            }
            return self.instead_of_image(attributes);
        };
        let this = LastImage {
            address: address.picture.url.clone(),
            lazy,
            noscript: self.noscript > 0,
        };
        if self.last_image.as_ref().is_some_and(|last| is_twin(last, &this)) {
            return;
        }
        self.last_image = Some(this);
        self.record(&address);
        let third_party = self.cleaner.policy.images.asks_others();
        let (places, id) = (&mut self.places, attributes.id());
        self.nesting.start("img", |out, element| {
            places.id(out, id);
            push_address(out, "src", address.address());
            if let Some(set) = &set {
                push_attribute(out, "srcset", &set.written);
            }
            attributes.write_kept(out, element);
            if third_party {
                push_attribute(out, "referrerpolicy", "no-referrer");
            }
        });
        if let Some(set) = set {
            set.candidates.iter().for_each(|placed| self.record(placed));
        }
    }

    /// What a picture that cannot be shown says.
    fn instead_of_image(&mut self, attributes: Attributes<'_>) {
        self.anchor(attributes);
        if let Some(alt) = attributes.get("alt") {
            self.nesting.text(alt);
        }
    }

    /// The address that tells whether a picture counts readers, if that is to be told.
    fn looked_at<'t>(&self, attributes: Attributes<'t>) -> Option<Known<'t>> {
        if !self.cleaner.policy.trackers {
            return None;
        }
        let address = attributes.first(LAZY_SRC).or(attributes.get("src"))?;
        let origin = images::origin(address, self.base, &self.cleaner.policy.unwrap);
        Some(Known { address, origin })
    }

    fn is_pixel(&self, attributes: Attributes<'_>, lazy: bool, known: Option<&Known<'_>>) -> bool {
        if !self.cleaner.policy.trackers {
            return false;
        }
        let [width, height, style] = ["width", "height", "style"].map(|name| attributes.get(name));
        if !lazy && trackers::is_pixel_size(width, height, style) {
            return true;
        }
        let origin = known.and_then(|known| known.origin.as_ref());
        origin.is_some_and(|(picture, _)| images::counts_readers(&picture.url))
    }

    fn place(&self, address: &str) -> Option<Placed> {
        self.place_known(address, None)
    }

    /// As [`Self::place`], where the origin of an address may be known.
    fn place_known(&self, address: &str, known: Option<&Known<'_>>) -> Option<Placed> {
        let (policy, rules) = (&self.cleaner.policy.images, &self.cleaner.policy.unwrap);
        let placed = match known {
            Some(known) if known.address == address => {
                images::place_known(address, known.origin.clone(), policy, rules)
            }
            _ => images::place(address, self.base, policy, rules),
        };
        placed.filter(|placed| lean::fits(placed.address()))
    }

    /// Notes a picture that was written.
    fn record(&mut self, placed: &Placed) {
        self.cleaner.record_picture(placed);
    }

    fn srcset(&self, attributes: Attributes<'_>) -> Option<Set> {
        let late = if attributes.has_data() { LAZY_SRCSET } else { &[] };
        let value = attributes.first(late).or(attributes.first(&["srcset"]))?;
        let mut set: Option<Set> = None;
        let mut largest = 0.0;
        for candidate in srcset::parse(value) {
            let Some(placed) = self.place(candidate.address) else {
                continue;
            };
            let known = set.get_or_insert_with(|| Set {
                written: String::with_capacity(value.len()),
                largest: placed.clone(),
                candidates: Vec::new(),
            });
            let before = known.written.len();
            srcset::push(&mut known.written, placed.address(), candidate.descriptor);
            if !lean::fits(&known.written) {
                known.written.truncate(before);
                return set.filter(|set| !set.written.is_empty());
            }
            if candidate.size() > largest {
                largest = candidate.size();
                known.largest = placed.clone();
            }
            known.candidates.push(placed);
        }
        set
    }

    /// A choice of pictures: it goes with the pictures.
    pub(super) fn picture(&mut self) {
        if !matches!(self.cleaner.policy.images, images::Policy::Strip) {
            self.nesting.start("picture", |_, _| {});
        }
    }

    /// One source of a picture, of sound or of a film.
    pub(super) fn source(&mut self, attributes: Attributes<'_>) {
        if self.nesting.has_open("picture") {
            let Some(set) = self.srcset(attributes) else {
                return;
            };
            self.nesting.start("source", |out, element| {
                push_attribute(out, "srcset", &set.written);
                attributes.write_kept(out, element);
            });
            set.candidates.iter().for_each(|placed| self.record(placed));
        } else if self.nesting.has_open("video") || self.nesting.has_open("audio") {
            let Some(address) = self.media_address(attributes) else {
                return;
            };
            self.nesting.start("source", |out, element| {
                push_attribute(out, "src", &address);
                attributes.write_kept(out, element);
            });
        }
    }

    /// Subtitles.
    pub(super) fn track(&mut self, attributes: Attributes<'_>) {
        if !(self.nesting.has_open("video") || self.nesting.has_open("audio")) {
            return;
        }
        let Some(address) = self.media_address(attributes) else {
            return;
        };
        self.nesting.start("track", |out, element| {
            push_attribute(out, "src", &address);
            attributes.write_kept(out, element);
        });
    }

    /// Sound and films stay at their origin and never load by themselves.
    pub(super) fn audio_or_video(&mut self, name: &str, attributes: Attributes<'_>) {
        let address = self.media_address(attributes);
        let poster = attributes
            .first(&["poster", "data-poster"])
            .filter(|_| name == "video" && !matches!(self.cleaner.policy.images, images::Policy::Strip))
            .and_then(|poster| self.place(poster));
        let name = if name == "video" { "video" } else { "audio" };
        let (places, id) = (&mut self.places, attributes.id());
        self.nesting.start(name, |out, element| {
            places.id(out, id);
            if let Some(address) = &address {
                push_attribute(out, "src", address);
            }
            if let Some(poster) = &poster {
                push_address(out, "poster", poster.address());
            }
            attributes.write_kept(out, element);
            push_attribute(out, "controls", "");
            push_attribute(out, "preload", "none");
        });
        if let Some(poster) = poster {
            self.record(&poster);
        }
    }

    fn media_address(&self, attributes: Attributes<'_>) -> Option<String> {
        let address = attributes.first(&["src", "data-src", "data-lazy-src"])?;
        let address = links::web(address, self.base).map(String::from);
        address.filter(|address| lean::fits(address))
    }

    // ---- embeds

    /// An iframe: what stands in it is for browsers without iframes.
    pub(super) fn iframe(&mut self, name: &str, self_closing: bool, attributes: Attributes<'_>) {
        self.embedded(
            attributes.first(&["src", "data-src", "data-lazy-src", "data-litespeed-src"]),
            attributes,
        );
        if !self_closing && name != "frame" {
            self.begin_drop(name, Until::End);
        }
    }

    /// An embed has no content.
    pub(super) fn embed(&mut self, attributes: Attributes<'_>) {
        self.embedded(attributes.first(&["src", "data-src"]), attributes);
    }

    /// An object that says what it shows needs no replacement; else its parameters or its content tell.
    pub(super) fn object(&mut self, name: &str, attributes: Attributes<'_>) {
        let Some(address) = attributes.first(&["data"]) else {
            return;
        };
        let picture = attributes
            .get("type")
            .is_some_and(|kind| kind.trim().starts_with("image/"));
        if picture {
            let Some(placed) = self.place(address) else { return };
            if !matches!(self.cleaner.policy.images, images::Policy::Strip) {
                self.record(&placed);
                let third_party = self.cleaner.policy.images.asks_others();
                self.nesting.start("img", |out, _| {
                    push_address(out, "src", placed.address());
                    if third_party {
                        push_attribute(out, "referrerpolicy", "no-referrer");
                    }
                });
            }
        } else {
            self.embedded(Some(address), attributes);
        }
        if links::web(address, self.base).is_some() {
            self.begin_drop(name, Until::End);
        }
    }

    /// The address of an old player.
    pub(super) fn param(&mut self, attributes: Attributes<'_>) {
        let names_it = attributes.get("name").is_some_and(|name| {
            ["movie", "src", "url", "filename"]
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
        });
        if names_it {
            self.embedded(attributes.first(&["value"]), attributes);
        }
    }

    fn embedded(&mut self, address: Option<&str>, attributes: Attributes<'_>) {
        let text = address.map(|address| links::on_host(address, self.base));
        if let Some(simple) = text.as_deref().and_then(Simple::of) {
            return self.embedded_at(&simple, attributes);
        }
        match address.and_then(|address| links::web(address, self.base)) {
            Some(url) => self.embedded_at(&url, attributes),
            None => self.note(Reason::Embed, address.unwrap_or("embed")),
        }
    }

    fn embedded_at(&mut self, url: &impl Located, attributes: Attributes<'_>) {
        let [width, height, style] = ["width", "height", "style"].map(|name| attributes.get(name));
        if self.cleaner.policy.trackers
            && (trackers::is_beacon(url)
                || trackers::is_share_button(url)
                || trackers::is_pixel_size(width, height, style))
        {
            return self.note(Reason::Pixel, url.as_str());
        }
        self.note(Reason::Embed, url.as_str());
        if self.cleaner.policy.embeds == embeds::Policy::Strip || self.cleaner.is_line {
            return;
        }
        let mut shown = embeds::shown(url);
        // An object and the embed inside it show the same.
        if self.last_embed.as_ref() == Some(&shown.address) {
            return;
        }
        self.last_embed = Some(shown.address.clone());
        if let Some(title) = attributes.first(&["title"]) {
            shown.label = format!("{}: {}", shown.label, title.trim());
        }
        self.write_shown(&shown);
    }

    /// A paragraph with a link, or a link alone where no paragraph may stand.
    fn write_shown(&mut self, shown: &embeds::Shown) {
        let Some(address) = self.link_address(&shown.address) else {
            return;
        };
        let poster = shown
            .poster
            .as_deref()
            .filter(|_| self.cleaner.policy.images.is_private())
            .and_then(|poster| self.place(poster));
        let block = self.nesting.is_block_place();
        if block {
            self.nesting.start("p", |_, _| {});
        }
        self.start_link(None, &address, |_, _| {});
        if let Some(poster) = poster {
            let third_party = self.cleaner.policy.images.asks_others();
            self.nesting.start("img", |out, _| {
                push_address(out, "src", poster.address());
                push_attribute(out, "alt", "");
                if third_party {
                    push_attribute(out, "referrerpolicy", "no-referrer");
                }
            });
            self.nesting.start("br", |_, _| {});
            self.record(&poster);
        }
        self.nesting.text(&shown.label);
        self.nesting.end("a");
        if block {
            self.nesting.end("p");
        }
    }
}

/// An address of a picture, and its origin.
struct Known<'t> {
    address: &'t str,
    origin: Option<(Picture, bool)>,
}

/// A srcset placed.
struct Set {
    written: String,
    /// The largest candidate stands in for a missing src.
    largest: Placed,
    candidates: Vec<Placed>,
}

/// A lazy picture and its copy for browsers without scripts, in either order.
fn is_twin(last: &LastImage, this: &LastImage) -> bool {
    let same = last.address == this.address;
    (this.noscript && !last.noscript && (same || last.lazy))
        || (last.noscript && !this.noscript && (same || this.lazy))
}
