//! Bird's present scheme: `messagebird-signature` is the base64 HMAC-SHA256 of
//! `{timestamp}\n{address}\n` and the 32 bytes of the body's SHA-256
//! (docs.bird.com, notifications API, verifying a webhook).

use sereno_workflows::source::Source;
use sha2::{Digest as _, Sha256};

use super::{Name, Refused, Shown, mac};

const SIGNATURE: &str = "messagebird-signature";
const TIMESTAMP: &str = "messagebird-request-timestamp";

pub(super) fn verify<'a>(source: &Source, shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let timestamp = shown.header(TIMESTAMP)?;
    let signature = shown.header(SIGNATURE)?;
    shown.fresh(TIMESTAMP, timestamp)?;
    let given = mac::from_base64(signature).unwrap_or_default();
    let head = format!("{timestamp}\n{}\n", shown.url(source));
    let body = Sha256::digest(shown.body);
    let make = |key: &[u8]| mac::sha256(key, &[head.as_bytes(), &body]);
    match mac::any(&source.secrets, &given, make) {
        true => Ok(Name::Timed(given)),
        false => Err(Refused::wrong(SIGNATURE)),
    }
}
