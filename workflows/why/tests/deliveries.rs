//! What is said of deliveries that ended, and of those that were not answered.

use super::super::failure::failure;
use super::*;

#[test]
fn f07_a_delivery_that_ended_says_how() {
    let well = Health::default();
    let ended = |standing, code, attempts, fault| {
        let facts = DeliveryFacts { standing, code, attempts, fault, ..facts(&well) };
        delivery(&facts).code
    };
    let dead = |code, attempts, fault| ended(Standing::Dead, code, attempts, fault);
    assert_eq!(ended(Standing::Sent, 200, 1, None), Code::Arrived);
    let said = |word| {
        let facts = DeliveryFacts { standing: Standing::Sent, code: 200, word, ..facts(&well) };
        delivery(&facts)
    };
    assert_eq!(said(Word::Taken).code, Code::ProviderTook);
    assert_eq!(said(Word::Arrived).code, Code::ProviderArrived);
    assert_eq!(said(Word::Read).code, Code::ProviderRead);
    let failed = said(Word::Failed(131_026));
    assert_eq!((failed.code, failed.answer), (Code::ProviderFailed, 131_026));
    assert_eq!(ended(Standing::Collected, -1, 0, None), Code::Collected);
    assert_eq!(ended(Standing::Held, -1, 0, None), Code::Held);
    assert_eq!(ended(Standing::Cancelled, -1, 0, None), Code::Cancelled);
    assert_eq!(dead(404, 1, Some(Fault::Receiver)), Code::DeadRefused);
    assert_eq!(dead(410, 1, Some(Fault::Receiver)), Code::DeadGone);
    assert_eq!(dead(503, 5, Some(Fault::Receiver)), Code::DeadExhausted);
    assert_eq!(dead(401, 5, Some(Fault::Receiver)), Code::DeadExhausted);
    assert_eq!(dead(302, 1, Some(Fault::Receiver)), Code::DeadRefused);
    assert_eq!(dead(-1, 5, Some(Fault::Receiver)), Code::DeadUnanswered);
    assert_eq!(dead(-1, 1, Some(Fault::Configuration)), Code::DeadConfiguration);
    assert_eq!(dead(-1, 1, None), Code::DeadConfiguration);
    assert_eq!(dead(-1, 2, Some(Fault::System)), Code::DeadSystem);
    let outside = DeliveryFacts {
        standing: Standing::Dead,
        code: 131_047,
        outside_window: true,
        letter: Letter::Until(later(60)),
        ..facts(&well)
    };
    let why = delivery(&outside).told(Locale::En, &madrid());
    assert_eq!((why.because, why.next), ("outside_window", "expires"));
    assert_eq!(why.next_at, Some(later(60).to_rfc3339()));
    assert!(why.sentence.contains("24 hours") && why.sentence.contains("tried again until"));
    let gone = DeliveryFacts { letter: Letter::Gone, ..outside.clone() };
    assert_eq!(delivery(&gone).told(Locale::Es, &madrid()).next, "nothing");
    let discarded = DeliveryFacts { letter: Letter::Discarded, ..outside.clone() };
    assert_eq!(delivery(&discarded).told(Locale::Pt, &madrid()).next, "set_template");
    let discarded = DeliveryFacts { outside_window: false, code: 404, ..discarded };
    let why = delivery(&discarded).told(Locale::En, &madrid());
    assert_eq!((why.next, why.next_at), ("retry_by_hand", None));
    assert!(why.sentence.contains("but it can still be tried again"), "{}", why.sentence);
}

#[test]
fn f07_a_delivery_says_that_its_channel_is_paused_or_by_whom_it_was_cancelled() {
    let well = Health::default();
    let paused = DeliveryFacts { standing: Standing::Paused, ..facts(&well) };
    assert_eq!(delivery(&paused).code, Code::ChannelPaused);
    let withdrawn = DeliveryFacts { standing: Standing::Withdrawn, ..facts(&well) };
    assert_eq!(delivery(&withdrawn).code, Code::Withdrawn);
    let at = Timestamp(5);
    let reason = delivery(&DeliveryFacts { cancelled: Some((at, "admin")), ..withdrawn });
    assert_eq!((reason.code, reason.since), (Code::CancelledByHand, Some(at)));
    assert_eq!((reason.name.as_str(), reason.at), ("admin", None));
}

#[test]
fn f07_a_delivery_that_was_not_answered_says_what_went_wrong_as_its_endpoint_does() {
    let well = Health::default();
    let silent = |begins: &str| failure(-1, &format!("{begins}: whatever the client says"), false);
    for (code, because, said) in [
        (silent(NAME_UNKNOWN), "name_unknown", ["nombre", "(DNS)", "nome"]),
        (silent(TLS_FAILED), "tls_failed", ["(TLS)", "(TLS)", "(TLS)"]),
        (silent(NOT_HTTP), "not_http", ["no es HTTP", "is not HTTP", "não é HTTP"]),
        (silent("the token endpoint"), "not_sent", ["no se envió", "nothing was sent", "nada foi"]),
        (silent(REFUSED), "no_answer", ["no hubo respuesta", "no answer", "não houve resposta"]),
    ] {
        let waits = DeliveryFacts { attempts: 2, code, next_at: Some(later(5)), ..facts(&well) };
        let dead = DeliveryFacts { standing: Standing::Dead, letter: Letter::Discarded, ..waits };
        let (waits, dead) = (delivery(&waits), delivery(&dead));
        for (locale, said) in [Locale::Es, Locale::En, Locale::Pt].into_iter().zip(said) {
            let why = waits.told(locale, &madrid());
            assert_eq!((why.because, why.next), (because, "retry"));
            assert!(why.sentence.contains(said) && why.sentence.contains('2'), "{}", why.sentence);
        }
        let why = dead.told(Locale::En, &madrid());
        let wanted = match because {
            "not_sent" | "no_answer" => "configuration",
            because => because,
        };
        assert_eq!((why.because, why.next), (wanted, "retry_by_hand"));
    }
    // A letter says whose fault it was; one that is gone does not.
    let dead = |code, fault| {
        let dead =
            DeliveryFacts { standing: Standing::Dead, attempts: 5, code, fault, ..facts(&well) };
        delivery(&dead).code
    };
    assert_eq!(dead(silent(REFUSED), Some(Fault::Receiver)), Code::DeadUnanswered);
    assert_eq!(dead(silent(NOT_HTTP), Some(Fault::Receiver)), Code::DeadGarbled);
    assert_eq!(dead(silent(NOT_HTTP), Some(Fault::System)), Code::DeadSystem);
    assert_eq!(dead(failure(-1, "", true), Some(Fault::Configuration)), Code::DeadConfiguration);
    let refused = "the token endpoint refuses the client credentials";
    assert_eq!(failure(401, refused, false), failure(-1, "", true), "the receiver was never asked");
    assert_eq!(failure(401, "answered 401 Unauthorized", false), 401);
}
