//! The API's description as pages to browse: Swagger UI, out of the binary, without anything from elsewhere.
//!
//! The pages are for anybody who reaches the server: they hold what `/openapi.json` says, and no data. Their
//! policy forbids the browser to fetch anything from another host, whatever is in them.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Arc, LazyLock};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use parking_lot::Mutex;
use utoipa_swagger_ui::{Config, serve};

use super::error::Problem;
use super::request::InPath;

/// Swagger UI sets styles on its elements; everything else comes from this server, and images may stand
/// in the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";

/// `GET /docs`: to the pages, relative to where this server is reached.
pub async fn enter() -> impl IntoResponse {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "docs/")])
}

/// `GET /docs/`: the first page.
pub async fn index(headers: HeaderMap) -> Result<Response, Problem> {
    page("index.html", &headers)
}

/// `GET /docs/{file}`: what the page needs.
pub async fn file(InPath(name): InPath<String>, headers: HeaderMap) -> Result<Response, Problem> {
    page(&name, &headers)
}

/// A page as it goes out; who asks for it shares its bytes with all others.
#[derive(Clone)]
struct Page {
    kind: String,
    plain: Bytes,
    gzip: Option<Bytes>,
}

/// The pages that somebody asked for.
static PAGES: LazyLock<Mutex<HashMap<String, Page>>> = LazyLock::new(Mutex::default);

fn page(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let known = PAGES.lock().get(name).cloned();
    let page = match known {
        Some(page) => page,
        None => {
            let page = read(name).ok_or_else(|| Problem::not_found("page"))?;
            PAGES.lock().insert(name.to_owned(), page.clone());
            page
        }
    };
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, &page.kind)
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, "no-cache")
        .header(header::VARY, "Accept-Encoding");
    let bytes = match page.gzip.filter(|_| takes_gzip(headers)) {
        Some(gzip) => {
            response = response.header(header::CONTENT_ENCODING, "gzip");
            gzip
        }
        None => page.plain,
    };
    response.body(Body::from(bytes)).map_err(|_| Problem::not_found("page"))
}

fn read(name: &str) -> Option<Page> {
    // Without `none`, the page asks a validator on the Internet about the document.
    let config = Config::from("../openapi.json")
        .validator_url("none")
        .use_base_layout()
        .display_request_duration(true)
        .persist_authorization(false)
        .filter(true);
    let file = serve(name, Arc::new(config)).ok().flatten()?;
    let (kind, bytes) = (file.content_type, Bytes::from(file.bytes.into_owned()));
    if !file.gzpipped {
        return Some(Page { kind, plain: bytes, gzip: None });
    }
    let mut plain = Vec::new();
    GzDecoder::new(&bytes[..]).read_to_end(&mut plain).ok()?;
    Some(Page { kind, plain: plain.into(), gzip: Some(bytes) })
}

/// Whoever does not say so may not know it, as many a tool in a shell.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get(header::ACCEPT_ENCODING).and_then(|said| said.to_str().ok());
    said.is_some_and(|said| {
        said.split(',').map(str::trim).any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
            let weight = weight.trim().trim_start_matches("q=");
            let is_zero = weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0);
            ["gzip", "x-gzip", "*"].contains(&name.trim()) && !is_zero
        })
    })
}
