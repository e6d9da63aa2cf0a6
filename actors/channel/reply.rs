//! What an HTTP answer means for a delivery, and how much of it is read.

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::{Span, Timestamp};
use url::Url;

/// So much of an answer is read; the rest is dropped with the connection.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// So much of it is quoted in an error.
const QUOTE_CHARS_MAX: usize = 200;

/// An answer, as far as it was read.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// Reads an answer's beginning.
    pub(super) async fn read(mut response: Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
            body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
            if body.len() >= ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok(Self { status, headers, body })
    }

    /// What the answer means where only its status counts (RFC 9110, section 15).
    ///
    /// Success is 2xx. 408, 425, 429 and 5xx may pass; 501 and 505 and every other 4xx will not, and a
    /// redirect is not followed: a signed body goes only where it was meant to go.
    pub(super) fn by_status(&self, now: Timestamp) -> Outcome {
        let code = i32::from(self.status.as_u16());
        match self.status.as_u16() {
            200..=299 => Outcome::Done { code },
            300..=399 => {
                let to = self.headers.get(LOCATION).and_then(|value| value.to_str().ok());
                let to = to.map(without_credentials).unwrap_or_default();
                let error = format!("{code}: redirects are not followed; set the target to {to}");
                Outcome::Dead { code, error }
            }
            408 | 425 | 429 | 500 | 502..=504 | 506..=599 => {
                let after = retry_after(&self.headers, now);
                Outcome::Retry { code, error: self.quoted(), after }
            }
            _ => Outcome::Dead { code, error: self.quoted() },
        }
    }

    /// The status and the beginning of the body, on one line.
    pub(super) fn quoted(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let line: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(QUOTE_CHARS_MAX)
            .collect();
        let line = line.trim();
        if line.is_empty() { self.status.to_string() } else { format!("{}: {line}", self.status) }
    }
}

/// A request that got no answer: worth another attempt, unless it cannot even be made.
pub(super) fn failed(error: &reqwest::Error) -> Outcome {
    if let Some(blocked) = super::guard::blocked(error) {
        return Outcome::Dead { code: -1, error: blocked };
    }
    let error = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        // Without the URL: it may be a secret.
        let mut source: &dyn std::error::Error = error;
        while let Some(deeper) = source.source() {
            source = deeper;
        }
        let what = if error.is_connect() { "cannot connect" } else { "the connection broke" };
        format!("{what}: {source}")
    };
    Outcome::Retry { code: -1, error, after: None }
}

/// `Retry-After` as a span: seconds, or a date (RFC 9110, section 10.2.3). One in the past is zero.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Span> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Span(seconds.saturating_mul(1_000)));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp(date.as_millisecond()).since(now))
}

fn without_credentials(location: &str) -> String {
    match Url::parse(location) {
        Ok(mut url) => {
            // Only fails for URLs without a host, which have no credentials.
            url.set_username("").ok();
            url.set_password(None).ok();
            url.to_string()
        }
        Err(_) => location.chars().take(QUOTE_CHARS_MAX).collect(),
    }
}
