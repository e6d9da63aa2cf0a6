//! What is raised and has too little left to be measured.

use serde_json::json;

use super::*;

/// Fewer than can be measured, of which some may fail still.
fn few(still_fails: bool) -> Figures {
    Figures { still_fails, ..attempts(0, 7) }
}

#[test]
fn b15_what_can_be_measured_no_more_is_no_recovery_and_stands_while_it_fails() {
    let rate = json!({"above": 0.05, "for": "1m"});
    let all = rules(json!({"delivery_failure_rate": rate, "availability": {"enabled": false}}));
    let name = "delivery_failure_rate";
    let hour = 3_600;
    let well = |second| (second, attempts(100, 0));
    let begun = [(0, attempts(0, 65)), (60, attempts(0, 65))];
    let raised = said(60, "raised", name);
    // A receiver that stays dead is tried ever more rarely.
    let thin: Vec<_> = (8..2_000).map(|turn| (turn * 60, few(true))).collect();
    assert_eq!(told(&all, &[&begun[..], &thin].concat()), std::slice::from_ref(&raised));
    // It works again, is gone or nothing is sent any more: nobody can tell, and it does not stand for ever.
    let quiet: Vec<_> = (0..100).map(|turn| (1_000 + turn * 60, few(false))).collect();
    let over = said(1_000 + hour, "resolved", name);
    assert_eq!(told(&all, &[&begun[..], &quiet].concat()), [raised.clone(), over]);
    // Time in which nothing failed counts, and it has recovered once that is measured: what comes in bursts that
    // are shorter than the rule's hold ends it too.
    let looks =
        [well(400), (430, few(false)), (470, few(true)), (480, few(false)), well(530), well(540)];
    let over = said(540, "resolved", name);
    assert_eq!(told(&all, &[&begun[..], &looks].concat()), [raised, over]);
}

#[test]
fn b15_slow_attempts_are_over_once_nothing_that_fails_is_slow() {
    let slow = json!({"above": 2_000, "for": "0s"});
    let all =
        rules(json!({"delivery_latency_p95": slow, "delivery_failure_rate": {"enabled": false},
        "availability": {"enabled": false}}));
    let taking = |count: u32, millis: u64| {
        let mut figures = Figures { still_fails: true, ..Figures::default() };
        let mut route = Route { sent: count, ..Route::default() };
        (0..count).for_each(|_| route.took.add(millis));
        for tally in &mut figures.windows {
            tally.attempt(Channel::Webhook, 1, &route);
        }
        figures
    };
    let failing = |millis: u64| Figures { failing_took: Some(millis), ..taking(3, 5) };
    let (name, begun) = ("delivery_latency_p95", (0, taking(65, 9_000)));
    let looks = |millis: u64| {
        let later = (1..200).map(|turn| (turn * 60, failing(millis)));
        std::iter::once(begun.clone()).chain(later).collect::<Vec<_>>()
    };
    // Another endpoint was answered 400 at once; the slow one is well, and has little to do.
    let over = said(60 + 3_600, "resolved", name);
    assert_eq!(told(&all, &looks(4)), [said(0, "raised", name), over]);
    // One that hangs is slow, and is tried ever more rarely.
    assert_eq!(told(&all, &looks(15_000)), [said(0, "raised", name)]);
}

#[test]
fn b15_an_end_without_anything_to_measure_says_so() {
    let all =
        rules(json!({"mine": {"metric": "delivery_failure_rate", "above": 0.05, "for": "0s"},
        "delivery_failure_rate": {"enabled": false}, "availability": {"enabled": false}}));
    let raised = Alerts::default().step(&attempts(0, 65), watch(&all), Timestamp(0)).next;
    let end = |after: &AlertRules, figures: &Figures| {
        let unknown = raised.step(figures, watch(after), Timestamp(10_000));
        let later = Timestamp(3_610_000);
        let over = match unknown.effects.is_empty() {
            true => unknown.next.step(figures, watch(after), later).effects,
            false => unknown.effects,
        };
        let [Effect::Emit { event_type, data }] = &over[..] else { panic!("{over:?}") };
        assert_eq!(event_type, "alert.resolved");
        (data["ended_by"].clone(), data["measured"].clone())
    };
    assert_eq!(end(&all, &few(false)), (json!("unmeasured"), Value::Null));
    assert_eq!(end(&all, &attempts(65, 0)), (json!("recovered"), json!(0.0)));
    // What the rule of before cannot measure is no recovery by the rule of now.
    let milder = rules(json!({"mine": {"metric": "delivery_failure_rate", "above": 1, "for": "0s",
        "at_least": 1}, "delivery_failure_rate": {"enabled": false}, "availability": {"enabled": false}}));
    assert_eq!(end(&milder, &few(true)).0, json!("rule_changed"));
}
