//! Lines of people's histories, which go when the events that they tell of do.
//!
//! A line stands under whose it is, so those that are too old stand all over the table: it is gone through
//! owner by owner, in rounds. A round looks at what has grown old since the one before it; the first after a
//! start looks at all.

use sereno_workflows::id::Sequence;
use sereno_workflows::retention::Retention;
use sereno_workflows::time::{Span, Timestamp};

use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits::{CLEANED_PER_STEP_MAX, HISTORY_ROUND_MS};
use crate::record::HistoryRecord;

/// How far a tenant's histories were gone through.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// When the last one ended.
    ended_at: Option<Timestamp>,
    /// The owner at whom the present round is, and the line from which on it goes.
    place: Option<(String, Sequence)>,
    /// Up to where the rounds before it have looked.
    done: Cutoffs,
    /// Up to where it looks.
    to: Cutoffs,
}

/// What lies before these is too old.
#[derive(Debug, Clone, Copy, Default)]
struct Cutoffs {
    own: Sequence,
    /// Of what customers did on the tenant's own line.
    inbound: Sequence,
}

impl Cutoffs {
    fn of(retention: Retention, now: Timestamp) -> Self {
        let before = |span| Sequence::at(Retention::cutoff(span, now));
        Self {
            own: before(retention.events),
            inbound: retention.inbound.map(before).unwrap_or_default(),
        }
    }

    fn has_outlived(self, place: Sequence, line: &HistoryRecord) -> bool {
        place < if line.is_of_line() { self.inbound } else { self.own }
    }
}

impl Rounds {
    /// Removes lines that are too old, in a step; answers whether there is more to do at once.
    pub(super) fn step(
        &mut self,
        ledger: &Ledger,
        draft: &mut Draft,
        retention: Retention,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        if self.place.is_none() {
            let pause = pause(retention);
            if self.ended_at.is_some_and(|ended_at| now.since(ended_at) < pause) {
                return Ok(false);
            }
            self.to = Cutoffs::of(retention, now);
        }
        let (from, to) = (self.from(retention), self.to.own.max(self.to.inbound));
        let mut room = CLEANED_PER_STEP_MAX;
        while room > 0 {
            let (owner, at) = match self.place.take() {
                Some((owner, at)) if at < to => (owner, at),
                passed => {
                    let passed = passed.map(|(owner, _)| owner);
                    let next = ledger.next_in_histories(draft.tenant(), passed.as_deref())?;
                    let Some(owner) = next else {
                        (self.done, self.ended_at) = (self.to, Some(now));
                        return Ok(false);
                    };
                    (owner, from)
                }
            };
            let lines = ledger.lines_from(draft.tenant(), &owner, at..to.max(at), room)?;
            let last = lines.last().filter(|_| lines.len() == room).map(|(place, _)| place.next());
            for (place, _) in lines.iter().filter(|(place, l)| self.to.has_outlived(*place, l)) {
                draft.forget_line(&owner, *place);
            }
            room = room.saturating_sub(lines.len() + 1);
            self.place = Some((owner, last.unwrap_or(to)));
        }
        Ok(true)
    }

    fn from(&self, retention: Retention) -> Sequence {
        match retention.inbound {
            Some(_) => self.done.own.min(self.done.inbound),
            None => self.done.own,
        }
    }
}

/// How long after a round the next one makes sense.
fn pause(retention: Retention) -> Span {
    let shortest = retention.inbound.map_or(retention.events, |span| span.min(retention.events));
    shortest.min(Span::millis(HISTORY_ROUND_MS))
}
