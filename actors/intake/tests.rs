//! What fails is tried again, set aside, and brought back; and one that kills its reader harms nobody else.

use std::sync::Arc;
use std::time::Duration;

use ractor::Actor;
use serde_json::{Value, json};
use sereno_workflows::event::Event;
use sereno_workflows::id::{EntityKey, Sequence, TenantId};
use sereno_workflows::inbound::{Reading, Road};
use sereno_workflows::policy::Settings;

use super::window::Trouble;
use super::work::fate;
use super::*;
use crate::engine::{Engine, Letter};
use crate::limits::{LETTER_RETRIES_MS, LETTERS_PER_WINDOW_MAX};
use crate::record::{InboundFate, InboundRecord, key};
use crate::trial::config;

const NUMBER: &str = "34600000001";

/// An engine in memory with the tenant `shop`.
pub(crate) async fn engine() -> (Engine, TenantId) {
    let config = config(None, crate::now::Now::System);
    let engine = Engine::start(config).await.unwrap();
    let tenant: TenantId = "shop".parse().unwrap();
    let settings = json!({"whatsapp": {"phone_number_id": "1", "app_secret": "s"}});
    let settings = Settings::from_json(settings).unwrap();
    engine.create_tenant(tenant.clone(), "Shop".to_owned(), settings).await.unwrap();
    (engine, tenant)
}

fn body(wamid: &str) -> Vec<u8> {
    let message =
        json!({"id": wamid, "from": NUMBER, "type": "text", "text": {"body": "cancelar"}});
    let value = json!({"metadata": {"phone_number_id": "1"}, "messages": [message]});
    let changes = json!([{"field": "messages", "value": value}]);
    json!({"entry": [{"id": "1", "changes": changes}]}).to_string().into_bytes()
}

async fn receive(engine: &Engine, tenant: &TenantId, wamid: &str) -> Sequence {
    let body = body(wamid);
    let letter = Letter {
        road: Road::WhatsApp,
        peer: None,
        content_type: None,
        headers: Vec::new(),
        body: &body,
        refused: None,
        trace: None,
    };
    engine.receive(tenant, letter).await.unwrap().unwrap()
}

/// Waits until a letter is as it must become.
async fn until(
    engine: &Engine,
    tenant: &TenantId,
    letter: Sequence,
    fits: impl Fn(&InboundFate) -> bool,
) -> InboundFate {
    for _ in 0..1_000 {
        let fate = engine.ledger().letter(tenant, letter).unwrap().unwrap().fate;
        if fits(&fate) {
            return fate;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", engine.ledger().letter(tenant, letter));
}

async fn put(engine: &Engine, tenant: &TenantId, change: impl FnOnce(&mut Draft)) {
    let mut draft = Draft::new(tenant);
    change(&mut draft);
    engine.ledger().commit_and_wait(draft).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_a_letter_that_fails_is_tried_again_set_aside_told_of_and_brought_back() {
    let (engine, tenant) = engine().await;
    let booking = json!({"event_type": "reservation.created", "data": {"reservation_id": "R-1",
        "date_time": "2090-01-01T20:00:00Z", "wa_number": NUMBER}});
    let booking = Event::from_json(booking, engine.ledger().now().timestamp()).unwrap();
    engine.submit(&tenant, vec![booking], None, None).await.unwrap();
    let place = key::state(&tenant, &EntityKey::reservation("R-1"));
    let state = engine.ledger().state(&tenant, &EntityKey::reservation("R-1")).unwrap().unwrap();
    put(&engine, &tenant, |draft| draft.batch().put(place.clone(), b"damaged".to_vec())).await;

    let letter = receive(&engine, &tenant, "wamid.1").await;
    let failed = until(&engine, &tenant, letter, |fate| fate.error.is_some()).await;
    assert_eq!((failed.state, failed.attempts), (InboundState::Pending, 1), "{failed:?}");
    let pause = failed.next_at.unwrap().since(failed.at.unwrap());
    assert_eq!(pause.0, LETTER_RETRIES_MS[0]);
    // As if it were the last try.
    let mut record = engine.ledger().letter(&tenant, letter).unwrap().unwrap();
    record.fate.attempts = u32::try_from(LETTER_RETRIES_MS.len()).unwrap();
    put(&engine, &tenant, |draft| draft.fate(letter, &record)).await;
    let aside = |fate: &InboundFate| fate.state == InboundState::Quarantined;
    let aside = until(&engine, &tenant, letter, aside).await;
    assert!(aside.error.unwrap().contains("could not be carried out"));
    let events = engine.ledger().events(&tenant, Sequence(u64::MAX), Sequence(0), 10).unwrap();
    let told = events.iter().find(|(_, event)| event.event_type == "inbound.quarantined");
    let told: Value = serde_json::from_slice(&told.unwrap().1.body).unwrap();
    assert_eq!(told["data"]["inbound_id"], inbound_id(letter));

    put(&engine, &tenant, |draft| draft.state(&EntityKey::reservation("R-1"), &state)).await;
    engine.read_again(&tenant, letter).await.unwrap();
    let done = |fate: &InboundFate| fate.state == InboundState::Processed;
    let done = until(&engine, &tenant, letter, done).await;
    assert_eq!((done.events, done.error), (vec!["wamid.1".to_owned()], None));
    engine.stop(Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d07_a_letter_that_killed_its_reader_three_times_is_set_aside_and_the_rest_is_read() {
    let (engine, tenant) = engine().await;
    let ledger = engine.ledger();
    let now = ledger.now().timestamp();
    let record = InboundRecord {
        road: Road::WhatsApp,
        peer: None,
        content_type: None,
        headers: Vec::new(),
        body_bytes: 1,
        verdict: Verdict::Genuine,
        fate: InboundFate::pending(now),
        trace: None,
    };
    let count = LETTERS_PER_WINDOW_MAX + 3;
    let letters: Vec<Sequence> = (0..count).map(|_| ledger.sequence()).collect();
    for (number, letter) in letters.iter().enumerate() {
        let body = body(&format!("wamid.{number}"));
        // Without its hint, so that only the reader of this test hears of it.
        put(&engine, &tenant, |draft| draft.letter(*letter, &record, &body)).await;
    }
    let suspect = Suspect { under_way: Some(letters[0]), deaths: crate::limits::DEATHS_MAX - 1 };
    let parent = engine.reach(&tenant).unwrap().actor;
    let intake = Intake {
        around: engine.surroundings(),
        tenant: tenant.clone(),
        parent,
        suspect: Arc::new(Mutex::new(suspect)),
    };
    let (intake, ended) = Actor::spawn(None, intake, ()).await.unwrap();
    intake.cast(IntakeMessage::Work).unwrap();
    let over = |fate: &InboundFate| fate.state != InboundState::Pending;
    let first = until(&engine, &tenant, letters[0], over).await;
    assert_eq!(first.state, InboundState::Quarantined);
    for letter in &letters[1..] {
        let fate = until(&engine, &tenant, *letter, over).await;
        assert_eq!(fate.state, InboundState::Processed);
    }
    intake.stop(None);
    ended.await.unwrap();
    engine.stop(Duration::from_secs(1)).await;
}

#[test]
fn d06_the_fourth_failure_is_the_last_and_nonsense_is_not_tried_again() {
    let now = Timestamp(1_000_000);
    let mut standing = InboundFate::pending(now);
    for pause in LETTER_RETRIES_MS {
        standing = fate(standing, Err(Trouble::Failed("no".into())), now);
        assert_eq!(standing.next_at.unwrap().since(now).0, pause);
        assert_eq!(standing.state, InboundState::Pending);
    }
    let last = fate(standing.clone(), Err(Trouble::Failed("no".into())), now);
    assert_eq!((last.state, last.next_at, last.attempts), (InboundState::Quarantined, None, 4));
    let done = fate(standing, Ok(Reading::default()), now);
    assert_eq!((done.state, done.error), (InboundState::Processed, None));
    let error = "é".repeat(1_000);
    let invalid = fate(InboundFate::pending(now), Err(Trouble::Invalid(error)), now);
    assert_eq!((invalid.state, invalid.next_at), (InboundState::Invalid, None));
    assert!(invalid.error.unwrap().len() <= crate::limits::LETTER_TEXT_BYTES_MAX);
}
