//! Questions about events: from the newest down, through the index where it helps.
//!
//! ```text
//!            newest                       indexed to                              oldest
//!  events  ----|------- read one by one -------|------- candidates of the index ------|
//! ```
//! What is not in the index yet is looked at event by event, so an answer is complete whatever the index
//! is about. What the index names is only a candidate: each event is held against the question itself. A
//! place in the log is a cursor, so pages stay what they are while new events come in.

mod follower;
mod index;
pub mod standing;
mod work;

use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use sereno_workflows::id::Sequence;
use sereno_workflows::masking;
use sereno_workflows::search::{Query, Searchable, Types, id_in};
use tokio::runtime::Handle;

use self::follower::{Follower, View};
use self::index::Wanted;
use self::standing::Standing;
use crate::jobs::choice::Choice;
use crate::ledger::lanes::Stretches;
use crate::ledger::{Ledger, LedgerError};
use crate::limits;
use crate::record::{EventRecord, Source};
use crate::view::TenantView;

/// What is asked for; what is left out is not asked for.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Types of event.
    pub types: Types,
    /// The conversation that the data names, by one of its names.
    pub conversation: Vec<String>,
    /// The user that the data names.
    pub user_id: Option<String>,
    /// Where it came from.
    pub source: Option<Source>,
    /// How one of its deliveries stands.
    pub delivery: Option<Standing>,
    /// Words, phrases and fields.
    pub query: Option<Query>,
    /// Whether it is somebody's who sees personal data masked and has nothing revealed: what is hidden from
    /// them answers no question of theirs either.
    pub is_masked: bool,
    /// Whether only what stands aside is meant.
    pub set_aside: bool,
    /// None that was recorded before this.
    pub from: Sequence,
}

/// A page of an answer.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Events, the newest first.
    pub events: Vec<(Sequence, EventRecord)>,
    /// The place before which the answer goes on, if it does.
    pub next: Option<Sequence>,
    /// Up to where the index knows all events; `None` where it was not used.
    pub indexed_to: Option<Sequence>,
}

/// The index and who keeps it.
pub(crate) struct Search {
    ledger: Arc<Ledger>,
    view: Arc<RwLock<Option<View>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Search {
    /// Starts to follow the events of a ledger, with the index in a directory.
    pub(crate) fn start(ledger: &Arc<Ledger>, directory: &Path) -> std::io::Result<Self> {
        let view = Arc::default();
        let follower = Follower {
            ledger: Arc::clone(ledger),
            directory: directory.to_owned(),
            view: Arc::clone(&view),
            runtime: Handle::current(),
        };
        ledger.news().expect();
        let thread = thread::Builder::new().name("sereno-search".to_owned());
        let thread = thread.spawn(move || follower.run())?;
        Ok(Self { ledger: Arc::clone(ledger), view, thread: Mutex::new(Some(thread)) })
    }

    /// Writes out what it has and ends; may wait for the disk.
    pub(crate) fn stop(&self) {
        self.ledger.news().close();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the search index panicked; it will be built again");
        }
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.ledger.news().close();
    }
}

/// Who answers, and for whom.
pub(crate) struct Reader<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) search: Option<&'a Search>,
    pub(crate) tenant: &'a TenantView,
}

/// A page in the making.
struct Making<'a> {
    question: &'a Question,
    /// Where what is asked for may be.
    stretches: Stretches<'a>,
    page: Page,
    limit: usize,
    /// Everything from here on was looked at.
    before: Sequence,
    looked_at: usize,
    /// Bytes of what was looked at, and of what is on the page.
    looked_bytes: usize,
    bytes: usize,
}

impl Making<'_> {
    /// Whether no more may be looked at; then the answer goes on from there.
    fn is_over(&mut self) -> bool {
        let full =
            self.page.events.len() >= self.limit || self.bytes >= limits::answers::PAGE_BYTES_MAX;
        let over = full
            || self.looked_at >= limits::SCAN_ROWS_MAX
            || self.looked_bytes >= limits::answers::SCAN_BYTES_MAX;
        if over {
            self.page.next = Some(self.before);
        }
        over
    }

    /// Looks at what stands there, which may be gone.
    fn look(&mut self, place: Sequence, event: Option<EventRecord>, is_meant: bool) {
        let bytes = event.as_ref().map_or(0, |event| event.body.len());
        self.before = place;
        self.looked_at += 1;
        self.looked_bytes += bytes;
        if is_meant {
            self.bytes += bytes;
            self.page.events.extend(event.map(|event| (place, event)));
        }
    }
}

impl Reader<'_> {
    /// The newest events before a place that are what is asked for; looks at a bounded number, and says
    /// where to go on.
    pub(crate) fn find(
        &self,
        question: &Question,
        before: Sequence,
        limit: usize,
    ) -> Result<Page, LedgerError> {
        if question.query.as_ref().is_some_and(|query| query.clauses().is_empty()) {
            // Without a word nothing is meant, however far one looks.
            return Ok(Page::default());
        }
        let wanted = self.wanted(question);
        // Late events first: what leaves the list meanwhile is in the index that is read after it.
        let late = self.ledger.news().late(&self.tenant.id);
        let view = self.search.and_then(|search| search.view.read().clone());
        let view = view.filter(|_| !wanted.is_empty() && !question.set_aside);
        let page =
            Page { indexed_to: view.as_ref().map(|view| view.indexed_to), ..Page::default() };
        let among = question.delivery.map(Standing::among);
        let stretches = match &among {
            Some(among) => Choice::new(among).stretches(self.ledger, self.tenant)?,
            None => Stretches::anywhere(self.ledger, &self.tenant.id),
        };
        let (looked_at, looked_bytes, bytes) = (0, 0, 0);
        let mut making =
            Making { question, stretches, page, limit, before, looked_at, looked_bytes, bytes };
        let floor = view.as_ref().map_or(question.from, |view| view.indexed_to.next());
        if self.read_down(&mut making, floor.max(question.from))? {
            return Ok(making.page);
        }
        if let Some(view) = view {
            let asked = || self.ask(&mut making, &view, &wanted, &late);
            match panic::catch_unwind(AssertUnwindSafe(asked)) {
                Ok(Ok(())) => return Ok(making.page),
                Ok(Err(Trouble::Ledger(error))) => return Err(error),
                Ok(Err(Trouble::Index)) | Err(_) => self.give_up_index(),
            }
            self.read_down(&mut making, question.from)?;
        }
        Ok(making.page)
    }

    /// Looks at events one by one, down to a place; answers whether the page is over.
    fn read_down(&self, making: &mut Making<'_>, floor: Sequence) -> Result<bool, LedgerError> {
        let tenant = &self.tenant.id;
        let mut rows = making.limit.clamp(16, limits::PAGE_ROWS_MAX);
        while making.before > floor {
            if making.is_over() {
                return Ok(true);
            }
            let Some(stretch) = making.stretches.before(making.before)? else {
                making.before = floor;
                break;
            };
            making.before = making.before.min(stretch.end);
            let start = floor.max(stretch.start).min(making.before);
            let page = match making.question.set_aside {
                true => self.ledger.all_set_aside(tenant, making.before, start, rows)?,
                false => self.ledger.events(tenant, making.before, start, rows)?,
            };
            // Some may have gone while they were read, so that a shorter page says nothing.
            let is_empty = page.is_empty();
            for (place, event) in page {
                if making.is_over() {
                    return Ok(true);
                }
                let is_meant = self.is_meant(making.question, place, &event)?;
                making.look(place, Some(event), is_meant);
            }
            if is_empty {
                making.before = making.before.min(start);
            }
            rows = (2 * rows).min(limits::PAGE_ROWS_MAX);
        }
        Ok(false)
    }

    /// Looks at what the index names, from the newest down.
    fn ask(
        &self,
        making: &mut Making<'_>,
        view: &View,
        wanted: &Wanted,
        late: &[Sequence],
    ) -> Result<(), Trouble> {
        let rows = (2 * making.limit).clamp(64, limits::PAGE_ROWS_MAX);
        let from = making.question.from;
        while let Some(stretch) = making.stretches.before(making.before)? {
            let before = making.before.min(stretch.end);
            making.before = before;
            let named = view.snapshot.newest(wanted, from..before, rows);
            let named = named.map_err(|error| {
                tracing::error!(%error, "a question could not be answered from the search index");
                Trouble::Index
            })?;
            let last = named.last().copied().filter(|_| named.len() == rows);
            let reached = last.unwrap_or(from);
            let late = late.iter().copied().filter(|place| (reached..before).contains(place));
            let candidates: BTreeSet<Sequence> = named.into_iter().chain(late).collect();
            for &place in candidates.iter().rev() {
                if making.is_over() {
                    return Ok(());
                }
                if !making.stretches.has(place)? {
                    making.look(place, None, false);
                    continue;
                }
                let event = self.ledger.event(&self.tenant.id, place).map_err(Trouble::Ledger)?;
                let is_meant = match &event {
                    Some(event) => self.is_meant(making.question, place, event)?,
                    None => false,
                };
                making.look(place, event, is_meant);
            }
            if last.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes a damaged index away and has it built again.
    fn give_up_index(&self) {
        if let Some(search) = self.search {
            *search.view.write() = None;
            self.ledger.news().nudge();
        }
    }

    /// What an event must have in the index; nothing where the index is of no help.
    fn wanted(&self, question: &Question) -> Wanted {
        let tenant = &self.tenant.id;
        let mut wanted = Wanted::new();
        let types = index::of_types(tenant, question.types.patterns());
        wanted.extend(Some(types).filter(|types| !types.is_empty()));
        let names = question.conversation.iter().map(|id| index::of_conversation(tenant, id));
        wanted.extend(Some(names.collect::<Vec<_>>()).filter(|names| !names.is_empty()));
        wanted.extend(question.user_id.as_deref().map(|id| vec![index::of_user(tenant, id)]));
        wanted.extend(question.source.map(|source| vec![index::of_source(tenant, source)]));
        for clause in question.query.iter().flat_map(Query::clauses) {
            for word in clause.words() {
                wanted.push(vec![index::of_word(tenant, word)]);
            }
        }
        wanted
    }

    /// Whether an event is what is asked for.
    fn is_meant(
        &self,
        question: &Question,
        place: Sequence,
        event: &EventRecord,
    ) -> Result<bool, LedgerError> {
        let source_fits = question.source.is_none_or(|source| source == event.source);
        if !question.types.wants(&event.event_type) || !source_fits || !says(question, event) {
            return Ok(false);
        }
        match question.delivery {
            None => Ok(true),
            Some(standing) => self.has_delivery(&self.tenant.id, place, event, standing),
        }
    }
}

/// Why a question could not be answered from the index.
enum Trouble {
    Ledger(LedgerError),
    Index,
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Whether an event's content is what is asked for.
fn says(question: &Question, event: &EventRecord) -> bool {
    let Question { conversation, user_id, query, .. } = question;
    if conversation.is_empty() && user_id.is_none() && query.is_none() {
        return true;
    }
    let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
    let data = body.get("data").unwrap_or(&Value::Null);
    let is_one = |field: &str, wanted: &[String]| {
        let found = || id_in(data, field);
        wanted.is_empty()
            || found().is_some_and(|found| wanted.iter().any(|wanted| found == *wanted))
    };
    let searchable = Searchable { id: &event.id, event_type: &event.event_type, data };
    is_one("conversation_id", conversation)
        && is_one("user_id", user_id.as_slice())
        && query.as_ref().is_none_or(|query| {
            query.finds(&searchable) && (!question.is_masked || finds_masked(query, &searchable))
        })
}

/// Whether a question finds an event by what is seen of it without revealing anything.
fn finds_masked(query: &Query, event: &Searchable<'_>) -> bool {
    let Searchable { id, event_type, data } = event;
    let seen = masking::seen(json!({"event_id": id, "event_type": event_type, "data": data}));
    let text = |name: &str| seen.get(name).and_then(Value::as_str).unwrap_or_default();
    let data = seen.get("data").unwrap_or(&Value::Null);
    query.finds(&Searchable { id: text("event_id"), event_type: text("event_type"), data })
}
