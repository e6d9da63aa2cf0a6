//! What is counted adds up, in any order and within bounds.

use super::*;

#[test]
fn b11_tallies_add_up_in_any_order() {
    let tally = |seed: u32| {
        let mut tally = Tally::default();
        for number in 0..seed {
            tally.event(["reservation.created", "order.completed"][number as usize % 2]);
            tally.count(Count::ALL[number as usize % Count::ALL.len()]);
            tally.measure(Size::AnswerTime, u64::from(number * seed));
            let mut route = Route { sent: 1, ..Route::default() };
            route.took.add(u64::from(number));
            tally.attempt(Channel::Webhook, number % 3, &route);
        }
        tally
    };
    let (a, b, c) = (tally(7), tally(40), tally(3));
    let sum = |all: [&Tally; 3]| {
        let mut sum = Tally::default();
        all.into_iter().for_each(|tally| sum.merge(tally));
        sum
    };
    assert_eq!(sum([&a, &b, &c]), sum([&c, &a, &b]));
    assert_eq!(sum([&a, &b, &c]).attempts().sent, 50);
    assert!(Tally::default().is_empty() && !a.is_empty());
}

#[test]
fn b11_a_slot_is_bounded_however_many_types_and_endpoints_there_are() {
    let mut tally = Tally::default();
    for number in 0..1_000 {
        tally.event(&format!("type.{number}.{}", "ñ".repeat(100)));
        tally.attempt(Channel::Email, number + 1, &Route { failed: 1, ..Route::default() });
    }
    assert_eq!(tally.types().len(), TYPES_MAX + 1);
    assert_eq!(tally.endpoints().len(), ENDPOINTS_MAX + 1);
    assert_eq!(tally.types().values().sum::<u64>(), 1_000);
    assert_eq!(tally.attempts().failed, 1_000);
    assert!(tally.types().keys().all(|name| name.len() <= TYPE_BYTES_MAX));
    let told = |name: &String| name.is_empty() || name.ends_with('…');
    assert!(tally.types().keys().all(told), "nobody takes what is cut for a type");
}

#[test]
fn b11_what_gathered_is_bounded_once_it_settles_and_the_heaviest_are_exact() {
    let mut gathered = Tally::default();
    for number in 0..700 {
        let mut one = Tally::default();
        one.attempt(Channel::Webhook, number + 1, &Route { sent: 1, ..Route::default() });
        one.event(&format!("type.{number}"));
        let mut heavy = Tally::default();
        heavy.attempt(Channel::Webhook, 9_000, &Route { sent: 1, ..Route::default() });
        gathered.gather(&one);
        gathered.gather(&heavy);
    }
    assert_eq!((gathered.endpoints().len(), gathered.types().len()), (701, 700));
    gathered.settle();
    assert_eq!(gathered.endpoints().len(), ENDPOINTS_MAX + 1);
    assert_eq!(gathered.types().len(), TYPES_MAX + 1);
    assert_eq!(gathered.endpoints()[&9_000].sent, 700);
    assert_eq!(gathered.endpoints().values().map(|route| route.sent).sum::<u32>(), 1_400);
    assert_eq!(gathered.types().values().sum::<u64>(), 700);
}

#[test]
fn b11_every_count_and_size_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> = Count::ALL
        .iter()
        .map(|what| what.as_str())
        .chain(Size::ALL.iter().map(|s| s.as_str()))
        .collect();
    assert_eq!(names.len(), Count::ALL.len() + Size::ALL.len());
}

#[test]
fn b11_what_was_measured_in_milliseconds_counts_with_what_is_in_microseconds() {
    let mut tally = Tally::default();
    assert_eq!(tally.size(Size::ProcessingTime), None);
    tally.measure(Size::ProcessingMillis, 2);
    let before = tally.size(Size::ProcessingTime).unwrap().into_owned();
    assert_eq!((before.count(), before.sum()), (1, 2_000));
    tally.measure(Size::ProcessingTime, 250);
    let all = tally.size(Size::ProcessingTime).unwrap().into_owned();
    assert_eq!((all.count(), all.sum()), (2, 2_250));
    assert!(all.quantile(0.0).unwrap().abs_diff(250) <= 12);
    assert!(all.quantile(1.0).unwrap().abs_diff(2_000) <= 180);
}

#[test]
fn c04_causes_of_failure_add_up_and_are_bounded() {
    let (mut a, mut b) = (Tally::default(), Tally::default());
    a.cause("503");
    b.cause("503");
    b.cause("no answer");
    b.cause("");
    a.merge(&b);
    let causes: Vec<_> = a.causes().iter().map(|(cause, count)| (cause.as_str(), *count)).collect();
    assert_eq!(causes, [("503", 2), ("no answer", 1)]);
    for code in 0..1_000 {
        a.cause(&code.to_string());
    }
    assert_eq!(a.causes().len(), CAUSES_MAX);
}
