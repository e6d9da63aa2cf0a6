//! Requests that their `Idempotency-Key` has carried out once.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use sereno_actors::idempotency::Idempotency;
use sereno_workflows::invalid::Invalid;
use sha2::{Digest as _, Sha256};

/// Says of an answer that it is the first one to the same request once more.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The key that a request came with, if it came with one; `says` adds to the fingerprint all that makes the request
/// what it is.
pub(super) fn once(
    headers: &HeaderMap,
    says: impl FnOnce(&mut Sha256),
) -> Result<Option<Idempotency>, Invalid> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(Invalid::new("Idempotency-Key", "stands there twice"));
    }
    let mut hash = Sha256::new();
    says(&mut hash);
    Idempotency::new(key.as_bytes(), hash.finalize().into()).map(Some)
}

/// The answer as one that was given before.
pub(super) fn replayed(mut answer: Response) -> Response {
    answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    answer
}
