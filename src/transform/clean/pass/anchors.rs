//! Links: to pages elsewhere, and to places in the same field.

use url::Url;

use super::super::Reason;
use super::super::address::Simple;
use super::super::sanitize::Element;
use super::super::text::{push_address, push_attribute};
use super::super::{lean, links, trackers};
use super::attributes::Attributes;
use super::{Pass, Until};

impl Pass<'_, '_, '_> {
    /// A link: its address cleaned, or the text alone.
    pub(super) fn link(&mut self, attributes: Attributes<'_>) {
        let id = attributes.first(&["id", "name"]);
        let href = attributes
            .get("href")
            .map(str::trim)
            .filter(|href| !matches!(*href, "" | "#"));
        let Some(href) = href else {
            if attributes.any_kept("a") {
                self.start_anchor(id, attributes);
            } else {
                self.place_anchor(id);
            }
            return;
        };
        let text = links::on_host(href, self.base);
        let simple = Simple::of(&text);
        let url = match simple {
            Some(_) => None,
            None => links::absolute(href, self.base),
        };
        let is_share_button = || match (&simple, &url) {
            (Some(simple), _) => trackers::is_share_button(simple),
            (None, Some(url)) => trackers::is_share_button(url),
            (None, None) => false,
        };
        if self.cleaner.policy.trackers && is_share_button() {
            self.note(Reason::ShareButton, href);
            return self.begin_drop("a", Until::Block);
        }
        // A simple address has no fragment.
        if let Some(fragment) = self.local_fragment(href, url.as_ref()) {
            return self.local_link(id, fragment, url.as_ref(), attributes);
        }
        if let Some(address) = simple.filter(|simple| self.cleaner.leaves(simple)) {
            return self.start_link(id, address.as_str(), |out, element| {
                attributes.write_kept(out, element);
            });
        }
        if let Some(address) = self.link_address(href) {
            return self.start_link(id, &address, |out, element| {
                attributes.write_kept(out, element);
            });
        }
        self.note(Reason::Address, href);
        self.place_anchor(id);
    }

    /// The address of a link, cleaned and noted.
    pub(super) fn link_address(&mut self, href: &str) -> Option<String> {
        self.cleaner
            .link(href, self.base)
            .filter(|address| lean::fits(address))
    }

    /// An anchor without an address that says something about its text.
    fn start_anchor(&mut self, id: Option<&str>, attributes: Attributes<'_>) {
        let places = &mut self.places;
        self.nesting.start("a", |out, element| {
            places.id(out, id);
            attributes.write_kept(out, element);
        });
    }

    pub(super) fn start_link(
        &mut self,
        id: Option<&str>,
        address: &str,
        kept: impl FnOnce(&mut String, &Element),
    ) {
        let places = &mut self.places;
        self.nesting.start("a", |out, element| {
            places.id(out, id);
            push_address(out, "href", address);
            kept(out, element);
        });
    }

    /// The fragment of a link within this very field.
    fn local_fragment<'h>(&self, href: &'h str, url: Option<&Url>) -> Option<&'h str> {
        let (page, fragment) = href.split_once('#')?;
        let same = || matches!((url, self.base), (Some(url), Some(base)) if links::same_page(url, base));
        (!fragment.is_empty() && (page.is_empty() || same())).then_some(fragment)
    }

    fn local_link(
        &mut self,
        id: Option<&str>,
        fragment: &str,
        url: Option<&Url>,
        attributes: Attributes<'_>,
    ) {
        let otherwise = url.and_then(|url| self.link_address(url.as_str()));
        let places = &mut self.places;
        self.nesting.start("a", |out, element| {
            places.id(out, id);
            if !places.link(out, fragment, otherwise.clone())
                && let Some(address) = &otherwise
            {
                push_attribute(out, "href", address);
            }
            attributes.write_kept(out, element);
        });
    }
}
