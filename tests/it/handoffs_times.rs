//! How long customers wait for a person, as it is counted.

use serde_json::json;

use crate::support::{House, moment};

const HANDOFFS: &str = "/api/v1/handoffs";

#[tokio::test(flavor = "multi_thread")]
async fn b11_how_long_a_handoff_waited_for_somebody_and_for_its_end_is_counted_once() {
    let house = House::new().await;
    let opened = json!({"event_type": "handoff.opened", "timestamp": moment(-10_000),
        "data": {"conversation_id": "C-1"}});
    house.api.post("/api/v1/events", &opened).await.unwrap();
    for body in [
        json!({"action": "claim", "by": "Ana"}),
        json!({"action": "release"}),
        json!({"action": "assign", "to": "Luis"}),
        json!({"action": "reply"}),
        json!({"action": "close"}),
    ] {
        let path = format!("{HANDOFFS}/C-1/actions");
        assert_eq!(house.raw("POST", &path, body.to_string()).await.0, 200, "{body}");
    }
    let closed = house.api.get(&format!("{HANDOFFS}/C-1")).await.unwrap();
    assert!(closed["closed_at"].is_string() && closed["first_claimed_at"].is_string(), "{closed}");
    let house = house.restarted().await;
    let told = house.api.get("/api/v1/stats?window=1h").await.unwrap();
    for name in ["handoff_claim_time", "handoff_response_time", "handoff_resolve_time"] {
        let figure = &told["windows"]["1h"][name];
        assert_eq!(figure["count"], 1, "{name}: {figure}");
        let p50 = figure["p50_ms"].as_u64().unwrap();
        assert!((9_000..60_000).contains(&p50), "{name}: {figure}");
    }
    let series = "/api/v1/stats/series?window=30d&metrics=handoff_claim_time,handoff_resolve_time";
    let lines = house.api.get(series).await.unwrap();
    let counted = lines["points"].as_array().unwrap().iter();
    let counted: u64 =
        counted.map(|one| one["handoff_resolve_time"]["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, 1);
}
