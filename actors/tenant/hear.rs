//! What a tenant hears of its customers: their messages, calls, changes and wishes.

use ractor::ActorRef;
use sereno_workflows::answer::{self, Answer, Candidate, Meaning};
use sereno_workflows::event::Event;
use sereno_workflows::id::EntityKey;
use sereno_workflows::inbound::{Heard, What};
use sereno_workflows::reservation;
use sereno_workflows::time::Timestamp;
use tokio::sync::oneshot;

use super::heard::Told;
use super::involve::Work;
use super::recording::Sign;
use super::submit::Claim;
use super::{Tenant, TenantMessage, TenantState};
use crate::announce::{Announcement, Audience, Context, announce};
use crate::entity::{Command, Deed, Origin};
use crate::gather::{Refusal, Reply};
use crate::journey::Journey;
use crate::ledger::{Draft, LedgerError};
use crate::record::Source;
use crate::why;

/// Something of a customer, to be taken in.
pub(crate) struct Hearing {
    /// What.
    pub(crate) heard: Heard,
    /// Its way so far.
    pub(crate) journey: Box<Journey>,
    /// Where the answer goes once it is durable, with what else must be.
    pub(crate) reply: oneshot::Sender<Result<Vec<Sign>, Refusal>>,
}

impl Tenant {
    /// Takes in what is heard of a customer.
    pub(super) async fn hear(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        hearing: Hearing,
    ) {
        let Hearing { heard, journey, reply } = hearing;
        let mut recording = state.recordings.begin();
        let mut work = Work::new(Draft::new(&state.view.id));
        work.place = Some(0);
        work.trace.clone_from(&journey.trace);
        let claimed = self.claim(state, &mut recording, heard.event.id.clone());
        let taken_in = claimed.and_then(|claim| match claim {
            Claim::New(_) => self.take_in(state, &mut work, heard, journey),
            Claim::Known(_) => Ok(()),
        });
        if let Err(refusal) = taken_in {
            drop(reply.send(Err(refusal)));
            return;
        }
        let first = std::mem::take(&mut recording.first);
        let answer: Reply = Box::new(move |result| {
            if result.is_ok() {
                recording.end();
            }
            // As in `submit`.
            drop(reply.send(result.map(|()| first)));
        });
        self.spread(myself, state, work.draft, work.deeds, answer).await;
    }

    /// Ties it to its person, and lets the booking decide that a message is about.
    fn take_in(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        heard: Heard,
        mut journey: Box<Journey>,
    ) -> Result<(), Refusal> {
        let Heard { who, what, event } = heard;
        journey.begin(self.around.ledger.now().micros());
        // WhatsApp leaves the number out of what people with a user name send.
        let number = self.number_of(state, &who)?;
        let number = number.as_deref();
        let mut event = announcement_of(event, number, state);
        let at = event.at;
        let (told, meant) = match &what {
            What::Message { text, button } => {
                let answer = understand(text.as_deref(), button.as_deref());
                // What cannot be read now may be readable at the next try.
                let again = |error: LedgerError| {
                    tracing::error!(%error, tenant = %state.view.id,
                        "what is known of a customer cannot be read");
                    Refusal::Again
                };
                self.note_window(&mut work.draft, number, at).map_err(again)?;
                let meant = self.booking_meant(state, number, answer).map_err(again)?;
                (Told::Message(text.as_deref()), meant.map(Some))
            }
            What::Call => (Told::Call, Ok(None)),
            What::Changed(new) => (Told::Changed(new.clone()), Ok(None)),
            What::Marketing { wanted } => (Told::Marketing(*wanted), Ok(None)),
        };
        let tied = self.tie(state, work, &who, told, &mut event)?;
        journey.end(self.around.ledger.now().micros());
        match meant {
            Ok(Some((key, command))) => {
                let journey = Some(journey);
                let (event, talk) = (Some(event), tied.conversation);
                let deed = Deed::unprompted(command, Origin::Customer, at);
                work.add(key, Deed { event, talk, journey, ..deed });
            }
            Ok(None) | Err(_) => {
                let entity = tied.conversation.map(|id| EntityKey::conversation(&id));
                let ignored = meant.err();
                self.put_record(state, &event, &mut journey, ignored.is_some());
                let journey = Some(journey);
                let context = Context { entity, ignored, journey, ..Context::default() };
                announce(&mut work.draft, &self.around.ledger, &state.view, event, context);
            }
        }
        Ok(())
    }

    /// Whoever writes may be written to freely for a day.
    fn note_window(
        &self,
        draft: &mut Draft,
        number: Option<&str>,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let Some(from) = number else { return Ok(()) };
        if self.around.ledger.is_latest_word(draft.tenant(), from, at)? {
            draft.open_window(from, at);
        }
        Ok(())
    }

    /// The booking that a message is about and what it asks for; otherwise why it is about none.
    fn booking_meant(
        &self,
        state: &TenantState,
        number: Option<&str>,
        answer: Option<Answer>,
    ) -> Result<Result<(EntityKey, Command), String>, LedgerError> {
        let Some(answer) = answer else { return Ok(Err("not an answer to a reminder".to_owned())) };
        let Some(number) = number else {
            return Ok(Err("the customer's number is not known".to_owned()));
        };
        let ledger = &self.around.ledger;
        let bookings = ledger.bookings_of(&state.view.id, number)?;
        let now = ledger.now().timestamp();
        let mut candidates = Vec::with_capacity(bookings.len());
        for booking in &bookings {
            // What became of the messages is read for an answer alone that may be one to them.
            let matters = answer.asks_who_was_asked() && booking.slot >= now;
            candidates.push(Candidate {
                reservation_id: booking.id.clone(),
                status: booking.status,
                slot: booking.slot,
                asked: matters && why::was_asked(ledger, &state.view, booking)?,
            });
        }
        let Some(chosen) = answer::choose(&answer, &candidates, now) else {
            let reason = "no reservation of this customer waits for this answer";
            return Ok(Err(reason.to_owned()));
        };
        let command = match answer.meaning {
            Meaning::Confirm => reservation::Command::Confirm,
            Meaning::Cancel => reservation::Command::Cancel,
            Meaning::Arrive => reservation::Command::Arrive,
        };
        let key = EntityKey::reservation(&chosen.reservation_id);
        Ok(Ok((key, Command::Reservation(command))))
    }
}

fn understand(text: Option<&str>, button: Option<&str>) -> Option<Answer> {
    if let Some(answer) = button.and_then(answer::from_button) {
        return Some(answer);
    }
    text.and_then(answer::from_text)
}

/// What was heard, as an event for whoever wants it; not for the customer's own phone, where staff write
/// to the line themselves.
fn announcement_of(event: Event, number: Option<&str>, state: &TenantState) -> Announcement {
    Announcement {
        id: event.id,
        event_type: event.event_type.as_str().to_owned(),
        at: event.at,
        source: Source::Customer,
        data: state.view.policy.phone_hash.redact(&event.data),
        audience: match number {
            Some(number) => Audience::NotBackTo(number.to_owned()),
            None => Audience::Subscribers,
        },
    }
}
