//! Signatures of what goes out and comes in: Standard Webhooks, and `sha256=<hex>` over the body.
//!
//! Both sign the exact bytes that travel. A secret that begins with `whsec_` is base64 for Standard
//! Webhooks (its 1.0.0 specification); the hex form takes every secret as the bytes that it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::vault;

/// Fewest characters of a secret.
pub const SECRET_CHARS_MIN: usize = 32;
const SECRET_CHARS_MAX: usize = 256;
const PREFIX: &str = "whsec_";

/// The `webhook-signature` of a delivery: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`.
pub fn standard(id: &str, timestamp_s: i64, body: &[u8], secret: &str) -> String {
    let decoded = secret.strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok());
    let mac = keyed(decoded.as_deref().unwrap_or(secret.as_bytes()))
        .chain_update(format!("{id}.{timestamp_s}."))
        .chain_update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// The `X-Signature` of a delivery: `sha256=` and hex of HMAC-SHA256 over the body.
pub fn hex(body: &[u8], secret: &str) -> String {
    let mac = keyed(secret.as_bytes()).chain_update(body);
    let digits =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256={digits}")
}

/// Whether a header is [`hex`] over these bytes with this secret, compared in constant time.
pub fn verify_hex(header: &str, body: &[u8], secret: &str) -> bool {
    let Some(digits) = header.strip_prefix("sha256=").filter(|digits| digits.is_ascii()) else {
        return false;
    };
    let bytes: Option<Vec<u8>> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let mac = keyed(secret.as_bytes()).chain_update(body);
    digits.len() == 64 && bytes.is_some_and(|bytes| mac.verify_slice(&bytes).is_ok())
}

/// A new secret: `whsec_` and base64 of 32 random bytes.
pub fn generate_secret() -> String {
    format!("{PREFIX}{}", STANDARD.encode(vault::random::<32>()))
}

/// Refuses a secret that is weak or cannot be used, with what to do instead.
pub fn check_secret(secret: &str) -> Result<(), String> {
    if let Some(key) = secret.strip_prefix(PREFIX) {
        let bytes = STANDARD.decode(key).map(|bytes| bytes.len());
        return match bytes {
            Ok(24..=64) => Ok(()),
            Ok(_) | Err(_) => Err(format!(
                "after {PREFIX} must come base64 of 24 to 64 bytes; leave the secret out to have one \
                 generated"
            )),
        };
    }
    let length = secret.chars().count();
    if length < SECRET_CHARS_MIN {
        return Err(format!(
            "too short: a secret needs at least {SECRET_CHARS_MIN} characters and this has {length}; \
             use the output of `openssl rand -hex 32`, or leave it out to have one generated"
        ));
    }
    if length > SECRET_CHARS_MAX || secret.chars().any(char::is_control) {
        return Err(format!(
            "must have at most {SECRET_CHARS_MAX} characters and no control characters"
        ));
    }
    Ok(())
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f03_the_specifications_own_example_is_met() {
        let signature = standard(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a12_the_hex_form_is_githubs() {
        let secret = "It's a Secret to Everybody";
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(hex(b"Hello, World!", secret), signature);
        assert!(verify_hex(signature, b"Hello, World!", secret));
    }

    #[test]
    fn d01_only_the_very_bytes_verify() {
        let escaped = br#"{"id":"evt_1","text":"caf\u00e9"}"#;
        let signature = "sha256=61036e503c6c9f23de275560125b412cc7369078ea252304650115a30974b860";
        assert!(verify_hex(signature, escaped, "app_secret_demo"));
        assert!(!verify_hex(
            signature,
            r#"{"id":"evt_1","text":"café"}"#.as_bytes(),
            "app_secret_demo"
        ));
        for bad in ["", "sha256=", "sha1=00", "sha256=zz", &signature[..70], "sha256=ññ"] {
            assert!(!verify_hex(bad, escaped, "app_secret_demo"), "{bad}");
        }
    }

    #[test]
    fn a13_weak_secrets_are_refused_with_what_to_do() {
        for weak in ["", "short", &"x".repeat(31), "whsec_", "whsec_!!!", "whsec_AAAA"] {
            let problem = check_secret(weak).unwrap_err();
            assert!(problem.contains("generated"), "{weak}: {problem}");
        }
        assert_eq!(check_secret(&"x".repeat(32)), Ok(()));
        for _ in 0..8 {
            assert_eq!(check_secret(&generate_secret()), Ok(()));
        }
        assert_ne!(generate_secret(), generate_secret());
    }
}
