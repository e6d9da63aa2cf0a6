//! Durable ingest: one event a request, each 202 only after its fdatasync.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::process::Process;

const CONNECTIONS: usize = 64;
const SPAN: Duration = Duration::from_secs(8);

pub(crate) async fn run() -> anyhow::Result<()> {
    measure("client.created, which goes through", |worker, number| {
        format!(
            r#"{{"event_id":"{worker}-{number}","event_type":"client.created","data":{{"client_id":"{number}","name":"Ana Gil","email":"ana@example.com","notes":"{}"}}}}"#,
            "x".repeat(250)
        )
    })
    .await?;
    measure("reservation.created, an entity with timers each", |worker, number| {
        format!(
            r#"{{"event_id":"{worker}-{number}","event_type":"reservation.created","data":{{"reservation_id":"R-{worker}-{number}","date_time":"2031-01-20T20:00:00Z","party_size":4,"name":"Ana Gil","wa_number":"+346{worker:02}{number:06}","restaurant":"La Trattoria"}}}}"#
        )
    })
    .await
}

async fn measure(what: &str, event: fn(usize, usize) -> String) -> anyhow::Result<()> {
    let server = Process::start()?;
    let mut load = JoinSet::new();
    let (cpu, began) = (server.cpu_time()?, Instant::now());
    for worker in 0..CONNECTIONS {
        let mut connection = Connection::open(&server.address, &server.key).await?;
        load.spawn(async move {
            let mut times = Histogram::<u64>::new(3)?;
            let mut refused = 0_u64;
            for number in 0.. {
                let body = event(worker, number);
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
    let count = u32::try_from(times.len())?;
    println!("ingest, {CONNECTIONS} connections: {what}");
    println!(
        "  {:>8.0} events/s   p50 {:.2} ms   p99 {:.2} ms   refused {refused}   server CPU {} us/event",
        f64::from(count) / elapsed.as_secs_f64(),
        Duration::from_micros(times.value_at_quantile(0.5)).as_secs_f64() * 1e3,
        Duration::from_micros(times.value_at_quantile(0.99)).as_secs_f64() * 1e3,
        (cpu / count).as_micros(),
    );
    Ok(())
}
