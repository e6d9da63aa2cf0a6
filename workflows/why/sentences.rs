//! The reasons and their sentences, read from one table with a row for each reason, in three languages.
//!
//! Places in braces are filled by the reason's values. A time stands behind a colon, so that no language needs
//! another preposition for another day. Where a language counts one otherwise than many, a row has `one` for a
//! count of one, `sole` for one of one, and `none` for a count of none, each in Spanish, English and Portuguese.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Letter;
use super::failure::{NO_HTTP, NO_NAME, NO_TLS, NOT_SENT};
use crate::locale::Locale;

/// A reason; its row in `sentences.json` says it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each says what it is in the table, in three languages")]
pub enum Code {
    Arrived,
    ProviderTook,
    ProviderFailed,
    ProviderArrived,
    ProviderRead,
    BeingTried,
    FirstTry,
    Later,
    Batching,
    Parked,
    ParkedUntil,
    RateLimited,
    RateLimitedTogether,
    PacedSlack,
    PacedNumber,
    PacedCustomer,
    Backlog,
    BreakerOpen,
    AskedToWait,
    QuietHours,
    Retrying,
    RetryingUnanswered,
    Held,
    ChannelPaused,
    Cancelled,
    Collected,
    Withdrawn,
    CancelledByHand,
    DeadRefused,
    DeadExhausted,
    DeadUnanswered,
    DeadGone,
    DeadWindow,
    DeadConfiguration,
    DeadSystem,
    EventQuarantined,
    EventDead,
    EventLost,
    EventUndelivered,
    EventUnderWay,
    EventUnderWayUntil,
    EventTrying,
    EventHeld,
    EventPaused,
    EventDisabled,
    EventIgnored,
    EventDropped,
    EventDeleted,
    EventCancelled,
    EventUntrue,
    EventPartlyDropped,
    EventPartlyDeleted,
    EventPartlyCancelled,
    EventPartlyUntrue,
    EventPartlyCollected,
    EventPartlyDeletedCollected,
    EventPartlyCancelledCollected,
    EventPartlyUntrueCollected,
    EventCollected,
    EventArrived,
    EventFilteredType,
    EventFilteredIntent,
    EventFilteredDisabled,
    EventFiltered,
    EventNobody,
    TimerReminder,
    TimerNoShow,
    TimerSla,
    TimerSnooze,
    TimerIdle,
    TimerHold,
    TimerDeadLetterAge,
    TimerSecret,
    TimerWave,
    TimerQuiet,
    TimerViewers,
    TimerAlerts,
    TimerReport,
    TimerSignal,
    TimerUnreadable,
    TimerStale,
    Booked,
    BookedLate,
    BookedTooLate,
    BookedUnreminded,
    BookedMissed,
    BookedWithout,
    Asked,
    AskedAgain,
    Asking,
    AskingAgain,
    AskFailed,
    AskFailedAgain,
    BookedOnly,
    Confirmed,
    ConfirmedOnly,
    ReservationCancelled,
    CustomerArrived,
    Completed,
    NoShow,
    HandoffWaiting,
    HandoffUnwatched,
    HandoffBreached,
    HandoffClaimed,
    HandoffClaimedUnwatched,
    HandoffClaimedBreached,
    HandoffSnoozed,
    HandoffSnoozedWatched,
    HandoffClaimedSnoozed,
    HandoffClaimedSnoozedWatched,
    HandoffReplied,
    HandoffClaimedReplied,
    HandoffClosed,
    TalkOpen,
    TalkKept,
    TalkHeld,
    TalkHeldUntil,
    TalkEscalated,
    TalkIdle,
    TalkEnded,
    EndpointNew,
    EndpointNewUntil,
    EndpointTrying,
    EndpointHealthy,
    EndpointHealthyUntil,
    EndpointHealthyTrying,
    EndpointSteady,
    EndpointSteadyUntil,
    EndpointSteadyTrying,
    EndpointRefused,
    EndpointRefusedUntil,
    EndpointRefusedTrying,
    EndpointUnanswered,
    EndpointUnansweredUntil,
    EndpointUnansweredTrying,
    EndpointFailed,
    EndpointFailedUntil,
    EndpointFailedTrying,
    EndpointFailing,
    EndpointFailingTrying,
    EndpointBreaker,
    EndpointProbed,
    EndpointAsked,
    EndpointPaused,
    EndpointOff,
    EndpointGone,
    EndpointGivenUp,
    EndpointUnset,
    EndpointUnsent,
    EndpointUnsentUntil,
    EndpointUnsentTrying,
    EndpointNameless,
    EndpointNamelessUntil,
    EndpointNamelessTrying,
    EndpointUnsafe,
    EndpointUnsafeUntil,
    EndpointUnsafeTrying,
    EndpointGarbled,
    EndpointGarbledUntil,
    EndpointGarbledTrying,
    CollectedDead,
    CollectedWaiting,
    CollectedDropped,
    EventUnsaid,
    RetryingUnsent,
    RetryingNameless,
    RetryingUnsafe,
    RetryingGarbled,
    DeadNameless,
    DeadUnsafe,
    DeadGarbled,
    CollectedLost,
    EventDigestsDead,
    AskNobody,
    AskNobodyAgain,
}

/// A row of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    #[cfg_attr(not(test), expect(dead_code, reason = "the place says it; a test compares"))]
    pub(super) code: Code,
    pub(super) what: &'static str,
    pub(super) because: &'static str,
    pub(super) next: &'static str,
    es: &'static str,
    en: &'static str,
    pt: &'static str,
    none: Option<Words>,
    one: Option<Words>,
    sole: Option<Words>,
}

/// The same in Spanish, English and Portuguese.
type Words = [&'static str; 3];

/// In the order of the codes.
pub(super) static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let table = serde_json::from_str(include_str!("sentences.json"));
    table.expect("the table is a constant, which a test reads")
});

/// The row of a reason.
pub(super) fn row(code: Code) -> &'static Row {
    TABLE.get(code as usize).expect("the table has a row for every code, as a test sees")
}

/// A row's sentence for so many of so many.
pub(super) fn text(row: &Row, (count, of): (u64, u64), locale: Locale) -> &'static str {
    let none = row.none.filter(|_| count == 0);
    let one = row.one.filter(|_| count == 1);
    let sole = row.sole.filter(|_| (count, of) == (1, 1));
    pick(none.or(sole).or(one).unwrap_or([row.es, row.en, row.pt]), locale)
}

/// A count that may be higher.
pub(super) fn at_least(count: u64, locale: Locale) -> String {
    format!("{} {count}", pick(AT_LEAST, locale))
}

/// What an attempt was answered, as it is said in passing.
pub(super) fn answered(code: i32, locale: Locale) -> String {
    match code {
        1.. => pick(ANSWERED, locale).replace("{code}", &code.to_string()),
        0 => String::new(),
        NOT_SENT => pick(LATEST_UNSENT, locale).to_owned(),
        NO_NAME => pick(LATEST_NAMELESS, locale).to_owned(),
        NO_TLS => pick(LATEST_UNSAFE, locale).to_owned(),
        NO_HTTP => pick(LATEST_GARBLED, locale).to_owned(),
        _ => pick(UNANSWERED, locale).to_owned(),
    }
}

/// What is said of a dead letter behind its reason.
pub(super) fn ending(letter: Letter, locale: Locale) -> Option<&'static str> {
    let texts = match letter {
        Letter::None => return None,
        Letter::Until(_) => UNTIL,
        Letter::Discarded => DISCARDED,
        Letter::Gone => GONE,
        Letter::Orphan => ORPHAN,
    };
    Some(pick(texts, locale))
}

fn pick([es, en, pt]: Words, locale: Locale) -> &'static str {
    match locale {
        Locale::Es => es,
        Locale::En => en,
        Locale::Pt => pt,
    }
}

const UNTIL: Words = [
    "se puede reintentar hasta: {at}",
    "it can be tried again until: {at}",
    "pode ser tentada de novo até: {at}",
];
const DISCARDED: Words = [
    "ya no está entre las no entregadas, porque caducó o se descartó, pero aún se puede reintentar",
    "it is no longer among the dead letters, since it expired or was discarded, but it can still be tried again",
    "já não está entre as não entregues, porque expirou ou foi descartada, mas ainda pode ser tentada de novo",
];
const GONE: Words = [
    "ya no está entre las no entregadas, porque caducó o se descartó, y no se puede reintentar",
    "it is no longer among the dead letters, since it expired or was discarded, and cannot be tried again",
    "já não está entre as não entregues, porque expirou ou foi descartada, e não pode ser tentada de novo",
];
const ORPHAN: Words = [
    "no se puede reintentar, porque su destino se borró",
    "it cannot be tried again, since its endpoint was deleted",
    "não pode ser tentada de novo, porque o seu destino foi apagado",
];
const AT_LEAST: Words = ["al menos", "at least", "pelo menos"];
const ANSWERED: Words = [
    ", la última con respuesta {code}",
    ", the latest answered with {code}",
    ", a última com resposta {code}",
];
const LATEST_UNSENT: Words = [
    ", la última sin que se enviara nada",
    ", the latest without anything being sent",
    ", a última sem que nada fosse enviado",
];
const LATEST_NAMELESS: Words = [
    ", la última sin encontrar su nombre (DNS)",
    ", the latest without finding its name (DNS)",
    ", a última sem encontrar o seu nome (DNS)",
];
const LATEST_UNSAFE: Words = [
    ", la última sin conexión segura (TLS)",
    ", the latest without a safe connection (TLS)",
    ", a última sem conexão segura (TLS)",
];
const LATEST_GARBLED: Words = [
    ", la última con una respuesta que no es HTTP",
    ", the latest answered with what is not HTTP",
    ", a última com uma resposta que não é HTTP",
];
const UNANSWERED: Words =
    [", la última sin respuesta", ", the latest without an answer", ", a última sem resposta"];
