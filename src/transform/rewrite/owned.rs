//! The nodes that we write: our address as the self link, and the title an owner gave.

use super::outline;
use super::scan::{Kind, Name, Piece};
use super::stream::Stream;
use super::text::{escape, escape_value};
use crate::transform::Error;
use crate::transform::fields::{ATOM, Vocabulary};

impl<'j> Stream<'j> {
    pub(super) fn is_lined(&self, name: &Name<'_>) -> bool {
        self.job.policy.title.is_some()
            && name.local.eq_ignore_ascii_case("title")
            && matches!(name.vocabulary, Vocabulary::Rss | Vocabulary::Atom)
    }

    /// Writes the feed's title as the owner wants it, without a `type`: it is text.
    pub(super) fn own_title(&mut self, piece: Piece<'j>, name: &Name<'_>) -> Result<(), Error> {
        self.write_title(name.qualified);
        if let Kind::Open(_) = piece.kind {
            self.scanner.skip_to_close()?;
        }
        Ok(())
    }

    fn write_title(&mut self, qualified: &str) {
        let title = self.job.policy.title.as_deref().unwrap_or_default();
        self.out.push('<');
        self.out.push_str(qualified);
        self.out.push('>');
        escape(title, &mut self.out);
        self.out.push_str("</");
        self.out.push_str(qualified);
        self.out.push('>');
    }

    pub(super) fn own_self_link(&mut self, piece: Piece<'j>, name: Name<'j>) -> Result<(), Error> {
        self.has_self = true;
        self.structure(piece, name, false)
    }

    /// Adds the self link, and a title if the owner gave one, where the feed has none.
    pub(super) fn add_what_is_missing(&mut self, container: &Name<'j>) -> Result<(), Error> {
        // Only the first element for the feed's own data is filled up.
        let adds_title =
            self.job.policy.title.is_some() && !std::mem::replace(&mut self.outline.has_title, true);
        let adds_self = self.job.policy.self_url.is_some()
            && self.can_hold_self(container)
            && !std::mem::replace(&mut self.outline.has_self, true);
        let adds_hub = self.job.policy.hub.is_some()
            && self.can_hold_self(container)
            && !std::mem::replace(&mut self.has_hub, true);
        if !adds_title && !adds_self && !adds_hub {
            return Ok(());
        }
        let next = self.scanner.next()?;
        let is_space = next.kind == Kind::Text && next.raw.trim().is_empty();
        let indent = if is_space { next.raw } else { "" };
        self.scanner.give_back(std::iter::once(next));
        if adds_title {
            self.out.push_str(indent);
            self.write_title(&sibling(container, "title"));
        }
        if adds_self {
            self.out.push_str(indent);
            self.write_self_link(container);
        }
        if adds_hub {
            self.out.push_str(indent);
            self.write_hub_link(container);
        }
        Ok(())
    }

    /// CDF knows no links; its channel is the root.
    fn can_hold_self(&self, container: &Name<'_>) -> bool {
        self.frames.len() > 1 || container.local.eq_ignore_ascii_case("feed")
    }

    fn write_self_link(&mut self, container: &Name<'_>) {
        let Some(address) = &self.job.policy.self_url else {
            return;
        };
        let media_type = if is_atom(container) {
            "application/atom+xml"
        } else {
            "application/rss+xml"
        };
        self.write_link(container, address.as_str(), "self", Some(media_type));
    }

    fn write_hub_link(&mut self, container: &Name<'_>) {
        if let Some(address) = &self.job.policy.hub {
            self.write_link(container, address.as_str(), "hub", None);
        }
    }

    fn write_link(&mut self, container: &Name<'_>, address: &str, relation: &str, media_type: Option<&str>) {
        let (name, declaration) = match &self.outline.atom_prefix {
            _ if is_atom(container) => (sibling(container, "link"), String::new()),
            Some(prefix) => (format!("{prefix}:link"), String::new()),
            // The root declares it, unless the prefix means something else there.
            None if self.outline.atom_is_taken => ("atom:link".to_owned(), format!(" xmlns:atom=\"{ATOM}\"")),
            None => ("atom:link".to_owned(), String::new()),
        };
        self.out.push('<');
        self.out.push_str(&name);
        self.out.push_str(&declaration);
        self.out.push_str(" href=\"");
        escape_value(address, '"', &mut self.out);
        self.out.push_str("\" rel=\"");
        self.out.push_str(relation);
        if let Some(media_type) = media_type {
            self.out.push_str("\" type=\"");
            self.out.push_str(media_type);
        }
        self.out.push_str("\"/>");
    }

    /// What the root must declare for the links that will be added.
    pub(super) fn declaration_for_root(&self, root: &Name<'_>) -> Option<String> {
        let adds = self.frames.is_empty()
            && ((self.job.policy.self_url.is_some() && !self.outline.has_self)
                || self.job.policy.hub.is_some())
            && self.outline.has_container
            && self.outline.atom_prefix.is_none()
            && !self.outline.atom_is_taken
            && !outline::is_container(root, 0);
        adds.then(|| format!(" xmlns:atom=\"{ATOM}\""))
    }
}

fn is_atom(container: &Name<'_>) -> bool {
    container.vocabulary == Vocabulary::Atom || container.local.eq_ignore_ascii_case("feed")
}

/// The name of an element beside others of the container's vocabulary.
fn sibling(container: &Name<'_>, local: &str) -> String {
    match container.qualified.split_once(':') {
        Some((prefix, _)) => format!("{prefix}:{local}"),
        None => local.to_owned(),
    }
}
