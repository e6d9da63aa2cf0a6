//! Tokens of endpoints that want OAuth 2.0: fetched with the endpoint's client credentials, kept until
//! shortly before they are over, fetched anew when a receiver refuses one.
//!
//! ```text
//!  attempt 1 --+                                 +--> all go on with the one token,
//!  attempt 2 --+--> one asks the token endpoint --+
//!  attempt n --+      while the others wait      +--> or share the one refusal
//! ```
//! Tokens live in memory alone: after a restart they are fetched again. Neither a token nor a client's
//! secret is ever part of an outcome: of what a token endpoint says, only its status and the error codes
//! of RFC 6749 are repeated, since it has been told the secret and may echo it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::{Span, Timestamp};
use sereno_workflows::why::TOKEN_ENDPOINT;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::auth::ClientCredentials;
use super::reply::{Deadline, Reply};
use crate::limits;

/// The error codes of RFC 6749, section 5.2.
const ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// The tokens of one process.
#[derive(Default)]
pub(crate) struct Tokens {
    slots: Mutex<HashMap<[u8; 32], Slot>>,
}

/// What one attempt needs to get a token.
pub(crate) struct Wanted<'a> {
    /// Whose token it is; two owners never share one.
    pub(crate) owner: &'a str,
    pub(crate) account: &'a ClientCredentials,
    pub(crate) url: Url,
    pub(crate) client: &'a reqwest::Client,
    pub(crate) deadline: Deadline,
    /// The moment of the attempt.
    pub(crate) now: Timestamp,
}

struct Slot {
    used_at: Instant,
    /// Held by the one attempt that asks the token endpoint, so across its answer; those that wait for
    /// it wait no longer than their own deadlines.
    state: Arc<tokio::sync::Mutex<State>>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    failed: Option<(Instant, Outcome)>,
}

struct Token {
    text: Arc<str>,
    obtained_at: Instant,
    good_until: Instant,
}

impl Tokens {
    /// A token that is good now and is not `refused`; otherwise what the attempt came to.
    pub(crate) async fn token(
        &self,
        wanted: &Wanted<'_>,
        refused: Option<&str>,
    ) -> Result<Arc<str>, Outcome> {
        let asked_at = Instant::now();
        let state = self.slot(wanted);
        let locked = tokio::time::timeout(wanted.deadline.left(), state.lock()).await;
        let Ok(mut state) = locked else { return Err(late(wanted)) };
        if let Some(token) = &state.token {
            let good = token.good_until > Instant::now() && refused != Some(&*token.text);
            // One that came while this attempt waited is the best that there is.
            if good || token.obtained_at >= asked_at {
                return Ok(Arc::clone(&token.text));
            }
        }
        if let Some((at, outcome)) = &state.failed
            && *at >= asked_at
        {
            return Err(outcome.clone());
        }
        let fetched = fetch(wanted).await;
        let at = Instant::now();
        match fetched {
            Ok((text, life)) => {
                let text: Arc<str> = text.into();
                let good_until = at + life;
                let token = Token { text: Arc::clone(&text), obtained_at: at, good_until };
                *state = State { token: Some(token), failed: None };
                Ok(text)
            }
            Err(outcome) => {
                *state = State { token: None, failed: Some((at, outcome.clone())) };
                Err(outcome)
            }
        }
    }

    fn slot(&self, wanted: &Wanted<'_>) -> Arc<tokio::sync::Mutex<State>> {
        let key = wanted.key();
        let mut slots = self.slots.lock();
        if slots.len() >= limits::TOKENS_MAX && !slots.contains_key(&key) {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.used_at).map(|(key, _)| *key);
            oldest.and_then(|oldest| slots.remove(&oldest));
        }
        let used_at = Instant::now();
        let new = || Slot { used_at, state: Arc::default() };
        let slot = slots.entry(key).or_insert_with(new);
        slot.used_at = used_at;
        Arc::clone(&slot.state)
    }
}

impl Wanted<'_> {
    /// Differs with anything that could change the token.
    fn key(&self) -> [u8; 32] {
        let ClientCredentials { token_url, client_id, client_secret, scope, audience } =
            self.account;
        let fields = [
            Some(self.owner),
            Some(token_url),
            Some(client_id),
            Some(client_secret),
            scope.as_deref(),
            audience.as_deref(),
        ];
        let mut hash = Sha256::new();
        for field in fields {
            // The length in front, so that no two lists of fields run together to the same bytes.
            hash.update(field.map_or(u64::MAX, |field| field.len() as u64).to_be_bytes());
            hash.update(field.unwrap_or_default());
        }
        hash.finalize().into()
    }
}

/// Asks the token endpoint: a token, and for how long to use it.
async fn fetch(wanted: &Wanted<'_>) -> Result<(String, Duration), Outcome> {
    let reply = Reply::before(request(wanted), wanted.deadline).await.map_err(of_token_endpoint)?;
    if reply.status.is_success() { granted(&reply) } else { Err(refusal(&reply, wanted.now)) }
}

fn request(wanted: &Wanted<'_>) -> reqwest::RequestBuilder {
    let ClientCredentials { client_id, client_secret, scope, audience, .. } = wanted.account;
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    // RFC 6749, section 2.3.1: encoded as in a form before it is put together.
    let pair = STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(client_secret)));
    let basic = HeaderValue::try_from(format!("Basic {pair}"));
    let mut basic = basic.expect("base64 can stand in a header");
    basic.set_sensitive(true);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    for (name, value) in [("scope", scope), ("audience", audience)] {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    wanted
        .client
        .post(wanted.url.clone())
        .header(header::AUTHORIZATION, basic)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.finish())
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<Value>,
}

fn granted(reply: &Reply) -> Result<(String, Duration), Outcome> {
    let useless = |what: &str| {
        let error = format!("{TOKEN_ENDPOINT} answered {} {what}", reply.status);
        account_fault(reply.status, error)
    };
    let Ok(granted) = serde_json::from_slice::<Granted>(&reply.body) else {
        return Err(useless("without an access token"));
    };
    let is_bearer = |kind: &str| kind.eq_ignore_ascii_case("bearer");
    if !granted.token_type.as_deref().is_none_or(is_bearer) {
        return Err(useless("with a token that is no bearer token"));
    }
    let token = granted.access_token;
    let fits = (1..=limits::TOKEN_BYTES_MAX).contains(&token.len());
    if !fits || HeaderValue::try_from(&token).is_err() {
        return Err(useless("with a token that no header can carry"));
    }
    let life_s = match granted.expires_in {
        Some(Value::Number(count)) => count.as_f64().map(|count| count.max(0.0)),
        Some(Value::String(text)) => text.parse::<u32>().ok().map(f64::from),
        Some(_) | None => None,
    };
    let most = Duration::from_millis(limits::TOKEN_LIFE_MS_MAX);
    let life = match life_s {
        Some(count) => Duration::try_from_secs_f64(count).unwrap_or(most).min(most),
        None => Duration::from_millis(limits::TOKEN_LIFE_MS),
    };
    let margin = Duration::from_millis(limits::TOKEN_MARGIN_MS).min(life / 10);
    Ok((token, life.saturating_sub(margin)))
}

/// What follows when the token endpoint gives none.
fn refusal(reply: &Reply, now: Timestamp) -> Outcome {
    let status = reply.status;
    let said = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default();
    let said = said.get("error").and_then(Value::as_str).unwrap_or_default();
    let code = ERRORS.iter().find(|code| **code == said);
    let code = code.map(|code| format!(": {code}")).unwrap_or_default();
    if let Outcome::Retry { code: number, .. } = reply.outcome(now) {
        let error = format!("{TOKEN_ENDPOINT} answered {status}{code}");
        return Outcome::Retry { code: number, error, after: reply.retry_after(now) };
    }
    let error = if status.is_redirection() {
        format!("{TOKEN_ENDPOINT} answered {status}: a redirect, which is not followed")
    } else {
        format!(
            "{TOKEN_ENDPOINT} refuses the client credentials, {status}{code}; check client_id, \
             client_secret and scope"
        )
    };
    account_fault(status, error)
}

/// Someone must act first; until then a quick repeat would only count as one more failure.
fn account_fault(status: StatusCode, error: String) -> Outcome {
    let after = Some(Span::minutes(limits::ACCOUNT_PAUSE_MINUTES));
    Outcome::Retry { code: i32::from(status.as_u16()), error, after }
}

fn late(wanted: &Wanted<'_>) -> Outcome {
    of_token_endpoint(wanted.deadline.missed())
}

/// Says of an outcome that it is not the receiver's.
fn of_token_endpoint(outcome: Outcome) -> Outcome {
    outcome.told(|code, error| (code, format!("{TOKEN_ENDPOINT}: {error}")))
}
