//! Values and ends of alerts, as people read them.

use serde_json::json;

use super::*;

#[test]
fn b15_values_are_written_as_people_write_them() {
    for (metric, plain, es, en) in [
        (Metric::Availability, 0.998571, "99,86 %", "99.86%"),
        (Metric::DeliveryFailureRate, 0.2, "20 %", "20%"),
        (Metric::DeliveryLatencyP95, 2_340.0, "2,34 s", "2.34 s"),
        (Metric::ProcessingP95, 40.0, "40 ms", "40 ms"),
        (Metric::DeadLetters, 100.0, "100", "100"),
        (Metric::DeadLetters, 1_000.0, "1000 o más", "1000 or more"),
        (Metric::NoShows, 0.0, "0", "0"),
    ] {
        assert_eq!(value(metric, plain, Locale::Es), es);
        assert_eq!(value(metric, plain, Locale::En), en);
    }
}

#[test]
fn b15_every_metric_has_words_that_fit_in_each_language() {
    for metric in Metric::ALL {
        for locale in Locale::ALL {
            assert!(pick(locale, name(metric)).chars().count() <= 50);
            assert!(pick(locale, advice(metric)).chars().count() <= FACT_CHARS_MAX, "{metric:?}");
        }
    }
}

/// How the end of an alert reads that ended by something: its title, and its facts.
fn ended(by: &str, locale: Locale) -> (String, String) {
    let data = json!({"alert": "mine", "metric": "dead_letters", "severity": "critical",
        "measured": 7.0, "threshold": 5.0, "comparison": "above", "ended_by": by,
        "resolved_at": "2026-01-20T19:30:00.000Z"});
    let load = Load { locale, ..load() };
    let (title, facts) = words("alert.resolved", data.as_object().unwrap(), &load).unwrap();
    let facts = facts.into_iter().map(|fact| format!("{}: {}", fact.label, fact.value));
    (title, facts.collect::<Vec<_>>().join("\n"))
}

#[test]
fn b15_the_end_of_an_alert_says_whether_all_is_well_or_its_rule_is_gone() {
    let (removed, disabled, changed) = ("rule_removed", "rule_disabled", "rule_changed");
    for (locale, title, when, to_do) in [
        (Locale::Es, "Alerta resuelta (crítica): ", "Resuelta: ", "Nada: "),
        (Locale::En, "Alert resolved (critical): ", "Resolved: ", "Nothing: "),
        (Locale::Pt, "Alerta resolvido (crítico): ", "Resolvido: ", "Nada: "),
    ] {
        let (said, facts) = ended("recovered", locale);
        assert!(said.starts_with(title), "{said}");
        assert!(facts.contains(when) && facts.contains(to_do), "{locale}: {facts}");
    }
    for (locale, title, when, by_cause) in [
        (
            Locale::Es,
            "Alerta sin vigilancia (crítica): ",
            "Vigilada hasta: ",
            [(removed, "La regla se quitó"), (disabled, "La regla se desactivó")],
        ),
        (
            Locale::En,
            "Alert no longer watched (critical): ",
            "Watched until: ",
            [(removed, "The rule was removed"), (disabled, "The rule was disabled")],
        ),
        (
            Locale::Pt,
            "Alerta sem vigilância (crítico): ",
            "Vigiado até: ",
            [(removed, "A regra foi removida"), (disabled, "A regra foi desativada")],
        ),
    ] {
        for (by, to_do) in by_cause {
            let (said, facts) = ended(by, locale);
            assert!(said.starts_with(title) && said.ends_with(" 5) · mine"), "{said}");
            assert!(facts.contains(when) && facts.contains(to_do), "{locale}: {facts}");
        }
    }
    let (said, facts) = ended(changed, Locale::En);
    assert!(said.starts_with("Alert ended by a change of its rule (critical): "), "{said}");
    assert!(facts.contains("Ended: ") && facts.contains("The rule was changed"), "{facts}");
    for (locale, title, to_do) in [
        (Locale::Es, "Alerta terminada sin nada que medir (crítica): ", "no se sabe"),
        (Locale::En, "Alert ended with nothing left to measure (critical): ", "is not known"),
        (Locale::Pt, "Alerta terminado sem nada para medir (crítico): ", "não se sabe"),
    ] {
        let (said, facts) = ended("unmeasured", locale);
        assert!(said.starts_with(title) && facts.contains(to_do), "{said}: {facts}");
    }
}

fn load() -> Load {
    Load {
        id: "d1".into(),
        attempt: 1,
        trace: crate::trace::of_delivery("d1", 1),
        event_type: "alert.resolved".into(),
        body: "".into(),
        message: None,
        words: None,
        locale: Locale::En,
        zone: sereno_workflows::time::zone("Europe/Madrid").unwrap(),
        timeout: None,
    }
}
