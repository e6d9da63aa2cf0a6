//! What mail, Slack and WhatsApp ask for beyond a delivery that arrives.

use serde_json::{Value, json};

use crate::support::{ENDPOINTS, House, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn a14_a_mail_endpoint_may_offer_to_unsubscribe_and_no_other_kind_may() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let url = "https://casa.example/u?id=7";
    let with = |kind: &str, target: &str, url: &str| {
        json!({"kind": kind, "target": target, "unsubscribe_url": url}).to_string()
    };
    let long = format!("https://casa.example/{}", "x".repeat(900));
    for (kind, target, url) in [
        ("webhook", "http://127.0.0.1:9/x", url),
        ("email", "ana@example.com", "http://casa.example/u"),
        ("email", "ana@example.com", "mailto:u@casa.example"),
        ("email", "ana@example.com", "unsubscribe"),
        ("email", "ana@example.com", &long),
    ] {
        let (status, problem) = house.raw("POST", ENDPOINTS, with(kind, target, url)).await;
        assert_eq!(
            (status, problem["field"].as_str()),
            (422, Some("unsubscribe_url")),
            "{problem}"
        );
    }
    let (status, made) = house.raw("POST", ENDPOINTS, with("email", "ana@example.com", url)).await;
    assert_eq!((status, made["endpoint"]["unsubscribe_url"].as_str()), (201, Some(url)), "{made}");
    let house = house.restarted().await;
    house.settle(json!({})).await;
    house.event("client.created", json!({})).await;
    let mails = house.mail.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert!(mails[0].content.contains(&format!("List-Unsubscribe: <{url}>\r\n")));
    let path = format!("{ENDPOINTS}/{}", made["id"]);
    let none = house.api.patch(&path, &json!({"unsubscribe_url": null})).await.unwrap();
    assert_eq!(none["unsubscribe_url"], Value::Null);
}
