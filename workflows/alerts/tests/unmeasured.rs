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
