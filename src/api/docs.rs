//! The API's description as pages to browse: Swagger UI, out of the binary, without anything from elsewhere.
//!
//! The pages are for anybody who reaches the server: they hold what `/openapi.json` says, and no data. Their
//! policy forbids the browser to fetch anything from another host, whatever is in them.

use std::io::Read as _;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
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

fn page(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    // Without `none`, the page asks a validator on the Internet about the document.
    let config = Config::from("../openapi.json")
        .validator_url("none")
        .use_base_layout()
        .display_request_duration(true)
        .persist_authorization(false)
        .filter(true);
    let file = serve(name, Arc::new(config)).ok().flatten();
    let file = file.ok_or_else(|| Problem::not_found("page"))?;
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, &file.content_type)
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, "no-cache");
    response = response.header(header::VARY, "Accept-Encoding");
    let mut bytes = file.bytes.into_owned();
    if file.gzpipped && takes_gzip(headers) {
        response = response.header(header::CONTENT_ENCODING, "gzip");
    } else if file.gzpipped {
        let mut plain = Vec::new();
        let read = GzDecoder::new(&bytes[..]).read_to_end(&mut plain);
        read.map_err(|_| Problem::not_found("page"))?;
        bytes = plain;
    }
    let response = response.body(Body::from(bytes));
    response.map_err(|_| Problem::not_found("page"))
}

/// Whoever does not say so may not know it, as many a tool in a shell.
fn takes_gzip(headers: &HeaderMap) -> bool {
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
