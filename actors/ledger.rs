//! Typed reads and atomic commits over the store: what the actors know of the disk.
//!
//! The ledger is the truth and actors are caches of it. A [`Draft`] collects everything that one
//! decision changes (state, event, timers, deliveries, log) and becomes durable as one batch.

pub(crate) mod access;
mod acknowledged;
mod attendance;
pub mod called;
mod companion;
mod deleted;
pub mod delivery;
pub mod draft;
mod figures;
mod idempotency;
pub mod inbound;
pub mod job;
pub mod lanes;
mod letters;
pub mod line;
pub mod log;
pub mod mirror;
pub(crate) mod news;
pub mod people;
pub mod provider;
pub mod queue;
pub mod read;
mod report;
mod sequences;
pub mod source;
pub(crate) mod statistics;
pub mod story;
pub mod timeline;
pub mod times;
pub(crate) mod waiting;

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use futures_util::future::OptionFuture;
use parking_lot::Mutex;
use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::time::Timestamp;
use thiserror::Error;

use self::companion::{Companion, Watch};
use self::deleted::Deleted;
pub use self::draft::{After, Draft};
use self::lanes::Lanes;
use self::news::News;
use self::sequences::Sequences;
use self::times::{Moments, Times};
use crate::mirror::feed::Feed;
use crate::now::Now;
use crate::record::key::{self, HOME};
use crate::record::{self, MetaRecord, Record, RecordError};
use crate::statistics::{Counting, Group, Statistics};
use crate::store::committer::{self, Beside, Committer, Haste, Then};
use crate::store::journal::file::FileJournal;
use crate::store::{Batch, Direction, Partition, Store, StoreError};
use crate::stream::Bell;
use crate::vault::{Vault, VaultError};

/// Why the ledger could not answer.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A secret cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The writing thread did not start.
    #[error("the writing thread did not start")]
    Thread(#[from] std::io::Error),
    /// A stored text is not what it should be.
    #[error("a stored {0} is not readable")]
    Content(&'static str),
}

/// The ledger of one server.
pub struct Ledger {
    store: Arc<dyn Store>,
    committer: Committer,
    vault: Vault,
    sequences: Sequences,
    times: Arc<Times>,
    /// Whoever follows what is committed, once somebody does.
    feed: Arc<OnceLock<Arc<Feed>>>,
    news: Arc<News>,
    statistics: Arc<Statistics>,
    watch: Arc<OnceLock<Watch>>,
    lanes: Arc<Mutex<Lanes>>,
    deleted: Deleted,
    bell: Arc<Bell>,
}

impl Ledger {
    /// Takes charge of a store; refuses one that was written under another master key.
    pub fn open(store: Arc<dyn Store>, vault: Vault, now: Now) -> Result<Arc<Self>, LedgerError> {
        let feed: Arc<OnceLock<Arc<Feed>>> = Arc::default();
        let (sequences, statistics) = (Sequences::new(now), Arc::<Statistics>::default());
        let watch: Arc<OnceLock<Watch>> = Arc::default();
        let bell = Arc::<Bell>::default();
        let lanes = Arc::<Mutex<Lanes>>::default();
        let companion = Companion {
            feed: Arc::clone(&feed),
            statistics: Arc::clone(&statistics),
            group: Group::default(),
            sequences: sequences.clone(),
            lanes: Arc::clone(&lanes),
            watch: Arc::clone(&watch),
            bell: Arc::clone(&bell),
        };
        let committer = Committer::start(Arc::clone(&store), Box::new(companion))?;
        let (times, news) = (Arc::default(), Arc::default());
        let deleted = Deleted::default();
        let ledger = Self {
            store,
            committer,
            vault,
            sequences,
            times,
            feed,
            news,
            statistics,
            watch,
            lanes,
            deleted,
            bell,
        };
        ledger.check_master_key()?;
        ledger.recall_deleted()?;
        ledger.sequences.begin_after(ledger.last()?);
        Ok(Arc::new(ledger))
    }

    /// A new sequence: the present microsecond, or the next one that was not given yet.
    pub fn sequence(&self) -> Sequence {
        self.sequences(1)
    }

    /// The first of so many new sequences without a gap.
    pub fn sequences(&self, count: usize) -> Sequence {
        self.sequences.next(count)
    }

    /// The clock that the ledger's times come from.
    pub fn now(&self) -> Now {
        self.sequences.now
    }

    /// Where secrets are sealed and opened.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Hands a draft to the writer, at once; what is answered waits for a place there. `then` runs once it is
    /// durable. Of a tenant that was deleted nothing is written: both are dropped, as if the process had ended here.
    pub fn commit(&self, draft: Draft, then: Then) -> impl Future<Output = ()> + Send + use<'_> {
        self.commit_in(Haste::Awaited, draft, then)
    }

    /// The same, where nobody may be waiting for it.
    pub(crate) fn commit_in(
        &self,
        haste: Haste,
        mut draft: Draft,
        then: Then,
    ) -> impl Future<Output = ()> + Send + use<'_> {
        let is_wanted = !self.is_deleted(draft.tenant());
        let submitted = is_wanted.then(|| {
            let counting = self.counting(&mut draft);
            let then = self.observed(&mut draft, then);
            let beside = Beside { counting, noted: draft.take_noted() };
            self.committer.submit(draft.into_batch(), beside, haste, then)
        });
        OptionFuture::from(submitted).map(drop)
    }

    /// Whether more comes in than is written.
    pub(crate) fn is_crowded(&self) -> bool {
        self.committer.is_crowded()
    }

    /// Hands a draft to the writer; what is answered waits until it is durable. Its hints are not carried out.
    pub fn commit_and_wait(&self, draft: Draft) -> impl Future<Output = ()> + Send + use<'_> {
        let (then, durable) = committer::awaited();
        self.commit(draft, then).then(|()| durable)
    }

    /// What a draft counts, with its tenant's counts in memory.
    fn counting(&self, draft: &mut Draft) -> Option<Counting> {
        let tally = draft.take_tally().filter(|_| self.statistics.counts())?;
        let tenant = draft.tenant().clone();
        if let Err(error) = self.statistics.take_up(self, &tenant) {
            // The event counts for more than its count.
            tracing::error!(%error, %tenant, "what was counted cannot be read; it is not counted on");
            return None;
        }
        Some(Counting { tenant, tally })
    }

    /// What is counted of the tenants.
    pub(crate) fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// What is to be done once a draft is durable, with what is then noted of its events.
    fn observed(&self, draft: &mut Draft, then: Then) -> Then {
        self.times.add_page(draft);
        let (events, forgotten) = draft.take_events();
        if events.is_empty() && forgotten.is_empty() {
            return then;
        }
        let tenant = draft.tenant().clone();
        let (times, news) = (Arc::clone(&self.times), Arc::clone(&self.news));
        let (now, handed) = (self.now(), self.now().micros());
        let observed = move || {
            let durable = now.micros();
            // First: whoever is answered may look for it at once.
            news.note(&tenant, &events, &forgotten);
            then();
            times.note(&tenant, &events, Moments { handed, durable, told: now.micros() });
        };
        Box::new(observed)
    }

    /// Waits until everything that was committed before is durable and can be read.
    pub fn settled(&self) -> impl Future<Output = ()> + Send + use<'_> {
        self.commit_home(Batch::new(HOME))
    }

    /// Hands over a batch of the tenants' directory; what is answered waits until it is durable.
    pub(crate) fn commit_home(&self, batch: Batch) -> impl Future<Output = ()> + Send + use<'_> {
        self.committer.make_durable(batch)
    }

    /// Has what is committed from now on looked at for the mirror.
    pub(crate) fn follow(&self, feed: Arc<Feed>) {
        // Set once, at the start.
        self.feed.set(feed).ok();
    }

    /// Has somebody told of each tenant that has counted something, until [`Statistics::look`] is called.
    pub(crate) fn watch(&self, watch: Watch) {
        // Set once, at the start.
        self.watch.set(watch).ok();
    }

    /// What rings when something is durable.
    pub(crate) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// The journal under it, if there is one.
    pub(crate) fn journal(&self) -> Option<Arc<FileJournal>> {
        self.store.journal()
    }

    /// What has become durable, for whoever follows the events.
    pub(crate) fn news(&self) -> &News {
        &self.news
    }

    /// Whether the disk has space for new events.
    pub fn has_room(&self) -> bool {
        self.store.has_room()
    }

    /// Whether so much comes in that what can wait should.
    pub(crate) fn is_busy(&self) -> bool {
        self.store.is_busy()
    }

    /// When something was last recorded, of any tenant.
    pub fn last_recorded(&self) -> Result<Option<Timestamp>, LedgerError> {
        let last = self.last()?;
        Ok((last > 0).then(|| Sequence(last).moment()))
    }

    /// Writes out what waits and ends the writing threads.
    pub fn stop(&self) {
        self.committer.stop();
        let batches = self.times.take_all().into_iter().map(Draft::into_batch).collect();
        if let Err(error) = self.store.commit(batches) {
            tracing::warn!(%error, "the times of the last events are not kept");
        }
        self.store.close();
    }

    fn get<R: Record>(&self, partition: Partition, key: &[u8]) -> Result<Option<R>, LedgerError> {
        match self.store.get(partition, key)? {
            Some(bytes) => Ok(Some(record::decode(&bytes)?)),
            None => Ok(None),
        }
    }

    fn check_master_key(&self) -> Result<(), LedgerError> {
        const PLACE: &str = "meta/master-key";
        let key = key::meta("master-key");
        if let Some(MetaRecord(sealed)) = self.get(HOME, &key)? {
            self.vault.open(PLACE, &sealed)?;
        }
        // Written anew each time, so that it is of the present version.
        let mut batch = Batch::new(HOME);
        batch.put(key, record::encode(&MetaRecord(self.vault.seal(PLACE, b"sereno"))));
        Ok(self.store.commit(vec![batch])?)
    }

    fn last(&self) -> Result<u64, LedgerError> {
        let mut last = 0;
        for (tenant, _) in self.tenants()? {
            last = last.max(self.last_sequence_of(&tenant)?);
        }
        Ok(last)
    }

    fn last_sequence_of(&self, tenant: &TenantId) -> Result<u64, LedgerError> {
        let mut last = 0;
        for letter in [b'E', b'L', b'i', b'd', b'z'] {
            let table = key::table(letter, tenant);
            let range = &table[..]..&key::after(&table)[..];
            let rows = self.store.scan(key::partition(tenant), range, Direction::Descending, 1)?;
            let found = rows.first().and_then(|(key, _)| key::sequence(key));
            last = last.max(found.unwrap_or_default().0);
        }
        // What was mirrored may have outlived its time since; nothing may come to stand before it.
        Ok(last.max(self.mirrored(tenant)?.unwrap_or_default().events.0))
    }
}
