//! Signatures: what a receiver checks to know that the bytes are ours, and what we check of Meta's.
//!
//! Two schemes go out side by side. Standard Webhooks 1.0.0 signs the id and the time with the
//! body, so that an old delivery cannot be played back; `X-Signature` signs the body alone, as the
//! first receivers of Sereno verify it. Both are HMAC-SHA256. They differ in the key: a secret that
//! begins with `whsec_` is base64-decoded for Standard Webhooks, as its libraries do, and taken as
//! it is written for the other.
//!
//! An endpoint may choose another [`Scheme`]: one more signature for receivers that know us as Bird, or
//! ed25519, with which a receiver can verify but not sign.

pub mod key_pair;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sereno_workflows::hex::push as push_hex;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::limits::{
    SECRET_CHARS_MAX, SECRET_CHARS_MIN, SECRET_KEY_BYTES_MAX, SECRET_KEY_BYTES_MIN,
};

/// What a Standard Webhooks secret begins with.
pub(crate) const PREFIX: &str = "whsec_";

/// How an endpoint's webhooks are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Standard Webhooks with a shared secret (`v1`), and `X-Signature`.
    #[default]
    Standard,
    /// The same, and `X-Bird-Signature` with its timestamp and version.
    Bird,
    /// Standard Webhooks with a key pair (`v1a`) alone.
    Ed25519,
}

impl Scheme {
    /// The scheme as people write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Bird => "bird",
            Self::Ed25519 => "ed25519",
        }
    }

    /// Whether what signs is a key pair and not a shared secret.
    pub fn has_key_pair(self) -> bool {
        match self {
            Self::Ed25519 => true,
            Self::Standard | Self::Bird => false,
        }
    }

    /// A new secret or key pair.
    pub fn generate(self) -> String {
        if self.has_key_pair() { key_pair::generate() } else { generate_secret() }
    }

    /// Whether a secret or key pair may sign under this scheme; the error says what to do.
    pub fn check(self, secret: &str) -> Result<(), String> {
        if self.has_key_pair() { key_pair::check(secret) } else { check_secret(secret) }
    }
}

/// One entry of a `webhook-signature` header over `{id}.{timestamp}.{body}`: `v1,<base64>`, or
/// `v1a,<base64>` where the secret is a key pair.
///
/// `timestamp_s` is the attempt's time in unix seconds and must be the one that is sent along.
pub fn standard(id: &str, timestamp_s: i64, body: &[u8], secret: &str) -> String {
    let timestamp_s = timestamp_s.to_string();
    let signed = [id.as_bytes(), b".", timestamp_s.as_bytes(), b".", body];
    if secret.starts_with(key_pair::PRIVATE)
        && let Some(signature) = key_pair::sign(&signed.concat(), secret)
    {
        return format!("v1a,{}", STANDARD.encode(signature));
    }
    let key = decoded(secret).unwrap_or_else(|| secret.as_bytes().to_vec());
    let mut signature = String::with_capacity(47);
    signature.push_str("v1,");
    STANDARD.encode_string(mac(&key, &signed), &mut signature);
    signature
}

/// The value of an `X-Signature` header, `sha256=<hex>`, over the body alone.
pub fn hex(body: &[u8], secret: &str) -> String {
    let mut header = String::with_capacity(71);
    header.push_str("sha256=");
    push_hex(&mut header, &mac(secret.as_bytes(), &[body]));
    header
}

/// Whether a header such as Meta's `X-Hub-Signature-256` was made over these exact bytes.
///
/// Takes the same time wherever the two differ, so that a signature cannot be guessed byte by byte.
pub fn verify_hex(header: &str, body: &[u8], secret: &str) -> bool {
    header.as_bytes().ct_eq(hex(body, secret).as_bytes()).into()
}

/// A new secret: `whsec_` and the base64 of 32 random bytes.
pub fn generate_secret() -> String {
    format!("{PREFIX}{}", STANDARD.encode(rand::random::<[u8; 32]>()))
}

/// Whether a shared secret is strong enough to sign with; the error says what to do.
pub fn check_secret(secret: &str) -> Result<(), String> {
    if secret.starts_with(key_pair::PRIVATE) {
        return Err("a key pair signs with \"signature\": \"ed25519\" alone".to_owned());
    }
    if secret.starts_with(PREFIX) {
        let fits = SECRET_KEY_BYTES_MIN..=SECRET_KEY_BYTES_MAX;
        if decoded(secret).is_some_and(|key| fits.contains(&key.len())) {
            return Ok(());
        }
        return Err(format!(
            "a secret that begins with {PREFIX} must go on with the base64 of \
             {SECRET_KEY_BYTES_MIN} to {SECRET_KEY_BYTES_MAX} bytes; leave the secret out and a \
             good one is generated"
        ));
    }
    let length = secret.chars().count();
    if length > SECRET_CHARS_MAX {
        return Err(format!("the secret has {length} characters and may have {SECRET_CHARS_MAX}"));
    }
    if length < SECRET_CHARS_MIN {
        return Err(format!(
            "the secret has {length} characters and needs at least {SECRET_CHARS_MIN}; leave it \
             out and a good one is generated"
        ));
    }
    Ok(())
}

/// The key inside a `whsec_` secret, or nothing where it is not one.
pub(crate) fn decoded(secret: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // RFC 2104: a key of any length will do.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f03_the_specifications_vector_comes_out() {
        let signed = standard(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn f03_a_secret_without_the_prefix_is_its_own_key() {
        let key = STANDARD.encode("0123456789abcdef0123456789abcdef");
        assert_eq!(
            standard("d1", 7, b"{}", "0123456789abcdef0123456789abcdef"),
            standard("d1", 7, b"{}", &format!("{PREFIX}{key}")),
        );
    }

    #[test]
    fn a12_known_signatures_come_out_and_verify() {
        for (secret, body, digest) in [
            (
                "It's a Secret to Everybody",
                "Hello, World!",
                "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            ),
            (
                "app_secret_demo",
                r#"{"id":"evt_1","text":"caf\u00e9"}"#,
                "61036e503c6c9f23de275560125b412cc7369078ea252304650115a30974b860",
            ),
            (
                "app_secret_demo",
                r#"{"id":"evt_1","text":"café"}"#,
                "112a8f95f7e1544e4ed5af05bb3c61c51b1cfbe835f727734ccd375c6392a980",
            ),
            // Stripe signs `{t}.{body}` with the whole of a whsec_ secret, as hex() does.
            (
                "whsec_demo",
                r#"1700000000.{"id":"evt_1"}"#,
                "23325a61b4f7230b9b393ae50047056e354118190d0964e1414088ead50b4ce5",
            ),
        ] {
            let header = format!("sha256={digest}");
            assert_eq!(hex(body.as_bytes(), secret), header);
            assert!(verify_hex(&header, body.as_bytes(), secret));
        }
    }

    #[test]
    fn a12_anything_else_does_not_verify() {
        let good = hex(b"{}", "secret");
        for (header, body, secret) in [
            (good.as_str(), "{ }", "secret"),
            (good.as_str(), "{}", "Secret"),
            (good.trim_start_matches("sha256="), "{}", "secret"),
            (good.get(..good.len() - 1).unwrap(), "{}", "secret"),
            ("sha256=", "{}", "secret"),
            ("", "{}", "secret"),
            ("sha256=é", "{}", "secret"),
        ] {
            assert!(!verify_hex(header, body.as_bytes(), secret), "{header} {body} {secret}");
        }
    }

    #[test]
    fn a13_a_weak_secret_is_refused_with_what_to_do() {
        let whsec = |bytes: usize| format!("{PREFIX}{}", STANDARD.encode(vec![7_u8; bytes]));
        for (secret, good) in [
            ("x".repeat(32), true),
            ("ñ".repeat(32), true),
            ("x".repeat(31), false),
            ("x".repeat(1_024), true),
            (String::new(), false),
            (whsec(24), true),
            (whsec(64), true),
            (whsec(23), false),
            (whsec(65), false),
            (format!("{PREFIX}{}", "!".repeat(40)), false),
        ] {
            match check_secret(&secret) {
                Ok(()) => assert!(good, "{secret}"),
                Err(error) => assert!(!good && error.contains("leave"), "{secret}: {error}"),
            }
        }
    }

    #[test]
    fn a13_generated_secrets_are_strong_and_differ() {
        let (one, two) = (generate_secret(), generate_secret());
        assert_eq!(check_secret(&one), Ok(()));
        assert_ne!(one, two);
    }
}
