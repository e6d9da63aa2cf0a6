//! The cleaner: removes what has outlived its time, and the queues of endpoints that are gone.
//!
//! It sleeps until something may have outlived its time, works in steps of one small commit, and goes on
//! to the next tenant after each step, so clearing a million rows never stalls anybody. How far it came is
//! a row of the same commit; what it would do twice after a crash changes nothing.

mod histories;
mod letters;
mod sweep;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use ractor::concurrency::JoinHandle;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use serde_json::json;
use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::retention::Retention;
use sereno_workflows::time::{Span, Timestamp};

use self::histories::Rounds;
use self::sweep::{Sweep, Which};
use crate::announce::{Announcement, Audience, Context, announce};
use crate::hints::Hints;
use crate::idempotency;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits::access::AUDIT_KEPT_MS;
use crate::limits::{CLEANED_PER_STEP_MAX, JOB_KEPT_MS};
use crate::record::Source;
use crate::record::key;
use crate::view::TenantView;

/// The cleaner.
pub(crate) struct Cleaner {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) hints: Arc<Hints>,
}

/// What the cleaner is told.
pub(crate) enum CleanerMessage {
    /// A tenant is up, or has changed what it keeps, or has lost an endpoint.
    Look(TenantId),
    /// It is time for the next step.
    Work,
}

/// What the cleaner knows.
#[derive(Default)]
pub(crate) struct CleanerState {
    /// When each tenant is looked at next, the earliest first.
    next: BTreeSet<(Timestamp, TenantId)>,
    due: HashMap<TenantId, Timestamp>,
    /// How far each tenant was looked through in the present rounds.
    places: HashMap<TenantId, Places>,
    alarm: Option<(Timestamp, JoinHandle<()>)>,
}

/// How far a tenant was looked through in the present rounds.
#[derive(Default)]
struct Places {
    leftover: Sequence,
    dead_letter: Sequence,
    noted: Sequence,
    histories: Rounds,
}

impl Actor for Cleaner {
    type Msg = CleanerMessage;
    type State = CleanerState;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<CleanerMessage>,
        (): (),
    ) -> Result<CleanerState, ActorProcessingErr> {
        Ok(CleanerState::default())
    }

    async fn handle(
        &self,
        myself: ActorRef<CleanerMessage>,
        message: CleanerMessage,
        state: &mut CleanerState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            CleanerMessage::Look(tenant) => state.look_at(tenant, self.ledger.now().timestamp()),
            CleanerMessage::Work => {
                state.alarm = None;
                self.work(state).await?;
            }
        }
        self.sleep_until_next(&myself, state);
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<CleanerMessage>,
        _event: SupervisionEvent,
        _state: &mut CleanerState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl Cleaner {
    /// One step for the tenant whose turn it is.
    async fn work(&self, state: &mut CleanerState) -> Result<(), LedgerError> {
        let now = self.ledger.now().timestamp();
        let Some(tenant) = state.take_due(now) else { return Ok(()) };
        // Without a listing the tenant is gone, or restarts and will ask to be looked at.
        let Some(listing) = self.hints.tenant(&tenant) else {
            state.places.remove(&tenant);
            return Ok(());
        };
        let places = state.places.entry(tenant.clone()).or_default();
        let more = self.step(&listing.view, places, now).await?;
        let settings = &listing.view.policy.settings;
        let pause = settings.retention.pause().min(settings.dead_letters.keep);
        // Where there is more, the others who are due come first all the same: their time is earlier.
        state.look_at(tenant, if more { now } else { now.after(pause) });
        Ok(())
    }

    /// Removes a little of what has outlived its time; answers whether there is more.
    async fn step(
        &self,
        view: &TenantView,
        places: &mut Places,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let ledger = &self.ledger;
        let retention = view.policy.settings.retention;
        let mut draft = Draft::new(&view.id);
        let before = ledger.cleaned(&view.id)?;
        let mut cleaned = before;
        let cutoff = |span| Sequence::at(Retention::cutoff(span, now));
        let mut more = self.clean_queues(view, &mut draft)?;
        let mut sweep = Sweep::new(ledger, view, &mut draft);
        more |= sweep.events(Which::Own, &mut cleaned.events, cutoff(retention.events))?;
        if let Some(inbound) = retention.inbound {
            more |= sweep.events(Which::Inbound, &mut cleaned.inbound, cutoff(inbound))?;
        }
        more |= sweep.leftovers(&mut places.leftover)?;
        if let Some(inbound) = retention.inbound {
            more |= letters::forget(ledger, &mut draft, cutoff(inbound))?;
        }
        let lines = cleaned.attempts..cutoff(retention.attempts);
        let lines = ledger.log_from(&view.id, lines, CLEANED_PER_STEP_MAX)?;
        for &line in &lines {
            draft.forget_log(line);
            cleaned.attempts = line.next();
        }
        more |= lines.len() == CLEANED_PER_STEP_MAX;
        if lines.is_empty() {
            let end = cutoff(retention.attempts);
            let seconds = ledger.seconds_before(&view.id, end, CLEANED_PER_STEP_MAX)?;
            more |= !seconds.is_empty();
            seconds.into_iter().for_each(|second| draft.batch().delete(second));
        }
        // As long as some of a block's events are kept.
        if let Some(inbound) = retention.inbound {
            let end = cutoff(inbound.max(retention.events));
            let blocks = ledger.blocks_before(&view.id, end, CLEANED_PER_STEP_MAX)?;
            more |= !blocks.is_empty();
            blocks.into_iter().for_each(|block| draft.batch().delete(block));
        }
        let times =
            ledger.times_before(&view.id, cutoff(retention.events), CLEANED_PER_STEP_MAX)?;
        for &page in &times {
            draft.forget_times(page);
        }
        more |= times.len() == CLEANED_PER_STEP_MAX;
        more |= self.expire_letters(view, &mut draft, &mut places.dead_letter, now)?;
        more |= self.note_letters(view, &mut draft, &mut places.noted)?;
        more |= self.forget_keys(view, &mut draft, now)?;
        self.forget_jobs(view, &mut draft, now)?;
        more |= self.forget_replays(view, &mut draft, now)?;
        let audited = now.before(Span::millis(AUDIT_KEPT_MS));
        let entries = ledger.audit_before(&view.id, Sequence::at(audited), CLEANED_PER_STEP_MAX)?;
        entries.iter().for_each(|&entry| draft.forget_audit(entry));
        more |= entries.len() == CLEANED_PER_STEP_MAX;
        more |= places.histories.step(ledger, &mut draft, retention, now)?;
        if cleaned != before {
            draft.cleaned(&cleaned);
        }
        let after = draft.take_after();
        if draft.is_empty() {
            return Ok(more);
        }
        ledger.commit_and_wait(draft).await;
        self.hints.carry_out(&view.id, after);
        Ok(more)
    }

    /// Dead letters that have lain there for too long. None that was made later than that can have, so only
    /// those that are old enough are looked at.
    fn expire_letters(
        &self,
        view: &TenantView,
        draft: &mut Draft,
        place: &mut Sequence,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let cutoff = now.before(view.policy.settings.dead_letters.keep);
        let range = (None, *place..Sequence::at(cutoff));
        let found = self.ledger.dead_letters(&view.id, range, false, CLEANED_PER_STEP_MAX)?;
        let more = found.len() == CLEANED_PER_STEP_MAX;
        *place = found.last().filter(|_| more).map_or(Sequence(0), |(last, _)| last.next());
        let expired = found.iter().filter(|(_, letter)| letter.at < cutoff);
        let expired: Vec<_> =
            expired.map(|(delivery, letter)| (EndpointId(letter.endpoint), *delivery)).collect();
        for &letter in &expired {
            draft.forget_dead_letter(letter, now);
        }
        if !expired.is_empty() {
            let data = json!({"count": expired.len()});
            let announcement = Announcement {
                id: None,
                event_type: "dead_letters.expired".to_owned(),
                at: now,
                source: Source::Workflow,
                data: data.as_object().cloned().unwrap_or_default(),
                audience: Audience::Subscribers,
            };
            announce(draft, &self.ledger, view, announcement, Context::default());
        }
        Ok(more)
    }

    /// Notes whose each dead letter is that an earlier version left, once.
    fn note_letters(
        &self,
        view: &TenantView,
        draft: &mut Draft,
        place: &mut Sequence,
    ) -> Result<bool, LedgerError> {
        if self.ledger.knows_letters_of_endpoints(&view.id)? {
            return Ok(false);
        }
        let range = (None, *place..Sequence(u64::MAX));
        let found = self.ledger.dead_letters(&view.id, range, false, CLEANED_PER_STEP_MAX)?;
        for (delivery, letter) in &found {
            draft.note_letter(EndpointId(letter.endpoint), *delivery);
            *place = delivery.next();
        }
        let more = found.len() == CLEANED_PER_STEP_MAX;
        if !more {
            draft.all_letters_are_noted();
        }
        Ok(more)
    }

    /// Deliveries of sources that would no longer be believed if they came again.
    fn forget_replays(
        &self,
        view: &TenantView,
        draft: &mut Draft,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let places = self.ledger.forgettable(&view.id, now, CLEANED_PER_STEP_MAX)?;
        for place in &places {
            // One of an earlier version that was taken anew since has a later place, and goes with that.
            if let Some(row) = key::source::of_forgotten(&view.id, place)
                && self.ledger.is_forgotten(&view.id, row, now)?
            {
                draft.batch().delete(row.to_vec());
            }
            draft.batch().delete(place.clone());
        }
        Ok(places.len() == CLEANED_PER_STEP_MAX)
    }

    /// Requests that were carried out once and are no longer remembered.
    fn forget_keys(
        &self,
        view: &TenantView,
        draft: &mut Draft,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let cutoff = idempotency::cutoff(now);
        let found = self.ledger.idempotency_before(&view.id, cutoff, CLEANED_PER_STEP_MAX)?;
        for (place, key) in &found {
            draft.forget_idempotency(*place, key);
        }
        Ok(found.len() == CLEANED_PER_STEP_MAX)
    }

    /// Jobs that ended long ago.
    fn forget_jobs(
        &self,
        view: &TenantView,
        draft: &mut Draft,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let cutoff = now.before(Span::millis(JOB_KEPT_MS));
        for (id, job) in self.ledger.jobs(&view.id)? {
            if job.ended_at.is_some_and(|ended| ended < cutoff) {
                draft.forget_job(id);
            }
        }
        Ok(())
    }

    /// What waits for endpoints that are gone: in queues, parked, and the heads of what is parked.
    fn clean_queues(&self, view: &TenantView, draft: &mut Draft) -> Result<bool, LedgerError> {
        for letter in *b"QPG" {
            let mut from = EndpointId(0);
            while let Some(id) = self.ledger.first_with_rows(letter, &view.id, from)? {
                if !id.is_own() && !view.endpoints.contains_key(&id) {
                    let most = CLEANED_PER_STEP_MAX;
                    for key in self.ledger.keys_of_endpoint(letter, &view.id, id, most)? {
                        draft.batch().delete(key);
                    }
                    return Ok(true);
                }
                let Some(next) = id.0.checked_add(1) else { break };
                from = EndpointId(next);
            }
        }
        Ok(false)
    }

    fn sleep_until_next(&self, myself: &ActorRef<CleanerMessage>, state: &mut CleanerState) {
        let Some(next) = state.next.first().map(|(due, _)| *due) else { return };
        match &state.alarm {
            Some((set, _)) if *set <= next => return,
            Some((_, sleeper)) => sleeper.abort(),
            None => {}
        }
        let sleep = Duration::from(next.since(self.ledger.now().timestamp()));
        let myself = myself.clone();
        let sleeper = ractor::concurrency::spawn(async move {
            tokio::time::sleep(sleep).await;
            // An error means that this cleaner is gone; the next one sets its own alarm.
            myself.cast(CleanerMessage::Work).ok();
        });
        state.alarm = Some((next, sleeper));
    }
}

impl CleanerState {
    fn look_at(&mut self, tenant: TenantId, at: Timestamp) {
        if let Some(set) = self.due.insert(tenant.clone(), at) {
            self.next.remove(&(set, tenant.clone()));
        }
        self.next.insert((at, tenant));
    }

    fn take_due(&mut self, now: Timestamp) -> Option<TenantId> {
        let first = self.next.first().filter(|(due, _)| *due <= now)?.clone();
        self.next.remove(&first);
        self.due.remove(&first.1);
        Some(first.1)
    }
}

#[cfg(test)]
mod tests;
