//! Rules that are switched off and on again.

use serde_json::json;

use super::*;

/// At each second so many dead letters, with the rule switched on or not; what is told, and why it is over.
fn told_while(begins: &Alerts, looks: &[(i64, bool, u64)]) -> (Vec<(i64, String)>, Alerts) {
    let (on, off) = (AlertRules::default(), rules(json!({"dead_letters": {"enabled": false}})));
    let (mut alerts, mut told) = (begins.clone(), Vec::new());
    for (second, is_on, count) in looks {
        let rules = if *is_on { &on } else { &off };
        let transition = alerts.step(&lying(*count), watch(rules), Timestamp(second * 1_000));
        for effect in transition.effects {
            let Effect::Emit { event_type, data } = effect else { panic!("{effect:?}") };
            let by = data.get("ended_by").and_then(Value::as_str).unwrap_or("raised");
            assert!(event_type.ends_with(if by == "raised" { "raised" } else { "resolved" }));
            told.push((*second, by.to_owned()));
        }
        alerts = transition.next;
    }
    (told, alerts)
}

fn said_at(second: i64, by: &str) -> (i64, String) {
    (second, by.to_owned())
}

#[test]
fn b15_a_rule_that_is_switched_off_and_on_again_keeps_its_quiet_time() {
    let looks = [
        (0, true, 200),
        (10, false, 200),
        (18, true, 200),
        (30, false, 200),
        (40, true, 200),
        (590, true, 200),
        (600, true, 200),
    ];
    let (told, _) = told_while(&Alerts::default(), &looks);
    let once = [said_at(0, "raised"), said_at(10, "rule_disabled"), said_at(600, "raised")];
    assert_eq!(told, once);
    // Nothing is kept for longer than it counts.
    let (_, alerts) = told_while(&Alerts::default(), &[(0, true, 200), (10, false, 200)]);
    assert!(alerts.rules.contains_key("dead_letters"));
    let (told, alerts) = told_while(&alerts, &[(600, false, 200)]);
    assert!(
        told.is_empty() && alerts == Alerts { generation: alerts.generation, ..Alerts::default() }
    );
}

#[test]
fn b15_a_silenced_rule_that_is_switched_off_stays_silent_until_its_silence_is_over() {
    let (_, raised) = told_while(&Alerts::default(), &[(0, true, 200)]);
    let until = Some(Timestamp(7_200_000));
    let silent =
        raised.silence("dead_letters", until, &AlertRules::default(), Timestamp(1_000)).unwrap();
    let told = |looks: &[(i64, bool, u64)]| told_while(&silent.next, looks).0;
    let off = [(10, false, 200), (1_000, false, 200)];
    // Back before its end, it is as if it had never been off: told once, and told as over once.
    let again = [&off[..], &[(1_100, true, 200), (7_200, true, 200), (7_300, true, 3)]].concat();
    assert_eq!(told(&again), [said_at(7_300, "recovered")]);
    let well = [&off[..], &[(1_100, true, 3), (7_199, true, 3), (7_200, true, 3)]].concat();
    assert_eq!(told(&well), [said_at(7_200, "recovered")]);
    // Otherwise its end is told with that of the silence, for which its alarm is set.
    assert_eq!(
        told(&[&off[..], &[(7_200, false, 200)]].concat()),
        [said_at(7_200, "rule_disabled")]
    );
    let (_, waits) = told_while(&silent.next, &off);
    assert!(waits.alarm().is_some_and(|at| Some(at) <= until));
    // A silence over what was never told outlasts it too.
    let quiet = Alerts::default()
        .silence("dead_letters", until, &AlertRules::default(), Timestamp(0))
        .unwrap();
    let looks = [(10, false, 200), (20, true, 200), (7_199, true, 200), (7_200, true, 200)];
    assert_eq!(told_while(&quiet.next, &looks).0, [said_at(7_200, "raised")]);
}

#[test]
fn b15_of_rules_that_are_gone_a_bounded_number_is_remembered_and_each_is_told_as_over() {
    let named = |names: std::ops::Range<usize>| {
        rules(
            names
                .map(|n| (format!("mine_{n:03}"), json!({"metric": "dead_letters", "above": 1})))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        )
    };
    let (mut alerts, mut raised, mut over) = (Alerts::default(), 0, 0);
    for round in 0..6 {
        let rules = named(round * 40..(round + 1) * 40);
        let now = Timestamp(round as i64);
        let step = alerts.step(&lying(50), watch(&rules), now);
        for effect in &step.effects {
            let Effect::Emit { event_type, .. } = effect else { panic!("{effect:?}") };
            *(if event_type == "alert.raised" { &mut raised } else { &mut over }) += 1;
        }
        alerts = step.next;
        for name in rules.all().keys() {
            alerts = alerts.silence(name, Some(Timestamp(99_000_000)), &rules, now).unwrap().next;
        }
    }
    assert!(alerts.rules.len() <= UNWATCHED_MAX + 40 + Metric::ALL.len(), "{}", alerts.rules.len());
    let standing = alerts.rules.values().filter(|one| one.told).count();
    assert_eq!((raised, over + standing), (240, 240));
}
