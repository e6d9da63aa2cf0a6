//! Rules raised, held, silenced, resolved and refused.

use serde_json::json;

use super::*;
use crate::statistics::{Channel, Route};

fn rules(settings: Value) -> AlertRules {
    serde_json::from_value(settings).unwrap()
}

fn attempts(sent: u32, failed: u32) -> Figures {
    let mut figures = Figures::default();
    for tally in &mut figures.windows {
        tally.attempt(Channel::Webhook, 1, &Route { sent, failed, ..Route::default() });
    }
    figures
}

/// What is told at each of these seconds.
fn told(rules: &AlertRules, looks: &[(i64, Figures)]) -> Vec<(i64, String, String)> {
    let mut alerts = Alerts::default();
    let mut told = Vec::new();
    for (second, figures) in looks {
        let transition = alerts.step(figures, rules, Timestamp(second * 1_000));
        for effect in transition.effects {
            let Effect::Emit { event_type, data } = effect else { panic!("{effect:?}") };
            told.push((*second, event_type, data["alert"].as_str().unwrap().to_owned()));
        }
        alerts = transition.next;
    }
    told
}

fn said(second: i64, what: &str, name: &str) -> (i64, String, String) {
    (second, format!("alert.{what}"), name.to_owned())
}

#[test]
fn b15_a_rule_is_raised_and_resolved_once_after_its_hold_time() {
    let (bad, good) = (attempts(80, 20), attempts(100, 0));
    let looks = [
        (0, good.clone()),
        (10, bad.clone()),
        (40, good.clone()),
        (50, bad.clone()),
        (100, bad.clone()),
        (110, bad.clone()),
        (500, bad.clone()),
        (510, good.clone()),
        (520, bad.clone()),
        (530, good.clone()),
        (580, good.clone()),
        (590, good.clone()),
        (900, good),
    ];
    let name = "delivery_failure_rate";
    assert_eq!(
        told(&AlertRules::default(), &looks),
        [said(110, "raised", name), said(590, "resolved", name)]
    );
}

#[test]
fn b15_too_few_attempts_say_nothing() {
    let looks: Vec<_> = (0..30).map(|minute| (60 * minute, attempts(2, 17))).collect();
    assert!(told(&AlertRules::default(), &looks).is_empty());
    let low = rules(json!({"delivery_failure_rate": {"at_least": 5}}));
    assert_eq!(told(&low, &looks).len(), 1);
}

#[test]
fn e06_dead_letters_are_told_of_at_once_beyond_a_hundred() {
    let lying = |count| Figures { dead_letters: count, ..Figures::default() };
    let looks = [(0, lying(100)), (10, lying(101)), (20, lying(400)), (30, lying(3))];
    assert_eq!(
        told(&AlertRules::default(), &looks),
        [said(10, "raised", "dead_letters"), said(30, "resolved", "dead_letters")]
    );
}

#[test]
fn b15_a_silenced_rule_speaks_at_the_end_of_its_silence_if_it_is_still_raised() {
    let lying = |count| Figures { dead_letters: count, ..Figures::default() };
    let all = AlertRules::default();
    let silent = Alerts::default();
    let until = Some(Timestamp(100_000));
    let silent = silent.silence("dead_letters", until, &all, Timestamp(0)).unwrap().next;
    let raised = silent.step(&lying(200), &all, Timestamp(10_000));
    assert!(raised.effects.is_empty() && raised.next.alarm() <= until);
    let later = raised.next.step(&lying(200), &all, Timestamp(100_000));
    assert_eq!(later.effects.len(), 1);
    let again = later.next.step(&lying(200), &all, Timestamp(110_000));
    assert!(again.effects.is_empty());
    // What ends in its silence was never told of.
    let over = raised.next.step(&lying(0), &all, Timestamp(20_000));
    assert!(over.effects.is_empty() && over.next.rules["dead_letters"].raised_at.is_none());
    // One that was told of before the silence, and ends in it, is told of as over once the silence is.
    let told = Alerts::default().step(&lying(200), &all, Timestamp(0)).next;
    let quiet = told.silence("dead_letters", until, &all, Timestamp(1_000)).unwrap().next;
    let over = quiet.step(&lying(0), &all, Timestamp(20_000));
    assert!(over.effects.is_empty() && over.next.alarm().is_some_and(|at| Some(at) <= until));
    let spoken = over.next.step(&lying(0), &all, Timestamp(100_000)).effects;
    assert!(
        matches!(&spoken[..], [Effect::Emit { event_type, .. }] if event_type == "alert.resolved")
    );
    let error = silent.silence("nothing", None, &all, Timestamp(0)).unwrap_err();
    assert!(error.to_string().contains("no alert named nothing"));
}

#[test]
fn b15_a_rule_that_is_taken_away_ends_and_one_of_the_tenants_own_begins() {
    let lying = |count| Figures { dead_letters: count, ..Figures::default() };
    let raised = Alerts::default().step(&lying(200), &AlertRules::default(), Timestamp(0)).next;
    let without = rules(json!({"dead_letters": {"enabled": false},
        "many_dead": {"metric": "dead_letters", "above": 150, "severity": "info"}}));
    let transition = raised.step(&lying(200), &without, Timestamp(10));
    let types = transition.effects.iter().map(|effect| match effect {
        Effect::Emit { event_type, data } => (event_type.as_str(), data["alert"].as_str()),
        _ => panic!("{effect:?}"),
    });
    assert_eq!(
        types.collect::<Vec<_>>(),
        [("alert.resolved", Some("dead_letters")), ("alert.raised", Some("many_dead")),]
    );
}

#[test]
fn b15_rules_that_cannot_be_meant_are_refused() {
    for (settings, field) in [
        (json!({"a b": {}}), "alerts.a b"),
        (json!({"mine": {}}), "alerts.mine"),
        (json!({"mine": {"metric": "no_shows"}}), "alerts.mine"),
        (json!({"retry_rate": {"above": -1}}), "alerts.retry_rate.above"),
        (json!({"retry_rate": {"above": 1, "below": 2}}), "alerts.retry_rate.below"),
        (json!({"retry_rate": {"for": "48h"}}), "alerts.retry_rate.for"),
    ] {
        let error = rules(settings).check().unwrap_err();
        assert_eq!(error.field, field, "{error}");
    }
    assert!(
        rules(json!({"mine": {"metric": "no_shows", "above": 3, "window": "1d"}})).check().is_ok()
    );
    assert!(serde_json::from_value::<AlertRules>(json!({"retry_rate": {"window": "2h"}})).is_err());
}

#[test]
fn f01_the_figures_are_looked_at_by_hand_and_silence_is_another_matter() {
    let lying = |count| Figures { dead_letters: count, ..Figures::default() };
    let all = AlertRules::default();
    let raised = Alerts::default().step(&lying(200), &all, Timestamp(0)).next;
    let asked = |wish, alerts: &Alerts| ByHand {
        wish,
        kind: "alerts".into(),
        due: alerts.alarm().unwrap(),
    };
    let fire = asked(Wish::Fire, &raised);
    let looked = raised.by_hand(&fire, &lying(200), &all, Timestamp(1_000)).unwrap().next;
    assert!(looked.alarm() > raised.alarm() && looked.generation > raised.generation);
    assert!(looked.by_hand(&fire, &lying(0), &all, Timestamp(1_000)).is_err(), "once");
    let cancel = asked(Wish::Cancel, &raised);
    let refused = raised.by_hand(&cancel, &lying(0), &all, Timestamp(1_000)).unwrap_err();
    assert!(refused.0.contains("silence"), "{refused}");
    let until = Some(Timestamp(100_000));
    let silent = Alerts::default().silence("dead_letters", until, &all, Timestamp(0)).unwrap().next;
    let end = asked(Wish::Fire, &silent);
    assert!(silent.by_hand(&end, &lying(0), &all, Timestamp(1)).is_err());
}
