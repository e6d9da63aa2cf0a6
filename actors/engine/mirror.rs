//! The mirror as the edge sees it.

use std::sync::Arc;

use sereno_workflows::id::TenantId;

use super::{Engine, EngineError};
use crate::ledger::{Ledger, LedgerError};
use crate::mirror::feed::Feed;
use crate::mirror::{MirrorConfig, MirrorStatus};
use crate::root::Followed;

/// Has what is committed from now on looked at for the mirror, if there is one.
pub(super) async fn follow(
    ledger: &Ledger,
    config: Option<MirrorConfig>,
) -> Result<Option<Followed>, LedgerError> {
    let noted = ledger.note_for_mirror(config.is_some()).await?;
    let Some(config) = config else { return Ok(None) };
    let feed = Arc::new(Feed::open(ledger)?);
    ledger.follow(Arc::clone(&feed));
    Ok(Some(Followed { config, feed, noted }))
}

impl Engine {
    /// How a tenant's mirror is; `None` where the server has none. Reads up to ten thousand rows.
    pub fn mirror_status(&self, tenant: &TenantId) -> Result<Option<MirrorStatus>, EngineError> {
        self.listing(tenant)?;
        let Some(feed) = &self.feed else { return Ok(None) };
        let ledger = &self.around.ledger;
        let (cursor, skipped) = feed.place(tenant);
        let (lag_events, first) = ledger.events_left(tenant, cursor)?;
        let now = ledger.now().timestamp();
        let health = feed.health();
        let state = match (health.is_up, health.is_refused, lag_events) {
            (true, _, 0) => "current",
            (true, _, _) => "catching_up",
            (false, true, _) => "refused",
            (false, false, _) if health.last_error.is_none() => "connecting",
            (false, false, _) => "down",
        };
        let place = ledger.mirrored(tenant)?.unwrap_or_default();
        Ok(Some(MirrorStatus {
            state,
            lag_events,
            lag_seconds: first.map_or(0, |first| now.since(first.moment()).0 / 1_000),
            last_error: health.last_error,
            cursor,
            mirrored: place.count,
            skipped,
            refused: place.refused,
        }))
    }
}
