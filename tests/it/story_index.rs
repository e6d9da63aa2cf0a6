//! The search index fails while it is used: it is built again as often as that happens.

use serde_json::{Value, json};

use crate::support::{House, moment};

#[tokio::test(flavor = "multi_thread")]
async fn b10_an_index_that_is_lost_again_and_again_is_built_again_each_time() {
    let house = House::new().await;
    for round in 0..3 {
        let event = |number: usize| {
            json!({"event_id": format!("e-{round}-{number}"), "event_type": "a.b",
                "data": {"text": "ventana"}})
        };
        // So many that they are written at once.
        let events: Vec<Value> = (0..600).map(event).collect();
        house.api.post("/api/v1/events", &json!(events)).await.unwrap();
        let now = moment(0);
        let has_all = |page: &Value| page["indexed_to"].as_str().is_some_and(|to| to >= &now[..]);
        // What is written next finds out.
        let last = json!({"event_type": "marker.set"});
        house.api.post("/api/v1/events", &last).await.unwrap();
        house.eventually("/api/v1/events?limit=1&q=ventana", has_all).await;
        std::fs::remove_dir_all(house.data.path().join("search")).unwrap();
        let first = format!("/api/v1/events?limit=1&q=event_id:e-{round}-0");
        let page = house.api.get(&first).await.unwrap();
        assert_eq!(page["items"][0]["event_id"], format!("e-{round}-0"));
    }
}
