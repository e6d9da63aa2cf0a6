//! What a tenant may have of the server: deliveries out, events and requests in.

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;
use crate::throttle::Allowed;

/// What a tenant may have of the server.
///
/// Row B12 has 100 requests a minute for an address, 50 for a sender and 10 at once: figures of one shop's
/// system. They would break a WhatsApp line, on which Meta alone may post hundreds of times a second. So
/// what is signed and genuine has a bound that only a broken sender meets, each source may be given the
/// row's own (`limit: {per_minute: 100, per_ip_per_minute: 50, burst: 10}`), and the row's figure for a
/// sender holds for what is refused: who guesses at signatures gets no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Attempts at deliveries in any minute; what is more waits its turn on disk (row E03). 0: as many as
    /// there are.
    pub deliveries_per_minute: u32,
    /// Events taken by `POST /api/v1/events` in any minute; what is more gets 429. 0: as many as come.
    pub events_per_minute: u32,
    /// Requests in a minute, in the long run, to each of the tenant's addresses for inbound webhooks, where
    /// the source does not say. 0: as many as come.
    pub inbound_per_minute: u32,
    /// So many of them at once after a rest.
    pub inbound_burst: u32,
    /// Requests in a minute from one sender that are refused, such as for a wrong signature, before 429
    /// takes the place of the reason and nothing more is written down. 0: as many as come.
    pub inbound_refused_per_minute: u32,
}

/// So many refused requests of one sender at once, after a rest.
const REFUSED_BURST: u32 = 10;

impl Default for Limits {
    fn default() -> Self {
        Self {
            deliveries_per_minute: 1_000,
            events_per_minute: 0,
            // Meta sends at most 1,000 messages a second to a number, and three statuses for each.
            inbound_per_minute: 300_000,
            inbound_burst: 10_000,
            inbound_refused_per_minute: 50,
        }
    }
}

impl Limits {
    /// What each of the tenant's addresses may get.
    pub fn inbound(&self) -> Allowed {
        Allowed { per_minute: self.inbound_per_minute, burst: self.inbound_burst }
    }

    /// How much of one sender may be refused before it is no longer looked at.
    pub fn refused(&self) -> Allowed {
        let burst = REFUSED_BURST.min(self.inbound_refused_per_minute);
        Allowed { per_minute: self.inbound_refused_per_minute, burst }
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.inbound_per_minute > 0 && self.inbound_burst == 0 {
            return Err(Invalid::new("inbound_burst", "must be 1 or more"));
        }
        Ok(())
    }
}
