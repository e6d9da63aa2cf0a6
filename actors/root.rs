//! The root of the tree: starts the clock and the tenants, and brings back whichever dies.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::id::TenantId;
use sereno_workflows::line::Smtp;
use sereno_workflows::retry::RetryPolicy;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::cleaner::Cleaner;
use crate::clock::{Clock, ClockMessage};
use crate::eraser::{Eraser, Holders};
use crate::fatal;
use crate::ledger::LedgerError;
use crate::limits::attendance::PRESENT_EVERY_MS;
use crate::limits::erasing::{ERASERS_AT_ONCE_MAX, TENANT_STOP_MS};
use crate::mirror::feed::Feed;
use crate::mirror::{Mirror, MirrorConfig};
use crate::record;
use crate::record::key::{self, HOME};
use crate::store::Batch;
use crate::tenant::{Surroundings, Tenant};
use crate::view::TenantView;

/// The root.
pub(crate) struct Root {
    pub(crate) around: Surroundings,
    pub(crate) server_smtp: Option<Smtp>,
    pub(crate) server_retry: RetryPolicy,
    pub(crate) mirror: Option<Followed>,
}

/// The mirror that is to be kept.
pub(crate) struct Followed {
    pub(crate) config: MirrorConfig,
    pub(crate) feed: Arc<Feed>,
    /// Whether all was noted since it last looked through everything.
    pub(crate) noted: bool,
}

/// What the root is told.
pub(crate) enum RootMessage {
    /// A new tenant; answered once it is durable and up.
    Create(Box<TenantView>, oneshot::Sender<Created>),
    /// A tenant is to go, with the keys of these hashes; answered once that is durable.
    Delete(TenantId, Vec<[u8; 32]>, oneshot::Sender<bool>),
    /// It is time to say that the server is there.
    Attend,
}

/// What became of a new tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Created {
    /// It is up.
    Up,
    /// There is one already.
    Exists,
    /// One of this id was deleted, and rows of it are still there.
    Going,
}

/// What the root knows.
pub(crate) struct RootState {
    clock: ActorId,
    cleaner: ActorId,
    mirror: Option<ActorId>,
    tenants: HashMap<ActorId, TenantId>,
    erasers: HashMap<ActorId, TenantId>,
    /// Whose turn it is, of all erasers.
    turns: Arc<Semaphore>,
    /// By which whoever holds a tenant is waited for.
    holders: HashMap<TenantId, (mpsc::Sender<()>, mpsc::Receiver<()>)>,
}

impl Actor for Root {
    type Msg = RootMessage;
    type State = RootState;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<RootMessage>,
        (): (),
    ) -> Result<RootState, ActorProcessingErr> {
        // The clock is there before the tenants tell it of deliveries, and it reads the timers only
        // when every tenant is there to be woken.
        let clock = self.spawn_clock(&myself).await?;
        let cleaner = self.spawn_cleaner(&myself).await?;
        let mut state = RootState {
            clock: clock.get_id(),
            cleaner,
            mirror: None,
            tenants: HashMap::new(),
            erasers: HashMap::new(),
            turns: Arc::new(Semaphore::new(ERASERS_AT_ONCE_MAX)),
            holders: HashMap::new(),
        };
        for (id, _) in self.around.ledger.tenants()? {
            self.spawn_tenant(&myself, &mut state, &id).await?;
        }
        // Before what is overdue is told: reports say for how long nobody was there.
        self.attend(&myself).await?;
        start_clock(&clock).await;
        state.mirror = self.spawn_mirror(&myself).await?;
        for deleted in self.around.ledger.deleted_tenants() {
            self.spawn_eraser(&myself, &mut state, deleted, None).await?;
        }
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<RootMessage>,
        message: RootMessage,
        state: &mut RootState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RootMessage::Create(view, reply) => {
                let created = self.create(&myself, state, *view).await?;
                // An error means that the caller has gone; the tenant is there all the same.
                reply.send(created).ok();
            }
            RootMessage::Delete(tenant, keys, reply) => {
                let deleted = self.delete(&myself, state, tenant, &keys).await?;
                // As above.
                reply.send(deleted).ok();
            }
            RootMessage::Attend => self.attend(&myself).await?,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<RootMessage>,
        event: SupervisionEvent,
        state: &mut RootState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(child, _, _) => {
                state.tenants.remove(&child.get_id());
                state.erasers.remove(&child.get_id());
            }
            SupervisionEvent::ActorFailed(child, error) => {
                self.around.ledger.settled().await;
                if let Err(lost) = self.bring_back(&myself, state, child.get_id(), &error).await {
                    fatal::end(
                        fatal::PART_LOST,
                        &format!("a part could not be brought back: {lost}"),
                    );
                }
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

impl Root {
    /// Says that the server is there, and has that said again.
    async fn attend(&self, myself: &ActorRef<RootMessage>) -> Result<(), LedgerError> {
        let while_ = Duration::from_millis(PRESENT_EVERY_MS);
        // The handle is not kept: the task ends by itself.
        drop(myself.send_after(while_, || RootMessage::Attend));
        self.around.ledger.attend().await
    }

    /// Starts a part that died anew from the ledger.
    async fn bring_back(
        &self,
        myself: &ActorRef<RootMessage>,
        state: &mut RootState,
        died: ActorId,
        error: &ActorProcessingErr,
    ) -> Result<(), ActorProcessingErr> {
        if died == state.clock {
            tracing::error!(%error, "the clock died; it starts anew from the ledger");
            let clock = self.spawn_clock(myself).await?;
            state.clock = clock.get_id();
            start_clock(&clock).await;
        } else if died == state.cleaner {
            tracing::error!(%error, "the cleaner died; it starts anew from the ledger");
            state.cleaner = self.spawn_cleaner(myself).await?;
            for tenant in state.tenants.values() {
                self.around.hints.clean(tenant);
            }
        } else if Some(died) == state.mirror {
            tracing::error!(%error, "the mirror died; it starts anew from the ledger");
            state.mirror = self.spawn_mirror(myself).await?;
        } else if let Some(tenant) = state.tenants.remove(&died) {
            tracing::error!(%error, %tenant, "a tenant died; it starts anew from the ledger");
            self.spawn_tenant(myself, state, &tenant).await?;
        } else if let Some(tenant) = state.erasers.remove(&died) {
            tracing::error!(%error, %tenant, "the work on a deleted tenant died; it begins again");
            self.spawn_eraser(myself, state, tenant, None).await?;
        }
        Ok(())
    }

    async fn spawn_clock(
        &self,
        myself: &ActorRef<RootMessage>,
    ) -> Result<ActorRef<ClockMessage>, ActorProcessingErr> {
        let clock = Clock {
            ledger: Arc::clone(&self.around.ledger),
            hints: Arc::clone(&self.around.hints),
        };
        let (clock, _) = Actor::spawn_linked(None, clock, (), myself.get_cell()).await?;
        self.around.hints.set_clock(clock.clone());
        let hints = Arc::clone(&self.around.hints);
        self.around.ledger.watch(Box::new(move |tenant| hints.counted(tenant)));
        Ok(clock)
    }

    async fn spawn_cleaner(
        &self,
        myself: &ActorRef<RootMessage>,
    ) -> Result<ActorId, ActorProcessingErr> {
        let cleaner = Cleaner {
            ledger: Arc::clone(&self.around.ledger),
            hints: Arc::clone(&self.around.hints),
        };
        let (cleaner, _) = Actor::spawn_linked(None, cleaner, (), myself.get_cell()).await?;
        let id = cleaner.get_id();
        self.around.hints.set_cleaner(cleaner);
        Ok(id)
    }

    async fn spawn_mirror(
        &self,
        myself: &ActorRef<RootMessage>,
    ) -> Result<Option<ActorId>, ActorProcessingErr> {
        let Some(Followed { config, feed, noted }) = &self.mirror else { return Ok(None) };
        let mirror = Mirror {
            ledger: Arc::clone(&self.around.ledger),
            hints: Arc::clone(&self.around.hints),
            feed: Arc::clone(feed),
            config: config.clone(),
            noted: *noted,
        };
        let (mirror, _) = Actor::spawn_linked(None, mirror, (), myself.get_cell()).await?;
        Ok(Some(mirror.get_id()))
    }

    async fn spawn_tenant(
        &self,
        myself: &ActorRef<RootMessage>,
        state: &mut RootState,
        id: &TenantId,
    ) -> Result<(), ActorProcessingErr> {
        let ledger = &self.around.ledger;
        let record = ledger.tenant(id)?.ok_or(LedgerError::Content("tenant"))?;
        let server = (self.server_smtp.clone(), self.server_retry.clone());
        let mut view = TenantView::load(ledger, id.clone(), &record, server)?;
        let (holder, _) = state.holders.entry(id.clone()).or_insert_with(|| mpsc::channel(1));
        view.presence = Some(holder.clone());
        let tenant = Tenant { around: self.around.clone() };
        let spawned = Actor::spawn_linked(None, tenant, Arc::new(view), myself.get_cell());
        let (actor, _) = spawned.await?;
        state.tenants.insert(actor.get_id(), id.clone());
        Ok(())
    }

    async fn create(
        &self,
        myself: &ActorRef<RootMessage>,
        state: &mut RootState,
        view: TenantView,
    ) -> Result<Created, ActorProcessingErr> {
        let ledger = &self.around.ledger;
        if ledger.is_deleted(&view.id) {
            return Ok(Created::Going);
        }
        if ledger.tenant(&view.id)?.is_some() {
            return Ok(Created::Exists);
        }
        let mut batch = Batch::new(HOME);
        batch.put(key::tenant(&view.id), record::encode(&view.to_record(ledger)));
        ledger.commit_home(batch).await;
        self.spawn_tenant(myself, state, &view.id).await?;
        Ok(Created::Up)
    }

    /// Ends a tenant's actors, notes that it is deleted, and has its rows taken away; answers whether there was
    /// such a tenant.
    async fn delete(
        &self,
        myself: &ActorRef<RootMessage>,
        state: &mut RootState,
        id: TenantId,
        keys: &[[u8; 32]],
    ) -> Result<bool, ActorProcessingErr> {
        let around = &self.around;
        if around.ledger.tenant(&id)?.is_none() {
            return Ok(false);
        }
        // Whoever looks for it from here on finds nothing. Only its own actor writes its settings, so that
        // nothing brings it back.
        if let Some(listing) = around.hints.unlist(&id) {
            state.tenants.remove(&listing.actor.get_id());
            let patience = Some(Duration::from_millis(TENANT_STOP_MS));
            if listing.actor.stop_and_wait(None, patience).await.is_err() {
                tracing::warn!(tenant = %id, "a deleted tenant does not end by itself");
                listing.actor.kill();
            }
        }
        around.ledger.delete_tenant(&id, keys).await;
        around.hints.forget_timers(&id);
        around.throttles.forget(&id);
        around.refusals.forget(&id);
        let holders = state.holders.remove(&id).map(|(_, holders)| holders);
        self.spawn_eraser(myself, state, id, holders).await?;
        Ok(true)
    }

    async fn spawn_eraser(
        &self,
        myself: &ActorRef<RootMessage>,
        state: &mut RootState,
        tenant: TenantId,
        holders: Holders,
    ) -> Result<(), ActorProcessingErr> {
        let eraser = Eraser {
            ledger: Arc::clone(&self.around.ledger),
            feed: self.mirror.as_ref().map(|followed| Arc::clone(&followed.feed)),
            tenant: tenant.clone(),
            turns: Arc::clone(&state.turns),
        };
        let (eraser, _) = Actor::spawn_linked(None, eraser, holders, myself.get_cell()).await?;
        state.erasers.insert(eraser.get_id(), tenant);
        Ok(())
    }
}

async fn start_clock(clock: &ActorRef<ClockMessage>) {
    let (ready, started) = oneshot::channel();
    if clock.cast(ClockMessage::Start(ready)).is_ok() {
        // An error means that the clock died while it read; its supervisor hears of that.
        started.await.ok();
    }
}
