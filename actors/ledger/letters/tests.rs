//! One endpoint's dead letters among many of others.

use sereno_workflows::dead_letters::Fault;
use sereno_workflows::time::Timestamp;

use super::*;
use crate::engine::Engine;
use crate::record::DeliveryRecord;
use crate::trial::{config, end, starting};

const QUIET: EndpointId = EndpointId(1);
const BUSY: EndpointId = EndpointId(2);

fn shop() -> TenantId {
    "shop".parse().unwrap()
}

fn letter(of: EndpointId, event: Sequence) -> DeadLetterRecord {
    DeadLetterRecord {
        endpoint: of.0,
        delivery: DeliveryRecord::first(event),
        at: Timestamp(0),
        error: "answered 500".to_owned(),
        event_type: "a.b".to_owned(),
        code: 500,
        fault: Fault::Receiver,
        handed_on: None,
    }
}

/// The places of an endpoint's dead letters, a page of two at a time, and how many of others were looked at.
fn pages(ledger: &Ledger, of: EndpointId, newest_first: bool) -> (Vec<u64>, usize) {
    let (mut places, mut others) = (Vec::new(), 0);
    let (mut start, mut end) = (Sequence(0), Sequence(u64::MAX));
    loop {
        let page = ledger.dead_letters(&shop(), (Some(of), start..end), newest_first, 2).unwrap();
        let is_last = page.len() < 2;
        for (place, letter) in page {
            match newest_first {
                true => end = place,
                false => start = place.next(),
            }
            match letter.endpoint == of.0 {
                true => places.push(place.0),
                false => others += 1,
            }
        }
        if is_last {
            return (places, others);
        }
    }
}

#[tokio::test]
async fn b14_an_endpoints_dead_letters_are_found_beside_those_of_a_busy_one() {
    let engine = Engine::start(config(None, starting(Timestamp(0)))).await.unwrap();
    let ledger = engine.ledger();
    let mut draft = Draft::new(&shop());
    // As an earlier version left them.
    for (place, of) in [(5, QUIET), (6, BUSY), (7, QUIET)] {
        let bytes = record::encode(&letter(of, Sequence(1)));
        draft.batch().put(key::dead_letter(&shop(), Sequence(place)), bytes);
    }
    for place in 10..500 {
        let of = if place % 100 == 0 { QUIET } else { BUSY };
        draft.dead_letter(Sequence(place), &letter(of, Sequence(1)));
    }
    ledger.commit_and_wait(draft).await;
    let quiet = [5, 7, 100, 200, 300, 400];
    let (found, others) = pages(ledger, QUIET, false);
    assert_eq!(found, quiet);
    assert!(others > 400, "they are looked through until all are noted");

    let mut draft = Draft::new(&shop());
    for (place, of) in [(5, QUIET), (6, BUSY), (7, QUIET)] {
        draft.note_letter(of, Sequence(place));
    }
    draft.all_letters_are_noted();
    ledger.commit_and_wait(draft).await;
    assert_eq!(pages(ledger, QUIET, false), (quiet.to_vec(), 0));
    let mut downwards = quiet.to_vec();
    downwards.reverse();
    assert_eq!(pages(ledger, QUIET, true), (downwards, 0));
    assert_eq!(pages(ledger, BUSY, true).0.len(), 490 - 4 + 1);

    let mut draft = Draft::new(&shop());
    draft.forget_dead_letter((QUIET, Sequence(7)), Timestamp(0));
    // One that is gone and still noted is none.
    draft.batch().delete(key::dead_letter(&shop(), Sequence(300)));
    ledger.commit_and_wait(draft).await;
    assert_eq!(pages(ledger, QUIET, true), (vec![400, 200, 100, 5], 0));
    let all = Sequence(0)..Sequence(u64::MAX);
    assert_eq!(ledger.dead_letters(&shop(), (None, all), false, 1_000).unwrap().len(), 491);
    end(engine).await;
}
