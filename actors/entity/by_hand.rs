//! A timer in the hands of a person: what the rules must see for it, which of them decide, and the line that
//! tells of it.

use std::sync::Arc;

use sereno_workflows::alerts::{Figures, Watch};
use sereno_workflows::dead_letters::Sight;
use sereno_workflows::effect::{Rejected, Transition};
use sereno_workflows::policy::Policy;
use sereno_workflows::product::Page;
use sereno_workflows::time::Timestamp;
use sereno_workflows::timer::{ByHand, Wish};
use sereno_workflows::{conversation, handoff, product, reservation};

use super::Entity;
use super::decide::{Command, Deed, wrapped};
use crate::ledger::{Draft, LedgerError};
use crate::limits::alerts::QUIET;
use crate::record::{HistoryKind, HistoryRecord, StateRecord};
use crate::view::TenantView;

/// What a person wants of a timer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// What.
    pub(crate) asked: ByHand,
    /// What else there is of the entity.
    seen: Seen,
}

/// What the rules must see beside an entity's state.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Nothing,
    Letters(Sight),
    Figures(Arc<Figures>),
    People(Page),
}

impl Asked {
    /// What a person wants; what is seen is added by the entity itself.
    pub(crate) fn new(asked: ByHand) -> Self {
        Self { asked, seen: Seen::Nothing }
    }
}

/// Lets the entity's workflow decide.
pub(super) fn decide(
    id: &str,
    present: &StateRecord,
    Asked { asked, seen }: &Asked,
    deed: &Deed,
    (now, policy): (Timestamp, &Policy),
) -> Result<Transition<StateRecord>, Rejected> {
    let settings = &policy.settings;
    match (present, seen) {
        (StateRecord::Reservation(booking), _) => {
            let ctx = reservation::Context { now, policy, origin: deed.origin };
            Ok(wrapped(booking.by_hand(asked, ctx)?, StateRecord::Reservation))
        }
        (StateRecord::Handoff(handoff), _) => {
            let ctx = handoff::Context { now, at: deed.at, policy, announce: true };
            Ok(wrapped(handoff.by_hand(asked, ctx)?, StateRecord::Handoff))
        }
        (StateRecord::Conversation(talk), _) => {
            let ctx = conversation::Context { id, now, at: deed.at, policy, announce: true };
            Ok(wrapped(talk.by_hand(asked, ctx)?, StateRecord::Conversation))
        }
        (StateRecord::Product(product), Seen::People(page)) => {
            let ctx = product::Context { id, now, at: deed.at, policy };
            Ok(wrapped(product.by_hand(asked, page, ctx)?, StateRecord::Product))
        }
        (StateRecord::DeadLetters(pile), Seen::Letters(sight)) => {
            let done = pile.by_hand(asked, *sight, &settings.dead_letters, now)?;
            Ok(wrapped(done, StateRecord::DeadLetters))
        }
        (StateRecord::Alerts(alerts), Seen::Figures(figures)) => {
            let watch = Watch { rules: &settings.alerts, quiet: QUIET };
            let done = alerts.by_hand(asked, figures, watch, now)?;
            Ok(wrapped(done, StateRecord::Alerts))
        }
        (StateRecord::Reports(reports), _) => Err(reports.by_hand(asked)),
        (
            StateRecord::Product(_)
            | StateRecord::DeadLetters(_)
            | StateRecord::Alerts(_)
            | StateRecord::Tenant(_)
            | StateRecord::Lead(_),
            _,
        ) => Err(asked.gone()),
    }
}

impl Entity {
    /// A command of a person's with what the rules must see for it; every other one as it is.
    pub(super) fn with_sight(
        &self,
        command: Command,
        present: Option<&StateRecord>,
        view: &TenantView,
    ) -> Result<Command, LedgerError> {
        let Command::ByHand(mut asked) = command else { return Ok(command) };
        asked.seen = match present {
            Some(StateRecord::DeadLetters(_)) => {
                Seen::Letters(self.ledger.dead_letters_at_sight(&self.tenant)?)
            }
            Some(StateRecord::Alerts(_)) => Seen::Figures(self.ledger.figures(view)?),
            Some(StateRecord::Product(product)) => match product.meant(&asked.asked) {
                Some(wave) => Seen::People(self.page(&product.sku, wave, view)?),
                None => Seen::Nothing,
            },
            Some(
                StateRecord::Reservation(_)
                | StateRecord::Handoff(_)
                | StateRecord::Conversation(_)
                | StateRecord::Tenant(_)
                | StateRecord::Reports(_)
                | StateRecord::Lead(_),
            )
            | None => Seen::Nothing,
        };
        Ok(Command::ByHand(asked))
    }

    /// Adds what a person did with a timer to the history that tells of the entity; a booking has its own.
    pub(super) fn remember_by_hand(
        &self,
        draft: &mut Draft,
        command: &Command,
        state: &StateRecord,
        at: Timestamp,
    ) {
        let Command::ByHand(asked) = command else { return };
        let (owner, kind, talk) = match state {
            StateRecord::Handoff(handoff) => {
                let talk = &handoff.conversation_id;
                (handoff.wa_number.as_ref().unwrap_or(talk), HistoryKind::Handoff, talk)
            }
            StateRecord::Conversation(talk) => {
                (talk.lead.as_ref().unwrap_or(&talk.id), HistoryKind::Conversation, &talk.id)
            }
            StateRecord::Reservation(_)
            | StateRecord::Tenant(_)
            | StateRecord::DeadLetters(_)
            | StateRecord::Lead(_)
            | StateRecord::Product(_)
            | StateRecord::Reports(_)
            | StateRecord::Alerts(_) => return,
        };
        let event_type = match asked.asked.wish {
            Wish::Fire => "timer.fired",
            Wish::Cancel => "timer.cancelled",
            Wish::MoveTo(_) => "timer.moved",
        };
        let line = HistoryRecord {
            at,
            kind,
            event_type: event_type.to_owned(),
            event_id: String::new(),
            event: None,
            delivery: None,
            conversation: Some(talk.clone()),
            about: None,
            text: Some(asked.asked.told()),
        };
        draft.history(owner, self.ledger.sequence(), &line);
    }
}
