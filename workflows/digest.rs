//! Digests: notifications of one type that go out together.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::invalid::Invalid;
use crate::time::{Span, Timestamp};

/// What a digest's event type ends with, after the type of the events in it.
pub const SUFFIX: &str = ".digest";
/// Notifications in one digest at most.
pub const COUNT_MAX: usize = 100;
/// The longest time that a notification may wait for others.
pub const WAIT_MAX: Span = Span::hours(24);

/// How notifications of one type are batched (row A17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Batch {
    /// So many go out together at most, and as soon as there are so many.
    pub max: usize,
    /// The first does not wait for others for longer than this.
    pub wait: Span,
}

impl Default for Batch {
    fn default() -> Self {
        Self { max: 10, wait: Span::minutes(1) }
    }
}

impl Batch {
    /// Checks what types alone do not.
    pub fn check(&self) -> Result<(), Invalid> {
        if !(2..=COUNT_MAX).contains(&self.max) {
            return Err(Invalid::new("max", format!("must be from 2 to {COUNT_MAX}")));
        }
        if self.wait < Span::seconds(1) || self.wait > WAIT_MAX {
            return Err(Invalid::new("wait", "must be from 1s to 24h"));
        }
        Ok(())
    }

    /// Whether notifications of a type go out now: so many wait, and the first waits until then.
    pub fn is_ready(&self, waiting: usize, first_until: Timestamp, now: Timestamp) -> bool {
        waiting >= self.max || (waiting > 0 && first_until <= now)
    }
}

/// What a digest carries: the events as they would have gone out alone.
pub fn data(event_type: &str, events: Vec<Value>) -> Map<String, Value> {
    let data = json!({"count": events.len(), "event_type": event_type, "events": events});
    data.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a17_a_digest_goes_out_when_it_is_full_or_its_first_has_waited() {
        let batch = Batch { max: 3, wait: Span::seconds(30) };
        let until = Timestamp(30_000);
        for (waiting, now, ready) in
            [(0, 99_000, false), (1, 29_999, false), (1, 30_000, true), (2, 0, false), (3, 0, true)]
        {
            assert_eq!(batch.is_ready(waiting, until, Timestamp(now)), ready, "{waiting} {now}");
        }
    }

    #[test]
    fn a17_a_batch_that_makes_no_sense_is_refused() {
        for (max, wait, field) in [(1, Span::minutes(1), "max"), (10, Span::millis(10), "wait")] {
            assert_eq!(Batch { max, wait }.check().unwrap_err().field, field);
        }
        assert_eq!(Batch::default().check(), Ok(()));
    }
}
