//! Errors as the outside sees them: `application/problem+json` (RFC 9457). The only place where an
//! error becomes a status code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sereno_actors::engine::EngineError;
use sereno_actors::ledger::LedgerError;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Span;

/// What went wrong, for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    field: Option<String>,
    /// After which time the same request may succeed.
    wait: Option<Span>,
}

impl Problem {
    /// A problem with this status and explanation.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), field: None, wait: None }
    }

    /// 400: the body is not JSON, or not the JSON that is expected.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no such {what}"))
    }

    /// 413: more than is taken at once.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// 429: a limit is reached; the same request may succeed after this time.
    pub fn too_many(detail: impl Into<String>, wait: Span) -> Self {
        Self { wait: Some(wait), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// What is wrong, in words.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Whether the request is at fault, and not the server.
    pub fn is_callers(&self) -> bool {
        self.status.is_client_error()
    }

    /// 503: busy; the same request may succeed soon.
    pub fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy; nothing was stored, try again")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "ok": false,
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (Some(field), Some(map)) = (self.field, body.as_object_mut()) {
            map.insert("field".to_owned(), Value::from(field));
        }
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(wait) = self.wait {
            // Whole seconds, and never one too few (RFC 9110, 10.2.3).
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.0.div_ceil(1_000).max(1)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let Invalid { field, problem } = invalid;
        let detail = if field.is_empty() { problem } else { format!("{field}: {problem}") };
        let field = Some(field).filter(|field| !field.is_empty());
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail, field, wait: None }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Invalid(invalid) => invalid.into(),
            EngineError::NotFound(what) => Self::not_found(what),
            EngineError::Exists(_) | EngineError::Rejected(_) | EngineError::TooMany { .. } => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            EngineError::Limited { what, wait } => {
                Self::too_many(format!("{what} is reached; nothing was stored"), wait)
            }
            EngineError::Full => Self::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string()),
            EngineError::Busy => Self::busy(),
            EngineError::Store(_)
            | EngineError::Ledger(_)
            | EngineError::Vault(_)
            | EngineError::Channel(_)
            | EngineError::Start(_) => Self::internal(&error),
        }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        Self::internal(&error)
    }
}

impl Problem {
    /// 500: our fault. The cause goes to the log, not to the caller.
    fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error; the server's log says more")
    }
}
