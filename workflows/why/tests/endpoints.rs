//! Why an endpoint is as it is, by all that is known of it.

use super::*;

/// An endpoint that gets what there is, as its latest attempt left it, with nothing more for it.
fn facts(health: &Health) -> EndpointFacts<'_> {
    EndpointFacts {
        now: NOW,
        enabled: true,
        disabled_reason: None,
        health,
        is_latest: true,
        code: None,
        is_paused: false,
        trying_since: None,
        next_at: None,
    }
}

#[test]
fn f07_an_endpoint_says_who_disabled_it_and_what_it_waits_for() {
    let new = Health::default();
    let disabled = |disabled_reason| {
        endpoint(EndpointFacts { enabled: false, disabled_reason, ..facts(&new) }).code
    };
    assert_eq!(disabled(None), Code::EndpointOff);
    assert_eq!(disabled(Some("answered 410 Gone")), Code::EndpointGone);
    let long = format!("{} 2026-01-01T00:00:00Z", endpoint::FAILED_SINCE);
    assert_eq!(disabled(Some(&long)), Code::EndpointGivenUp);
    assert_eq!(disabled(Some("N8N_WEBHOOK_URL is no longer set")), Code::EndpointUnset);
    let well = Health { last_success_at: Some(NOW), ..Health::default() };
    let told = endpoint(facts(&well));
    assert_eq!((told.code, told.since), (Code::EndpointHealthy, Some(NOW)));
    let unsure = endpoint(EndpointFacts { is_latest: false, ..facts(&well) });
    assert_eq!((unsure.code, unsure.since), (Code::EndpointSteady, Some(NOW)));
    let failing = Health { failures_in_a_row: 4, failing_since: Some(NOW), ..Health::default() };
    let said = |code, is_latest| {
        let next_at = Some(later(5));
        let facts = EndpointFacts { code, is_latest, next_at, ..facts(&failing) };
        let why = endpoint(facts).told(Locale::En, &madrid());
        assert_eq!((why.what, why.because, why.next), ("failing", "attempts_fail", "attempt"));
        assert_eq!(why.next_at, next_at.map(Timestamp::to_rfc3339));
        why.sentence
    };
    assert!(said(Some(503), true).contains("(4 times in a row, the latest answered with 503)"));
    assert!(said(Some(-1), true).contains("(4 times in a row, the latest without an answer)"));
    assert!(said(None, false).contains("(at least 4 times in a row)"));
    let open = Breaker::Open { until: later(1), trips: 1 };
    let open = Health { breaker: open, ..failing };
    let waits = EndpointFacts { next_at: Some(NOW), code: Some(503), ..facts(&open) };
    let told = endpoint(waits);
    assert_eq!((told.code, told.at), (Code::EndpointBreaker, Some(later(1))));
    for idle in [&open, &failing] {
        let told =
            endpoint(EndpointFacts { next_at: None, ..EndpointFacts { health: idle, ..waits } });
        assert_eq!((told.code, told.at), (Code::EndpointRefused, None), "nothing waits");
    }
    let asked = Health { asked_until: Some(later(1)), breaker: Breaker::Closed, ..open };
    for (due, at) in [(NOW, later(1)), (later(7), later(7))] {
        let told = endpoint(EndpointFacts { next_at: Some(due), ..facts(&asked) });
        assert_eq!((told.code, told.at), (Code::EndpointAsked, Some(at)));
    }
    assert_eq!(endpoint(facts(&asked)).code, Code::EndpointFailed, "nothing waits for it");
}

#[test]
fn f07_an_endpoint_that_is_new_or_healthy_says_when_the_next_goes_and_what_is_under_way() {
    let (new, past) = (Health::default(), NOW.before(Span::minutes(1)));
    let well = Health { last_success_at: Some(past), ..Health::default() };
    for (health, is_latest, trying_since, next_at, code, wanted) in [
        (&new, true, None, None, Code::EndpointNew, ["nothing_arrived_yet", "nothing"]),
        (
            &new,
            true,
            None,
            Some(later(5)),
            Code::EndpointNewUntil,
            ["nothing_arrived_yet", "attempt"],
        ),
        (&new, true, Some(past), None, Code::EndpointTrying, ["attempt_under_way", "answer"]),
        (&well, true, None, None, Code::EndpointHealthy, ["latest_arrived", "nothing"]),
        (&well, true, Some(past), None, Code::EndpointHealthyTrying, ["latest_arrived", "answer"]),
        (&well, false, Some(past), None, Code::EndpointSteadyTrying, ["nothing_failed", "answer"]),
        (&well, true, None, Some(past), Code::EndpointHealthyUntil, ["latest_arrived", "attempt"]),
        (&well, false, None, None, Code::EndpointSteady, ["nothing_failed", "nothing"]),
        (
            &well,
            false,
            None,
            Some(later(5)),
            Code::EndpointSteadyUntil,
            ["nothing_failed", "attempt"],
        ),
    ] {
        let facts = EndpointFacts { is_latest, trying_since, next_at, ..facts(health) };
        let reason = endpoint(facts);
        let at = next_at.map(|at| at.max(NOW));
        assert_eq!((reason.code, reason.at), (code, at), "{facts:?}");
        let why = reason.told(Locale::En, &madrid());
        assert_eq!(([why.because, why.next], why.next_at.is_some()), (wanted, at.is_some()));
    }
}

/// What stands for the code of an attempt with an error that begins so.
fn silent(begins: &str) -> Option<i32> {
    Some(failure(-1, &format!("{begins}: whatever the client says"), false))
}

#[test]
fn f07_an_endpoint_whose_latest_attempt_failed_says_so_before_it_counts_as_failing() {
    for (count, last_success_at, code, next_at, wanted) in [
        (1, None, Some(404), None, ["refusing", "receiver_refused", "nothing"]),
        (2, Some(NOW), Some(500), Some(later(5)), ["refusing", "receiver_refused", "attempt"]),
        (1, Some(NOW), Some(-1), None, ["failing", "no_answer", "nothing"]),
        (2, None, Some(-1), Some(later(5)), ["failing", "no_answer", "attempt"]),
        (1, None, Some(failure(-1, "", true)), None, ["misconfigured", "not_sent", "nothing"]),
        (2, None, silent(NAME_UNKNOWN), Some(later(5)), ["failing", "name_unknown", "attempt"]),
        (1, None, silent(TLS_FAILED), None, ["failing", "tls_failed", "nothing"]),
        (1, None, silent(NOT_HTTP), Some(later(5)), ["failing", "not_http", "attempt"]),
        (1, None, None, None, ["failing", "attempts_fail", "nothing"]),
        (1, None, None, Some(NOW.before(Span::hours(1))), ["failing", "attempts_fail", "attempt"]),
    ] {
        let health = Health {
            failures_in_a_row: count,
            last_success_at,
            failing_since: Some(NOW),
            ..Health::default()
        };
        assert_eq!(health.condition().as_str(), "degraded");
        let facts = EndpointFacts { code, next_at, ..facts(&health) };
        let why = endpoint(facts).told(Locale::En, &madrid());
        assert_eq!([why.what, why.because, why.next], wanted);
        assert_eq!(why.next_at, next_at.map(|at| at.max(NOW).to_rfc3339()));
        assert_eq!(why.sentence.contains("2 in a row"), count == 2, "{}", why.sentence);
        let answer = code.filter(|code| *code > 0).map(|code| format!("answered {code}"));
        assert!(answer.is_none_or(|answer| why.sentence.contains(&answer)), "{}", why.sentence);
    }
}

#[test]
fn f07_an_endpoint_at_which_an_attempt_is_made_says_so_however_it_is_and_what_happened_to_it() {
    let past = NOW.before(Span::minutes(1));
    let open = Breaker::Open { until: past, trips: 1 };
    for (count, breaker, code, wanted) in [
        (1, Breaker::Closed, Some(500), ["refusing", "receiver_refused", "answer"]),
        (2, Breaker::Closed, Some(-1), ["failing", "no_answer", "answer"]),
        (1, Breaker::Closed, silent(TLS_FAILED), ["failing", "tls_failed", "answer"]),
        (1, Breaker::Closed, None, ["failing", "attempts_fail", "answer"]),
        (4, Breaker::Closed, Some(500), ["failing", "attempts_fail", "answer"]),
        (12, open, Some(500), ["failing", "breaker", "answer"]),
    ] {
        let health = Health {
            failures_in_a_row: count,
            failing_since: Some(past),
            breaker,
            ..Health::default()
        };
        // What else waits goes later than the answer comes.
        let (trying_since, next_at) = (Some(past), Some(later(5)));
        let facts = EndpointFacts { code, trying_since, next_at, ..facts(&health) };
        let why = endpoint(facts).told(Locale::En, &madrid());
        assert_eq!([why.what, why.because, why.next], wanted);
        assert_eq!(why.next_at, None);
        assert!(why.sentence.contains("at this moment"), "{}", why.sentence);
        let paused = EndpointFacts { is_paused: true, ..facts };
        let off = EndpointFacts { enabled: false, ..facts };
        assert_eq!(endpoint(paused).code, endpoint(facts).code, "it is answered all the same");
        assert_eq!(endpoint(off).code, endpoint(facts).code);
        let held = endpoint(EndpointFacts { trying_since: None, ..paused });
        assert_eq!((held.code, held.at), (Code::EndpointPaused, None));
        let held = endpoint(EndpointFacts { trying_since: None, ..off });
        assert_eq!((held.code, held.at), (Code::EndpointOff, None));
    }
}
