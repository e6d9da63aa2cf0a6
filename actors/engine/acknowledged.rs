//! Causes of dead letters that people take note of, so that what is new stands out.

use sereno_workflows::dead_letters::Fault;
use sereno_workflows::id::{EndpointId, Sequence, TenantId};

use super::{Engine, EngineError};
use crate::ledger::{Draft, LedgerError};
use crate::limits::work::{ACKNOWLEDGED_MAX, ACKNOWLEDGED_ROWS};
use crate::record::{AcknowledgedRecord, Selection};

impl Engine {
    /// Notes that somebody has taken note of a cause; returns once that is durable. What no dead letter can be
    /// older than any more is forgotten by the way.
    pub async fn acknowledge(
        &self,
        tenant: &TenantId,
        record: &AcknowledgedRecord,
    ) -> Result<(), EngineError> {
        // One after the other, so that their count holds; and a tenant that is being deleted gets none.
        let _alone = self.gate.lock().await;
        let keep = self.view(tenant)?.policy.settings.dead_letters.keep;
        let oldest = self.around.ledger.now().timestamp().before(keep);
        let mut draft = Draft::new(tenant);
        let mut count = 0;
        for other in self.around.ledger.acknowledged(tenant)? {
            let is_same = (other.fault, &other.cause) == (record.fault, &record.cause);
            if other.signed.at < oldest {
                draft.forget_acknowledged(other.fault, &other.cause);
            } else if !is_same {
                count += 1;
            }
        }
        if count >= ACKNOWLEDGED_MAX {
            let what = "causes of dead letters that are acknowledged";
            return Err(EngineError::TooMany { count: ACKNOWLEDGED_MAX, what });
        }
        draft.acknowledge(record);
        self.around.ledger.commit_and_wait(draft).await;
        Ok(())
    }

    /// Takes that back; answers what was noted.
    pub async fn forget_acknowledged(
        &self,
        tenant: &TenantId,
        (fault, cause): (Fault, &str),
    ) -> Result<AcknowledgedRecord, EngineError> {
        let _alone = self.gate.lock().await;
        self.view(tenant)?;
        let all = self.around.ledger.acknowledged(tenant)?;
        let found = all.into_iter().find(|one| (one.fault, &*one.cause) == (fault, cause));
        let found = found.ok_or(EngineError::NotFound("acknowledged cause"))?;
        let mut draft = Draft::new(tenant);
        draft.forget_acknowledged(fault, cause);
        self.around.ledger.commit_and_wait(draft).await;
        Ok(found)
    }

    /// Whether anything was given up for a cause; reads many rows, so it belongs on a thread that may block.
    pub fn has_dead_letter(
        &self,
        tenant: &TenantId,
        wanted: &Selection,
    ) -> Result<bool, LedgerError> {
        let mut before = Sequence(u64::MAX);
        loop {
            let range = (wanted.endpoint.map(EndpointId), Sequence(0)..before);
            let page = self.around.ledger.dead_letters(tenant, range, true, ACKNOWLEDGED_ROWS)?;
            if page.iter().any(|(_, letter)| wanted.means_letter(letter)) {
                return Ok(true);
            }
            match page.last() {
                Some((last, _)) if page.len() == ACKNOWLEDGED_ROWS => before = *last,
                Some(_) | None => return Ok(false),
            }
        }
    }
}
