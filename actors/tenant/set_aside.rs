//! Events on which actors die: set aside after a few deaths, so that their sender need not send them again
//! and again, and put through once more when somebody asks for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use sereno_workflows::event::Event;
use sereno_workflows::id::Sequence;

use super::recording::Recording;
use super::submit::Claim;
use super::{Tenant, TenantState};
use crate::announce::{Announcement, Audience, Context, announce};
use crate::gather::Refusal;
use crate::journey::Journey;
use crate::ledger::Draft;
use crate::ledger::story::pieces_of;
use crate::record::{FailedRecord, SetAsideRecord, Source, Stage};
use crate::shown;
use crate::view::TenantView;

/// Which event of a submission its tenant is working on, for whoever finds the tenant dead.
pub(crate) struct Hand(AtomicUsize);

impl Default for Hand {
    fn default() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }
}

impl Hand {
    /// It works on this one.
    pub(super) fn take(&self, place: usize) {
        self.0.store(place, Ordering::Relaxed);
    }

    /// It works on none any more.
    pub(super) fn release(&self) {
        self.0.store(usize::MAX, Ordering::Relaxed);
    }

    /// The event in its hands.
    pub(crate) fn place(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|place| *place != usize::MAX)
    }
}

/// How actors died on an event.
#[derive(Debug, Clone)]
pub(crate) struct Death {
    /// In which stage, the last time.
    pub(crate) stage: Stage,
    /// Why, the last time.
    pub(crate) reason: String,
    /// How often.
    pub(crate) count: u32,
}

impl Tenant {
    /// Keeps an event for another time, and tells of it.
    pub(super) fn set_aside(
        &self,
        view: &TenantView,
        draft: &mut Draft,
        (event, announcement): (&Event, Announcement),
        mut journey: Journey,
        death: Death,
    ) {
        let ledger = &self.around.ledger;
        let now = ledger.now();
        tracing::error!(tenant = %view.id,
            event_type = %shown::name(ledger.vault(), &announcement.event_type),
            stage = death.stage.as_str(), deaths = death.count,
            "an event on which an actor died again and again is set aside; the rest goes on");
        let input = serde_json::to_vec(&*event.told()).unwrap_or_default();
        let told = json!({
            "event_id": announcement.id.as_ref().map(|id| id.as_str()),
            "event_type": announcement.event_type,
            "stage": death.stage.as_str(),
            "reason": death.reason,
            "deaths": death.count,
        });
        let (stage, reason, pieces) = (death.stage, death.reason, pieces_of(&input));
        journey.fail(FailedRecord { stage, reason, pieces }, now.micros());
        let context = Context { journey: Some(Box::new(journey)), ..Context::default() };
        let kept = Announcement { audience: Audience::Nobody, ..announcement };
        let place = announce(draft, ledger, view, kept, context);
        let record = SetAsideRecord { at: now.timestamp(), deaths: death.count };
        draft.set_aside(place, &record, &input);
        let alert = Announcement {
            id: None,
            event_type: "pipeline.quarantined".to_owned(),
            at: now.timestamp(),
            source: Source::Workflow,
            data: told.as_object().cloned().unwrap_or_default(),
            audience: Audience::Subscribers,
        };
        let context = Context { cause: Some(place), ..Context::default() };
        announce(draft, ledger, view, alert, context);
    }

    /// Takes an event up again that stands aside: its record goes, and its id is its own once more.
    pub(super) fn reclaim(
        &self,
        state: &TenantState,
        recording: &mut Recording,
        draft: &mut Draft,
        place: Sequence,
    ) -> Result<Claim, Refusal> {
        let ledger = &self.around.ledger;
        let found = ledger.event(&state.view.id, place).map_err(|error| {
            tracing::error!(%error, tenant = %state.view.id, "an event cannot be read");
            Refusal::Again
        })?;
        let gone = || Refusal::Rejected("the event is not set aside any more".to_owned());
        let event = found.ok_or_else(gone)?;
        let stands_aside = event.story.as_ref().is_some_and(|story| story.failed.is_some());
        let id = event.id.parse().map_err(|_| gone())?;
        if !stands_aside || recording.has(&id) {
            return Err(gone());
        }
        recording.take(&id);
        draft.forget_event(place, &event);
        Ok(Claim::New(id))
    }
}
