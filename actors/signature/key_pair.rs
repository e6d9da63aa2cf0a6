//! Key pairs for Standard Webhooks' `v1a`: ed25519 (RFC 8032), written as its libraries write them.
//!
//! A private key is `whsk_` and the base64 of the 32-byte seed with the 32-byte public key behind it, or
//! of the seed alone; a public key is `whpk_` and the base64 of its 32 bytes.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::vault;

/// What a private key begins with.
pub const PRIVATE: &str = "whsk_";
/// What a public key begins with.
pub const PUBLIC: &str = "whpk_";

const SEED_BYTES: usize = 32;

/// A new private key.
pub fn generate() -> String {
    let seed = vault::random::<SEED_BYTES>();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
    let pair = pair.expect("any 32 bytes are the seed of an ed25519 key");
    format!("{PRIVATE}{}", STANDARD.encode([&seed, pair.public_key().as_ref()].concat()))
}

/// The public key that belongs to a private one; nothing where it is none.
pub fn public(secret: &str) -> Option<String> {
    let pair = read(secret)?;
    Some(format!("{PUBLIC}{}", STANDARD.encode(pair.public_key())))
}

/// Whether this is a private key; the error says what to do.
pub fn check(secret: &str) -> Result<(), String> {
    if read(secret).is_some() {
        return Ok(());
    }
    Err(format!(
        "with ed25519 the secret is {PRIVATE} and the base64 of a private key, its seed with or \
         without its public key; leave the secret out and a key pair is generated"
    ))
}

/// The signature over a message; nothing where the secret is no private key.
pub(super) fn sign(message: &[u8], secret: &str) -> Option<Vec<u8>> {
    read(secret).map(|pair| pair.sign(message).as_ref().to_vec())
}

fn read(secret: &str) -> Option<Ed25519KeyPair> {
    let bytes = STANDARD.decode(secret.strip_prefix(PRIVATE)?).ok()?;
    let (seed, public) = bytes.split_at_checked(SEED_BYTES)?;
    let pair = if public.is_empty() {
        Ed25519KeyPair::from_seed_unchecked(seed)
    } else {
        Ed25519KeyPair::from_seed_and_public_key(seed, public)
    };
    pair.ok()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};

    use super::super::standard;
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }

    #[test]
    fn f03_the_vectors_of_the_rfc_come_out() {
        // RFC 8032, section 7.1, tests 1 and 2.
        for (seed, public_key, message, signature) in [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ] {
            let secret = format!("{PRIVATE}{}", STANDARD.encode(hex(seed)));
            let whole =
                format!("{PRIVATE}{}", STANDARD.encode([hex(seed), hex(public_key)].concat()));
            let expected = format!("{PUBLIC}{}", STANDARD.encode(hex(public_key)));
            for secret in [secret, whole] {
                assert_eq!(public(&secret).as_ref(), Some(&expected));
                assert_eq!(sign(&hex(message), &secret), Some(hex(signature)));
            }
        }
    }

    #[test]
    fn f03_another_implementation_verifies_what_a_generated_pair_signs() {
        let secret = generate();
        let entry = standard("msg_1", 7, b"{\"a\":1}", &secret);
        let signature = STANDARD.decode(entry.strip_prefix("v1a,").unwrap()).unwrap();
        let public = public(&secret).unwrap();
        let public = STANDARD.decode(public.strip_prefix(PUBLIC).unwrap()).unwrap();
        let key = VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
        let signature = Signature::from_slice(&signature).unwrap();
        assert!(key.verify(b"msg_1.7.{\"a\":1}", &signature).is_ok());
        assert!(key.verify(b"msg_1.8.{\"a\":1}", &signature).is_err());
    }

    #[test]
    fn f03_what_is_no_private_key_is_refused_with_what_to_do() {
        let seed = STANDARD.encode([7; 32]);
        let wrong_half = STANDARD.encode([7; 64]);
        assert_eq!(check(&format!("{PRIVATE}{seed}")), Ok(()));
        for bad in ["", "whsk_", "whsk_!!", "whsec_AAAA", &seed, &format!("{PRIVATE}{wrong_half}")]
        {
            assert!(check(bad).unwrap_err().contains("leave the secret out"), "{bad}");
        }
    }
}
