//! An alert in words: what is wrong and how bad, what was measured against which limit, since when, and where
//! to look. Its first line is a mail's subject and what a phone shows of it, so all that matters is there.

use serde_json::{Map, Value};
use sereno_workflows::alerts::{
    Metric, RULE_CHANGED, RULE_DISABLED, RULE_REMOVED, UNMEASURED, Unit,
};
use sereno_workflows::locale::Locale;

use super::{Fact, line, moment, pick};
use crate::channel::Load;
use crate::limits::{DEAD_LETTERS_COUNTED_MAX, FACT_CHARS_MAX, LABEL_CHARS_MAX};

type Words = [&'static str; 3];

/// The title of an alert and its facts; nothing where it is none.
pub(super) fn words(
    event_type: &str,
    data: &Map<String, Value>,
    load: &Load,
) -> Option<(String, Vec<Fact>)> {
    let is_over = match event_type {
        "alert.raised" => false,
        "alert.resolved" => true,
        _ => return None,
    };
    let locale = load.locale;
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let metric = text("metric").and_then(Metric::from_name);
    let value = |name: &str| Some(value(metric?, data.get(name)?.as_f64()?, locale));
    let rule = text("alert").unwrap_or_default();
    let (measured, limit) = (value("measured"), value("threshold"));
    let severity = text("severity").map(|severity| pick(locale, severity_words(severity)));

    let (begins, ends, instead) = match text("ended_by").filter(|_| is_over) {
        None if !is_over => (RAISED, OVER, None),
        // Whoever looked was sent away: it may be no better.
        Some(RULE_REMOVED) => (UNWATCHED, WATCHED_UNTIL, Some(REMOVED)),
        Some(RULE_DISABLED) => (UNWATCHED, WATCHED_UNTIL, Some(DISABLED)),
        Some(RULE_CHANGED) => (CHANGED, ENDED, Some(CHANGED_NOW)),
        Some(UNMEASURED) => (UNKNOWN, ENDED, Some(UNKNOWN_NOW)),
        Some(_) | None => (RESOLVED, OVER, Some(NOTHING)),
    };
    let mut title = pick(locale, begins).to_owned();
    if let Some(severity) = severity {
        title.push_str(&format!(" ({severity})"));
    }
    if let Some(metric) = metric {
        title.push_str(&format!(": {}", pick(locale, name(metric))));
    }
    if let Some(measured) = &measured {
        title.push_str(&format!(", {measured}"));
    }
    if let Some(limit) = &limit {
        title.push_str(&format!(" ({} {limit})", pick(locale, LIMIT)));
    }
    title.push_str(&format!(" · {rule}"));

    let side = match text("comparison") {
        Some("below") => BELOW,
        Some(_) | None => ABOVE,
    };
    let at = |name: &str| text(name).map(|text| moment(text, &load.zone, locale));
    let limit = limit.map(|limit| format!("{} {limit}", pick(locale, side)));
    let window = text("window").filter(|_| metric.is_none_or(Metric::has_window));
    let advice = instead.unwrap_or_else(|| metric.map_or(LOOK, advice));
    let facts = [
        (SEVERITY, severity.map(str::to_owned)),
        (METRIC, metric.map(|metric| pick(locale, name(metric)).to_owned())),
        (MEASURED, measured),
        (RAISED_WHEN, limit),
        (WINDOW, window.map(|window| pick(locale, window_words(window)).to_owned())),
        (SINCE, at("since")),
        (ends, at("resolved_at")),
        (TO_DO, Some(pick(locale, advice).to_owned())),
        (RULE, Some(rule.to_owned())),
    ];
    let fact = |(label, value): (Words, Option<String>)| {
        let value = line(&value?, FACT_CHARS_MAX);
        Some(Fact { label: line(pick(locale, label), LABEL_CHARS_MAX), value })
    };
    Some((title, facts.into_iter().filter_map(fact).collect()))
}

const RAISED: Words = ["Alerta", "Alert", "Alerta"];
const RESOLVED: Words = ["Alerta resuelta", "Alert resolved", "Alerta resolvido"];
const UNWATCHED: Words =
    ["Alerta sin vigilancia", "Alert no longer watched", "Alerta sem vigilância"];
const CHANGED: Words = [
    "Alerta terminada al cambiar su regla",
    "Alert ended by a change of its rule",
    "Alerta terminado ao mudar a sua regra",
];
const UNKNOWN: Words = [
    "Alerta terminada sin nada que medir",
    "Alert ended with nothing left to measure",
    "Alerta terminado sem nada para medir",
];
const OR_MORE: Words = ["o más", "or more", "ou mais"];
const LIMIT: Words = ["límite", "limit", "limite"];
const ABOVE: Words = ["por encima de", "above", "acima de"];
const BELOW: Words = ["por debajo de", "below", "abaixo de"];

const SEVERITY: Words = ["Gravedad", "Severity", "Gravidade"];
const METRIC: Words = ["Qué se mide", "What is measured", "O que se mede"];
const MEASURED: Words = ["Medido", "Measured", "Medido"];
const RAISED_WHEN: Words = ["Avisa", "Alerts when", "Avisa"];
const WINDOW: Words = ["En los últimos", "Over the last", "Nos últimos"];
const SINCE: Words = ["Desde", "Since", "Desde"];
const OVER: Words = ["Resuelta", "Resolved", "Resolvido"];
const WATCHED_UNTIL: Words = ["Vigilada hasta", "Watched until", "Vigiado até"];
const ENDED: Words = ["Terminada", "Ended", "Terminado"];
const TO_DO: Words = ["Qué hacer", "What to do", "O que fazer"];
const RULE: Words = ["Regla", "Rule", "Regra"];

const NOTHING: Words = [
    "Nada: ha vuelto a su límite.",
    "Nothing: it is as it should be again.",
    "Nada: voltou ao limite.",
];
const REMOVED: Words = [
    "La regla se quitó: no se vigila más, esté como esté.",
    "The rule was removed: it is watched no more, however it stands.",
    "A regra foi removida: já não se vigia, esteja como estiver.",
];
const DISABLED: Words = [
    "La regla se desactivó: no se vigila más, esté como esté.",
    "The rule was disabled: it is watched no more, however it stands.",
    "A regra foi desativada: já não se vigia, esteja como estiver.",
];
const CHANGED_NOW: Words = [
    "La regla se cambió: tal como era, la alerta podría seguir. Mirar Alertas en la consola (GET /api/v1/alerts).",
    "The rule was changed: as it was, the alert might go on. Look at Alerts in the console (GET /api/v1/alerts).",
    "A regra foi alterada: tal como era, o alerta podia continuar. Ver Alertas na consola (GET /api/v1/alerts).",
];
const UNKNOWN_NOW: Words = [
    "Hay demasiado poco que medir: no se sabe si ha vuelto a su límite. Vuelve a avisar si se mide que no.",
    "There is too little to measure: whether it is as it should be is not known. It alerts again if it is measured not to be.",
    "Há muito pouco para medir: não se sabe se voltou ao limite. Volta a avisar se se medir que não.",
];
const LOOK: Words = [
    "Mirar Alertas en la consola (GET /api/v1/alerts).",
    "Look at Alerts in the console (GET /api/v1/alerts).",
    "Ver Alertas na consola (GET /api/v1/alerts).",
];

fn severity_words(severity: &str) -> Words {
    match severity {
        "critical" => ["crítica", "critical", "crítico"],
        "warning" => ["aviso", "warning", "aviso"],
        _ => ["informativa", "info", "informativo"],
    }
}

fn window_words(window: &str) -> Words {
    match window {
        "1m" => ["60 segundos", "60 seconds", "60 segundos"],
        "5m" => ["5 minutos", "5 minutes", "5 minutos"],
        "1h" => ["60 minutos", "60 minutes", "60 minutos"],
        _ => ["24 horas", "24 hours", "24 horas"],
    }
}

/// What a metric is to people.
fn name(metric: Metric) -> Words {
    match metric {
        Metric::DeliveryFailureRate => [
            "intentos de entrega que fallan",
            "delivery attempts that fail",
            "tentativas de entrega que falham",
        ],
        Metric::DeliveryLatencyP95 => [
            "duración de los intentos de entrega (p95)",
            "time that delivery attempts take (p95)",
            "duração das tentativas de entrega (p95)",
        ],
        Metric::RetryRate => [
            "intentos que son reintentos",
            "attempts that are retries",
            "tentativas que são repetições",
        ],
        Metric::Availability => {
            ["entregas que llegan", "deliveries that arrive", "entregas que chegam"]
        }
        Metric::DeadLetters => [
            "entregas dadas por perdidas",
            "deliveries given up (dead letters)",
            "entregas dadas por perdidas",
        ],
        Metric::ProcessingP95 => [
            "tiempo en procesar un evento (p95)",
            "time to process an event (p95)",
            "tempo a processar um evento (p95)",
        ],
        Metric::ErrorRate => ["eventos apartados", "events set aside", "eventos postos de lado"],
        Metric::SignatureFailureRate => [
            "peticiones entrantes sin firma válida",
            "inbound requests without a valid signature",
            "pedidos recebidos sem assinatura válida",
        ],
        Metric::ResponseTimeP95 => [
            "espera de los clientes por una respuesta (p95)",
            "customers' wait for an answer (p95)",
            "espera dos clientes por uma resposta (p95)",
        ],
        Metric::NoShows => {
            ["clientes que no han venido", "customers who did not come", "clientes que não vieram"]
        }
        Metric::SlaBreaches => [
            "clientes que esperaron demasiado a una persona",
            "customers who waited too long for a person",
            "clientes que esperaram demais por uma pessoa",
        ],
    }
}

/// Where to look first.
fn advice(metric: Metric) -> Words {
    match metric {
        Metric::DeliveryFailureRate | Metric::RetryRate | Metric::Availability => [
            "Mirar en la consola qué integración falla y con qué respuesta: Integraciones y Entregas \
             (GET /api/v1/admin/notify/logs).",
            "Look in the console which endpoint fails and what it answers: Integrations and Deliveries \
             (GET /api/v1/admin/notify/logs).",
            "Ver na consola que integração falha e com que resposta: Integrações e Entregas \
             (GET /api/v1/admin/notify/logs).",
        ],
        Metric::DeliveryLatencyP95 => [
            "Mirar qué integración responde despacio: Integraciones en la consola (GET /api/v1/stats).",
            "Look which endpoint answers slowly: Integrations in the console (GET /api/v1/stats).",
            "Ver que integração responde devagar: Integrações na consola (GET /api/v1/stats).",
        ],
        Metric::DeadLetters => [
            "Mirar las causas, arreglarlas y reintentar o descartar: No entregadas, o sereno dead-letters list \
             (GET /api/v1/dead-letters).",
            "Look at the causes, mend them, then retry or discard: Dead letters, or sereno dead-letters list \
             (GET /api/v1/dead-letters).",
            "Ver as causas, corrigi-las e repetir ou descartar: Não entregues, ou sereno dead-letters list \
             (GET /api/v1/dead-letters).",
        ],
        Metric::ProcessingP95 => [
            "Mirar la carga y el disco del servidor: Sistema en la consola (GET /metrics).",
            "Look at the server's load and its disk: System in the console (GET /metrics).",
            "Ver a carga e o disco do servidor: Sistema na consola (GET /metrics).",
        ],
        Metric::ErrorRate => [
            "Mirar por qué se apartaron y reprocesarlos: Eventos en la consola \
             (POST /api/v1/events/reprocess).",
            "Look why they were set aside and process them again: Events in the console \
             (POST /api/v1/events/reprocess).",
            "Ver porque foram postos de lado e reprocessá-los: Eventos na consola \
             (POST /api/v1/events/reprocess).",
        ],
        Metric::SignatureFailureRate => [
            "Mirar quién envía y si su secreto es el que hay aquí: GET /api/v1/inbound-log?refused=true.",
            "Look who sends it and whether its secret is the one that stands here: \
             GET /api/v1/inbound-log?refused=true.",
            "Ver quem envia e se o segredo é o que está aqui: GET /api/v1/inbound-log?refused=true.",
        ],
        Metric::ResponseTimeP95 => [
            "Mirar si el asistente responde: Conversaciones en la consola (GET /api/v1/conversations).",
            "Look whether the assistant answers: Conversations in the console (GET /api/v1/conversations).",
            "Ver se o assistente responde: Conversas na consola (GET /api/v1/conversations).",
        ],
        Metric::NoShows => [
            "Mirar si los recordatorios llegaron: Reservas en la consola (GET /api/v1/reservations).",
            "Look whether the reminders arrived: Reservations in the console (GET /api/v1/reservations).",
            "Ver se os lembretes chegaram: Reservas na consola (GET /api/v1/reservations).",
        ],
        Metric::SlaBreaches => [
            "Atender a quien espera: GET /api/v1/handoffs?status=open, o la consola.",
            "Answer those who wait: GET /api/v1/handoffs?status=open, or the console.",
            "Atender quem espera: GET /api/v1/handoffs?status=open, ou a consola.",
        ],
    }
}

/// A value as people write it.
fn value(metric: Metric, value: f64, locale: Locale) -> String {
    let (number, unit) = match metric.unit() {
        Unit::Share => (value * 100.0, if locale == Locale::En { "%" } else { " %" }),
        Unit::Milliseconds if value < 1_000.0 => (value, " ms"),
        Unit::Milliseconds => (value / 1_000.0, " s"),
        Unit::Count => (value, ""),
    };
    let written = format!("{number:.2}");
    let written = written.trim_end_matches('0').trim_end_matches('.');
    if metric == Metric::DeadLetters && value >= DEAD_LETTERS_COUNTED_MAX as f64 {
        return format!("{written} {}", pick(locale, OR_MORE));
    }
    match locale {
        Locale::Es | Locale::Pt => format!("{}{unit}", written.replace('.', ",")),
        Locale::En => format!("{written}{unit}"),
    }
}

#[cfg(test)]
mod tests;
