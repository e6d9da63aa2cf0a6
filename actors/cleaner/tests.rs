//! What is remembered of deliveries goes once nobody would believe them any more.

use sereno_workflows::inbound::Road;

use super::*;
use crate::engine::{Arrival, Engine, Letter};
use crate::intake::tests::engine;
use crate::record::IdempotencyRecord;
use crate::verifier::Mark;

async fn arrive(engine: &Engine, tenant: &TenantId, mark: (u8, Timestamp)) -> bool {
    let letter = Letter {
        road: Road::Source("shop".to_owned()),
        peer: None,
        content_type: None,
        headers: Vec::new(),
        body: b"{}",
        refused: None,
        trace: None,
    };
    let mark = Mark { digest: [mark.0; 16], until: mark.1, refused: false };
    let arrival = engine.receive_once(tenant, letter, Some(mark)).await.unwrap();
    matches!(arrival, Arrival::Kept(_))
}

fn cleaner(engine: &Engine) -> Cleaner {
    let around = engine.surroundings();
    Cleaner { ledger: around.ledger, hints: around.hints }
}

async fn clean(engine: &Engine, tenant: &TenantId, now: Timestamp) {
    let cleaner = cleaner(engine);
    let mut draft = Draft::new(tenant);
    let view = engine.view(tenant).unwrap();
    assert!(!cleaner.forget_replays(&view, &mut draft, now).unwrap(), "there are few");
    cleaner.ledger.commit_and_wait(draft).await;
}

#[tokio::test]
async fn b01_b05_what_comes_anew_while_it_is_being_forgotten_is_remembered() {
    let (engine, tenant) = engine().await;
    let ledger = engine.ledger();
    let now = ledger.now().timestamp();
    let in_ms = |ms: i64| Timestamp(now.0 + ms);
    let used = |place: Sequence| {
        let mut draft = Draft::new(&tenant);
        let (accepted, duplicates) = (1, 0);
        let record = IdempotencyRecord { fingerprint: [1; 32], place, accepted, duplicates };
        draft.idempotency("key", &record);
        draft
    };
    let first = Sequence::at(in_ms(-25 * 3_600_000));
    ledger.commit_and_wait(used(first)).await;
    assert!(arrive(&engine, &tenant, (1, in_ms(-5))).await);
    let (cleaner, view) = (cleaner(&engine), engine.view(&tenant).unwrap());
    let mut draft = Draft::new(&tenant);
    cleaner.forget_keys(&view, &mut draft, now).unwrap();
    cleaner.forget_replays(&view, &mut draft, in_ms(1_000)).unwrap();

    // Before that is on disk, both are used again.
    let again = ledger.sequence();
    ledger.commit_and_wait(used(again)).await;
    assert!(arrive(&engine, &tenant, (1, in_ms(120_000))).await);
    ledger.commit_and_wait(draft).await;
    assert_eq!(ledger.idempotency(&tenant, "key").unwrap().map(|kept| kept.place), Some(again));
    assert!(!arrive(&engine, &tenant, (1, in_ms(120_000))).await, "its second time counts");
    let left = ledger.idempotency_before(&tenant, Sequence(u64::MAX), 9).unwrap();
    assert_eq!(left.len(), 1, "the first one is gone");
    engine.stop(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn b05_a_delivery_is_remembered_until_it_would_not_be_believed_and_then_forgotten() {
    let (engine, tenant) = engine().await;
    let now = engine.ledger().now().timestamp();
    let in_ms = |ms: i64| Timestamp(now.0 + ms);
    assert!(arrive(&engine, &tenant, (1, in_ms(-5))).await);
    assert!(arrive(&engine, &tenant, (2, in_ms(60_000))).await);
    assert!(!arrive(&engine, &tenant, (2, in_ms(60_000))).await, "it came before");
    assert!(arrive(&engine, &tenant, (1, in_ms(120_000))).await, "it is taken anew");
    clean(&engine, &tenant, in_ms(1_000)).await;
    assert!(!arrive(&engine, &tenant, (1, in_ms(120_000))).await, "its second time counts");
    assert!(!arrive(&engine, &tenant, (2, in_ms(60_000))).await);
    clean(&engine, &tenant, in_ms(60_001)).await;
    assert!(!arrive(&engine, &tenant, (1, in_ms(120_000))).await);
    assert!(arrive(&engine, &tenant, (2, in_ms(60_000))).await, "it is forgotten");
    clean(&engine, &tenant, in_ms(200_000)).await;
    let left = engine.ledger().forgettable(&tenant, Timestamp(i64::MAX), 10).unwrap();
    assert_eq!(left, Vec::<Vec<u8>>::new(), "and nothing of it is left");
    engine.stop(std::time::Duration::from_secs(5)).await;
}
