//! Has the rules for alerts held against what was counted: a while after something was, however much it is.

use std::collections::BTreeMap;
use std::time::Duration;

use ractor::ActorRef;
use sereno_workflows::id::EntityKey;

use super::{Tenant, TenantMessage, TenantState};
use crate::entity::{Command, Deed, Origin};
use crate::ledger::{Draft, LedgerError};
use crate::limits;

impl Tenant {
    /// Something was counted: the rules are looked at in a while.
    pub(super) fn counted(myself: &ActorRef<TenantMessage>) {
        let while_ = Duration::from_millis(limits::alerts::PAUSE_MS);
        // The handle is not kept: the task ends by itself, and a look too many does no harm.
        drop(myself.send_after(while_, || TenantMessage::Look));
    }

    /// Holds the rules against what was counted up to now.
    pub(super) async fn look(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
    ) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        ledger.statistics().look(&state.view.id);
        let figures = ledger.figures(&state.view)?;
        let now = ledger.now().timestamp();
        let deed = Deed::unprompted(Command::Measure(figures), Origin::Clock, now);
        let deeds = BTreeMap::from([(EntityKey::alerts(), vec![deed])]);
        let draft = Draft::new(&state.view.id);
        self.spread(myself, state, draft, deeds, Box::new(|_| ())).await;
        Ok(())
    }
}
