//! What an event says to people: a title and a few facts, in the tenant's language and time zone.
//!
//! Slack, mail and a WhatsApp text differ in their markup only, so the words are chosen once, here.
//! Nothing is escaped yet: each channel knows what its own markup needs.

mod alert;
mod digest;
mod report;
mod system;
mod titles;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use sereno_workflows::calendar;
use sereno_workflows::locale::Locale;
use sereno_workflows::time::Timestamp;

pub(crate) use self::titles::title;
use super::Load;
use crate::limits::{FACT_CHARS_MAX, FACTS_MAX, LABEL_CHARS_MAX, TITLE_CHARS_MAX};

/// A delivery's event in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wording {
    /// What happened, on one line; the event's type where we do not know it.
    pub(crate) title: String,
    /// Who or what it is about, where the event names it.
    pub(crate) subject: Option<String>,
    /// What is known of it.
    pub(crate) facts: Vec<Fact>,
    /// When it happened, on the tenant's wall.
    pub(crate) at: String,
    /// The event's type.
    pub(crate) event_type: String,
    /// The event's id.
    pub(crate) event_id: String,
}

/// One line: what, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    /// The name of the value.
    pub(crate) label: String,
    /// The value, on one line.
    pub(crate) value: String,
}

impl Wording {
    /// Words for what a delivery carries.
    pub(crate) fn of(load: &Load) -> Self {
        // The body is ours; were it not JSON after all, the type alone still tells people
        // something.
        let body: Value = serde_json::from_slice(&load.body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let empty = Map::new();
        let data = body.get("data").and_then(Value::as_object).unwrap_or(&empty);
        let subject = ["name", "restaurant", "conversation_id"]
            .iter()
            .find_map(|name| data.get(*name).and_then(Value::as_str))
            .map(|text| line(text, LABEL_CHARS_MAX));
        let (title, facts) = digest::words(data, load)
            .or_else(|| report::words(load))
            .or_else(|| alert::words(&load.event_type, data, load))
            .or_else(|| system::words(&load.event_type, data, load))
            .unwrap_or_else(|| (title(&load.event_type, load.locale), facts(data, load)));
        Self {
            title: line(&title, TITLE_CHARS_MAX),
            subject: subject.filter(|text| !text.is_empty()),
            facts,
            at: moment(text("timestamp"), &load.zone, load.locale),
            event_type: load.event_type.clone(),
            event_id: line(text("event_id"), FACT_CHARS_MAX),
        }
    }

    /// All of it as plain text.
    pub(crate) fn plain(&self) -> String {
        let facts: String =
            self.facts.iter().map(|fact| format!("{}: {}\n", fact.label, fact.value)).collect();
        let gap = if facts.is_empty() { "" } else { "\n" };
        format!("{}\n\n{facts}{gap}{}", self.title, self.origin())
    }

    /// Where the words come from: the event's type, id and time.
    pub(crate) fn origin(&self) -> String {
        format!("{} · {} · {}", self.event_type, self.event_id, self.at)
    }

    /// The title and what it is about, on one line.
    pub(crate) fn headline(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{} · {subject}", self.title),
            None => self.title.clone(),
        }
    }
}

/// One line without control characters, of at most so many characters.
pub(crate) fn line(text: &str, chars_max: usize) -> String {
    let spaced = text.replace(char::is_control, " ");
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&joined, chars_max)
}

/// At most so many characters, the last an ellipsis where something was cut.
pub(crate) fn shorten(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// The text as it stands in HTML.
pub(crate) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The text as Slack wants it: it knows three entities and no other escape.
pub(crate) fn escape_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn pick(locale: Locale, [es, en, pt]: [&str; 3]) -> &str {
    match locale {
        Locale::Es => es,
        Locale::En => en,
        Locale::Pt => pt,
    }
}

/// Known fields in the order in which people ask for them, with their labels.
const LABELS: [(&str, [&str; 3]); 18] = [
    ("name", ["Nombre", "Name", "Nome"]),
    ("date_time", ["Fecha", "When", "Data"]),
    ("party_size", ["Personas", "Party", "Pessoas"]),
    ("restaurant", ["Restaurante", "Restaurant", "Restaurante"]),
    ("status", ["Estado", "Status", "Estado"]),
    ("elapsed_minutes", ["Minutos de espera", "Minutes waited", "Minutos de espera"]),
    ("count", ["Casos", "Cases", "Casos"]),
    ("escalation_needed", ["Hay que escalar", "Escalation needed", "É preciso escalar"]),
    ("last_intent", ["Última intención", "Last intent", "Última intenção"]),
    ("reason", ["Motivo", "Reason", "Motivo"]),
    ("intent", ["Intención", "Intent", "Intenção"]),
    ("notes", ["Notas", "Notes", "Notas"]),
    ("email", ["Correo", "Email", "Email"]),
    ("reminder", ["Recordatorio", "Reminder", "Lembrete"]),
    ("channel", ["Canal", "Channel", "Canal"]),
    ("message", ["Mensaje", "Message", "Mensagem"]),
    ("reservation_id", ["Reserva", "Booking", "Reserva"]),
    ("conversation_id", ["Conversación", "Conversation", "Conversa"]),
];

fn facts(data: &Map<String, Value>, load: &Load) -> Vec<Fact> {
    let fact = |label: &str, value: &Value, is_moment: bool| {
        let text = match value {
            Value::String(text) if is_moment => moment(text, &load.zone, load.locale),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(yes) => {
                let words = if *yes { ["sí", "yes", "sim"] } else { ["no", "no", "não"] };
                pick(load.locale, words).to_owned()
            }
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let value = line(&text, FACT_CHARS_MAX);
        let label = line(label, LABEL_CHARS_MAX);
        (!value.is_empty() && !label.is_empty()).then_some(Fact { label, value })
    };
    let known = LABELS.iter().filter_map(|(name, words)| {
        fact(pick(load.locale, *words), data.get(*name)?, *name == "date_time")
    });
    let named = |name: &str| LABELS.iter().any(|(known, _)| *known == name);
    // A hash tells people nothing, so it does not take the place of something that does.
    let others = data
        .iter()
        .filter(|(name, _)| !named(name) && !name.ends_with("_hash"))
        .filter_map(|(name, value)| fact(name, value, false));
    known.chain(others).take(FACTS_MAX).collect()
}

/// A moment on the tenant's wall, or the text as it is where it is none.
fn moment(text: &str, zone: &TimeZone, locale: Locale) -> String {
    match Timestamp::from_text(text, zone) {
        Ok(at) => calendar::when(at.wall(zone), locale),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use sereno_workflows::catalogue::{self, OwnTypes};

    fn load(event_type: &str, data: Value, locale: Locale) -> Load {
        let body = json!({"data": data, "event_id": "e1", "event_type": event_type,
            "timestamp": "2026-01-20T19:00:00.000Z"});
        Load {
            id: "d1".into(),
            attempt: 1,
            trace: crate::trace::of_delivery("d1", 1),
            event_type: event_type.into(),
            body: body.to_string().into(),
            message: None,
            words: None,
            locale,
            zone: sereno_workflows::time::zone("Europe/Madrid").unwrap(),
            timeout: None,
        }
    }

    #[test]
    fn a_booking_reads_well_in_each_language() {
        let data = json!({"name": "Ana", "date_time": "2026-01-20T19:00:00.000Z", "party_size": 4,
            "reservation_id": "R1", "wa_number_hash": "0123456789abcdef"});
        for (locale, title, when) in [
            (Locale::Es, "Nueva reserva", "Fecha: martes 20 de enero, 20:00"),
            (Locale::En, "New booking", "When: Tuesday 20 January, 20:00"),
            (Locale::Pt, "Nova reserva", "Data: terça 20 de janeiro, 20:00"),
        ] {
            let wording = Wording::of(&load("reservation.created", data.clone(), locale));
            assert_eq!(wording.headline(), format!("{title} · Ana"));
            let plain = wording.plain();
            assert!(plain.contains(when), "{plain}");
            assert!(!plain.contains("0123456789abcdef"), "{plain}");
        }
    }

    #[test]
    fn every_type_has_a_title() {
        for (event_type, expected) in [
            ("reminder.24h.sent", "Reminder sent (24h)"),
            ("reminder.no_show", "The customer did not come"),
            ("sla.breached", "A customer has waited too long"),
            ("test.ping", "A test from Sereno"),
            ("order.paid", "order.paid"),
        ] {
            let wording = Wording::of(&load(event_type, json!({}), Locale::En));
            assert_eq!(wording.title, expected);
            assert_eq!(wording.facts, []);
        }
    }

    #[test]
    fn b15_an_alert_says_what_is_wrong_how_bad_since_when_and_what_to_do() {
        let raised = json!({"alert": "delivery_failure_rate", "metric": "delivery_failure_rate",
            "severity": "critical", "measured": 0.0731, "threshold": 0.05, "comparison": "above",
            "window": "5m", "since": "2026-01-20T19:00:00.000Z"});
        for (locale, title, since, to_do) in [
            (
                Locale::Es,
                "Alerta (crítica): intentos de entrega que fallan, 7,31 % (límite 5 %) · \
                 delivery_failure_rate",
                "Desde: martes 20 de enero, 20:00",
                "Qué hacer: Mirar en la consola",
            ),
            (
                Locale::En,
                "Alert (critical): delivery attempts that fail, 7.31% (limit 5%) · delivery_failure_rate",
                "Since: Tuesday 20 January, 20:00",
                "What to do: Look in the console",
            ),
            (
                Locale::Pt,
                "Alerta (crítico): tentativas de entrega que falham, 7,31 % (limite 5 %) · \
                 delivery_failure_rate",
                "Desde: terça 20 de janeiro, 20:00",
                "O que fazer: Ver na consola",
            ),
        ] {
            let wording = Wording::of(&load("alert.raised", raised.clone(), locale));
            assert_eq!(wording.headline(), title);
            let plain = wording.plain();
            assert!(plain.contains(since) && plain.contains(to_do), "{plain}");
            assert!(!plain.contains("T19:00"), "{plain}");
        }
        // What is counted as it lies there now was not counted over any time.
        let lying = json!({"alert": "dead_letters", "metric": "dead_letters", "severity": "critical",
            "measured": 101, "threshold": 100, "comparison": "above", "window": "5m"});
        for (locale, over) in [
            (Locale::Es, "En los últimos"),
            (Locale::En, "Over the last"),
            (Locale::Pt, "Nos últimos"),
        ] {
            let said = |data: &Value| {
                Wording::of(&load("alert.raised", data.clone(), locale)).plain().contains(over)
            };
            assert!(said(&raised) && !said(&lying), "{locale}");
        }
        let mut over = raised;
        over["measured"] = json!(0.0);
        over["resolved_at"] = json!("2026-01-20T19:30:00.000Z");
        let wording = Wording::of(&load("alert.resolved", over, Locale::En));
        assert!(
            wording.title.starts_with("Alert resolved (critical): delivery attempts that fail, 0%")
        );
        assert!(wording.plain().contains("Resolved: Tuesday 20 January, 20:30"));
        // One that was told of before that was kept, and whose rule is gone: little is known.
        let gone = json!({"alert": "mine", "ended_by": "rule_removed",
            "resolved_at": "2026-01-20T19:30:00.000Z"});
        let bare = Wording::of(&load("alert.resolved", gone, Locale::Es));
        assert_eq!(bare.title, "Alerta sin vigilancia · mine");
        assert!(bare.plain().contains("no se vigila más"), "{}", bare.plain());
        assert!(bare.plain().contains("Vigilada hasta: ") && !bare.plain().contains("Resuelta"));
    }

    #[test]
    fn e06_what_sereno_tells_of_itself_names_the_one_and_says_what_to_do() {
        let failing = json!({"endpoint_id": 3, "kind": "webhook", "percent": 50, "error": "answered 503",
            "failing_since": "2026-01-20T19:00:00.000Z", "disabled_at": "2026-01-21T19:00:00.000Z"});
        let wording = Wording::of(&load("endpoint.failing", failing, Locale::En));
        assert_eq!(wording.title, "An endpoint fails: webhook 3");
        let plain = wording.plain();
        for words in
            ["Failing since: Tuesday 20 January, 20:00", "answered 503", "50 %", "What to do: Mend"]
        {
            assert!(plain.contains(words), "{words} is not in {plain}");
        }
        let own = OwnTypes::new();
        for known in catalogue::names(&own) {
            for locale in Locale::ALL {
                assert_ne!(title(known, locale), known, "a title in {locale}");
            }
        }
    }

    #[test]
    fn what_we_do_not_know_is_shown_by_its_own_name_and_bounded() {
        let mut data = Map::new();
        for index in 0..50 {
            data.insert(format!("field{index}"), json!("x".repeat(5_000)));
        }
        data.insert("name".into(), json!("Ana\r\nBcc: all@example.com"));
        let wording = Wording::of(&load("order.paid", Value::Object(data), Locale::Es));
        assert_eq!(wording.facts.len(), FACTS_MAX);
        assert_eq!(wording.subject.as_deref(), Some("Ana Bcc: all@example.com"));
        let longest = wording.facts.iter().map(|fact| fact.value.chars().count()).max();
        assert_eq!(longest, Some(FACT_CHARS_MAX));
    }

    #[test]
    fn a_body_that_is_not_json_still_has_its_type() {
        let broken = Load { body: "{".into(), ..load("order.paid", json!({}), Locale::Es) };
        assert_eq!(Wording::of(&broken).title, "order.paid");
    }
}
