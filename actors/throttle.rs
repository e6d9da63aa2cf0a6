//! How much comes in: requests by the address that they came to, those that are refused by who sent them,
//! and events by their tenant.
//!
//! One table for the process, which a restart begins anew: a sender gets at most one more burst by it.

use std::collections::HashMap;

use parking_lot::Mutex;
use sereno_workflows::id::TenantId;
use sereno_workflows::rate::Minute;
use sereno_workflows::throttle::{Allowed, Throttle};
use sereno_workflows::time::{Span, Timestamp};
use sha2::{Digest, Sha256};

use crate::limits::THROTTLES_MAX;

/// The table.
pub(crate) struct Throttles {
    requests: Mutex<Throttle<[u8; 16]>>,
    events: Mutex<HashMap<TenantId, Minute>>,
}

impl Throttles {
    pub(crate) fn new() -> Self {
        Self { requests: Mutex::new(Throttle::new(THROTTLES_MAX)), events: Mutex::default() }
    }

    /// Counts a request against the bucket of these names; otherwise says how long to wait.
    pub(crate) fn request(
        &self,
        names: &[&str],
        allowed: Allowed,
        now: Timestamp,
    ) -> Result<(), Span> {
        if allowed.per_minute == 0 {
            return Ok(());
        }
        self.requests.lock().take(key(names), allowed, now)
    }

    /// Says how long to wait where a request would be one too many, and counts none.
    pub(crate) fn check(
        &self,
        names: &[&str],
        allowed: Allowed,
        now: Timestamp,
    ) -> Result<(), Span> {
        self.requests.lock().check(key(names), allowed, now)
    }

    /// Counts so many events of a tenant, all or none; otherwise says how long to wait.
    pub(crate) fn events(
        &self,
        tenant: &TenantId,
        count: u32,
        most: u32,
        now: Timestamp,
    ) -> Result<(), Span> {
        if most == 0 {
            return Ok(());
        }
        let mut events = self.events.lock();
        let minute = events.entry(tenant.clone()).or_default();
        minute.take_many(count, most, now).map_err(|at| at.since(now))
    }

    /// A tenant is gone.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.events.lock().remove(tenant);
    }
}

/// A digest, since a name may be long; each is preceded by its length, so that no two rows of names are one.
fn key(names: &[&str]) -> [u8; 16] {
    let mut digest = Sha256::new();
    for name in names {
        digest.update(name.len().to_be_bytes());
        digest.update(name.as_bytes());
    }
    let mut half = [0; 16];
    half.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b12_each_row_of_names_has_a_bucket_of_its_own() {
        let throttles = Throttles::new();
        let one = Allowed { per_minute: 1, burst: 1 };
        let take = |names: &[&str]| throttles.request(names, one, Timestamp(0)).is_ok();
        assert_eq!(
            [take(&["ab", "c"]), take(&["a", "bc"]), take(&["ab", "c"])],
            [true, true, false]
        );
    }

    #[test]
    fn b12_events_are_counted_by_the_minute_and_the_tenant() {
        let throttles = Throttles::new();
        let (a, b) = ("a".parse().unwrap(), "b".parse().unwrap());
        let take = |tenant, count, at| throttles.events(tenant, count, 10, Timestamp(at));
        assert_eq!(take(&a, 8, 0), Ok(()));
        assert_eq!(take(&a, 3, 0), Err(Span::minutes(1)));
        assert_eq!(take(&b, 3, 0), Ok(()));
        assert_eq!(take(&a, 3, 60_000), Ok(()));
        assert_eq!(throttles.events(&a, 1_000, 0, Timestamp(60_000)), Ok(()));
    }
}
