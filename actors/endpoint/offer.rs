//! What an endpoint does with an offered delivery: attempts it at once if it can, queues it otherwise.

use std::sync::Arc;

use ractor::ActorRef;
use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;

use super::attempt::Start;
use super::{EndpointActor, EndpointMessage, EndpointState, Standing};
use crate::announce::first;
use crate::fan_out::{Offer, Share};
use crate::ledger::queue::Queued;
use crate::ledger::{Draft, LedgerError};
use crate::record::DeliveryRecord;
use crate::store::committer::Haste;
use crate::view::TenantView;

impl EndpointActor {
    /// Attempts an offered delivery, or queues it where there is no room for it now, which is to be waited for.
    pub(super) fn consider(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        view: Arc<TenantView>,
        offer: Offer,
    ) -> Result<Option<impl Future<Output = ()> + Send + use<'_>>, LedgerError> {
        let Offer { delivery, event: (place, event), due, again, share, .. } = offer;
        if let Some(standing) = state.under_way.get_mut(&delivery) {
            // Whoever offered it before is gone.
            match standing {
                Standing::Offered(waiting) => *waiting = share,
                Standing::Secured => share.secured(),
            }
            return Ok(None);
        }
        let whose = (place, delivery);
        let together = self.batch(&view).map(|batch| (batch, event.event_type.as_str()));
        let waits = together.is_some() || self.is_ordered(&view);
        let (due, record) = first(place, together, due);
        if again && self.around.ledger.is_secured(&self.tenant, whose, (self.id, due))? {
            share.secured();
            return Ok(None);
        }
        let now = self.around.ledger.now().timestamp();
        let has_room = state.under_way.len() < self.room(state, &view, now)?;
        let goes = !waits && has_room && self.take_turn(&view, (delivery, &record), now).is_ok();
        if !goes {
            state.view = Some(view);
            return Ok(Some(self.queue(delivery, due, &record, share)));
        }
        state.under_way.insert(delivery, Standing::Offered(share));
        let queued = Queued { due, delivery, record };
        self.begin(myself, state, &view, Start { queued, event: Some(event), offered: true });
        state.view = Some(view);
        Ok(None)
    }

    /// An offered delivery takes its time: whoever offered it need not wait once it is queued.
    pub(super) fn set_aside(
        &self,
        state: &mut EndpointState,
        queued: &Queued,
    ) -> Option<impl Future<Output = ()> + Send + use<'_>> {
        let share = state.secure(queued.delivery)?;
        Some(self.queue(queued.delivery, queued.due, &queued.record, share))
    }

    fn queue(
        &self,
        delivery: Sequence,
        due: Timestamp,
        record: &DeliveryRecord,
        share: Share,
    ) -> impl Future<Output = ()> + Send + use<'_> {
        let mut draft = Draft::new(&self.tenant);
        draft.enqueue(self.id, due, delivery, record);
        let (after, hints) = (draft.take_after(), Arc::clone(&self.around.hints));
        let tenant = self.tenant.clone();
        let then = Box::new(move || {
            hints.carry_out(&tenant, after);
            share.secured();
        });
        self.around.ledger.commit_in(Haste::Gathered, draft, then)
    }
}
