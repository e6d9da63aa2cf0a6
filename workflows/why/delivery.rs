//! Why a delivery, a dead letter or an event is as it is.

use super::failure::{NO_HTTP, NO_NAME, NO_TLS, NOT_SENT};
use super::{Code, Reason};
use crate::dead_letters::Fault;
use crate::endpoint::{Health, Room};
use crate::rate::{Turn, Whose};
use crate::time::Timestamp;

/// In which condition a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It waits, tried or not.
    Waiting,
    /// It arrived.
    Sent,
    /// It was given up.
    Dead,
    /// It went as part of a digest.
    Collected,
    /// Its endpoint is disabled.
    Held,
    /// Its channel is paused.
    Paused,
    /// Its endpoint was deleted.
    Cancelled,
    /// What it says is no longer true or wanted.
    Withdrawn,
}

/// Where a delivery waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In its endpoint's queue, with so many before it that are due no later.
    Queued {
        /// When it is due.
        due: Timestamp,
        /// How many are before it.
        ahead: u64,
    },
    /// For others of its type, until then.
    Collecting(Timestamp),
    /// Behind another of its key, which is tried again then, if it is.
    Parked(Option<Timestamp>),
    /// It is being tried, since then.
    UnderWay(Timestamp),
    /// Too far back to be seen, or about to be tried.
    Elsewhere,
}

/// What can still be done with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letter {
    /// There is none, or nothing is known of it.
    None,
    /// It can be tried again until then.
    Until(Timestamp),
    /// It is no longer there, and what it held can still be tried again from what is kept of the event.
    Discarded,
    /// It is no longer there, and neither is what it held.
    Gone,
    /// It is there, but the endpoint that it was for is not.
    Orphan,
}

/// What a receiver that hands messages on has said of one after it had taken it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It is none of those: what took the message is where it was to go.
    None,
    /// Nothing yet of where it was to go.
    Taken,
    /// That it could not be delivered, with its code for why.
    Failed(i32),
    /// That it arrived.
    Arrived,
    /// That it was read.
    Read,
}

/// What is known of a delivery.
#[derive(Debug, Clone)]
pub struct DeliveryFacts<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// In which condition it is.
    pub standing: Standing,
    /// Attempts made.
    pub attempts: u32,
    /// Attempts that are made at most.
    pub attempts_max: u32,
    /// The latest answer's code, or what [`super::failure`] says where there was none.
    pub code: i32,
    /// What was said of it after it had been taken.
    pub word: Word,
    /// Whether the customer's 24 hours were over.
    pub outside_window: bool,
    /// Whose fault its end was.
    pub fault: Option<Fault>,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// Whether it waits for the end of the quiet hours.
    pub quiet: bool,
    /// Where it waits.
    pub place: Place,
    /// How its endpoint is.
    pub health: &'a Health,
    /// Whether the endpoint may have failed more often in a row than that says.
    pub at_least: bool,
    /// When it may go, where its endpoint's or tenant's attempts in a minute are limited, or a place sets a pace.
    pub turn: Option<Turn>,
    /// What can still be done with it, or with the digest in which it went.
    pub letter: Letter,
    /// The digest in which it went, where that is known: how it stands, and its id.
    pub digest: Option<(Standing, &'a str)>,
    /// When it was cancelled by hand, and the id of who did, if somebody did.
    pub cancelled: Option<(Timestamp, &'a str)>,
}

/// Why a delivery is as it is.
pub fn delivery(facts: &DeliveryFacts<'_>) -> Reason {
    let reason = |code| Reason {
        answer: facts.code,
        count: u64::from(facts.attempts),
        of: u64::from(facts.attempts_max),
        ..Reason::plain(code)
    };
    match facts.standing {
        Standing::Sent => match facts.word {
            Word::None => reason(Code::Arrived),
            Word::Taken => reason(Code::ProviderTook),
            Word::Failed(answer) => Reason { answer, ..reason(Code::ProviderFailed) },
            Word::Arrived => reason(Code::ProviderArrived),
            Word::Read => reason(Code::ProviderRead),
        },
        Standing::Collected => collected(facts),
        Standing::Held => reason(Code::Held),
        Standing::Paused => reason(Code::ChannelPaused),
        Standing::Cancelled => reason(Code::Cancelled),
        Standing::Withdrawn => match facts.cancelled {
            Some((at, by)) => {
                Reason { name: by.to_owned(), ..reason(Code::CancelledByHand) }.since(at)
            }
            None => reason(Code::Withdrawn),
        },
        Standing::Dead => Reason { letter: facts.letter, ..reason(dead(facts)) },
        Standing::Waiting => waiting(facts),
    }
}

/// What became of the digest in which it went.
fn collected(facts: &DeliveryFacts<'_>) -> Reason {
    let Some((stands, id)) = facts.digest else { return Reason::plain(Code::Collected) };
    let code = match stands {
        Standing::Sent | Standing::Collected => Code::Collected,
        Standing::Dead if matches!(facts.letter, Letter::Gone | Letter::Orphan) => {
            Code::CollectedLost
        }
        Standing::Dead => Code::CollectedDead,
        Standing::Waiting | Standing::Held | Standing::Paused => Code::CollectedWaiting,
        Standing::Cancelled | Standing::Withdrawn => Code::CollectedDropped,
    };
    Reason { name: id.to_owned(), ..Reason::plain(code) }
}

/// Why it was given up. Most specific first: a window that is over is known by the code too.
fn dead(facts: &DeliveryFacts<'_>) -> Code {
    if facts.outside_window {
        return Code::DeadWindow;
    }
    match (facts.code, facts.fault) {
        (_, Some(Fault::System)) => Code::DeadSystem,
        (410, _) => Code::DeadGone,
        // Refused for good the first time, or such that trying on makes no sense.
        (400..=499, _) if ![401, 408, 421, 425, 429].contains(&facts.code) => Code::DeadRefused,
        (_, Some(Fault::Configuration)) | (NOT_SENT, _) => Code::DeadConfiguration,
        (NO_NAME, _) => Code::DeadNameless,
        (NO_TLS, _) => Code::DeadUnsafe,
        (NO_HTTP, _) => Code::DeadGarbled,
        (-1, None) if facts.attempts < facts.attempts_max => Code::DeadConfiguration,
        (-1, _) => Code::DeadUnanswered,
        (_, _) if facts.attempts < facts.attempts_max => Code::DeadRefused,
        (_, _) => Code::DeadExhausted,
    }
}

fn waiting(facts: &DeliveryFacts<'_>) -> Reason {
    let Health { failures_in_a_row, breaker, asked_until, .. } = facts.health;
    match facts.place {
        Place::Collecting(until) => return Reason::plain(Code::Batching).at(until),
        Place::Parked(Some(until)) => return Reason::plain(Code::ParkedUntil).at(until),
        Place::Parked(None) => return Reason::plain(Code::Parked),
        Place::UnderWay(since) => {
            let attempt = u64::from(facts.attempts) + 1;
            return Reason::plain(Code::BeingTried).count(attempt).since(since);
        }
        Place::Queued { .. } | Place::Elsewhere => {}
    }
    if let Some(until) = facts.next_at.filter(|_| facts.quiet) {
        return Reason::plain(Code::QuietHours).at(until);
    }
    let asked = asked_until.filter(|until| *until > facts.now);
    if let Room::Not(until) = facts.health.room(facts.now) {
        // Its own turn may come later still.
        let at = facts.next_at.map_or(until, |next| next.max(until));
        return match (asked, breaker) {
            (Some(asked), _) if asked == until => Reason::plain(Code::AskedToWait).at(at),
            (_, _) => {
                let count = u64::from(*failures_in_a_row);
                let reason = Reason::plain(Code::BreakerOpen).count(count).at(at);
                Reason { at_least: facts.at_least, ..reason }
            }
        };
    }
    let (due, ahead) = match facts.place {
        Place::Queued { due, ahead } => (Some(due), ahead),
        Place::Collecting(_) | Place::Parked(_) | Place::UnderWay(_) | Place::Elsewhere => {
            (None, 0)
        }
    };
    let is_due = facts.next_at.or(due).is_none_or(|due| due <= facts.now);
    // The pace of its customer gave it a moment of its own, when it is due.
    if let (Some(_), Some(turn)) = (due, facts.turn)
        && turn.at > facts.now
        && (is_due || turn.whose == Whose::Customer)
    {
        return held_back(turn, ahead);
    }
    if facts.attempts > 0 {
        let code = match facts.code {
            1.. => Code::Retrying,
            NOT_SENT => Code::RetryingUnsent,
            NO_NAME => Code::RetryingNameless,
            NO_TLS => Code::RetryingUnsafe,
            NO_HTTP => Code::RetryingGarbled,
            _ => Code::RetryingUnanswered,
        };
        let at = facts.next_at.unwrap_or(facts.now).max(facts.now);
        let of = facts.attempts_max.max(facts.attempts);
        let reason = Reason::plain(code).count(u64::from(facts.attempts)).of(u64::from(of));
        return Reason { answer: facts.code, ..reason }.at(at);
    }
    match due {
        Some(due) if due > facts.now => Reason::plain(Code::Later).at(due),
        Some(_) if ahead > 0 => Reason::plain(Code::Backlog).count(ahead),
        Some(_) | None => Reason::plain(Code::FirstTry),
    }
}

/// What is said of a delivery that a limit holds.
fn held_back(turn: Turn, ahead: u64) -> Reason {
    let reason = match turn.whose {
        Whose::Endpoint => Reason::plain(Code::RateLimited).count(ahead),
        // How many of other endpoints' go before it nobody knows.
        Whose::Tenant => Reason::plain(Code::RateLimitedTogether),
        Whose::Slack => Reason::plain(Code::PacedSlack).count(ahead),
        Whose::Number => Reason::plain(Code::PacedNumber),
        Whose::Customer => Reason::plain(Code::PacedCustomer),
    };
    reason.of(turn.most.into()).at(turn.at)
}

/// How the deliveries of an event stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// In all.
    pub all: u64,
    /// On their way.
    pub waiting: u64,
    /// Of those, the ones that are being tried at this moment, as far as they were looked at.
    pub tried: u64,
    /// Given up.
    pub dead: u64,
    /// Of those, the ones that nobody can have tried again.
    pub lost: u64,
    /// And the ones that went out in digests, which can be tried again alone.
    pub digests: u64,
    /// Taken by a provider that could not deliver them.
    pub undelivered: u64,
    /// Taken by a provider that does not say yet whether they reached anybody.
    pub unsaid: u64,
    /// Held by disabled endpoints and paused channels.
    pub held: u64,
    /// Of those, the ones that a paused channel holds alone.
    pub paused: u64,
    /// Gone out in digests, which have outcomes of their own.
    pub collected: u64,
    /// Dropped, because their endpoints were deleted.
    pub deleted: u64,
    /// Dropped, because somebody cancelled them.
    pub cancelled: u64,
    /// Dropped, because what they say is no longer true or wanted.
    pub untrue: u64,
    /// When the first of those on their way is tried next, where that is known of all of them.
    pub next_at: Option<Timestamp>,
}

/// Endpoints that did not get an event, by why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filtered {
    /// They were disabled.
    pub disabled: u64,
    /// They do not list its type.
    pub by_type: u64,
    /// They do not list its intent.
    pub by_intent: u64,
}

/// Why an event is as it is: `quarantined` names the stage at which it was set aside.
pub fn event(
    quarantined: Option<&str>,
    ignored: bool,
    counts: Counts,
    filtered: Filtered,
) -> Reason {
    if let Some(stage) = quarantined {
        return Reason { name: stage.to_owned(), ..Reason::plain(Code::EventQuarantined) };
    }
    let Counts {
        all,
        waiting,
        tried,
        dead,
        lost,
        digests,
        undelivered,
        unsaid,
        held,
        paused,
        collected,
        deleted,
        cancelled,
        untrue,
        next_at,
    } = counts;
    let dropped = deleted + cancelled + untrue;
    let part = |code, count| Reason::plain(code).count(count).of(all);
    match next_at {
        _ if dead > lost && digests == dead - lost => part(Code::EventDigestsDead, digests),
        _ if dead > lost => part(Code::EventDead, dead),
        _ if dead > 0 => part(Code::EventLost, dead),
        _ if undelivered > 0 => part(Code::EventUndelivered, undelivered),
        _ if tried > 0 => part(Code::EventTrying, waiting),
        Some(at) if waiting > 0 => part(Code::EventUnderWayUntil, waiting).at(at),
        _ if waiting > 0 => part(Code::EventUnderWay, waiting),
        _ if held > paused && paused > 0 => part(Code::EventHeld, held),
        _ if held > paused => part(Code::EventDisabled, held),
        _ if held > 0 => part(Code::EventPaused, held),
        _ if ignored => Reason::plain(Code::EventIgnored),
        _ if dropped > 0 => part(drop_of(counts), dropped),
        _ if unsaid > 0 => part(Code::EventUnsaid, unsaid),
        _ if collected > 0 => part(Code::EventCollected, collected),
        _ if all > 0 => part(Code::EventArrived, all),
        _ => nobody(filtered),
    }
}

/// What is said of deliveries that were dropped: which cause it was, where there is one alone, and how it went with the
/// others.
fn drop_of(counts: Counts) -> Code {
    let Counts { all, collected, deleted, cancelled, untrue, .. } = counts;
    let is_all = deleted + cancelled + untrue == all;
    match (deleted, cancelled, untrue) {
        (_, 0, 0) if is_all => Code::EventDeleted,
        (0, _, 0) if is_all => Code::EventCancelled,
        (0, 0, _) if is_all => Code::EventUntrue,
        (_, _, _) if is_all => Code::EventDropped,
        (_, 0, 0) if collected > 0 => Code::EventPartlyDeletedCollected,
        (0, _, 0) if collected > 0 => Code::EventPartlyCancelledCollected,
        (0, 0, _) if collected > 0 => Code::EventPartlyUntrueCollected,
        (_, _, _) if collected > 0 => Code::EventPartlyCollected,
        (_, 0, 0) => Code::EventPartlyDeleted,
        (0, _, 0) => Code::EventPartlyCancelled,
        (0, 0, _) => Code::EventPartlyUntrue,
        (_, _, _) => Code::EventPartlyDropped,
    }
}

fn nobody(Filtered { disabled, by_type, by_intent }: Filtered) -> Reason {
    let all = disabled + by_type + by_intent;
    let code = match (disabled, by_type, by_intent) {
        (0, 0, 0) => Code::EventNobody,
        (_, 0, 0) => Code::EventFilteredDisabled,
        (0, _, 0) => Code::EventFilteredType,
        (0, 0, _) => Code::EventFilteredIntent,
        (_, _, _) => Code::EventFiltered,
    };
    Reason::plain(code).count(all)
}
