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

/// Steps alerts at each of these seconds under rules of its own; what is told: at which second, by what it is over, since
/// when, and what was measured.
fn told_under(
    begins: &Alerts,
    looks: &[(i64, Value, u64)],
) -> (Vec<(i64, String, String, Value)>, Alerts) {
    let (mut alerts, mut told) = (begins.clone(), Vec::new());
    for (second, settings, count) in looks {
        let rules = rules(settings.clone());
        let transition = alerts.step(&lying(*count), watch(&rules), Timestamp(second * 1_000));
        for effect in transition.effects {
            let Effect::Emit { data, .. } = effect else { panic!("{effect:?}") };
            let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
            let (by, at) = (text("ended_by"), text("resolved_at"));
            let at = at.trim_start_matches("1970-01-01T").trim_end_matches(".000Z").to_owned();
            told.push((*second, by, at, data["measured"].clone()));
        }
        alerts = transition.next;
    }
    (told, alerts)
}

fn limit(above: u64) -> Value {
    json!({"dead_letters": {"above": above}})
}

fn silenced(alerts: &Alerts, name: &str, rules: &Value, until: Option<i64>) -> Alerts {
    let until = until.map(|second| Timestamp(second * 1_000));
    alerts.silence(name, until, &self::rules(rules.clone()), Timestamp(5_000)).unwrap().next
}

#[test]
fn b15_a_rule_that_measures_something_else_or_has_another_limit_begins_its_quiet_time_anew() {
    let off = json!({"dead_letters": {"enabled": false, "above": 100}});
    let begun = [(0, limit(100), 200), (10, off.clone(), 200)];
    let said = |second: i64| (second, String::new(), String::new(), json!(200.0));
    let disabled = (10, "rule_disabled".to_owned(), "00:00:10".to_owned(), json!(200.0));
    let told = |again: Value| {
        let looks = [&begun[..], &[(20, again.clone(), 200), (600, again, 200)]].concat();
        told_under(&Alerts::default(), &looks).0
    };
    assert_eq!(told(limit(100)), [said(0), disabled.clone(), said(600)], "the same as before");
    assert_eq!(told(limit(150)), [said(0), disabled, said(20)]);
    // Whether it was off meanwhile does not matter.
    let looks = [
        (0, limit(100), 200),
        (10, limit(100), 3),
        (20, limit(100), 200),
        (30, limit(150), 200),
        (40, limit(150), 3),
        (50, limit(150), 200),
    ];
    let told = told_under(&Alerts::default(), &looks).0;
    let times: Vec<_> = told.iter().map(|(second, ..)| *second).collect();
    assert_eq!(times, [0, 10, 30, 40], "and then it is quiet as any other");

    let mine = |rule: Value| {
        json!({"dead_letters": {"enabled": false}, "availability": {"enabled": false},
            "mine": rule})
    };
    let lying_there = json!({"metric": "dead_letters", "above": 100});
    let shares =
        json!({"metric": "no_shows", "above": 0, "for": "0s", "window": "1m", "enabled": true});
    let switched_off = json!({"metric": "no_shows", "above": 0, "for": "0s", "enabled": false});
    let looks = [(0, mine(lying_there), 200), (10, mine(switched_off), 200)];
    let (_, alerts) = told_under(&Alerts::default(), &looks);
    let mut figures = lying(200);
    figures.windows.iter_mut().for_each(|tally| tally.count(crate::statistics::Count::NoShows));
    let on = rules(mine(shares));
    let step = alerts.step(&figures, watch(&on), Timestamp(20_000));
    let [Effect::Emit { event_type, .. }] = &step.effects[..] else { panic!("{:?}", step.effects) };
    assert_eq!(event_type, "alert.raised");
}

#[test]
fn b15_what_is_told_late_for_a_silence_ended_when_it_was_no_longer_watched() {
    let mine = json!({"mine": {"metric": "dead_letters", "above": 100}, "dead_letters": {"enabled": false}});
    let gone = json!({"dead_letters": {"enabled": false}});
    let other =
        json!({"mine": {"metric": "no_shows", "above": 0}, "dead_letters": {"enabled": false}});
    let raised = told_under(&Alerts::default(), &[(0, mine.clone(), 200)]).1;
    let silent = silenced(&raised, "mine", &mine, Some(100));
    for (now, by) in [(&gone, "rule_removed"), (&other, "rule_changed")] {
        let looks = [(10, now.clone(), 200), (50, now.clone(), 7), (100, now.clone(), 7)];
        let (told, alerts) = told_under(&silent, &looks);
        assert_eq!(told, [(100, by.to_owned(), "00:00:10".to_owned(), json!(200.0))]);
        assert!(alerts.rules.get("mine").is_none_or(|one| !one.told && one.raised_at.is_none()));
        // Watched again before the end of the silence, it ends as any other.
        let looks = [(10, now.clone(), 200), (50, mine.clone(), 7), (100, mine.clone(), 7)];
        let (told, _) = told_under(&silent, &looks);
        assert_eq!(told, [(100, "recovered".to_owned(), "00:01:40".to_owned(), json!(7.0))]);
    }
}

#[test]
fn b15_a_rule_that_is_off_is_listed_with_its_silence_which_can_be_set_and_ended() {
    let mine = json!({"mine": {"metric": "dead_letters", "above": 100}, "dead_letters": {"enabled": false}});
    let gone = json!({"dead_letters": {"enabled": false}});
    let is_on = |alerts: &Alerts, settings: &Value, name: &str| {
        let listed = alerts.listed(&rules(settings.clone()));
        listed.get(name).map(|(_, is_on)| *is_on)
    };
    let none = Alerts::default();
    assert_eq!(is_on(&none, &mine, "mine"), Some(true));
    assert_eq!(is_on(&none, &mine, "dead_letters"), Some(false));
    assert_eq!(is_on(&none, &mine, "no_shows"), None, "no limit is built in");
    // One that is off can be silenced, and is silent once it is on.
    let silent = silenced(&none, "dead_letters", &gone, Some(100));
    let looks = [(10, gone.clone(), 200), (20, limit(100), 200), (99, limit(100), 200)];
    let (told, alerts) = told_under(&silent, &looks);
    assert!(told.is_empty() && alerts.rules["dead_letters"].raised_at.is_some());
    let spoken = silenced(&silent, "dead_letters", &gone, None);
    assert_eq!(spoken.alarm(), None);
    assert_eq!(told_under(&spoken, &[(20, limit(100), 200)]).0.len(), 1);
    // One that is gone is there while its end waits to be told, which the end of its silence does.
    let raised = told_under(&none, &[(0, mine.clone(), 200)]).1;
    let silent = silenced(&raised, "mine", &mine, Some(100));
    let (told, waits) = told_under(&silent, &[(10, gone.clone(), 200)]);
    assert!(told.is_empty());
    assert_eq!(is_on(&waits, &gone, "mine"), Some(false));
    let spoken = silenced(&waits, "mine", &gone, None);
    assert!(spoken.alarm().is_some());
    let (told, over) = told_under(&spoken, &[(20, gone.clone(), 200)]);
    assert_eq!((told.len(), is_on(&over, &gone, "mine")), (1, None));
    assert!(over.silence("mine", None, &rules(gone.clone()), Timestamp(30_000)).is_err());
    // With nothing to be told its silence goes with it.
    let silent = silenced(&none, "mine", &mine, Some(100));
    let looks = [(10, gone, 3), (20, mine, 200)];
    assert_eq!(told_under(&silent, &looks).0.len(), 1);
}
