//! HMACs as senders write them, compared in constant time.

use aws_lc_rs::hmac::{
    Algorithm, Context, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA512, Key,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sereno_workflows::source;
use subtle::ConstantTimeEq as _;

/// The HMAC-SHA256 of a message that is handed over in parts.
pub(super) fn sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    with(HMAC_SHA256, key, parts)
}

/// The same with another hash.
pub(super) fn of(algorithm: source::Algorithm, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let algorithm = match algorithm {
        source::Algorithm::Sha256 => HMAC_SHA256,
        source::Algorithm::Sha512 => HMAC_SHA512,
        source::Algorithm::Sha1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
    };
    with(algorithm, key, parts)
}

pub(super) fn with(algorithm: Algorithm, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::with_key(&Key::new(algorithm, key));
    parts.iter().for_each(|part| context.update(part));
    context.sign().as_ref().to_vec()
}

/// Whether any of the secrets makes this signature. All of them are tried, so that the time does not
/// tell which one is right.
pub(super) fn any(secrets: &[String], given: &[u8], make: impl Fn(&[u8]) -> Vec<u8>) -> bool {
    let right = secrets.iter().filter(|secret| make(secret.as_bytes()).ct_eq(given).into());
    right.count() > 0
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// The bytes that hex digits stand for, capital letters or not.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// The bytes that base64 stands for.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
