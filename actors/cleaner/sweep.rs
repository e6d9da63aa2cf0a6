//! Which events go, and which have outlived their time but are still awaited by an endpoint.

use std::collections::{HashMap, HashSet};

use sereno_workflows::id::{EndpointId, Sequence};

use crate::endpoint::config::Kind;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits::{CLEANED_PER_STEP_MAX, DELIVERIES_PER_EVENT_MAX, SCAN_ROWS_MAX};
use crate::record::{AttemptStatus, DeliveryStatusRecord, EventRecord, LeftoverRecord, Source};
use crate::view::TenantView;

/// One step of cleaning away a tenant's events.
pub(super) struct Sweep<'a> {
    ledger: &'a Ledger,
    view: &'a TenantView,
    draft: &'a mut Draft,
    /// Rows that may still be removed in this step.
    room: usize,
    /// Rows that may still be looked at.
    looks: usize,
}

/// Which events: what came in from outside has a time of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Own,
    Inbound,
}

type Statuses = [(Sequence, DeliveryStatusRecord)];

impl<'a> Sweep<'a> {
    pub(super) fn new(ledger: &'a Ledger, view: &'a TenantView, draft: &'a mut Draft) -> Self {
        Self { ledger, view, draft, room: CLEANED_PER_STEP_MAX, looks: SCAN_ROWS_MAX }
    }

    /// Removes events from a place on that are older than another; answers whether there are more.
    pub(super) fn events(
        &mut self,
        which: Which,
        place: &mut Sequence,
        cutoff: Sequence,
    ) -> Result<bool, LedgerError> {
        let (events, more) =
            self.ledger.events_from(&self.view.id, *place..cutoff, CLEANED_PER_STEP_MAX)?;
        for (sequence, event) in &events {
            if self.room == 0 || self.looks == 0 {
                return Ok(true);
            }
            match event {
                Some(event) if (event.source == Source::Customer) == (which == Which::Inbound) => {
                    self.forget(*sequence, event, None)?;
                }
                Some(_) => {}
                None => tracing::error!(tenant = %self.view.id, event = %sequence.to_text(),
                    "an event that cannot be read has outlived its time"),
            }
            *place = sequence.next();
        }
        Ok(more)
    }

    /// Goes on with what was left over, after a place; answers whether it is worth to go on at once.
    pub(super) fn leftovers(&mut self, place: &mut Sequence) -> Result<bool, LedgerError> {
        let found = self.ledger.leftovers(&self.view.id, *place, CLEANED_PER_STEP_MAX)?;
        let before = self.room;
        for (sequence, why) in &found {
            if self.room == 0 || self.looks == 0 {
                return Ok(true);
            }
            let event = self.ledger.event(&self.view.id, *sequence)?;
            match (event, why) {
                (None, _) => self.draft.forget_leftover(*sequence),
                (Some(event), LeftoverRecord::Awaited) => {
                    self.forget(*sequence, &event, Some(*why))?;
                }
                (Some(event), LeftoverRecord::Going) => {
                    if !self.go_on(*sequence, &event)? {
                        return Ok(true);
                    }
                }
            }
            *place = *sequence;
        }
        let more = found.len() == CLEANED_PER_STEP_MAX;
        if !more {
            *place = Sequence(0);
        }
        Ok(more && self.room < before)
    }

    /// Removes an event, unless it is awaited, or has more rows than there is room for.
    fn forget(
        &mut self,
        sequence: Sequence,
        event: &EventRecord,
        left_over: Option<LeftoverRecord>,
    ) -> Result<(), LedgerError> {
        let statuses = self.ledger.statuses(&self.view.id, sequence, DELIVERIES_PER_EVENT_MAX)?;
        self.looks = self.looks.saturating_sub(1 + statuses.len());
        if self.is_awaited(event, &statuses) {
            if left_over.is_none() {
                self.draft.leave_over(sequence, LeftoverRecord::Awaited);
            }
            return Ok(());
        }
        self.room -= 1;
        if statuses.len() > self.room {
            self.draft.leave_over(sequence, LeftoverRecord::Going);
            return Ok(());
        }
        self.remove(sequence, event, &statuses)?;
        self.draft.forget_event(sequence, event);
        self.draft.forget_leftover(sequence);
        Ok(())
    }

    /// Removes a piece of an event that has many rows; answers whether it was the last.
    fn go_on(&mut self, sequence: Sequence, event: &EventRecord) -> Result<bool, LedgerError> {
        let statuses = self.ledger.statuses(&self.view.id, sequence, self.room)?;
        self.remove(sequence, event, &statuses)?;
        if self.room == 0 {
            return Ok(false);
        }
        self.draft.forget_event(sequence, event);
        self.draft.forget_leftover(sequence);
        self.room -= 1;
        Ok(true)
    }

    fn remove(
        &mut self,
        sequence: Sequence,
        event: &EventRecord,
        statuses: &Statuses,
    ) -> Result<(), LedgerError> {
        let own: HashSet<Sequence> =
            event.deliveries.to_vec().into_iter().map(|(_, delivery)| delivery).collect();
        for (delivery, status) in statuses {
            self.draft.forget_status(sequence, *delivery);
            if !own.contains(delivery) {
                self.draft.forget_late(*delivery);
            }
            if self.may_have_receipt(EndpointId(status.endpoint)) {
                if let Some(receipt) = self.ledger.receipt(&self.view.id, *delivery)? {
                    self.draft.forget_receipt(*delivery, &receipt);
                }
                self.draft.forget_words(*delivery);
            }
        }
        self.room -= statuses.len();
        Ok(())
    }

    /// Only what went over WhatsApp has; an endpoint that is gone may have been of that kind.
    fn may_have_receipt(&self, id: EndpointId) -> bool {
        let kind = self.view.endpoints.get(&id).map(|endpoint| endpoint.config.kind);
        kind.is_none_or(|kind| kind == Kind::Whatsapp)
    }

    /// Whether some of an event's deliveries have not come to their end.
    fn is_awaited(&self, event: &EventRecord, statuses: &Statuses) -> bool {
        let ended = |status: &DeliveryStatusRecord| match status.status {
            AttemptStatus::Sent
            | AttemptStatus::Dead
            | AttemptStatus::Collected
            | AttemptStatus::Withdrawn => true,
            AttemptStatus::Retrying => false,
        };
        let known: HashMap<Sequence, bool> =
            statuses.iter().map(|(delivery, status)| (*delivery, ended(status))).collect();
        let own = event.deliveries.to_vec();
        let is_there = |to: &DeliveryStatusRecord| self.view.has_endpoint(EndpointId(to.endpoint));
        let mut others = statuses.iter().filter(|(_, status)| is_there(status));
        own.iter().any(|(endpoint, delivery)| {
            let ended = known.get(delivery).copied().unwrap_or_default();
            self.view.endpoints.contains_key(endpoint) && !ended
        }) || others.any(|(_, status)| !ended(status))
    }
}
