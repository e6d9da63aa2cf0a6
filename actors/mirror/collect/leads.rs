//! Who a row is tied to: the lead that an event, a booking or a message is about, known by a state of its own or by
//! a number alone.

use sereno_workflows::id::{EntityKey, EntityKind, Sequence, TenantId};
use sereno_workflows::lead::Name;

use super::Collector;
use crate::ledger::LedgerError;
use crate::mirror::rows::{Rows, Ties, Whose};
use crate::record::StateRecord;

impl Collector<'_> {
    /// The lead of an event that names none: its conversation's, who goes by its user id, or who has the number
    /// of the booking or handoff that it is about.
    pub(super) fn lead_tied(
        &self,
        whose: &Whose<'_>,
        ties: &Ties,
        number: Option<&str>,
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
        self.lead_of(whose, number)
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

    /// Adds somebody of whom nothing but a number is known, or was before it turned out to be a lead's; unless
    /// the number tells nothing, or the id that it gives is a lead's own.
    pub(super) fn add_known(
        &self,
        whose: &Whose<'_>,
        number: &str,
        rows: &mut Rows,
    ) -> Result<(), LedgerError> {
        let Some(id) = whose.leads.of_number(number) else { return Ok(()) };
        if self.ledger.lead(whose.tenant, &id)?.is_some() {
            return Ok(());
        }
        let turned_out =
            self.ledger.find_lead_now(whose.tenant, &Name::Phone(number.to_owned()))?;
        let known = self.ledger.known_by_number(whose.tenant, number)?;
        if let Some(known) = known.filter(|known| known.was_first || turned_out.is_none()) {
            let turned_out = turned_out.as_deref();
            rows.known(whose, self.horizon, (&id, number), &known, turned_out);
        }
        Ok(())
    }

    /// The number of the customer whom an entity was about at a place.
    pub(super) fn customer(
        &self,
        tenant: &TenantId,
        entity: Option<&EntityKey>,
        place: Sequence,
    ) -> Result<Option<String>, LedgerError> {
        let Some(entity) = entity else { return Ok(None) };
        if matches!(entity.kind, EntityKind::Reservation | EntityKind::Handoff)
            && let Some(number) = self.ledger.number_at(tenant, entity, place)?
        {
            return Ok(number);
        }
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
