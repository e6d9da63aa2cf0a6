//! What was not counted is told as unknown, in data, words, tables and charts.

use super::super::chart::charts;
use super::*;

#[test]
fn c04_what_is_not_known_is_not_said_to_be_zero() {
    let none = made("2020-W10", &[], "2026-11-23T09:00:00", "2026-01-01T00:00:00", Locale::Pt);
    assert_eq!((none.coverage, none.week_before.is_none()), (Coverage::None, true));
    assert_eq!(none.notes[0].code, "nothing_counted");
    // 400 days of hours are kept.
    assert!(none.notes[0].sentence.contains("2026"), "{}", none.notes[0].sentence);
    let part = made("2026-W47", &[], "2026-11-23T09:00:00", "2026-11-18T12:00:00", Locale::Es);
    assert_eq!((part.coverage, part.week_before.is_none()), (Coverage::Partial, true));
    let first = made("2026-W47", &[], "2026-11-23T09:00:00", "2026-11-12T12:00:00", Locale::Es);
    assert_eq!((first.coverage, first.week_before.is_none()), (Coverage::Whole, true));
    assert!(first.days.iter().all(|one| one.events_before.is_none()));
    assert_eq!(first.notes[0].code, "no_comparison");
}

#[test]
fn c04_a_week_of_which_nothing_was_counted_has_no_figures_and_calms_nobody() {
    for (locale, unknown, calm) in [
        (Locale::Es, "No se sabe: no hay cifras de esta semana.", "Nada requiere atención"),
        (Locale::En, "That is not known: there are no figures", "Nothing needs attention"),
        (Locale::Pt, "Não se sabe: não há números", "Nada precisa de atenção"),
    ] {
        let report = made("2026-W47", &[], "2026-11-26T09:00:00", "2026-11-26T06:10:00", locale);
        let told = Value::Object(data(&report));
        assert_eq!((&told["coverage"], &told["complete"]), (&json!("none"), &json!(true)));
        for name in [
            "totals",
            "week_before",
            "top_events",
            "channels",
            "failing_endpoints",
            "causes",
            "attention",
        ] {
            assert_eq!(told[name], Value::Null, "{name}");
        }
        for day in told["days"].as_array().unwrap() {
            assert_eq!(day["coverage"], "none");
            let told = day.as_object().unwrap().iter();
            let mut known: Vec<_> =
                told.filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect();
            known.sort();
            assert_eq!(known, ["coverage", "date", "to_come"]);
        }
        let (text, html) = (text(&report), html(&report, |_| String::new()));
        for said in [&text, &html] {
            assert!(said.contains(unknown) && !said.contains(calm), "{said}");
        }
        assert!(!html.contains("<img ") && charts(&report).is_empty());
        assert!(!html.contains("<b style=\"font-size:22px;line-height:30px\">0<"), "{html}");
        assert!(!text.contains(" 0\n"), "{text}");
        let facts = summary(&report);
        assert!(facts.iter().take(4).all(|(_, value)| value == "—"), "{facts:?}");
        assert!(facts.iter().any(|(_, value)| value.contains(unknown)), "{facts:?}");
        assert_eq!(of_body(json!({"data": told}).to_string().as_bytes()), Some(report));
    }
}

#[test]
fn c04_days_before_counting_began_are_unknown_and_those_to_come_are_not_zero() {
    let hours = [events("2026-11-26T07:00:00", "a.b", 5), attempts("2026-11-26T07:00:00", 3, 4, 1)];
    for (locale, unknown, nothing) in [
        (Locale::Es, "sin cifras", "Nada requiere atención en lo que se contó."),
        (Locale::En, "no figures", "Nothing needs attention in what was counted."),
        (Locale::Pt, "sem números", "Nada precisa de atenção no que foi contado."),
    ] {
        let report = made("2026-W48", &hours, "2026-11-26T09:00:00", "2026-11-26T06:10:00", locale);
        let days: Vec<_> =
            report.days.iter().map(|day| (day.coverage, day.events, day.to_come)).collect();
        let (none, before) = (Coverage::None, (Coverage::None, None, false));
        assert_eq!(days[..3], [before; 3]);
        assert_eq!(days[3], (Coverage::Partial, Some(5), false));
        assert_eq!(days[4..], [(none, None, true); 3]);
        let charts = charts(&report);
        for chart in &charts {
            let values: Vec<_> = chart.days.iter().map(|(_, value)| value.as_str()).collect();
            assert_eq!(values[..3], [unknown; 3], "{}", chart.name);
            assert_eq!(values[4..], ["·"; 3], "{}", chart.name);
            assert_eq!(chart.alt.matches(unknown).count(), 3, "{}", chart.alt);
        }
        assert_eq!(charts.len(), 2);
        let text = text(&report);
        let row = text.lines().find(|line| line.starts_with("a.b ")).unwrap();
        let cells: Vec<_> = row.split_whitespace().collect();
        assert_eq!(cells, ["a.b", "—", "—", "—", "5", "·", "·", "·", "5"]);
        let quiet = made("2026-W48", &[], "2026-11-26T09:00:00", "2026-11-26T06:10:00", locale);
        assert!(super::text(&quiet).contains(nothing));
        assert_eq!(quiet.days[3].events, Some(0), "of what was counted, none is none");
        let calm = made("2026-W47", &[], "2026-11-26T09:00:00", "2026-11-01T00:00:00", locale);
        assert!(calm.days.iter().all(|day| day.coverage == Coverage::Whole));
        assert!(calm.days.iter().all(|day| day.events == Some(0)));
    }
}

#[test]
fn c04_a_report_of_an_earlier_version_is_read_as_it_was_and_its_zeros_are_not_told() {
    let body =
        br#"{"data":{"week":"2026-W47","coverage":"none","totals":{"events":0},"attention":[],
        "days":[{"date":"2026-11-16","to_come":false,"events":0,"by_type":{}}]}}"#;
    let report = of_body(body).unwrap();
    assert_eq!(report.days[0].events, Some(0));
    assert!(charts(&report).is_empty() && text(&report).contains("No se sabe"));
}
