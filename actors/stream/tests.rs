//! Streams over a journal that is let go of quickly.

use std::path::Path;

use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;

use super::*;
use crate::ledger::Draft;
use crate::now::Now;
use crate::record::{Deliveries, EventRecord, Source};
use crate::store::disk::{DiskOptions, DiskStore};
use crate::vault::Vault;

const PATIENCE: Duration = Duration::from_secs(20);
const PER_COMMIT: usize = 10;

struct World {
    ledger: Arc<Ledger>,
    streams: Streams,
    tenant: TenantId,
    numbers: Vec<usize>,
}

impl World {
    /// Over a journal that is let go of after so many bytes.
    fn open(directory: &Path, snapshot_after_bytes: u64) -> Self {
        let options = DiskOptions {
            segment_bytes: 64 << 10,
            index_after: Duration::from_millis(10),
            snapshot_after_bytes,
            snapshot_pause: Duration::ZERO,
            ..DiskOptions::default()
        };
        let store = Arc::new(DiskStore::open(directory, options).unwrap());
        let vault = Vault::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        let ledger = Ledger::open(store, vault, Now::System).unwrap();
        let streams = Streams::start(&ledger).unwrap();
        let tenant = "a".parse().unwrap();
        Self { ledger, streams, tenant, numbers: Vec::new() }
    }

    /// Commits events, several at once, each with its number as its type.
    async fn commit(&mut self, count: usize) {
        let all: Vec<usize> = (self.numbers.len()..self.numbers.len() + count).collect();
        for some in all.chunks(PER_COMMIT) {
            let mut draft = Draft::new(&self.tenant);
            for number in some {
                self.event(&mut draft, *number);
            }
            self.ledger.commit_and_wait(draft).await;
        }
        self.numbers.extend(all);
    }

    fn event(&self, draft: &mut Draft, number: usize) {
        let place = self.ledger.sequence();
        // What cannot be compressed, so that the journal grows.
        let body = (0..2_000_u64).map(|n| (place.0.wrapping_mul(n * n + 7) >> 9).to_le_bytes()[0]);
        let event = EventRecord {
            id: String::new(),
            event_type: number.to_string(),
            at: Timestamp(0),
            source: Source::Api,
            entity: None,
            ignored: None,
            cause: None,
            deliveries: Deliveries::NONE,
            body: body.collect(),
            story: None,
            trace: None,
        };
        draft.event(place, &event, None);
    }

    /// Reads until the last event that was committed; of a stream with gaps what came after the last one.
    async fn read(&self, stream: &mut Stream) -> (Vec<usize>, Place) {
        let (mut seen, mut place) = (Vec::new(), stream.place());
        while seen.last() != self.numbers.last() {
            // This test may have been slow itself.
            stream.live = stream.live.map(|_| Instant::now());
            match stream.next(PATIENCE).await {
                Step::Page(page) => {
                    for happening in &page.happenings {
                        seen.push(happening.event_type().unwrap().parse().unwrap());
                        place = happening.place;
                    }
                }
                // More was let go of meanwhile.
                Step::Gap { .. } => seen.clear(),
                step => panic!("{step:?}"),
            }
        }
        (seen, place)
    }

    fn end(self) {
        self.streams.stop();
        self.ledger.stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_what_was_let_go_of_is_told_as_a_gap_and_nothing_else_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let mut world = World::open(home.path(), 200 << 10);
    world.commit(1).await;
    let mut stream = world.streams.open(&world.tenant, None).unwrap();
    world.commit(3).await;
    let (seen, first) = world.read(&mut stream).await;
    assert_eq!(seen, [1, 2, 3]);
    let oldest = |world: &World| world.ledger.journal().unwrap().segments()[0].0.group;
    let mut seen = Vec::new();
    while oldest(&world) == 0 {
        world.commit(100).await;
        seen.extend(world.read(&mut stream).await.0);
    }
    // Whoever keeps up has all of it.
    assert_eq!(seen, world.numbers[4..]);
    let mut again = world.streams.open(&world.tenant, Some(first)).unwrap();
    let Step::Gap { from, to } = again.next(PATIENCE).await else { panic!("no gap") };
    assert!(from == first && to.seq > first.seq, "{from:?} {to:?}");
    let (seen, last) = world.read(&mut again).await;
    let begun = *seen.first().unwrap();
    assert!(begun > 4, "{begun}");
    assert_eq!(seen, world.numbers[begun..]);
    world.commit(1).await;
    assert_eq!(world.read(&mut again).await.0, world.numbers[world.numbers.len() - 1..]);
    // After a restart too, and without a gap behind what was seen.
    let before = world.numbers.clone();
    drop((stream, again));
    world.end();
    let mut world = World::open(home.path(), 200 << 10);
    world.numbers = before;
    world.commit(30).await;
    let mut again = world.streams.open(&world.tenant, Some(last)).unwrap();
    assert_eq!(world.read(&mut again).await.0, world.numbers[world.numbers.len() - 31..]);
    drop(again);
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_whoever_falls_behind_the_ring_reads_on_in_the_journal() {
    let home = tempfile::tempdir().unwrap();
    let mut world = World::open(home.path(), 1 << 30);
    let mut stream = world.streams.open(&world.tenant, None).unwrap();
    // Several rings full; the first page is not even looked at.
    world.commit(600).await;
    while !matches!(stream.subscription.channel.after(stream.group), Found::Behind) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (seen, place) = world.read(&mut stream).await;
    assert!(seen == world.numbers, "{} of {}", seen.len(), world.numbers.len());
    assert_eq!(stream.place(), place);
    assert!(stream.catching.is_none());
    world.commit(2).await;
    let mut second = world.streams.open(&world.tenant, Some(place)).unwrap();
    for stream in [&mut stream, &mut second] {
        assert_eq!(world.read(stream).await.0, world.numbers[600..]);
    }
    // Long after it last kept up, it is told to come back.
    stream.live = Some(Instant::now() - Duration::from_millis(BEHIND_MS + 1_000));
    world.commit(600).await;
    while !matches!(stream.subscription.channel.after(stream.group), Found::Behind) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(matches!(stream.next(PATIENCE).await, Step::Dropped));
    world.streams.close();
    assert!(matches!(second.next(PATIENCE).await, Step::Ended));
    assert_eq!(world.streams.open(&world.tenant, None).err(), Some(Refused::Closed));
    drop((stream, second));
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_place_inside_a_commit_is_gone_on_from_to_the_last_thing_of_it() {
    let home = tempfile::tempdir().unwrap();
    let world = World::open(home.path(), 1 << 30);
    let mut stream = world.streams.open(&world.tenant, None).unwrap();
    let mut draft = Draft::new(&world.tenant);
    for number in 1..=5_u64 {
        let entity = sereno_workflows::id::EntityKey::handoff(&format!("c-{number}"));
        let due = Timestamp(i64::try_from(number).unwrap());
        let timer = crate::record::key::TimerKey {
            due,
            tenant: world.tenant.clone(),
            entity,
            slot: Sequence(0),
        };
        draft.arm(timer, crate::record::TimerRecord::Alarm { generation: 1 });
    }
    world.ledger.commit_and_wait(draft).await;
    let Step::Page(page) = stream.next(PATIENCE).await else { panic!("no page") };
    assert_eq!(page.happenings.len(), 5);
    for (index, happening) in page.happenings.iter().enumerate() {
        let mut again = world.streams.open(&world.tenant, Some(happening.place)).unwrap();
        match again.next(Duration::from_millis(50)).await {
            Step::Page(rest) => assert_eq!(rest.happenings.len(), 4 - index),
            step => assert!(matches!(step, Step::Quiet) && index == 4, "{index}: {step:?}"),
        }
    }
    drop(stream);
    world.end();
}
