//! What one decision of a workflow costs: nanoseconds, no disk and no network.

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use sereno_workflows::event::Event;
use sereno_workflows::policy::Policy;
use sereno_workflows::reservation::{Command, Context, Origin, step};
use sereno_workflows::time::Timestamp;

fn decisions(criterion: &mut Criterion) {
    let policy = Policy::default();
    let event = json!({"event_id": "e-1", "event_type": "reservation.created",
        "timestamp": "2026-11-20T10:00:00Z", "data": {"reservation_id": "R-1",
        "date_time": "2026-11-25T20:00:00Z", "party_size": 4, "name": "Ana",
        "wa_number": "+34600000001", "restaurant": "La Trattoria"}});
    criterion.bench_function("read an event and its booking", |bench| {
        bench.iter(|| {
            let event = Event::from_json(event.clone(), Timestamp(0)).expect("a good event");
            event.fact(&policy.zone).expect("a good booking")
        });
    });

    let booking = sereno_workflows::event::Booking {
        reservation_id: "R-1".into(),
        date_time: Some(Timestamp(1_800_000_000_000)),
        wa_number: Some("+34600000001".into()),
        ..Default::default()
    };
    let ctx = |now, origin| Context { now: Timestamp(now), policy: &policy, origin };
    let made = ctx(1_799_000_000_000, Origin::Event);
    criterion.bench_function("make a booking", |bench| {
        bench.iter(|| step(None, Command::Book(booking.clone()), made));
    });
    let booked = step(None, Command::Book(booking.clone()), made).expect("a new booking").next;
    let due = ctx(1_800_000_000_000 - 24 * 3_600_000, Origin::Clock);
    let wake = Command::Wake { generation: booked.generation };
    criterion.bench_function("send a reminder", |bench| {
        bench.iter(|| step(Some(&booked), wake.clone(), due));
    });
    criterion.bench_function("confirm", |bench| {
        bench.iter(|| step(Some(&booked), Command::Confirm, due));
    });
}

criterion_group!(benches, decisions);
criterion_main!(benches);
