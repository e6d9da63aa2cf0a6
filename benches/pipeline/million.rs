//! A million bookings that wait: what they weigh in memory, and how late the clock is beside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use sereno_workflows::time::Timestamp;

use crate::http::Connection;
use crate::process::Process;

const BOOKINGS: usize = 1_000_000;
const PER_REQUEST: usize = 500;
const DUE_IN_ONE_SECOND: usize = 10_000;
const HOUR_MS: i64 = 3_600_000;

pub(crate) async fn run() -> anyhow::Result<()> {
    let server = Process::start()?;
    server.client.patch("/api/v1/admin/tenants/default", &json!({"reminders": ["1h"]})).await?;
    let before = server.resident_bytes()?;
    let began = Instant::now();
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(Connection::open(&server.address, &server.key).await?);
    }
    // Slots spread over the next months, beginning beyond the bench.
    let mut load = tokio::task::JoinSet::new();
    let payload = Arc::new(AtomicU64::new(0));
    for (worker, mut connection) in connections.into_iter().enumerate() {
        let sent = Arc::clone(&payload);
        load.spawn(async move {
            for request in 0..BOOKINGS / PER_REQUEST / 8 {
                let events: Vec<Value> = (0..PER_REQUEST)
                    .map(|n| {
                        let id = format!("{worker}-{request}-{n}");
                        let days = i64::try_from((request * PER_REQUEST + n) % 90).unwrap_or(0);
                        booking(&id, now_ms() + (days + 2) * 24 * HOUR_MS)
                    })
                    .collect();
                let body = Value::from(events).to_string();
                sent.fetch_add(body.len() as u64, Ordering::Relaxed);
                while connection.post(&body).await? != 202 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                if worker == 0 && request % 25 == 0 {
                    let done = request * PER_REQUEST * 8;
                    println!("  {done} bookings after {:.0} s", began.elapsed().as_secs_f64());
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = load.join_next().await {
        done??;
    }
    let took = began.elapsed();
    // Idle actors are passivated after two seconds.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let resident = server.resident_bytes()?;
    println!(
        "a million bookings pending, made in {:.0} s ({:.0}/s)",
        took.as_secs_f64(),
        1e6 / took.as_secs_f64()
    );
    println!(
        "  resident {} MB, {} B a booking (before: {} MB)",
        resident >> 20,
        resident.saturating_sub(before) / u64::try_from(BOOKINGS)?,
        before >> 20
    );
    lateness(&server).await?;
    let disk = server.disk_bytes();
    let (server, took) = server.killed_and_started()?;
    let (took, payload) = (took.as_secs_f64(), payload.load(Ordering::Relaxed));
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let ratio = disk as f64 / payload as f64;
    println!("  disk {} MB, {ratio:.1} times the {} MB that were sent", disk >> 20, payload >> 20);
    println!("  ready {took:.2} s after a start that followed kill -9");
    let last = server.client.get("/api/v1/reservations?limit=1").await?;
    anyhow::ensure!(last.pointer("/items/0").is_some(), "the bookings are gone");
    Ok(())
}

/// Ten thousand reminders fall due within one second; the reminder's own timestamp says when it fired.
async fn lateness(server: &Process) -> anyhow::Result<()> {
    let mut connection = Connection::open(&server.address, &server.key).await?;
    let first_ms = now_ms() + 12_000 + HOUR_MS;
    let all: Vec<Value> = (0..DUE_IN_ONE_SECOND)
        .map(|n| {
            let offset = i64::try_from(n * 1_000 / DUE_IN_ONE_SECOND).unwrap_or(0);
            booking(&format!("due-{n}"), first_ms + offset)
        })
        .collect();
    for events in all.chunks(PER_REQUEST) {
        connection.post(&Value::from(events).to_string()).await?;
    }
    let idle = server.cpu_time()?;
    let wait = u64::try_from(first_ms - HOUR_MS - now_ms()).unwrap_or(0);
    tokio::time::sleep(Duration::from_millis(wait.saturating_sub(500))).await;
    let idle = server.cpu_time()? - idle;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let mut times = Histogram::<u64>::new(3)?;
    let mut path = "/api/v1/events?type=reminder.1h.sent&limit=500".to_owned();
    loop {
        let page = server.client.get(&path).await?;
        for item in page.get("items").and_then(Value::as_array).into_iter().flatten() {
            let fired = moment(item.get("timestamp"))?;
            let due = moment(item.pointer("/data/date_time"))?
                .before(sereno_workflows::time::Span(3_600_000));
            times.record(fired.since(due).0.max(1))?;
        }
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(cursor) if times.len() < u64::try_from(DUE_IN_ONE_SECOND)? => {
                path = format!("/api/v1/events?type=reminder.1h.sent&limit=500&cursor={cursor}");
            }
            Some(_) | None => break,
        }
    }
    println!("  {} of {DUE_IN_ONE_SECOND} reminders due in one second fired", times.len());
    println!(
        "  lateness p50 {} ms   p99 {} ms   max {} ms   server CPU while it waited: {} ms in {} s",
        times.value_at_quantile(0.5),
        times.value_at_quantile(0.99),
        times.max(),
        idle.as_millis(),
        wait / 1_000,
    );
    Ok(())
}

fn booking(id: &str, slot_ms: i64) -> Value {
    // Nearly everybody books under a number of their own.
    let digits = id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let number = format!("+34{:09}", digits % 1_000_000_000);
    json!({"event_type": "reservation.created", "data": {"wa_number": number, "reservation_id": id,
        "date_time": Timestamp(slot_ms).to_rfc3339(), "party_size": 4, "name": "Ana Gil"}})
}

fn moment(text: Option<&Value>) -> anyhow::Result<Timestamp> {
    Ok(Timestamp::from_rfc3339(text.and_then(Value::as_str).unwrap_or_default())?)
}

fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
