//! One entry: what each of its elements means.

use super::text::{self, Untyped};
use super::tree::{Child, Node};
use super::{Category, Enclosure, Entry, Extension, Link, Name, Options, Person, Text};
use crate::transform::fields::Vocabulary;

/// Relations of links that lead readers past us or elsewhere in the feed; they are never carried.
#[rustfmt::skip]
const OWNED_RELATIONS: &[&str] = &[
    "self", "hub", "first", "last", "next", "previous", "prev", "current", "prev-archive", "next-archive",
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

/// Reads an entry.
pub(super) fn read(node: &Node<'_>, options: &Options) -> Entry {
    let mut shared = Shared::default();
    let mut entry = Entry {
        span: node.span.clone(),
        ..Entry::default()
    };
    let mut content = Best::default();
    shared
        .language
        .offer(1, node.language.as_deref().map(str::to_owned));
    shared.link.offer(
        1,
        node.attribute("href")
            .and_then(|href| address(href, node, options)),
    );
    shared
        .updated
        .offer(1, node.attribute("lastmod").and_then(text::line));
    for child in node.elements() {
        if !shared.field(child, options) {
            own_field(child, &mut entry, &mut content, options);
        }
    }
    let about = node
        .attributes
        .iter()
        .find(|a| {
            a.local == "about"
                && a.namespace
                    .as_ref()
                    .is_some_and(|n| n.vocabulary == Vocabulary::Rdf)
        })
        .and_then(|a| text::line(&a.value));
    entry.id = entry.id.or(about);
    if entry.id_is_permalink {
        let permalink = entry
            .id
            .as_deref()
            .filter(|id| is_web_address(id))
            .map(str::to_owned);
        shared.link.offer(2, permalink);
    }
    entry.title = shared.title.take().unwrap_or_default();
    entry.summary = shared.summary.take().unwrap_or_default();
    entry.content = content.take().unwrap_or_default();
    entry.rights = shared.rights.take().unwrap_or_default();
    entry.link = shared.link.take();
    entry.published = shared.published.take();
    entry.updated = shared.updated.take();
    entry.language = shared.language.take();
    entry.image = shared.image.take();
    entry.authors = shared.authors.take();
    entry.contributors = shared.contributors;
    entry.categories = shared.categories;
    entry.enclosures = shared.enclosures;
    entry.links = shared.links;
    entry.extensions = shared.extensions;
    entry
}

/// Whether `id` is an http(s) address.
fn is_web_address(id: &str) -> bool {
    let scheme = id.split(':').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// Fields that only entries have.
fn own_field(node: &Node<'_>, entry: &mut Entry, content: &mut Best<Text>, options: &Options) {
    let local = node.local.to_ascii_lowercase();
    let full = |untyped| Some(text::construct(node, untyped)).filter(|text| !text.is_empty());
    match (&node.namespace.vocabulary, local.as_str()) {
        (Vocabulary::Rss | Vocabulary::Atom, "guid" | "id") if entry.id.is_none() => {
            entry.id = text::line(&node.text());
            entry.id_is_permalink = local == "guid"
                && !node
                    .attribute("isPermaLink")
                    .is_some_and(|v| v.trim().eq_ignore_ascii_case("false"));
        }
        (Vocabulary::Rss | Vocabulary::Atom, "content") => {
            content.offer(0, full(Untyped::Guess));
            if let Some(src) = node.attribute("src") {
                entry.content_src = Some(Enclosure {
                    url: address(src, node, options).unwrap_or_default(),
                    media_type: node.attribute("type").and_then(text::line),
                    ..Enclosure::default()
                });
            }
        }
        (Vocabulary::Content | Vocabulary::Rss, "encoded") => {
            content.offer(0, full(Untyped::Html));
        }
        (Vocabulary::Xhtml, "body" | "div") => content.offer(1, full(Untyped::Html)),
        (Vocabulary::Rss, "body" | "fullitem") => content.offer(2, full(Untyped::Html)),
        (Vocabulary::Rss, "comments") => entry.comments = address(&node.text(), node, options),
        (Vocabulary::Rss | Vocabulary::Atom, "source") => entry.source = source(node, options),
        _ => {}
    }
}

/// RSS `<source url="…">Title</source>`, Atom `<source>` with its own fields.
fn source(node: &Node<'_>, options: &Options) -> Option<Link> {
    if let Some(url) = node.attribute("url") {
        return Some(Link {
            href: address(url, node, options)?,
            title: text::line(&node.text()),
            ..Link::default()
        });
    }
    let mut shared = Shared::default();
    for child in node.elements() {
        shared.field(child, options);
    }
    Some(Link {
        href: shared.link.take()?,
        title: shared.title.take().map(|title| title.to_plain()),
        ..Link::default()
    })
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
            self.link.offer(0, address(&node.text(), node, options));
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
                self.link.offer(if is_page { 1 } else { 3 }, Some(link.href));
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
            owned if OWNED_RELATIONS.contains(&owned) => {}
            _ => self.links.push(link),
        }
    }
}

/// A text construct with something in it.
fn construct(node: &Node<'_>, untyped: Untyped) -> Option<Text> {
    Some(text::construct(node, untyped))
        .filter(|text| !text.is_empty())
        .map(|mut text| {
            text.value = text.value.trim().to_owned();
            text
        })
}

/// `rdf:resource`.
fn resource<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    node.attributes
        .iter()
        .find(|a| a.local == "resource")
        .map(|a| a.value.as_str())
}

/// RSS `<category domain>term</category>`, Atom `<category term scheme label>`, CDF `VALUE`.
fn category(node: &Node<'_>) -> Option<Category> {
    let written = node
        .attribute("term")
        .or_else(|| node.attribute("value"))
        .map_or_else(|| node.text(), str::to_owned);
    Some(Category {
        term: text::line(&written)?,
        scheme: node
            .attribute("scheme")
            .or_else(|| node.attribute("domain"))
            .and_then(text::line),
        label: node.attribute("label").and_then(text::line),
    })
}

fn enclosure(node: &Node<'_>, options: &Options) -> Option<Enclosure> {
    let url = node.attribute("url").or_else(|| node.attribute("href"));
    let url = url
        .or_else(|| resource(node))
        .and_then(|url| address(url, node, options));
    Some(Enclosure {
        url: url?,
        media_type: node.attribute("type").and_then(text::line),
        length: node
            .attribute("length")
            .and_then(|length| length.trim().parse().ok()),
        title: node.attribute("title").and_then(text::line),
        duration: None,
    })
}

/// RSS `image` (with `url` in it), Atom `logo` and `icon`, RDF `rdf:resource`.
pub(super) fn picture(node: &Node<'_>, options: &Options) -> Option<String> {
    let written = match node.core_child("url") {
        Some(url) => url.text(),
        None if node.has_elements() => String::new(),
        None => node
            .attribute("href")
            .or_else(|| node.attribute("url"))
            .map_or_else(|| node.text(), str::to_owned),
    };
    address(&written, node, options)
}

/// An address; absolute if the document's own is known.
pub(super) fn address(written: &str, node: &Node<'_>, options: &Options) -> Option<String> {
    let address = text::address(written)?;
    if options.base.is_none() {
        return Some(address);
    }
    match node.base.as_ref().and_then(|base| base.join(&address).ok()) {
        // An absolute address stays as written.
        Some(joined) if url::Url::parse(&address).is_err() => Some(joined.into()),
        _ => Some(address),
    }
}

/// An element of another vocabulary, whole.
pub(super) fn extension(node: &Node<'_>, options: &Options) -> Extension {
    let mut text = String::new();
    let mut children = Vec::new();
    for child in &node.children {
        match child {
            Child::Text(piece) => text.push_str(piece),
            Child::Element(element) => children.push(extension(element, options)),
        }
    }
    let text = if children.is_empty() {
        text
    } else {
        text.trim().to_owned()
    };
    let name = |namespace: Option<&super::namespaces::Namespace>, prefix: &str, local: &str| Name {
        namespace: namespace.map_or_else(|| "".into(), |n| n.uri.clone()),
        prefix: namespace.and_then(|n| n.prefix).unwrap_or(prefix).to_owned(),
        local: local.to_owned(),
    };
    Extension {
        name: name(Some(&node.namespace), &node.prefix, &node.local),
        attributes: node
            .attributes
            .iter()
            .map(|a| {
                let is_address = matches!(a.local.as_str(), "url" | "href" | "src");
                let value = if is_address {
                    address(&a.value, node, options)
                } else {
                    None
                };
                let name = name(a.namespace.as_deref(), &a.prefix, &a.local);
                (name, value.unwrap_or_else(|| a.value.clone()))
            })
            .collect(),
        text,
        children,
    }
}
