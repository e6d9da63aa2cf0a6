//! Verifies a webhook as a receiver would, without the code that signs it.
//!
//! What it verifies with is a shared secret, or the public key (`whpk_…`) of an endpoint with a key pair.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// How far a timestamp may be from now, in seconds (Standard Webhooks' libraries allow as much).
const TOLERANCE_S: u64 = 300;
/// What a public key begins with.
const PUBLIC_KEY: &str = "whpk_";

/// Whether a delivery is genuine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every signature that it must have is right.
    Valid,
    /// One is missing or wrong.
    Invalid(&'static str),
    /// There was no secret to verify with.
    Unchecked,
}

/// The headers that a verdict needs.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`.
    pub signature: &'a str,
    /// `X-Signature`.
    pub x_signature: &'a str,
    /// The body's bytes, as they came.
    pub body: &'a [u8],
}

/// Judges a delivery that came at `now_s`, in seconds since 1970.
pub fn verdict(signed: Signed<'_>, secret: &str, now_s: i64) -> Verdict {
    let Ok(timestamp_s) = signed.timestamp.parse::<i64>() else {
        return Verdict::Invalid("webhook-timestamp is missing");
    };
    if timestamp_s.abs_diff(now_s) > TOLERANCE_S {
        return Verdict::Invalid("webhook-timestamp is too far from now");
    }
    let message = [format!("{}.{}.", signed.id, signed.timestamp).as_bytes(), signed.body].concat();
    if secret.starts_with(PUBLIC_KEY) {
        return by_key_pair(signed.signature, &message, secret);
    }
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).unwrap_or_else(|_| secret.as_bytes().to_vec()),
        None => secret.as_bytes().to_vec(),
    };
    let expected = STANDARD.encode(digest(&key, &message));
    let one_fits = signed.signature.split(' ').any(|signature| {
        let given = signature.strip_prefix("v1,").unwrap_or_default();
        bool::from(given.as_bytes().ct_eq(expected.as_bytes()))
    });
    if !one_fits {
        return Verdict::Invalid("webhook-signature is wrong");
    }
    let hex: String =
        digest(secret.as_bytes(), signed.body).iter().map(|byte| format!("{byte:02x}")).collect();
    let given = signed.x_signature.strip_prefix("sha256=").unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(hex.as_bytes())) {
        return Verdict::Invalid("X-Signature is wrong");
    }
    Verdict::Valid
}

/// The bytes of a public key.
pub fn public_key(text: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(text.strip_prefix(PUBLIC_KEY)?).ok()?;
    (key.len() == 32).then_some(key)
}

/// Standard Webhooks' `v1a`: there is no shared secret, and so no `X-Signature`.
fn by_key_pair(signatures: &str, message: &[u8], key: &str) -> Verdict {
    let Some(key) = public_key(key) else { return Verdict::Invalid("the public key is none") };
    let key = UnparsedPublicKey::new(&ED25519, key);
    let one_fits = signatures.split(' ').any(|signature| {
        let given = signature.strip_prefix("v1a,").and_then(|given| STANDARD.decode(given).ok());
        given.is_some_and(|given| key.verify(message, &given).is_ok())
    });
    if one_fits { Verdict::Valid } else { Verdict::Invalid("webhook-signature is wrong") }
}

pub(super) fn digest(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f03_every_part_of_a_delivery_is_signed() {
        let good = Signed {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            signature: "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            x_signature: "",
            body: br#"{"test": 2432232314}"#,
        };
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let hex: String =
            digest(secret.as_bytes(), good.body).iter().map(|b| format!("{b:02x}")).collect();
        let x_signature = format!("sha256={hex}");
        let good = Signed { x_signature: &x_signature, ..good };
        let now = 1_614_265_335;
        assert_eq!(verdict(good, secret, now), Verdict::Valid);
        for bad in [
            Signed { id: "msg_other", ..good },
            Signed { timestamp: "1614265331", ..good },
            Signed { body: b"{}", ..good },
            Signed { signature: "", ..good },
            Signed { x_signature: "", ..good },
        ] {
            assert!(matches!(verdict(bad, secret, now), Verdict::Invalid(_)), "{bad:?}");
        }
        assert!(matches!(verdict(good, "another", now), Verdict::Invalid(_)));
        assert!(matches!(verdict(good, secret, now + 301), Verdict::Invalid(_)), "replayed");
    }

    #[test]
    fn f03_a_key_pair_is_verified_by_its_public_key() {
        let pair = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let public = format!("whpk_{}", STANDARD.encode(pair.verifying_key().as_bytes()));
        let signature = ed25519_dalek::Signer::sign(&pair, b"d1.1614265330.{}");
        let signature = format!("v1a,AAAA v1a,{}", STANDARD.encode(signature.to_bytes()));
        let (id, timestamp, x_signature, body) = ("d1", "1614265330", "", &b"{}"[..]);
        let good = Signed { id, timestamp, signature: &signature, x_signature, body };
        assert_eq!(verdict(good, &public, 1_614_265_335), Verdict::Valid);
        for bad in [Signed { body: b"{ }", ..good }, Signed { signature: "v1,AAAA", ..good }] {
            assert!(matches!(verdict(bad, &public, 1_614_265_335), Verdict::Invalid(_)), "{bad:?}");
        }
        assert_eq!(public_key("whpk_AAAA"), None);
    }
}
