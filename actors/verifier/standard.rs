//! Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` and `webhook-signature` over
//! `{id}.{timestamp}.{body}`, with a shared secret (`v1`) or the sender's public key (`v1a`).
//!
//! Svix, where the scheme comes from, sends the same under `svix-…`; those count where the others are not
//! there.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use super::{Name, Refused, Shown, mac};
use crate::signature::{PREFIX, decoded, key_pair};

/// Bytes of a public key (RFC 8032).
const PUBLIC_KEY_BYTES: usize = 32;
/// Signatures that are looked at: one for each secret during a rotation, and other schemes' beside.
const SIGNATURES_MAX: usize = 16;
/// The same of key pairs, each of which is dearer to look at.
const KEY_PAIRS_MAX: usize = 4;

pub(super) fn verify<'a>(secrets: &[String], shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let prefix = match shown.find("webhook-id")? {
        None if shown.find("svix-id")?.is_some() => "svix",
        _ => "webhook",
    };
    let id = shown.header(&format!("{prefix}-id"))?;
    let name = format!("{prefix}-timestamp");
    let timestamp = shown.header(&name)?;
    shown.fresh(&name, timestamp)?;
    let name = format!("{prefix}-signature");
    let signatures = shown.header(&name)?;
    let head = format!("{id}.{timestamp}.");
    let given = || signatures.split(' ').take(SIGNATURES_MAX);
    let genuine = secrets.iter().filter(|secret| match public_key(secret) {
        Some(key) => {
            let message = [head.as_bytes(), shown.body].concat();
            let key = UnparsedPublicKey::new(&ED25519, key);
            let given = given().filter_map(|entry| mac::from_base64(entry.strip_prefix("v1a,")?));
            given.take(KEY_PAIRS_MAX).any(|signature| key.verify(&message, &signature).is_ok())
        }
        None => {
            let key = decoded(secret).unwrap_or_else(|| secret.as_bytes().to_vec());
            let made = mac::sha256(&key, &[head.as_bytes(), shown.body]);
            let given = given().filter_map(|entry| mac::from_base64(entry.strip_prefix("v1,")?));
            given.filter(|given| mac::same(given, &made)).count() > 0
        }
    });
    match genuine.count() > 0 {
        true => Ok(Name::Id(id)),
        false => Err(Refused::wrong(&name)),
    }
}

/// Why nothing could ever be verified with a secret, if that is so.
pub(super) fn problem_of(secret: &str) -> Option<&'static str> {
    if secret.starts_with(key_pair::PUBLIC) {
        let fits = public_key(secret).is_some_and(|key| key.len() == PUBLIC_KEY_BYTES);
        return (!fits).then_some("is no public key: it must be whpk_ and 32 bytes in base64");
    }
    let fits = !secret.starts_with(PREFIX) || decoded(secret).is_some();
    (!fits).then_some("is no key: what follows whsec_ must be base64")
}

fn public_key(secret: &str) -> Option<Vec<u8>> {
    mac::from_base64(secret.strip_prefix(key_pair::PUBLIC)?)
}
