//! The room for attempts, which all tenants share: each in its turn, none with more than its share.
//!
//! An attempt costs memory and a socket for as long as it takes, so there is room for so many. Whoever
//! waits, waits in the line of his tenant, and room that becomes free goes to the lines in turn (deficit
//! round robin with a cost of one for each). A tenant has at most [`ATTEMPTS_PER_TENANT_MAX`] at once, so
//! that one whose endpoints all hang leaves room for the others.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use sereno_workflows::id::TenantId;
use tokio::sync::{Notify, oneshot};

use crate::limits::{ATTEMPTS_MAX, ATTEMPTS_PER_TENANT_MAX};

/// The room for attempts.
#[derive(Clone)]
pub(crate) struct Turnstile {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    free: usize,
    per_tenant: usize,
    held: HashMap<TenantId, usize>,
    lines: HashMap<TenantId, VecDeque<oneshot::Sender<Pass>>>,
    /// The tenants with a line, in turn.
    turns: VecDeque<TenantId>,
    stopping: bool,
    idle: Arc<Notify>,
}

/// The right to make an attempt; given back when it is dropped.
pub(crate) struct Pass {
    turnstile: Option<Turnstile>,
    tenant: TenantId,
}

impl Turnstile {
    /// One with all of its room free.
    pub(crate) fn new() -> Self {
        Self::with_room(ATTEMPTS_MAX, ATTEMPTS_PER_TENANT_MAX)
    }

    fn with_room(free: usize, per_tenant: usize) -> Self {
        let inner = Inner {
            free,
            per_tenant,
            held: HashMap::new(),
            lines: HashMap::new(),
            turns: VecDeque::new(),
            stopping: false,
            idle: Arc::default(),
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Lets nothing more through, and waits until what is under way has come to its end.
    pub(crate) async fn stop(&self) {
        let idle = {
            let mut inner = self.inner.lock();
            inner.stopping = true;
            if inner.held.is_empty() {
                return;
            }
            Arc::clone(&inner.idle)
        };
        idle.notified().await;
    }

    /// Waits for the tenant's turn.
    pub(crate) async fn pass(&self, tenant: &TenantId) -> Pass {
        let turn = {
            let mut inner = self.inner.lock();
            // Where room is free, whoever waits has his share already.
            if inner.free > 0 && inner.may_have_more(tenant) {
                inner.free -= 1;
                inner.take(tenant);
                return Pass { turnstile: Some(self.clone()), tenant: tenant.clone() };
            }
            inner.line_up(tenant)
        };
        turn.await.expect("whoever is in line is passed through before the line goes")
    }

    fn give_back(&self, tenant: &TenantId) {
        let mut inner = self.inner.lock();
        inner.free += 1;
        inner.leave(tenant);
        while let Some((next, waiting)) = inner.next_in_turn() {
            let pass = Pass { turnstile: Some(self.clone()), tenant: next.clone() };
            match waiting.send(pass) {
                Ok(()) => {
                    inner.free -= 1;
                    inner.take(&next);
                    return;
                }
                // Whoever waited is gone; this pass was never given.
                Err(mut pass) => pass.turnstile = None,
            }
        }
    }
}

impl Inner {
    fn may_have_more(&self, tenant: &TenantId) -> bool {
        let has_share = |held: &usize| *held >= self.per_tenant;
        !self.stopping && !self.held.get(tenant).is_some_and(has_share)
    }

    fn take(&mut self, tenant: &TenantId) {
        *self.held.entry(tenant.clone()).or_default() += 1;
    }

    fn leave(&mut self, tenant: &TenantId) {
        if let Some(held) = self.held.get_mut(tenant) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(tenant);
            }
        }
        if self.stopping && self.held.is_empty() {
            self.idle.notify_one();
        }
    }

    fn line_up(&mut self, tenant: &TenantId) -> oneshot::Receiver<Pass> {
        let (waiting, turn) = oneshot::channel();
        let line = self.lines.entry(tenant.clone()).or_default();
        if line.is_empty() {
            self.turns.push_back(tenant.clone());
        }
        line.push_back(waiting);
        turn
    }

    /// The first in the line of the first tenant in turn that may have more.
    fn next_in_turn(&mut self) -> Option<(TenantId, oneshot::Sender<Pass>)> {
        for _ in 0..self.turns.len() {
            let tenant = self.turns.pop_front()?;
            if !self.may_have_more(&tenant) {
                self.turns.push_back(tenant);
                continue;
            }
            let line = self.lines.get_mut(&tenant)?;
            let waiting = line.pop_front()?;
            if line.is_empty() {
                self.lines.remove(&tenant);
            } else {
                self.turns.push_back(tenant.clone());
            }
            return Some((tenant, waiting));
        }
        None
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(turnstile) = self.turnstile.take() {
            turnstile.give_back(&self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    async fn settle() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn e01_room_that_becomes_free_goes_to_the_tenants_in_turn() {
        let turnstile = Turnstile::with_room(1, 1);
        let first = turnstile.pass(&tenant("a")).await;
        let (passed, mut order) = mpsc::unbounded_channel();
        for name in ["a", "a", "a", "a", "b", "b", "c"] {
            let (turnstile, passed) = (turnstile.clone(), passed.clone());
            tokio::spawn(async move {
                let pass = turnstile.pass(&tenant(name)).await;
                passed.send(name).unwrap();
                drop(pass);
            });
            settle().await;
        }
        drop(first);
        let mut names = String::new();
        for _ in 0..7 {
            names.push_str(order.recv().await.unwrap());
        }
        assert_eq!(names, "abcabaa");
    }

    #[tokio::test]
    async fn f04_a_tenant_that_hangs_with_all_it_has_leaves_room_for_others() {
        let turnstile = Turnstile::with_room(4, 3);
        let dead = tenant("dead");
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(turnstile.pass(&dead).await);
        }
        let patience = Duration::from_millis(50);
        let fourth = tokio::time::timeout(patience, turnstile.pass(&dead)).await;
        assert!(fourth.is_err(), "it has its share");
        for _ in 0..3 {
            let well = tenant("well");
            drop(tokio::time::timeout(patience, turnstile.pass(&well)).await.unwrap());
        }
        held.pop();
        turnstile.pass(&dead).await;
    }

    #[tokio::test]
    async fn a_stop_waits_for_what_is_under_way_and_lets_nothing_more_through() {
        let turnstile = Turnstile::with_room(2, 2);
        let pass = turnstile.pass(&tenant("a")).await;
        let stopping = tokio::spawn({
            let turnstile = turnstile.clone();
            async move { turnstile.stop().await }
        });
        settle().await;
        assert!(!stopping.is_finished());
        let late = tenant("b");
        let late = tokio::time::timeout(Duration::from_millis(50), turnstile.pass(&late)).await;
        assert!(late.is_err());
        drop(pass);
        stopping.await.unwrap();
    }
}
