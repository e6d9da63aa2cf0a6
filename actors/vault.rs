//! Secrets at rest: endpoint secrets and settings are encrypted, keys and tokens only hashed.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce. The place of a secret (its tenant and record) is
//! authenticated with it, so that a sealed secret that was moved to another place does not open.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rand::Rng;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why a secret could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VaultError {
    /// The key is not 32 bytes in base64.
    #[error(
        "the master key must be 32 bytes in base64, such as the output of: openssl rand -base64 32"
    )]
    Key,
    /// The secret was sealed with another key, for another place, or was changed.
    #[error(
        "a stored secret does not open: SERENO_MASTER_KEY is not the one it was sealed with, or the data is damaged"
    )]
    Sealed,
}

const NONCE_BYTES: usize = 24;

/// The master key, ready for use.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    /// Makes the nonces of what is sealed alike each time.
    nonces: Hmac<Sha256>,
}

impl Vault {
    /// A vault with this key: 32 bytes in base64.
    pub fn new(key: &str) -> Result<Self, VaultError> {
        let key = STANDARD.decode(key.trim()).map_err(|_| VaultError::Key)?;
        let cipher = XChaCha20Poly1305::new_from_slice(&key).map_err(|_| VaultError::Key)?;
        let nonces = Hmac::<Sha256>::new_from_slice(&[b"nonces", &key[..]].concat());
        Ok(Self { cipher, nonces: nonces.map_err(|_| VaultError::Key)? })
    }

    /// Encrypts a secret for one place.
    pub fn seal(&self, place: &str, secret: &[u8]) -> Vec<u8> {
        self.seal_with(random(), place, secret)
    }

    /// Encrypts a text for one place so that the same text looks the same each time, with a nonce that is
    /// made of it: whoever sees it learns which are alike, and nothing else.
    pub fn seal_alike(&self, place: &str, text: &[u8]) -> Vec<u8> {
        let mut nonce = self.nonces.clone();
        nonce.update(place.as_bytes());
        nonce.update(&[0]);
        nonce.update(text);
        let made: [u8; 32] = nonce.finalize().into_bytes().into();
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&made[..NONCE_BYTES]);
        self.seal_with(nonce, place, text)
    }

    fn seal_with(&self, nonce: [u8; NONCE_BYTES], place: &str, secret: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: secret, aad: place.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("only messages of 256 GiB and more are refused");
        [&nonce[..], &sealed].concat()
    }

    /// Decrypts a secret that was sealed for this place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(VaultError::Sealed)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Sealed)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        self.cipher.decrypt(&nonce, payload).map_err(|_| VaultError::Sealed)
    }
}

/// A new master key.
pub fn generate_key() -> String {
    STANDARD.encode(random::<32>())
}

/// A new token of 256 random bits behind a readable prefix.
pub fn generate_token(prefix: &str) -> String {
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// What is kept of a token. It has 256 random bits, so a fast hash cannot be searched.
pub fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Random bytes from the operating system's generator, through rand's.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_with_its_key_and_in_its_place() {
        let vault = Vault::new(&generate_key()).unwrap();
        let sealed = vault.seal("tenant/endpoint/1", b"whsec_x");
        assert_eq!(vault.open("tenant/endpoint/1", &sealed).as_deref(), Ok(&b"whsec_x"[..]));
        assert_eq!(vault.open("tenant/endpoint/2", &sealed), Err(VaultError::Sealed));
        let other = Vault::new(&generate_key()).unwrap();
        assert_eq!(other.open("tenant/endpoint/1", &sealed), Err(VaultError::Sealed));
        assert_eq!(vault.open("tenant/endpoint/1", b"short"), Err(VaultError::Sealed));
        assert!(!sealed.windows(7).any(|window| window == b"whsec_x"));
    }

    #[test]
    fn what_is_sealed_alike_looks_the_same_and_opens_in_its_place_alone() {
        let vault = Vault::new(&generate_key()).unwrap();
        let sealed = vault.seal_alike("alias", b"+34600000012");
        assert_eq!(sealed, vault.seal_alike("alias", b"+34600000012"));
        assert_ne!(sealed, vault.seal_alike("alias", b"+34600000013"));
        assert_ne!(sealed, vault.seal_alike("other", b"+34600000012"));
        assert_eq!(vault.open("alias", &sealed).as_deref(), Ok(&b"+34600000012"[..]));
        assert_eq!(vault.open("other", &sealed), Err(VaultError::Sealed));
    }

    #[test]
    fn a_key_that_is_no_key_is_refused() {
        for bad in ["", "short", "not base64 !!", &STANDARD.encode([0; 31])] {
            assert_eq!(Vault::new(bad).err(), Some(VaultError::Key), "{bad}");
        }
    }
}
