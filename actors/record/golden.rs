//! The bytes of every kind of record, as they stand on the disks of users, in `golden.txt`.
//!
//! A line is `name version hex`. A line is never changed: a record that has changed gets a new version,
//! a new line, and an upcaster that reads the old one.

mod access;
mod jobs;
mod people;
mod statistics;

use serde_json::json;
use sereno_workflows::alerts::{Limit, Metric, Rule, Severity, Standing};
use sereno_workflows::dead_letters::Fault;
use sereno_workflows::effect::Signal;
use sereno_workflows::endpoint::Breaker;
use sereno_workflows::event::{Booking, Escalation};
use sereno_workflows::handoff;
use sereno_workflows::id::{EndpointId, EntityKind};
use sereno_workflows::inbound::Road;
use sereno_workflows::line::WhatsAppTemplate;
use sereno_workflows::message::{self, Message, Visit};
use sereno_workflows::policy::{Policy, Settings};
use sereno_workflows::reservation::{self, Command, Context, Origin, ReminderState};
use sereno_workflows::statistics::{Channel, Window};
use sereno_workflows::time::Span;

use super::*;

const NOW: Timestamp = Timestamp(1_763_900_000_000);

const LINES: &str = include_str!("golden.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// Every version of the record is read as `sample`, and the present one is written as its line says.
fn stands<R: Record + PartialEq + std::fmt::Debug>(variant: &str, sample: &R) {
    stands_since(1, variant, sample);
}

/// The same for what only came with a later version.
fn stands_since<R>(first: u16, variant: &str, sample: &R)
where
    R: Record + PartialEq + std::fmt::Debug,
{
    let name = format!("{}{variant} ", R::NAME.replace(' ', "-"));
    let present = format!("{name}{} {}", R::VERSION, hex(&encode(sample)));
    let versions: Vec<&str> = LINES.lines().filter(|line| line.starts_with(&name)).collect();
    for line in &versions {
        let bytes = unhex(line.rsplit(' ').next().unwrap());
        assert_eq!(decode::<R>(&bytes).as_ref(), Ok(sample), "{line}");
    }
    assert!(versions.contains(&present.as_str()), "golden.txt has no line\n{present}");
    let count = usize::from(R::VERSION - first + 1);
    assert_eq!(versions.len(), count, "one line for each version of {name}");
}

fn booked() -> Reservation {
    let settings = json!({"whatsapp": {"phone_number_id": "1"}, "reminders": ["24h", "2h"]});
    let policy = Policy::new(Settings::from_json(settings).unwrap(), &[]);
    let booking = Booking {
        reservation_id: "R-1".into(),
        date_time: Some(Timestamp(NOW.0 + 48 * 3_600_000)),
        party_size: Some(4),
        name: Some("Ana".into()),
        wa_number: Some("+34600000001".into()),
        ..Booking::default()
    };
    let context = Context { now: NOW, policy: &policy, origin: Origin::Event };
    reservation::step(None, Command::Book(booking), context).unwrap().next
}

fn opened() -> Handoff {
    let policy = Policy::new(Settings::default(), &[]);
    let escalation = Escalation {
        conversation_id: "c-1".into(),
        wa_number: Some("+34600000001".into()),
        last_intent: Some("reservar".into()),
        reason: None,
    };
    let context = handoff::Context { now: NOW, at: NOW, policy: &policy, announce: false };
    handoff::step(None, handoff::Command::Open(escalation), context).unwrap().next
}

fn tell() -> Tell {
    let visit = Visit {
        id: "R-1",
        at: NOW.wall(&jiff::tz::TimeZone::UTC),
        name: Some("Ana"),
        restaurant: None,
        party_size: Some(4),
    };
    let locale = "es".parse().unwrap();
    Tell { to: "+34600000001".into(), message: message::last_reminder(visit, locale) }
}

fn delivery() -> DeliveryRecord {
    DeliveryRecord { attempts: 2, ..DeliveryRecord::to_customer(Sequence(7), tell()) }
}

#[test]
fn who_and_what_stands_on_disk_as_it_always_did() {
    let tenant = TenantRecord {
        name: "La Trattoria".into(),
        created_at: NOW,
        settings: vec![1, 2, 3],
        phone_key: vec![4],
        pauses: Vec::new(),
    };
    stands("", &tenant);
    let signed = Signed { at: NOW, by: Actor::Admin, reason: "their line is down".into() };
    let pauses = vec![(Channel::Whatsapp, signed)];
    stands_since(2, "/paused", &TenantRecord { pauses, ..tenant });
    stands("", &EndpointRecord { config: b"{}".to_vec(), secrets: vec![9; 3] });
    let event = EventRecord {
        id: "e1".into(),
        event_type: "reservation.created".into(),
        at: NOW,
        source: Source::Workflow,
        entity: Some(EntityKey::reservation("R-1")),
        ignored: Some("why".into()),
        cause: Some(Sequence(6)),
        deliveries: Deliveries::Each(vec![(1, Sequence(8)), (300, Sequence(9))]),
        body: "{\"a\":1}".into(),
        story: None,
        trace: None,
    };
    stands("", &event);
    let deliveries = Deliveries::run(Sequence(8), &[EndpointId(1), EndpointId(300)]);
    stands_since(2, "/run", &EventRecord { deliveries, ..event.clone() });
    let state = Some("a=1".to_owned());
    let trace = TraceContext { trace: [0x4B; 16], span: [7; 8], flags: 1, state };
    stands_since(4, "/trace", &EventRecord { trace: Some(trace), ..event.clone() });
    stands_since(3, "/story", &EventRecord { story: Some(Box::new(story())), ..event });
    let (events, inbound, attempts) = (Sequence(3), Sequence(2), Sequence(1));
    stands("", &CleanedRecord { events, inbound, attempts });
    stands("/awaited", &LeftoverRecord::Awaited);
    stands("/going", &LeftoverRecord::Going);
    stands("", &MetaRecord(vec![1, 2]));
}

#[test]
fn states_and_timers_stand_on_disk_as_they_always_did() {
    stands("/reservation", &StateRecord::Reservation(booked()));
    let mut unreminded = booked();
    let became = [ReminderState::Cancelled, ReminderState::Missed];
    for (reminder, state) in unreminded.reminders.iter_mut().zip(became) {
        reminder.state = state;
    }
    stands_since(4, "/reservation-unreminded", &StateRecord::Reservation(unreminded));
    stands("/handoff", &StateRecord::Handoff(opened()));
    let breaches = Breaches { recent: vec![NOW], incident_at: Some(NOW) };
    stands("/tenant", &StateRecord::Tenant(breaches));
    let pile = Pile { told_count: true, told_age_of: Some(NOW), look_at: Some(NOW), generation: 2 };
    stands("/dead-letters", &StateRecord::DeadLetters(pile));
    stands("/letter-died", &TimerRecord::Signal(Signal::DeadLetters));
    stands("/signal", &TimerRecord::Signal(Signal::Breached { at: NOW }));
    stands("/alarm", &TimerRecord::Alarm { generation: 3 });
    let entity = EntityKey { kind: EntityKind::Tenant, id: String::new() };
    stands("", &QuarantineRecord { entity, due: NOW, at: NOW });
    let entity = EntityKey::endpoint(EndpointId(7));
    stands("/endpoint", &QuarantineRecord { entity, due: NOW, at: NOW });
}

#[test]
fn deliveries_stand_on_disk_as_they_always_did() {
    stands("", &delivery());
    let template = WhatsAppTemplate { name: "hola_otra".into(), language: "es".into() };
    let Tell { to, message } = tell();
    let message = Message { template: Some(Box::new(template)), ..message };
    let chosen = DeliveryRecord { tell: Some(Tell { to, message }), ..delivery() };
    stands_since(3, "/chosen", &chosen);
    stands("", &FanOutRecord { due: NOW, secured: 300 });
    stands(
        "",
        &DeliveryStatusRecord {
            endpoint: 1,
            status: AttemptStatus::Retrying,
            attempts: 2,
            code: -1,
            error: Some("refused".into()),
            next_at: Some(NOW),
            history: Vec::new(),
            cancelled: None,
        },
    );
    stands(
        "/attempt",
        &LogRecord::Attempt {
            endpoint: 1,
            delivery: Sequence(8),
            event: Sequence(7),
            event_type: "a.b".into(),
            status: AttemptStatus::Dead,
            code: 500,
            error: Some("no".into()),
            attempt: 3,
            duration_ms: 12,
            began_at: NOW,
            message: Some("hola".into()),
            response: Vec::new(),
        },
    );
    let endpoints = vec![(1, FilteredBy::Type), (2, FilteredBy::Disabled), (3, FilteredBy::Intent)];
    let event_type = "a.b".to_owned();
    stands("/filtered", &LogRecord::Filtered { event: Sequence(7), event_type, endpoints });
    let letter = DeadLetterRecord {
        endpoint: 1,
        delivery: delivery(),
        at: NOW,
        error: "no".into(),
        event_type: String::new(),
        code: -1,
        fault: Fault::Receiver,
        handed_on: None,
    };
    stands("", &letter);
    let signed = Signed { at: NOW, by: Actor::Admin, reason: "their till is down".into() };
    let handed_on = Some(Box::new(HandedOn { signed, endpoint: 2, delivery: Sequence(9) }));
    stands_since(3, "/handed-on", &DeadLetterRecord { handed_on, ..letter });
    let health = Health { failures_in_a_row: 2, last_success_at: Some(NOW), ..Health::default() };
    stands("", &HealthRecord(health.clone()));
    let breaker = Breaker::Open { until: NOW, trips: 3 };
    let health = Health { breaker, failing_since: Some(NOW), noticed: 50, ..health };
    stands_since(2, "/open", &HealthRecord(health));
}

#[test]
fn letters_stand_on_disk_as_they_always_did() {
    let fate = InboundFate {
        state: InboundState::Quarantined,
        at: Some(NOW),
        attempts: 4,
        next_at: None,
        error: Some("why".into()),
        note: Some("1 left out: because".into()),
        kinds: vec!["message.text".into()],
        events: vec!["wamid.1".into()],
        event_count: 2,
    };
    let letter = InboundRecord {
        road: Road::WhatsApp,
        peer: Some("127.0.0.1".into()),
        content_type: Some("application/json".into()),
        headers: vec![("user-agent".into(), "Meta".into())],
        body_bytes: 300,
        verdict: Verdict::Genuine,
        fate,
        trace: None,
    };
    stands("", &letter);
    let (road, verdict) = (Road::Source("shop".into()), Verdict::Refused("unsigned".into()));
    let fate = InboundFate::refused();
    stands("/refused", &InboundRecord { road, verdict, fate, ..letter.clone() });
    let (road, verdict) = (Road::Bird, Verdict::Uncounted(70));
    let fate = InboundFate::pending(NOW);
    stands("/uncounted", &InboundRecord { road, verdict, fate, ..letter.clone() });
    let trace = TraceContext { trace: [0x4B; 16], span: [7; 8], flags: 1, state: None };
    stands_since(2, "/traced", &InboundRecord { trace: Some(trace), ..letter });
}

#[test]
fn alerts_stand_on_disk_as_they_always_did() {
    let standing = Standing {
        since: Some(NOW),
        raised_at: Some(NOW),
        told: true,
        silenced_until: Some(NOW),
        value: Some(50_000),
        told_since: Some(NOW),
        told_at: None,
        as_told: None,
        unwatched_since: None,
    };
    let alerts = |standing| {
        let rules = [("mine".to_owned(), standing)].into();
        StateRecord::Alerts(Alerts { rules, look_at: Some(NOW), generation: 7 })
    };
    stands_since(2, "/alerts", &alerts(standing.clone()));
    let told = Standing { told: false, raised_at: None, told_at: Some(NOW), ..standing.clone() };
    stands_since(3, "/alerts-told", &alerts(told));
    let rule = Rule {
        metric: Metric::Availability,
        limit: Limit::Below(0.999),
        window: Window::Day,
        hold: Span::minutes(1),
        severity: Severity::Critical,
        at_least: 20,
    };
    let kept = Standing { told_at: Some(NOW), as_told: Some(rule), ..standing };
    stands_since(6, "/alerts-as-told", &alerts(kept.clone()));
    let off = Standing { unwatched_since: Some(NOW), ..kept };
    stands_since(8, "/alerts-unwatched", &alerts(off));
}

#[test]
fn reports_stand_on_disk_as_they_always_did() {
    let reports = Reports { last: "2026-W47".parse().ok(), due: Some(NOW), generation: 7 };
    stands_since(2, "/reports", &StateRecord::Reports(reports));
}

#[test]
fn what_providers_say_stands_on_disk_as_it_always_did() {
    let receipt = ReceiptRecord {
        event: Sequence(7),
        endpoint: 1,
        message_id: "wamid.1".into(),
        again: vec![1, 2],
    };
    stands("", &receipt);
    let error = Some("gone".to_owned());
    let status =
        ProviderStatusRecord { at: NOW, message_id: "wamid.1".into(), code: 131_026, error };
    stands("", &status);
    stands("", &WindowRecord { open_until: NOW });
}

fn story() -> StoryRecord {
    StoryRecord {
        received_before: 900,
        steps: vec![StepRecord { after: 0, took: 12 }, StepRecord { after: 300, took: 70_000 }],
        enriched: EnrichedRecord {
            weekday: 6,
            is_business_hours: Some(false),
            holiday: Some("Reyes".into()),
            user: Some("lead_0123456789abcdef".into()),
        },
        failed: Some(FailedRecord { stage: Stage::Process, reason: "why".into(), pieces: 2 }),
    }
}

#[test]
fn the_pipeline_stands_on_disk_as_it_always_did() {
    stands("", &SetAsideRecord { at: NOW, deaths: 3 });
    stands("", &SearchRecord { id: "index_1".into() });
    let place = Sequence(1_763_900_000_000_000);
    let once = IdempotencyRecord { fingerprint: [0xab; 32], place, accepted: 300, duplicates: 1 };
    stands("", &once);
    stands("", &InputPieceRecord(b"{}".to_vec()));
    let first =
        TimeRecord { step: 1_763_900_000_000_000, handed_after: 9, stored: 700, triggered: 3 };
    let next = TimeRecord { step: 40, ..first };
    stands("", &TimesRecord(vec![first, next]));
}

#[test]
fn a_deleted_tenant_stands_on_disk_as_it_always_did() {
    stands("", &DeletedRecord { at: NOW });
}

#[test]
fn how_far_the_mirror_is_stands_on_disk_as_it_always_did() {
    let (events, rest) = (Sequence(NOW.0.unsigned_abs() * 1_000), vec![b'S', 1]);
    stands("", &MirroredRecord { events, rest, count: 7, refused: 1 });
}

#[test]
fn a_delivery_that_was_taken_stands_as_it_stood() {
    stands("", &ReplayRecord { letter: Sequence(7), until: NOW });
}
