//! What is held on purpose and what was cancelled is in the figures, so that nobody forgets it.

use serde_json::{Value, json};

use crate::support::House;

/// The value of a metric without labels.
async fn metric(house: &House, name: &str) -> Option<f64> {
    let text = reqwest::get(format!("{}/metrics", house.base)).await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_a21_what_is_held_and_was_cancelled_is_told_in_figures_and_by_the_check() {
    let house = House::new().await;
    house.settle(json!({"channels": {"webhook": {"paused": true}}})).await;
    let _receiver = house.webhook(json!({})).await;
    for n in 0..3 {
        house.event("order.paid", json!({"n": n})).await;
    }
    let held = |page: &Value| page["items"].as_array().unwrap().len() == 3;
    let page = house.eventually("/api/v1/deliveries?status=held", held).await;
    let path = format!("/api/v1/deliveries/{}/cancel", page["items"][0]["id"].as_str().unwrap());
    house.api.post(&path, &json!({})).await.unwrap();

    let mut house = house;
    for _ in 0..2 {
        assert_eq!(metric(&house, "sereno_queue_held").await, Some(2.0));
        assert_eq!(metric(&house, "sereno_queue_deliveries").await, Some(2.0));
        assert_eq!(metric(&house, "sereno_queue_oldest_seconds").await, Some(0.0));
        let cancelled = |stats: &Value| stats["windows"]["1h"]["deliveries_cancelled"] == 1;
        house.eventually("/api/v1/stats?window=1h", cancelled).await;
        let report = house.api.get("/api/v1/reports/weekly?lang=en").await.unwrap();
        assert_eq!(report["deliveries_held"], 2, "{report:#}");
        assert_eq!(report["totals"]["deliveries_cancelled"], 1);
        let first = &report["attention"][0];
        assert_eq!(first["code"], "deliveries_held", "{report:#}");
        assert!(first["sentence"].as_str().unwrap().contains("channels: 2;"), "{first}");
        let found = house.api.post("/api/v1/admin/check", &json!({})).await.unwrap();
        let all = found["findings"].as_array().unwrap();
        let paused = all.iter().find(|one| one["name"] == "default channel webhook").unwrap();
        assert_eq!((&paused["verdict"], &paused["part"]), (&json!("warn"), &json!("endpoints")));
        assert!(paused["detail"].as_str().unwrap().contains("what is for it is held"), "{paused}");
        let advice = paused["advice"].as_str().unwrap();
        assert!(advice.contains("channels.webhook.paused"), "{advice}");
        house = house.restarted().await;
    }
    house.settle(json!({"channels": null})).await;
    let sent = |page: &Value| page["items"].as_array().unwrap().len() == 2;
    house.eventually("/api/v1/deliveries?status=sent", sent).await;
    assert_eq!(metric(&house, "sereno_queue_held").await, Some(0.0));
}
