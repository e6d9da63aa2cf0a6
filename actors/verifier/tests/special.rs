//! What single schemes have that others do not: key pairs, ports, digests in the query, tokens.

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sereno_workflows::hex;
use sha2::{Digest as _, Sha256};

use super::{Case, URL};
use crate::signature::key_pair;
use crate::verifier::mac;

#[test]
fn d01_standard_webhooks_with_a_public_key_and_as_svix_sends_it() {
    let secret = key_pair::generate();
    let public = key_pair::public(&secret).unwrap();
    let entry = crate::signature::standard("m1", 1_700_000_000, b"{}", &secret);
    let both = format!("v1,AAAA {entry}");
    let headers: &[(&'static str, &str)] =
        &[("svix-id", "m1"), ("svix-timestamp", "1700000000"), ("svix-signature", &both)];
    let case = Case::new("standard", &public, json!({})).with(headers, "{}");
    assert!(case.judge().is_ok(), "{:?}", case.judge());
    for (name, value) in [("svix-id", "m2"), ("svix-signature", &*entry.replace("v1a", "v1"))] {
        let mut headers = headers.to_vec();
        headers.retain(|(other, _)| *other != name);
        headers.push((name, value));
        Case::new("standard", &public, json!({})).with(&headers, "{}").refused();
    }
}

#[test]
fn d01_twilio_with_the_port_without_it_and_with_json() {
    let signed_with = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345");
    let sign = |text: &str| STANDARD.encode(sign(&signed_with, text.as_bytes()));
    for (configured, signed, passes) in [
        ("https://h.example/x", "https://h.example/x", true),
        ("https://h.example/x", "https://h.example:443/x", true),
        ("https://h.example:443/x", "https://h.example/x", true),
        ("https://h.example:8443/x", "https://h.example:8443/x", true),
        ("https://h.example:8443/x", "https://h.example/x", false),
        ("http://h.example", "http://h.example:80", true),
        ("https://[::1]/x", "https://[::1]:443/x", true),
        ("https://h.example/x", "https://other.example/x", false),
    ] {
        let signature = sign(signed);
        let case = Case::new("twilio", "12345", json!({"url": configured}))
            .with(&[("X-Twilio-Signature", &signature)], "");
        assert_eq!(case.judge().is_ok(), passes, "{configured} {signed}");
    }
    let digest = hex::text(&Sha256::digest(b"{\"a\":1}"));
    let query: &'static str = format!("bodySHA256={digest}").leak();
    let signature = sign(&format!("https://h.example/x?{query}"));
    let mut case = Case::new("twilio", "12345", json!({"url": "https://h.example/x"})).with(
        &[("X-Twilio-Signature", &signature), ("Content-Type", "application/json")],
        "{\"a\":1}",
    );
    case.query = Some(query);
    assert!(case.judge().is_ok(), "{:?}", case.judge());
    case.body = b"{\"a\":2}".to_vec();
    assert!(case.refused().contains("bodySHA256"));
}

#[test]
fn d01_a_token_of_birds_is_believed_for_what_it_names_alone() {
    let token = |head: Value, claims: Value| {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(head), part(claims));
        let signature = mac::with(HMAC_SHA256, b"jwt-secret", &[signed.as_bytes()]);
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    let url_hash = hex::text(&Sha256::digest(URL.as_bytes()));
    let good = json!({"iss": "MessageBird", "nbf": 1_700_000_000, "exp": 1_700_000_060, "jti": "j1",
        "url_hash": url_hash});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let hs256 = || json!({"alg": "HS256"});
    let judge = |token: &str| {
        let case = Case::new("bird-jwt", "jwt-secret", json!({"url": URL}));
        case.with(&[("MessageBird-Signature-JWT", token)], "").judge()
    };
    assert!(judge(&token(hs256(), good.clone())).is_ok());
    for (head, claims) in [
        (json!({"alg": "none"}), good.clone()),
        (json!({"alg": "RS256"}), good.clone()),
        (json!({}), good.clone()),
        (hs256(), with("iss", json!("Other"))),
        (hs256(), with("jti", json!(""))),
        (hs256(), with("nbf", json!(1_700_000_002))),
        (hs256(), with("exp", json!(1_699_999_998))),
        (hs256(), with("exp", json!(i64::MAX))),
        (hs256(), with("url_hash", json!("00"))),
        (hs256(), with("payload_hash", json!("00"))),
        (hs256(), json!({})),
    ] {
        assert!(judge(&token(head.clone(), claims.clone())).is_err(), "{head} {claims}");
    }
    let signed = token(hs256(), good.clone());
    let (unsigned, _) = signed.rsplit_once('.').unwrap();
    for odd in ["a", "a.b", "..", "a.b.c.d", &format!("{unsigned}."), &unsigned.replace('.', "..")]
    {
        assert!(judge(odd).is_err(), "{odd}");
    }
}
