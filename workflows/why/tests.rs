//! Every reason in every language, and the facts that lead to each.

mod deliveries;
mod endpoints;
mod events;

use super::sentences::TABLE;
use super::*;
use crate::dead_letters::Fault;
use crate::endpoint::{Breaker, Health};
use crate::rate::{Turn, Whose};
use crate::time::Span;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn later(minutes: u64) -> Timestamp {
    NOW.after(Span::minutes(minutes))
}

fn madrid() -> TimeZone {
    crate::time::zone("Europe/Madrid").unwrap()
}

#[test]
fn f07_every_reason_is_a_whole_sentence_in_every_language() {
    for (place, row) in TABLE.iter().enumerate() {
        assert_eq!(row.code as usize, place, "{:?} stands in its place", row.code);
        let reason = Reason {
            at: Some(later(90)),
            since: Some(NOW),
            count: 3,
            of: 5,
            answer: 503,
            name: "24h".to_owned(),
            ..Reason::plain(row.code)
        };
        let mut sentences = std::collections::BTreeSet::new();
        for locale in Locale::ALL {
            for letter in [
                Letter::None,
                Letter::Until(later(5)),
                Letter::Discarded,
                Letter::Gone,
                Letter::Orphan,
            ] {
                let why = Reason { letter, ..reason.clone() }.told(locale, &madrid());
                let text = &why.sentence;
                assert!(!text.contains(['{', '}']), "a place is left open: {text}");
                assert!(
                    text.ends_with('.')
                        && text.chars().next().is_some_and(|first| {
                            first.is_uppercase() || first.is_ascii_digit()
                        }),
                    "no sentence: {text}"
                );
                assert!(!text.contains("  ") && !text.contains(": ."), "{text}");
                let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
                assert!(digits.unwrap_or(0) < 7, "a phone number? {text}");
                sentences.insert(why.sentence);
            }
        }
        assert_eq!(sentences.len(), 15, "{:?}: each language says it in its own words", row.code);
        // What a sentence says of the next time, the data says too.
        let told = |locale| sentences::text(row, (3, 5), locale).contains("{at}");
        assert!(Locale::ALL.iter().all(|&locale| told(locale) == told(Locale::Es)));
    }
    assert_eq!(TABLE.len(), Code::AskNobodyAgain as usize + 1, "the last code is the last row");
}

pub(super) fn facts(health: &Health) -> DeliveryFacts<'_> {
    DeliveryFacts {
        now: NOW,
        standing: Standing::Waiting,
        attempts: 0,
        attempts_max: 5,
        code: -1,
        word: Word::None,
        outside_window: false,
        fault: None,
        next_at: None,
        quiet: false,
        place: Place::Elsewhere,
        health,
        at_least: false,
        turn: None,
        letter: Letter::None,
        digest: None,
        cancelled: None,
    }
}

#[test]
fn f07_a_delivery_that_waits_says_for_what_and_until_when() {
    let well = Health::default();
    let open = Health {
        failures_in_a_row: 12,
        breaker: Breaker::Open { until: later(2), trips: 1 },
        ..Health::default()
    };
    let asked = Health { asked_until: Some(later(3)), ..Health::default() };
    let queued = |ahead| Place::Queued { due: NOW, ahead };
    waits(&[
        (facts(&well), Code::FirstTry, None),
        (DeliveryFacts { place: queued(0), ..facts(&well) }, Code::FirstTry, None),
        (DeliveryFacts { place: queued(7), ..facts(&well) }, Code::Backlog, None),
        (
            DeliveryFacts {
                attempts: 2,
                code: 500,
                next_at: Some(NOW.before(Span::seconds(1))),
                ..facts(&well)
            },
            Code::Retrying,
            Some(NOW),
        ),
        (
            DeliveryFacts { place: Place::Queued { due: later(1), ahead: 0 }, ..facts(&well) },
            Code::Later,
            Some(later(1)),
        ),
        (
            DeliveryFacts { place: Place::Collecting(later(1)), ..facts(&well) },
            Code::Batching,
            Some(later(1)),
        ),
        (DeliveryFacts { place: Place::Parked(None), ..facts(&open) }, Code::Parked, None),
        (
            DeliveryFacts { place: Place::Parked(Some(later(4))), ..facts(&well) },
            Code::ParkedUntil,
            Some(later(4)),
        ),
        (facts(&open), Code::BreakerOpen, Some(later(2))),
        (
            DeliveryFacts { quiet: true, next_at: Some(later(60)), ..facts(&open) },
            Code::QuietHours,
            Some(later(60)),
        ),
        (
            DeliveryFacts { attempts: 2, next_at: Some(later(9)), ..facts(&open) },
            Code::BreakerOpen,
            Some(later(9)),
        ),
        (facts(&asked), Code::AskedToWait, Some(later(3))),
        (
            DeliveryFacts { attempts: 2, code: 503, next_at: Some(later(5)), ..facts(&well) },
            Code::Retrying,
            Some(later(5)),
        ),
        (
            DeliveryFacts { attempts: 1, next_at: Some(later(5)), ..facts(&well) },
            Code::RetryingUnanswered,
            Some(later(5)),
        ),
    ]);
}

#[test]
fn f07_a_delivery_that_a_limit_holds_says_when_its_turn_comes() {
    let well = Health::default();
    let queued = |ahead| Place::Queued { due: NOW, ahead };
    let turn = |minutes, whose| Some(Turn { at: later(minutes), most: 10, whose });
    let limited = |minutes| turn(minutes, Whose::Endpoint);
    waits(&[
        (
            DeliveryFacts {
                place: Place::Queued { due: NOW.before(Span::seconds(2)), ahead: 29 },
                turn: limited(3),
                ..facts(&well)
            },
            Code::RateLimited,
            Some(later(3)),
        ),
        (
            DeliveryFacts { place: queued(0), turn: limited(0), ..facts(&well) },
            Code::FirstTry,
            None,
        ),
        (
            // Its time had come, and the limit was reached.
            DeliveryFacts {
                attempts: 2,
                next_at: Some(NOW),
                place: queued(0),
                turn: limited(1),
                ..facts(&well)
            },
            Code::RateLimited,
            Some(later(1)),
        ),
        (
            DeliveryFacts {
                attempts: 2,
                code: 500,
                next_at: Some(later(5)),
                place: Place::Queued { due: later(5), ahead: 0 },
                turn: limited(1),
                ..facts(&well)
            },
            Code::Retrying,
            Some(later(5)),
        ),
        (
            DeliveryFacts { place: queued(7), turn: turn(3, Whose::Tenant), ..facts(&well) },
            Code::RateLimitedTogether,
            Some(later(3)),
        ),
    ]);
}

#[test]
fn f07_a_delivery_that_waits_for_a_pace_or_a_limit_says_whose_it_is() {
    let well = Health::default();
    let queued = |ahead| Place::Queued { due: NOW, ahead };
    let turn = |minutes, whose| Some(Turn { at: later(minutes), most: 10, whose });
    waits(&[
        (
            DeliveryFacts { place: queued(7), turn: turn(3, Whose::Slack), ..facts(&well) },
            Code::PacedSlack,
            Some(later(3)),
        ),
        (
            DeliveryFacts { place: queued(7), turn: turn(3, Whose::Number), ..facts(&well) },
            Code::PacedNumber,
            Some(later(3)),
        ),
        (
            // It is due when its customer may be written to again.
            DeliveryFacts {
                place: Place::Queued { due: later(3), ahead: 0 },
                turn: turn(3, Whose::Customer),
                ..facts(&well)
            },
            Code::PacedCustomer,
            Some(later(3)),
        ),
    ]);
    for (ahead, whose, said) in [
        (3, Whose::Endpoint, "at most 10 a minute, with 3 ahead of it; it goes at about: "),
        (0, Whose::Endpoint, "at most 10 a minute, and it is the next; it goes at about: "),
        (
            0,
            Whose::Tenant,
            "at most 10 a minute for all endpoints together; it does not go before: ",
        ),
        (3, Whose::Slack, "a second, with 3 ahead of it; it goes at about: "),
        (0, Whose::Slack, "a second, and it is the next; it goes at about: "),
        (
            2,
            Whose::Number,
            "the WhatsApp number sends at most 10 a second in all; it does not go before: ",
        ),
        (0, Whose::Customer, "takes 10 a minute to each; it does not go before: "),
    ] {
        let facts = DeliveryFacts { place: queued(ahead), turn: turn(3, whose), ..facts(&well) };
        let sentence = delivery(&facts).told(Locale::En, &madrid()).sentence;
        assert!(sentence.contains(said), "{sentence}");
    }
}

#[test]
fn f07_a_delivery_that_is_being_tried_says_so_and_since_when() {
    let well = Health::default();
    let open = Health {
        failures_in_a_row: 12,
        breaker: Breaker::Open { until: later(2), trips: 1 },
        ..Health::default()
    };
    waits(&[
        // Neither what it was answered before nor the breaker matters while it is tried.
        (DeliveryFacts { place: Place::UnderWay(NOW), ..facts(&open) }, Code::BeingTried, None),
        (
            DeliveryFacts {
                attempts: 2,
                code: 500,
                next_at: Some(NOW),
                place: Place::UnderWay(NOW),
                ..facts(&well)
            },
            Code::BeingTried,
            None,
        ),
    ]);
    let facts = DeliveryFacts { attempts: 1, place: Place::UnderWay(NOW), ..facts(&well) };
    let why = delivery(&facts).told(Locale::En, &madrid());
    assert_eq!([why.what, why.because, why.next], ["trying", "attempt_under_way", "answer"]);
    let said = "It is being tried at this moment (attempt 2), since: ";
    assert!(why.sentence.starts_with(said) && why.next_at.is_none(), "{}", why.sentence);
}

fn waits(cases: &[(DeliveryFacts<'_>, Code, Option<Timestamp>)]) {
    for (facts, code, at) in cases {
        let reason = delivery(facts);
        assert_eq!((reason.code, reason.at), (*code, *at), "{facts:?}");
    }
}

#[test]
fn f07_one_is_counted_as_one_in_every_language() {
    // What several filters held back was never one alone.
    for row in TABLE.iter().filter(|row| row.code != Code::EventFiltered) {
        let main = |locale| sentences::text(row, (3, 5), locale);
        for (count, of) in [(0, 5), (1, 5), (1, 1), (3, 5)] {
            for locale in Locale::ALL {
                let text = sentences::text(row, (count, of), locale);
                for place in ["{at}", "{since}", "{code}", "{name}"] {
                    let both = (text.contains(place), main(locale).contains(place));
                    assert_eq!(both.0, both.1, "{place} in {text}");
                }
                let reason = Reason { count, of, answer: 1, ..Reason::plain(row.code) };
                let said = reason.told(locale, &madrid()).sentence;
                for plural in [
                    "1 deliveries",
                    "1 entregas",
                    "1 attempts",
                    "1 intentos",
                    "1 tentativas",
                    "1 de sus",
                    "1 of its",
                    "1 das suas",
                    "the 1 ",
                    "los 1 ",
                    "1 recordatorios",
                    "1 reminders",
                    "1 lembretes",
                ] {
                    assert!(!said.contains(plural), "{said}");
                }
            }
        }
    }
    let told = |count, of| {
        let counts = Counts { all: of, waiting: count, ..Counts::default() };
        event(None, false, counts, Filtered::default()).told(Locale::En, &madrid()).sentence
    };
    assert_eq!(told(1, 1), "It was recorded, and its only delivery is still under way.");
    assert_eq!(told(1, 2), "It was recorded, and one of its 2 deliveries is still under way.");
    assert_eq!(told(2, 2), "It was recorded, and 2 of its 2 deliveries are still under way.");
}
