//! The index of events; the one place that names tantivy.
//!
//! It says which events to look at, and nothing more: whether an event is what was asked for is decided
//! by the event itself. So it keeps of each only its place in the log and the terms under which it may be
//! found, without positions and without the fields that they stand in, and it may be lost at any moment: it
//! is built again from the ledger.
//!
//! ```text
//!  term = [tenant 4 B] [kind 1 B] [value]
//! ```
//! One index serves all tenants. The tenant stands in front of each term, by the CRC of its name, so that
//! a tenant's words meet only its own events; where two names share one, the other's events are looked
//! for in the wrong ledger and not found.

mod entry;
mod room;

use std::ops::{Bound, Range};
use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt as _;
use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::search::{self, Pattern, Searchable};
use tantivy::collector::TopDocs;
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{
    IndexWriterOptions, LogMergePolicy, MergeCandidate, MergePolicy as _, NoMergePolicy,
    UserOperation,
};
use tantivy::query::{BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{BytesOptions, IndexRecordOption, NumericOptions, Schema};
use tantivy::{
    FutureResult, Index, IndexReader, IndexSettings, IndexWriter, Order, ReloadPolicy, Searcher,
    SegmentMeta, TantivyError, Term,
};
use thiserror::Error;

use self::entry::{Entry, Fields};
use self::room::Room;
use crate::limits::{self, SEARCH_HEAP_BYTES, SEARCH_TERM_BYTES_MAX};
use crate::record::{EventRecord, Source};

/// Why the index could not do it; it is built again.
#[derive(Debug, Error)]
#[error("the search index failed: {0}")]
pub(super) struct IndexError(#[from] TantivyError);

/// The index, open for writing.
pub(super) struct EventIndex {
    fields: Fields,
    writer: IndexWriter<Entry>,
    room: Arc<Room>,
    /// What goes to the writer's thread next: each sending wakes it.
    ahead: Vec<UserOperation<Entry>>,
    reader: IndexReader,
    /// The merge that is under way.
    merge: Option<FutureResult<Option<SegmentMeta>>>,
}

/// The index as it was at one moment.
#[derive(Clone)]
pub(super) struct Snapshot {
    fields: Fields,
    searcher: Searcher,
}

/// What an event must have to be a candidate: one of the terms of each.
pub(super) type Wanted = Vec<Vec<Sought>>;

/// A term, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sought {
    Whole(Vec<u8>),
    Beginning(Vec<u8>),
}

// The kinds of terms.
const TYPE: u8 = b't';
const CONVERSATION: u8 = b'c';
const USER: u8 = b'u';
const SOURCE: u8 = b's';
const WORD: u8 = b'w';

impl EventIndex {
    /// Opens the index in a directory, or makes one; with what its last commit said of itself.
    pub(super) fn open(directory: &Path) -> Result<(Self, Option<String>), IndexError> {
        let mut schema = Schema::builder();
        let number = NumericOptions::default().set_indexed().set_fast();
        let fields = Fields {
            place: schema.add_u64_field("place", number),
            terms: schema.add_bytes_field("terms", BytesOptions::default().set_indexed()),
        };
        let files = MmapDirectory::open(directory).map_err(TantivyError::from)?;
        let builder = Index::builder().schema(schema.build()).settings(IndexSettings::default());
        let index = builder.open_or_create(files)?;
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(SEARCH_HEAP_BYTES)
            .build();
        let writer = index.writer_with_options::<Entry>(options)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        // Its own merges fail in silence, again and again; see `tend`.
        writer.set_merge_policy(Box::new(NoMergePolicy));
        let said = index.load_metas()?.payload;
        let room = Arc::new(Room::new(limits::SEARCH_ENTRIES_AHEAD_MAX));
        let (ahead, merge) = (Vec::new(), None);
        Ok((Self { fields, writer, room, ahead, reader, merge }, said))
    }

    /// Whether every file is as it was written; reads them all.
    pub(super) fn is_whole(&self) -> bool {
        self.writer.index().validate_checksum().is_ok_and(|damaged| damaged.is_empty())
    }

    /// Adds an event.
    pub(super) fn add(
        &mut self,
        tenant: &TenantId,
        place: Sequence,
        event: &EventRecord,
    ) -> Result<(), IndexError> {
        let mut entry = Entry::new(self.fields, place, self.room.take());
        each_term(tenant, event, |term| entry.add(term));
        self.push(UserOperation::Add(entry))
    }

    /// Removes an event, if it is there.
    pub(super) fn remove(&mut self, place: Sequence) -> Result<(), IndexError> {
        self.push(UserOperation::Delete(Term::from_field_u64(self.fields.place, place.0)))
    }

    fn push(&mut self, operation: UserOperation<Entry>) -> Result<(), IndexError> {
        self.ahead.push(operation);
        if self.ahead.len() >= limits::SEARCH_ENTRIES_TOGETHER {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), IndexError> {
        self.writer.run(std::mem::take(&mut self.ahead))?;
        Ok(())
    }

    /// Makes what was added and removed visible; `says` goes with it.
    pub(super) fn commit(&mut self, says: &str) -> Result<(), IndexError> {
        self.send()?;
        let mut prepared = self.writer.prepare_commit()?;
        prepared.set_payload(says);
        prepared.commit()?;
        self.reader.reload()?;
        self.tend()
    }

    /// Merges segments where there are many of a size, one merge at a time and behind what is added; fails if
    /// the merge before did, since then what it read is damaged.
    fn tend(&mut self) -> Result<(), IndexError> {
        if let Some(merge) = &mut self.merge {
            let Some(merged) = merge.now_or_never() else { return Ok(()) };
            self.merge = None;
            merged?;
        }
        let segments = self.writer.index().searchable_segment_metas()?;
        let many = LogMergePolicy::default().compute_merge_candidates(&segments);
        let many = many.into_iter().next();
        self.merge = many.map(|MergeCandidate(segments)| self.writer.merge(&segments));
        Ok(())
    }

    /// What is visible now.
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot { fields: self.fields, searcher: self.reader.searcher() }
    }

    /// Lets merges that are under way end.
    pub(super) fn close(self) {
        if let Err(error) = self.writer.wait_merging_threads() {
            tracing::warn!(%error, "the search index did not close well");
        }
    }
}

impl Snapshot {
    /// Whether an event is in it.
    pub(super) fn has(&self, place: Sequence) -> Result<bool, IndexError> {
        let term = Term::from_field_u64(self.fields.place, place.0);
        Ok(self.searcher.doc_freq(&term)? > 0)
    }

    /// How many events are in it.
    pub(super) fn count(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// The newest events in a range that have what is wanted, the newest first.
    pub(super) fn newest(
        &self,
        wanted: &Wanted,
        range: Range<Sequence>,
        limit: usize,
    ) -> Result<Vec<Sequence>, IndexError> {
        let place = |sequence: Sequence| Term::from_field_u64(self.fields.place, sequence.0);
        let range =
            RangeQuery::new(Bound::Included(place(range.start)), Bound::Excluded(place(range.end)));
        let mut all: Vec<(Occur, Box<dyn Query>)> = vec![(Occur::Must, Box::new(range))];
        for alternatives in wanted {
            let any = alternatives.iter().map(|sought| (Occur::Should, self.query(sought)));
            all.push((Occur::Must, Box::new(BooleanQuery::new(any.collect()))));
        }
        let newest = TopDocs::with_limit(limit).order_by_fast_field::<u64>("place", Order::Desc);
        let found = self.searcher.search(&BooleanQuery::new(all), &newest)?;
        Ok(found.into_iter().filter_map(|(place, _)| place.map(Sequence)).collect())
    }

    fn query(&self, sought: &Sought) -> Box<dyn Query> {
        let term = |bytes: &[u8]| Term::from_field_bytes(self.fields.terms, bytes);
        match sought {
            Sought::Whole(bytes) => Box::new(TermQuery::new(term(bytes), IndexRecordOption::Basic)),
            Sought::Beginning(bytes) => Box::new(RangeQuery::new(
                Bound::Included(term(bytes)),
                Bound::Excluded(term(&crate::record::key::after(bytes))),
            )),
        }
    }
}

/// What events of these types have.
pub(super) fn of_types(tenant: &TenantId, patterns: &[Pattern]) -> Vec<Sought> {
    let sought = |pattern: &Pattern| match pattern {
        Pattern::Whole(whole) => Sought::Whole(term(tenant, TYPE, &[whole.as_bytes(), b"\0"])),
        Pattern::Beginning(stem) => Sought::Beginning(term(tenant, TYPE, &[stem.as_bytes()])),
    };
    patterns.iter().map(sought).collect()
}

/// What events of a conversation have.
pub(super) fn of_conversation(tenant: &TenantId, id: &str) -> Sought {
    Sought::Whole(term(tenant, CONVERSATION, &[id.as_bytes()]))
}

/// What events of a user have.
pub(super) fn of_user(tenant: &TenantId, id: &str) -> Sought {
    Sought::Whole(term(tenant, USER, &[id.as_bytes()]))
}

/// What events from a source have.
pub(super) fn of_source(tenant: &TenantId, source: Source) -> Sought {
    Sought::Whole(term(tenant, SOURCE, &[source.as_str().as_bytes()]))
}

/// Whether the terms of two tenants cannot be told apart.
pub(super) fn is_alike(one: &TenantId, other: &TenantId) -> bool {
    term(one, SOURCE, &[]) == term(other, SOURCE, &[])
}

/// What events with a word have, in whatever field.
pub(super) fn of_word(tenant: &TenantId, word: &str) -> Sought {
    Sought::Whole(term(tenant, WORD, &[word.as_bytes()]))
}

fn term(tenant: &TenantId, kind: u8, value: &[&[u8]]) -> Vec<u8> {
    let mut term = Vec::with_capacity(5 + value.iter().map(|part| part.len()).sum::<usize>());
    term.extend_from_slice(&crc32fast::hash(tenant.as_str().as_bytes()).to_be_bytes());
    term.push(kind);
    value.iter().for_each(|part| term.extend_from_slice(part));
    // Both sides cut, so that what is longer is still a candidate.
    term.truncate(SEARCH_TERM_BYTES_MAX);
    term
}

fn each_term(tenant: &TenantId, event: &EventRecord, mut add: impl FnMut(&[u8])) {
    let body: serde_json::Value = serde_json::from_slice(&event.body).unwrap_or_default();
    let data = body.get("data").unwrap_or(&serde_json::Value::Null);
    add(&term(tenant, TYPE, &[event.event_type.as_bytes(), b"\0"]));
    add(&term(tenant, SOURCE, &[event.source.as_str().as_bytes()]));
    for (kind, name) in [(CONVERSATION, "conversation_id"), (USER, "user_id")] {
        if let Some(id) = search::id_in(data, name) {
            add(&term(tenant, kind, &[id.as_bytes()]));
        }
    }
    let searchable = Searchable { id: &event.id, event_type: &event.event_type, data };
    searchable.each_word(|word| add(&term(tenant, WORD, &[word.as_bytes()])));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;
    use crate::record::Deliveries;
    use sereno_workflows::time::Timestamp;

    fn event(id: &str, event_type: &str, data: &str) -> EventRecord {
        EventRecord {
            id: id.into(),
            event_type: event_type.into(),
            at: Timestamp(0),
            source: Source::Api,
            entity: None,
            ignored: None,
            cause: None,
            deliveries: Deliveries::NONE,
            body: format!("{{\"data\":{data}}}").into(),
            story: None,
            trace: None,
        }
    }

    #[test]
    fn b10_candidates_are_the_newest_that_have_every_term() {
        let directory = tempfile::tempdir().unwrap();
        let (a, b): (TenantId, TenantId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let (mut index, said) = EventIndex::open(directory.path()).unwrap();
        assert_eq!(said, None);
        for place in 1..=20 {
            let tenant = if place % 2 == 0 { &a } else { &b };
            let data = format!(r#"{{"user_id":"u{}","name":"Ana"}}"#, place % 5);
            index.add(tenant, Sequence(place), &event("e", "a.made", &data)).unwrap();
        }
        index.commit("twenty").unwrap();
        let found = |wanted: Wanted, range: Range<u64>, limit| {
            let range = Sequence(range.start)..Sequence(range.end);
            let found = index.snapshot().newest(&wanted, range, limit).unwrap();
            found.into_iter().map(|place| place.0).collect::<Vec<_>>()
        };
        let ana = || vec![of_word(&a, "ana")];
        assert_eq!(found(vec![ana()], 0..100, 3), [20, 18, 16]);
        assert_eq!(found(vec![ana()], 0..16, 3), [14, 12, 10]);
        assert_eq!(found(vec![ana()], 12..16, 3), [14, 12]);
        assert_eq!(found(vec![ana(), vec![of_user(&a, "u0")]], 0..100, 9), [20, 10]);
        assert!(found(vec![vec![of_word(&a, "eva")]], 0..100, 1).is_empty());
        let types = |text| {
            of_types(&a, sereno_workflows::search::Types::read(Some(text)).unwrap().patterns())
        };
        assert_eq!(found(vec![types("a.*")], 0..100, 1), [20]);
        assert_eq!(found(vec![types("b.*,a.made")], 0..100, 1), [20]);
        assert!(found(vec![types("a.mad")], 0..100, 1).is_empty());
        index.remove(Sequence(20)).unwrap();
        index.commit("nineteen").unwrap();
        assert_eq!(
            index.snapshot().newest(&vec![ana()], Sequence(0)..Sequence(100), 1).unwrap(),
            [Sequence(18)]
        );
        assert!(index.snapshot().has(Sequence(18)).unwrap() && index.is_whole());
        index.close();
        let (index, said) = EventIndex::open(directory.path()).unwrap();
        assert_eq!((said.as_deref(), index.snapshot().count()), (Some("nineteen"), 19));
    }

    /// Commits one event after another, until that fails or there were so many.
    fn commits(index: &mut EventIndex, places: Range<u64>) -> Result<(), IndexError> {
        let tenant: TenantId = "a".parse().unwrap();
        for place in places {
            index.add(&tenant, Sequence(place), &event("e", "a.made", r#"{"name":"Ana"}"#))?;
            index.commit("one more")?;
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Ok(())
    }

    #[test]
    fn b10_segments_are_merged_and_a_merge_that_fails_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let (mut index, _) = EventIndex::open(directory.path()).unwrap();
        commits(&mut index, 0..40).unwrap();
        let count = index.writer.index().searchable_segment_metas().unwrap().len();
        assert!(count < 20, "{count} segments");
        assert_eq!(index.snapshot().count(), 40);
        for file in std::fs::read_dir(directory.path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "fast" || kind == "idx") {
                // In place, as disks do it, and all but the end, which says what kind of file it is.
                let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
                let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
                file.write_all_at(&vec![0xFF; length.saturating_sub(150)], 0).unwrap();
            }
        }
        assert!(commits(&mut index, 40..80).is_err(), "nobody noticed");
    }
}
