//! The room for attempts, which all tenants share: each in its turn, and always some left for the next.
//!
//! An attempt costs memory and a socket for as long as it takes, so there is room for so many. Nobody may
//! hold more than what is left: a tenant alone gets half of all room, the next one half of the rest, and so on;
//! within a tenant, its endpoints share in the same way. So a tenant, or an endpoint, all of whose attempts
//! hang leaves room for whoever comes after it, without a share being set aside for those who are not there.
//! Whoever waits, waits in the line of its endpoint; room that becomes free goes to the tenants in turn, and
//! within one to its endpoints in turn (deficit round robin with a cost of one for each).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use sereno_workflows::id::{EndpointId, TenantId};
use tokio::sync::{Notify, oneshot};

use crate::limits::ATTEMPTS_MAX;
use crate::vitals::Credits;

/// The room for attempts.
#[derive(Clone)]
pub(crate) struct Turnstile {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    free: usize,
    held: usize,
    tenants: HashMap<TenantId, Tenant>,
    /// The tenants with somebody in a line, in turn.
    turns: VecDeque<TenantId>,
    stopping: bool,
    idle: Arc<Notify>,
}

#[derive(Default)]
struct Tenant {
    held: usize,
    endpoints: HashMap<EndpointId, Endpoint>,
    /// The endpoints with a line, in turn.
    turns: VecDeque<EndpointId>,
}

#[derive(Default)]
struct Endpoint {
    held: usize,
    line: VecDeque<oneshot::Sender<Pass>>,
}

/// The right to make an attempt; given back when it is dropped.
pub(crate) struct Pass {
    turnstile: Option<Turnstile>,
    tenant: TenantId,
    endpoint: EndpointId,
}

impl Turnstile {
    /// One with all of its room free.
    pub(crate) fn new() -> Self {
        Self::with_room(ATTEMPTS_MAX)
    }

    fn with_room(free: usize) -> Self {
        let inner = Inner {
            free,
            held: 0,
            tenants: HashMap::new(),
            turns: VecDeque::new(),
            stopping: false,
            idle: Arc::default(),
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// How much of the room is taken.
    pub(crate) fn credits(&self) -> Credits {
        let inner = self.inner.lock();
        Credits { used: inner.held, most: inner.held + inner.free }
    }

    /// Whether more than one tenant has attempts under way.
    pub(crate) fn is_shared(&self) -> bool {
        self.inner.lock().tenants.len() > 1
    }

    /// Lets nothing more through, and waits until what is under way has come to its end.
    pub(crate) async fn stop(&self) {
        let idle = {
            let mut inner = self.inner.lock();
            inner.stopping = true;
            if inner.held == 0 {
                return;
            }
            Arc::clone(&inner.idle)
        };
        idle.notified().await;
    }

    /// Waits for the endpoint's turn.
    pub(crate) async fn pass(&self, tenant: &TenantId, endpoint: EndpointId) -> Pass {
        let turn = {
            let mut inner = self.inner.lock();
            // Where there is room for it, whoever waits has as much as it may.
            if inner.has_room_for(tenant, endpoint) {
                inner.take(tenant, endpoint);
                return self.given(tenant.clone(), endpoint);
            }
            inner.line_up(tenant, endpoint)
        };
        turn.await.expect("whoever is in line is passed through before the line goes")
    }

    fn given(&self, tenant: TenantId, endpoint: EndpointId) -> Pass {
        Pass { turnstile: Some(self.clone()), tenant, endpoint }
    }

    fn give_back(&self, tenant: &TenantId, endpoint: EndpointId) {
        let mut inner = self.inner.lock();
        inner.leave(tenant, endpoint);
        while let Some((tenant, endpoint, waiting)) = inner.next_in_turn() {
            match waiting.send(self.given(tenant.clone(), endpoint)) {
                Ok(()) => inner.take(&tenant, endpoint),
                // Whoever waited is gone; this pass was never given.
                Err(mut pass) => pass.turnstile = None,
            }
        }
    }
}

impl Inner {
    /// Whether the endpoint may hold one more: no more than what its tenant has left, which is no more than
    /// what all have left.
    fn has_room_for(&self, tenant: &TenantId, endpoint: EndpointId) -> bool {
        let (of_tenant, of_endpoint) = match self.tenants.get(tenant) {
            Some(tenant) => (tenant.held, tenant.held_by(endpoint)),
            None => (0, 0),
        };
        let left = self.free.saturating_sub(of_tenant);
        !self.stopping && of_endpoint < left
    }

    fn take(&mut self, tenant: &TenantId, endpoint: EndpointId) {
        self.free -= 1;
        self.held += 1;
        if !self.tenants.contains_key(tenant) {
            self.tenants.insert(tenant.clone(), Tenant::default());
        }
        if let Some(tenant) = self.tenants.get_mut(tenant) {
            tenant.held += 1;
            tenant.endpoints.entry(endpoint).or_default().held += 1;
        }
    }

    fn leave(&mut self, id: &TenantId, endpoint: EndpointId) {
        self.free += 1;
        self.held -= 1;
        if let Some(tenant) = self.tenants.get_mut(id) {
            tenant.leave(endpoint);
            if tenant.endpoints.is_empty() {
                self.tenants.remove(id);
            }
        }
        if self.stopping && self.held == 0 {
            self.idle.notify_one();
        }
    }

    fn line_up(&mut self, id: &TenantId, endpoint: EndpointId) -> oneshot::Receiver<Pass> {
        let (waiting, turn) = oneshot::channel();
        let tenant = self.tenants.entry(id.clone()).or_default();
        if tenant.turns.is_empty() {
            self.turns.push_back(id.clone());
        }
        let line = &mut tenant.endpoints.entry(endpoint).or_default().line;
        if line.is_empty() {
            tenant.turns.push_back(endpoint);
        }
        line.push_back(waiting);
        turn
    }

    /// The first in the line of the first endpoint in turn that may have more, of the first tenant in turn
    /// that has one.
    fn next_in_turn(&mut self) -> Option<(TenantId, EndpointId, oneshot::Sender<Pass>)> {
        for _ in 0..self.turns.len() {
            if self.stopping {
                return None;
            }
            let id = self.turns.pop_front()?;
            let tenant = self.tenants.get_mut(&id)?;
            let found = tenant.next_in_turn(self.free.saturating_sub(tenant.held));
            if !tenant.turns.is_empty() {
                self.turns.push_back(id.clone());
            }
            if let Some((endpoint, waiting)) = found {
                return Some((id, endpoint, waiting));
            }
        }
        None
    }
}

impl Tenant {
    fn held_by(&self, endpoint: EndpointId) -> usize {
        self.endpoints.get(&endpoint).map_or(0, |endpoint| endpoint.held)
    }

    fn leave(&mut self, id: EndpointId) {
        self.held -= 1;
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            endpoint.held -= 1;
            if endpoint.held == 0 && endpoint.line.is_empty() {
                self.endpoints.remove(&id);
            }
        }
    }

    fn next_in_turn(&mut self, left: usize) -> Option<(EndpointId, oneshot::Sender<Pass>)> {
        for _ in 0..self.turns.len() {
            let id = self.turns.pop_front()?;
            let endpoint = self.endpoints.get_mut(&id)?;
            let waiting = if endpoint.held < left { endpoint.line.pop_front() } else { None };
            if !endpoint.line.is_empty() {
                self.turns.push_back(id);
            }
            if let Some(waiting) = waiting {
                return Some((id, waiting));
            }
        }
        None
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(turnstile) = self.turnstile.take() {
            turnstile.give_back(&self.tenant, self.endpoint);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;

    const ONE: EndpointId = EndpointId(1);

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    async fn settle() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    /// As many passes as an endpoint gets at once, up to so many.
    async fn all_for(turnstile: &Turnstile, name: &str, endpoint: u32, most: usize) -> Vec<Pass> {
        let mut held = Vec::new();
        let name = tenant(name);
        let patience = Duration::from_millis(20);
        while held.len() < most
            && let Ok(pass) =
                tokio::time::timeout(patience, turnstile.pass(&name, EndpointId(endpoint))).await
        {
            held.push(pass);
        }
        held
    }

    #[tokio::test]
    async fn e01_room_that_becomes_free_goes_to_the_tenants_in_turn() {
        let turnstile = Turnstile::with_room(1);
        let first = turnstile.pass(&tenant("a"), ONE).await;
        let (passed, mut order) = mpsc::unbounded_channel();
        for name in ["a", "a", "a", "a", "b", "b", "c"] {
            let (turnstile, passed) = (turnstile.clone(), passed.clone());
            tokio::spawn(async move {
                let pass = turnstile.pass(&tenant(name), ONE).await;
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
    async fn f04_whoever_hangs_with_all_it_may_have_leaves_room_for_the_next() {
        let turnstile = Turnstile::with_room(64);
        let mut held = Vec::new();
        for name in ["dead", "black-hole", "slow"] {
            let before = turnstile.inner.lock().free;
            let got = all_for(&turnstile, name, 1, 64).await;
            assert!((1..=before / 2).contains(&got.len()), "{name} got {}", got.len());
            held.push(got);
        }
        assert!(!all_for(&turnstile, "well", 1, 1).await.is_empty());
        assert!(turnstile.is_shared());
    }

    #[tokio::test]
    async fn f04_endpoints_that_hang_leave_room_for_the_others_of_their_tenant() {
        let turnstile = Turnstile::with_room(256);
        let mut held = Vec::new();
        for endpoint in 1..=6 {
            held.push(all_for(&turnstile, "one", endpoint, 16).await);
        }
        let shares: Vec<usize> = held.iter().map(Vec::len).collect();
        assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
        let well = tenant("one");
        turnstile.pass(&well, EndpointId(7)).await;
        held.clear();
        assert_eq!(turnstile.inner.lock().free, 256, "everything was given back");
        assert!(turnstile.inner.lock().tenants.len() <= 1);
    }

    #[tokio::test]
    async fn a_stop_waits_for_what_is_under_way_and_lets_nothing_more_through() {
        let turnstile = Turnstile::with_room(4);
        let pass = turnstile.pass(&tenant("a"), ONE).await;
        let stopping = tokio::spawn({
            let turnstile = turnstile.clone();
            async move { turnstile.stop().await }
        });
        settle().await;
        assert!(!stopping.is_finished());
        assert!(!turnstile.is_shared());
        let late = tenant("b");
        let late = turnstile.pass(&late, ONE);
        assert!(tokio::time::timeout(Duration::from_millis(50), late).await.is_err());
        drop(pass);
        stopping.await.unwrap();
    }
}
