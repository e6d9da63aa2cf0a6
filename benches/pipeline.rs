//! The whole road, on the real binary as a process of its own: accepted, delivered, reminded.
//!
//! ```text
//! cargo bench --bench pipeline              # all three
//! cargo bench --bench pipeline -- ingest    # durable events a second, one and a hundred a request
//! cargo bench --bench pipeline -- latency   # event to delivered, at 50 a second
//! cargo bench --bench pipeline -- million   # memory, lateness, disk and restart with a million bookings pending
//! ```
//! Load, receiver and server share the machine. Compare within one run; the CPU time of the server's
//! process for an event is the steadiest figure.

#![expect(clippy::print_stdout, reason = "figures are the bench's output")]

#[path = "pipeline/http.rs"]
mod http;
#[path = "pipeline/ingest.rs"]
mod ingest;
#[path = "pipeline/latency.rs"]
mod latency;
#[path = "pipeline/million.rs"]
mod million;
#[path = "pipeline/process.rs"]
mod process;

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        if wants("ingest") {
            ingest::run().await?;
        }
        if wants("latency") {
            latency::run().await?;
        }
        if wants("million") {
            million::run().await?;
        }
        Ok(())
    })
}
