//! Fields that feeds and entries share.

use super::text::{self, Untyped};
use super::tree::Node;
use super::values::{address, category, construct, enclosure, extension, picture, resource};
use super::{Category, Enclosure, Extension, Link, Options, Person, Text};
use crate::transform::fields::Vocabulary;

/// Relations of links that lead readers past us or elsewhere in the feed; they are never carried.
#[rustfmt::skip]
const OWNED_RELATIONS: &[&str] = &[
    "first", "last", "next", "previous", "prev", "current", "prev-archive", "next-archive",
    "service.post", "service.edit", "service.feed", "edit", "edit-media", "search", "alternate", "enclosure",
];

/// A value and how good its source is: 0 is best. The first of the best counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Best<T>(Option<(u8, T)>);

impl<T> Best<T> {
    /// Takes `value` unless a value at least as good is there already.
    pub(super) fn offer(&mut self, rank: u8, value: Option<T>) {
        if let Some(value) = value
            && self.0.as_ref().is_none_or(|(best, _)| rank < *best)
        {
            self.0 = Some((rank, value));
        }
    }

    /// The best value offered.
    pub(super) fn take(self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }
}

/// Fields that feed and entry share.
#[derive(Default)]
pub(super) struct Shared {
    pub title: Best<Text>,
    pub summary: Best<Text>,
    pub rights: Best<Text>,
    pub link: Best<String>,
    pub published: Best<String>,
    pub updated: Best<String>,
    pub language: Best<String>,
    pub image: Best<String>,
    pub authors: People,
    pub contributors: Vec<Person>,
    pub categories: Vec<Category>,
    pub enclosures: Vec<Enclosure>,
    pub links: Vec<Link>,
    /// Every page that is said to be the thing itself, the one in `link` among them.
    pub pages: Vec<Link>,
    pub hub: Option<String>,
    /// The address by which the feed knows itself.
    pub topic: Option<String>,
    pub extensions: Vec<Extension>,
}

/// Authors, from elements of different standing.
#[derive(Default)]
pub(super) struct People {
    own: Vec<Person>,
    dublin_core: Vec<Person>,
    itunes: Vec<Person>,
}

impl People {
    /// The authors, each once: the format's own and Dublin Core's, else iTunes'.
    pub(super) fn take(self) -> Vec<Person> {
        let mut people: Vec<Person> = Vec::new();
        for person in self.own.into_iter().chain(self.dublin_core) {
            add_person(&mut people, person);
        }
        if people.is_empty() {
            for person in self.itunes {
                add_person(&mut people, person);
            }
        }
        people
    }
}

/// People of one feed or entry; more are not read. Each is compared with all before it.
const MAX_PEOPLE: usize = 500;

/// Adds `person` unless the same name or address is there already.
fn add_person(people: &mut Vec<Person>, person: Person) {
    let same = |known: &&mut Person| {
        (person.email.is_some() && known.email == person.email)
            || (person.name.is_some() && known.name == person.name)
    };
    let has_room = people.len() < MAX_PEOPLE;
    match people.iter_mut().find(same) {
        Some(known) => {
            known.name = known.name.take().or(person.name);
            known.email = known.email.take().or(person.email);
            known.uri = known.uri.take().or(person.uri);
        }
        None if has_room => people.push(person),
        None => {}
    }
}

impl Shared {
    /// Takes a field that both feeds and entries have; `false`: it is none.
    pub(super) fn field(&mut self, node: &Node<'_>, options: &Options) -> bool {
        let local = node.local.to_ascii_lowercase();
        match &node.namespace.vocabulary {
            Vocabulary::Rss | Vocabulary::Atom => self.core(node, &local, options),
            Vocabulary::Dc => self.dublin_core(node, &local, options),
            Vocabulary::Content | Vocabulary::Xhtml | Vocabulary::Rdf => false,
            _ => {
                self.foreign(node, &local, options);
                true
            }
        }
    }

    fn core(&mut self, node: &Node<'_>, local: &str, options: &Options) -> bool {
        match local {
            "title" => self.title.offer(0, construct(node, Untyped::Guess)),
            "description" | "summary" | "subtitle" | "tagline" => {
                self.summary.offer(0, construct(node, Untyped::Html));
            }
            "info" | "abstract" => self.summary.offer(1, construct(node, Untyped::Html)),
            "rights" | "copyright" => self.rights.offer(0, construct(node, Untyped::Guess)),
            "link" | "a" => self.link(node, options),
            "pubdate" | "published" | "issued" => self.published.offer(0, text::line(&node.text())),
            "created" => self.published.offer(1, text::line(&node.text())),
            "updated" | "modified" => self.updated.offer(0, text::line(&node.text())),
            "lastbuilddate" => self.updated.offer(1, text::line(&node.text())),
            "language" => self.language.offer(0, text::line(&node.text())),
            "author" | "managingeditor" => self.authors.own.extend(text::person_in(node)),
            "contributor" => self.contributors.extend(text::person_in(node)),
            "category" | "keyword" => self.categories.extend(category(node)),
            "enclosure" => self.enclosures.extend(enclosure(node, options)),
            "image" => self.image.offer(0, picture(node, options)),
            "logo" => self.image.offer(1, picture(node, options)),
            _ => return false,
        }
        true
    }

    fn dublin_core(&mut self, node: &Node<'_>, local: &str, options: &Options) -> bool {
        match local {
            "title" => self.title.offer(1, construct(node, Untyped::Guess)),
            "description" | "abstract" => self.summary.offer(1, construct(node, Untyped::Html)),
            "rights" => self.rights.offer(1, construct(node, Untyped::Guess)),
            "creator" | "author" => self.authors.dublin_core.extend(text::person(&node.text())),
            "contributor" => self.contributors.extend(text::person(&node.text())),
            // Terms beside the elements of old.
            "date" | "issued" | "created" => self.published.offer(2, text::line(&node.text())),
            "modified" => self.updated.offer(2, text::line(&node.text())),
            "language" => self.language.offer(2, text::line(&node.text())),
            "subject" => self.categories.extend(category(node)),
            _ => self.carry(node, options),
        }
        true
    }

    /// Elements that are carried whole; some of them also stand in for what the format lacks.
    fn foreign(&mut self, node: &Node<'_>, local: &str, options: &Options) {
        match (&node.namespace.vocabulary, local) {
            (Vocabulary::Itunes | Vocabulary::GooglePlay, "author") => {
                self.authors.itunes.extend(text::person(&node.text()));
            }
            (Vocabulary::Itunes | Vocabulary::GooglePlay, "summary" | "description") => {
                self.summary.offer(2, construct(node, Untyped::Guess));
            }
            (Vocabulary::Itunes, "title") => self.title.offer(2, construct(node, Untyped::Guess)),
            (Vocabulary::Itunes | Vocabulary::GooglePlay, "image") => {
                let href = node.attribute("href").or_else(|| node.attribute("url"));
                self.image
                    .offer(2, href.and_then(|href| address(href, node, options)));
            }
            (Vocabulary::Itunes, "new-feed-url") => return,
            (Vocabulary::Media, _) => self.media(node, local, options),
            _ => {}
        }
        self.carry(node, options);
    }

    fn media(&mut self, node: &Node<'_>, local: &str, options: &Options) {
        match local {
            "thumbnail" => {
                let url = node.attribute("url").and_then(|url| address(url, node, options));
                self.image.offer(3, url);
            }
            "title" => self.title.offer(3, construct(node, Untyped::Guess)),
            "description" => self.summary.offer(3, construct(node, Untyped::Guess)),
            "group" | "content" => {
                for child in node
                    .elements()
                    .filter(|c| c.namespace.vocabulary == Vocabulary::Media)
                {
                    self.media(child, &child.local.to_ascii_lowercase(), options);
                }
            }
            _ => {}
        }
    }

    fn carry(&mut self, node: &Node<'_>, options: &Options) {
        if options.extensions {
            self.extensions.push(extension(node, options));
        }
    }

    /// RSS `<link>address</link>`, Atom `<link rel href>`, RDF `rdf:resource`.
    fn link(&mut self, node: &Node<'_>, options: &Options) {
        let href = node.attribute("href").or_else(|| resource(node));
        let Some(href) = href else {
            if let Some(href) = address(&node.text(), node, options) {
                self.pages.push(Link::related(href.clone()));
                self.link.offer(0, Some(href));
            }
            return;
        };
        let Some(href) = address(href, node, options) else {
            return;
        };
        let rel = node
            .attribute("rel")
            .map_or("alternate", str::trim)
            .to_ascii_lowercase();
        let rel = rel
            .strip_prefix("http://www.iana.org/assignments/relation/")
            .unwrap_or(&rel)
            .to_owned();
        let media_type = node.attribute("type").and_then(text::line);
        let link = Link {
            href,
            rel,
            media_type,
            language: node.attribute("hreflang").and_then(text::line),
            title: node.attribute("title").and_then(text::line),
        };
        match link.rel.as_str() {
            "alternate" | "" => {
                let is_page = link
                    .media_type
                    .as_deref()
                    .is_none_or(|t| t.starts_with("text/html") || t.starts_with("application/xhtml"));
                // In RSS the format's own link is better than one of Atom's.
                self.link
                    .offer(if is_page { 1 } else { 3 }, Some(link.href.clone()));
                if is_page {
                    self.pages.push(Link {
                        language: link.language,
                        title: link.title,
                        media_type: link.media_type,
                        ..Link::related(link.href)
                    });
                }
            }
            "enclosure" => self.enclosures.push(Enclosure {
                url: link.href,
                media_type: link.media_type,
                length: node
                    .attribute("length")
                    .and_then(|length| length.trim().parse().ok()),
                title: link.title,
                duration: None,
            }),
            "hub" => self.hub = self.hub.take().or(Some(link.href)),
            "self" => self.topic = self.topic.take().or(Some(link.href)),
            owned if OWNED_RELATIONS.contains(&owned) => {}
            _ => self.links.push(link),
        }
    }
}
