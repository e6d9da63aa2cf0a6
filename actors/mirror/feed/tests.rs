//! What is noted, and what is not.

use sereno_workflows::id::{EntityKey, EntityKind};

use super::*;
use crate::record::key::provider;

fn feed() -> Feed {
    Feed {
        horizon: AtomicU64::new(0),
        epoch: AtomicI64::new(0),
        wake: Notify::new(),
        known: Mutex::default(),
        health: Mutex::default(),
    }
}

fn tenant() -> TenantId {
    "default".parse().unwrap()
}

/// The keys that were noted, and how many events are said to be lost.
fn inspected(feed: &Feed, writes: Vec<Write>) -> (Vec<Vec<u8>>, Option<u64>) {
    let mut batch = Batch::new(key::partition(&tenant()));
    let before = writes.len();
    batch.writes = writes;
    feed.inspect(&mut batch);
    let (mut noted, mut lost) = (Vec::new(), None);
    for write in batch.writes.split_off(before) {
        let Write::Put(key, value) = write else { panic!("nothing is deleted") };
        if key == keys::lost(&tenant()) {
            lost = key::sequence(&value).map(|count| count.0);
        } else {
            assert!(key.starts_with(&keys::notes(&tenant())));
            noted.push(value);
        }
    }
    (noted, lost)
}

fn put(key: Vec<u8>) -> Write {
    Write::Put(key, vec![1])
}

fn event(sequence: u64) -> Vec<u8> {
    key::event(&tenant(), Sequence(sequence))
}

fn state(kind: EntityKind) -> Vec<u8> {
    key::state(&tenant(), &EntityKey { kind, id: "1".into() })
}

#[test]
fn d08_an_event_that_comes_to_stand_before_the_horizon_is_noted() {
    let feed = feed();
    assert_eq!(inspected(&feed, vec![put(event(5))]), (vec![], None), "nothing was read yet");
    assert_eq!(feed.take_changed(), [tenant()]);
    feed.set_horizon(Sequence(10));
    assert_eq!(inspected(&feed, vec![put(event(10))]).0, Vec::<Vec<u8>>::new());
    assert_eq!(inspected(&feed, vec![put(event(9)), put(event(12))]).0, [event(9)]);
    assert_eq!(feed.take_changed(), [tenant()]);
    assert_eq!(inspected(&feed, vec![put(key::log(&tenant(), Sequence(1)))]).0.len(), 0);
    assert!(feed.take_changed().is_empty(), "the log is nothing to the mirror");
}

#[test]
fn d08_a_state_that_no_event_names_is_noted_and_so_is_a_providers_word() {
    let feed = feed();
    let booking = state(EntityKind::Reservation);
    assert_eq!(inspected(&feed, vec![put(booking.clone()), put(event(5))]).0.len(), 0);
    assert_eq!(inspected(&feed, vec![put(booking.clone())]).0, vec![booking.clone()]);
    let two = vec![put(event(5)), put(booking), put(state(EntityKind::Handoff))];
    assert_eq!(inspected(&feed, two).0.len(), 2, "one event names one of them");
    assert_eq!(inspected(&feed, vec![put(state(EntityKind::Tenant))]).0.len(), 0);
    let word = provider::receipt(&tenant(), Sequence(3));
    assert_eq!(inspected(&feed, vec![put(word.clone())]).0, [word]);
}

#[test]
fn d08_events_that_go_before_they_were_mirrored_are_counted_with_their_removal() {
    let feed = feed();
    feed.set_place(&tenant(), Sequence(10));
    let gone = |sequence| Write::Delete(event(sequence));
    assert_eq!(inspected(&feed, vec![gone(8), gone(9)]).1, None);
    assert_eq!(inspected(&feed, vec![gone(9), gone(10), gone(11)]).1, Some(2));
    assert_eq!(inspected(&feed, vec![gone(12)]).1, Some(3));
    assert_eq!(feed.place(&tenant()), (Sequence(10), 3));
}
