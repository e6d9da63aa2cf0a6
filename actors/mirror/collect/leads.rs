//! Who a row is tied to: the lead that an event, a booking or a message is about, known by a state of its own or by
//! a number alone.

use sereno_workflows::id::{EntityKey, EntityKind, TenantId};
use sereno_workflows::lead::{Lead, Name};

use super::Collector;
use crate::ledger::LedgerError;
use crate::mirror::rows::{Known, Rows, Ties, Whose};
use crate::record::StateRecord;

impl Collector<'_> {
    /// The lead of an event that names none: its conversation's, who goes by its user id, or whose booking or
    /// handoff it is about.
    pub(super) fn lead_tied(
        &self,
        whose: &Whose<'_>,
        ties: &Ties,
        entity: Option<&EntityKey>,
    ) -> Result<Option<String>, LedgerError> {
        let tenant = whose.tenant;
        if let Some(talk) = &ties.conversation
            && let Some(lead) = self.ledger.conversation(tenant, talk)?.and_then(|talk| talk.lead)
        {
            return Ok(Some(lead));
        }
        if let Some(user) = &ties.user
            && let Some(lead) = self.ledger.find_lead(tenant, &Name::User(user.clone()))?
        {
            return Ok(Some(lead));
        }
        match entity.map(|entity| entity.kind) {
            Some(EntityKind::Reservation | EntityKind::Handoff) => {
                self.lead_of(whose, self.customer(tenant, entity)?.as_deref())
            }
            Some(_) | None => Ok(None),
        }
    }

    /// The lead with this number; of whom nothing else is known has the id that the number gives.
    pub(super) fn lead_of(
        &self,
        whose: &Whose<'_>,
        number: Option<&str>,
    ) -> Result<Option<String>, LedgerError> {
        let Some(number) = number else { return Ok(None) };
        if let Some(lead) = self.ledger.find_lead(whose.tenant, &Name::Phone(number.to_owned()))? {
            return Ok(Some(lead));
        }
        let Some(id) = whose.leads.of_number(number) else { return Ok(None) };
        // Who has left the number behind may have its id all the same.
        Ok(self.ledger.lead(whose.tenant, &id)?.is_none().then_some(id))
    }

    /// Adds somebody who has neither written nor called, unless the lead has a state of its own.
    pub(super) fn add_known(
        &self,
        whose: &Whose<'_>,
        id: &str,
        known: &Known<'_>,
        rows: &mut Rows,
    ) -> Result<(), LedgerError> {
        if self.ledger.lead(whose.tenant, id)?.is_none() {
            rows.known(whose, self.horizon, id, known);
        }
        Ok(())
    }

    /// Says of somebody who was known by a booking alone which lead they turned out to be.
    pub(super) fn add_turned_out(
        &self,
        whose: &Whose<'_>,
        lead: &Lead,
        rows: &mut Rows,
    ) -> Result<(), LedgerError> {
        let Some(number) = lead.phone() else { return Ok(()) };
        let id = whose.leads.of_number(number).filter(|id| *id != lead.id);
        let Some(id) = id else { return Ok(()) };
        if self.ledger.bookings_of(whose.tenant, number)?.is_empty() {
            return Ok(());
        }
        let known = Known {
            number,
            name: lead.name.as_deref(),
            locale: None,
            first_seen: lead.first_seen,
            last_seen: lead.last_seen,
            turned_out: Some(&lead.id),
        };
        self.add_known(whose, &id, &known, rows)
    }

    /// The number of the customer whom an entity is about.
    pub(super) fn customer(
        &self,
        tenant: &TenantId,
        entity: Option<&EntityKey>,
    ) -> Result<Option<String>, LedgerError> {
        let Some(entity) = entity else { return Ok(None) };
        Ok(match self.ledger.state(tenant, entity)? {
            Some(StateRecord::Reservation(booking)) => booking.wa_number,
            Some(StateRecord::Handoff(handoff)) => handoff.wa_number,
            Some(StateRecord::Lead(lead)) => lead.phone().map(str::to_owned),
            Some(StateRecord::Conversation(conversation)) => match conversation.lead {
                Some(lead) => {
                    let lead = self.ledger.lead(tenant, &lead)?;
                    lead.and_then(|lead| lead.phone().map(str::to_owned))
                }
                None => None,
            },
            Some(
                StateRecord::Tenant(_)
                | StateRecord::DeadLetters(_)
                | StateRecord::Product(_)
                | StateRecord::Alerts(_)
                | StateRecord::Reports(_),
            )
            | None => None,
        })
    }
}
