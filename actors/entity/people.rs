//! What an entity keeps of people in its commits, and the people of a product at whom a wave has come.
//!
//! Lines of a history stand under a lead where the tenant knew it, and under the number otherwise: whoever
//! reads a lead's history reads those of its numbers as well. So a reminder costs no look for its lead.

use std::collections::BTreeSet;

use sereno_workflows::effect::{Note, Signal};
use sereno_workflows::id::{EntityKey, EventId, Sequence};
use sereno_workflows::line::MESSAGES_PER_SECOND;
use sereno_workflows::message::Message;
use sereno_workflows::product::{self, Aim, Page, Viewer, Wave};
use sereno_workflows::time::Timestamp;
use sereno_workflows::{conversation, lead};

use super::Entity;
use super::decide::{self, Command};
use crate::announce::own_id;
use crate::channel::wording::shorten;
use crate::ledger::timeline::booking_line;
use crate::ledger::{Draft, LedgerError};
use crate::limits;
use crate::record::{HistoryKind, HistoryRecord, StateRecord, ViewerRecord};
use crate::view::TenantView;

/// An event about an entity.
pub(super) struct Happened<'a> {
    /// Its id.
    pub(super) id: Option<EventId>,
    /// Its type.
    pub(super) event_type: &'a str,
    /// When it happened, as its teller says.
    pub(super) at: Timestamp,
    /// Whether a workflow tells of it.
    pub(super) own: bool,
}

/// Keeps a fact where others find it.
pub(super) fn keep(draft: &mut Draft, note: Note) {
    match note {
        Note::Name { name, lead } => draft.name_of(&name, &lead),
        Note::Forget { name } => draft.forget_name(&name),
        Note::Viewer { sku, lead, conversation, at } => {
            draft.viewer(&sku, &lead, &ViewerRecord { at, conversation });
        }
        Note::NoViewer { sku, lead } => draft.no_viewer(&sku, &lead),
    }
}

/// A booking no longer stands under its number: its making becomes a line there.
pub(super) fn keep_booking(draft: &mut Draft, number: &str, state: &StateRecord) {
    if let StateRecord::Reservation(booking) = state {
        let (place, line) = booking_line(booking);
        draft.history(number, place, &line);
    }
}

impl Entity {
    /// Notes which number was the customer's until now, where they have another from now on.
    pub(super) fn keep_number(
        &self,
        draft: &mut Draft,
        was: Option<&StateRecord>,
        is: Option<&StateRecord>,
    ) {
        let (Some(was), Some(is)) = (was, is) else { return };
        let number = decide::number(was);
        if number == decide::number(is) {
            return;
        }
        if let Some(number) = number {
            keep_booking(draft, number, was);
        }
        draft.had_number(&self.key, number, self.ledger.sequence());
    }

    /// Adds an event about this entity to the history of its person, if it has one.
    pub(super) fn remember(&self, draft: &mut Draft, state: &StateRecord, event: Happened<'_>) {
        let lead;
        let (owner, kind, about, talk) = match state {
            StateRecord::Reservation(booking) => {
                let Some(number) = &booking.wa_number else { return };
                (number.as_str(), HistoryKind::Reservation, Some(booking.id.clone()), None)
            }
            StateRecord::Handoff(handoff) => {
                let id = &handoff.conversation_id;
                // Whoever shows no number is known by the conversation.
                lead = match &handoff.wa_number {
                    Some(_) => None,
                    None => self.lead_in(id),
                };
                let owner = handoff.wa_number.as_ref().or(lead.as_ref()).unwrap_or(id);
                (owner.as_str(), HistoryKind::Handoff, None, Some(id.clone()))
            }
            StateRecord::Conversation(talk) => {
                // What the tenant is told it has written down itself, and a reply stands there as a message.
                if !event.own || event.event_type == conversation::SENT {
                    return;
                }
                let owner = talk.lead.as_ref().unwrap_or(&talk.id);
                (owner.as_str(), HistoryKind::Conversation, None, Some(talk.id.clone()))
            }
            StateRecord::Lead(lead) => {
                let talk = lead.conversation.clone();
                (lead.id.as_str(), HistoryKind::Person, None, talk)
            }
            StateRecord::Product(_)
            | StateRecord::Tenant(_)
            | StateRecord::DeadLetters(_)
            | StateRecord::Alerts(_)
            | StateRecord::Reports(_) => return,
        };
        let line = HistoryRecord {
            at: event.at,
            kind,
            event_type: event.event_type.to_owned(),
            event_id: event.id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
            event: None,
            delivery: None,
            conversation: talk,
            about,
            text: None,
        };
        draft.history(owner, self.ledger.sequence(), &line);
    }

    /// The lead in a conversation, as far as it is on disk.
    fn lead_in(&self, conversation: &str) -> Option<String> {
        let talk = self.ledger.conversation(&self.tenant, conversation).ok().flatten();
        talk.and_then(|talk| talk.lead)
    }

    /// Adds a message to a customer to their history, and has the conversation told of it, and whether a person
    /// wrote it.
    pub(super) fn remember_told(
        &self,
        draft: &mut Draft,
        (event, delivery): (Sequence, Sequence),
        (to, message): (&str, &Message),
        (talk, by_person): (Option<String>, bool),
    ) {
        let at = self.ledger.now().timestamp();
        if let Some(talk) = &talk {
            let signal = if by_person { Signal::Answered { at } } else { Signal::Told { at } };
            self.signal(draft, EntityKey::conversation(talk), signal);
        }
        let line = HistoryRecord {
            at,
            kind: HistoryKind::Sent,
            event_type: String::new(),
            event_id: own_id(event).as_str().to_owned(),
            event: Some(event),
            delivery: Some(delivery),
            conversation: talk,
            about: None,
            text: Some(shorten(&message.text, limits::HISTORY_TEXT_CHARS_MAX)),
        };
        draft.history(to, delivery, &line);
    }

    /// The alarm of a product as a step of the wave that is due, with the people at whom it has come.
    pub(super) fn walk(
        &self,
        state: Option<&StateRecord>,
        command: Command,
        view: &TenantView,
    ) -> Result<Command, LedgerError> {
        let (Some(StateRecord::Product(product)), Command::Wake { generation }) = (state, &command)
        else {
            return Ok(command);
        };
        let Some(wave) = product.next_wave() else { return Ok(command) };
        let (generation, page) = (*generation, self.page(&product.sku, wave, view)?);
        Ok(Command::Product(product::Command::Walk { generation, page }))
    }

    /// The people at whom a wave has come.
    pub(super) fn page(
        &self,
        sku: &str,
        wave: &Wave,
        view: &TenantView,
    ) -> Result<Page, LedgerError> {
        let line = view.policy.settings.whatsapp.as_ref();
        let rate = line.and_then(|line| line.messages_per_second).unwrap_or(MESSAGES_PER_SECOND);
        let limit = match wave.aim {
            Aim::Sweep { .. } => limits::WAVE_STEP_ROWS_MAX,
            // The other half of the road is for reminders and answers.
            Aim::Stock { .. } | Aim::Price { .. } => {
                usize::try_from(rate / 2).unwrap_or(1).clamp(1, limits::WAVE_STEP_ROWS_MAX)
            }
        };
        let rows = self.ledger.viewers(&self.tenant, sku, wave.after.as_deref(), limit)?;
        let full = rows.len() == limit;
        let more_after = rows.last().filter(|_| full).map(|(lead, _)| lead.clone());
        let sweeping = matches!(wave.aim, Aim::Sweep { .. });
        let viewers = rows.into_iter().map(|(lead, row)| match sweeping {
            true => Ok(stranger(lead, &row, view)),
            false => self.viewer(sku, (lead, row), view),
        });
        Ok(Page { viewers: viewers.collect::<Result<_, LedgerError>>()?, more_after })
    }

    /// A look at a product at which many have looked: whether who looks is remembered already.
    pub(super) fn look_up(
        &self,
        command: &mut Command,
        state: Option<&StateRecord>,
    ) -> Result<(), LedgerError> {
        if let Command::Product(product::Command::See { lead, known, .. }) = command
            && let Some(StateRecord::Product(product)) = state
            && product.viewers >= product::COUNTED_FROM
        {
            *known = self.ledger.viewer(&self.tenant, &product.sku, lead)?.is_some();
        }
        Ok(())
    }

    /// The word that a lead turned out to be this one, with that lead as it stands. By now all that was under
    /// way to it is on disk, and nothing more comes.
    pub(super) fn joined(&self, command: Command) -> Result<Command, LedgerError> {
        let Command::Signal(Signal::Merged { lead: id }) = &command else { return Ok(command) };
        let lead = self.ledger.lead(&self.tenant, id)?;
        Ok(lead.map_or(command, |lead| Command::Lead(lead::Command::Join(Box::new(lead)))))
    }

    /// A person who looked at a product, as they are now. Who stands there as several leads, which turned out
    /// to be one person, is met at the first of them and nobody at the others.
    fn viewer(
        &self,
        sku: &str,
        row: (String, ViewerRecord),
        view: &TenantView,
    ) -> Result<Viewer, LedgerError> {
        let (id, row) = row;
        let nobody = stranger(id, &row, view);
        let Some(lead) = self.ledger.lead_now(&self.tenant, &nobody.lead)? else {
            return Ok(nobody);
        };
        let mut rows = vec![row];
        for other in lead.merged.iter().chain([&lead.id]).filter(|id| **id != nobody.lead) {
            let row = self.ledger.viewer(&self.tenant, sku, other)?;
            if row.is_some() && *other < nobody.lead {
                return Ok(nobody);
            }
            rows.extend(row);
        }
        let seen_at = rows.iter().map(|row| row.at).max().unwrap_or(nobody.seen_at);
        let talks: BTreeSet<_> = rows
            .iter()
            .filter_map(|row| row.conversation.as_ref())
            .chain(&lead.conversation)
            .collect();
        let mut open = None;
        for id in talks {
            let talk = self.ledger.conversation(&self.tenant, id)?;
            let now = self.ledger.now().timestamp();
            let looks = |talk: &sereno_workflows::conversation::Conversation| {
                talk.takes(now, now, &view.policy) && talk.has_seen(sku)
            };
            if open.is_none() && talk.as_ref().is_some_and(looks) {
                open = Some(id.clone());
            }
        }
        Ok(Viewer {
            lead: lead.id.clone(),
            seen_at,
            conversation: open,
            phone: lead.phone().map(str::to_owned),
            locale: lead.locale(&view.policy),
            opted_out: lead.opted_out.is_some(),
        })
    }
}

fn stranger(lead: String, row: &ViewerRecord, view: &TenantView) -> Viewer {
    let locale = view.policy.settings.locale;
    let seen_at = row.at;
    Viewer { lead, seen_at, conversation: None, phone: None, locale, opted_out: false }
}
