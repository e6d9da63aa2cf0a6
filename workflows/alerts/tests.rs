//! Rules raised, held, silenced, resolved and refused.

mod switched;
mod unmeasured;

use serde_json::{Value, json};

use super::*;
use crate::effect::Effect;
use crate::policy::Settings;
use crate::statistics::{Channel, Route};

fn rules(settings: Value) -> AlertRules {
    serde_json::from_value(settings).unwrap()
}

const QUIET: Span = Span::minutes(10);

fn watch(rules: &AlertRules) -> Watch<'_> {
    Watch { rules, quiet: QUIET }
}

fn lying(count: u64) -> Figures {
    Figures { dead_letters: count, ..Figures::default() }
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
        let transition = alerts.step(figures, watch(rules), Timestamp(second * 1_000));
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
    let looks = [(0, lying(100)), (10, lying(101)), (20, lying(400)), (30, lying(3))];
    assert_eq!(
        told(&AlertRules::default(), &looks),
        [said(10, "raised", "dead_letters"), said(30, "resolved", "dead_letters")]
    );
}

#[test]
fn b15_a_silenced_rule_speaks_at_the_end_of_its_silence_if_it_is_still_raised() {
    let all = AlertRules::default();
    let silent = Alerts::default();
    let until = Some(Timestamp(100_000));
    let silent = silent.silence("dead_letters", until, &all, Timestamp(0)).unwrap().next;
    let raised = silent.step(&lying(200), watch(&all), Timestamp(10_000));
    assert!(raised.effects.is_empty() && raised.next.alarm() <= until);
    let later = raised.next.step(&lying(200), watch(&all), Timestamp(100_000));
    assert_eq!(later.effects.len(), 1);
    let again = later.next.step(&lying(200), watch(&all), Timestamp(110_000));
    assert!(again.effects.is_empty());
    // What ends in its silence was never told of.
    let over = raised.next.step(&lying(0), watch(&all), Timestamp(20_000));
    assert!(over.effects.is_empty() && over.next.rules["dead_letters"].raised_at.is_none());
    // One that was told of before the silence, and ends in it, is told of as over once the silence is.
    let told = Alerts::default().step(&lying(200), watch(&all), Timestamp(0)).next;
    let quiet = told.silence("dead_letters", until, &all, Timestamp(1_000)).unwrap().next;
    let over = quiet.step(&lying(0), watch(&all), Timestamp(20_000));
    assert!(over.effects.is_empty() && over.next.alarm().is_some_and(|at| Some(at) <= until));
    let spoken = over.next.step(&lying(0), watch(&all), Timestamp(100_000)).effects;
    assert!(
        matches!(&spoken[..], [Effect::Emit { event_type, .. }] if event_type == "alert.resolved")
    );
    let error = silent.silence("nothing", None, &all, Timestamp(0)).unwrap_err();
    assert!(error.to_string().contains("no alert named nothing"));
}

#[test]
fn b15_a_rule_that_is_taken_away_ends_and_one_of_the_tenants_own_begins() {
    let raised =
        Alerts::default().step(&lying(200), watch(&AlertRules::default()), Timestamp(0)).next;
    let without = rules(json!({"dead_letters": {"enabled": false},
        "many_dead": {"metric": "dead_letters", "above": 150, "severity": "info"}}));
    let transition = raised.step(&lying(200), watch(&without), Timestamp(10));
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
fn b15_a_rule_without_a_hold_time_that_swings_is_told_of_once_in_its_quiet_time() {
    let all = AlertRules::default();
    let swing: Vec<_> =
        (0..450).map(|turn| (turn * 8, lying(if turn % 2 == 0 { 101 } else { 100 }))).collect();
    let (last, name) = (3_600, "dead_letters");
    let told = self::told(&all, &[&swing[..], &[(last, lying(0))]].concat());
    assert!(told.len() <= 12, "six of each an hour: {told:?}");
    assert_eq!(told[..2], [said(0, "raised", name), said(8, "resolved", name)]);
    for pair in
        told.iter().filter(|(_, what, _)| what == "alert.raised").collect::<Vec<_>>().windows(2)
    {
        assert!(pair[1].0 - pair[0].0 >= 600, "{pair:?}");
    }
    assert!(told.last().unwrap().1 == "alert.resolved", "what was told as raised is told as over");

    // What is still there at the end of the quiet time is told then, and what came and went is not.
    let looks = [
        (0, lying(200)),
        (60, lying(0)),
        (120, lying(200)),
        (180, lying(0)),
        (240, lying(300)),
        (590, lying(300)),
        (600, lying(300)),
        (700, lying(0)),
    ];
    assert_eq!(
        self::told(&all, &looks),
        [
            said(0, "raised", name),
            said(60, "resolved", name),
            said(600, "raised", name),
            said(700, "resolved", name)
        ]
    );
}

#[test]
fn b15_what_is_over_is_told_with_all_that_was_said_of_it() {
    let all = AlertRules::default();
    let raised = Alerts::default().step(&lying(200), watch(&all), Timestamp(1_000));
    let [Effect::Emit { data, .. }] = &raised.effects[..] else { panic!("{:?}", raised.effects) };
    let begun = json!({"alert": "dead_letters", "metric": "dead_letters", "severity": "critical",
        "measured": 200.0, "threshold": 100.0, "comparison": "above",
        "since": "1970-01-01T00:00:01.000Z"});
    assert_eq!(Value::Object(data.clone()), begun);
    let over = |rules: &AlertRules, figures: &Figures| {
        let over = raised.next.step(figures, watch(rules), Timestamp(61_000));
        match over.effects.into_iter().next() {
            Some(Effect::Emit { event_type, data }) if event_type == "alert.resolved" => data,
            other => panic!("{other:?}"),
        }
    };
    let mut ended = begun;
    ended["measured"] = json!(3.0);
    ended["resolved_at"] = json!("1970-01-01T00:01:01.000Z");
    ended["ended_by"] = json!("recovered");
    assert_eq!(Value::Object(over(&all, &lying(3))), ended);
    let disabled = rules(json!({"dead_letters": {"enabled": false}}));
    assert_eq!(over(&disabled, &lying(200))["severity"], "critical");
    assert_eq!(over(&disabled, &lying(200))["ended_by"], "rule_disabled");
    assert_eq!(over(&disabled, &lying(200))["since"], "1970-01-01T00:00:01.000Z");
}

/// What the end of an alert says that was raised under some rules and ends under others.
fn end_under(before: &AlertRules, after: &AlertRules, figures: &Figures) -> (Value, Value) {
    let raised = Alerts::default().step(figures, watch(before), Timestamp(1_000));
    let over = raised.next.step(figures, watch(after), Timestamp(61_000));
    let over = over
        .next
        .step(figures, watch(after), Timestamp(122_000))
        .effects
        .into_iter()
        .chain(over.effects);
    let data = |effect: Effect| match effect {
        Effect::Emit { data, .. } => Value::Object(data),
        other => panic!("{other:?}"),
    };
    let begun = raised.effects.into_iter().map(data).find(|data| data["alert"] == "mine").unwrap();
    let ends = |data: &Value| data["alert"] == "mine" && data["resolved_at"].is_string();
    (begun, over.map(data).find(ends).unwrap())
}

#[test]
fn b15_the_end_of_a_rule_that_was_taken_away_or_changed_says_what_its_beginning_said() {
    let mine = |rule: Value| rules(json!({"mine": rule}));
    let before = mine(json!({"metric": "delivery_failure_rate", "above": 0.2, "severity": "info",
        "window": "1h", "for": "0s"}));
    let figures = attempts(50, 50);
    let but = |name: &str, value: Value| {
        let mut rule = json!({"metric": "delivery_failure_rate", "above": 0.2, "severity": "info",
            "window": "1h", "for": "0s"});
        rule[name] = value;
        mine(rule)
    };
    for (after, by) in [
        (AlertRules::default(), "rule_removed"),
        (but("enabled", json!(false)), "rule_disabled"),
        (but("above", json!(0.9)), "rule_changed"),
        (but("at_least", json!(1_000)), "rule_changed"),
        (but("metric", json!("error_rate")), "rule_changed"),
        (
            mine(json!({"metric": "dead_letters", "above": 3, "severity": "critical"})),
            "rule_changed",
        ),
    ] {
        let (mut begun, over) = end_under(&before, &after, &figures);
        assert_eq!((&begun["window"], &begun["measured"]), (&json!("1h"), &json!(0.5)));
        begun["resolved_at"] = over["resolved_at"].clone();
        begun["ended_by"] = json!(by);
        assert_eq!(over, begun);
    }
}

#[test]
fn b15_a_rule_that_now_watches_something_else_ends_and_begins_anew() {
    let watched = |metric: &str| {
        rules(json!({"mine": {"metric": metric, "above": 0.01, "for": "0s"},
        "dead_letters": {"enabled": false}, "delivery_failure_rate": {"enabled": false},
        "availability": {"enabled": false}}))
    };
    let (before, after) = (watched("delivery_failure_rate"), watched("dead_letters"));
    let figures = Figures { dead_letters: 7, ..attempts(50, 50) };
    let raised = Alerts::default().step(&figures, watch(&before), Timestamp(0)).next;
    let silent =
        raised.silence("mine", Some(Timestamp(99_000)), &before, Timestamp(1)).unwrap().next;
    let said = |alerts: &Alerts, second: i64| {
        let effects = alerts.step(&figures, watch(&after), Timestamp(second * 1_000)).effects;
        let said = |effect: &Effect| match effect {
            Effect::Emit { event_type, data } => format!("{event_type} {}", data["metric"]),
            other => panic!("{other:?}"),
        };
        effects.iter().map(said).collect::<Vec<_>>()
    };
    let over = "alert.resolved \"delivery_failure_rate\"";
    let all = [over, "alert.raised \"dead_letters\""];
    assert_eq!(said(&raised, 1), all);
    assert!(said(&silent, 1).is_empty());
    assert_eq!(said(&silent, 99), all, "both are told once it may speak");
}

#[test]
fn b15_a_milder_limit_that_is_still_broken_ends_nothing() {
    let all = AlertRules::default();
    let raised = Alerts::default().step(&lying(200), watch(&all), Timestamp(0)).next;
    let milder = rules(json!({"dead_letters": {"above": 150, "severity": "info"}}));
    let stands = raised.step(&lying(200), watch(&milder), Timestamp(1_000));
    assert!(stands.effects.is_empty());
    let over = stands.next.step(&lying(3), watch(&milder), Timestamp(2_000)).effects;
    let [Effect::Emit { data, .. }] = &over[..] else { panic!("{over:?}") };
    assert_eq!((&data["threshold"], &data["severity"]), (&json!(100.0), &json!("critical")));
    assert_eq!(data["ended_by"], "recovered");
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
fn b15_a_limit_that_no_share_reaches_is_refused_where_it_is_written() {
    for (settings, field) in [
        (json!({"delivery_failure_rate": {"above": 5}}), "alerts.delivery_failure_rate.above"),
        (json!({"availability": {"below": 99.9}}), "alerts.availability.below"),
        (json!({"mine": {"metric": "error_rate", "above": 1.01}}), "alerts.mine.above"),
        (json!({"mine": {"metric": "retry_rate", "above": -0.1}}), "alerts.mine.above"),
    ] {
        let patch = json!({"alerts": settings}).as_object().unwrap().clone();
        let error = Settings::default().patched(patch).unwrap_err();
        assert_eq!(error.field, field, "{error}");
        assert!(error.to_string().contains("a share from 0 to 1: 0.05 means 5 %"), "{error}");
    }
    for settings in [
        json!({"delivery_failure_rate": {"above": 1}, "availability": {"below": 1.0}}),
        json!({"retry_rate": {"above": 0}, "dead_letters": {"above": 5}}),
        json!({"mine": {"metric": "processing_p95", "above": 2_000}}),
    ] {
        let patch = json!({"alerts": settings}).as_object().unwrap().clone();
        assert!(Settings::default().patched(patch).is_ok(), "{settings}");
    }
    // A tenant that has one already goes on, and changes whatever else it likes.
    let before = json!({"alerts": {"retry_rate": {"above": 5}}});
    let before = Settings::from_json(before).unwrap();
    let patch = json!({"locale": "pt"}).as_object().unwrap().clone();
    assert!(before.patched(patch).is_ok());
}

#[test]
fn b15_e06_a_limit_beyond_the_dead_letters_that_are_counted_is_refused_where_it_is_written() {
    let patch =
        |above: u32| json!({"alerts": {"mine": {"metric": "dead_letters", "above": above}}});
    let written = |above| Settings::default().patched(patch(above).as_object().unwrap().clone());
    let error = written(1_000).unwrap_err();
    assert_eq!(error.field, "alerts.mine.above");
    assert!(error.to_string().contains("at most 999"), "{error}");
    // The largest that is taken is reached.
    let all = written(999).unwrap().alerts;
    let told = told(&all, &[(0, lying(999)), (10, lying(1_000))]);
    assert!(told.contains(&said(10, "raised", "mine")), "{told:?}");
    // What was stored before goes on as it was.
    let before = Settings::from_json(patch(1_500)).unwrap();
    let over = |patch: Value| before.patched(patch.as_object().unwrap().clone());
    assert!(over(json!({"locale": "pt"})).is_ok());
    // Another rule is changed beside it, and this one in what is not its limit; its limit only to one that is reached.
    assert!(over(json!({"alerts": {"retry_rate": {"above": 0.2}}})).is_ok());
    assert!(over(json!({"alerts": {"mine": {"severity": "info"}}})).is_ok());
    assert_eq!(over(patch(1_600)).unwrap_err().field, "alerts.mine.above");
    assert!(over(patch(1_500)).is_ok() && over(patch(900)).is_ok());
}

#[test]
fn f01_the_figures_are_looked_at_by_hand_and_silence_is_another_matter() {
    let all = AlertRules::default();
    let raised = Alerts::default().step(&lying(200), watch(&all), Timestamp(0)).next;
    let asked = |wish, alerts: &Alerts| ByHand {
        wish,
        kind: "alerts".into(),
        due: alerts.alarm().unwrap(),
    };
    let fire = asked(Wish::Fire, &raised);
    let looked = raised.by_hand(&fire, &lying(200), watch(&all), Timestamp(1_000)).unwrap().next;
    assert!(looked.alarm() > raised.alarm() && looked.generation > raised.generation);
    assert!(looked.by_hand(&fire, &lying(0), watch(&all), Timestamp(1_000)).is_err(), "once");
    let cancel = asked(Wish::Cancel, &raised);
    let refused = raised.by_hand(&cancel, &lying(0), watch(&all), Timestamp(1_000)).unwrap_err();
    assert!(refused.0.contains("silence"), "{refused}");
    let until = Some(Timestamp(100_000));
    let silent = Alerts::default().silence("dead_letters", until, &all, Timestamp(0)).unwrap().next;
    let end = asked(Wish::Fire, &silent);
    assert!(silent.by_hand(&end, &lying(0), watch(&all), Timestamp(1)).is_err());
}
