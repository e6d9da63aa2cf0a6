//! The live actors below a tenant: found, woken on demand, passivated when idle.
//!
//! Only the tenant speaks to its children, so it alone decides when one may end: it asks, sets the
//! child aside and keeps what comes for it meanwhile. Once the child has ended it is brought back for
//! what was kept. So no message is lost between a child's decision to end and its end.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use ractor::{ActorCell, ActorId, ActorRef, Message};
use tokio::time::Instant;

/// The children of one kind.
pub(crate) struct Children<K, M: Message> {
    alive: HashMap<K, Child<M>>,
    leaving: HashMap<K, Leaving<M>>,
    keys: HashMap<ActorId, K>,
}

struct Child<M: Message> {
    actor: ActorRef<M>,
    spoken_to: Instant,
}

struct Leaving<M: Message> {
    actor: ActorRef<M>,
    kept: Vec<M>,
}

impl<K: Clone + Eq + Hash, M: Message> Children<K, M> {
    pub(crate) fn new() -> Self {
        Self { alive: HashMap::new(), leaving: HashMap::new(), keys: HashMap::new() }
    }

    /// How many are alive or leaving.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is such a child.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.alive.contains_key(key) || self.leaving.contains_key(key)
    }

    /// Tells a child something, waking it if need be.
    pub(crate) fn tell(&mut self, key: K, message: M, wake: impl FnOnce() -> ActorRef<M>) {
        if let Some(leaving) = self.leaving.get_mut(&key) {
            leaving.kept.push(message);
            return;
        }
        let keys = &mut self.keys;
        let child = self.alive.entry(key).or_insert_with_key(|key| {
            let actor = wake();
            keys.insert(actor.get_id(), key.clone());
            Child { actor, spoken_to: Instant::now() }
        });
        child.spoken_to = Instant::now();
        // A child that has just died drops the message, which its sender hears of; the supervision
        // event that follows removes the child.
        drop(child.actor.cast(message));
    }

    /// Sets aside those that nobody spoke to for `idle`, and asks each to end.
    pub(crate) fn retire(&mut self, idle: Duration, ask: impl Fn() -> M) {
        let now = Instant::now();
        let retired = self.alive.extract_if(|_, child| now - child.spoken_to >= idle);
        for (key, child) in retired {
            // As in `tell`.
            drop(child.actor.cast(ask()));
            self.leaving.insert(key, Leaving { actor: child.actor, kept: Vec::new() });
        }
    }

    /// A child that was asked to end still has work: it stays, and hears what was kept.
    pub(crate) fn stay(&mut self, key: &K) {
        let Some(Leaving { actor, kept }) = self.leaving.remove(key) else { return };
        for message in kept {
            // As in `tell`.
            drop(actor.cast(message));
        }
        self.alive.insert(key.clone(), Child { actor, spoken_to: Instant::now() });
    }

    /// An actor ended: if it was a child, whose it was and what was kept for it.
    pub(crate) fn ended(&mut self, actor: &ActorCell) -> Option<(K, Vec<M>)> {
        let key = self.keys.remove(&actor.get_id())?;
        self.alive.remove(&key);
        let kept = self.leaving.remove(&key).map(|leaving| leaving.kept).unwrap_or_default();
        Some((key, kept))
    }
}
