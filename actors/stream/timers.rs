//! Timers as a stream tells of them: each thing that an entity waits for by its kind, read out of the state that
//! stands in the same frame.

use std::collections::{BTreeMap, BTreeSet};

use sereno_workflows::id::EntityKey;
use sereno_workflows::time::Timestamp;

use super::happening::What;
use crate::pending::{ended, pending};
use crate::record::StateRecord;

/// What becomes of a row that was put or deleted.
enum Meaning {
    /// It stays as it is: nobody knows what for.
    Unknown,
    /// All of this is to come.
    Set(Vec<(String, Timestamp)>),
    /// What it was told already.
    Again,
    /// This is over, and the rest is still to come.
    Over(Option<String>, Vec<(String, Timestamp)>),
}

/// What a frame tells of, with its timers by their kinds.
pub(super) fn told(found: Vec<(Timestamp, What)>) -> Vec<(Timestamp, What)> {
    if !found.iter().any(|(_, what)| matches!(what, What::Timer { .. })) {
        return found;
    }
    let meanings = meanings(&found);
    let mut told = Vec::with_capacity(found.len());
    for ((at, what), meaning) in found.into_iter().zip(meanings) {
        match (what, meaning) {
            (What::Timer { entity, .. }, Meaning::Set(all)) => {
                let one = |(kind, due)| {
                    let (entity, kind) = (entity.clone(), Some(kind));
                    (at, What::Timer { entity, kind, due, is_set: true, left: Vec::new() })
                };
                told.extend(all.into_iter().map(one));
            }
            (What::Timer { entity, due, .. }, Meaning::Over(kind, left)) => {
                told.push((at, What::Timer { entity, kind, due, is_set: false, left }));
            }
            (What::Timer { .. }, Meaning::Again) => {}
            (what, _) => told.push((at, what)),
        }
    }
    told
}

fn meanings(found: &[(Timestamp, What)]) -> Vec<Meaning> {
    fn state((_, what): &(Timestamp, What)) -> Option<(EntityKey, &StateRecord)> {
        match what {
            What::State(entity, state) => Some((entity.clone(), state)),
            What::Event(_) | What::Delivery(_) | What::Filtered(..) | What::Timer { .. } => None,
        }
    }
    let states: BTreeMap<EntityKey, &StateRecord> = found.iter().filter_map(state).collect();
    let mut set = BTreeSet::new();
    let meaning = |(_, what): &(Timestamp, What)| {
        let What::Timer { entity, due, is_set, .. } = what else { return Meaning::Unknown };
        match (states.get(entity), is_set) {
            (None, _) => Meaning::Unknown,
            (Some(state), false) => {
                let left = pending(state);
                let goes_on = |kind: &String| left.iter().any(|(other, _)| other == kind);
                // The row was for the soonest: where that is still to come, another is over.
                let over = ended(state, *due).filter(|kind| !goes_on(kind));
                Meaning::Over(over, left)
            }
            (Some(state), true) if set.insert(entity.clone()) => Meaning::Set(pending(state)),
            (Some(_), true) => Meaning::Again,
        }
    };
    found.iter().map(meaning).collect()
}
