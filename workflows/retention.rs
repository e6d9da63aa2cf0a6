//! How long what has happened is kept.

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;
use crate::time::{Span, Timestamp};

/// A tenant's choice of how long things are kept. States of bookings and handoffs are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Events, with how their deliveries stand (row B10).
    pub events: Span,
    /// Lines of the notification log.
    pub attempts: Span,
    /// What came in from customers and providers; for ever unless the tenant says otherwise (row D06).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound: Option<Span>,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |count: u64| Span::hours(24 * count);
        Self { events: days(90), attempts: days(30), inbound: None }
    }
}

/// How often a tenant is looked at again while there is always something that outlives its time.
const PAUSE_MAX: Span = Span::minutes(1);

impl Retention {
    /// What was recorded before this is no longer kept.
    pub fn cutoff(kept_for: Span, now: Timestamp) -> Timestamp {
        now.before(kept_for)
    }

    /// How long after a look the next one makes sense: what is recorded now outlives the shortest time
    /// first, and what is there already goes in batches.
    pub fn pause(&self) -> Span {
        [self.events, self.attempts].into_iter().chain(self.inbound).fold(PAUSE_MAX, Span::min)
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        for (field, span) in [
            ("events", Some(self.events)),
            ("attempts", Some(self.attempts)),
            ("inbound", self.inbound),
        ] {
            if span.is_some_and(|span| span < Span::seconds(1)) {
                return Err(Invalid::new(field, "must be a second or more"));
            }
        }
        Ok(())
    }
}
