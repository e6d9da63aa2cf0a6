//! One endpoint's lines among many of others.

use sereno_workflows::time::Timestamp;

use super::*;
use crate::engine::Engine;
use crate::ledger::Draft;
use crate::limits::CLEANED_PER_STEP_MAX;
use crate::record::AttemptStatus;
use crate::trial::{config, end, starting};

fn shop() -> TenantId {
    "shop".parse().unwrap()
}

fn attempt(endpoint: u32) -> LogRecord {
    LogRecord::Attempt {
        endpoint,
        delivery: Sequence(1),
        event: Sequence(1),
        event_type: "a.b".to_owned(),
        status: AttemptStatus::Sent,
        code: 200,
        error: None,
        attempt: 1,
        duration_ms: 1,
        began_at: Timestamp(0),
        message: None,
        response: Vec::new(),
    }
}

fn at(second: u64, place: u64) -> Sequence {
    Sequence(second * 1_000_000 + place)
}

/// The places of an endpoint's lines, a page at a time, and how many pages that took.
fn pages(ledger: &Ledger, endpoint: u32, limit: usize) -> (Vec<Sequence>, usize) {
    let (mut places, mut before, mut count) = (Vec::new(), Sequence(u64::MAX), 0);
    loop {
        let id = EndpointId(endpoint);
        let page = ledger.attempts_of(&shop(), id, (before, limit), |_| true).unwrap();
        assert!(page.lines.len() <= limit);
        places.extend(page.lines.into_iter().map(|(place, _)| place));
        count += 1;
        match page.next {
            Some(next) => before = next,
            None => return (places, count),
        }
    }
}

#[tokio::test]
async fn a21_a_quiet_endpoints_attempts_are_found_beside_those_of_a_busy_one() {
    let engine = Engine::start(config(None, starting(Timestamp(0)))).await.unwrap();
    let ledger = engine.ledger();
    // Two lines from before seconds were noted, then some of the quiet one, each behind many of the busy one.
    let mut draft = Draft::new(&shop());
    for place in [at(1, 5), at(1, 9)] {
        let line = crate::record::encode(&attempt(1));
        draft.batch().put(key::log(&shop(), place), line);
    }
    let quiet = [at(1, 20), at(40, 7), at(40, 8), at(90, 0)];
    for place in quiet {
        draft.log(place, &attempt(1));
        draft.tried(EndpointId(1), place);
    }
    ledger.commit_and_wait(draft).await;
    let busy = SCAN_ROWS_MAX as u64 + 5_000;
    for part in 0..10 {
        let mut draft = Draft::new(&shop());
        for number in 0..busy / 10 {
            draft.log(at(100 + part, number), &attempt(2));
        }
        draft.tried(EndpointId(2), at(100 + part, 0));
        ledger.commit_and_wait(draft).await;
    }
    let mut all: Vec<_> = quiet.into_iter().chain([at(1, 5), at(1, 9)]).collect();
    all.sort_by_key(|place| std::cmp::Reverse(*place));
    for limit in [1, 2, 3, 100] {
        assert_eq!(pages(ledger, 1, limit).0, all, "{limit} at once");
    }
    assert_eq!(pages(ledger, 1, 100).1, 1, "in one look");
    let (places, _) = pages(ledger, 2, 500);
    assert_eq!(places.len() as u64, busy);
    assert!(pages(ledger, 3, 10).0.is_empty());

    // The seconds go with their lines.
    let mut gone = 0;
    loop {
        let keys = ledger.seconds_before(&shop(), at(100, 0), CLEANED_PER_STEP_MAX).unwrap();
        if keys.is_empty() {
            break;
        }
        gone += keys.len();
        let mut draft = Draft::new(&shop());
        keys.into_iter().for_each(|key| draft.batch().delete(key));
        ledger.commit_and_wait(draft).await;
    }
    assert_eq!(gone, 6, "three of the quiet one, and of any");
    end(engine).await;
}
