//! The mirror: what customers did, as rows of the user's own PostgreSQL.
//!
//! ```text
//!  committer --hint--> [feed] --> Mirror: horizon, settle, read a batch --> PostgreSQL, one transaction
//!                                    ^                                          | committed
//!                                    '------- how far (durable, per tenant) <---'
//! ```
//! It follows what is durable and nobody waits for it: while its database is away, the rows that it has not
//! read yet stay where they are anyhow, and what it keeps in memory does not grow. A row arrives at least once
//! and is put where it was: the same row again changes nothing. How far it is moves only after PostgreSQL has
//! committed; PostgreSQL holds the same place in the same transaction, so a database that was restored from an
//! older copy, or is another one, gets what it lacks.
//!
//! What it cannot promise: events that outlive their retention before they are mirrored. They are counted.

mod collect;
pub(crate) mod feed;
mod link;
mod probe;
mod rows;
mod target;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::id::{Sequence, TenantId};

use self::collect::{Collector, Load};
use self::feed::{Feed, Health};
use self::link::{Identity, Link, LinkError};
pub(crate) use self::probe::probe;
pub use self::target::{InvalidMirror, MirrorConfig};
use crate::hints::Hints;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::MirroredRecord;
use crate::record::key;

/// How a tenant's mirror is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorStatus {
    /// `connecting`, `down`, `refused`, `catching_up` or `current`.
    pub state: &'static str,
    /// Events that are not there yet, as far as they are counted.
    pub lag_events: usize,
    /// How long the first of them has waited, in seconds.
    pub lag_seconds: u64,
    /// What went wrong last, while it does.
    pub last_error: Option<String>,
    /// Events before this are there.
    pub cursor: Sequence,
    /// Events that are there.
    pub mirrored: u64,
    /// Events that outlived their retention before they were there.
    pub skipped: u64,
    /// Rows that PostgreSQL can never take.
    pub refused: u64,
}

/// The mirror.
pub(crate) struct Mirror {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) hints: Arc<Hints>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) config: MirrorConfig,
    /// Whether all was noted since it last looked through everything.
    pub(crate) noted: bool,
}

/// That it is time for the next batch.
pub(crate) struct Work;

/// What the mirror knows.
pub(crate) struct MirrorState {
    identity: Identity,
    link: Option<Link>,
    /// Who has something new.
    line: VecDeque<TenantId>,
    places: Arc<BTreeMap<TenantId, MirroredRecord>>,
    failures: u32,
    sleeper: Option<ractor::concurrency::JoinHandle<()>>,
}

/// What comes after a batch.
enum Next {
    /// There is more.
    Now,
    /// All is there: wait for something new.
    News,
    /// It failed.
    Later(LinkError),
}

impl Actor for Mirror {
    type Msg = Work;
    type State = MirrorState;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<Work>,
        (): (),
    ) -> Result<MirrorState, ActorProcessingErr> {
        let instance = self.ledger.mirror_instance().await?;
        let mut state = MirrorState {
            identity: Identity { instance, epoch: self.feed.epoch() },
            link: None,
            line: VecDeque::new(),
            places: Arc::default(),
            failures: 0,
            sleeper: None,
        };
        let places = Arc::make_mut(&mut state.places);
        for (tenant, _) in self.ledger.tenants()? {
            let mut place = self.ledger.mirrored(&tenant)?.unwrap_or_else(|| scratch(&tenant));
            if !self.noted {
                place.rest = scratch(&tenant).rest;
            }
            places.insert(tenant.clone(), place);
            state.line.push_back(tenant);
        }
        myself.cast(Work)?;
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<Work>,
        Work: Work,
        state: &mut MirrorState,
    ) -> Result<(), ActorProcessingErr> {
        // What cannot be read now may be read later; dying of it would only bring the same again.
        let unread =
            |error| Next::Later(LinkError::Away(format!("the ledger cannot be read: {error}")));
        let next = self.work(state).await.unwrap_or_else(unread);
        self.sleep(&myself, state, next);
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Work>,
        _event: SupervisionEvent,
        _state: &mut MirrorState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Work>,
        state: &mut MirrorState,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(sleeper) = state.sleeper.take() {
            sleeper.abort();
        }
        Ok(())
    }
}

impl Mirror {
    /// One batch, read and written.
    async fn work(&self, state: &mut MirrorState) -> Result<Next, LedgerError> {
        let is_new = state.link.is_none();
        if is_new {
            match Link::open(&self.config, state.identity.clone()).await {
                Ok((link, found)) => {
                    self.feed.set_epoch(found.identity.epoch);
                    state.identity = found.identity;
                    state.link = Some(link);
                    self.compare(state, &found.progress);
                }
                Err(error) => return Ok(Next::Later(error)),
            }
        }
        for tenant in self.feed.take_gone() {
            Arc::make_mut(&mut state.places).remove(&tenant);
            state.line.retain(|waiting| *waiting != tenant);
        }
        for tenant in self.feed.take_changed() {
            if !state.line.contains(&tenant) {
                state.line.push_back(tenant);
            }
        }
        let before = state.line.clone();
        let mut load = self.read(state).await?;
        load.absent.iter().for_each(|tenant| self.feed.look_again(tenant));
        let Some(link) = &mut state.link else { return Ok(Next::Now) };
        let written = match load.places.is_empty() {
            true => Ok(()),
            false => write(link, &mut load).await,
        };
        match written {
            Ok(()) => {
                self.note(state, load).await;
                Ok(if state.line.is_empty() { Next::News } else { Next::Now })
            }
            Err(error) => {
                state.link = None;
                state.line = before;
                // A connection that lay idle may have ended long ago: a new one will tell.
                let will_tell = !is_new && matches!(error, LinkError::Away(_));
                Ok(if will_tell { Next::Now } else { Next::Later(error) })
            }
        }
    }

    /// Reads the next batch, away from the threads that serve requests.
    async fn read(&self, state: &mut MirrorState) -> Result<Load, LedgerError> {
        let horizon = self.ledger.sequence();
        self.feed.set_horizon(horizon);
        self.ledger.settled().await;
        let (ledger, hints) = (Arc::clone(&self.ledger), Arc::clone(&self.hints));
        let (phones, mut line) = (self.config.phones, state.line.clone());
        let places = Arc::clone(&state.places);
        let reading = tokio::task::spawn_blocking(move || {
            let collector = Collector { ledger: &ledger, hints: &hints, phones, horizon };
            let load = collector.collect(&mut line, |tenant| {
                places.get(tenant).cloned().unwrap_or_else(|| scratch(tenant))
            });
            load.map(|load| (line, load))
        });
        match reading.await {
            Ok(read) => {
                let (line, load) = read?;
                state.line = line;
                Ok(load)
            }
            Err(_) => Err(LedgerError::Content("record (its reader panicked)")),
        }
    }

    /// Notes how far the tenants are, now that PostgreSQL has it.
    async fn note(&self, state: &mut MirrorState, load: Load) {
        let mut notes: BTreeMap<TenantId, Vec<Vec<u8>>> = BTreeMap::new();
        for (tenant, note) in load.notes {
            notes.entry(tenant).or_default().push(note);
        }
        for (tenant, place) in load.places {
            let done = notes.remove(&tenant).unwrap_or_default();
            if self.ledger.is_deleted(&tenant) {
                continue;
            }
            if done.is_empty() && state.places.get(&tenant) == Some(&place) {
                continue;
            }
            self.feed.set_place(&tenant, place.events);
            let mut draft = Draft::new(&tenant);
            draft.mirrored(&place);
            done.into_iter().for_each(|note| draft.forget_note(note));
            Arc::make_mut(&mut state.places).insert(tenant, place);
            // Nobody waits: lost in a crash, the same rows go once more. The next batch is read after it.
            self.ledger.commit(draft, Box::new(|| {})).await;
        }
        if state.failures > 0 || !self.feed.health().is_up {
            tracing::info!("the mirror is written to");
        }
        state.failures = 0;
        self.feed.set_health(Health { is_up: true, ..Health::default() });
    }

    /// A database that has less than we believe was put back, or is another: it gets what it lacks.
    fn compare(&self, state: &mut MirrorState, progress: &BTreeMap<String, Sequence>) {
        for (tenant, place) in Arc::make_mut(&mut state.places) {
            let there = progress.get(tenant.as_str()).copied().unwrap_or_default();
            if there < place.events {
                tracing::warn!(%tenant, "the mirror lacks what it had; it is filled again");
                let rest = scratch(tenant).rest;
                *place = MirroredRecord { events: there, rest, ..place.clone() };
                self.feed.set_place(tenant, there);
                if !state.line.contains(tenant) {
                    state.line.push_back(tenant.clone());
                }
            }
        }
    }

    fn sleep(&self, myself: &ActorRef<Work>, state: &mut MirrorState, next: Next) {
        let (pause, news) = match next {
            Next::Now => (Duration::ZERO, false),
            Next::News => (Duration::from_millis(limits::MIRROR_PAUSE_MS), true),
            Next::Later(error) => (self.failed(state, &error), false),
        };
        let (myself, feed) = (myself.clone(), Arc::clone(&self.feed));
        state.sleeper = Some(ractor::concurrency::spawn(async move {
            if news {
                feed.changed().await;
            }
            tokio::time::sleep(pause).await;
            // An error means that this mirror is gone; the next one begins by itself.
            myself.cast(Work).ok();
        }));
    }

    /// Says what is wrong; answers how long to wait.
    fn failed(&self, state: &mut MirrorState, error: &LinkError) -> Duration {
        let longer = limits::MIRROR_BACKOFF_MS << state.failures.min(16);
        let wait = longer.min(limits::MIRROR_BACKOFF_MS_MAX);
        state.failures = state.failures.saturating_add(1);
        let health = Health {
            is_up: false,
            is_refused: matches!(error, LinkError::Refused(_)),
            last_error: Some(error.to_string()),
        };
        self.feed.set_health(health);
        tracing::error!(%error, again_in_ms = wait,
            "the mirror is not written to; events are taken all the same and it will catch up");
        Duration::from_millis(wait)
    }
}

/// Writes a batch; where PostgreSQL cannot take a row, each by itself, and counts those that no table of ours
/// could hold. What only refuses because of something that was added to a table stops the mirror, so that
/// nothing is lost of what it refuses.
async fn write(link: &mut Link, load: &mut Load) -> Result<(), LinkError> {
    let places = load.places.iter();
    let progress = places.map(|(tenant, place)| (tenant.as_str().to_owned(), place.events));
    let progress = progress.collect();
    match link.write(&load.rows, &progress).await {
        Err(LinkError::Data(problem)) => {
            tracing::warn!(problem, "the mirror refused a batch; its rows go one by one");
        }
        other => return other,
    }
    for (tenant, row) in load.rows.single() {
        match link.write(&row, &BTreeMap::new()).await {
            Err(LinkError::Data(problem)) => {
                let name = row.name();
                match link.would_take(&row).await? {
                    Some(false) => {}
                    Some(true) => {
                        return Err(LinkError::Away(format!(
                            "an index, a trigger or a column that is not as it was made refuses the row \
                             {name}: {problem}; remove it, and the mirror goes on from there"
                        )));
                    }
                    None => {
                        return Err(LinkError::Away(format!(
                            "the database refuses the row {name}: {problem}; whether an index, a trigger or \
                             a column of your own does cannot be tried, since the role may not make \
                             temporary tables: remove what does, or GRANT TEMP ON DATABASE to the role, and \
                             the mirror goes on from there"
                        )));
                    }
                }
                tracing::error!(tenant, row = name, problem, "the mirror refuses a row for good");
                let places = load.places.iter_mut();
                for (_, place) in places.filter(|(owner, _)| owner.as_str() == tenant) {
                    place.refused += 1;
                }
            }
            other => other?,
        }
    }
    link.write(&rows::Rows::default(), &progress).await
}

/// Where a tenant begins: its events from the first on, and before them what stands.
fn scratch(tenant: &TenantId) -> MirroredRecord {
    MirroredRecord { rest: key::table(b'S', tenant), ..MirroredRecord::default() }
}
