//! The physical limit: the same POSTs to the same receiver, with no server in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::ensure;
use tokio::task::JoinSet;

use super::load::{self, Connection};
use super::measure::{self, per_second};
use super::progress::Progress;
use super::sink::Sink;

/// POSTs under way at once, as many as an endpoint has deliveries at most.
const IN_FLIGHT: usize = 64;
/// The most POSTs that are made.
pub(super) const COUNT_MAX: usize = 30_000;

/// What the machine gives to the POSTs alone.
pub(super) struct Bare {
    /// POSTs a second.
    pub(super) rate: f64,
    /// What client and receiver took of the processors for one.
    cpu_us: f64,
}

impl Bare {
    /// Posts `count` events to a receiver, which then knows of none.
    pub(super) async fn measure(
        sink: &Sink,
        count: usize,
        progress: &mut Progress,
    ) -> anyhow::Result<Self> {
        progress.at(|| format!("{count} POSTs without a server"));
        let next = Arc::new(AtomicUsize::new(0));
        let (cpu, began) = (measure::cpu_time(std::process::id()), Instant::now());
        let mut posting = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let next = Arc::clone(&next);
            let mut connection = Connection::open(&sink.address(), "").await?;
            posting.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return anyhow::Ok(());
                    }
                    let status = connection.post(&load::body(number)).await?;
                    ensure!(status == 200, "the receiver answered {status}");
                }
            });
        }
        while let Some(ended) = posting.join_next().await {
            ended??;
        }
        let took = began.elapsed();
        let cpu =
            measure::cpu_time(std::process::id()).zip(cpu).map(|(after, before)| after - before);
        sink.take();
        let cpu_us = cpu.unwrap_or_default().as_secs_f64() * 1e6 / f64::from(u32::try_from(count)?);
        Ok(Self { rate: per_second(count, took), cpu_us })
    }

    /// What it stands for.
    pub(super) fn told(&self) -> String {
        format!(
            "Physical limit: {IN_FLIGHT} POSTs at a time from one client to the same receiver, with no \
             server in between; client and receiver took {:.0} us of CPU for each.",
            self.cpu_us
        )
    }
}
