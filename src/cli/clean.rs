//! `limpid clean`: the same cleaning without a server.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use url::Url;

use super::failure::Failure;
use super::{Context, keyring, output, report};
use crate::config::{Images, Settings};
use crate::fetch::Fetcher;
use crate::message::{Fetched, Format, OriginResponse, Validators};
use crate::sign::Signer;
use crate::transform::convert::{Own, convert, html};
use crate::transform::{self, Limits, Source, Transformed, archive, transform};
use crate::{config, local};

/// Clean one feed without a server
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  limpid clean feed.xml > clean.xml\n  limpid clean --to json https://blog.example/feed.xml\n  limpid clean --to archive --into articles feed.xml\n  limpid clean --report --set clean.images=direct - < feed.xml"
)]
pub(super) struct Clean {
    /// An http(s) address, a file, a folder of article archives, or - for standard input
    #[arg(default_value = "-")]
    source: String,
    /// What relative addresses in a file are resolved against
    #[arg(long, value_name = "URL", value_parser = config::web_address)]
    base: Option<Url>,
    /// The type a file would have been sent with: a hint about its charset
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// What it becomes [default: what it was]
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Option<To>,
    /// With --to archive: the folder to write a file for each entry into
    #[arg(long, value_name = "FOLDER", requires = "to")]
    into: Option<PathBuf>,
    /// Tell what was changed, on stderr
    #[arg(long)]
    report: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum To {
    /// RSS 2.0
    Rss,
    /// Atom 1.0
    Atom,
    /// JSON Feed 1.1
    Json,
    /// A page to look at
    Html,
    /// Article archives, one after another, or one a file with --into
    Archive,
}

/// A document and what came with it.
struct Document {
    body: Bytes,
    content_type: Option<String>,
    content_encoding: Option<String>,
    base: Option<Url>,
}

impl Clean {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let settings = context.settings()?;
        let policy = policy(&settings, context)?;
        let document = self.document(&settings)?;
        let source = Source {
            bytes: &document.body,
            content_type: self.content_type.as_deref().or(document.content_type.as_deref()),
            content_encoding: document.content_encoding.as_deref(),
            base: self.base.as_ref().or(document.base.as_ref()),
        };
        let cleaned = transform(&source, &policy, None)?;
        if self.report {
            if context.json() {
                output::json_note(&report::json(&cleaned.report));
            } else {
                output::note(&report::text(&cleaned.report));
            }
        }
        self.write(&cleaned)
    }

    fn write(&self, cleaned: &Transformed) -> Result<(), Failure> {
        match self.to {
            None => output::result(&cleaned.body),
            Some(To::Rss) => converted(cleaned, Format::Rss),
            Some(To::Atom) => converted(cleaned, Format::Atom),
            Some(To::Json) => converted(cleaned, Format::Json),
            Some(To::Html) => output::result(html(&cleaned.body, cleaned.kind)?.as_bytes()),
            Some(To::Archive) => self.archive(cleaned),
        }
    }

    fn archive(&self, cleaned: &Transformed) -> Result<(), Failure> {
        let files = archive::export(&cleaned.body, cleaned.kind)?;
        let Some(folder) = &self.into else {
            let texts: Vec<String> = files.into_iter().map(|(_, text)| text).collect();
            return output::result(texts.join("\n").as_bytes());
        };
        let failed = |error: std::io::Error| {
            Failure::Failed(format!(
                "{} cannot be written: {}",
                folder.display(),
                crate::local::why(&error)
            ))
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        for (name, text) in &files {
            std::fs::write(folder.join(name), text).map_err(failed)?;
        }
        output::note(&format!("wrote {} files into {}", files.len(), folder.display()));
        Ok(())
    }

    fn document(&self, settings: &Settings) -> Result<Document, Failure> {
        if self.source.starts_with("http://") || self.source.starts_with("https://") {
            return fetched(&self.source, settings);
        }
        let limits = &settings.choices.limits;
        let body = if self.source == "-" {
            stdin(limits)
        } else {
            file(Path::new(&self.source), limits)
        };
        let body = body.map_err(|error| {
            let name = if self.source == "-" {
                "standard input"
            } else {
                &self.source
            };
            Failure::Failed(format!("{name}: {error}"))
        });
        Ok(Document {
            body: body?.into(),
            content_type: None,
            content_encoding: None,
            base: None,
        })
    }
}

/// As the settings say; there is no server, so the source's own address of itself stays.
fn policy(settings: &Settings, context: &Context) -> Result<transform::Policy, Failure> {
    let choices = &settings.choices;
    let signer = match choices.clean.images {
        Images::Proxy => Some(Signer::new(
            Arc::new(keyring::or_fleeting(settings, context)?),
            &settings.public_url,
        )),
        _ => None,
    };
    Ok(transform::Policy {
        clean: choices.policy(&choices.clean, signer.as_ref()),
        limits: choices.limits.clone(),
        ..transform::Policy::default()
    })
}

fn fetched(address: &str, settings: &Settings) -> Result<Document, Failure> {
    let url = config::web_address(address).map_err(Failure::Usage)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("the network cannot be used: {error}")))?;
    let answer = runtime.block_on(async {
        let fetcher = Fetcher::new(settings.choices.fetch.clone());
        fetcher.feed(&url, &Validators::default()).await
    })?;
    match answer {
        Fetched::Modified(response) => Ok(Document {
            content_type: header(&response, &CONTENT_TYPE),
            content_encoding: header(&response, &CONTENT_ENCODING),
            base: Some(response.url),
            body: response.body,
        }),
        Fetched::NotModified { .. } => Err(Failure::Unavailable(crate::fetch::Error::Status {
            status: 304,
            retry_after: None,
        })),
    }
}

fn header(response: &OriginResponse, name: &HeaderName) -> Option<String> {
    let value = response.headers.get(name)?;
    Some(value.to_str().ok()?.to_owned())
}

fn stdin(limits: &Limits) -> Result<Vec<u8>, local::Error> {
    let input = std::io::stdin();
    if input.is_terminal() {
        output::note("limpid: reading a feed from the terminal; end it with Ctrl-D");
    }
    local::from_bytes("archive", local::read(input.lock(), limits.decoded)?)
}

fn file(path: &Path, limits: &Limits) -> Result<Vec<u8>, local::Error> {
    match local::document(path, limits) {
        // `limpid clean <(…)`: here, someone waits and can stop it.
        Err(local::Error::Special) => {
            let body = local::read(std::fs::File::open(path)?, limits.decoded)?;
            local::from_bytes("archive", body)
        }
        other => other,
    }
}

fn converted(cleaned: &Transformed, format: Format) -> Result<(), Failure> {
    let (body, _) = convert(&cleaned.into(), format, Own::default())?;
    output::result(&body)
}
