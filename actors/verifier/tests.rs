//! Every scheme: the vectors of its documentation, and everything near them that must not pass.

mod special;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use sereno_workflows::hex;
use sha2::Sha256;

use super::*;

/// A request that passes, and what it is verified with.
struct Case {
    source: Source,
    headers: Vec<(&'static str, String)>,
    query: Option<&'static str>,
    body: Vec<u8>,
    now_s: i64,
}

impl Case {
    fn new(verifier: &str, secret: &str, more: Value) -> Self {
        let mut source = json!({"verifier": verifier, "secrets": [secret]});
        source.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let source = serde_json::from_value(source).unwrap();
        Self { source, headers: Vec::new(), query: None, body: Vec::new(), now_s: 1_700_000_000 }
    }

    fn with(mut self, headers: &[(&'static str, &str)], body: &str) -> Self {
        self.headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.body = body.as_bytes().to_vec();
        self
    }

    fn at(mut self, now_s: i64) -> Self {
        self.now_s = now_s;
        self
    }

    fn judge(&self) -> Result<Option<Mark>, Refused> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = name.parse::<HeaderName>().unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let now = Timestamp(self.now_s * 1_000);
        verify(&self.source, &Shown { headers: &headers, query: self.query, body: &self.body, now })
    }

    fn refused(&self) -> String {
        let refused = self.judge().unwrap_err().to_string();
        for secret in &self.source.secrets {
            assert!(!refused.contains(secret.as_str()), "{refused}");
        }
        refused
    }
}

/// HMAC-SHA256 by another implementation than the verifiers'.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

const URL: &str = "https://example.com/hooks/bird";
const SLACK: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
    &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
    &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
    %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
    &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
/// messagebird/go-rest-api, signature_jwt/testdata/reference.json: with a payload, for the URL below.
const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTI\
    wMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI5M2U1NTAwNi1hMGU4LTQ1MjYtYTE5MC1mYTVmZjAwZWExMTYiLCJ1cmxfaGFzaCI6\
    IjQxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0YjI0MDA0YmFlNzUzZWNlNmMyNjAiLCJwYXlsb2FkX\
    2hhc2giOiJkZmZkNjAyMWJiMmJkNWIwYWY2NzYyOTA4MDllYzNhNTMxOTFkZDgxYzdmNzBhNGIyODY4OGEzNjIxODI5ODZmIn0.\
    _H--TOuYFLpeEH39-rg5E3IHVkjHozBcaKVWPRC5m9I";
const JWT_SECRET: &str = "36efdd1aace2e26cd490f0d951138253bef2f7c6d34d18981da781555cc4cebb";

/// Each scheme with the vector of its documentation, or one made beside it.
#[expect(clippy::too_many_lines, reason = "a table: one entry for each scheme")]
fn cases() -> Vec<(&'static str, Case)> {
    let none = json!({});
    let b05 = hex::text(&hmac(b"secret-of-b05", b"{\"a\":1}1700000000"));
    let generic = STANDARD.encode(hmac(b"secret-of-hmac", b"id7:1700000000:{}"));
    let signed = json!({"header": "X-Sig", "encoding": "base64", "prefix": "v9=",
        "timestamp_header": "X-Time", "id_header": "X-Id", "signed": "{id}:{timestamp}:{body}"});
    vec![
        (
            "sereno",
            Case::new("sereno", "secret-of-b05", none.clone()).with(
                &[("X-Webhook-Signature", &b05), ("X-Webhook-Timestamp", "1700000000")],
                "{\"a\":1}",
            ),
        ),
        (
            "bird",
            Case::new("bird", "bird_demo", json!({"url": URL})).with(
                &[
                    ("messagebird-signature", "HtNlaRUcDCNeVbTQSMzzhtMFHMMSq1lt3D9lSgTy4X8="),
                    ("messagebird-request-timestamp", "1700000000"),
                ],
                "{\"service\":\"channels\"}",
            ),
        ),
        (
            "bird-jwt",
            Case::new(
                "bird-jwt",
                JWT_SECRET,
                json!({"url": "https://example.com/path?bar=1&foo=2"}),
            )
            .with(&[("MessageBird-Signature-JWT", JWT)], "Hello, World!")
            .at(1_625_479_200),
        ),
        (
            "github",
            Case::new("github", "It's a Secret to Everybody", none.clone()).with(
                &[(
                    "X-Hub-Signature-256",
                    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
                )],
                "Hello, World!",
            ),
        ),
        (
            "stripe",
            Case::new("stripe", "whsec_demo", none.clone()).with(
                &[(
                    "Stripe-Signature",
                    "t=1700000000,v0=00,v1=\
                23325a61b4f7230b9b393ae50047056e354118190d0964e1414088ead50b4ce5",
                )],
                "{\"id\":\"evt_1\"}",
            ),
        ),
        (
            "slack",
            Case::new("slack", "8f742231b10e8888abcd99yyyzzz85a5", none.clone())
                .with(
                    &[
                        (
                            "X-Slack-Signature",
                            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
                        ),
                        ("X-Slack-Request-Timestamp", "1531420618"),
                    ],
                    SLACK,
                )
                .at(1_531_420_618),
        ),
        (
            "shopify",
            Case::new("shopify", "shpss_demo", none.clone()).with(
                &[("X-Shopify-Hmac-SHA256", "8Tu+aIo8sQ6cZVDxU16idP3gqwzOVF4NkQS2ibVFkDc=")],
                "{\"id\":1}",
            ),
        ),
        (
            "twilio",
            Case::new(
                "twilio",
                "12345",
                json!({"url": "https://mycompany.com/myapp.php?foo=1&bar=2"}),
            )
            .with(
                &[
                    ("X-Twilio-Signature", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
                    ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
                ],
                "To=%2B18005551212&From=%2B12349013030&Digits=1234&Caller=%2B12349013030\
             &CallSid=CA1234567890ABCDE",
            ),
        ),
        (
            "standard",
            Case::new("standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", none)
                .with(
                    &[
                        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                        ("webhook-timestamp", "1614265330"),
                        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
                    ],
                    "{\"test\": 2432232314}",
                )
                .at(1_614_265_330),
        ),
        (
            "hmac",
            Case::new("hmac", "secret-of-hmac", signed).with(
                &[("X-Sig", &format!("v9={generic}")), ("X-Time", "1700000000"), ("X-Id", "id7")],
                "{}",
            ),
        ),
        (
            "bearer",
            Case::new("bearer", "token-of-the-shop", json!({"id_header": "X-Id"}))
                .with(&[("Authorization", "bearer token-of-the-shop"), ("X-Id", "1")], "{}"),
        ),
        (
            "basic",
            Case::new("basic", "pass:word", json!({"user": "ana"})).with(
                &[("Authorization", &format!("Basic {}", STANDARD.encode("ana:pass:word")))],
                "{}",
            ),
        ),
        (
            "header",
            Case::new("header", "key-of-the-shop", json!({"header": "X-Api-Key"}))
                .with(&[("X-Api-Key", "key-of-the-shop")], "{}"),
        ),
    ]
}

#[test]
fn d01_every_schemes_vector_passes_with_the_old_secret_too() {
    for (name, mut case) in cases() {
        let alone = case.judge();
        assert!(alone.is_ok(), "{name}: {alone:?}");
        case.source.secrets.insert(0, "the-next-secret".to_owned());
        assert_eq!(case.judge(), alone, "{name}");
        case.source.secrets.truncate(1);
        case.refused();
    }
}

#[test]
fn d01_what_is_missing_twice_changed_or_cut_short_does_not_pass() {
    for (name, case) in cases() {
        let count = case.headers.len();
        for index in 0..count {
            let optional = ["Content-Type", "X-Id"].contains(&case.headers[index].0);
            let change = |with: &dyn Fn(&mut Case)| {
                let mut changed = Case {
                    source: case.source.clone(),
                    headers: case.headers.clone(),
                    query: case.query,
                    body: case.body.clone(),
                    now_s: case.now_s,
                };
                with(&mut changed);
                changed
            };
            let twice = change(&|case| case.headers.push(case.headers[index].clone()));
            assert!(twice.refused().contains("more than once"), "{name}");
            for odd in ["", "ñ", "\u{1}".repeat(0).as_str(), "null", "v0=", "sha256=zz", "t=,v1="]
            {
                if !optional || odd.is_empty() {
                    change(&|case| case.headers[index].1 = odd.to_owned()).refused();
                }
            }
            if !optional {
                change(&|case| drop(case.headers.remove(index))).refused();
                change(&|case| assert!(case.headers[index].1.pop().is_some())).refused();
            }
        }
    }
}

#[test]
fn d01_another_body_does_not_pass_where_the_body_is_signed() {
    for (name, mut case) in cases() {
        let signs_body = !["bearer", "basic", "header"].contains(&name);
        case.body.push(b' ');
        // A space at the end of a form is part of its last value.
        assert_eq!(case.judge().is_err(), signs_body, "{name}");
        case.body = vec![b'['; 3 << 20];
        assert_eq!(case.judge().is_err(), signs_body, "{name}");
        case.body.clear();
        assert_eq!(case.judge().is_err(), signs_body, "{name}");
    }
}

#[test]
fn b05_five_minutes_either_way_and_not_a_second_more() {
    for (name, mut case) in cases() {
        let now = case.now_s;
        let timed = ["sereno", "bird", "stripe", "slack", "standard", "hmac"].contains(&name);
        for (off, passes) in [(-300, true), (300, true), (-301, false), (301, false)] {
            case.now_s = now + off;
            let jwt = name == "bird-jwt";
            assert_eq!(case.judge().is_ok(), (passes || !timed) && !jwt, "{name} {off}");
            if timed && !passes {
                assert!(case.refused().contains("301 s from now"), "{name}");
            }
        }
    }
}

#[test]
fn b05_only_the_configured_schemes_headers_count() {
    let all: Vec<_> = cases().into_iter().flat_map(|(_, case)| case.headers).collect();
    for (name, mut case) in cases() {
        let own: Vec<_> = case.headers.iter().map(|(name, _)| *name).collect();
        let others = all.iter().filter(|(name, _)| !own.contains(name));
        // Content types and authorizations are one header with one meaning.
        let others = others.filter(|(name, _)| !["Content-Type", "Authorization"].contains(name));
        let mut seen = std::collections::BTreeSet::new();
        let others = others.filter(|(name, _)| seen.insert(*name)).cloned().collect::<Vec<_>>();
        case.headers.extend(others.clone());
        assert!(case.judge().is_ok(), "{name}: {:?}", case.judge());
        case.headers = others;
        case.refused();
    }
}

#[test]
fn b05_a_repetition_is_known_by_what_the_scheme_repeats() {
    for (name, case) in cases() {
        let mark = case.judge().unwrap();
        let (named, refused) = match name {
            "basic" | "header" => (false, false),
            "sereno" => (true, true),
            _ => (true, false),
        };
        assert_eq!(mark.as_ref().map(|mark| mark.refused), named.then_some(refused), "{name}");
        assert!(mark.is_none_or(|mark| mark.until > Timestamp(case.now_s * 1_000)), "{name}");
    }
    // A signature that is written in another way is the same signature.
    let (_, mut case) = cases().into_iter().next().unwrap();
    let before = case.judge();
    case.headers[0].1 = case.headers[0].1.to_uppercase();
    assert_eq!(case.judge(), before);
    // GitHub's delivery is known by its id, whatever the rest is.
    let (_, mut case) = cases().into_iter().find(|(name, _)| *name == "github").unwrap();
    let by_signature = case.judge().unwrap();
    case.headers.push(("X-GitHub-Delivery", "d-1".to_owned()));
    assert_ne!(case.judge().unwrap(), by_signature);
}

#[test]
fn d01_an_open_source_is_open_only_where_it_says_so() {
    let open = Case::new("none", "x", json!({"secrets": [], "allow_unsigned": true}));
    assert_eq!(open.judge(), Ok(None));
    let closed = Case::new("none", "x", json!({"secrets": []}));
    assert!(closed.judge().is_err());
}
