//! Slack and WhatsApp, each with the answers that theirs gives.

use serde_json::Value;
use sereno_workflows::time::Span;

use super::receiver::{Play, Receiver};
use super::*;

const NOW: Timestamp = Timestamp(1_768_820_400_000); // Mon, 19 Jan 2026 11:00:00 UTC

#[tokio::test]
async fn a15_slack_gets_blocks_and_its_words_decide() {
    let mut receiver = Receiver::answering("200 OK", "", "ok").await;
    let slack = |receiver: &Receiver| Destination::Slack { to: at(receiver.url.clone()) };
    let outcome = channels().send(&slack(&receiver), &load(), NOW).await;
    assert_eq!(outcome, Outcome::Done { code: 200 });
    let (_, body) = receiver.requests.recv().await.unwrap();
    let message: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(message["text"], "Nueva reserva · Ana &lt;b&gt;");
    assert_eq!(message["blocks"][0]["text"]["text"], "Nueva reserva");
    assert_eq!(message["blocks"][1]["fields"][1]["text"], "*Fecha*\nmartes 20 de enero, 20:00");

    for (status, headers, body, code, retried) in [
        ("404 Not Found", "", "no_service", 404, false),
        ("200 OK", "", "no_team", 200, false),
        ("200 OK", "", "<html>/hook/PATH", 200, false),
        ("400 Bad Request", "", "invalid_payload", 400, false),
        ("302 Found", "location: https://x/hook/PATH\r\n", "", 302, false),
        ("404 Not Found", "", "Cannot POST /hook/PATH", 404, false),
        ("429 Too Many Requests", "retry-after: 3\r\n", "", 429, true),
        ("500 Oops", "", "rollup_error", 500, true),
    ] {
        let receiver = Receiver::answering(status, headers, body).await;
        let outcome = channels().send(&slack(&receiver), &load(), NOW).await;
        let (found, error) = if retried {
            let (code, error, after) = retry_with(outcome);
            assert_eq!(after, (code == 429).then_some(Span::seconds(3)));
            (code, error)
        } else {
            dead_with(outcome)
        };
        assert_eq!(found, code, "{status} {body}");
        assert!(!error.contains("PATH"), "{error}");
    }
}

fn line() -> WhatsApp {
    let line = serde_json::json!({"phone_number_id": "42", "access_token": "TOKEN"});
    serde_json::from_value(line).unwrap()
}

/// One WhatsApp attempt against a receiver, which stands in for the Graph API without being allowed
/// as a private target.
async fn whatsapp(receiver: &Receiver, line: Option<WhatsApp>) -> Outcome {
    let config = ChannelConfig {
        graph_url: receiver.url.join("/v23.0").unwrap(),
        whatsapp_timeout: Duration::from_secs(1),
        ..ChannelConfig::default()
    };
    let destination =
        Destination::WhatsApp { to: "+34600000001".into(), line, window: Window::Unknown };
    Channels::new(config).unwrap().send(&destination, &load(), NOW).await
}

#[tokio::test]
async fn a05_whatsapp_takes_a_message_with_the_lines_token() {
    let accepted = r#"{"messaging_product":"whatsapp","messages":[{"id":"wamid.1"}]}"#;
    let mut receiver = Receiver::answering("200 OK", "", accepted).await;
    assert_eq!(whatsapp(&receiver, Some(line())).await, Outcome::Done { code: 200 });
    let (headers, body) = receiver.requests.recv().await.unwrap();
    assert_eq!(headers["authorization"], "Bearer TOKEN");
    let message: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(message["biz_opaque_callback_data"], "dlv_1");
    let (_, error) = dead_with(whatsapp(&receiver, None).await);
    assert!(error.contains("whatsapp.access_token"), "{error}");
}

#[tokio::test]
async fn a05_metas_code_decides_what_follows() {
    let pause = Some(Span::minutes(15));
    for (status, code, transient, expected) in [
        ("400 Bad Request", 130_429, true, Some(None)),
        // load() is a second attempt.
        ("400 Bad Request", 131_056, false, Some(Some(Span::seconds(4)))),
        ("500 Oops", 135_000, false, None),
        ("400 Bad Request", 80_007, false, Some(None)),
        ("400 Bad Request", 131_048, false, Some(pause)),
        ("400 Bad Request", 131_064, false, Some(pause)),
        ("400 Bad Request", 131_042, false, Some(pause)),
        ("400 Bad Request", 368, false, Some(pause)),
        ("500 Oops", 131_000, false, Some(None)),
        ("400 Bad Request", 987_654, true, Some(None)),
        ("503 Oops", 987_654, false, Some(None)),
        ("401 Unauthorized", 190, false, Some(pause)),
        ("403 Forbidden", 10, false, Some(pause)),
        ("403 Forbidden", 131_031, false, Some(pause)),
        ("400 Bad Request", 131_049, false, Some(Some(Span::hours(24)))),
        ("400 Bad Request", 131_026, false, None),
        ("400 Bad Request", 132_000, false, None),
        ("400 Bad Request", 132_015, false, None),
        ("400 Bad Request", 130_472, false, None),
        ("400 Bad Request", 100, false, None),
        ("400 Bad Request", 987_654, false, None),
    ] {
        let error = serde_json::json!({"error": {"code": code, "is_transient": transient,
            "message": "Malformed access token TOKEN", "error_data": {"details": "more"}}});
        let receiver = Receiver::answering(status, "", &error.to_string()).await;
        let outcome = whatsapp(&receiver, Some(line())).await;
        let (found, error) = match expected {
            Some(wait) => {
                let (found, error, after) = retry_with(outcome);
                assert_eq!(after, wait, "{code}");
                (found, error)
            }
            None => dead_with(outcome),
        };
        assert_eq!(found, code);
        assert_eq!(error, format!("Meta says {code}: Malformed access token [hidden]: more"));
    }
    let long = "T".repeat(244);
    let said =
        format!(r#"{{"error": {{"code": 190, "message": "Malformed access token {long}"}}}}"#);
    let receiver = Receiver::answering("401 Unauthorized", "", &said).await;
    let long = WhatsApp { access_token: long, ..line() };
    let (_, error, _) = retry_with(whatsapp(&receiver, Some(long)).await);
    assert_eq!(error, "Meta says 190: Malformed access token [hidden]");
    let late = r#"{"error": {"code": 131047, "message": "Re-engagement message"}}"#;
    let receiver = Receiver::answering("400 Bad Request", "", late).await;
    let (code, error) = dead_with(whatsapp(&receiver, Some(line())).await);
    assert_eq!(code, 131_047);
    assert!(error.contains("whatsapp.templates.notice"), "{error}");
    for code in [130_403, 131_050] {
        let error = serde_json::json!({"error": {"code": code}}).to_string();
        let receiver = Receiver::answering("400 Bad Request", "", &error).await;
        let outcome = whatsapp(&receiver, Some(line())).await;
        assert!(matches!(outcome, Outcome::Gone { code: found, .. } if found == code), "{code}");
    }
    let receiver = Receiver::answering("401 Unauthorized", "", "no").await;
    assert_eq!(retry_with(whatsapp(&receiver, Some(line())).await).2, pause);
    let receiver = Receiver::start(Play::Hang).await;
    assert_eq!(retry_with(whatsapp(&receiver, Some(line())).await).0, -1);
}
