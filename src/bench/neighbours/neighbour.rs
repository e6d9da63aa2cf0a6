//! The tenants beside the healthy one, each with a way of its own to be a burden.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sereno_actors::priority::give_way;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::super::load::{OpenLoop, batches};
use super::super::sink::{Manner, Sink};
use super::super::subject::{Customer, Subject};
use crate::receiver::any_port;

/// How much the neighbours' side gives way to the server and the measurement, on the scale of nice(1): other
/// customers' machines take nothing of the server's processors.
const NICE: i32 = 10;

/// A way to be a burden.
#[derive(Debug, Clone, Copy)]
pub(super) enum Neighbour {
    /// Takes requests and never answers.
    Hole,
    /// Answers after [`SLOW`].
    Slow,
    /// Refuses connections.
    Refused,
    /// Sends [`BURST`] events at once in the middle.
    Burst,
    /// Sends [`GREED`] times what the healthy one does.
    Greedy,
}

/// The healthy tenant's pace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) per_second: u32,
    /// How long is measured.
    pub(super) span: Duration,
    /// Whether neighbours are there only a little before.
    pub(super) quick: bool,
}

const SLOW: Duration = Duration::from_secs(10);
const BURST: usize = 5_000;
const GREED: u32 = 100;
/// Connections that bring the burst.
const BURST_CONNECTIONS: usize = 8;
/// How long before the healthy tenant's first event a neighbour is there in a quick run.
const LEAD_QUICK: Duration = Duration::from_secs(5);
/// How long a neighbour goes on, beyond what is measured, unless it is taken away before.
const BEYOND: Duration = Duration::from_secs(60);

impl Neighbour {
    pub(super) const ALL: [Self; 5] =
        [Self::Hole, Self::Slow, Self::Refused, Self::Burst, Self::Greedy];

    /// How long before the healthy tenant's first event it is there.
    pub(super) fn lead(self, pace: Pace) -> Duration {
        match self {
            Self::Hole | Self::Slow if pace.quick => LEAD_QUICK,
            Self::Hole => Duration::from_secs(30),
            Self::Slow => Duration::from_secs(15),
            Self::Refused | Self::Burst | Self::Greedy => Duration::ZERO,
        }
    }

    async fn sink(self) -> anyhow::Result<(Option<Sink>, String)> {
        let manner = match self {
            Self::Hole => Manner::Hole,
            Self::Slow => Manner::Slow(SLOW),
            Self::Burst | Self::Greedy => Manner::Answers,
            Self::Refused => {
                let address = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 0));
                let address = TcpListener::bind(address).await?.local_addr()?;
                return Ok((None, format!("http://{address}/hook")));
            }
        };
        let sink = Sink::start(any_port(), manner).await?;
        let url = sink.url();
        Ok((Some(sink), url))
    }
}

/// Neighbours at work, on a runtime of their own: what measures the healthy tenant must not wait in one
/// queue with what makes the load of the others. They end with it.
pub(super) struct Crowd {
    /// Each ends only if it fails.
    pub(super) tasks: JoinSet<anyhow::Result<()>>,
    runtime: Option<Runtime>,
}

impl Drop for Crowd {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Brings neighbours in, each so long before the healthy tenant begins, which is after `lead`.
pub(super) async fn start(
    subject: &Subject,
    neighbours: &[Neighbour],
    pace: Pace,
    lead: Duration,
) -> anyhow::Result<Crowd> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("bench-beside")
        .on_thread_start(|| give_way(NICE))
        .enable_all()
        .build()?;
    let mut tasks = JoinSet::new();
    for neighbour in neighbours.iter().copied() {
        let (sink, url) = runtime.spawn(neighbour.sink()).await??;
        let customer = subject.tenant("beside", json!({})).await?;
        customer.subscribe(&url).await?;
        let wait = lead - neighbour.lead(pace);
        let work = async move {
            tokio::time::sleep(wait).await;
            be(neighbour, customer, pace).await?;
            // Its receiver stays for what is still on its way.
            std::future::pending::<()>().await;
            drop(sink);
            Ok(())
        };
        tasks.spawn_on(work, runtime.handle());
    }
    Ok(Crowd { tasks, runtime: Some(runtime) })
}

async fn be(neighbour: Neighbour, customer: Customer, pace: Pace) -> anyhow::Result<()> {
    let span = pace.span + BEYOND;
    match neighbour {
        Neighbour::Hole | Neighbour::Slow | Neighbour::Refused => {
            OpenLoop::new(customer).run(pace.per_second, span, 1).await.map(drop)
        }
        Neighbour::Burst => {
            tokio::time::sleep(pace.span / 2).await;
            batches(&customer, 1..BURST + 1, BURST_CONNECTIONS, &Arc::default()).await
        }
        Neighbour::Greedy => {
            OpenLoop::new(customer).run(pace.per_second * GREED, pace.span, 1).await.map(drop)
        }
    }
}
