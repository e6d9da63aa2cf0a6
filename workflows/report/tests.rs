//! Reports of known hours; due, made once, and said in every language.

mod absent;
mod held;
mod unknown;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::figures::Coverage;
use super::*;
use crate::locale::Locale;
use crate::policy::Settings;
use crate::statistics::{Channel, Count, Route, Size, Slot, Tally};
use crate::time::{self, Span};

const ZONE: &str = "Europe/Madrid";

fn at(text: &str) -> Timestamp {
    Timestamp::from_text(text, &time::zone(ZONE).unwrap()).unwrap()
}

fn hour(begins: &str, fill: impl FnOnce(&mut Tally)) -> Slot {
    let mut tally = Tally::default();
    fill(&mut tally);
    Slot { from: at(begins), tally }
}

fn events(begins: &str, event_type: &str, count: u64) -> Slot {
    hour(begins, |tally| (0..count).for_each(|_| tally.announced(event_type)))
}

fn attempts(begins: &str, endpoint: u32, sent: u32, failed: u32) -> Slot {
    hour(begins, |tally| {
        let mut route = Route { sent, failed, dead: failed, ..Route::default() };
        route.took.add(100);
        tally.attempt(Channel::Webhook, endpoint, &route);
        (0..failed).for_each(|_| tally.cause("503"));
    })
}

/// The report of a week, seen at a moment by a tenant that was made then.
fn made(week: &str, hours: &[Slot], now: &str, since: &str, locale: Locale) -> Report {
    let zone = time::zone(ZONE).unwrap();
    let known = |kind: &str, host: &str| (kind.to_owned(), Some(host.to_owned()));
    let about = About {
        tenant: "La <Trattoria>",
        timezone: ZONE,
        zone: &zone,
        locale,
        now: at(now),
        since: at(since),
        absences: Vec::new(),
        held: 0,
        endpoints: BTreeMap::from([(3, known("webhook", "hooks.example.com"))]),
    };
    make(week.parse().unwrap(), hours, &about)
}

fn counted(report: &Report) -> u64 {
    report.totals.as_ref().unwrap().events
}

fn whole(hours: &[Slot]) -> Report {
    made("2026-W47", hours, "2026-11-23T09:00:00", "2026-01-01T00:00:00", Locale::Es)
}

#[test]
fn c04_an_hour_counts_to_the_day_on_the_tenants_wall_in_which_it_begins() {
    let hours = [
        events("2026-11-08T23:00:00", "a.b", 1),
        events("2026-11-09T00:00:00", "a.b", 2),
        events("2026-11-15T23:00:00", "a.b", 4),
        events("2026-11-16T00:00:00", "a.b", 8),
        events("2026-11-22T23:00:00", "a.b", 16),
        events("2026-11-23T00:00:00", "a.b", 32),
    ];
    let report = whole(&hours);
    assert_eq!(counted(&report), 8 + 16);
    assert_eq!(report.week_before.as_ref().map(|one| one.events), Some(2 + 4));
    let days: Vec<_> =
        report.days.iter().map(|one| (one.date.as_str(), one.events, one.events_before)).collect();
    assert_eq!(days[0], ("2026-11-16", Some(8), Some(2)));
    assert_eq!(days[6], ("2026-11-22", Some(16), Some(4)));
    assert_eq!(
        (report.from.as_str(), report.to.as_str()),
        ("2026-11-15T23:00:00.000Z", "2026-11-22T23:00:00.000Z")
    );
    assert!(report.complete && report.coverage == Coverage::Whole && report.notes.is_empty());
}

#[test]
fn c04_the_days_on_which_the_clocks_change_have_all_their_hours() {
    let zone = time::zone(ZONE).unwrap();
    for (week, hours, on_sunday) in [("2026-W13", 167, 23), ("2026-W43", 169, 25)] {
        let week: Week = week.parse().unwrap();
        let (mut from, to) = (week.begins(&zone), week.ends(&zone));
        let mut slots = Vec::new();
        while from < to {
            let mut tally = Tally::default();
            tally.announced("a.b");
            slots.push(Slot { from, tally });
            from = from.after(Span::hours(1));
        }
        let report = made(
            &week.to_string(),
            &slots,
            "2026-11-23T09:00:00",
            "2026-01-01T00:00:00",
            Locale::En,
        );
        assert_eq!(counted(&report), hours);
        let days: Vec<_> = report.days.iter().filter_map(|one| one.events).collect();
        assert_eq!(days, [24, 24, 24, 24, 24, 24, on_sunday]);
    }
}

#[test]
fn c04_the_figures_are_those_that_were_counted() {
    let mut hours = vec![
        events("2026-11-16T10:00:00", "reservation.created", 3),
        events("2026-11-17T10:00:00", "alert.raised", 2),
        events("2026-11-10T10:00:00", "reservation.created", 5),
        attempts("2026-11-18T10:00:00", 3, 90, 10),
        attempts("2026-11-19T10:00:00", 7, 99, 1),
    ];
    hours.push(hour("2026-11-20T20:00:00", |tally| {
        tally.add(Count::ReservationsCreated, 12);
        tally.add(Count::ReservationsArrived, 6);
        tally.add(Count::NoShows, 4);
        tally.add(Count::RemindersSent, 9);
        tally.add(Count::RemindersConfirmed, 5);
        tally.add(Count::HandoffsOpened, 8);
        tally.add(Count::SlaBreached, 2);
        tally.measure(Size::AnswerTime, 1_000);
    }));
    let report = whole(&hours);
    let totals = report.totals.as_ref().unwrap();
    assert_eq!((totals.no_show_rate, totals.alerts_raised), (Some(0.4), 2));
    assert_eq!((totals.reminders_sent, totals.reminders_confirmed), (9, 5));
    assert_eq!((totals.deliveries.attempts, totals.deliveries.failed), (200, 11));
    assert_eq!(totals.deliveries.success_rate, Some(0.945));
    assert_eq!(totals.dead_letters, 11);
    assert!((900..=1_100).contains(&totals.ai_response_time.p95_ms.unwrap()));
    let [first, ..] = &report.top_events.as_ref().unwrap()[..] else { panic!("{report:?}") };
    assert_eq!(
        (first.event_type.as_str(), first.count, first.before),
        ("reservation.created", 3, Some(5))
    );
    assert_eq!(report.days[0].by_type.as_ref().unwrap()["reservation.created"], 3);
    let failing: Vec<_> = report
        .failing_endpoints
        .iter()
        .flatten()
        .map(|one| (one.endpoint_id, one.failed, one.host.as_deref()))
        .collect();
    assert_eq!(failing, [(3, 10, Some("hooks.example.com")), (7, 1, None)]);
    let cause = &report.causes.as_ref().unwrap()[0];
    assert_eq!((cause.cause.as_str(), cause.count), ("503", 11));
    assert_eq!(report.channels.as_ref().unwrap()[0].channel, "webhook");
    let attention = report.attention.as_ref().unwrap();
    let codes: Vec<_> = attention.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(
        codes,
        ["dead_letters", "deliveries_failing", "sla_breached", "no_shows", "alerts_raised"]
    );
    let said = &attention[1].sentence;
    assert!(
        said.contains("5,5 %")
            && said.contains("#3 webhook hooks.example.com")
            && said.contains("503"),
        "{said}"
    );
}

#[test]
fn c04_a_week_that_is_not_over_says_so_and_is_compared_with_the_same_part_of_the_last() {
    let hours = [
        events("2026-11-16T08:00:00", "a.b", 7),
        events("2026-11-17T12:00:00", "a.b", 9),
        events("2026-11-23T08:00:00", "a.b", 3),
    ];
    let report = made("2026-W48", &hours, "2026-11-24T10:00:00", "2026-01-01T00:00:00", Locale::En);
    assert!(!report.complete);
    assert_eq!(counted(&report), 3);
    assert_eq!(report.week_before.as_ref().map(|one| one.events), Some(7));
    assert_eq!(report.days.iter().filter(|one| one.to_come).count(), 5);
    let codes: Vec<_> = report.notes.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["not_over", "compared_in_part"]);
    assert!(report.notes[0].sentence.contains("so far, until Tuesday 24 November 2026, 10:00"));
    assert!(subject(&report).contains("2026-W48 (so far)"), "{}", subject(&report));
}

#[test]
fn c04_a_zone_that_is_not_whole_hours_from_utc_says_how_its_midnight_counts() {
    let zone = time::zone("Asia/Kolkata").unwrap();
    let about = About {
        tenant: "t",
        timezone: "Asia/Kolkata",
        zone: &zone,
        locale: Locale::En,
        now: at("2026-11-24T00:00:00"),
        since: Timestamp(0),
        absences: Vec::new(),
        held: 0,
        endpoints: BTreeMap::new(),
    };
    // 18:00 UTC is 23:30 there: half of that hour is of the next week.
    let from = Timestamp::from_rfc3339("2026-11-15T18:00:00Z").unwrap();
    let mut tally = Tally::default();
    tally.announced("a.b");
    let slots = [Slot { from, tally }];
    let (begins, _) = span("2026-W47".parse().unwrap(), &zone);
    assert!(begins <= from && begins.0 % 3_600_000 == 0);
    let report = make("2026-W47".parse().unwrap(), &slots, &about);
    assert_eq!((counted(&report), report.week_before.map(|one| one.events)), (0, Some(1)));
    assert!(report.notes.iter().any(|one| one.code == "hours_at_midnight"));
}

#[test]
fn c04_text_and_page_say_the_same_in_every_language_and_nothing_breaks_out() {
    let hours = [
        events("2026-11-16T10:00:00", "a.<script>", 1_234),
        attempts("2026-11-18T10:00:00", 3, 90, 10),
    ];
    for (locale, title, bookings, none) in [
        (Locale::Es, "Informe semanal", "Reservas", "Nada requiere atención."),
        (Locale::En, "Weekly report", "Bookings", "Nothing needs attention."),
        (Locale::Pt, "Relatório semanal", "Reservas", "Nada precisa de atenção."),
    ] {
        let report = made("2026-W47", &hours, "2026-11-23T09:00:00", "2026-01-01T00:00:00", locale);
        let (text, html) = (text(&report), html(&report, |chart| format!("cid:{}", chart.name)));
        assert!(text.starts_with(&format!("{title} · La <Trattoria>\n")), "{text}");
        assert!(html.contains(&format!("{title} · La &lt;Trattoria&gt;")));
        assert!(!html.contains("<script>") && !html.contains("<Trattoria>"), "{html}");
        assert!(text.contains(&bookings.to_uppercase()) && html.contains(bookings));
        assert!(html.contains("src=\"cid:events\"") && html.contains("src=\"cid:deliveries\""));
        assert!(!html.contains("http://") && !html.contains("https://"), "nothing from elsewhere");
        for wanted in ["2026-W47", ZONE, "503", "hooks.example.com"] {
            assert!(text.contains(wanted) && html.contains(wanted), "{wanted} in {text}");
        }
        let number = if locale == Locale::En { "1,234" } else { "1.234" };
        assert!(text.contains(number) && html.contains(number));
        for sentence in report.attention.iter().flatten().map(|one| &one.sentence) {
            assert!(text.contains(sentence), "{sentence} in {text}");
        }
        let quiet = made("2026-W47", &[], "2026-11-23T09:00:00", "2026-01-01T00:00:00", locale);
        assert!(super::text(&quiet).contains(none));
        assert!(summary(&report).len() >= 5);
    }
}

#[test]
fn c04_the_types_by_day_add_up_to_all_events_with_a_line_for_those_that_are_not_named() {
    let hours: Vec<_> = (0..9)
        .map(|number| events("2026-11-17T10:00:00", &format!("x.t{number}"), 20 - number))
        .chain([events("2026-11-19T10:00:00", "y.z", 1)])
        .collect();
    let report = whole(&hours);
    let document = document::Document::of(&report);
    let rows = &document.sections[0].tables[1].rows;
    assert_eq!(rows.len(), 7, "{rows:?}");
    let column = |at: usize| rows.iter().map(|row| row[at].parse::<u64>().unwrap()).sum::<u64>();
    assert_eq!((column(8), column(2), column(4)), (counted(&report), 144, 1));
    assert_eq!(rows[6], ["Los demás", "0", "39", "0", "1", "0", "0", "0", "40"]);
    assert!(text(&report).contains("Los demás"));
    // Where each is named, there is no more to say.
    let few = whole(&hours[..6]);
    let document = document::Document::of(&few);
    assert_eq!(document.sections[0].tables[1].rows.len(), 6);
}

#[test]
fn c04_a_report_is_read_back_from_its_event_as_it_was() {
    let report = whole(&[attempts("2026-11-18T10:00:00", 3, 90, 10)]);
    let body = json!({"data": data(&report), "event_type": READY}).to_string();
    assert_eq!(of_body(body.as_bytes()).as_ref(), Some(&report));
    assert!(body.len() < 16_000, "{} bytes", body.len());
    for other in [r#"{"data":{}}"#, r#"{"data":{"week":7}}"#, "{", r#"{"data":{"week":""}}"#] {
        assert_eq!(of_body(other.as_bytes()), None, "{other}");
    }
    // What others sent under this type is shown as far as it goes.
    let odd = of_body(br#"{"data":{"week":"x","days":[{"date":"no"}],"first_day":"?"}}"#).unwrap();
    assert!(!text(&odd).is_empty() && html(&odd, |_| String::new()).contains("<html"));
}

fn policy(weekly: Value) -> Policy {
    let settings = json!({"timezone": ZONE, "reports": {"weekly": weekly}});
    Policy::new(Settings::from_json(settings).unwrap(), &[])
}

fn wake(reports: &Reports, policy: &Policy, now: &str) -> Transition<Reports> {
    let week = Week::last_whole(at(now), &policy.zone);
    let report = Arc::new(Report { week: week.to_string(), ..Report::default() });
    let command = Command::Wake { generation: reports.generation, week, report };
    reports.step(command, policy, at(now)).unwrap()
}

/// The week that is told, and to whom it is mailed.
fn told(effects: &[Effect]) -> Option<(String, Vec<String>)> {
    match effects {
        [] => None,
        [Effect::Emit { event_type, data }, Effect::Mail { to }] => {
            assert_eq!(event_type, READY);
            Some((data["week"].as_str().unwrap().to_owned(), to.clone()))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn c04_each_week_is_told_once_at_its_time_week_after_week() {
    let policy = policy(json!({"to": ["a@x.example"]}));
    let mut reports =
        Reports::default().step(Command::Arm, &policy, at("2026-11-18T12:00:00")).unwrap().next;
    assert_eq!(reports.due, Some(at("2026-11-23T09:00:00")));
    // A start in between changes nothing.
    let again = reports.step(Command::Arm, &policy, at("2026-11-19T12:00:00")).unwrap().next;
    assert_eq!(again, reports);
    for (now, week, due) in [
        ("2026-11-23T09:00:00", "2026-W47", "2026-11-30T09:00:00"),
        ("2026-11-30T09:00:01", "2026-W48", "2026-12-07T09:00:00"),
    ] {
        let transition = wake(&reports, &policy, now);
        let to = vec!["a@x.example".to_owned()];
        assert_eq!(told(&transition.effects), Some((week.to_owned(), to)));
        assert_ne!(transition.next.generation, reports.generation);
        reports = transition.next;
        assert_eq!(reports.due, Some(at(due)));
    }
    let stale = Command::Wake {
        generation: reports.generation.wrapping_sub(1),
        week: "2026-W49".parse().unwrap(),
        report: Arc::default(),
    };
    assert!(reports.step(stale, &policy, at("2026-12-07T09:00:00")).is_err());
}

#[test]
fn c04_what_was_missed_is_told_late_once_and_of_the_last_whole_week_alone() {
    let policy = policy(json!({"to": ["a@x.example"]}));
    let armed =
        Reports::default().step(Command::Arm, &policy, at("2026-11-03T12:00:00")).unwrap().next;
    assert_eq!(armed.due, Some(at("2026-11-09T09:00:00")));
    // Three weeks later the server is back; its start does not move what is overdue.
    let now = "2026-11-25T18:00:00";
    let started = armed.step(Command::Arm, &policy, at(now)).unwrap().next;
    assert_eq!(started, armed);
    let late = wake(&started, &policy, now);
    assert_eq!(told(&late.effects).map(|(week, _)| week).as_deref(), Some("2026-W47"));
    assert_eq!(late.next.due, Some(at("2026-11-30T09:00:00")));
}

#[test]
fn c04_settings_move_it_and_no_week_is_told_twice() {
    let mondays = policy(json!({"to": ["a@x.example"]}));
    let armed =
        Reports::default().step(Command::Arm, &mondays, at("2026-11-18T12:00:00")).unwrap().next;
    let fired = wake(&armed, &mondays, "2026-11-23T09:00:00").next;
    let fridays = policy(json!({"to": ["a@x.example"], "day": "friday", "at": "18:00"}));
    let moved = fired.step(Command::Arm, &fridays, at("2026-11-23T10:00:00")).unwrap().next;
    assert_eq!(moved.due, Some(at("2026-12-04T18:00:00")), "W47 was told: W48 is next");
    // Rung early, it has nothing new to tell, and is set again.
    let early = wake(&moved, &fridays, "2026-11-26T12:00:00");
    assert_eq!((told(&early.effects), early.next.due), (None, moved.due));
    assert_ne!(early.next.generation, moved.generation);
    let off = policy(json!({"enabled": false, "to": ["a@x.example"]}));
    let off_now = moved.step(Command::Arm, &off, at("2026-11-26T12:00:00")).unwrap().next;
    assert_eq!((off_now.due, off_now.last), (None, "2026-W47".parse().ok()));
    // Another zone, another moment.
    let mexico =
        json!({"timezone": "America/Mexico_City", "reports": {"weekly": {"to": ["a@x.example"]}}});
    let mexico = Policy::new(Settings::from_json(mexico).unwrap(), &[]);
    let there = armed.step(Command::Arm, &mexico, at("2026-11-18T12:00:00")).unwrap().next;
    assert_eq!(there.due.map(Timestamp::to_rfc3339).as_deref(), Some("2026-11-23T15:00:00.000Z"));
}

#[test]
fn c04_without_readers_the_endpoints_alone_hear_of_it_and_on_demand_it_goes_to_whom_one_says() {
    let policy = policy(json!({"enabled": true}));
    let armed =
        Reports::default().step(Command::Arm, &policy, at("2026-11-18T12:00:00")).unwrap().next;
    let fired = wake(&armed, &policy, "2026-11-23T09:00:00");
    assert_eq!(told(&fired.effects), Some(("2026-W47".to_owned(), Vec::new())));
    let report = Arc::new(Report { week: "2026-W40".into(), ..Report::default() });
    let to = vec!["b@x.example".to_owned()];
    let asked = fired.next.step(
        Command::Send { to: to.clone(), report },
        &policy,
        at("2026-11-24T09:00:00"),
    );
    let asked = asked.unwrap();
    assert_eq!(asked.next, fired.next, "what is due and what was told stays");
    let [Effect::Emit { event_type, .. }, Effect::Mail { to: readers }] = &asked.effects[..] else {
        panic!()
    };
    assert_eq!((event_type.as_str(), readers), (REQUESTED, &to));
}
