//! What a report says in sentences: what somebody should look at, and what must be known to read it.

use super::figures::{Coverage, Remark, Report, Totals};
use super::making::About;
use super::words::{Words, number, percent, pick, time};
use crate::calendar;
use crate::locale::Locale;
use crate::time::{Span, Timestamp};

/// A share of customers who did not come that is worth a sentence.
const NO_SHOW_SHARE: f64 = 0.1;
/// Customers who did not come that are worth one.
const NO_SHOWS: u64 = 3;
/// A share of attempts that failed, as alerts have it.
const FAILED_SHARE: f64 = 0.05;
/// So many there must have been for a share or a comparison to mean anything.
const AT_LEAST: u64 = 20;
/// A share of requests that were refused, as alerts have it.
const REFUSED_SHARE: f64 = 0.01;
/// From so much less than the week before on, it is a drop.
const DROP: f64 = 0.3;
/// Spans without a server that are told one by one.
const ABSENCES_MAX: usize = 5;
/// How long a customer may wait for an answer before it is said that it takes longer than before.
const ANSWER_MS: u64 = 10_000;

/// What somebody should look at, the worst first; nothing where it is not known whether there is anything.
pub(super) fn attention(report: &Report) -> Option<Vec<Remark>> {
    let locale = report.locale;
    let mut remarks = Vec::new();
    let mut say = |code: &str, sentence: String| {
        remarks.push(Remark { code: code.to_owned(), sentence });
    };
    let totals = report.counted()?;
    let count = |value| number(value, locale);
    if totals.dead_letters > 0 {
        let sentence = pick(locale, DEAD_LETTERS).replace("{n}", &count(totals.dead_letters));
        say("dead_letters", sentence);
    }
    if let Some(held) = report.deliveries_held.filter(|held| *held > 0) {
        say("deliveries_held", pick(locale, HELD).replace("{n}", &count(held)));
    }
    if let Some(sentence) = failures(report, totals) {
        say("deliveries_failing", sentence);
    }
    if totals.sla_breached > 0 {
        let sentence = pick(locale, SLA).replace("{n}", &count(totals.sla_breached));
        say("sla_breached", sentence.replace("{of}", &count(totals.handoffs_opened)));
    }
    if totals.events_failed > 0 {
        let sentence = pick(locale, SET_ASIDE).replace("{n}", &count(totals.events_failed));
        say("events_set_aside", sentence);
    }
    if let Some(rate) = totals.no_show_rate
        && rate >= NO_SHOW_SHARE
        && totals.no_shows >= NO_SHOWS
    {
        let sentence = pick(locale, DID_NOT_COME).replace("{n}", &count(totals.no_shows));
        say("no_shows", sentence.replace("{share}", &percent(rate, locale)));
    }
    if totals.alerts_raised > 0 {
        let sentence = pick(locale, ALERTS).replace("{n}", &count(totals.alerts_raised));
        say("alerts_raised", sentence);
    }
    let letters = totals.inbound_accepted + totals.inbound_refused;
    if letters >= AT_LEAST && totals.inbound_refused as f64 > letters as f64 * REFUSED_SHARE {
        let sentence = pick(locale, REFUSED).replace("{n}", &count(totals.inbound_refused));
        say("inbound_refused", sentence.replace("{of}", &count(letters)));
    }
    if let Some(before) = &report.week_before {
        for (code, sentence) in comparisons(totals, before, locale) {
            say(code, sentence);
        }
    }
    Some(remarks)
}

fn failures(report: &Report, totals: &Totals) -> Option<String> {
    let (locale, deliveries) = (report.locale, &totals.deliveries);
    let share = 1.0 - deliveries.success_rate?;
    if deliveries.attempts < AT_LEAST || share <= FAILED_SHARE {
        return None;
    }
    let mut sentence = pick(locale, FAILING).replace("{share}", &percent(share, locale));
    if let Some(worst) = report.failing_endpoints.iter().flatten().next() {
        let name = super::document::endpoint(worst);
        sentence = format!("{sentence} {}", pick(locale, WORST).replace("{name}", &name));
    }
    if let Some(first) = report.causes.iter().flatten().next() {
        let cause = pick(locale, CAUSE).replace("{cause}", &first.cause);
        sentence = format!("{sentence} {cause}");
    }
    Some(sentence)
}

fn comparisons(now: &Totals, before: &Totals, locale: Locale) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    let is_drop =
        |now: u64, before: u64| before >= AT_LEAST && (now as f64) < before as f64 * (1.0 - DROP);
    for (code, words, now, before) in [
        ("fewer_events", FEWER_EVENTS, now.events, before.events),
        ("fewer_bookings", FEWER_BOOKINGS, now.reservations_created, before.reservations_created),
    ] {
        if is_drop(now, before) {
            let sentence = pick(locale, words).replace("{n}", &number(now, locale));
            said.push((code, sentence.replace("{of}", &number(before, locale))));
        }
    }
    let (answers, earlier) = (&now.ai_response_time, &before.ai_response_time);
    if let (Some(p95), Some(was)) = (answers.p95_ms, earlier.p95_ms)
        && answers.count >= AT_LEAST
        && p95 > ANSWER_MS
        && p95 > was.saturating_mul(2)
    {
        let sentence = pick(locale, SLOWER).replace("{n}", &time(p95, locale));
        said.push(("slower_answers", sentence.replace("{of}", &time(was, locale))));
    }
    said
}

/// What must be known to read the figures.
pub(super) fn notes(report: &Report, about: &About<'_>) -> Vec<Remark> {
    let locale = report.locale;
    let mut notes = Vec::new();
    let [from, to, since] = [&report.from, &report.to, &report.counted_since]
        .map(|at| Timestamp::from_rfc3339(at).unwrap_or_default());
    let absences = about.absences.iter().filter(|absence| absence.0 < to && absence.1 > from);
    let absences = absences.filter(|absence| absence.1 > since);
    for (from, to) in absences.take(ABSENCES_MAX) {
        let sentence = pick(locale, ABSENT).replace("{at}", &moment(*from, about));
        let sentence = sentence.replace("{until}", &moment(*to, about));
        notes.push(Remark { code: "server_absent".to_owned(), sentence });
    }
    let mut say = |code: &str, words: Words, at: Option<Timestamp>| {
        let at = at.map(|at| moment(at, about)).unwrap_or_default();
        let sentence = pick(locale, words).replace("{at}", &at);
        notes.push(Remark { code: code.to_owned(), sentence });
    };
    match report.coverage {
        Coverage::None if since >= to => say("nothing_counted", NOTHING_COUNTED, Some(since)),
        Coverage::Partial if since > from => say("counted_in_part", COUNTED_IN_PART, Some(since)),
        Coverage::None | Coverage::Partial | Coverage::Whole => {}
    }
    if !report.complete {
        say("not_over", NOT_OVER, Some(about.now));
    }
    if report.coverage != Coverage::None {
        match (&report.week_before, report.complete) {
            (None, _) => say("no_comparison", NO_COMPARISON, None),
            (Some(_), false) => say("compared_in_part", COMPARED_IN_PART, None),
            (Some(_), true) => {}
        }
        if from.0.rem_euclid(Span::hours(1).0.cast_signed()) != 0 {
            say("hours_at_midnight", HOURS_AT_MIDNIGHT, None);
        }
    }
    notes
}

fn moment(at: Timestamp, about: &About<'_>) -> String {
    let wall = at.wall(about.zone);
    let (date, time) = (calendar::date(wall.date(), about.locale), calendar::time(wall));
    match about.locale {
        Locale::Es | Locale::Pt => format!("{date} de {}, {time}", wall.year()),
        Locale::En => format!("{date} {}, {time}", wall.year()),
    }
}

const DEAD_LETTERS: Words = [
    "Entregas dadas por perdidas: {n}; se pueden mirar y reintentar en No entregadas.",
    "Deliveries given up: {n}; look at them under Dead letters and try them again.",
    "Entregas dadas por perdidas: {n}; podem ser vistas e tentadas de novo em Não entregues.",
];
const HELD: Words = [
    "Entregas retenidas ahora por destinos desactivados o canales en pausa: {n}; salen cuando alguien los active o los reanude.",
    "Deliveries held at this moment by disabled endpoints or paused channels: {n}; they go when somebody enables or resumes these.",
    "Entregas retidas neste momento por destinos desativados ou canais em pausa: {n}; saem quando alguém os ativar ou retomar.",
];
const FAILING: Words = [
    "Falló el {share} de los intentos de entrega.",
    "{share} of the attempts at delivery failed.",
    "Falharam {share} das tentativas de entrega.",
];
const WORST: Words =
    ["El que más falla: {name}.", "What fails most: {name}.", "O que mais falha: {name}."];
const CAUSE: Words = [
    "La causa más frecuente: {cause}.",
    "The most frequent cause: {cause}.",
    "A causa mais frequente: {cause}.",
];
const SLA: Words = [
    "Clientes que esperaron demasiado a una persona: {n} (de {of} casos).",
    "Customers who waited too long for a person: {n} (of {of} handoffs).",
    "Clientes que esperaram demais por uma pessoa: {n} (de {of} casos).",
];
const SET_ASIDE: Words = [
    "Eventos apartados porque fallaron al procesarse: {n}.",
    "Events set aside because processing failed: {n}.",
    "Eventos postos de lado por falha no processamento: {n}.",
];
const DID_NOT_COME: Words = [
    "Clientes que no se presentaron: {n}, el {share} de los que tenían mesa.",
    "Customers who did not come: {n}, {share} of those who were due.",
    "Clientes que não compareceram: {n}, {share} dos esperados.",
];
const ALERTS: Words =
    ["Alertas que saltaron: {n}.", "Alerts that were raised: {n}.", "Alertas que dispararam: {n}."];
const REFUSED: Words = [
    "Peticiones entrantes rechazadas: {n} de {of}; mire el registro de entradas.",
    "Inbound requests refused: {n} of {of}; look at the inbound log.",
    "Pedidos de entrada recusados: {n} de {of}; veja o registo de entradas.",
];
const FEWER_EVENTS: Words = [
    "Menos eventos que la semana anterior: {n}, antes {of}.",
    "Fewer events than the week before: {n}, after {of}.",
    "Menos eventos que na semana anterior: {n}, antes {of}.",
];
const FEWER_BOOKINGS: Words = [
    "Menos reservas que la semana anterior: {n}, antes {of}.",
    "Fewer bookings than the week before: {n}, after {of}.",
    "Menos reservas que na semana anterior: {n}, antes {of}.",
];
const SLOWER: Words = [
    "Las respuestas tardan más que la semana anterior: p95 {n}, antes {of}.",
    "Answers take longer than the week before: p95 {n}, after {of}.",
    "As respostas demoram mais que na semana anterior: p95 {n}, antes {of}.",
];
const NOTHING_COUNTED: Words = [
    "De esta semana no hay cifras: se cuenta, o se guarda lo contado, desde {at}.",
    "There are no figures of this week: counts begin, or are kept, from {at}.",
    "Não há números desta semana: conta-se, ou guarda-se o contado, desde {at}.",
];
const COUNTED_IN_PART: Words = [
    "La semana no está entera: hay cifras desde {at}.",
    "The week is not whole: there are figures from {at}.",
    "A semana não está inteira: há números desde {at}.",
];
const ABSENT: Words = [
    "El servidor no estuvo en marcha desde {at} hasta {until}: de ese tiempo no se sabe nada.",
    "The server did not run from {at} until {until}: nothing is known of that time.",
    "O servidor não esteve em funcionamento de {at} até {until}: desse tempo nada se sabe.",
];
const NOT_OVER: Words = [
    "La semana no ha terminado: cifras hasta {at}.",
    "The week is not over: figures so far, until {at}.",
    "A semana não terminou: números até {at}.",
];
const NO_COMPARISON: Words = [
    "De la semana anterior no hay cifras completas, así que no se compara.",
    "There are no whole figures of the week before, so nothing is compared.",
    "Da semana anterior não há números completos, por isso não se compara.",
];
const COMPARED_IN_PART: Words = [
    "Se compara con la misma parte de la semana anterior.",
    "It is compared with the same part of the week before.",
    "Compara-se com a mesma parte da semana anterior.",
];
const HOURS_AT_MIDNIGHT: Words = [
    "Se cuenta por horas UTC: en esta zona, la hora de la medianoche cuenta en el día que termina.",
    "Counts are by hours of UTC: in this zone, the hour of midnight counts to the day that ends.",
    "Conta-se por horas UTC: neste fuso, a hora da meia-noite conta no dia que termina.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c04_what_was_given_up_is_found_under_the_name_that_the_consoles_menu_has_for_it() {
        let menus = [
            include_str!("../../src/console/words/es/common.js"),
            include_str!("../../src/console/words/en/common.js"),
            include_str!("../../src/console/words/pt/common.js"),
        ];
        for (locale, menu) in [Locale::Es, Locale::En, Locale::Pt].into_iter().zip(menus) {
            let rest = menu.split_once("\"screen.dead-letters\": \"").unwrap().1;
            let name = rest.split_once('"').unwrap().0;
            let sentence = pick(locale, DEAD_LETTERS);
            assert!(sentence.contains(name), "{name} is not in {sentence}");
        }
    }
}
