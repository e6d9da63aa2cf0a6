//! What concerns one endpoint among many events of others, and what it costs to know.

use sereno_workflows::id::EndpointId;
use sereno_workflows::time::Timestamp;

use super::*;
use crate::engine::Engine;
use crate::ledger::{Draft, Ledger};
use crate::limits::CLEANED_PER_STEP_MAX;
use crate::record::{AttemptStatus, Deliveries, DeliveryStatusRecord, EventRecord, Source, key};
use crate::trial::{config, end, starting};

const QUIET: EndpointId = EndpointId(1);
const BUSY: EndpointId = EndpointId(2);

fn shop() -> TenantId {
    "shop".parse().unwrap()
}

fn event(place: u64, to: &[EndpointId]) -> EventRecord {
    EventRecord {
        id: format!("e{place}"),
        event_type: "a.b".to_owned(),
        at: Timestamp(0),
        source: Source::Api,
        entity: None,
        ignored: None,
        cause: None,
        deliveries: Deliveries::run(Sequence(place + 1), to),
        body: "{}".into(),
        story: None,
        trace: None,
    }
}

fn dead(endpoint: EndpointId) -> DeliveryStatusRecord {
    DeliveryStatusRecord {
        status: AttemptStatus::Dead,
        attempts: 1,
        code: 500,
        ..DeliveryStatusRecord::untried(endpoint)
    }
}

async fn record(ledger: &Ledger, events: &[(u64, &[EndpointId])]) {
    let mut draft = Draft::new(&shop());
    for (place, to) in events {
        draft.event(Sequence(*place), &event(*place, to), None);
    }
    ledger.commit_and_wait(draft).await;
}

/// The places of the events that stand in the stretches of a lane, and how many are not meant.
fn found(ledger: &Ledger, lane: Lane, meant: impl Fn(&EventRecord) -> bool) -> (Vec<u64>, usize) {
    let tenant = shop();
    let mut stretches = Stretches::of(ledger, &tenant, [lane]).unwrap();
    let (mut places, mut others, mut before) = (Vec::new(), 0, Sequence(u64::MAX));
    while let Some(stretch) = stretches.before(before).unwrap() {
        assert!(stretch.start < stretch.end && stretch.end <= before);
        let events = ledger.events(&tenant, stretch.end, stretch.start, usize::MAX).unwrap();
        for (place, event) in events {
            match meant(&event) {
                true => places.push(place.0),
                false => others += 1,
            }
        }
        before = stretch.start;
    }
    (places, others)
}

fn is_to(event: &EventRecord, endpoint: EndpointId) -> bool {
    event.deliveries.to_vec().iter().any(|(to, _)| *to == endpoint)
}

fn rows(ledger: &Ledger) -> usize {
    ledger.under(key::partition(&shop()), &key::table(b'n', &shop()), usize::MAX).unwrap().len()
}

#[tokio::test]
async fn a21_a_quiet_endpoints_events_are_found_by_the_blocks_in_which_they_are() {
    let engine = Engine::start(config(None, starting(Timestamp(0)))).await.unwrap();
    let ledger = engine.ledger();
    record(ledger, &[(5, &[BUSY])]).await;
    let mut quiet = Vec::new();
    for part in 0..50_u64 {
        let mut events: Vec<(u64, &[EndpointId])> = Vec::new();
        for number in 0..200 {
            // A commit may come after one whose events are later.
            let place = 10 * (200 * (part ^ 1) + number) + 10;
            match (part, number) {
                (3 | 4 | 40, 7) => {
                    quiet.push(place);
                    events.push((place, &[QUIET, BUSY]));
                }
                _ => events.push((place, &[BUSY])),
            }
        }
        record(ledger, &events).await;
    }
    quiet.sort_by(|one, other| other.cmp(one));
    let (places, others) = found(ledger, Lane::To(QUIET), |event| is_to(event, QUIET));
    assert_eq!(places, quiet);
    assert!(others < 4 * 3 * EVENTS_PER_BLOCK, "{others} others were looked at");
    assert_eq!(found(ledger, Lane::To(BUSY), |event| is_to(event, BUSY)).0.len(), 10_001);
    assert_eq!(found(ledger, Lane::Trouble, |_| true).0.len(), 0);
    // Each block has a row that says where it begins, and one for the busy endpoint.
    let rows = rows(ledger);
    assert!(rows < 300, "{rows} rows for 10,000 deliveries");

    // What comes of them later is noted at each, or at its block.
    let mut draft = Draft::new(&shop());
    for place in [2_000, 50_010, 100_000] {
        draft.status(Sequence(place), Sequence(place + 2), &dead(BUSY));
    }
    draft.late(EndpointId(7), Sequence(900_000), Sequence(70_010));
    ledger.commit_and_wait(draft).await;
    let troubled = [100_000, 50_010, 2_000];
    for lane in [Lane::Trouble, Lane::TroubleTo(BUSY)] {
        let (places, _) =
            found(ledger, lane, |event| troubled.map(|at| format!("e{at}")).contains(&event.id));
        assert_eq!(places, troubled);
    }
    assert_eq!(found(ledger, Lane::TroubleTo(QUIET), |_| true).0.len(), 0);
    let (late, _) = found(ledger, Lane::To(EndpointId(7)), |event| event.id == "e70010");
    assert_eq!(late, [70_010]);
    assert_eq!(ledger.endpoints_noted(&shop(), 9).unwrap(), [QUIET, BUSY, EndpointId(7)]);
    assert_eq!(ledger.endpoints_noted(&shop(), 2).unwrap(), [QUIET, BUSY]);
    end(engine).await;
}

#[tokio::test]
async fn a21_events_from_before_there_were_blocks_and_those_whose_blocks_are_gone_are_looked_through()
 {
    let engine = Engine::start(config(None, starting(Timestamp(0)))).await.unwrap();
    let ledger = engine.ledger();
    let mut draft = Draft::new(&shop());
    for place in [10, 20] {
        let bytes = crate::record::encode(&event(place, &[QUIET]));
        draft.batch().put(key::event(&shop(), Sequence(place)), bytes);
    }
    ledger.commit_and_wait(draft).await;
    let all = |lane| found(ledger, lane, |event| is_to(event, QUIET)).0;
    assert_eq!(all(Lane::To(QUIET)), [20, 10]);
    for place in 3..400 {
        let to: &[EndpointId] = if place % 50 == 0 { &[QUIET] } else { &[BUSY] };
        record(ledger, &[(10 * place, to)]).await;
    }
    let quiet = [3_500, 3_000, 2_500, 2_000, 1_500, 1_000, 500, 20, 10];
    assert_eq!(all(Lane::To(QUIET)), quiet);
    for (before, steps) in [(1_700, 4), (u64::MAX, 9)] {
        let mut taken = 0;
        loop {
            let keys =
                ledger.blocks_before(&shop(), Sequence(before), CLEANED_PER_STEP_MAX).unwrap();
            if keys.is_empty() {
                break;
            }
            taken += 1;
            let mut draft = Draft::new(&shop());
            keys.into_iter().for_each(|key| draft.batch().delete(key));
            ledger.commit_and_wait(draft).await;
            assert_eq!(all(Lane::To(QUIET)), quiet, "nothing is lost at any step");
        }
        assert!(taken <= steps);
    }
    assert_eq!(rows(ledger), 0);
    end(engine).await;
}

#[tokio::test]
async fn a21_what_is_for_many_costs_one_row_and_what_is_forgotten_begins_anew() {
    let engine = Engine::start(config(None, starting(Timestamp(0)))).await.unwrap();
    let ledger = engine.ledger();
    let many: Vec<EndpointId> = (10..300).map(EndpointId).collect();
    record(ledger, &[(10, &many), (1_000, &[BUSY])]).await;
    assert_eq!(rows(ledger), 3, "where the block begins, the many, the busy one");
    assert_eq!(found(ledger, Lane::ToMany, |event| is_to(event, EndpointId(50))).0, [10]);

    let mut lanes = Lanes::default();
    let note = |lanes: &mut Lanes, tenant: &str, all: Vec<(u64, Lane)>| {
        let tenant = tenant.parse().unwrap();
        let mut batch = Batch::new(key::partition(&tenant));
        let all = all.into_iter().map(|(place, lane)| (Sequence(place), lane)).collect();
        lanes.note(&mut batch, Noted { tenant, all });
        batch.writes.len()
    };
    let one = |place| vec![(place, Lane::Blocks), (place, Lane::To(BUSY))];
    assert_eq!(note(&mut lanes, "shop", one(500)), 2);
    assert_eq!(note(&mut lanes, "shop", one(510)), 0);
    for number in 0..TENANTS_KEPT_MAX {
        note(&mut lanes, &format!("t{number}"), one(1_000));
    }
    assert!(lanes.tenants.len() <= TENANTS_KEPT_MAX);
    // It may stand before what nobody has in mind any more: so it is noted at the event, and begins no block.
    assert_eq!(note(&mut lanes, "shop", one(505)), 1);
    assert_eq!(note(&mut lanes, "shop", one(1_010)), 2);
    lanes.forget(&shop());
    assert_eq!(note(&mut lanes, "shop", one(1_020)), 2);
    end(engine).await;
}
