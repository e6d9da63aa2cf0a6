//! How the deliveries of an event lead to its reason.

use super::*;

#[test]
fn f07_an_event_says_the_most_telling_thing() {
    let none = Filtered::default();
    let counts = |waiting, dead, held| Counts { all: 4, waiting, dead, held, ..Counts::default() };
    let code = |counts, filtered| event(None, false, counts, filtered).code;
    assert_eq!(event(Some("route"), true, counts(1, 1, 1), none).code, Code::EventQuarantined);
    assert_eq!(code(counts(1, 1, 1), none), Code::EventDead);
    let lost = |lost| event(None, false, Counts { lost, ..counts(1, 2, 1) }, none);
    assert_eq!((lost(1).code, lost(2).code), (Code::EventDead, Code::EventLost));
    assert_eq!(lost(2).told(Locale::Es, &madrid()).next, "nothing");
    let undelivered = Counts { undelivered: 1, ..counts(1, 0, 1) };
    assert_eq!(code(undelivered, none), Code::EventUndelivered);
    assert_eq!(code(counts(1, 0, 1), none), Code::EventUnderWay);
    let soon = Counts { next_at: Some(later(1)), ..counts(1, 0, 0) };
    assert_eq!(code(soon, none), Code::EventUnderWayUntil);
    assert_eq!(code(Counts { tried: 1, ..soon }, none), Code::EventTrying, "before all that waits");
    assert_eq!(code(counts(0, 0, 1), none), Code::EventDisabled);
    let paused = |paused| Counts { paused, ..counts(0, 0, 2) };
    assert_eq!(code(paused(2), none), Code::EventPaused);
    assert_eq!(code(paused(1), none), Code::EventHeld, "somebody has to enable an endpoint too");
    assert_eq!(code(counts(0, 0, 0), none), Code::EventArrived);
    let dropped = |[deleted, cancelled, untrue]: [u64; 3]| Counts {
        deleted,
        cancelled,
        untrue,
        collected: 1,
        ..counts(0, 0, 0)
    };
    for (which, code_of_all, partly, with_digest) in [
        (
            [1, 0, 0],
            Code::EventDeleted,
            Code::EventPartlyDeleted,
            Code::EventPartlyDeletedCollected,
        ),
        (
            [0, 1, 0],
            Code::EventCancelled,
            Code::EventPartlyCancelled,
            Code::EventPartlyCancelledCollected,
        ),
        ([0, 0, 1], Code::EventUntrue, Code::EventPartlyUntrue, Code::EventPartlyUntrueCollected),
        ([1, 1, 0], Code::EventDropped, Code::EventPartlyDropped, Code::EventPartlyCollected),
    ] {
        let whole = Counts { all: which.iter().sum(), ..dropped(which) };
        assert_eq!(code(whole, none), code_of_all, "{which:?}");
        assert_eq!(code(dropped(which), none), with_digest, "a digest is no arrival: {which:?}");
        let alone = Counts { collected: 0, ..dropped(which) };
        assert_eq!(code(alone, none), partly, "{which:?}");
    }
    assert_eq!(code(dropped([0; 3]), none), Code::EventCollected);
    let unsaid = Counts { unsaid: 1, ..counts(0, 0, 0) };
    assert_eq!(code(unsaid, none), Code::EventUnsaid, "it is not known to have arrived");
    assert_eq!(code(Counts { unsaid: 1, ..counts(1, 0, 0) }, none), Code::EventUnderWay);
    assert_eq!(event(None, true, counts(0, 0, 0), none).code, Code::EventIgnored);
    let nobody = Counts::default();
    let filtered = |disabled, by_type, by_intent| Filtered { disabled, by_type, by_intent };
    assert_eq!(code(nobody, none), Code::EventNobody);
    assert_eq!(code(nobody, filtered(1, 0, 0)), Code::EventFilteredDisabled);
    assert_eq!(code(nobody, filtered(0, 1, 0)), Code::EventFilteredType);
    assert_eq!(code(nobody, filtered(0, 0, 1)), Code::EventFilteredIntent);
    assert_eq!(code(nobody, filtered(1, 1, 0)), Code::EventFiltered);
}

#[test]
fn f07_what_went_into_a_digest_follows_it() {
    let health = Health::default();
    let of = |stands| {
        let digest = Some((stands, "msg_1"));
        delivery(&DeliveryFacts { standing: Standing::Collected, digest, ..facts(&health) })
    };
    for (stands, what, next) in [
        (Standing::Sent, "collected", "nothing"),
        (Standing::Dead, "dead", "retry_digest"),
        (Standing::Waiting, "collected", "attempt"),
        (Standing::Paused, "collected", "attempt"),
        (Standing::Withdrawn, "cancelled", "nothing"),
    ] {
        let why = of(stands).told(Locale::En, &madrid());
        assert_eq!((why.what, why.next), (what, next), "{stands:?}");
        let names_it = why.sentence.contains("msg_1");
        assert_eq!(names_it, stands != Standing::Sent, "{}", why.sentence);
    }
    for letter in [Letter::Gone, Letter::Orphan] {
        let digest = Some((Standing::Dead, "msg_1"));
        let lost =
            DeliveryFacts { standing: Standing::Collected, digest, letter, ..facts(&health) };
        let why = delivery(&lost).told(Locale::En, &madrid());
        assert_eq!((why.what, why.because, why.next), ("dead", "digest_given_up", "nothing"));
        assert!(why.sentence.contains("can no longer be tried again."), "{}", why.sentence);
    }
    let event = |dead, lost, digests| {
        let counts = Counts { all: 3, dead, lost, digests, ..Counts::default() };
        let why = event(None, false, counts, Filtered::default()).told(Locale::En, &madrid());
        (why.because, why.next)
    };
    assert_eq!(event(2, 0, 2), ("digests_given_up", "retry_digest"));
    assert_eq!(event(2, 1, 1), ("digests_given_up", "retry_digest"));
    assert_eq!(event(2, 0, 1), ("deliveries_given_up", "retry_by_hand"));
    assert_eq!(event(2, 2, 0), ("deliveries_given_up", "nothing"));
}
