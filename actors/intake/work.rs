//! Carries out what letters mean, and notes what became of each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sereno_workflows::event::Event;
use sereno_workflows::id::EventId;
use sereno_workflows::inbound::{Heard, Meaning, Reading, Road, clipped};
use sereno_workflows::time::{Span, Timestamp};
use sereno_workflows::trace::TraceContext;
use tokio::sync::oneshot;

use super::learn::{Learning, is_too_late};
use super::window::{Opened, Trouble, Window, open};
use super::{Intake, inbound_id};
use crate::announce::{Announcement, Audience, Context, announce};
use crate::engine::EngineError;
use crate::engine::pipeline::{OnItsWay, Trial};
use crate::gather::Refusal;
use crate::hints::Listing;
use crate::journey::Journey;
use crate::ledger::LedgerError;
use crate::limits::{
    CALL_TIMEOUT_MS, DEATHS_MAX, LETTER_EVENT_BYTES_MAX, LETTER_RETRIES_MS, LETTER_TEXT_BYTES_MAX,
    LETTERS_PER_WINDOW_MAX, MEANINGS_IN_FLIGHT_MAX, WAKE_AGAIN_MS,
};
use crate::record::{InboundFate, InboundState, Source};
use crate::tenant::recording::{Sign, all_durable};
use crate::tenant::{Hearing, TenantMessage};

/// What is said of a letter that nothing is wrong with.
const NOT_NOW: &str =
    "it could not be carried out: something that it needs failed, or took too long";

/// The answer that is owed for a part of a letter, by the letter's index.
struct Owed {
    letter: usize,
    answer: Answer,
}

enum Answer {
    Heard(oneshot::Receiver<Result<Vec<Sign>, Refusal>>),
    Submitted(Box<OnItsWay>),
}

/// A window on its way.
struct Round<'a> {
    listing: &'a Listing,
    letters: Vec<Opened>,
    owed: VecDeque<Owed>,
    learning: Learning,
}

impl Intake {
    /// Carries out the first letters in line; answers when the next is due, if there is one.
    pub(super) async fn work(&self) -> Result<Option<Timestamp>, LedgerError> {
        let ledger = &self.around.ledger;
        let Some(listing) = self.around.hints.tenant(&self.tenant) else {
            // The tenant is being started anew, and this actor with it.
            return Ok(Some(ledger.now().timestamp().after(Span::millis(WAKE_AGAIN_MS))));
        };
        let deaths = self.suspect.lock().deaths;
        let most = if deaths == 0 { LETTERS_PER_WINDOW_MAX } else { 1 };
        let (reading, view) = (Arc::clone(ledger), Arc::clone(&listing.view));
        let opened = tokio::task::spawn_blocking(move || open(&reading, &view, most)).await;
        let Ok(opened) = opened else { return Err(LedgerError::Content("window of letters")) };
        let Window { mut letters, next } = opened?;
        let Some(first) = letters.first_mut() else { return Ok(next) };
        if deaths >= DEATHS_MAX {
            let reason = format!("carrying it out ended in an internal error {deaths} times");
            first.reading = Err(Trouble::Failed(reason));
            first.attempts_are_used_up();
        }
        self.suspect.lock().under_way = Some(first.sequence);
        let learning = Learning::new(&self.tenant);
        let mut round = Round { listing: &listing, letters, owed: VecDeque::new(), learning };
        for index in 0..round.letters.len() {
            self.begin(&mut round, index).await;
        }
        self.settle(&mut round, 0).await;
        self.end(round).await;
        *self.suspect.lock() = super::Suspect::default();
        Ok(next.or_else(|| self.first_due()))
    }

    /// A letter that failed has a later place in line.
    pub(super) fn first_due(&self) -> Option<Timestamp> {
        let first = self.around.ledger.letters_in_line(&self.tenant, 1);
        first.ok()?.first().map(|(due, _)| *due)
    }

    /// Hands what a letter means to whom it concerns.
    async fn begin(&self, round: &mut Round<'_>, index: usize) {
        let Some(opened) = round.letters.get_mut(index) else { return };
        let Ok(reading) = &mut opened.reading else { return };
        if let Some(letter) = &mut opened.letter {
            letter.fate.begin(reading);
        }
        let meanings = std::mem::take(&mut reading.meanings);
        let letter = opened.sequence;
        let mut events = Vec::new();
        for (number, meaning) in meanings.into_iter().enumerate() {
            match meaning {
                Meaning::Heard(heard) => {
                    round.note_event(index, heard.event.id.as_ref());
                    self.hear(round, index, *heard).await;
                }
                Meaning::Event(mut event) => {
                    let own = || format!("{}:{number}", inbound_id(letter)).parse().ok();
                    event.id = event.id.take().or_else(own);
                    round.note_event(index, event.id.as_ref());
                    events.push(event);
                }
                Meaning::Status(status) => {
                    let late = is_too_late(&status);
                    if late {
                        // Whether a customer wrote before or after counts here.
                        self.settle(round, 0).await;
                    }
                    let noted =
                        round.learning.note(&self.around.ledger, &round.listing.view, status);
                    if let Err(error) = noted {
                        round.fail(index, Trouble::Failed(error.to_string()));
                    }
                    if late {
                        let learned =
                            std::mem::replace(&mut round.learning, Learning::new(&self.tenant));
                        self.commit(learned.draft).await;
                    }
                }
            }
        }
        self.submit(round, index, events).await;
    }

    async fn hear(&self, round: &mut Round<'_>, letter: usize, heard: Heard) {
        let Some(opened) = round.letters.get(letter) else { return };
        let now = self.around.ledger.now();
        let mut journey = Box::new(Journey::received(opened.sequence.0));
        journey.trace = opened.trace().cloned();
        journey.begin(now.micros());
        journey.end(now.micros());
        journey.enrich(heard.event.at, &round.listing.view.policy);
        journey.end(now.micros());
        let (reply, answer) = oneshot::channel();
        let hearing = Box::new(Hearing { heard, journey, reply });
        // A tenant that has just died drops it, and the answer with it.
        drop(self.parent.cast(TenantMessage::Hear(hearing)));
        round.owed.push_back(Owed { letter, answer: Answer::Heard(answer) });
        self.settle(round, MEANINGS_IN_FLIGHT_MAX).await;
    }

    /// Submits a letter's events, all or none.
    async fn submit(&self, round: &mut Round<'_>, index: usize, events: Vec<Event>) {
        let Some(opened) = round.letters.get(index).filter(|_| !events.is_empty()) else { return };
        let road = opened.letter.as_ref().map(|letter| &letter.road);
        let trial = Trial::new(events, opened.sequence.0, Source::Inbound);
        let trial = trial.in_trace(opened.trace().cloned());
        // What WhatsApp tells is ours to name; a source's events come through the tenant's door.
        let trial = match road {
            Some(Road::WhatsApp) => trial.past_the_door(),
            Some(Road::Bird | Road::Source(_)) | None => trial,
        };
        let sent = match self.around.arrivals(&round.listing.view, &trial) {
            Ok(arrivals) => self.around.send(trial, round.listing, arrivals, None),
            Err(invalid) => Err(invalid.into()),
        };
        match sent {
            Ok(sent) => {
                let answer = Answer::Submitted(Box::new(sent));
                round.owed.push_back(Owed { letter: index, answer });
                self.settle(round, MEANINGS_IN_FLIGHT_MAX).await;
            }
            Err(error) => round.fail(index, Trouble::of(&error)),
        }
    }

    /// Waits until no more than so many answers are owed.
    async fn settle(&self, round: &mut Round<'_>, most: usize) {
        while round.owed.len() > most {
            let Some(Owed { letter, answer }) = round.owed.pop_front() else { return };
            let answered = match answer {
                Answer::Heard(answer) => heard(answer).await,
                Answer::Submitted(sent) => {
                    let arrived = self.around.arrive(&self.tenant, *sent).await;
                    arrived.map(drop).map_err(|error| Trouble::of(&error))
                }
            };
            if let Err(trouble) = answered {
                round.fail(letter, trouble);
            }
        }
    }

    /// Notes what became of each letter, in one commit with what was learned.
    async fn end(&self, round: Round<'_>) {
        let Round { listing, letters, learning, .. } = round;
        let mut draft = learning.draft;
        let now = self.around.ledger.now().timestamp();
        for opened in letters {
            draft.out_of_line(opened.due, opened.sequence);
            let Some(mut letter) = opened.letter else { continue };
            letter.fate = fate(letter.fate, opened.reading, now);
            draft.fate(opened.sequence, &letter);
            if letter.fate.state == InboundState::Quarantined {
                let data = json!({
                    "inbound_id": inbound_id(opened.sequence),
                    "source": letter.road.name(),
                    "attempts": letter.fate.attempts,
                    "error": letter.fate.error,
                });
                let announcement = Announcement {
                    id: None,
                    event_type: "inbound.quarantined".to_owned(),
                    at: now,
                    source: Source::Workflow,
                    data: data.as_object().cloned().unwrap_or_default(),
                    audience: Audience::Subscribers,
                };
                let ledger = &self.around.ledger;
                announce(&mut draft, ledger, &listing.view, announcement, Context::default());
            }
        }
        self.commit(draft).await;
    }
}

impl Round<'_> {
    /// Notes why a letter comes no further; the first reason counts.
    fn fail(&mut self, letter: usize, trouble: Trouble) {
        if let Some(opened) = self.letters.get_mut(letter)
            && opened.reading.is_ok()
        {
            opened.reading = Err(trouble);
        }
    }

    fn note_event(&mut self, letter: usize, id: Option<&EventId>) {
        let letter = self.letters.get_mut(letter).and_then(|opened| opened.letter.as_mut());
        if let Some((letter, id)) = letter.zip(id) {
            letter.fate.note_event(id.as_str());
        }
    }
}

impl Trouble {
    /// What is the matter with what was submitted.
    fn of(error: &EngineError) -> Self {
        match error {
            EngineError::Invalid(_)
            | EngineError::Rejected(_)
            | EngineError::NotFound(_)
            | EngineError::Exists(_)
            | EngineError::TooMany { .. } => Self::Invalid(error.to_string()),
            EngineError::Busy | EngineError::Full | EngineError::Limited { .. } => {
                Self::Failed(NOT_NOW.to_owned())
            }
            EngineError::Store(_)
            | EngineError::Ledger(_)
            | EngineError::Vault(_)
            | EngineError::Channel(_)
            | EngineError::Start(_) => Self::Failed(error.to_string()),
        }
    }
}

/// Waits until what was heard is taken in.
async fn heard(answer: oneshot::Receiver<Result<Vec<Sign>, Refusal>>) -> Result<(), Trouble> {
    let not_now = || Trouble::Failed(NOT_NOW.to_owned());
    let answered = async {
        match answer.await {
            Ok(Ok(first)) => all_durable(first).await.then_some(()).ok_or_else(not_now),
            Ok(Err(Refusal::Rejected(reason))) => Err(Trouble::Invalid(reason)),
            Ok(Err(Refusal::Died { reason, .. })) => Err(Trouble::Failed(reason)),
            Ok(Err(Refusal::Again)) | Err(_) => Err(not_now()),
        }
    };
    let timeout = Duration::from_millis(CALL_TIMEOUT_MS);
    tokio::time::timeout(timeout, answered).await.unwrap_or_else(|_| Err(not_now()))
}

impl Opened {
    /// The place in a trace of the request that brought it.
    fn trace(&self) -> Option<&TraceContext> {
        self.letter.as_ref()?.trace.as_ref()
    }

    fn attempts_are_used_up(&mut self) {
        if let Some(letter) = &mut self.letter {
            let all = u32::try_from(LETTER_RETRIES_MS.len()).unwrap_or(u32::MAX);
            letter.fate.attempts = letter.fate.attempts.max(all);
        }
    }
}

impl InboundFate {
    /// Takes note of what is in a letter; what an earlier reading found, this one finds again.
    fn begin(&mut self, reading: &Reading) {
        self.kinds = reading.kinds.iter().cloned().collect();
        let note = reading.note();
        self.note = note.map(|note| clipped(&note, LETTER_TEXT_BYTES_MAX).to_owned());
        self.events.clear();
        self.event_count = 0;
    }

    /// Names an event that a letter led to, as long as there is room.
    fn note_event(&mut self, id: &str) {
        if self.events.iter().any(|known| known == id) {
            return;
        }
        self.event_count = self.event_count.saturating_add(1);
        let bytes: usize = self.events.iter().map(String::len).sum();
        if bytes + id.len() <= LETTER_EVENT_BYTES_MAX {
            self.events.push(id.to_owned());
        }
    }
}

/// What becomes of a letter after this attempt.
pub(super) fn fate(
    before: InboundFate,
    reading: Result<Reading, Trouble>,
    now: Timestamp,
) -> InboundFate {
    let attempts = before.attempts.saturating_add(1);
    let fate = InboundFate { at: Some(now), attempts, next_at: None, error: None, ..before };
    match reading {
        Ok(_) => InboundFate { state: InboundState::Processed, ..fate },
        Err(Trouble::Invalid(error)) => {
            let error = Some(clipped(&error, LETTER_TEXT_BYTES_MAX).to_owned());
            InboundFate { state: InboundState::Invalid, error, ..fate }
        }
        Err(Trouble::Failed(error)) => {
            let error = Some(clipped(&error, LETTER_TEXT_BYTES_MAX).to_owned());
            let tried = usize::try_from(attempts - 1).unwrap_or(usize::MAX);
            match LETTER_RETRIES_MS.get(tried) {
                Some(pause) => {
                    let next_at = Some(now.after(Span::millis(*pause)));
                    InboundFate { state: InboundState::Pending, next_at, error, ..fate }
                }
                None => InboundFate { state: InboundState::Quarantined, error, ..fate },
            }
        }
    }
}
