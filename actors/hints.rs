//! Who must be told that a row is durable: the clock of timers, endpoint actors of deliveries.
//!
//! Hints are volatile: they save a look at the disk. What they point at is a row, and whoever starts
//! anew finds it there. The directory beside them says where each tenant's actor is.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use ractor::ActorRef;
use sereno_workflows::id::{EndpointId, TenantId};
use sereno_workflows::time::Timestamp;

use crate::cleaner::CleanerMessage;
use crate::clock::ClockMessage;
use crate::intake::IntakeMessage;
use crate::ledger::After;
use crate::tenant::TenantMessage;
use crate::view::TenantView;

/// Where actors are found.
#[derive(Default)]
pub(crate) struct Hints {
    tenants: RwLock<HashMap<TenantId, Listing>>,
    clock: RwLock<Option<ActorRef<ClockMessage>>>,
    cleaner: RwLock<Option<ActorRef<CleanerMessage>>>,
}

/// A tenant's actor and how the tenant presently is.
#[derive(Clone)]
pub(crate) struct Listing {
    /// The actor.
    pub(crate) actor: ActorRef<TenantMessage>,
    /// The tenant.
    pub(crate) view: Arc<TenantView>,
}

impl Hints {
    /// A tenant's actor and view, if there is such a tenant.
    pub(crate) fn tenant(&self, id: &TenantId) -> Option<Listing> {
        self.tenants.read().get(id).cloned()
    }

    /// All tenants' views.
    pub(crate) fn views(&self) -> Vec<Arc<TenantView>> {
        self.tenants.read().values().map(|listing| Arc::clone(&listing.view)).collect()
    }

    /// Lists a tenant, or lists it anew.
    pub(crate) fn list(&self, view: Arc<TenantView>, actor: ActorRef<TenantMessage>) {
        self.tenants.write().insert(view.id.clone(), Listing { actor, view });
    }

    /// Lists a tenant no longer; answers what was listed.
    pub(crate) fn unlist(&self, id: &TenantId) -> Option<Listing> {
        self.tenants.write().remove(id)
    }

    /// Has the clock forget the timers of a tenant that is gone.
    pub(crate) fn forget_timers(&self, tenant: &TenantId) {
        self.tell_clock(ClockMessage::Forget(tenant.clone()));
    }

    /// Sets the clock.
    pub(crate) fn set_clock(&self, clock: ActorRef<ClockMessage>) {
        *self.clock.write() = Some(clock);
    }

    /// The clock.
    pub(crate) fn clock(&self) -> Option<ActorRef<ClockMessage>> {
        self.clock.read().clone()
    }

    /// Sets the cleaner.
    pub(crate) fn set_cleaner(&self, cleaner: ActorRef<CleanerMessage>) {
        *self.cleaner.write() = Some(cleaner);
    }

    /// Asks the cleaner to look at a tenant now.
    pub(crate) fn clean(&self, tenant: &TenantId) {
        let cleaner = self.cleaner.read().clone();
        if let Some(cleaner) = cleaner
            && cleaner.cast(CleanerMessage::Look(tenant.clone())).is_err()
        {
            tracing::debug!(%tenant, "the cleaner was asked to look while it restarts");
        }
    }

    /// Tells everyone concerned that a commit of this tenant is durable.
    pub(crate) fn carry_out(&self, tenant: &TenantId, after: Vec<After>) {
        for hint in after {
            match hint {
                After::Arm(timer, what) => self.tell_clock(ClockMessage::Arm(timer, what)),
                After::Deliver(endpoint, due) => self.deliver(tenant, endpoint, due),
                After::FanOut(event) => self.tell(tenant, TenantMessage::FanOut(event)),
                After::Letter => self.tell(tenant, TenantMessage::Intake(IntakeMessage::Work)),
            }
        }
    }

    /// Tells a tenant that one of its endpoints has something due, at `due` or later.
    pub(crate) fn deliver(&self, tenant: &TenantId, endpoint: EndpointId, due: Timestamp) {
        self.tell(tenant, TenantMessage::Deliver(endpoint, due));
    }

    /// Tells a tenant that something of it was counted.
    pub(crate) fn counted(&self, tenant: &TenantId) {
        self.tell(tenant, TenantMessage::Counted);
    }

    /// Asks the clock to tell of an endpoint's next delivery when it is due.
    pub(crate) fn deliver_at(&self, tenant: &TenantId, endpoint: EndpointId, due: Timestamp) {
        let tenant = tenant.clone();
        self.tell_clock(ClockMessage::ArmEndpoint { tenant, endpoint, due });
    }

    fn tell(&self, tenant: &TenantId, message: TenantMessage) {
        let actor = self.tenants.read().get(tenant).map(|listing| listing.actor.clone());
        if let Some(actor) = actor
            && actor.cast(message).is_err()
        {
            tracing::debug!(%tenant, "a tenant was told of a delivery while it restarts");
        }
    }

    fn tell_clock(&self, message: ClockMessage) {
        let clock = self.clock();
        if let Some(clock) = clock
            && clock.cast(message).is_err()
        {
            tracing::debug!("the clock was told of a timer while it restarts");
        }
    }
}
