//! Every setting there is: its key, its default, what it is for, and where it goes. Parsing, the
//! template, `config show` and the names of environment variables all come from these tables.

use std::path::PathBuf;

use crate::app::Access;
use crate::images::Svg;
use crate::message::Format;
use crate::transform::clean::embeds;

use super::choices::{Choices, Clean, Feed, Images, Kind, Refresh};
use super::setting::{About, Rows, Section, Setting, rows, secret};
use super::values::{
    allowed, base, external_keys, filled, head, header_text, log_level, origin, public_url, redis_url,
    rewrite_rules, select_rules, token,
};
use super::{units, wrappers};

/// Who we say we are, until VERSION and PUBLIC_URL are filled in.
pub const USER_AGENT: &str = "limpid/VERSION (+PUBLIC_URL)";

/// All sections but the feeds, in the order of the template.
pub const SECTIONS: [Section; 12] = [
    Section {
        name: "server",
        doc: "The readers' door.",
        rows: Rows::General(SERVER),
    },
    Section {
        name: "admin",
        doc: "The owner's door: pages, metrics, reload. Never on the readers' door.",
        rows: Rows::General(ADMIN),
    },
    Section {
        name: "store",
        doc: "Where cleaned feeds, pictures and the signing keys are kept.",
        rows: Rows::General(STORE),
    },
    Section {
        name: "fetch",
        doc: "How origins are asked. A private address is never fetched unless it is allowed here.",
        rows: Rows::General(FETCH),
    },
    Section {
        name: "refresh",
        doc: "When origins are asked again, and how long an old copy is good enough. Any key may be set again under [feeds.NAME.refresh].",
        rows: Rows::Refresh(REFRESH),
    },
    Section {
        name: "clean",
        doc: "What is done to entries. Any key may be set again under [feeds.NAME.clean].",
        rows: Rows::Clean(CLEAN),
    },
    Section {
        name: "images",
        doc: "The picture service, for images = \"proxy\".",
        rows: Rows::General(IMAGES),
    },
    Section {
        name: "adhoc",
        doc: "Feeds that are not in the settings.",
        rows: Rows::General(ADHOC),
    },
    Section {
        name: "websub",
        doc: "Pushes (WebSub): learn of changes from the hubs that feeds name, and be a hub for our own feeds. Others must reach server.public_url.",
        rows: Rows::General(WEBSUB),
    },
    Section {
        name: "sign",
        doc: "What picture and feed addresses are signed with.",
        rows: Rows::General(SIGN),
    },
    Section {
        name: "limits",
        doc: "Ceilings of one document: what is over them is refused, or becomes plain text.",
        rows: Rows::General(LIMITS),
    },
    Section {
        name: "log",
        doc: "What is told on stderr.",
        rows: Rows::General(LOG),
    },
];

const SERVER: &[Setting<Choices>] = rows! {
    "listen" = r#"["127.0.0.1:8080"]"#,
        "Where to listen: \"[::]:8080\", \"unix:/run/limpid.sock\", \"systemd\".",
        |o, v| o.serve.listen = v.list(units::listen)?;
    "public_url" = r#""http://127.0.0.1:8080""#,
        "How readers reach us: the only source of the addresses written into feeds. May have a path. When it is not set, it follows `listen`.",
        |o, v| o.public_url = Some(public_url(v)?);
    "trusted_proxies" = "[]",
        "Networks of proxies whose Forwarded and X-Forwarded-For headers are believed, for logs and limits only. Who comes through a unix socket is always a proxy.",
        |o, v| o.trusted_proxies = v.list(units::network)?;
    "max_connections" = "10000",
        "Connections at once.",
        |o, v| o.serve.max_connections = v.number(1)?;
    "header_timeout" = r#""10s""#,
        "How long a reader may take to send the head of a request, and to idle between two.",
        |o, v| o.serve.header_timeout = v.timeout()?;
    "write_timeout" = r#""60s""#,
        "How long a reader may take nothing of an answer before it is left.",
        |o, v| o.serve.write_timeout = v.timeout()?;
    "max_head" = r#""16KiB""#,
        "Bytes of the head of a request; more is refused (431).",
        |o, v| o.serve.max_head = head(v)?;
    "max_headers" = "64",
        "Headers of a request; more are refused (431).",
        |o, v| o.serve.max_headers = v.number(16)?;
    "max_streams" = "100",
        "Requests at once on one HTTP/2 connection.",
        |o, v| o.serve.max_streams = u32::try_from(v.number(1)?).unwrap_or(u32::MAX);
    "drain_timeout" = r#""20s""#,
        "How long requests in flight may take to finish when we are told to stop.",
        |o, v| o.serve.drain_timeout = v.duration()?;
    "reload_interval" = r#""2s""#,
        "How often the files of settings are looked at; a change is taken over at once. \"0s\": only SIGHUP and POST /reload.",
        |o, v| o.reload_interval = v.duration()?;
};

const ADMIN: &[Setting<Choices>] = rows! {
    "listen" = r#"["127.0.0.1:8081"]"#,
        "Where to listen; [] closes it.",
        |o, v| o.serve.admin = v.list(units::listen)?;
    "hosts" = "[]",
        "Names under which a browser may ask for the pages, beside literal addresses, local names and the host of server.public_url.",
        |o, v| o.admin_hosts = v.list(units::host)?;
};

const STORE: &[Setting<Choices>] = &[
    Setting {
        about: About {
            key: "kind",
            default: r#""disk""#,
            doc: "\"disk\" (one file, embedded), \"memory\" (forgotten at the end), or \"redis\" (Valkey or Redis: several instances).",
            secret: false,
        },
        set: |o, v| {
            o.store.kind = v.choice(&[
                ("disk", Kind::Disk),
                ("memory", Kind::Memory),
                ("redis", Kind::Redis),
            ])?;
            Ok(())
        },
    },
    Setting {
        about: About {
            key: "path",
            default: r#""data""#,
            doc: "The folder for all that is kept, signing keys included. Relative to this file; of one in ~/.config/limpid, to ~/.local/share/limpid; under systemd, to $STATE_DIRECTORY.",
            secret: false,
        },
        set: |o, v| {
            o.store.path = PathBuf::from(filled(v)?);
            Ok(())
        },
    },
    secret!(
        "url" = r#""""#,
        "For kind = \"redis\": \"redis://127.0.0.1:6379/0\".",
        |o, v| o.store.url = redis_url(v)?
    ),
    Setting {
        about: About {
            key: "memory",
            default: r#""64MiB""#,
            doc: "Bytes of feeds held in memory.",
            secret: false,
        },
        set: |o, v| {
            o.store.memory = v.size()?;
            Ok(())
        },
    },
    Setting {
        about: About {
            key: "timeout",
            default: r#""1s""#,
            doc: "For one answer of Valkey or Redis, and for one connection. Beyond, we serve from memory until it answers again.",
            secret: false,
        },
        set: |o, v| {
            o.store.timeout = v.timeout()?;
            Ok(())
        },
    },
];

const FETCH: &[Setting<Choices>] = rows! {
    "timeout" = r#""20s""#,
        "For a whole answer, redirects included.",
        |o, v| o.fetch.timeout = v.timeout()?;
    "connect_timeout" = r#""5s""#,
        "For one connection and its TLS handshake, each.",
        |o, v| o.fetch.connect_timeout = v.timeout()?;
    "idle_timeout" = r#""10s""#,
        "Between two bytes of an answer.",
        |o, v| o.fetch.idle_timeout = v.timeout()?;
    "min_rate" = r#""1KiB""#,
        "Bytes a second that an answer must bring, or it is given up; 0B: as slow as it likes.",
        |o, v| o.fetch.min_rate = v.bytes()?;
    "max_body" = r#""16MiB""#,
        "The largest feed, before and after decompression.",
        |o, v| {
            o.fetch.max_body = v.bytes()?;
            o.limits.decoded = o.fetch.max_body;
        };
    "max_head" = r#""64KiB""#,
        "Bytes of the head of an answer.",
        |o, v| o.fetch.max_head = head(v)?;
    "max_headers" = "100",
        "Headers of an answer.",
        |o, v| o.fetch.max_headers = v.number(16)?;
    "max_redirects" = "5",
        "Redirects followed; each address is judged again.",
        |o, v| o.fetch.max_redirects = v.number(0)?;
    "user_agent" = r#""limpid/VERSION (+PUBLIC_URL)""#,
        "Who we say we are. VERSION and PUBLIC_URL are filled in.",
        |o, v| o.fetch.user_agent = header_text(v)?;
    "allow_private" = "[]",
        "Networks (\"10.0.0.0/8\") or hosts (\"nas.lan:8080\") that configured feeds may be fetched from though they are not public.",
        |o, v| o.fetch.allow_private = allowed(v)?;
    "per_host" = "2",
        "Requests at once to one origin host.",
        |o, v| o.fetch.per_host = v.number(1)?;
    "total" = "64",
        "Requests at once in all.",
        |o, v| o.fetch.total = v.number(1)?;
};

pub const REFRESH: &[Setting<Refresh>] = rows! {
    "min" = r#""15m""#,
        "Never ask an origin sooner.",
        |o, v| o.freshness.min = v.timeout()?;
    "max" = r#""24h""#,
        "Never ask an origin later.",
        |o, v| o.freshness.max = v.timeout()?;
    "background" = "true",
        "Keep configured feeds fresh before readers ask.",
        |o, v| o.background = v.flag()?;
    "pause_after" = r#""60d""#,
        "Feeds that nobody has read for so long are no longer refreshed before readers ask; \"0s\": they always are.",
        |o, v| o.pause_after = v.duration()?;
    "stale_while_revalidate" = r#""1h""#,
        "How long an expired copy is served at once while a refresh runs behind it.",
        |o, v| o.freshness.stale_while_revalidate = v.duration()?;
    "stale_if_error" = r#""30d""#,
        "How long the last good copy is served when the origin fails.",
        |o, v| o.freshness.stale_if_error = v.duration()?;
};

pub const CLEAN: &[Setting<Clean>] = rows! {
    "images" = r#""proxy""#,
        "Pictures come through us (\"proxy\"), through a weserv service (\"weserv\"), from the origin's own address (\"direct\"), or not at all (\"strip\").",
        |o, v| o.images = v.choice(&[
            ("proxy", Images::Proxy),
            ("weserv", Images::Weserv),
            ("direct", Images::Direct),
            ("strip", Images::Strip),
        ])?;
    "weserv" = r#""https://wsrv.nl/?url=""#,
        "The base used by images = \"weserv\".",
        |o, v| o.weserv = base(v)?.into();
    "embeds" = r#""link""#,
        "An iframe, object or embed is always removed: \"link\" leaves a plain link to what it showed, \"strip\" leaves nothing.",
        |o, v| o.embeds = v.choice(&[("link", embeds::Policy::Link), ("strip", embeds::Policy::Strip)])?;
    "trackers" = "true",
        "Remove tracking pixels and tracking parameters.",
        |o, v| o.trackers = v.flag()?;
    "fast" = "true",
        "Ask neither tokenizer nor tree about markup of which it is proven what they would make. What comes out is the same.",
        |o, v| o.fast = v.flag()?;
    "rewrite" = "[]",
        "Rules for addresses: [{ match = '^https://api\\.blog\\.example/article/(\\d+)$', replace = 'https://blog.example/a-$1' }]",
        |o, v| o.rewrite = rewrite_rules(v)?.into();
};

const IMAGES: &[Setting<Choices>] = rows! {
    "allow_private" = "[]",
        "As in [fetch], for pictures. A stranger's feed may name anything: keep it empty.",
        |o, v| o.image_allow = allowed(v)?;
    "max_size" = r#""10MiB""#,
        "The largest picture, in bytes.",
        |o, v| o.images.max_size = v.bytes()?;
    "max_pixels" = "50000000",
        "The largest picture, width times height.",
        |o, v| o.images.max_pixels = v.count(1)?;
    "max_side" = "16384",
        "The longest side of a picture.",
        |o, v| o.images.max_side = v.count(1)?;
    "memory" = r#""32MiB""#,
        "Bytes of pictures held in memory.",
        |o, v| o.images.memory = v.size()?;
    "memory_each" = r#""256KiB""#,
        "A picture larger than this is not held in memory, but streamed from disk.",
        |o, v| o.images.memory_each = v.bytes()?;
    "disk" = r#""2GiB""#,
        "Bytes of pictures kept in the store.",
        |o, v| o.images.disk = v.size()?;
    "disk_free" = r#""512MiB""#,
        "Bytes that stay free on that disk: below, old pictures go and new ones are not kept there.",
        |o, v| o.images.disk_free = v.size()?;
    "svg" = r#""block""#,
        "SVG can hold scripts: \"block\" it, or serve it in a \"sandbox\".",
        |o, v| o.images.svg = v.choice(&[("block", Svg::Block), ("sandbox", Svg::Sandbox)])?;
    "strip_metadata" = "true",
        "Remove Exif, XMP and comments; orientation and colour profile stay.",
        |o, v| o.images.strip_metadata = v.flag()?;
    "max_width" = "0",
        "Wider pictures are made smaller when they are sent, for slow links and e-ink; 0: never. What moves is left alone.",
        |o, v| o.images.max_width = u32::try_from(v.count(0)?).unwrap_or(u32::MAX);
    "resize_memory" = r#""96MiB""#,
        "Bytes that making one picture smaller may take; a larger one is sent as it is.",
        |o, v| o.images.resize_memory = v.size()?;
    "compat_token" = r#""""#, secret,
        "Opens /w/TOKEN/?url=…, which takes addresses as weserv does, so that other programs can use this as their picture proxy. Empty: closed. Who knows it can fetch any public picture through this server.",
        |o, v| o.images.compatible = token(v)?;
    "unwrap" = "[]",
        "More wrappers to take off, looked at before those that are known: [{ hosts = [\"img.example\"], path = \"/thumb/*\", parameter = \"url\" }]. Instead of `parameter`: `after = \"/proxy/\"` (the first http address behind it), `as` = \"weserv\", \"path\", \"base64\" or \"fragment\", or `match` and `replace`, a regular expression for the whole address.",
        |o, v| o.unwrap = wrappers::rules(v)?;
    "prefetch" = "true",
        "Fetch pictures before anyone reads, so that no origin learns when an entry is read.",
        |o, v| o.images.prefetch = v.flag()?;
    "prefetch_delay" = r#""1m""#,
        "The longest random wait before a picture is fetched ahead: no origin sees them come in one burst.",
        |o, v| o.images.prefetch_delay = v.duration()?;
    "prefetch_pace" = r#""500ms""#,
        "The least time between two pictures fetched ahead from one host.",
        |o, v| o.images.prefetch_pace = v.duration()?;
    "prefetch_queue" = "2000",
        "Pictures that may wait to be fetched ahead; more are fetched when they are read.",
        |o, v| o.images.prefetch_queue = v.number(1)?;
};

const ADHOC: &[Setting<Choices>] = rows! {
    "access" = r#""signed""#,
        "\"off\", \"signed\" (only addresses made by `limpid sign`), or \"open\" (anyone, any public address).",
        |o, v| o.adhoc = v.choice(&[
            ("off", Access::Off),
            ("signed", Access::Signed),
            ("open", Access::Open),
        ])?;
};

const WEBSUB: &[Setting<Choices>] = rows! {
    "enabled" = "false",
        "Whether pushes are wanted and sent.",
        |o, v| o.websub.enabled = v.flag()?;
    "lease" = r#""10d""#,
        "How long a subscription lasts before it is renewed: asked of hubs, and granted to readers at most.",
        |o, v| o.websub.lease = v.timeout()?;
    "min_interval" = r#""1m""#,
        "However many pushes come, the origin of a feed is asked because of them at most so often.",
        |o, v| o.websub.min_interval = v.timeout()?;
    "poll" = r#""6h""#,
        "While a hub tells of changes of a feed, its origin is asked no sooner on our own.",
        |o, v| o.websub.poll = v.duration()?;
    "max_push" = r#""4MiB""#,
        "The largest push that is read; only its signature is looked at.",
        |o, v| o.websub.max_push = v.bytes()?;
    "subscribers" = "1000",
        "Subscriptions of readers at our hub.",
        |o, v| o.websub.subscribers = v.number(0)?;
    "per_feed" = "200",
        "Subscriptions of readers to one feed.",
        |o, v| o.websub.per_feed = v.number(0)?;
    "requests" = "60",
        "Requests for a subscription that are looked into in one minute.",
        |o, v| o.websub.requests = u32::try_from(v.count(0)?).unwrap_or(u32::MAX);
    "at_once" = "8",
        "Requests to hubs and subscribers at once.",
        |o, v| o.websub.at_once = v.number(1)?;
    "retries" = "3",
        "How often a delivery that failed is tried again.",
        |o, v| o.websub.retries = u32::try_from(v.count(0)?).unwrap_or(u32::MAX);
    "retry_wait" = r#""1m""#,
        "The wait before that; each further one is four times as long.",
        |o, v| o.websub.retry_wait = v.duration()?;
    "allow_private" = "[]",
        "As in [fetch], for hubs and for the addresses that readers give: strangers name both.",
        |o, v| o.websub.allow_private = allowed(v)?;
};

const SIGN: &[Setting<Choices>] = &[secret!(
    "keys" = r#""""#,
    "Empty: keys are made once and kept in the store's folder. Or 32 random bytes (`openssl rand -hex 32`), or what `limpid key list --secret` prints; several instances need the same.",
    |o, v| o.keys = external_keys(v)?
)];

const LIMITS: &[Setting<Choices>] = rows! {
    "depth" = "128",
        "Nested elements of a feed.",
        |o, v| o.limits.depth = v.number(8)?;
    "attributes" = "256",
        "Attributes of one element.",
        |o, v| o.limits.attributes = v.number(8)?;
    "namespaces" = "128",
        "Namespace declarations in a feed.",
        |o, v| o.limits.namespaces = v.number(8)?;
    "entries" = "5000",
        "Entries kept, in the order of the feed.",
        |o, v| o.limits.entries = v.number(1)?;
    "field_size" = r#""4MiB""#,
        "Bytes of one field of markup.",
        |o, v| o.field_limits.bytes = v.bytes()?;
    "field_depth" = "256",
        "Nested elements of one field of markup.",
        |o, v| o.field_limits.depth = v.number(8)?;
    "field_cost" = "2000000",
        "Work for one field of markup: open formatting elements times tags.",
        |o, v| o.field_limits.cost = v.number(1000)?;
};

const LOG: &[Setting<Choices>] = rows! {
    "level" = r#""info""#,
        "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"; also for single modules: \"info,limpid::fetch=debug\".",
        |o, v| o.log.level = log_level(v)?;
    "format" = r#""text""#,
        "\"text\" or \"json\".",
        |o, v| o.log.json = v.choice(&[("text", false), ("json", true)])?;
};

/// `[feeds.NAME]`. The defaults are those of a feed that says nothing.
pub const FEED: &[Setting<Feed>] = rows! {
    "url" = r#""https://blog.example/feed.xml""#,
        "Where it comes from: http(s), or \"file:PATH\" (a feed file, or a folder of article archives).",
        |o, v| o.url = Some(origin(v, v.text()?).or_else(|m| v.problem(m))?);
    "urls" = "[]",
        "Several addresses, merged into one feed, instead of `url`.",
        |o, v| o.urls = v.list(|text| origin(v, text))?;
    "title" = r#""""#,
        "Replaces the feed's own title.",
        |o, v| o.title = Some(v.text()?.to_owned()).filter(|title| !title.is_empty());
    "format" = r#""source""#,
        "\"source\" (as it came), \"rss\", \"atom\" or \"json\".",
        |o, v| o.format = v.choice(&[
            ("source", Format::Source),
            ("rss", Format::Rss),
            ("atom", Format::Atom),
            ("json", Format::Json),
        ])?;
    "keep" = "[]",
        "Keep only entries that match one of these: [{ title = \"regex\" }]; fields title, content, author, category, url.",
        |o, v| o.select.keep = select_rules(v)?;
    "drop" = "[]",
        "Drop entries that match one of these.",
        |o, v| o.select.drop = select_rules(v)?;
    "limit" = "0",
        "Keep the first so many entries; 0: all.",
        |o, v| o.select.limit = v.number(0)?;
};
