//! What stands in answers to sessions for an id that holds a telephone number or a mail address: it shows what
//! the mask shows, and whoever sends it back means the id.
//!
//! ```text
//!  +34600000012  -->  +34•••••12~~<the id, sealed>  -->  in a path, a query, a body: +34600000012
//! ```
//! So what is called by such an id can be opened, filtered and acted on, and nobody learns the number. What does
//! not open is taken as it stands; but whoever may not have anything revealed finds nothing by a number or an
//! address, since whether somebody is known by it is what they are not to learn.

use axum::body::Bytes;
use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use sereno_workflows::masking::{HIDDEN, gives_away, masked_id};

use super::{App, cookie};

/// What parts the two halves of an alias; it passes unchanged through the path of a URL.
const MARK: &str = "~~";
/// For what ids are sealed.
const PLACE: &str = "alias";

/// What stands for an id, or for a cursor, which holds one in a form that anybody can read but the mask.
pub(super) fn of(app: &App, id: &str) -> String {
    let sealed = app.engine.ledger().vault().seal_alike(PLACE, id.as_bytes());
    let shown = Some(masked_id(id)).filter(|shown| shown != id).unwrap_or_default();
    format!("{shown}{MARK}{}", URL_SAFE_NO_PAD.encode(sealed))
}

/// The id that is meant by what stands for one.
fn meant(app: &App, text: &str) -> Option<String> {
    let (_, sealed) = text.rsplit_once(MARK)?;
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let id = app.engine.ledger().vault().open(PLACE, &sealed).ok()?;
    String::from_utf8(id).ok()
}

/// A request of a session as it is meant, before it is looked for among the routes.
pub fn as_meant<B>(app: &App, mut request: http::Request<B>) -> http::Request<B> {
    // Some browsers' queries write the mark out.
    let Some(cookie) = cookie::of(request.headers()) else { return request };
    let session = app.engine.session(cookie, &app.admin_mark);
    let hides = session.is_some_and(|session| !session.role.may_reveal());
    let has_mark = request.uri().path_and_query().is_some_and(|whole| {
        [MARK, "%7E%7E", "%7e%7e"].iter().any(|mark| whole.as_str().contains(mark))
    });
    if (has_mark || hides)
        && let Some(uri) = uri_as_meant(app, request.uri(), hides)
    {
        *request.uri_mut() = uri;
    }
    request
}

fn uri_as_meant(app: &App, uri: &Uri, hides: bool) -> Option<Uri> {
    let whole = uri.path_and_query()?.as_str();
    let is_between = |letter: char| ['/', '?', '&', '='].contains(&letter);
    let mut before = String::new();
    let parts = whole.split_inclusive(is_between).map(|part| {
        let value = part.trim_end_matches(is_between);
        let text = percent_decode_str(value).decode_utf8_lossy().into_owned();
        let of = std::mem::replace(&mut before, text.clone());
        let id = match meant(app, &text) {
            None if hides && gives_away(field(&of), &text) => Some(HIDDEN.to_owned()),
            meant => meant,
        };
        match id {
            Some(id) => {
                let between = part.strip_prefix(value).unwrap_or_default();
                format!("{}{between}", utf8_percent_encode(&id, NON_ALPHANUMERIC))
            }
            None => part.to_owned(),
        }
    });
    let mut of = uri.clone().into_parts();
    of.path_and_query = Some(parts.collect::<String>().parse().ok()?);
    Uri::from_parts(of).ok()
}

/// The field that a value is of which stands behind this in a path or a query.
fn field(before: &str) -> &str {
    match before {
        "conversations" | "handoffs" => "conversation_id",
        "leads" => "lead_id",
        "timers" => "id",
        "reservations" => "reservation_id",
        name => name,
    }
}

/// The body of a session's request as it is meant.
pub(super) fn meant_in(app: &App, body: Bytes) -> Bytes {
    let has_mark = body.windows(MARK.len()).any(|part| part == MARK.as_bytes());
    let Some(mut said) = serde_json::from_slice::<Value>(&body).ok().filter(|_| has_mark) else {
        return body;
    };
    replace(app, &mut said);
    said.to_string().into()
}

fn replace(app: &App, said: &mut Value) {
    match said {
        Value::String(text) => {
            if let Some(id) = meant(app, text) {
                *text = id;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(app, item)),
        Value::Object(map) => map.values_mut().for_each(|value| replace(app, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
