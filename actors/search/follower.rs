//! Follows the events of all tenants and puts them into the index: behind the road of an event, on a
//! thread that gives way.
//!
//! ```text
//!  writer --note--> [ news: whose events, which came late ]
//!                              |
//!  ledger --events in order of their places--> index --commit with a cursor--> questions
//! ```
//! The cursor says up to which place every event of every tenant is in the index. It goes with each
//! commit of the index. After a kill the follower goes on from there, and looks once more at what is a
//! little older: events that came late and were not yet in. Where there is no index, or none that fits
//! this ledger, it is built from the first event on; meanwhile questions are answered from the events
//! themselves.

use std::collections::HashSet;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use parking_lot::RwLock;
use sereno_workflows::id::{Sequence, TenantId};

use super::index::{self, EventIndex, IndexError, Snapshot};
use super::work::{Cursor, Work};
use crate::ledger::news::Round;
use crate::ledger::{Ledger, LedgerError};
use crate::limits;
use crate::priority::{give_way, let_others_go_first};
use crate::record::Source;
use crate::vault;
use tokio::runtime::Handle;

/// What is left to a thread that gives way in everything, on the scale of nice(1).
const NICE: i32 = 19;
/// How far before the cursor events are looked at again after a start, in microseconds.
const MARGIN: u64 = 60_000_000;
/// How often a rebuild tells how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// The index as questions see it: what is in it, and up to which place all of it is.
#[derive(Clone)]
pub(super) struct View {
    pub(super) snapshot: Snapshot,
    pub(super) indexed_to: Sequence,
}

/// The follower.
pub(super) struct Follower {
    pub(super) ledger: Arc<Ledger>,
    pub(super) directory: PathBuf,
    pub(super) view: Arc<RwLock<Option<View>>>,
    pub(super) runtime: Handle,
}

/// Why the follower had to stop.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the search directory cannot be used: {0}")]
    Directory(#[from] io::Error),
    #[error("the search index is damaged")]
    Damaged,
}

impl Follower {
    /// Follows until the server stops. Where the index fails it is built again, after a pause that grows
    /// from failure to failure; meanwhile questions are answered without.
    pub(super) fn run(self) {
        give_way(NICE);
        let first = Duration::from_millis(limits::answers::SEARCH_AGAIN_MS);
        let longest = Duration::from_millis(limits::answers::SEARCH_AGAIN_MS_MAX);
        let mut pause = first;
        loop {
            let began = Instant::now();
            let followed = panic::catch_unwind(AssertUnwindSafe(|| self.follow()));
            let followed = followed.unwrap_or(Err(Trouble::Damaged));
            *self.view.write() = None;
            let Err(trouble) = followed else { return };
            if began.elapsed() >= longest {
                pause = first;
            }
            let again_in_ms = pause.as_millis();
            tracing::error!(error = %trouble, again_in_ms, "the search index failed; it is built again");
            if let Err(error) = self.forget() {
                tracing::error!(%error, "the search index cannot be removed");
            }
            self.ledger.news().rest(pause);
            if self.ledger.news().is_closing() {
                return;
            }
            pause = (2 * pause).min(longest);
        }
    }

    fn follow(&self) -> Result<(), Trouble> {
        let news = self.ledger.news();
        let (mut work, from) = self.open()?;
        news.follow(self.tenants()?, from, self.ledger.sequence());
        *self.view.write() = Some(View { snapshot: work.index.snapshot(), indexed_to: from });
        self.sweep(&mut work)?;
        let mut caught_up = Instant::now();
        loop {
            self.let_pass(&mut work, caught_up)?;
            let Some(round) = news.wait(work.due(), work.window) else { break };
            let is_behind = round.to < round.highest;
            while !self.ledger.has_room() && !news.is_closing() {
                news.rest(Duration::from_millis(limits::SEARCH_PAUSE_MS));
            }
            let erased = round.erased.clone();
            if !self.read(&mut work, round)? {
                // The server stops in the middle: what is not committed is read again at the next start.
                break;
            }
            if self.view.read().is_none() {
                return Err(Trouble::Damaged);
            }
            if !erased.is_empty() {
                self.let_go(&mut work, &erased)?;
            } else if work.is_due() {
                self.commit(&mut work)?;
            } else if work.waiting == 0 {
                self.show(&work);
            }
            // Many events at once cost less than each alone.
            if !is_behind {
                caught_up = Instant::now();
                news.rest(Duration::from_millis(limits::SEARCH_PAUSE_MS));
            }
        }
        if !work.is_amid {
            self.commit(&mut work)?;
        }
        work.index.close();
        Ok(())
    }

    /// Lets what comes in go first while there is much of it: the index may be a while behind, since what is
    /// not in it is looked at event by event.
    fn let_pass(&self, work: &mut Work, caught_up: Instant) -> Result<(), Trouble> {
        let news = self.ledger.news();
        let until = caught_up + Duration::from_millis(limits::SEARCH_BEHIND_MS_MAX);
        while self.ledger.is_busy() && Instant::now() < until && !news.is_closing() {
            if work.is_due() {
                self.commit(work)?;
            }
            news.rest(Duration::from_millis(limits::SEARCH_PAUSE_MS));
        }
        Ok(())
    }

    /// The index with the place from which events are to be read.
    fn open(&self) -> Result<(Work, Sequence), Trouble> {
        let known = self.ledger.search_id()?;
        if let Some((index, cursor)) = self.open_present(known.as_deref()) {
            let from = Sequence(cursor.indexed_to.saturating_sub(MARGIN));
            let reaches = Sequence(cursor.reaches.max(cursor.indexed_to));
            let work = Work::new(index, cursor.id, (from, reaches));
            return Ok((work, from));
        }
        self.forget()?;
        fs::create_dir_all(&self.directory)?;
        let (index, _) = EventIndex::open(&self.directory)?;
        let id = vault::generate_token("index");
        self.runtime.block_on(self.ledger.keep_search_id(&id));
        // What is recorded from here on, and what is on its way to the disk, must not be taken for known.
        let now = Sequence(self.ledger.sequence().0.saturating_sub(MARGIN));
        let first = self.first()?;
        let from = first.unwrap_or(now);
        let mut work = Work::new(index, id, (from, from));
        work.commit(from)?;
        if first.is_some() {
            let from = from.moment().to_rfc3339();
            tracing::info!(from, "the search index is built from the events");
        }
        Ok((work, from))
    }

    /// The index that is there, if it is whole and belongs to this ledger.
    fn open_present(&self, known: Option<&str>) -> Option<(EventIndex, Cursor)> {
        if !self.directory.join("meta.json").exists() {
            return None;
        }
        let (index, said) = match EventIndex::open(&self.directory) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(%error, "the search index does not open; it is built again");
                return None;
            }
        };
        let cursor = said.and_then(|said| serde_json::from_str::<Cursor>(&said).ok());
        let cursor = cursor.filter(|cursor| cursor.fits(known));
        if cursor.is_none() {
            tracing::warn!("the search index is of another layout or ledger; it is built again");
        }
        let cursor = cursor?;
        // However well it was closed: what is damaged may say nothing, and leave events out of answers.
        if !index.is_whole() {
            tracing::warn!("the search index is damaged; it is built again");
            return None;
        }
        Some((index, cursor))
    }

    /// Removes the index.
    fn forget(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Reads what is new; false if the server stops before all of it is read.
    fn read(&self, work: &mut Work, round: Round) -> Result<bool, Trouble> {
        for &place in &round.forgotten {
            work.index.remove(place)?;
        }
        work.note(round.forgotten.len());
        for (tenant, place) in round.late {
            if work.late.contains(&(tenant.clone(), place)) {
                continue;
            }
            if let Some(event) = self.ledger.event(&tenant, place).ok().flatten() {
                work.index.remove(place)?;
                work.index.add(&tenant, place, &event)?;
            }
            work.late.push((tenant, place));
            work.note(1);
        }
        if round.from < work.read_to {
            // So much came late that it is read again; what is there already must be seen.
            work.known_to = work.known_to.max(work.read_to);
            work.commit(round.from)?;
        }
        work.reading_to = round.to;
        let known = work.index.snapshot();
        let mut count = 0;
        for tenant in &round.tenants {
            count += self.read_tenant(work, &known, tenant, (round.from, round.to))?;
            if self.ledger.news().is_closing() {
                work.is_amid = true;
                return Ok(false);
            }
        }
        work.read_to = round.to;
        work.window = match count {
            0..2_000 => work.window.saturating_mul(2),
            2_000..20_000 => work.window,
            _ => (work.window / 2).max(1_000),
        };
        if round.to < round.highest && work.told.elapsed() >= TOLD_EVERY {
            work.told = Instant::now();
            let left = round.highest.moment().since(round.to.moment());
            tracing::info!(indexed_to = %round.to.moment().to_rfc3339(), left_ms = left.0,
                events = known.count(), "the search index is catching up");
        }
        Ok(true)
    }

    /// Adds a tenant's events after one place up to another; answers how many.
    fn read_tenant(
        &self,
        work: &mut Work,
        known: &Snapshot,
        tenant: &TenantId,
        (from, to): (Sequence, Sequence),
    ) -> Result<usize, Trouble> {
        let mut next = from.next();
        let mut count = 0;
        while next <= to && !self.ledger.news().is_closing() {
            let page = limits::SEARCH_PAGE_ROWS;
            let (events, more) = self.ledger.events_from(tenant, next..to.next(), page)?;
            for (place, event) in events {
                next = place.next();
                let is_there = place <= work.known_to && known.has(place)?;
                if let Some(event) = event.filter(|_| !is_there) {
                    work.index.add(tenant, place, &event)?;
                    count += 1;
                }
                let_others_go_first();
            }
            if !more {
                break;
            }
            if work.waiting + count >= limits::SEARCH_COMMIT_EVENTS_MAX {
                // Its memory is bounded by itself; what is in is not said to be all of it yet.
                work.commit(work.read_to)?;
                work.note(1);
            }
        }
        work.note(count);
        Ok(count)
    }

    /// Removes what is gone from the ledger and still in the index: its removal was not yet committed when
    /// the process was killed.
    fn sweep(&self, work: &mut Work) -> Result<(), Trouble> {
        let snapshot = work.index.snapshot();
        for tenant in self.tenants()? {
            let cleaned = self.ledger.cleaned(&tenant)?;
            for source in Source::ALL {
                let cutoff =
                    if source == Source::Customer { cleaned.inbound } else { cleaned.events };
                let wanted = vec![vec![index::of_source(&tenant, source)]];
                let range = Sequence(0)..cutoff;
                for place in snapshot.newest(&wanted, range, limits::SEARCH_PAGE_ROWS)? {
                    if self.ledger.event(&tenant, place)?.is_none() {
                        work.index.remove(place)?;
                        work.note(1);
                    }
                }
            }
        }
        Ok(())
    }

    /// Removes all events of tenants of which nothing is left.
    fn let_go(&self, work: &mut Work, erased: &[TenantId]) -> Result<(), Trouble> {
        // What was added and not committed cannot be seen yet.
        self.commit(work)?;
        let snapshot = work.index.snapshot();
        let others = self.tenants()?;
        for tenant in erased {
            // A term holds no more of a tenant than a checksum.
            let alike: Vec<_> =
                others.iter().filter(|other| index::is_alike(other, tenant)).collect();
            for source in Source::ALL {
                let wanted = vec![vec![index::of_source(tenant, source)]];
                let mut end = Sequence(u64::MAX);
                loop {
                    let found =
                        snapshot.newest(&wanted, Sequence(0)..end, limits::SEARCH_PAGE_ROWS)?;
                    for &place in &found {
                        let mut is_others = false;
                        for other in &alike {
                            is_others |= self.ledger.event(other, place)?.is_some();
                        }
                        if !is_others {
                            work.index.remove(place)?;
                            work.note(1);
                        }
                    }
                    match found.last() {
                        Some(&last) if found.len() == limits::SEARCH_PAGE_ROWS => end = last,
                        Some(_) | None => break,
                    }
                }
            }
        }
        self.commit(work)?;
        self.ledger.news().let_go(erased);
        Ok(())
    }

    fn commit(&self, work: &mut Work) -> Result<(), Trouble> {
        let indexed_to = work.read_to;
        work.commit(indexed_to)?;
        self.show(work);
        // Only now: until here questions look for them one by one.
        self.ledger.news().settled(&std::mem::take(&mut work.late));
        Ok(())
    }

    /// Everything that was read is committed: questions may rely on it.
    fn show(&self, work: &Work) {
        let mut view = self.view.write();
        // A question that found it damaged took it away.
        if let Some(view) = &mut *view {
            *view = View { snapshot: work.index.snapshot(), indexed_to: work.read_to };
        }
    }

    fn tenants(&self) -> Result<HashSet<TenantId>, LedgerError> {
        Ok(self.ledger.tenants()?.into_iter().map(|(tenant, _)| tenant).collect())
    }

    /// The place before the first event of all.
    fn first(&self) -> Result<Option<Sequence>, LedgerError> {
        let mut first = None;
        for tenant in self.tenants()? {
            let all = Sequence(0)..Sequence(u64::MAX);
            let (events, _) = self.ledger.events_from(&tenant, all, 1)?;
            let place = events.first().map(|(place, _)| *place);
            first = [first, place].into_iter().flatten().min();
        }
        Ok(first.map(|Sequence(place)| Sequence(place.saturating_sub(1))))
    }
}
