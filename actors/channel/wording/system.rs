//! What Sereno tells of itself in words: endpoints that fail, secrets that grow old, dead letters, what was set
//! aside. Each says which one, since when, and what to do.

use serde_json::{Map, Value};

use super::{Fact, line, moment, pick};
use crate::channel::Load;
use crate::limits::{FACT_CHARS_MAX, LABEL_CHARS_MAX};

type Words = [&'static str; 3];

/// One type: its title, what of its data is shown under which name, and what to do.
struct Notice {
    title: Words,
    fields: &'static [(&'static str, Words)],
    to_do: Words,
}

const ENDPOINT: Words = ["Integración", "Endpoint", "Integração"];
const FAILING_SINCE: Words = ["Falla desde", "Failing since", "Falha desde"];
const COUNT: Words = ["Cuántas", "How many", "Quantas"];
const LIMIT: Words = ["Límite", "Limit", "Limite"];
const REASON: Words = ["Motivo", "Reason", "Motivo"];
const ERROR: Words = ["Último error", "Last error", "Último erro"];
const SOURCE: Words = ["Origen", "Source", "Origem"];
const TO_DO: Words = ["Qué hacer", "What to do", "O que fazer"];

/// The title of what Sereno tells of itself, and its facts; nothing where it is something else.
pub(super) fn words(
    event_type: &str,
    data: &Map<String, Value>,
    load: &Load,
) -> Option<(String, Vec<Fact>)> {
    let Notice { title, fields, to_do } = notice(event_type)?;
    let locale = load.locale;
    let fact = |label: Words, value: &str| Fact {
        label: line(pick(locale, label), LABEL_CHARS_MAX),
        value: line(value, FACT_CHARS_MAX),
    };
    let mut title = pick(locale, title).to_owned();
    let mut facts = Vec::new();
    if let Some(id) = data.get("endpoint_id").and_then(Value::as_u64) {
        let kind = data.get("kind").and_then(Value::as_str).unwrap_or_default();
        let name = format!("{kind} {id}").trim().to_owned();
        title = format!("{title}: {name}");
        facts.push(fact(ENDPOINT, &name));
    }
    for (name, label) in fields {
        let value = match data.get(*name) {
            Some(Value::String(text)) if is_moment(name) => moment(text, &load.zone, locale),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) if *name == "percent" => format!("{number} %"),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Null) | None => {
                continue;
            }
        };
        facts.push(fact(*label, &value));
    }
    facts.push(fact(TO_DO, pick(locale, to_do)));
    Some((title, facts))
}

/// What a type is called where there is no room for which one it is.
pub(super) fn title(event_type: &str) -> Option<Words> {
    notice(event_type).map(|notice| notice.title)
}

fn is_moment(field: &str) -> bool {
    field.ends_with("_at") || field.ends_with("_since")
}

fn notice(event_type: &str) -> Option<Notice> {
    endpoints(event_type).or_else(|| letters(event_type)).or_else(|| aside(event_type))
}

fn endpoints(event_type: &str) -> Option<Notice> {
    Some(match event_type {
        "endpoint.failing" => Notice {
            title: ["Una integración falla", "An endpoint fails", "Uma integração falha"],
            fields: &[
                ("failing_since", FAILING_SINCE),
                ("error", ERROR),
                (
                    "percent",
                    [
                        "Del tiempo hasta desactivarla",
                        "Of the time until disabled",
                        "Do tempo até desativar",
                    ],
                ),
                ("disabled_at", ["Se desactiva", "Is disabled", "Desativa-se"]),
            ],
            to_do: [
                "Arreglar lo que responde, o probarla: Integraciones en la consola, o sereno endpoints test.",
                "Mend what answers there, then test it: Integrations in the console, or sereno endpoints test.",
                "Corrigir o que responde, ou testá-la: Integrações na consola, ou sereno endpoints test.",
            ],
        },
        "endpoint.recovered" => Notice {
            title: [
                "Una integración vuelve a funcionar",
                "An endpoint works again",
                "Uma integração voltou a funcionar",
            ],
            fields: &[(
                "failing_since",
                ["Fallaba desde", "It was failing since", "Falhava desde"],
            )],
            to_do: [
                "Nada: lo que esperaba se entrega. Lo que se dio por perdido: sereno endpoints recover.",
                "Nothing: what waits is delivered. What was given up: sereno endpoints recover.",
                "Nada: o que esperava é entregue. O que se deu por perdido: sereno endpoints recover.",
            ],
        },
        "endpoint.disabled" => Notice {
            title: ["Integración desactivada", "Endpoint disabled", "Integração desativada"],
            fields: &[("reason", REASON)],
            to_do: [
                "Arreglarla, activarla de nuevo en Integraciones y recuperar lo perdido: sereno endpoints recover.",
                "Mend it, enable it again under Integrations, and recover what it missed: sereno endpoints recover.",
                "Corrigi-la, ativá-la de novo em Integrações e recuperar o perdido: sereno endpoints recover.",
            ],
        },
        "endpoint.secret.expiring" => Notice {
            title: [
                "El secreto de una integración es viejo",
                "An endpoint's secret is old",
                "O segredo de uma integração é antigo",
            ],
            fields: &[
                ("secret_created_at", ["Creado", "Made", "Criado"]),
                ("age_days", ["Días", "Days", "Dias"]),
            ],
            to_do: [
                "Rotarlo en Integraciones (o sereno endpoints rotate-secret); el viejo vale aún un tiempo.",
                "Rotate it under Integrations (or sereno endpoints rotate-secret); the old one holds for a while.",
                "Rodá-lo em Integrações (ou sereno endpoints rotate-secret); o antigo ainda vale um tempo.",
            ],
        },
        _ => return None,
    })
}

fn letters(event_type: &str) -> Option<Notice> {
    let to_do = [
        "Mirar las causas y reintentar o descartar: No entregadas en la consola, o sereno dead-letters list.",
        "Look at the causes, then retry or discard: Dead letters in the console, or sereno dead-letters list.",
        "Ver as causas e repetir ou descartar: Não entregues na consola, ou sereno dead-letters list.",
    ];
    Some(match event_type {
        "dead_letters.threshold_exceeded" => Notice {
            title: [
                "Demasiadas entregas dadas por perdidas",
                "Too many deliveries were given up",
                "Demasiadas entregas dadas por perdidas",
            ],
            fields: &[("count", COUNT), ("threshold", LIMIT)],
            to_do,
        },
        "dead_letters.aging" => Notice {
            title: [
                "Una entrega perdida espera desde hace demasiado",
                "A delivery that was given up has lain for too long",
                "Uma entrega perdida espera há demasiado tempo",
            ],
            fields: &[
                ("oldest_at", ["La más antigua", "The oldest", "A mais antiga"]),
                ("count", COUNT),
                ("threshold", LIMIT),
            ],
            to_do,
        },
        "dead_letters.expired" => Notice {
            title: [
                "Entregas perdidas que han caducado",
                "Dead letters have expired",
                "Entregas perdidas que caducaram",
            ],
            fields: &[("count", COUNT)],
            to_do: [
                "Nada: se borraron. Su evento sigue ahí y puede repetirse: POST /api/v1/events/{id}/replay.",
                "Nothing: they are gone. Their events can be sent again: POST /api/v1/events/{id}/replay.",
                "Nada: foram apagadas. Os seus eventos podem repetir-se: POST /api/v1/events/{id}/replay.",
            ],
        },
        _ => return None,
    })
}

fn aside(event_type: &str) -> Option<Notice> {
    Some(match event_type {
        "pipeline.quarantined" => Notice {
            title: [
                "Un evento fue apartado",
                "An event was set aside",
                "Um evento foi posto de lado",
            ],
            fields: &[
                ("event_type", ["Tipo", "Type", "Tipo"]),
                ("event_id", ["Evento", "Event", "Evento"]),
                ("stage", ["Etapa", "Stage", "Etapa"]),
                ("reason", REASON),
                ("deaths", ["Intentos", "Tries", "Tentativas"]),
            ],
            to_do: [
                "Mirar el motivo y reprocesarlo: Eventos en la consola, o POST /api/v1/events/{id}/reprocess.",
                "Look at the reason and process it again: Events in the console, or POST /api/v1/events/{id}/reprocess.",
                "Ver o motivo e reprocessá-lo: Eventos na consola, ou POST /api/v1/events/{id}/reprocess.",
            ],
        },
        "inbound.quarantined" => Notice {
            title: [
                "Algo que entró no se pudo procesar",
                "Something that came in could not be processed",
                "Algo que entrou não pôde ser processado",
            ],
            fields: &[
                ("source", SOURCE),
                ("inbound_id", ["Entrada", "Entry", "Entrada"]),
                ("error", ERROR),
                ("attempts", ["Intentos", "Tries", "Tentativas"]),
            ],
            to_do: [
                "Mirar el motivo y reprocesarlo: Recepción en la consola, o POST /api/v1/inbound-log/{id}/reprocess.",
                "Look at the reason and read it again: Inbound log in the console, or POST /api/v1/inbound-log/{id}/reprocess.",
                "Ver o motivo e reprocessá-lo: Recepção na consola, ou POST /api/v1/inbound-log/{id}/reprocess.",
            ],
        },
        "inbound.refused" => Notice {
            title: [
                "Se rechaza mucho de lo que entra",
                "Much of what comes in is refused",
                "Muito do que entra é recusado",
            ],
            fields: &[("source", SOURCE), ("reason", REASON)],
            to_do: [
                "Mirar quién envía y si su secreto es el que hay aquí: GET /api/v1/inbound-log?refused=true.",
                "Look who sends it and whether its secret is the one that stands here: GET /api/v1/inbound-log?refused=true.",
                "Ver quem envia e se o segredo é o que está aqui: GET /api/v1/inbound-log?refused=true.",
            ],
        },
        _ => return None,
    })
}
