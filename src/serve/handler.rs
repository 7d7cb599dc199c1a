//! ★ One request: route → cache → respond.

mod refuse;

use std::sync::Arc;

use http::{HeaderMap, Method, Request, header};
use url::Url;

use super::respond::feed::feed;
use super::respond::picture::picture;
use super::respond::problem::{Problem, problem};
use super::respond::reply::{self, Reply};
use super::route::{Route, route};
use crate::app::{Access, App, NamedBy};
use crate::endpoint::Endpoint;
use crate::message::Format;

/// ★ Answers one request of a reader. Never fails: what goes wrong is an answer too.
///
/// The body of the request is not read, and none is taken.
pub async fn handle<B>(app: &Arc<App>, request: &Request<B>) -> Reply {
    let answer = match refuse::refuse(app, request) {
        Some(refused) => Err(refused),
        None => answer(app, request.method(), request.uri(), request.headers()).await,
    };
    answer.unwrap_or_else(|wrong| problem(request.method(), &wrong, app.clock.millis()))
}

async fn answer(
    app: &Arc<App>,
    method: &Method,
    uri: &http::Uri,
    headers: &HeaderMap,
) -> Result<Reply, Problem> {
    let reader = Reader { app, method, headers };
    let in_force = app.in_force();
    match route(&in_force.prefix, uri.path(), uri.query()) {
        Route::Feed { name, format } => {
            let endpoint = in_force.endpoints.get(name).ok_or(Problem::Unknown)?;
            reader.feed(endpoint, NamedBy::Owner, format).await
        }
        Route::Signed {
            signature,
            tail,
            format,
        } => {
            let url = in_force.signer.verify_feed(signature, tail);
            let url = url
                .filter(|_| in_force.adhoc != Access::Off)
                .ok_or(Problem::Signature)?;
            let endpoint = in_force.endpoint_by_address(url, NamedBy::Owner);
            reader.feed(&endpoint, NamedBy::Owner, format).await
        }
        Route::Open { url } => {
            if in_force.adhoc != Access::Open {
                return Err(Problem::NotOpen);
            }
            let url = Url::parse(&url).map_err(|_| Problem::Address)?;
            let endpoint = in_force.endpoint_by_address(url, NamedBy::Anyone);
            reader.feed(&endpoint, NamedBy::Anyone, None).await
        }
        Route::Image { signature, tail } => {
            let url = in_force
                .signer
                .verify_image(signature, tail)
                .ok_or(Problem::Signature)?;
            let image = app.picture(&url).await.map_err(Problem::Picture)?;
            Ok(picture(method, headers, &image))
        }
        Route::Health => Ok(reply::text(method, "ok\n")),
        Route::Robots => Ok(reply::text(method, "User-agent: *\nDisallow: /\n")),
        Route::Unknown => Err(Problem::Unknown),
    }
}

/// Who asks, and how.
struct Reader<'r> {
    app: &'r Arc<App>,
    method: &'r Method,
    headers: &'r HeaderMap,
}

impl Reader<'_> {
    /// The feed of `endpoint`, in `format` or its own.
    async fn feed(
        &self,
        endpoint: &Arc<Endpoint>,
        by: NamedBy,
        format: Option<Format>,
    ) -> Result<Reply, Problem> {
        let found = self.app.feed(endpoint, by, self.wants_stored_only()).await;
        let found = found.map_err(Problem::Feed)?;
        let version = &found.response.version;
        let self_url = || address_of(endpoint, format);
        let format = format.unwrap_or(endpoint.format);
        let served = self.app.in_format(version, format, self_url).await;
        let served = served.map_err(|_| Problem::Convert)?;
        Ok(feed(
            self.method,
            self.headers,
            &found,
            &served,
            self.app.clock.millis(),
        ))
    }

    /// `Cache-Control: only-if-cached` (RFC 9111 §5.2.1.7). No other wish of a reader's decides
    /// whether an origin is asked.
    fn wants_stored_only(&self) -> bool {
        let values = self.headers.get_all(header::CACHE_CONTROL).iter();
        let mut directives = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        directives.any(|directive| directive.trim().eq_ignore_ascii_case("only-if-cached"))
    }
}

/// The address at which `endpoint` is served in `format`.
fn address_of(endpoint: &Endpoint, format: Option<Format>) -> Option<Url> {
    let mut url = endpoint.transform.self_url.clone()?;
    if let Some(extension) = format.and_then(Format::extension) {
        let path = format!("{}.{extension}", url.path());
        url.set_path(&path);
    }
    Some(url)
}
