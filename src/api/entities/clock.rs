//! Handoffs in the order of their clocks: those that wait first, the most urgent of them before the others, and of one
//! priority those first that have waited longest; then those that are put off, and then what is over.
//!
//! All have the same time to be answered in, so that it runs out first for who has waited longest; only those
//! opened before and after that time was changed may stand otherwise. Invariant: a place does not change while
//! one waits and is left alone, not even when its time is over, since whoever reads on would miss all that jump
//! before them. Another priority moves one, and so does putting it off, until it is back.
//!
//! No index has this order, and it changes with every reply; but a business has thousands of handoffs, not
//! millions, so that all of them are looked at and the first ones of the page kept. Beyond a bound the answer
//! says that it did not look at all of them, rather than that there are no more.

use std::collections::BTreeMap;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sereno_actors::limits::SCAN_PAGE_ROWS;
use sereno_actors::limits::answers::SORTED_ROWS_MAX;
use sereno_actors::record::StateRecord;
use sereno_workflows::handoff::{Handoff, Status};
use sereno_workflows::id::EntityKind;

use super::{Wanted, describe, standing};
use crate::api::App;
use crate::api::error::Problem;
use crate::api::request::{Caller, ListQuery};
use crate::api::rows::Rows;

/// Where a handoff stands in the list; also what a cursor holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Those that wait come first, by their priority, then those that are put off, then those that are over.
    group: u8,
    /// Since when it waits; what is over stands by when it was opened too, the newest first.
    ms: i64,
    id: String,
}

/// Behind all priorities: those that are put off, and those that are over.
const PUT_OFF: u8 = 4;
const OVER: u8 = 5;

impl Place {
    fn of(handoff: &Handoff) -> Self {
        let Handoff { status, opened_at, conversation_id, .. } = handoff;
        let (group, ms) = match (status, handoff.snoozed_until) {
            (Status::Open, None) => (handoff.priority.rank(), opened_at.0),
            // Who comes back first stands first.
            (Status::Open, Some(until)) => (PUT_OFF, until.0),
            (Status::Replied | Status::Closed, _) => (OVER, -opened_at.0),
        };
        Self { group, ms, id: conversation_id.clone() }
    }

    fn cursor(&self) -> String {
        let Self { group, ms, id } = self;
        URL_SAFE_NO_PAD.encode(format!("clock/{group}/{ms}/{id}"))
    }

    fn read(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let mut parts = text.splitn(4, '/');
        let mut next = || parts.next();
        let ("clock", group, ms, id) = (next()?, next()?, next()?, next()?) else { return None };
        let group = group.parse().ok().filter(|group| *group <= OVER)?;
        Some(Self { group, ms: ms.parse().ok()?, id: id.to_owned() })
    }
}

/// The page that comes after the cursor, and whether all handoffs were looked at for it.
pub(super) fn page(
    app: &App,
    caller: &Caller,
    query: &ListQuery,
    wanted: &Wanted<'_>,
) -> Result<Response, Problem> {
    let policy = &app.engine.view(&caller.tenant)?.policy;
    let after = match query.get("cursor") {
        None => None,
        Some(cursor) => Some(Place::read(cursor).ok_or_else(|| query.bad_cursor())?),
    };
    let mut kept = Kept { after, limit: query.limit, first: BTreeMap::new(), more: false };
    let is_whole = kept.gather(app, caller, wanted)?;
    let mut rows = Rows::new(query.limit);
    let mut reached = None;
    let mut left = kept.first.into_iter();
    for (place, state) in left.by_ref() {
        rows.push(&describe(&state, policy));
        reached = Some(place);
        if rows.is_full() {
            break;
        }
    }
    let goes_on = kept.more || left.next().is_some();
    let next_cursor = reached.filter(|_| goes_on).map(|place| place.cursor());
    Ok(rows.answer_sorted(is_whole, next_cursor))
}

/// The first ones after a place of all that were looked at, so many as a page has.
struct Kept {
    after: Option<Place>,
    limit: usize,
    first: BTreeMap<Place, StateRecord>,
    /// Whether others come after them.
    more: bool,
}

impl Kept {
    /// Looks at all handoffs, and answers whether these were all.
    fn gather(&mut self, app: &App, caller: &Caller, wanted: &Wanted<'_>) -> Result<bool, Problem> {
        let (mut last, mut looked_at) = (None::<String>, 0);
        while looked_at < SORTED_ROWS_MAX {
            let (kind, from) = (EntityKind::Handoff, last.as_deref());
            let rows = app.engine.ledger().states(&caller.tenant, kind, from, SCAN_PAGE_ROWS)?;
            let is_last = rows.len() < SCAN_PAGE_ROWS;
            looked_at += rows.len();
            for state in rows {
                let Some((id, status, at)) = standing(&state) else { continue };
                last = Some(id.to_owned());
                if wanted.fits(&state, status, at) {
                    self.take(state);
                }
            }
            if is_last {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn take(&mut self, state: StateRecord) {
        let StateRecord::Handoff(handoff) = &state else { return };
        let place = Place::of(handoff);
        if self.after.as_ref().is_none_or(|after| place > *after) {
            self.first.insert(place, state);
        }
        if self.first.len() > self.limit {
            self.first.pop_last();
            self.more = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a10_a_cursor_reads_back_whatever_the_conversation_is_called() {
        for id in ["C-1", "a/b", "+34600000012", "ñ", ""] {
            let group = if id == "ñ" { OVER } else { 0 };
            let place = Place { group, ms: -7, id: id.to_owned() };
            assert_eq!(Place::read(&place.cursor()), Some(place));
        }
        for bad in [
            "",
            "x",
            &URL_SAFE_NO_PAD.encode("clock/6/0/C-1"),
            &URL_SAFE_NO_PAD.encode("handoff/C-1"),
        ] {
            assert_eq!(Place::read(bad), None, "{bad}");
        }
    }
}
