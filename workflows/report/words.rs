//! The words of a report in each language, and how numbers, shares and times are written in it.

use jiff::civil::Date;

use crate::calendar;
use crate::locale::Locale;

/// The same in Spanish, English and Portuguese.
pub(super) type Words = [&'static str; 3];

/// The words in a language.
pub(super) fn pick(locale: Locale, [es, en, pt]: Words) -> &'static str {
    match locale {
        Locale::Es => es,
        Locale::En => en,
        Locale::Pt => pt,
    }
}

pub(super) const TITLE: Words = ["Informe semanal", "Weekly report", "Relatório semanal"];
pub(super) const WEEK: Words = ["semana", "week", "semana"];
pub(super) const SO_FAR: Words = ["hasta ahora", "so far", "até agora"];
pub(super) const ATTENTION: Words =
    ["Qué mirar", "What needs attention", "O que precisa de atenção"];
pub(super) const NOTHING: Words =
    ["Nada requiere atención.", "Nothing needs attention.", "Nada precisa de atenção."];
pub(super) const NOTHING_COUNTED: Words = [
    "No se sabe: no hay cifras de esta semana.",
    "That is not known: there are no figures of this week.",
    "Não se sabe: não há números desta semana.",
];
pub(super) const NOTHING_IN_PART: Words = [
    "Nada requiere atención en lo que se contó.",
    "Nothing needs attention in what was counted.",
    "Nada precisa de atenção no que foi contado.",
];
pub(super) const UNKNOWN: Words = ["sin cifras", "no figures", "sem números"];
pub(super) const THIS_WEEK: Words = ["Esta semana", "This week", "Esta semana"];
pub(super) const BEFORE: Words = ["Anterior", "Week before", "Anterior"];
pub(super) const CHANGE: Words = ["Cambio", "Change", "Variação"];
pub(super) const NAME: Words = ["Concepto", "Figure", "Indicador"];

pub(super) const EVENTS: Words = ["Eventos", "Events", "Eventos"];
pub(super) const TYPE: Words = ["Tipo", "Type", "Tipo"];
pub(super) const OTHERS: Words = ["Los demás", "All others", "Todos os outros"];

pub(super) const TALKS: Words = ["Conversaciones", "Conversations", "Conversas"];
pub(super) const STARTED: Words = ["Empezadas", "Started", "Iniciadas"];
pub(super) const ENDED: Words = ["Terminadas", "Ended", "Terminadas"];
pub(super) const ESCALATED: Words =
    ["Pasadas a una persona", "Handed to a person", "Passadas a uma pessoa"];
pub(super) const CONVERTED: Words =
    ["Con pedido o reserva", "That led to an order or booking", "Com pedido ou reserva"];
pub(super) const RECEIVED: Words =
    ["Mensajes recibidos", "Messages received", "Mensagens recebidas"];
pub(super) const SENT_MESSAGES: Words =
    ["Mensajes enviados", "Messages sent", "Mensagens enviadas"];
pub(super) const CALLS: Words = ["Llamadas", "Calls", "Chamadas"];
pub(super) const ANSWER_HALF: Words =
    ["Tiempo de respuesta (p50)", "Time to answer (p50)", "Tempo de resposta (p50)"];
pub(super) const ANSWER_MOST: Words =
    ["Tiempo de respuesta (p95)", "Time to answer (p95)", "Tempo de resposta (p95)"];

pub(super) const BOOKINGS: Words = ["Reservas", "Bookings", "Reservas"];
pub(super) const MADE: Words = ["Hechas", "Made", "Feitas"];
pub(super) const CONFIRMED: Words = ["Confirmadas", "Confirmed", "Confirmadas"];
pub(super) const CANCELLED: Words = ["Canceladas", "Cancelled", "Canceladas"];
pub(super) const ARRIVED: Words =
    ["Clientes llegados", "Customers who came", "Clientes que vieram"];
pub(super) const NO_SHOWS: Words =
    ["No se presentaron", "Did not come (no-shows)", "Não compareceram"];
pub(super) const NO_SHOW_RATE: Words = ["Tasa de ausencias", "No-show rate", "Taxa de ausências"];
pub(super) const REMINDERS: Words =
    ["Recordatorios enviados", "Reminders sent", "Lembretes enviados"];
pub(super) const REMINDERS_CONFIRMED: Words = [
    "Confirmadas tras un recordatorio",
    "Confirmed after a reminder",
    "Confirmadas após um lembrete",
];

pub(super) const HANDOFFS: Words =
    ["Atención de personas", "Handoffs to people", "Atendimento por pessoas"];
pub(super) const OPENED: Words = ["Casos abiertos", "Handoffs opened", "Casos abertos"];
pub(super) const BREACHED: Words =
    ["Esperaron demasiado", "Waited too long (SLA)", "Esperaram demais"];
pub(super) const REPLY_HALF: Words =
    ["Respuesta de una persona (p50)", "A person's answer (p50)", "Resposta de uma pessoa (p50)"];
pub(super) const REPLY_MOST: Words =
    ["Respuesta de una persona (p95)", "A person's answer (p95)", "Resposta de uma pessoa (p95)"];

pub(super) const DELIVERIES: Words = ["Entregas", "Deliveries", "Entregas"];
pub(super) const ARRIVING: Words =
    ["Entregas con éxito", "Deliveries that arrive", "Entregas com sucesso"];
pub(super) const ATTEMPTS: Words = ["Intentos", "Attempts", "Tentativas"];
pub(super) const ARRIVED_ATTEMPTS: Words = ["Entregados", "Sent", "Entregues"];
pub(super) const FAILED: Words = ["Fallidos", "Failed", "Falhados"];
pub(super) const SUCCESS: Words = ["Éxito", "Success", "Sucesso"];
pub(super) const CHANNEL: Words = ["Canal", "Channel", "Canal"];
pub(super) const DEAD: Words =
    ["Dados por perdidos", "Given up (dead letters)", "Dados por perdidos"];
pub(super) const CANCELLED_BY_HAND: Words =
    ["Cancelados a mano", "Cancelled by hand", "Cancelados à mão"];
pub(super) const WITHDRAWN: Words = [
    "Retirados por no ser ya ciertos",
    "Withdrawn as no longer true",
    "Retirados por já não serem verdade",
];
pub(super) const ALERTS: Words = ["Alertas", "Alerts raised", "Alertas"];
pub(super) const ASIDE: Words = ["Eventos apartados", "Events set aside", "Eventos postos de lado"];
pub(super) const REFUSED: Words =
    ["Entradas rechazadas", "Inbound requests refused", "Entradas recusadas"];
pub(super) const FAILING: Words =
    ["Destinos que más fallan", "Endpoints that fail most", "Destinos que mais falham"];
pub(super) const CAUSES: Words = ["Causas de fallo", "Causes of failure", "Causas de falha"];
pub(super) const COUNT: Words = ["Veces", "Times", "Vezes"];
pub(super) const ORIGIN: Words = [
    "Hecho por Sereno con lo contado en esta semana.",
    "Made by Sereno of what was counted in this week.",
    "Feito por Sereno com o contado nesta semana.",
];
pub(super) const SHADE: Words = [
    "Barras oscuras: esta semana; claras: la anterior.",
    "Dark bars: this week; pale bars: the week before.",
    "Barras escuras: esta semana; claras: a anterior.",
];
pub(super) const SHADE_FAILED: Words = [
    "Azul: entregados; rojo: fallidos.",
    "Blue: sent; red: failed.",
    "Azul: entregues; vermelho: falhados.",
];

/// A whole number with marks at the thousands.
pub(super) fn number(value: u64, locale: Locale) -> String {
    let mark = match locale {
        Locale::Es | Locale::Pt => '.',
        Locale::En => ',',
    };
    let digits = value.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(mark);
        }
        written.push(digit);
    }
    written
}

/// A share as percent, to one place.
pub(super) fn percent(share: f64, locale: Locale) -> String {
    let written = format!("{:.1}", share * 100.0);
    let written = written.strip_suffix(".0").unwrap_or(&written);
    match locale {
        Locale::Es | Locale::Pt => format!("{} %", written.replace('.', ",")),
        Locale::En => format!("{written}%"),
    }
}

/// A length of time, as short as it can be said.
pub(super) fn time(millis: u64, locale: Locale) -> String {
    let (value, unit) = match millis {
        0..1_000 => return format!("{millis} ms"),
        1_000..60_000 => (millis as f64 / 1_000.0, "s"),
        60_000..3_600_000 => (millis as f64 / 60_000.0, "min"),
        _ => (millis as f64 / 3_600_000.0, "h"),
    };
    let written = format!("{value:.1}");
    let written = written.strip_suffix(".0").unwrap_or(&written);
    match locale {
        Locale::Es | Locale::Pt => format!("{} {unit}", written.replace('.', ",")),
        Locale::En => format!("{written} {unit}"),
    }
}

/// How much more or less it is than before: `+12 %`.
pub(super) fn change(now: f64, before: f64, locale: Locale) -> String {
    if now == before {
        return "=".to_owned();
    }
    if before <= 0.0 {
        return "—".to_owned();
    }
    let share = now / before - 1.0;
    // Beyond this a multiple reads better than a percentage.
    if share >= 9.0 {
        let times = (now / before).round();
        return format!("×{times}");
    }
    let sign = if share < 0.0 { "−" } else { "+" };
    format!("{sign}{}", percent((share.abs() * 100.0).round() / 100.0, locale))
}

/// The days of a week, such as `16–22 de noviembre de 2026`.
pub(super) fn days(first: &str, last: &str, locale: Locale) -> String {
    match (first.parse::<Date>(), last.parse::<Date>()) {
        (Ok(first), Ok(last)) => {
            let year = last.year();
            let (from, to) =
                (calendar::day_and_month(first, locale), calendar::day_and_month(last, locale));
            match locale {
                Locale::Es | Locale::Pt => format!("{from} – {to} de {year}"),
                Locale::En => format!("{from} – {to} {year}"),
            }
        }
        // From an event that others sent under this type.
        (Err(_), _) | (_, Err(_)) => String::new(),
    }
}

/// A day in a few letters, such as `lun 16`.
pub(super) fn day(date: &str, locale: Locale) -> String {
    match date.parse::<Date>() {
        Ok(date) => {
            let name: String = calendar::weekday(date, locale).chars().take(3).collect();
            format!("{name} {}", date.day())
        }
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c04_numbers_shares_and_times_are_written_as_each_language_does() {
        assert_eq!(number(1_234_567, Locale::Es), "1.234.567");
        assert_eq!(number(1_234, Locale::En), "1,234");
        assert_eq!((number(0, Locale::Pt), number(999, Locale::Pt)), ("0".into(), "999".into()));
        assert_eq!(percent(0.985, Locale::Es), "98,5 %");
        assert_eq!(percent(1.0, Locale::En), "100%");
        assert_eq!(time(350, Locale::Es), "350 ms");
        assert_eq!(time(1_250, Locale::Es), "1,2 s");
        assert_eq!(time(150_000, Locale::En), "2.5 min");
        assert_eq!(time(7_200_000, Locale::Pt), "2 h");
        assert_eq!(change(12.0, 10.0, Locale::En), "+20%");
        assert_eq!(change(5.0, 10.0, Locale::Es), "−50 %");
        assert_eq!(change(500.0, 10.0, Locale::Es), "×50");
        assert_eq!(
            (change(3.0, 0.0, Locale::Es), change(0.0, 0.0, Locale::Es)),
            ("—".into(), "=".into())
        );
        assert_eq!(day("2026-11-18", Locale::Es), "mié 18");
        assert_eq!(
            days("2026-11-30", "2026-12-06", Locale::Es),
            "30 de noviembre – 6 de diciembre de 2026"
        );
        assert_eq!(days("2026-11-16", "2026-11-22", Locale::En), "16 November – 22 November 2026");
    }
}
