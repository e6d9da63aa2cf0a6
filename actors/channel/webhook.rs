//! Webhooks: the event's exact bytes, signed, posted to a place of the tenant's choice.
//!
//! Two rules protect the receiver's trust. Nothing that the tenant configures can replace a header
//! of ours, so a signature, an id or an attempt number is always what we computed; and nothing can
//! change how the request is framed, so one delivery is always one request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Timestamp;
use sereno_workflows::why::TOKEN_ENDPOINT;
use url::Url;

use super::address::Address;
use super::auth::{Auth, ClientCredentials};
use super::echo::SENSITIVE_BYTES_MIN;
use super::oauth::Wanted;
use super::reply::{Deadline, Reply};
use super::tls::Ways;
use super::{Answer, Channels, Load, Manner, dead};
use crate::signature::{self, Scheme};

/// Names that a user's own headers may not have: those we send, and those that frame a request.
const RESERVED: [&str; 26] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-bird-signature",
    "x-bird-signature-version",
    "x-bird-timestamp",
    "x-sereno-attempt",
    "x-sereno-event",
    "x-signature",
];

/// Headers of most requests that are ours, and those that every request has.
const USUAL_HEADERS: usize = 12;

/// One webhook destination.
pub(crate) struct Post<'a> {
    pub(crate) to: &'a Address,
    pub(crate) secrets: &'a [String],
    pub(crate) headers: &'a [(String, String)],
    pub(crate) auth: Option<&'a Auth>,
    pub(crate) manner: &'a Manner,
}

impl Post<'_> {
    /// What a receiver may repeat and nobody should read in its answer: credentials, those of this request too, and
    /// headers' values.
    fn sensitive(&self, sent: Option<&Auth>) -> Vec<String> {
        let mut all: Vec<String> = self.headers.iter().map(|(_, value)| value.clone()).collect();
        for auth in self.auth.into_iter().chain(sent) {
            match auth {
                Auth::Basic { user, password } => {
                    all.push(STANDARD.encode(format!("{user}:{password}")));
                    all.push(password.clone());
                }
                Auth::Bearer { token } => all.push(token.clone()),
                Auth::Header { value, .. } => all.push(value.clone()),
                Auth::Oauth2(account) => all.push(account.client_secret.clone()),
            }
        }
        all.retain(|text| text.len() >= SENSITIVE_BYTES_MIN);
        all
    }
}

/// Whether a user's own header can be sent; for use when an endpoint is saved.
///
/// A name that is ours is refused here with the reason; on an attempt it is left out.
pub fn check_header(name: &str, value: &str) -> Result<(), String> {
    let name = HeaderName::try_from(name).map_err(|_| format!("'{name}' is no header name"))?;
    if reserved(&name) {
        return Err(format!("the header {name} is set by Sereno and cannot be replaced"));
    }
    header_value(&name, value).map(|_| ())
}

impl Channels {
    pub(crate) async fn send_webhook(
        &self,
        post: &Post<'_>,
        load: &Load,
        now: Timestamp,
    ) -> Answer {
        if let Err(error) = self.guard.check_url(post.to.url()) {
            return dead(error).into();
        }
        let deadline = Deadline::after(load.timeout.unwrap_or(self.config.webhook_timeout));
        let ways = match self.ways_for(post.manner).await {
            Ok(ways) => ways,
            Err(error) => return dead(error).into(),
        };
        let attempt = Attempt { ways: &ways, deadline, post, load, now };
        let reply = match post.auth {
            Some(Auth::Oauth2(account)) => Box::pin(self.post_with_token(attempt, account)).await,
            Some(auth) => attempt.send(Some(auth)).await,
            None => attempt.send(None).await,
        };
        match reply {
            Ok(reply) => {
                let outcome = reply.outcome(now);
                Answer { response: reply.body, ..outcome.into() }
            }
            Err(outcome) => outcome.into(),
        }
    }

    /// Posts with a token; one that is refused is replaced once, within the same deadline.
    async fn post_with_token(
        &self,
        attempt: Attempt<'_>,
        account: &ClientCredentials,
    ) -> Result<Reply, Outcome> {
        let url = Url::parse(&account.token_url).map_err(|error| dead(error.to_string()))?;
        self.guard.check_url(&url).map_err(|error| dead(format!("{TOKEN_ENDPOINT}: {error}")))?;
        let Attempt { ways, deadline, post, now, .. } = attempt;
        let client = &ways.asking;
        let wanted = Wanted { owner: &post.manner.owner, account, url, client, deadline, now };
        let first = self.tokens.token(&wanted, None).await?;
        let reply = attempt.send(Some(&Auth::Bearer { token: first.to_string() })).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        let second = self.tokens.token(&wanted, Some(&first)).await;
        let second = second.map_err(|outcome| after_refusal(outcome, &reply))?;
        attempt.send(Some(&Auth::Bearer { token: second.to_string() })).await
    }
}

/// What an attempt has come to whose token was refused, and no other was to be had: it was sent, and answered.
fn after_refusal(outcome: Outcome, reply: &Reply) -> Outcome {
    let code = i32::from(reply.status.as_u16());
    outcome.told(|_, error| (code, format!("{}; {error}", reply.refused())))
}

/// One attempt, which may take more than one request.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    ways: &'a Ways,
    deadline: Deadline,
    post: &'a Post<'a>,
    load: &'a Load,
    now: Timestamp,
}

impl Attempt<'_> {
    async fn send(self, auth: Option<&Auth>) -> Result<Reply, Outcome> {
        let to = self.post.to.uri().clone();
        let headers = headers(self.post, auth, self.load, self.now).map_err(dead)?;
        let body = self.load.body.clone();
        let post = self.ways.posting.post(to, headers, body);
        let mut reply = Reply::to(post, self.deadline).await?;
        reply.mask(&self.post.sensitive(auth));
        Ok(reply)
    }
}

/// All headers of an attempt, ours last and over any other.
fn headers(
    post: &Post<'_>,
    auth: Option<&Auth>,
    load: &Load,
    now: Timestamp,
) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(post.headers.len() + USUAL_HEADERS);
    for (name, value) in post.headers {
        let name = HeaderName::try_from(name).map_err(|_| "a header's name is not one")?;
        if !reserved(&name) {
            let value = header_value(&name, value)?;
            headers.insert(name, value);
        }
    }
    if let Some(auth) = auth {
        let (name, mut value) = credentials(auth)?;
        value.set_sensitive(true);
        if !reserved(&name) {
            headers.insert(name, value);
        }
    }
    let timestamp_s = now.0.div_euclid(1_000);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-timestamp", HeaderValue::from(timestamp_s));
    headers.insert("x-sereno-attempt", HeaderValue::from(load.attempt));
    let told = [
        ("webhook-id", load.id.clone()),
        ("x-sereno-event", load.event_type.clone()),
        ("traceparent", load.trace.to_header()),
    ];
    let state = load.trace.state.clone().map(|state| ("tracestate", state));
    for (name, value) in told.into_iter().chain(state).chain(signatures(post, load, timestamp_s)) {
        let name = HeaderName::from_static(name);
        let value = owned_value(&name, value)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Every secret signs for Standard Webhooks; the newest alone where a header has room for one.
fn signatures(post: &Post<'_>, load: &Load, timestamp_s: i64) -> Vec<(&'static str, String)> {
    let Some(newest) = post.secrets.first() else { return Vec::new() };
    let sign = |secret: &String| signature::standard(&load.id, timestamp_s, &load.body, secret);
    let all: Vec<String> = post.secrets.iter().map(sign).collect();
    let mut ours = vec![("webhook-signature", all.join(" "))];
    let scheme = post.manner.signature;
    if scheme.has_key_pair() {
        return ours;
    }
    let over_body = signature::hex(&load.body, newest);
    if scheme == Scheme::Bird {
        let bare = over_body.trim_start_matches("sha256=").to_owned();
        ours.extend([
            ("x-bird-signature", bare),
            ("x-bird-timestamp", timestamp_s.to_string()),
            ("x-bird-signature-version", "1.0".to_owned()),
        ]);
    }
    ours.push(("x-signature", over_body));
    ours
}

fn credentials(auth: &Auth) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = match auth {
        Auth::Basic { user, password } => {
            let pair = STANDARD.encode(format!("{user}:{password}"));
            (header::AUTHORIZATION, format!("Basic {pair}"))
        }
        Auth::Bearer { token } => (header::AUTHORIZATION, format!("Bearer {token}")),
        Auth::Header { name, value } => {
            let name =
                HeaderName::try_from(name).map_err(|_| "the auth header has no valid name")?;
            (name, value.clone())
        }
        // A token is fetched for it, which is then a bearer's.
        Auth::Oauth2(_) => return Err("a token is missing".to_owned()),
    };
    let value = header_value(&name, &value)?;
    Ok((name, value))
}

fn reserved(name: &HeaderName) -> bool {
    RESERVED.contains(&name.as_str())
}

/// The value, which may be secret and so is not in the error.
fn header_value(name: &HeaderName, value: &str) -> Result<HeaderValue, String> {
    owned_value(name, value.to_owned())
}

fn owned_value(name: &HeaderName, value: String) -> Result<HeaderValue, String> {
    HeaderValue::try_from(value)
        .map_err(|_| format!("the value of header {name} has a line break or control character"))
}
