//! Signed webhooks: the event's body, byte for byte, under Standard Webhooks headers.

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Timestamp;
use sha2::{Digest, Sha256};
use url::Url;

use super::reply::{Reply, failed};
use super::{Auth, Channels, Load};
use crate::signature;

/// Where a webhook goes and how.
pub(super) struct Webhook<'a> {
    pub(super) url: &'a Url,
    pub(super) secrets: &'a [String],
    pub(super) headers: &'a [(String, String)],
    pub(super) auth: Option<&'a Auth>,
}

impl Channels {
    pub(super) async fn webhook(
        &self,
        webhook: Webhook<'_>,
        load: &Load,
        now: Timestamp,
    ) -> Outcome {
        if let Err(error) = self.guard.check_url(webhook.url) {
            return Outcome::Dead { code: -1, error };
        }
        let headers = match headers(&webhook, load, now) {
            Ok(headers) => headers,
            Err(error) => return Outcome::Dead { code: -1, error },
        };
        let mut request = self.outside.post(webhook.url.clone()).headers(headers);
        if let Some(Auth::Basic { user, password }) = webhook.auth {
            request = request.basic_auth(user, Some(password));
        }
        let response = match request.body(load.body.clone()).send().await {
            Ok(response) => response,
            Err(error) => return failed(&error),
        };
        match Reply::read(response).await {
            Ok(reply) => reply.by_status(now),
            Err(error) => failed(&error),
        }
    }
}

/// The endpoint's own headers first, ours over them: none of ours can be overridden.
fn headers(webhook: &Webhook<'_>, load: &Load, now: Timestamp) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: &str| {
        let unfit = |_| format!("the header {} cannot be sent", name.escape_debug());
        let value = HeaderValue::from_str(value).map_err(|error| unfit(error.to_string()))?;
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|error| unfit(error.to_string()))?;
        headers.insert(name, value);
        Ok::<(), String>(())
    };
    for (name, value) in webhook.headers {
        put(name, value)?;
    }
    match webhook.auth {
        Some(Auth::Bearer { token }) => put(AUTHORIZATION.as_str(), &format!("Bearer {token}"))?,
        Some(Auth::Header { name, value }) => put(name, value)?,
        Some(Auth::Basic { .. }) | None => {}
    }
    let timestamp_s = now.0.div_euclid(1_000);
    put(CONTENT_TYPE.as_str(), "application/json")?;
    put("webhook-id", &load.id)?;
    put("webhook-timestamp", &timestamp_s.to_string())?;
    if let Some(first) = webhook.secrets.first() {
        let sign = |secret: &String| signature::standard(&load.id, timestamp_s, &load.body, secret);
        let signatures: Vec<String> = webhook.secrets.iter().map(sign).collect();
        put("webhook-signature", &signatures.join(" "))?;
        put("x-signature", &signature::hex(&load.body, first))?;
    }
    put("x-sereno-event", &load.event_type)?;
    put("x-sereno-attempt", &load.attempt.to_string())?;
    put("traceparent", &traceparent(load))?;
    Ok(headers)
}

/// W3C trace context: one trace for a delivery, one span for each attempt.
fn traceparent(load: &Load) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let trace = Sha256::digest(load.id.as_bytes());
    let span = Sha256::digest(format!("{}/{}", load.id, load.attempt).as_bytes());
    let (trace, span) = (trace.get(..16).unwrap_or_default(), span.get(..8).unwrap_or_default());
    format!("00-{}-{}-01", hex(trace), hex(span))
}
