//! Sources that may be set, and those that may not.

use serde_json::json;

use super::*;
use crate::policy::Settings;

fn patched(settings: &Settings, sources: Value) -> Result<Settings, Invalid> {
    let patch = json!({ "sources": sources });
    settings.patched(patch.as_object().unwrap().clone())
}

fn set(source: Value) -> Result<Settings, Invalid> {
    patched(&Settings::default(), json!({ "shop": source }))
}

#[test]
fn b05_secrets_are_written_and_never_shown() {
    let first = set(json!({"verifier": "sereno", "secret": "SECRET-ONE"})).unwrap();
    assert_eq!(first.sources["shop"].secrets, ["SECRET-ONE"]);
    let both = json!({"shop": {"secrets": ["SECRET-TWO", "SECRET-ONE"]}});
    let both = patched(&first, both).unwrap();
    assert_eq!(both.sources["shop"].secrets, ["SECRET-TWO", "SECRET-ONE"]);
    assert!(!both.shown().to_string().contains("SECRET"), "{}", both.shown());
    let again = both.patched(both.shown().as_object().unwrap().clone()).unwrap();
    assert_eq!(again, both, "what is shown can be sent back without losing a secret");
    let gone = patched(&both, json!({"shop": null})).unwrap();
    assert!(gone.sources.is_empty());
    assert!(!Settings::default().shown().to_string().contains("sources"));
}

#[test]
fn b05_a_source_that_could_not_verify_is_refused_by_name() {
    let secret = "secret-of-the-shop";
    for (source, field) in [
        (json!([]), "sources.shop"),
        (json!({}), "sources.shop"),
        (json!({"verifier": "github"}), "sources.shop.secret"),
        (json!({"verifier": "magic", "secret": secret}), "sources.shop.verifier"),
        (json!({"verifier": "github", "secret": ""}), "sources.shop.secrets[0]"),
        (json!({"verifier": "github", "secret": 7}), "sources.shop.secret"),
        (json!({"verifier": "github", "secret": "a", "secrets": ["b"]}), "sources.shop.secret"),
        (
            json!({"verifier": "github", "secrets": ["a", "b", "c", "d", "e"]}),
            "sources.shop.secrets",
        ),
        (json!({"verifier": "github", "secret": "a\nb"}), "sources.shop.secrets[0]"),
        (json!({"verifier": "sereno", "secret": "short"}), "sources.shop.secrets[0]"),
        (json!({"verifier": "github", "secret": secret, "colour": 1}), "sources.shop.colour"),
        (json!({"verifier": "github", "secret": secret, "header": "X-A"}), "sources.shop.header"),
        (json!({"verifier": "bird", "secret": secret}), "sources.shop.url"),
        (json!({"verifier": "twilio", "secret": secret, "url": "ftp://h/"}), "sources.shop.url"),
        (
            json!({"verifier": "twilio", "secret": secret, "url": "https://h/#f"}),
            "sources.shop.url",
        ),
        (json!({"verifier": "header", "secret": secret}), "sources.shop.header"),
        (json!({"verifier": "header", "secret": secret, "header": "X A"}), "sources.shop.header"),
        (json!({"verifier": "basic", "secret": secret}), "sources.shop.user"),
        (json!({"verifier": "basic", "secret": secret, "user": "a:b"}), "sources.shop.user"),
        (json!({"verifier": "none"}), "sources.shop.verifier"),
        (
            json!({"verifier": "none", "allow_unsigned": true, "secret": secret}),
            "sources.shop.secrets",
        ),
        (
            json!({"verifier": "github", "secret": secret, "allow_unsigned": true}),
            "sources.shop.allow_unsigned",
        ),
        (
            json!({"verifier": "hmac", "secret": secret, "header": "X-S", "signed": "{id}"}),
            "sources.shop.signed",
        ),
        (
            json!({"verifier": "hmac", "secret": secret, "header": "X-S", "signed": "{id}{body}"}),
            "sources.shop.signed",
        ),
        (
            json!({"verifier": "hmac", "secret": secret, "header": "X-S",
            "timestamp_header": "X-T", "signed": "{body}"}),
            "sources.shop.signed",
        ),
        (
            json!({"verifier": "hmac", "secret": secret, "header": "X-S", "algorithm": "md5"}),
            "sources.shop.algorithm",
        ),
        (
            json!({"verifier": "github", "secret": secret, "limit": {"burst": 0}}),
            "sources.shop.limit.burst",
        ),
        (json!({"verifier": "github", "secret": secret, "map": []}), "sources.shop.map"),
        (
            json!({"verifier": "github", "secret": secret, "map": {"event_type": ""}}),
            "sources.shop.map.event_type",
        ),
    ] {
        let error = set(source.clone()).unwrap_err();
        assert_eq!(error.field, field, "{source} -> {error}");
        assert!(!error.problem.contains(secret), "{error}");
    }
}

#[test]
fn b05_sources_are_few_and_their_names_are_parts_of_an_address() {
    let source = json!({"verifier": "github", "secret": "secret-of-the-shop"});
    let many: Object<String, Value> =
        (0..=SOURCES_MAX).map(|n| (format!("s{n}"), source.clone())).collect();
    assert_eq!(patched(&Settings::default(), json!(many)).unwrap_err().field, "sources");
    for name in ["", "A", "a/b", "-a", "ñ", &"x".repeat(64)] {
        let sources = json!({ name: source });
        assert!(patched(&Settings::default(), sources).is_err(), "{name}");
    }
}

#[test]
fn b05_every_verifier_can_be_set() {
    let url = "https://hooks.example.com/webhooks/in/default/shop";
    for (verifier, more) in [
        ("sereno", json!({"unknown_types": "store"})),
        ("bird", json!({"url": url})),
        ("bird-jwt", json!({"url": url})),
        ("github", json!({})),
        ("stripe", json!({})),
        ("slack", json!({})),
        ("shopify", json!({"limit": {"per_minute": 100, "per_ip_per_minute": 50, "burst": 10}})),
        ("twilio", json!({"url": "http://localhost:8080"})),
        ("standard", json!({"enabled": false})),
        (
            "hmac",
            json!({"header": "X-Sig", "algorithm": "sha512", "encoding": "base64",
            "prefix": "v0=", "timestamp_header": "X-Time", "id_header": "X-Id",
            "signed": "{id}:{timestamp}:{body}"}),
        ),
        ("bearer", json!({})),
        ("basic", json!({"user": "ana"})),
        ("header", json!({"header": "X-Api-Key", "id_header": "X-Id"})),
        ("none", json!({"secrets": null, "allow_unsigned": true})),
    ] {
        let mut source = json!({"verifier": verifier, "secrets": ["secret-of-the-shop"]});
        let map = source.as_object_mut().unwrap();
        for (name, value) in more.as_object().unwrap() {
            map.insert(name.clone(), value.clone());
        }
        map.retain(|_, value| !value.is_null());
        let settings = set(source).unwrap();
        assert_eq!(settings.sources["shop"].verifier.as_str(), verifier);
    }
}
