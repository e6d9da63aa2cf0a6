//! The paces that Slack and WhatsApp set: what comes faster waits on disk, without an attempt.
//!
//! A pace for all that goes to a place (a Slack webhook, what a WhatsApp number sends) holds up the whole
//! queue, and the clock tells when to go on. The pace of one customer holds up that customer alone: the
//! delivery is moved in the queue to a moment of its own, and the others go past it.

use sereno_workflows::id::EndpointId;
use sereno_workflows::line::MESSAGES_PER_SECOND;
use sereno_workflows::pace::{Pace, SLACK, WHATSAPP_CUSTOMER};
use sereno_workflows::rate::Whose;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Timestamp;

use super::attempt::Ended;
use super::config::Kind;
use super::{EndpointActor, EndpointState};
use crate::channel::whatsapp::TOO_MANY_TO_ONE;
use crate::ledger::Draft;
use crate::ledger::queue::Queued;
use crate::paces::Paced;
use crate::record::DeliveryRecord;
use crate::view::TenantView;

impl EndpointActor {
    /// The pace of everything that goes where this endpoint's deliveries go: whose, and how many in a second.
    pub(super) fn pace_of_all(&self, view: &TenantView) -> Option<(Paced, Whose, u32)> {
        match view.endpoints.get(&self.id).map(|endpoint| endpoint.config.kind) {
            Some(Kind::Slack) => {
                let endpoint = view.endpoints.get(&self.id)?;
                Some((Paced::new(&["slack", &endpoint.config.target], SLACK), Whose::Slack, 1))
            }
            Some(Kind::Webhook | Kind::Email) => None,
            None if self.id == EndpointId::READERS => None,
            Some(Kind::Whatsapp) | None => {
                let line = view.policy.settings.whatsapp.as_ref()?;
                let most = line.messages_per_second.unwrap_or(MESSAGES_PER_SECOND);
                let number = &["whatsapp", &*line.phone_number_id];
                Some((Paced::new(number, Pace::per_second(most)), Whose::Number, most))
            }
        }
    }

    /// The pace of the customer to whom a delivery goes.
    pub(super) fn pace_of_customer(
        &self,
        view: &TenantView,
        delivery: &DeliveryRecord,
    ) -> Option<Paced> {
        let to = match (&delivery.tell, view.endpoints.get(&self.id)) {
            (Some(_), _) if self.id == EndpointId::READERS => return None,
            (Some(tell), _) => &tell.to,
            (None, Some(endpoint)) if endpoint.config.kind == Kind::Whatsapp => {
                &endpoint.config.target
            }
            (None, Some(_) | None) => return None,
        };
        let line = &view.policy.settings.whatsapp.as_ref()?.phone_number_id;
        let digits: String = to.chars().filter(char::is_ascii_digit).collect();
        Some(Paced::new(&["whatsapp", line, &digits], WHATSAPP_CUSTOMER))
    }

    /// Moves a delivery in the queue to the moment at which its customer may be written to.
    pub(super) fn postpone(
        &self,
        draft: &mut Draft,
        queued: &Queued,
        paced: Paced,
        now: Timestamp,
    ) {
        let at = self.around.paces.line_up(paced, now);
        draft.dequeue(self.id, queued.due, queued.delivery);
        draft.enqueue(self.id, at, queued.delivery, &queued.record);
        self.around.hints.deliver_at(&self.tenant, self.id, at);
    }

    /// Meta says that a customer gets too much: the others of theirs wait too.
    pub(super) fn slow_down(&self, state: &EndpointState, ended: &Ended, now: Timestamp) {
        let Outcome::Retry { code: TOO_MANY_TO_ONE, after: Some(after), .. } = &ended.outcome
        else {
            return;
        };
        let paced =
            state.view.as_ref().and_then(|view| self.pace_of_customer(view, &ended.queued.record));
        if let Some(paced) = paced {
            self.around.paces.hold(paced, now.after(*after), now);
        }
    }
}

/// Why a delivery cannot be attempted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// None of the queue can, before this moment.
    All(Timestamp),
    /// Its customer was written to too often; others can be.
    Customer {
        /// The customer's pace.
        paced: Paced,
        /// When another may go.
        at: Timestamp,
    },
}
