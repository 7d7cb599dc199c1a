//! The nodes that we write: our address as the self link, and the title an owner gave.

use super::outline;
use super::scan::{Kind, Name, Piece};
use super::stream::Stream;
use super::text::{escape, escape_value};
use crate::transform::Error;
use crate::transform::fields::{ATOM, Vocabulary};

impl<'j> Stream<'j> {
    pub(super) fn is_titled(&self, name: &Name<'_>) -> bool {
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
        if !adds_title && !adds_self {
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
        let is_atom =
            container.vocabulary == Vocabulary::Atom || container.local.eq_ignore_ascii_case("feed");
        let (name, declaration) = match &self.outline.atom_prefix {
            _ if is_atom => (sibling(container, "link"), String::new()),
            Some(prefix) => (format!("{prefix}:link"), String::new()),
            // The root declares it, unless the prefix means something else there.
            None if self.outline.atom_is_taken => ("atom:link".to_owned(), format!(" xmlns:atom=\"{ATOM}\"")),
            None => ("atom:link".to_owned(), String::new()),
        };
        let media_type = if is_atom {
            "application/atom+xml"
        } else {
            "application/rss+xml"
        };
        self.out.push('<');
        self.out.push_str(&name);
        self.out.push_str(&declaration);
        self.out.push_str(" href=\"");
        escape_value(address.as_str(), '"', &mut self.out);
        self.out.push_str("\" rel=\"self\" type=\"");
        self.out.push_str(media_type);
        self.out.push_str("\"/>");
    }

    /// What the root must declare for the self link that will be added.
    pub(super) fn declaration_for_root(&self, root: &Name<'_>) -> Option<String> {
        let adds = self.frames.is_empty()
            && self.job.policy.self_url.is_some()
            && !self.outline.has_self
            && self.outline.has_container
            && self.outline.atom_prefix.is_none()
            && !self.outline.atom_is_taken
            && !outline::is_container(root, 0);
        adds.then(|| format!(" xmlns:atom=\"{ATOM}\""))
    }
}

/// The name of an element beside others of the container's vocabulary.
fn sibling(container: &Name<'_>, local: &str) -> String {
    match container.qualified.split_once(':') {
        Some((prefix, _)) => format!("{prefix}:{local}"),
        None => local.to_owned(),
    }
}
