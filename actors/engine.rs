//! The engine as the edge sees it: start, submit, ask, change, stop.

mod acknowledged;
mod acts;
mod alerts;
mod audit;
mod check;
mod deletion;
pub mod deliveries;
mod error;
mod inbound;
mod keys;
mod mirror;
mod once;
pub(crate) mod pipeline;
mod reports;
mod room;
pub mod sessions;
mod statistics;
mod stream;
mod throttle;
pub mod timers;
mod vitals;
mod words;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use ractor::{Actor, ActorRef};
use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::line::Smtp;
use sereno_workflows::policy::Settings;
use sereno_workflows::retry::RetryPolicy;
use sereno_workflows::{conversation, handoff, reservation};
use tokio::sync::{mpsc, oneshot};

use self::audit::Counts;
pub use self::error::EngineError;
pub use self::inbound::Letter;
use self::mirror::follow;
pub use self::once::Arrival;
use self::once::Lanes;
pub(crate) use self::room::Credit;
pub use self::room::Export;
use self::room::Room;
use self::sessions::Doors;
pub use self::statistics::WindowCounts;
pub use self::throttle::Later;
use crate::channel::{ChannelConfig, Channels};
use crate::clock::ClockMessage;
use crate::gather::Refusal;
use crate::hints::Listing;
use crate::ledger::called::Called;
use crate::ledger::{Ledger, LedgerError};
use crate::limits;
use crate::mirror::MirrorConfig;
use crate::mirror::feed::Feed;
use crate::now::Now;
use crate::paces::Paces;
use crate::record::KeyRecord;
use crate::root::{Created, Root, RootMessage};
use crate::search::{Page, Question, Reader, Search};
use crate::source;
use crate::store::disk::{DiskOptions, DiskStore};
use crate::store::memory::MemoryStore;

use crate::store::Store;
use crate::stream::Streams;
use crate::template::Compiled;
use crate::tenant::{Change, Changed, ConfigureError, Surroundings, TenantMessage};
use crate::throttle::Throttles;
use crate::ticket::Tally;
use crate::trace::Tracing;
use crate::turnstile::Turnstile;
use crate::vault::Vault;
use crate::view::TenantView;

/// What the engine must know to start.
pub struct EngineConfig {
    /// The directory of the store; without one, everything is in memory and gone at the end.
    pub directory: Option<PathBuf>,
    /// What the store's index aims at for its cache, in bytes; it may use twice as much.
    pub cache_bytes: u64,
    /// Whether a damaged store is opened with what can be read of it.
    pub salvage: bool,
    /// Whether events are put into an index for questions; without, each is looked at.
    pub search: bool,
    /// Whether what happens is counted; without, nobody is told of any figure.
    pub figures: bool,
    /// 32 bytes in base64.
    pub master_key: String,
    /// How deliveries go out.
    pub channels: ChannelConfig,
    /// The mail server for tenants without one of their own.
    pub smtp: Option<Smtp>,
    /// How webhooks are tried again where neither endpoint nor tenant says.
    pub retry: RetryPolicy,
    /// The PostgreSQL to which rows go as well.
    pub mirror: Option<MirrorConfig>,
    /// Where spans go, if they go anywhere.
    pub tracing: Option<Arc<Tracing>>,
    /// Where the time comes from.
    pub now: Now,
}

/// A running engine.
pub struct Engine {
    around: Surroundings,
    root: ActorRef<RootMessage>,
    root_ended: Mutex<Option<ractor::concurrency::JoinHandle<()>>>,
    room: Room,
    lanes: Lanes,
    keys: RwLock<HashMap<[u8; 32], Arc<KeyRecord>>>,
    /// Whoever makes a key, or a tenant, or deletes one, does so alone.
    gate: tokio::sync::Mutex<()>,
    doors: Doors,
    audits: Counts,
    search: Option<Arc<Search>>,
    streams: Arc<Streams>,
    /// What the mirror follows, if there is one.
    feed: Option<Arc<Feed>>,
}

/// What a person may ask of a booking, a handoff or a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Something of a booking.
    Reservation(reservation::Command),
    /// Something of a handoff.
    Handoff(handoff::Command),
    /// Something of a conversation.
    Conversation(conversation::What),
}

impl Engine {
    /// Opens the store, brings the actors up and arms the timers; the engine is ready when it returns.
    pub async fn start(config: EngineConfig) -> Result<Self, EngineError> {
        let vault = Vault::new(&config.master_key)?;
        let store: Arc<dyn Store> = match &config.directory {
            Some(directory) => {
                let cache_bytes = config.cache_bytes;
                let salvage = config.salvage;
                let options = DiskOptions { cache_bytes, salvage, ..DiskOptions::default() };
                Arc::new(DiskStore::open(directory, options)?)
            }
            None => Arc::new(MemoryStore::default()),
        };
        let ledger = Ledger::open(store, vault, config.now)?;
        if !config.figures {
            tracing::warn!(
                "nothing is counted (SERENO_FIGURES=off): stats, reports and alerts stay silent"
            );
            ledger.statistics().stop_counting();
        }
        let keys = ledger.keys()?;
        let doors = Doors::open(&ledger)?;
        let around = Surroundings {
            ledger,
            hints: Arc::default(),
            channels: Arc::new(Channels::new(config.channels)?),
            attempts: Turnstile::new(),
            paces: Arc::new(Paces::new()),
            throttles: Arc::new(Throttles::new()),
            refusals: Arc::default(),
            tracing: config.tracing,
        };
        let mirror = follow(&around.ledger, config.mirror).await?;
        let feed = mirror.as_ref().map(|followed| Arc::clone(&followed.feed));
        let (server_smtp, server_retry) = (config.smtp, config.retry);
        let root = Root { around: around.clone(), server_smtp, server_retry, mirror };
        let directory = config.directory.filter(|_| config.search);
        let search =
            directory.map(|directory| Search::start(&around.ledger, &directory.join("search")));
        let search = search.transpose().map_err(LedgerError::Thread)?;
        let streams = Streams::start(&around.ledger).map_err(LedgerError::Thread)?;
        let spawned = Actor::spawn(None, root, ()).await;
        let (root, ended) = spawned.map_err(|error| EngineError::Start(error.to_string()))?;
        Ok(Self {
            around,
            root,
            root_ended: Mutex::new(Some(ended)),
            room: Room::new(),
            lanes: Lanes::new(),
            keys: RwLock::new(keys),
            gate: tokio::sync::Mutex::default(),
            doors,
            audits: Counts::default(),
            search: search.map(Arc::new),
            streams: Arc::new(streams),
            feed,
        })
    }

    /// Lets what is under way end, for at most `grace`, writes everything out and ends the actors.
    pub async fn stop(&self, grace: Duration) {
        self.room.close();
        if tokio::time::timeout(grace, self.around.attempts.stop()).await.is_err() {
            tracing::warn!("some attempts did not end in time; they will be repeated");
        }
        self.root.stop(None);
        let ended = self.root_ended.lock().take();
        if let Some(ended) = ended
            && tokio::time::timeout(Duration::from_secs(2), ended).await.is_err()
        {
            tracing::warn!("the actors did not end in time; what they had submitted is kept");
        }
        if let Err(error) = self.around.ledger.attend().await {
            tracing::warn!(%error, "until when the server was there could not be noted");
        }
        let (ledger, search) = (Arc::clone(&self.around.ledger), self.search.clone());
        let streams = Arc::clone(&self.streams);
        let stop = move || {
            streams.stop();
            if let Some(search) = search {
                search.stop();
            }
            ledger.stop();
        };
        // An error means that the blocking thread panicked, which the committer has logged.
        drop(tokio::task::spawn_blocking(stop).await);
    }

    /// Where spans go, if they go anywhere.
    pub fn tracing(&self) -> Option<&Arc<Tracing>> {
        self.around.tracing.as_ref()
    }

    /// What can be read.
    pub fn ledger(&self) -> &Ledger {
        &self.around.ledger
    }

    /// The newest events before a place that are what is asked for. Reads many rows, so it belongs on a
    /// thread that may block.
    pub fn find(
        &self,
        tenant: &TenantId,
        question: &Question,
        before: Sequence,
        limit: usize,
    ) -> Result<Page, EngineError> {
        let view = self.view(tenant)?;
        let search = self.search.as_deref();
        let reader = Reader { ledger: self.ledger(), search, tenant: &view };
        Ok(reader.find(question, before, limit)?)
    }

    /// A tenant, as it is now.
    pub fn view(&self, tenant: &TenantId) -> Result<Arc<TenantView>, EngineError> {
        Ok(self.listing(tenant)?.view)
    }

    /// The id of the conversation, or of the handoff, that a tenant calls so, as [`Ledger::called`] has it.
    pub fn called(&self, tenant: &TenantId, id: &str) -> Result<String, EngineError> {
        let hash = &self.view(tenant)?.policy.phone_hash;
        Ok(self.ledger().called(tenant, (Called::Talk, hash), id)?)
    }

    /// The id of the booking that a tenant calls so.
    pub fn booking_called(&self, tenant: &TenantId, id: &str) -> Result<String, EngineError> {
        let hash = &self.view(tenant)?.policy.phone_hash;
        Ok(self.ledger().called(tenant, (Called::Booking, hash), id)?)
    }

    /// All names by which events may have the conversation that a tenant calls so.
    pub fn names_of(&self, tenant: &TenantId, id: &str) -> Result<Vec<String>, EngineError> {
        let mut names = self.view(tenant)?.policy.phone_hash.names_of(id);
        names.extend(self.ledger().told_as(tenant, Called::Talk, id)?);
        Ok(names)
    }

    /// All tenants, as they are now.
    pub fn views(&self) -> Vec<Arc<TenantView>> {
        self.around.hints.views()
    }

    /// Whether another request would be looked at now.
    pub fn has_room(&self) -> bool {
        self.room.is_there()
    }

    /// Whether the disk has space for new events; what was accepted goes on without.
    pub fn check_space(&self) -> Result<(), EngineError> {
        if self.around.ledger.has_room() { Ok(()) } else { Err(EngineError::Full) }
    }

    /// Changes a tenant's settings or endpoints; returns once the change is durable.
    pub async fn configure(
        &self,
        tenant: &TenantId,
        change: Change,
    ) -> Result<Changed, EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let (reply, answer) = oneshot::channel();
        let settles = matches!(change, Change::Settings(..));
        let cast = actor.cast(TenantMessage::Configure(change, reply));
        cast.map_err(|_| EngineError::Busy)?;
        let changed = within_call_timeout(answer).await?;
        if settles && changed.is_ok() {
            self.settle_reports(tenant).await?;
        }
        changed.map_err(|error| match error {
            ConfigureError::Invalid(invalid) => EngineError::Invalid(invalid),
            ConfigureError::NotFound(what) => EngineError::NotFound(what),
            ConfigureError::TooMany(count) => EngineError::TooMany { count, what: "endpoints" },
            ConfigureError::Ledger(error) => EngineError::Ledger(error),
        })
    }

    /// Makes a tenant; returns once it is durable and up.
    pub async fn create_tenant(
        &self,
        id: TenantId,
        name: String,
        settings: Settings,
    ) -> Result<Arc<TenantView>, EngineError> {
        if self.around.hints.views().len() >= limits::TENANTS_MAX {
            return Err(EngineError::TooMany { count: limits::TENANTS_MAX, what: "tenants" });
        }
        Compiled::new(&settings.templates)?;
        source::check(&settings.sources)?;
        let _alone = self.gate.lock().await;
        let now = self.around.ledger.now().timestamp();
        let view = Box::new(TenantView::new(id.clone(), name, now, settings));
        let (reply, answer) = oneshot::channel();
        let cast = self.root.cast(RootMessage::Create(view, reply));
        cast.map_err(|_| EngineError::Busy)?;
        match within_call_timeout(answer).await? {
            Created::Up => {
                // Whoever asked for the deletion of one of this id may not have waited for its end.
                self.forget_keys(&id);
                self.settle_reports(&id).await?;
                self.view(&id)
            }
            Created::Exists => Err(EngineError::Exists(format!("tenant {id}"))),
            Created::Going => Err(EngineError::Rejected(format!(
                "the tenant {id} was deleted and its rows are still going: try again in a moment"
            ))),
        }
    }

    /// Fires what is due of a tenant at this moment; returns the types of the events that came of it.
    /// The clock normally was there first, and nothing is left.
    pub async fn fire_due(&self, tenant: &TenantId) -> Result<Vec<String>, EngineError> {
        self.listing(tenant)?;
        let (_open, mut ended) = mpsc::channel(1);
        let emitted = Arc::default();
        let tally = Tally { emitted: Arc::clone(&emitted), _open };
        let clock = self.around.hints.clock().ok_or(EngineError::Busy)?;
        let message = ClockMessage::FireDue { tenant: tenant.clone(), tally };
        clock.cast(message).map_err(|_| EngineError::Busy)?;
        // Nothing is ever sent: the channel closes when the last wake has ended.
        let timeout = Duration::from_millis(limits::CALL_TIMEOUT_MS);
        if tokio::time::timeout(timeout, ended.recv()).await.is_err() {
            return Err(EngineError::Busy);
        }
        let emitted = std::mem::take(&mut *emitted.lock());
        Ok(emitted)
    }

    fn listing(&self, tenant: &TenantId) -> Result<Listing, EngineError> {
        self.around.hints.tenant(tenant).ok_or(EngineError::NotFound("tenant"))
    }
}

async fn ask<T>(
    actor: &ActorRef<TenantMessage>,
    message: TenantMessage,
    answer: oneshot::Receiver<Result<T, Refusal>>,
) -> Result<T, EngineError> {
    actor.cast(message).map_err(|_| EngineError::Busy)?;
    within_call_timeout(answer).await?.map_err(|refusal| match refusal {
        Refusal::Rejected(reason) => EngineError::Rejected(reason),
        Refusal::Again | Refusal::Died { .. } => EngineError::Busy,
    })
}

async fn within_call_timeout<T>(answer: oneshot::Receiver<T>) -> Result<T, EngineError> {
    let timeout = Duration::from_millis(limits::CALL_TIMEOUT_MS);
    match tokio::time::timeout(timeout, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(EngineError::Busy),
    }
}
