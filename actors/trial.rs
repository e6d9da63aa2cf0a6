//! Engines for tests: in memory or on a directory, at whatever moment of virtual time.

use std::path::Path;
use std::time::Duration;

use sereno_workflows::retry::RetryPolicy;
use sereno_workflows::time::Timestamp;
use tokio::time::Instant;

use crate::channel::ChannelConfig;
use crate::engine::{Engine, EngineConfig};
use crate::now::Now;

/// How an engine is set up that a test needs nothing special of.
pub(crate) fn config(directory: Option<&Path>, now: Now) -> EngineConfig {
    EngineConfig {
        directory: directory.map(Path::to_owned),
        cache_bytes: 1 << 20,
        salvage: false,
        master_key: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
        channels: ChannelConfig::default(),
        smtp: None,
        retry: RetryPolicy::default(),
        now,
        search: false,
        figures: true,
        mirror: None,
        tracing: None,
    }
}

/// The time of an engine that is started at a moment.
pub(crate) fn starting(start: Timestamp) -> Now {
    Now::Virtual { start, since: Instant::now() }
}

/// An engine on a directory at a moment.
pub(crate) async fn engine(directory: &Path, start: Timestamp) -> Engine {
    engine_with(directory, start, |_| {}).await
}

/// The same, set up otherwise; the one before it may need a moment to let go.
pub(crate) async fn engine_with(
    directory: &Path,
    start: Timestamp,
    change: impl Fn(&mut EngineConfig),
) -> Engine {
    for _ in 0..500 {
        let mut config = config(Some(directory), starting(start));
        change(&mut config);
        if let Ok(engine) = Engine::start(config).await {
            return engine;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the directory is still in use");
}

/// Ends an engine and lets go of its directory.
pub(crate) async fn end(engine: Engine) {
    engine.stop(Duration::from_secs(1)).await;
}
