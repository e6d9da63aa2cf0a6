//! An answer over HTTP: read with a bound, and judged.
//!
//! Shared by every channel that speaks HTTP. No URL ever reaches an error text: Slack's are secrets
//! as a whole, and those of n8n, Zapier and Make carry theirs in the path.

use std::error::Error as StdError;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::ResponseFuture;
use reqwest::RequestBuilder;
use sereno_workflows::masking::without_secrets;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::{Span, Timestamp};
use sereno_workflows::why;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::echo;
use super::guard::Blocked;
use crate::limits::{REPLY_BYTES_MAX, SNIPPET_CHARS_MAX};

/// Until when an attempt must have ended, however many requests it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    whole: Duration,
}

impl Deadline {
    /// So long from now.
    pub(crate) fn after(whole: Duration) -> Self {
        Self { at: Instant::now() + whole, whole }
    }

    /// What is left of it.
    pub(crate) fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// What an attempt has come to that missed it.
    pub(crate) fn missed(self) -> Outcome {
        let error = format!("no answer within {} s", self.whole.as_secs_f64());
        Outcome::Retry { code: -1, error, after: None }
    }
}

/// What the other side answered.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// The first [`REPLY_BYTES_MAX`] bytes of its body; fewer if it broke off.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Sends a request and reads the answer, all within `timeout`; no answer is a finished outcome.
    pub(crate) async fn of(request: RequestBuilder, timeout: Duration) -> Result<Self, Outcome> {
        Self::before(request, Deadline::after(timeout)).await
    }

    /// The same within what is left of a deadline.
    pub(crate) async fn before(
        request: RequestBuilder,
        deadline: Deadline,
    ) -> Result<Self, Outcome> {
        let mut response = match request.timeout(deadline.left()).send().await {
            Ok(response) => response,
            Err(error) => return Err(unanswered(error, deadline)),
        };
        let mut body = Vec::new();
        // A status that arrived stands even if the body breaks off or hangs until the deadline: to
        // send again what was taken would be worse than to know less about it.
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = REPLY_BYTES_MAX.saturating_sub(body.len());
            body.extend(chunk.iter().take(room));
            if body.len() >= REPLY_BYTES_MAX {
                break;
            }
        }
        let status = response.status();
        Ok(Self { status, headers: std::mem::take(response.headers_mut()), body })
    }

    /// The same of a webhook's post.
    pub(crate) async fn to(post: ResponseFuture, deadline: Deadline) -> Result<Self, Outcome> {
        let (head, mut rest) = match timeout_at(deadline.at, post).await {
            Ok(Ok(response)) => response.into_parts(),
            Ok(Err(error)) => return Err(judged(&error, error.is_connect())),
            Err(_) => return Err(deadline.missed()),
        };
        let mut body = Vec::new();
        // As above.
        while body.len() < REPLY_BYTES_MAX
            && let Ok(Some(Ok(frame))) = timeout_at(deadline.at, rest.frame()).await
        {
            let room = REPLY_BYTES_MAX - body.len();
            body.extend(frame.data_ref().into_iter().flatten().take(room));
        }
        Ok(Self { status: head.status, headers: head.headers, body })
    }

    /// Hides what we sent and must not be read in what the other side says, or where it points to.
    pub(crate) fn mask(&mut self, sensitive: &[String]) {
        for secret in sensitive {
            if let Some(hidden) = echo::without(secret, &self.body) {
                self.body = hidden.into_bytes();
            }
            if let Some(location) = self.headers.get_mut(header::LOCATION)
                && let Some(hidden) = echo::without(secret, location.as_bytes())
            {
                *location =
                    HeaderValue::try_from(hidden).unwrap_or(HeaderValue::from_static(echo::HIDDEN));
            }
        }
    }

    /// What follows from the status alone (RFC 9110, section 15).
    pub(crate) fn outcome(&self, now: Timestamp) -> Outcome {
        let code = i32::from(self.status.as_u16());
        if self.status.is_success() {
            return Outcome::Done { code };
        }
        if self.status.is_redirection() {
            return Outcome::Dead { code, error: self.redirected() };
        }
        if self.status == StatusCode::GONE {
            return Outcome::Gone { code, error: self.refused() };
        }
        if may_change(self.status) {
            return Outcome::Retry { code, error: self.refused(), after: self.retry_after(now) };
        }
        Outcome::Dead { code, error: self.refused() }
    }

    /// How long we are asked to wait; only 429 and 503 may ask (RFC 9110, section 10.2.3).
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Span> {
        let asks = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        if !asks.contains(&self.status) {
            return None;
        }
        let text = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More seconds than can be counted are as many as can be.
            let count_s = text.parse().unwrap_or(u64::MAX);
            return Some(Span::millis(count_s.saturating_mul(1_000)).min(Span::MAX));
        }
        let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        let at = Timestamp(i64::try_from(date.as_millis()).ok()?);
        Some(at.since(now))
    }

    /// The status and the beginning of the body, on one line.
    pub(crate) fn refused(&self) -> String {
        let body = snippet(&String::from_utf8_lossy(&self.body));
        if body.is_empty() {
            return format!("answered {}", self.status);
        }
        format!("answered {}: {body}", self.status)
    }

    fn redirected(&self) -> String {
        let location = self.headers.get(header::LOCATION).map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            snippet(&without_credentials(&text))
        });
        let location = location.as_deref().unwrap_or("nowhere");
        format!("answered {}: redirects to {location}, which is not followed", self.status)
    }
}

/// One line of at most [`SNIPPET_CHARS_MAX`] characters.
pub(crate) fn snippet(text: &str) -> String {
    let spaced = text.replace(char::is_control, " ");
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(SNIPPET_CHARS_MAX).collect()
}

/// Whether the same request may be answered otherwise later.
///
/// 501 and 505 are about what the server can do at all, so they are not among them.
fn may_change(status: StatusCode) -> bool {
    let never = [StatusCode::NOT_IMPLEMENTED, StatusCode::HTTP_VERSION_NOT_SUPPORTED];
    let soon = [
        StatusCode::REQUEST_TIMEOUT,
        // Over another connection (RFC 9110, section 15.5.20).
        StatusCode::MISDIRECTED_REQUEST,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    // An informational status as a last word is a broken server, which may be mended.
    soon.contains(&status)
        || status.is_informational()
        || (status.as_u16() >= 500 && !never.contains(&status))
}

fn without_credentials(location: &str) -> String {
    let Ok(mut url) = Url::parse(location) else {
        return without_secrets(location);
    };
    // Both fail only for a URL that cannot have credentials in the first place.
    url.set_username("").ok();
    url.set_password(None).ok();
    without_secrets(url.as_str())
}

fn unanswered(error: reqwest::Error, deadline: Deadline) -> Outcome {
    let error = error.without_url();
    let is_blocked = cause::<Blocked>(&error).is_some();
    if error.is_builder() && !is_blocked {
        return Outcome::Dead { code: -1, error: chain(&error) };
    }
    if error.is_timeout() && !error.is_connect() && !is_blocked {
        return deadline.missed();
    }
    judged(&error, error.is_connect())
}

/// What an attempt without an answer has come to, which broke off before or after there was a connection.
fn judged(error: &(dyn StdError + 'static), is_connect: bool) -> Outcome {
    if let Some(blocked) = cause::<Blocked>(error) {
        return Outcome::Dead { code: -1, error: blocked.to_string() };
    }
    let error = why::unanswered(is_connect, &chain(error));
    Outcome::Retry { code: -1, error, after: None }
}

/// The nearest cause of this type.
fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut present = Some(error);
    while let Some(error) = present {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        present = error.source();
    }
    None
}

/// An error and its causes on one line; the client's own text alone says only where it stood.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut present = error.source();
    while let Some(cause) = present {
        text = format!("{text}: {cause}");
        present = cause.source();
    }
    snippet(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, header: &str, value: &str) -> Reply {
        let mut headers = HeaderMap::new();
        let name = http::HeaderName::try_from(header).unwrap();
        headers.insert(name, HeaderValue::try_from(value).unwrap());
        Reply { status: StatusCode::from_u16(status).unwrap(), headers, body: b"a\r\nb".to_vec() }
    }

    #[test]
    fn each_status_has_its_outcome() {
        for status in 100..=599 {
            let outcome = reply(status, "x", "y").outcome(Timestamp(0));
            let retried = matches!(outcome, Outcome::Retry { .. });
            match status {
                200..=299 => assert_eq!(outcome, Outcome::Done { code: i32::from(status) }),
                410 => assert!(matches!(outcome, Outcome::Gone { .. })),
                501 | 505 => assert!(matches!(outcome, Outcome::Dead { .. }), "{status}"),
                100..=199 | 408 | 421 | 425 | 429 | 500..=599 => assert!(retried, "{status}"),
                _ => assert!(matches!(outcome, Outcome::Dead { .. }), "{status}"),
            }
        }
    }

    #[test]
    fn a_wish_to_wait_is_read_in_all_its_forms() {
        let now = Timestamp(784_111_777_000); // Sun, 06 Nov 1994 08:49:37 GMT
        for (status, value, wait) in [
            (429, "120", Some(Span::seconds(120))),
            (503, " 0 ", Some(Span::seconds(0))),
            (503, "Sun, 06 Nov 1994 08:50:37 GMT", Some(Span::seconds(60))),
            (503, "Sunday, 06-Nov-94 08:50:37 GMT", Some(Span::seconds(60))),
            (503, "Sun Nov  6 08:50:37 1994", Some(Span::seconds(60))),
            (429, "Sun, 06 Nov 1994 08:00:00 GMT", Some(Span::seconds(0))),
            (429, "18446744073709551615", Some(Span::MAX)),
            (429, "99999999999999999999", Some(Span::MAX)),
            (429, "", None),
            (429, "-1", None),
            (429, "soon", None),
            (500, "120", None),
        ] {
            let found = reply(status, "retry-after", value).retry_after(now);
            assert_eq!(found, wait, "{status} {value}");
        }
    }

    #[test]
    fn a_redirect_is_shown_without_its_credentials() {
        let reply = reply(302, "location", "https://user:word@other.example/hook?token=word");
        let Outcome::Dead { code: 302, error } = reply.outcome(Timestamp(0)) else {
            panic!("a redirect is final")
        };
        assert!(error.contains("https://other.example/hook?token=•••"), "{error}");
        assert!(!error.contains("word"), "{error}");
    }

    #[test]
    fn errors_stay_on_one_short_line() {
        assert_eq!(reply(500, "x", "y").refused(), "answered 500 Internal Server Error: a b");
        assert_eq!(snippet(&"é".repeat(500)).chars().count(), SNIPPET_CHARS_MAX);
    }
}
