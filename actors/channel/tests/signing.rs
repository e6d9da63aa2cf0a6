//! Signatures as receivers of each scheme verify them, and deadlines of an endpoint's own.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::Sha256;

use super::receiver::{Play, Receiver};
use super::*;
use crate::signature::key_pair;

const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: Timestamp = Timestamp(1_763_900_000_123);

async fn sent(secrets: &[String], signature: Scheme) -> (HeaderMap, Vec<u8>) {
    let mut receiver = Receiver::answering("200 OK", "", "").await;
    let destination = Destination::Webhook {
        to: at(receiver.url.clone()),
        secrets: secrets.to_vec(),
        headers: vec![("X-Bird-Signature".into(), "forged".into())],
        auth: None,
        manner: Manner { signature, ..Manner::default() },
    };
    let outcome = channels().send(&destination, &load(), NOW).await;
    assert_eq!(outcome, Outcome::Done { code: 200 });
    receiver.requests.recv().await.unwrap()
}

#[tokio::test]
async fn b04_a_bird_endpoint_gets_the_three_headers_beside_the_standard_ones() {
    let old = "the-old-secret-of-thirty-two-letters".to_owned();
    let (headers, body) = sent(&[WHSEC.into(), old], Scheme::Bird).await;
    // As the receiver's own code does it: hex(hmac_sha256(secret, payload)).
    let mut mac = Hmac::<Sha256>::new_from_slice(WHSEC.as_bytes()).unwrap();
    mac.update(&body);
    let expected: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(headers["x-bird-signature"], expected.as_str(), "of the newest secret alone");
    assert_eq!(headers["x-bird-timestamp"], "1763900000");
    assert_eq!(headers["x-bird-signature-version"], "1.0");
    assert_eq!(headers["x-signature"], format!("sha256={expected}").as_str());
    assert_eq!(headers["webhook-signature"].to_str().unwrap().split(' ').count(), 2);
    let (headers, _) = sent(&[WHSEC.into()], Scheme::Standard).await;
    assert!(headers.keys().all(|name| !name.as_str().starts_with("x-bird")), "{headers:?}");
}

#[tokio::test]
async fn f03_an_ed25519_endpoint_verifies_with_its_public_key_alone() {
    let pairs = [key_pair::generate(), key_pair::generate()];
    let (headers, body) = sent(&pairs, Scheme::Ed25519).await;
    assert!(!headers.contains_key("x-signature"), "there is no shared secret");
    let id = headers["webhook-id"].to_str().unwrap();
    let timestamp = headers["webhook-timestamp"].to_str().unwrap();
    let message = [format!("{id}.{timestamp}.").as_bytes(), &body].concat();
    let entries = headers["webhook-signature"].to_str().unwrap();
    let entries: Vec<&str> = entries.split(' ').collect();
    assert_eq!(entries.len(), 2, "old and new sign during a rotation");
    for (entry, pair) in entries.iter().zip(&pairs) {
        let public = key_pair::public(pair).unwrap();
        let public = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
        let key = VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
        let signature = STANDARD.decode(entry.strip_prefix("v1a,").unwrap()).unwrap();
        key.verify(&message, &Signature::from_slice(&signature).unwrap()).unwrap();
    }
}

#[tokio::test]
async fn b13_an_endpoints_own_timeout_goes_before_the_servers() {
    let receiver = Receiver::start(Play::Hang).await;
    let destination = Destination::Webhook {
        to: at(receiver.url.clone()),
        secrets: vec![WHSEC.into()],
        headers: Vec::new(),
        auth: None,
        manner: Manner::default(),
    };
    let load = Load { timeout: Some(Duration::from_millis(300)), ..load() };
    let started = Instant::now();
    let (_, error, _) = retry_with(channels().send(&destination, &load, NOW).await);
    assert_eq!(error, "no answer within 0.3 s");
    assert!(started.elapsed() < Duration::from_secs(3));
    let slack = Destination::Slack { to: at(receiver.url.clone()) };
    let (_, error, _) = retry_with(channels().send(&slack, &load, NOW).await);
    assert_eq!(error, "no answer within 0.3 s");
}
