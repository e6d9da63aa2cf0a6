//! From the event's departure to its delivery's arrival, at a calm 50 events a second.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};

use crate::http::Connection;
use crate::process::Process;

const EVENTS: usize = 500;
const PACE: Duration = Duration::from_millis(20);

pub(crate) async fn run() -> anyhow::Result<()> {
    let server = Process::start()?;
    let receiver = WebhookReceiver::start(any_port(), Behaviour::default()).await?;
    let endpoint = json!({"kind": "webhook", "target": receiver.url()});
    server.client.post("/api/v1/admin/notify/endpoints", &endpoint).await?;
    let mut connection = Connection::open(&server.address, &server.key).await?;
    connection.post(r#"{"event_id":"warm","event_type":"a.b"}"#).await?;
    let mut departed = HashMap::new();
    let mut pace = tokio::time::interval(PACE);
    for number in 0..EVENTS {
        pace.tick().await;
        let id = format!("e-{number}");
        let body = json!({"event_id": id, "event_type": "client.created", "data": {"n": number}});
        let body = body.to_string();
        departed.insert(id, Instant::now());
        connection.post(&body).await?;
    }
    let all = receiver.inbox.wait(Duration::from_secs(10), |all| all.len() > EVENTS).await;
    let mut times = Histogram::<u64>::new(3)?;
    for delivery in all.unwrap_or_else(|some| some) {
        let body = delivery.json();
        let id = body.get("event_id").and_then(|id| id.as_str()).unwrap_or_default();
        if let Some(departed) = departed.get(id) {
            times.record(u64::try_from((delivery.at - *departed).as_micros())?)?;
        }
    }
    println!("event to delivered, 50/s, one endpoint, {} of {EVENTS} arrived", times.len());
    let ms =
        |quantile| Duration::from_micros(times.value_at_quantile(quantile)).as_secs_f64() * 1e3;
    println!("  p50 {:.2} ms   p99 {:.2} ms   max {:.2} ms", ms(0.5), ms(0.99), ms(1.0));
    Ok(())
}
