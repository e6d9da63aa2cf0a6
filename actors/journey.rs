//! An event on its way through the pipeline, measured stage by stage until its record is written.
//!
//! ```text
//!  engine: validate, enrich --> tenant: route --> entity: process --> record --> committer: store, trigger
//! ```
//! Between two stages lies the time in a mailbox, which is why each has a beginning of its own. What
//! comes after the record is measured by the committer; see [`Times`](crate::ledger::times::Times).

use sereno_workflows::business_hours;
use sereno_workflows::id::Sequence;
use sereno_workflows::policy::Policy;
use sereno_workflows::time::Timestamp;
use sereno_workflows::trace::TraceContext;

use crate::record::{EnrichedRecord, FailedRecord, StepRecord, StoryRecord};

/// An event on its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Journey {
    /// When it was received, in microseconds since 1970, as all its times.
    received: u64,
    began: u64,
    story: StoryRecord,
    /// Its place in the trace of whoever sent it, or in one that began with its request.
    pub(crate) trace: Option<TraceContext>,
}

impl Journey {
    /// One that begins.
    pub(crate) fn received(at: u64) -> Self {
        let story = StoryRecord { steps: Vec::with_capacity(4), ..StoryRecord::default() };
        Self { received: at, began: at, story, trace: None }
    }

    /// The next stage begins.
    pub(crate) fn begin(&mut self, now: u64) {
        self.began = now;
    }

    /// When the last stage began that is over, in microseconds.
    pub(crate) fn last_began(&self) -> u64 {
        self.received + self.story.steps.last().map_or(0, |step| step.after)
    }

    /// The stage is over, and the next one may follow at once.
    pub(crate) fn end(&mut self, now: u64) {
        let after = self.began.saturating_sub(self.received);
        self.story.steps.push(StepRecord { after, took: now.saturating_sub(self.began) });
        self.began = now;
    }

    /// Notes what it is enriched with.
    pub(crate) fn enrich(&mut self, at: Timestamp, policy: &Policy) {
        let settings = &policy.settings;
        let (hours, holidays) = (&settings.business_hours, &settings.holidays);
        let facts = business_hours::facts(at, &policy.zone, hours, holidays);
        self.story.enriched = EnrichedRecord {
            weekday: facts.weekday as u8,
            is_business_hours: facts.is_business_hours,
            holiday: facts.holiday,
            user: None,
        };
    }

    /// Notes whom it is about, by their lead's id.
    pub(crate) fn about(&mut self, lead: Option<&str>) {
        self.story.enriched.user = lead.map(str::to_owned);
    }

    /// It goes no further.
    pub(crate) fn fail(&mut self, failed: FailedRecord, now: u64) {
        // What it took up to the death of an actor is not known.
        while self.story.steps.len() < failed.stage as usize {
            self.end(now);
        }
        self.story.failed = Some(failed);
    }

    /// What is kept of it, under its place in the log.
    pub(crate) fn into_record(mut self, place: Sequence) -> Box<StoryRecord> {
        self.story.received_before = place.0.saturating_sub(self.received);
        Box::new(self.story)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b09_a_journey_keeps_when_each_stage_began_and_what_it_took() {
        let mut journey = Journey::received(1_000);
        journey.end(1_030);
        journey.end(1_035);
        journey.begin(1_100);
        journey.end(1_110);
        let story = journey.into_record(Sequence(1_200));
        let step = |after, took| StepRecord { after, took };
        assert_eq!(story.steps, [step(0, 30), step(30, 5), step(100, 10)]);
        assert_eq!(story.received_before, 200);
    }

    #[test]
    fn b09_a_clock_that_is_set_back_makes_no_stage_negative() {
        let mut journey = Journey::received(1_000);
        journey.end(400);
        assert_eq!(journey.into_record(Sequence(300)).steps, [StepRecord { after: 0, took: 0 }]);
    }
}
