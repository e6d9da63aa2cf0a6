//! What time it is: the system's, or a virtual one for tests.

use std::time::SystemTime;

use sereno_workflows::time::Timestamp;

/// A source of the present moment.
#[derive(Debug, Clone, Copy, Default)]
pub enum Now {
    /// The system's clock.
    #[default]
    System,
    /// A start and what tokio's clock has counted since; stands still where tokio's time is paused.
    Virtual {
        /// The moment at which it began.
        start: Timestamp,
        /// Tokio's clock at that moment.
        since: tokio::time::Instant,
    },
}

impl Now {
    /// The present moment.
    pub fn timestamp(&self) -> Timestamp {
        Timestamp(i64::try_from(self.micros() / 1_000).unwrap_or(i64::MAX))
    }

    /// The present moment in microseconds since 1970.
    pub fn micros(&self) -> u64 {
        let micros = match self {
            Self::System => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |elapsed| elapsed.as_micros()),
            Self::Virtual { start, since } => {
                u128::from(start.0.unsigned_abs()) * 1_000 + since.elapsed().as_micros()
            }
        };
        u64::try_from(micros).unwrap_or(u64::MAX)
    }
}
