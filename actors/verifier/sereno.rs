//! `X-Webhook-Signature`: hex HMAC-SHA256 of the body and, right behind it, `X-Webhook-Timestamp` in
//! seconds (row B05). A sender that tries again signs anew, so a signature that comes twice is refused.

use super::{Name, Refused, Shown, mac};

const SIGNATURE: &str = "X-Webhook-Signature";
const TIMESTAMP: &str = "X-Webhook-Timestamp";

pub(super) fn verify<'a>(secrets: &[String], shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let timestamp = shown.header(TIMESTAMP)?;
    let signature = shown.header(SIGNATURE)?;
    shown.fresh(TIMESTAMP, timestamp)?;
    let given = mac::from_hex(signature).unwrap_or_default();
    let make = |key: &[u8]| mac::sha256(key, &[shown.body, timestamp.as_bytes()]);
    match mac::any(secrets, &given, make) {
        true => Ok(Name::Once(given)),
        false => Err(Refused::wrong(SIGNATURE)),
    }
}
