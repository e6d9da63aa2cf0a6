//! Slack: `X-Slack-Signature: v0=<hex>` over `v0:{timestamp}:{body}` (api.slack.com, verifying requests).

use super::{Name, Refused, Shown, mac};

const SIGNATURE: &str = "X-Slack-Signature";
const TIMESTAMP: &str = "X-Slack-Request-Timestamp";

pub(super) fn verify<'a>(secrets: &[String], shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let timestamp = shown.header(TIMESTAMP)?;
    let signature = shown.header(SIGNATURE)?;
    shown.fresh(TIMESTAMP, timestamp)?;
    let given = signature.strip_prefix("v0=").and_then(mac::from_hex).unwrap_or_default();
    let head = format!("v0:{timestamp}:");
    let make = |key: &[u8]| mac::sha256(key, &[head.as_bytes(), shown.body]);
    match mac::any(secrets, &given, make) {
        true => Ok(Name::Timed(given)),
        false => Err(Refused::wrong(SIGNATURE)),
    }
}
