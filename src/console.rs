//! The console: a web application out of the binary, its files in `console/`, which calls the public API
//! and nothing else.
//!
//! Every path below `/console` is answered with the same page, so that an address can be kept, sent and
//! opened beside; the page itself finds out what it shows. Its files stand under a path that names their
//! version: they are kept by browsers for a year, and asked for anew the moment that one of them changed.
//! There is no data in any of them, so nobody needs a key for them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::Embed;
use sereno_workflows::locale::Locale;
use sha2::{Digest as _, Sha256};

use crate::api::App;
use crate::api::docs::takes_gzip;
use crate::api::error::Problem;
use crate::api::session::framing;
use crate::api::why::language;

/// Nothing from elsewhere, no script or style but from files of ours; who may put it in a frame is added.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'";
/// A page that only says something.
const BARE: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
    form-action 'none'";
/// What is no page stands in no frame.
const UNFRAMED: &str = "frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const A_YEAR: &str = "public, max-age=31536000, immutable";

/// What the page needs before it can show anything: asked for at once, not one after the other.
const FIRST: [&str; 4] = ["app.js", "lib/", "parts/", "screens/catalogue.js"];

#[derive(Embed)]
#[folder = "src/console"]
struct Files;

/// A file, as it is and as it goes over the wire to those who take it so.
struct Asset {
    content_type: &'static str,
    etag: String,
    plain: Bytes,
    zipped: Bytes,
}

/// All files, and the version of all of them together.
struct Site {
    version: String,
    index: Asset,
    /// The page in place of a portal whose link is over, with room for its words.
    over: String,
    assets: BTreeMap<String, Asset>,
}

static SITE: LazyLock<Site> = LazyLock::new(Site::new);

/// What is served at `/console` and below.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/console", get(index))
        .route("/console/", get(index))
        .route("/console/{*path}", get(index))
        .route("/console/assets/{version}/{*path}", get(asset))
        .with_state(app)
}

async fn index(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let framing = framing(&app, &uri, &headers);
    if framing.is_over {
        return over(&framing.policy, language(&headers).unwrap_or(Locale::En));
    }
    answer(&SITE.index, ("no-cache", &framing.policy), &headers)
}

async fn asset(
    Path((version, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A page of an older version must not mix its files with newer ones.
    let asset = SITE.assets.get(&path).filter(|_| version == SITE.version);
    answer(asset.ok_or_else(|| Problem::not_found("file"))?, (A_YEAR, UNFRAMED), &headers)
}

/// What stands in a frame in place of a portal whose link is over: no script, and nothing of anybody's.
fn over(frames: &str, language: Locale) -> Result<Response, Problem> {
    let (title, text) = match language {
        Locale::Es => (
            "Este enlace ha caducado",
            "Pida uno nuevo a quien se lo dio, o vuelva a cargar la página que lo muestra.",
        ),
        Locale::En => {
            ("This link has expired", "Ask for a new one, or load the page around it anew.")
        }
        Locale::Pt => (
            "Este link expirou",
            "Peça um novo a quem o deu, ou carregue de novo a página que o mostra.",
        ),
    };
    let page = SITE.over.replace("%language%", language.as_str());
    let page = page.replace("%title%", title).replace("%text%", text);
    let response = Response::builder()
        .header(header::CONTENT_TYPE, HTML)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::CONTENT_SECURITY_POLICY, format!("{BARE}; {frames}"))
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "same-origin");
    response.body(Body::from(page)).map_err(|_| Problem::not_found("page"))
}

fn answer(
    asset: &Asset,
    (cached, frames): (&str, &str),
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    let known = asked.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == asset.etag));
    let response = Response::builder()
        .header(header::ETAG, &asset.etag)
        .header(header::CACHE_CONTROL, cached)
        .header(header::VARY, "Accept-Encoding")
        .header(header::CONTENT_SECURITY_POLICY, format!("{POLICY}; {frames}"))
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "same-origin");
    let response = if is_known {
        response.status(StatusCode::NOT_MODIFIED).body(Body::empty())
    } else {
        let response = response.header(header::CONTENT_TYPE, asset.content_type);
        if takes_gzip(asked) {
            response.header(header::CONTENT_ENCODING, "gzip").body(Body::from(asset.zipped.clone()))
        } else {
            response.body(Body::from(asset.plain.clone()))
        }
    };
    response.map_err(|_| Problem::not_found("page"))
}

impl Site {
    fn new() -> Self {
        let mut assets = BTreeMap::new();
        let mut hash = Sha256::new();
        for name in Files::iter() {
            let Some(file) = Files::get(&name) else { continue };
            hash.update(name.as_bytes());
            hash.update(&file.data);
            assets.insert(name.into_owned(), Asset::new(file.data));
        }
        let version = short(&hash.finalize());
        for (name, asset) in &mut assets {
            asset.content_type = content_type(name);
        }
        let place = format!("/console/assets/{version}");
        let mut page = |name: &str| {
            let page = assets.remove(name).map(|page| page.plain).unwrap_or_default();
            String::from_utf8_lossy(&page).replace("%assets%", &place)
        };
        let (index, over) = (page("index.html"), page("over.html"));
        let index = index.replace("%preload%", &preload(&assets).replace("%assets%", &place));
        let mut index = Asset::new(Cow::Owned(index.into_bytes()));
        index.content_type = HTML;
        Self { version, index, over, assets }
    }
}

impl Asset {
    fn new(bytes: Cow<'static, [u8]>) -> Self {
        let plain = match bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        let mut zipper = GzEncoder::new(Vec::new(), Compression::best());
        // Into memory, which cannot fail; were it to, what was asked for would come out empty.
        let written = zipper.write_all(&plain).and_then(|()| zipper.try_finish());
        let zipped = written.and_then(|()| zipper.finish()).unwrap_or_default();
        // Weak, since it stands for the zipped bytes too.
        let etag = format!("W/\"{}\"", short(&Sha256::digest(&plain)));
        Self { content_type: "", etag, plain, zipped: Bytes::from(zipped) }
    }
}

/// Links that make browsers fetch the first modules before they have read the modules that ask for them.
fn preload(assets: &BTreeMap<String, Asset>) -> String {
    let first = assets.keys().filter(|name| FIRST.iter().any(|first| name.starts_with(first)));
    let link = |name| format!("<link rel=\"modulepreload\" href=\"%assets%/{name}\">");
    first.map(link).collect::<Vec<_>>().join("\n    ")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// The first bytes of a digest, in hex: enough to tell versions apart.
fn short(digest: &[u8]) -> String {
    digest.iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
