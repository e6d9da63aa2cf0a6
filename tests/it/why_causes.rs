//! "Why?" of what was not answered: each of them says what went wrong, and so do their groups.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::House;

/// Answers whoever connects with what is neither HTTP nor TLS.
async fn garbling() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4_096];
            if stream.read(&mut asked).await.is_ok_and(|read| read > 0) {
                stream.write_all(b"garbage, and no more of it\r\n\r\n").await.ok();
            }
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_e06_what_was_not_answered_says_the_true_cause_while_it_waits_and_as_a_dead_letter() {
    let house = House::new().await;
    let port = garbling().await;
    let once = json!({"retry": {"attempts": 1}});
    let patient = json!({"retry": {"first": "1h", "factor": 1, "attempts": 3}});
    let causes = [
        ("http://nowhere.invalid/".to_owned(), "name_unknown", "the name is not found"),
        (format!("https://127.0.0.1:{port}/"), "tls_failed", "TLS failed"),
        (format!("http://127.0.0.1:{port}/"), "not_http", "the answer is not HTTP"),
        ("http://127.0.0.1:1/".to_owned(), "no_answer", "refused"),
    ];
    for (place, (target, because, cause)) in causes.iter().enumerate() {
        let (dead, waits) = (format!("dead.n{place}"), format!("waits.n{place}"));
        house.wanting(&dead, target, &once).await;
        house.wanting(&waits, target, &patient).await;
        let event = house.event(&waits, json!({})).await;
        let delivery = house.delivery_of(event["ids"][0].as_str().unwrap()).await;
        let failed = |shown: &Value| shown["why"]["what"] == "failed";
        let shown = house.eventually(&delivery, failed).await;
        assert_eq!(shown["why"]["because"], *because, "{shown:#}");
        let event = house.event(&dead, json!({})).await;
        let delivery = house.delivery_of(event["ids"][0].as_str().unwrap()).await;
        let given_up = |shown: &Value| shown["why"]["what"] == "given_up";
        let shown = house.eventually(&delivery, given_up).await;
        assert_eq!(shown["why"]["because"], *because, "{shown:#}");
        let letter = delivery.replace("/deliveries/", "/dead-letters/");
        let letter = house.api.get(&letter).await.unwrap();
        assert_eq!((&letter["why"], &letter["fault"]), (&shown["why"], &json!("receiver")));
        assert!(letter["cause"].as_str().unwrap().ends_with(cause), "{letter:#}");
        let chosen = format!("/api/v1/dead-letters?cause={}", letter["cause"].as_str().unwrap());
        let chosen = house.api.get(&chosen.replace(' ', "%20")).await.unwrap();
        assert_eq!(chosen["items"].as_array().unwrap().len(), 1, "{chosen:#}");
    }
    let groups = house.api.get("/api/v1/dead-letters?group=cause").await.unwrap();
    assert_eq!(groups["items"].as_array().unwrap().len(), 4, "{groups:#}");
}
