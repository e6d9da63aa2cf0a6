//! An event in words for people: a title and a few labelled lines, in their language and zone.

use serde_json::{Map, Value};
use sereno_workflows::locale::Locale;
use sereno_workflows::message;
use sereno_workflows::time::Timestamp;

use super::Load;

/// An event in words.
pub(super) struct Wording {
    /// What happened.
    pub(super) title: String,
    /// The facts, each under its name.
    pub(super) lines: Vec<(String, String)>,
    /// The event's id.
    pub(super) event_id: String,
    /// When it happened, on the tenant's wall.
    pub(super) at: String,
}

/// Longest value of a line, in characters.
const VALUE_CHARS_MAX: usize = 500;
/// Most lines of an event whose facts have no known names.
const LINES_MAX: usize = 10;

impl Wording {
    /// The event of a load, in words.
    pub(super) fn of(load: &Load) -> Self {
        let body: Value = serde_json::from_slice(&load.body).unwrap_or_default();
        let empty = Map::new();
        let data = body.get("data").and_then(Value::as_object).unwrap_or(&empty);
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let at = match Timestamp::from_rfc3339(text("timestamp")) {
            Ok(at) => message::when(at.wall(&load.zone), load.locale),
            Err(_) => text("timestamp").to_owned(),
        };
        Self {
            title: title(&load.event_type, load.locale),
            lines: lines(data, load),
            event_id: text("event_id").to_owned(),
            at,
        }
    }

    /// The title and the lines as plain text.
    pub(super) fn plain(&self) -> String {
        let mut text = self.title.clone();
        for (name, value) in &self.lines {
            text.push_str(&format!("\n{name}: {value}"));
        }
        text
    }
}

/// The known facts, by the names that people know them under; where there are none, the event's own.
fn lines(data: &Map<String, Value>, load: &Load) -> Vec<(String, String)> {
    let known = FIELDS.iter().filter_map(|(field, es, en, pt)| {
        let value = shown(field, data.get(*field)?, load)?;
        let name = match load.locale {
            Locale::Es => es,
            Locale::En => en,
            Locale::Pt => pt,
        };
        Some(((*name).to_owned(), value))
    });
    let lines: Vec<_> = known.collect();
    if !lines.is_empty() {
        return lines;
    }
    let own =
        data.iter().filter_map(|(field, value)| Some((field.clone(), shown(field, value, load)?)));
    own.take(LINES_MAX).collect()
}

fn shown(field: &str, value: &Value, load: &Load) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) if field == "date_time" => {
            match Timestamp::from_text(text, &load.zone) {
                Ok(at) => message::when(at.wall(&load.zone), load.locale),
                Err(_) => text.clone(),
            }
        }
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    Some(text.chars().take(VALUE_CHARS_MAX).collect())
}

/// Field, and its name in Spanish, English and Portuguese; in the order in which they are shown.
const FIELDS: [(&str, &str, &str, &str); 15] = [
    ("name", "Cliente", "Customer", "Cliente"),
    ("date_time", "Cuándo", "When", "Quando"),
    ("party_size", "Personas", "People", "Pessoas"),
    ("restaurant", "Restaurante", "Restaurant", "Restaurante"),
    ("status", "Estado", "Status", "Estado"),
    ("intent", "Intención", "Intent", "Intenção"),
    ("last_intent", "Última intención", "Last intent", "Última intenção"),
    ("reason", "Motivo", "Reason", "Motivo"),
    ("elapsed_minutes", "Minutos de espera", "Minutes waited", "Minutos de espera"),
    ("count", "Incumplimientos", "Breaches", "Incumprimentos"),
    ("notes", "Notas", "Notes", "Notas"),
    ("message", "Mensaje", "Message", "Mensagem"),
    ("reservation_id", "Reserva", "Reservation", "Reserva"),
    ("conversation_id", "Conversación", "Conversation", "Conversa"),
    ("wa_number_hash", "Cliente (hash)", "Customer (hash)", "Cliente (hash)"),
];

/// What happened, for known types; the type itself for others.
pub(super) fn title(event_type: &str, locale: Locale) -> String {
    if let Some(name) =
        event_type.strip_prefix("reminder.").and_then(|rest| rest.strip_suffix(".sent"))
    {
        return match locale {
            Locale::Es => format!("⏰ Recordatorio enviado ({name} antes)"),
            Locale::En => format!("⏰ Reminder sent ({name} before)"),
            Locale::Pt => format!("⏰ Lembrete enviado ({name} antes)"),
        };
    }
    let found = TITLES.iter().find(|(known, ..)| *known == event_type);
    match (found, locale) {
        (None, _) => event_type.to_owned(),
        (Some((_, es, _, _)), Locale::Es) => (*es).to_owned(),
        (Some((_, _, en, _)), Locale::En) => (*en).to_owned(),
        (Some((_, _, _, pt)), Locale::Pt) => (*pt).to_owned(),
    }
}

const TITLES: [(&str, &str, &str, &str); 13] = [
    ("reservation.created", "📅 Nueva reserva", "📅 New booking", "📅 Nova reserva"),
    ("reservation.modified", "✏️ Reserva modificada", "✏️ Booking changed", "✏️ Reserva alterada"),
    (
        "reservation.cancelled",
        "❌ Reserva cancelada",
        "❌ Booking cancelled",
        "❌ Reserva cancelada",
    ),
    (
        "reservation.confirmed",
        "✅ Reserva confirmada",
        "✅ Booking confirmed",
        "✅ Reserva confirmada",
    ),
    (
        "reservation.arrived",
        "👋 El cliente ha llegado",
        "👋 The customer is here",
        "👋 O cliente chegou",
    ),
    ("reservation.completed", "🏁 Visita terminada", "🏁 Visit over", "🏁 Visita terminada"),
    (
        "reminder.no_show",
        "🚫 El cliente no se ha presentado",
        "🚫 No-show",
        "🚫 O cliente não apareceu",
    ),
    (
        "handoff.opened",
        "🙋 Un cliente espera a una persona",
        "🙋 A customer waits for a person",
        "🙋 Um cliente espera uma pessoa",
    ),
    ("handoff.replied", "💬 Cliente atendido", "💬 Customer answered", "💬 Cliente atendido"),
    ("handoff.closed", "☑️ Conversación cerrada", "☑️ Conversation closed", "☑️ Conversa fechada"),
    (
        "sla.breached",
        "🔥 Un cliente lleva demasiado esperando",
        "🔥 A customer has waited too long",
        "🔥 Um cliente espera há demasiado",
    ),
    (
        "incident.sla_cluster",
        "🚨 Incidente: varios clientes sin atender",
        "🚨 Incident: several customers unanswered",
        "🚨 Incidente: vários clientes sem resposta",
    ),
    (
        "test.ping",
        "🔔 Prueba: esta integración funciona",
        "🔔 Test: this integration works",
        "🔔 Teste: esta integração funciona",
    ),
];
