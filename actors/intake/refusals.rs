//! Letters that are refused are kept too, but a stranger can send any number of them: some are kept, the
//! others are counted in a line of the same log.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use ractor::ActorRef;
use serde_json::json;
use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::inbound::Road;
use sereno_workflows::statistics::Count as Counted;
use sereno_workflows::time::{Span, Timestamp};

use super::{Intake, IntakeMessage};
use crate::announce::{Announcement, Audience, Context, announce};
use crate::ledger::{Draft, LedgerError};
use crate::limits::{REFUSED_AGAIN_MS, REFUSED_AT_ONCE_MAX, REFUSED_COUNT_MS, REFUSED_LINE_MS};
use crate::record::{InboundFate, InboundRecord, Source, Verdict};

/// How many letters each tenant refuses.
#[derive(Default)]
pub struct Refusals {
    tenants: Mutex<HashMap<TenantId, Count>>,
}

/// What is done with a refused letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is kept.
    Kept,
    /// It is counted; whoever writes the count down is to be told.
    FirstCounted,
    /// It is counted.
    Counted,
}

struct Count {
    /// So many more may be kept now.
    room: u32,
    /// Since when the room grows.
    since: Timestamp,
    /// The road of the latest that was counted.
    road: Road,
    /// So many are counted in the present line.
    counted: u64,
    /// So many of them are written down.
    written: u64,
    /// The present line.
    line: Option<Sequence>,
    /// Whether the count is about to be written down.
    telling: bool,
}

/// A line that says how many were refused and not kept.
struct Line {
    place: Sequence,
    road: Road,
    counted: u64,
    /// How many of them no line said before.
    more: u64,
    is_new: bool,
}

impl Refusals {
    /// Takes note of a letter that is refused.
    pub(crate) fn note(&self, tenant: &TenantId, road: &Road, now: Timestamp) -> Refused {
        let mut tenants = self.tenants.lock();
        let count = tenants.entry(tenant.clone()).or_insert_with(|| Count {
            room: REFUSED_AT_ONCE_MAX,
            since: now,
            road: road.clone(),
            counted: 0,
            written: 0,
            line: None,
            telling: false,
        });
        let grown = now.since(count.since).0 / REFUSED_AGAIN_MS;
        if grown > 0 {
            let more = u32::try_from(grown).unwrap_or(u32::MAX);
            count.room = count.room.saturating_add(more).min(REFUSED_AT_ONCE_MAX);
            count.since = now;
        }
        if count.room > 0 {
            count.room -= 1;
            return Refused::Kept;
        }
        count.counted += 1;
        count.road = road.clone();
        match std::mem::replace(&mut count.telling, true) {
            true => Refused::Counted,
            false => Refused::FirstCounted,
        }
    }

    /// A tenant is gone: another of its id begins anew.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.tenants.lock().remove(tenant);
    }

    /// The line to write; `None` where all is written down.
    fn line(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        fresh: impl FnOnce() -> Sequence,
    ) -> Option<Line> {
        let mut tenants = self.tenants.lock();
        let count = tenants.get_mut(tenant)?;
        if count.counted == count.written {
            count.telling = false;
            return None;
        }
        let old = Span::millis(REFUSED_LINE_MS);
        let line = count.line.filter(|line| now.since(line.moment()) < old);
        if line.is_none() {
            count.counted -= count.written;
        }
        let written = if line.is_none() { 0 } else { count.written };
        let place = line.unwrap_or_else(fresh);
        count.line = Some(place);
        count.written = count.counted;
        let (road, counted) = (count.road.clone(), count.counted);
        Some(Line { place, road, counted, more: counted - written, is_new: line.is_none() })
    }
}

impl Intake {
    /// Writes down how many refused letters were not kept, and looks again a moment later.
    pub(super) async fn count(&self, myself: &ActorRef<IntakeMessage>) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        let now = ledger.now().timestamp();
        let line = self.around.refusals.line(&self.tenant, now, || ledger.sequence());
        let Some(Line { place, road, counted, more, is_new }) = line else { return Ok(()) };
        let mut draft = Draft::new(&self.tenant);
        let source = road.name().to_owned();
        let letter = InboundRecord {
            road,
            peer: None,
            content_type: None,
            headers: Vec::new(),
            body_bytes: 0,
            verdict: Verdict::Uncounted(counted),
            fate: InboundFate::refused(),
            trace: None,
        };
        draft.fate(place, &letter);
        draft.tally().add(Counted::LettersRefused, more);
        if let Some(listing) = self.around.hints.tenant(&self.tenant).filter(|_| is_new) {
            let data = json!({
                "source": source,
                "reason": "so many letters are refused that not all of them are kept; the inbound log \
                           counts them",
            });
            let announcement = Announcement {
                id: None,
                event_type: "inbound.refused".to_owned(),
                at: now,
                source: Source::Workflow,
                data: data.as_object().cloned().unwrap_or_default(),
                audience: Audience::Subscribers,
            };
            announce(&mut draft, ledger, &listing.view, announcement, Context::default());
        }
        self.commit(draft).await;
        // The handle is not kept: the task ends by itself, and one look too many does no harm.
        drop(myself.send_after(Duration::from_millis(REFUSED_COUNT_MS), || IntakeMessage::Count));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d06_a_strangers_letters_are_kept_up_to_a_point_and_counted_beyond() {
        let (refusals, tenant) = (Refusals::default(), "a".parse().unwrap());
        let note = |ms| refusals.note(&tenant, &Road::WhatsApp, Timestamp(ms));
        for _ in 0..REFUSED_AT_ONCE_MAX {
            assert_eq!(note(0), Refused::Kept);
        }
        assert_eq!(
            [note(1), note(2), note(3)].map(|r| r == Refused::FirstCounted),
            [true, false, false]
        );
        let line = |ms: i64| {
            let fresh = || Sequence::at(Timestamp(ms));
            let line = refusals.line(&tenant, Timestamp(ms), fresh)?;
            Some((line.place, line.counted, line.more, line.is_new))
        };
        let first = Sequence::at(Timestamp(3));
        assert_eq!(line(3), Some((first, 3, 3, true)));
        assert_eq!(note(4), Refused::Counted, "the count is looked at again anyway");
        assert_eq!(line(1_003), Some((first, 4, 1, false)), "the same line");
        assert_eq!(line(2_003), None);
        let later = i64::try_from(REFUSED_AGAIN_MS).unwrap() + 1;
        assert_eq!([note(later), note(later + 1)], [Refused::Kept, Refused::FirstCounted]);
        let much_later = i64::try_from(REFUSED_LINE_MS).unwrap() + 10;
        let second = Sequence::at(Timestamp(much_later));
        assert_eq!(line(much_later), Some((second, 1, 1, true)), "a line of its own");
    }
}
