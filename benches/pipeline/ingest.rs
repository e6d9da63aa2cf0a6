//! Durable ingest: one event a request, each 202 only after its fdatasync.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::process::Process;

const SPAN: Duration = Duration::from_secs(8);

pub(crate) async fn run() -> anyhow::Result<()> {
    for connections in [64, 256] {
        measure("client.created, which goes through", connections, 1, client).await?;
    }
    measure("reservation.created, an entity with timers each", 64, 1, booking).await?;
    measure("client.created, which goes through", 16, 100, client).await?;
    measure("reservation.created, an entity with timers each", 16, 100, booking).await?;
    alone().await
}

fn client(worker: usize, number: usize) -> String {
    format!(
        r#"{{"event_id":"{worker}-{number}","event_type":"client.created","data":{{"client_id":"{number}","name":"Ana Gil","email":"ana@example.com","notes":"{}"}}}}"#,
        "x".repeat(250)
    )
}

fn booking(worker: usize, number: usize) -> String {
    format!(
        r#"{{"event_id":"{worker}-{number}","event_type":"reservation.created","data":{{"reservation_id":"R-{worker}-{number}","date_time":"2031-01-20T20:00:00Z","party_size":4,"name":"Ana Gil","wa_number":"+346{worker:02}{number:06}","restaurant":"La Trattoria"}}}}"#
    )
}

/// One event after the other, each durable before the next is sent.
async fn alone() -> anyhow::Result<()> {
    let server = Process::start()?;
    let mut connection = Connection::open(&server.address, &server.key).await?;
    let mut times = Histogram::<u64>::new(3)?;
    for number in 0..5_000 {
        let sent = Instant::now();
        anyhow::ensure!(connection.post(&client(0, number)).await? == 202, "refused");
        times.record(u64::try_from(sent.elapsed().as_micros())?)?;
    }
    println!(
        "one event alone: p50 {:.2} ms   p99 {:.2} ms",
        millis(times.value_at_quantile(0.5)),
        millis(times.value_at_quantile(0.99))
    );
    Ok(())
}

async fn measure(
    what: &str,
    connections: usize,
    batch: usize,
    event: fn(usize, usize) -> String,
) -> anyhow::Result<()> {
    let server = Process::start()?;
    let mut load = JoinSet::new();
    let (cpu, began) = (server.cpu_time()?, Instant::now());
    for worker in 0..connections {
        let mut connection = Connection::open(&server.address, &server.key).await?;
        load.spawn(async move {
            let mut times = Histogram::<u64>::new(3)?;
            let mut refused = 0_u64;
            for number in 0.. {
                let body = match batch {
                    1 => event(worker, number),
                    _ => {
                        let numbers = number * batch..(number + 1) * batch;
                        let events: Vec<String> = numbers.map(|n| event(worker, n)).collect();
                        format!("[{}]", events.join(","))
                    }
                };
                let sent = Instant::now();
                match connection.post(&body).await? {
                    202 => times.record(u64::try_from(sent.elapsed().as_micros())?)?,
                    _ => refused += 1,
                }
                if began.elapsed() >= SPAN {
                    break;
                }
            }
            anyhow::Ok((times, refused))
        });
    }
    let mut times = Histogram::<u64>::new(3)?;
    let mut refused = 0;
    while let Some(done) = load.join_next().await {
        let (own, own_refused) = done??;
        times.add(own)?;
        refused += own_refused;
    }
    let (elapsed, cpu) = (began.elapsed(), server.cpu_time()? - cpu);
    let count = u32::try_from(times.len())? * u32::try_from(batch)?;
    println!("ingest, {connections} connections, {batch} a request: {what}");
    println!(
        "  {:>8.0} events/s   p50 {:.2} ms   p99 {:.2} ms   refused {refused}   server CPU {} us/event",
        f64::from(count) / elapsed.as_secs_f64(),
        millis(times.value_at_quantile(0.5)),
        millis(times.value_at_quantile(0.99)),
        (cpu / count).as_micros(),
    );
    Ok(())
}

fn millis(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1e3
}
