//! What commits change that the mirror must hear of.
//!
//! ```text
//!  commit --> committer's thread: inspect(batch) --> journal
//!                                  | whose events: hint in memory, the event itself is the row to read
//!                                  | what no cursor finds: a note in the same batch
//! ```
//! Events are read by a cursor over their sequences. A sequence is given before its commit is durable, so an
//! event can come to stand before others that were read already. So the mirror says up to where it will read
//! (the horizon), waits until everything is durable that the committer took before, and reads. What the
//! committer takes later and stands before the horizon gets a note, and so does a state that no event of its
//! commit names, and a provider's word. Notes are numbered by the one thread that writes them, and read whole.
//!
//! Invariant: whatever has changed is before a cursor that will be read, or has a note that is still there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use sereno_workflows::id::{Sequence, TenantId};
use tokio::sync::Notify;

use crate::ledger::{Ledger, LedgerError};
use crate::record::key::{self, mirror as keys};
use crate::store::{Batch, Write};

/// Between the committer, the mirror and whoever asks how it is.
pub(crate) struct Feed {
    /// Events before this that become durable from now on are noted.
    horizon: AtomicU64,
    /// Under which epoch this process writes to the mirror; 0 before it does.
    epoch: AtomicI64,
    wake: Notify,
    known: Mutex<Known>,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Known {
    /// Tenants with something new, by the part of keys that is theirs.
    changed: BTreeSet<Vec<u8>>,
    /// How far each tenant is in the mirror, and how many of its events went before they were.
    places: BTreeMap<Vec<u8>, (Sequence, u64)>,
    /// The number of the latest note.
    number: u64,
    /// Tenants that are gone, of which the mirror has yet to hear.
    gone: Vec<TenantId>,
}

/// How the mirror is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health {
    /// Whether its database is reached and takes rows.
    pub(crate) is_up: bool,
    /// Whether it is somebody else's, or newer than we are.
    pub(crate) is_refused: bool,
    /// What is wrong, for the operator.
    pub(crate) last_error: Option<String>,
}

impl Feed {
    /// A feed over what is on disk.
    pub(crate) fn open(ledger: &Ledger) -> Result<Self, LedgerError> {
        let mut known = Known { number: ledger.sequence().0, ..Known::default() };
        for (tenant, _) in ledger.tenants()? {
            let owner = keys::owner_of(&tenant);
            let events = ledger.mirrored(&tenant)?.unwrap_or_default().events;
            known.places.insert(owner.clone(), (events, ledger.lost_to_mirror(&tenant)?));
            known.number = known.number.max(ledger.last_note(&tenant)?.0);
            known.changed.insert(owner);
        }
        Ok(Self {
            horizon: AtomicU64::new(0),
            epoch: AtomicI64::new(0),
            wake: Notify::new(),
            known: Mutex::new(known),
            health: Mutex::default(),
        })
    }

    /// Looks at what is about to become durable, on the committer's thread, and notes what must be.
    pub(crate) fn inspect(&self, batch: &mut Batch) {
        let horizon = Sequence(self.horizon.load(Ordering::SeqCst));
        let (mut events, mut noted, mut states, mut gone) = (0, vec![], vec![], vec![]);
        let mut owner = None;
        for (index, write) in batch.writes.iter().enumerate() {
            match write {
                Write::Put(key, _) => {
                    match key.first() {
                        Some(b'E') => {
                            events += 1;
                            if key::sequence(key) < Some(horizon) {
                                noted.push(index);
                            }
                        }
                        Some(b'u') => noted.push(index),
                        Some(b'S') if keys::is_mirrored_state(key) => states.push(index),
                        Some(_) | None => continue,
                    }
                    owner = keys::owner(key);
                }
                Write::Delete(key) if key.first() == Some(&b'E') => gone.push(index),
                Write::Delete(_) => {}
            }
        }
        // Of one event and one state, the event names the state. Of more, any may name none or the same one.
        if (events, states.len()) != (1, 1) {
            noted.append(&mut states);
        }
        if owner.is_none() && gone.is_empty() {
            return;
        }
        let mut known = self.known.lock();
        if let Some(owner) = owner {
            if !known.changed.contains(owner) {
                known.changed.insert(owner.to_vec());
            }
            self.wake.notify_one();
        }
        let mut more = Vec::new();
        for key in noted.into_iter().filter_map(|index| key_of(batch, index)) {
            known.number += 1;
            if let Some(note) = keys::note_beside(key, Sequence(known.number)) {
                more.push(Write::Put(note, key.to_vec()));
            }
        }
        more.extend(known.count_lost(gone.into_iter().filter_map(|index| key_of(batch, index))));
        batch.writes.extend(more);
    }

    /// Up to where the mirror reads from now on; what the committer takes later and stands before is noted.
    pub(super) fn set_horizon(&self, horizon: Sequence) {
        self.horizon.store(horizon.0, Ordering::SeqCst);
    }

    /// The tenants with something new since the last time.
    pub(super) fn take_changed(&self) -> Vec<TenantId> {
        let changed = std::mem::take(&mut self.known.lock().changed);
        changed.iter().filter_map(|owner| keys::tenant_of(owner)).collect()
    }

    /// A tenant could not be looked at: it is when anybody has something new.
    pub(super) fn look_again(&self, tenant: &TenantId) {
        self.known.lock().changed.insert(keys::owner_of(tenant));
    }

    /// The rows of a deleted tenant go: none of its events is lost to the mirror by that.
    pub(crate) fn begin_erasing(&self, tenant: &TenantId) {
        let all = (Sequence(u64::MAX), 0);
        self.known.lock().places.insert(keys::owner_of(tenant), all);
    }

    /// A tenant is gone: another of its id begins anew.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        let mut known = self.known.lock();
        known.places.remove(&keys::owner_of(tenant));
        known.changed.remove(&keys::owner_of(tenant));
        known.gone.push(tenant.clone());
    }

    /// The tenants that are gone since the last time.
    pub(super) fn take_gone(&self) -> Vec<TenantId> {
        std::mem::take(&mut self.known.lock().gone)
    }

    /// Waits until a tenant has something new.
    pub(super) async fn changed(&self) {
        self.wake.notified().await;
    }

    /// A tenant's events before this are in the mirror.
    pub(super) fn set_place(&self, tenant: &TenantId, events: Sequence) {
        self.known.lock().places.entry(keys::owner_of(tenant)).or_default().0 = events;
    }

    /// How far a tenant's events are in the mirror, and how many went before they were.
    pub(crate) fn place(&self, tenant: &TenantId) -> (Sequence, u64) {
        self.known.lock().places.get(&keys::owner_of(tenant)).copied().unwrap_or_default()
    }

    /// Under which epoch this process writes, whichever actor does.
    pub(super) fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// This process writes under that epoch.
    pub(super) fn set_epoch(&self, epoch: i64) {
        self.epoch.store(epoch, Ordering::Relaxed);
    }

    /// How the mirror is.
    pub(crate) fn health(&self) -> Health {
        self.health.lock().clone()
    }

    /// Says how the mirror is.
    pub(super) fn set_health(&self, health: Health) {
        *self.health.lock() = health;
    }
}

impl Known {
    /// Counts events that go before they were mirrored, as writes of the same batch.
    fn count_lost<'a>(&mut self, gone: impl Iterator<Item = &'a [u8]>) -> Option<Write> {
        let mut write = None;
        for key in gone {
            let Some((owner, sequence)) = keys::owner(key).zip(key::sequence(key)) else {
                continue;
            };
            if !self.places.contains_key(owner) {
                self.places.insert(owner.to_vec(), (Sequence(0), 0));
            }
            let Some((place, lost)) = self.places.get_mut(owner) else { continue };
            if sequence < *place {
                continue;
            }
            *lost += 1;
            if lost.is_power_of_two() {
                tracing::error!(
                    lost = *lost,
                    "events outlived their retention before they reached the mirror: they will never"
                );
            }
            let count = lost.to_be_bytes().to_vec();
            write = keys::lost_beside(key).map(|key| Write::Put(key, count));
        }
        write
    }
}

fn key_of(batch: &Batch, index: usize) -> Option<&[u8]> {
    match batch.writes.get(index)? {
        Write::Put(key, _) | Write::Delete(key) => Some(key),
    }
}

#[cfg(test)]
mod tests;
