//! Which events concern an endpoint, and of which a delivery did not simply arrive, found without looking at all others.
//!
//! ```text
//!  events      ....|...........block............|...........block............|....
//!  noted for       To(1) To(2)                  To(1) Trouble TroubleTo(1)
//! ```
//! The events of a tenant stand in blocks of so many, and a block is noted once for each thing that one of its events is:
//! a row for many deliveries, however fast or slowly they come. What becomes known of an event long after its block is
//! noted at the event itself. Events from before there were blocks are looked through as they are.
//!
//! Invariant: what is noted of an event stands at its own place or before it, and no block begins in between. So the writer
//! keeps the latest blocks in mind, in the order in which commits become durable, and begins one only after every event
//! that it has seen.

mod reading;

use std::collections::{HashMap, HashSet, VecDeque};

use sereno_workflows::id::{Sequence, TenantId};

pub use self::reading::Stretches;
use crate::limits::lanes::{BLOCKS_KEPT_MAX, EVENTS_PER_BLOCK, TENANTS_KEPT_MAX};
use crate::record::key::lanes::{self as keys, Lane};
use crate::store::Batch;

/// What a commit has to say of its events, and of earlier ones.
#[derive(Debug)]
pub(crate) struct Noted {
    pub(crate) tenant: TenantId,
    /// Of which events: [`Lane::Blocks`] says that the event itself is new.
    pub(crate) all: Vec<(Sequence, Lane)>,
}

/// The latest blocks of each tenant.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    tenants: HashMap<TenantId, Latest>,
    /// No block may begin before this, of whomever nothing is in mind.
    floor: Sequence,
}

#[derive(Debug, Default)]
struct Latest {
    blocks: VecDeque<Block>,
    /// The last event that was seen.
    highest: Sequence,
}

#[derive(Debug)]
struct Block {
    start: Sequence,
    events: usize,
    /// What it is noted for.
    lanes: HashSet<Lane>,
}

impl Lanes {
    /// Adds to a commit what is not noted yet of what it has to say.
    pub(crate) fn note(&mut self, batch: &mut Batch, Noted { tenant, all }: Noted) {
        if !self.tenants.contains_key(&tenant) {
            self.take_in_mind(tenant.clone());
        }
        let Some(latest) = self.tenants.get_mut(&tenant) else { return };
        for (event, lane) in all {
            let start = match lane {
                Lane::Blocks => latest.begin(event),
                _ => latest.note(event, lane),
            };
            if let Some(start) = start {
                batch.put(keys::block(&tenant, lane, start), Vec::new());
            }
        }
    }

    fn take_in_mind(&mut self, tenant: TenantId) {
        if self.tenants.len() >= TENANTS_KEPT_MAX {
            let seen = self.tenants.values().map(|latest| latest.highest).max();
            self.floor = self.floor.max(seen.unwrap_or_default());
            self.tenants.clear();
        }
        self.tenants.insert(tenant, Latest { highest: self.floor, ..Latest::default() });
    }

    /// Nothing is left of a tenant.
    pub(crate) fn forget(&mut self, tenant: &TenantId) {
        self.tenants.remove(tenant);
    }
}

impl Latest {
    /// There is a new event; answers where a block begins, if one begins with it.
    fn begin(&mut self, event: Sequence) -> Option<Sequence> {
        let is_last = event > self.highest;
        self.highest = self.highest.max(event);
        match self.blocks.back_mut() {
            Some(block) if !is_last || block.events < EVENTS_PER_BLOCK => {
                block.events += 1;
                return None;
            }
            None if !is_last => return None,
            Some(_) | None => {}
        }
        if self.blocks.len() >= BLOCKS_KEPT_MAX {
            self.blocks.pop_front();
        }
        self.blocks.push_back(Block { start: event, events: 1, lanes: HashSet::new() });
        Some(event)
    }

    /// Something is known of an event; answers where that is to be noted, unless it is.
    fn note(&mut self, event: Sequence, lane: Lane) -> Option<Sequence> {
        match self.blocks.iter_mut().rev().find(|block| block.start <= event) {
            Some(block) => block.lanes.insert(lane).then_some(block.start),
            None => Some(event),
        }
    }
}

#[cfg(test)]
mod tests;
