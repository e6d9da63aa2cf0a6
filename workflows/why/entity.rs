//! Why a timer, a booking, a handoff or a conversation is as it is.

use super::{Code, Reason};
use crate::conversation::{self, Conversation};
use crate::handoff::{self, Claim, Handoff};
use crate::policy::Policy;
use crate::reservation::{ReminderState, Reservation, Status};
use crate::time::Timestamp;

/// What a timer is for, by the word under which it is listed, and whether quiet hours set its time.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    /// The word, such as `no_show` or `reminder.24h`.
    pub kind: &'a str,
    /// When it is due.
    pub at: Timestamp,
    /// The present moment.
    pub now: Timestamp,
    /// The tenant's policy.
    pub policy: &'a Policy,
}

/// Why a timer is set.
pub fn timer(due: Due<'_>) -> Reason {
    let Due { kind, at, now, policy } = due;
    let is_quiet = || {
        let quiet = policy.settings.quiet_hours;
        quiet.and_then(|quiet| quiet.end(now, &policy.zone)) == Some(at)
    };
    let (code, name) = match kind {
        "no_show" => (Code::TimerNoShow, ""),
        "sla" => (Code::TimerSla, ""),
        "snooze" => (Code::TimerSnooze, ""),
        "dead_letter_age" => (Code::TimerDeadLetterAge, ""),
        "secret_expiring" => (Code::TimerSecret, ""),
        "idle" => (Code::TimerIdle, ""),
        "hold" => (Code::TimerHold, ""),
        "stock_wave" | "price_wave" if is_quiet() => (Code::TimerQuiet, ""),
        "stock_wave" | "price_wave" => (Code::TimerWave, ""),
        "viewers" => (Code::TimerViewers, ""),
        "alerts" => (Code::TimerAlerts, ""),
        "weekly_report" => (Code::TimerReport, ""),
        "signal" => (Code::TimerSignal, ""),
        "unreadable" => (Code::TimerUnreadable, ""),
        other => match other.strip_prefix("reminder.") {
            Some(name) => (Code::TimerReminder, name),
            None => (Code::TimerStale, ""),
        },
    };
    Reason { name: name.to_owned(), ..Reason::plain(code).at(at) }
}

/// How far the customer of a booking was asked to confirm, by the messages of its reminders; of several, the one
/// that went furthest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// Nobody knows how to reach them.
    Nobody,
    /// None went out, and none will any more.
    Failed,
    /// It waits, or is held.
    Waits,
    /// It is going out at this moment.
    Going,
    /// It went out, or somebody else brought it.
    Told,
}

impl Asked {
    /// Whether the customer may have read it, so that a short answer may be one to it. Whoever is quick answers
    /// before it is known here that their message went out.
    pub fn may_be_answered(self) -> bool {
        match self {
            Self::Nobody | Self::Failed | Self::Waits => false,
            Self::Going | Self::Told => true,
        }
    }
}

/// Why a booking is as it is; how far its customer was asked matters once a reminder was due.
pub fn reservation(booking: &Reservation, asked: Asked) -> Reason {
    match booking.status {
        Status::Booked => booked(booking, asked),
        Status::Confirmed => match booking.no_show_at {
            Some(at) => Reason::plain(Code::Confirmed).at(at),
            None => Reason::plain(Code::ConfirmedOnly),
        },
        Status::Cancelled => Reason::plain(Code::ReservationCancelled),
        Status::Arrived => Reason::plain(Code::CustomerArrived),
        Status::Completed => Reason::plain(Code::Completed),
        Status::NoShow => Reason::plain(Code::NoShow),
    }
}

fn booked(booking: &Reservation, asked: Asked) -> Reason {
    let pending = booking.reminders.iter().find(|one| one.state == ReminderState::Pending);
    let next = pending.map(|one| (one.name.clone(), booking.slot.before(one.before)));
    let count = |state| {
        let all = booking.reminders.iter().filter(|one| one.state == state).count();
        u64::try_from(all).unwrap_or(u64::MAX)
    };
    // While it is booked and unconfirmed, one is skipped because its time was past when it was set.
    let (late, cancelled) = (count(ReminderState::Skipped), count(ReminderState::Cancelled));
    let missed = count(ReminderState::Missed);
    let named = |code, name, at| Reason { name, ..Reason::plain(code).at(at) };
    match (next, booking.no_show_at) {
        (Some((name, at)), _) if booking.asked() => {
            let code = match asked {
                Asked::Nobody => Code::AskNobodyAgain,
                Asked::Failed => Code::AskFailedAgain,
                Asked::Waits | Asked::Going => Code::AskingAgain,
                Asked::Told => Code::AskedAgain,
            };
            named(code, name, at)
        }
        (Some((name, at)), _) if late > 0 => named(Code::BookedLate, name, at).count(late),
        (Some((name, at)), _) => named(Code::Booked, name, at),
        (None, Some(at)) if booking.asked() => {
            let code = match asked {
                Asked::Nobody => Code::AskNobody,
                Asked::Failed => Code::AskFailed,
                Asked::Waits | Asked::Going => Code::Asking,
                Asked::Told => Code::Asked,
            };
            Reason::plain(code).at(at)
        }
        (None, Some(at)) if cancelled > 0 => Reason::plain(Code::BookedUnreminded).at(at),
        (None, Some(at)) if missed > 0 => Reason::plain(Code::BookedMissed).at(at),
        (None, Some(at)) if late == 0 => Reason::plain(Code::BookedWithout).at(at),
        (None, Some(at)) => Reason::plain(Code::BookedTooLate).at(at),
        (None, None) => Reason::plain(Code::BookedOnly),
    }
}

/// Why a handoff is as it is, and who has it.
pub fn handoff(handoff: &Handoff) -> Reason {
    let claimed = |code: Code, claim: &Claim| Reason {
        name: claim.by.clone(),
        ..Reason::plain(code).since(claim.at)
    };
    let Handoff { status, deadline, breached_at, replied_at, opened_at, .. } = *handoff;
    if let Some(until) = handoff.snoozed_until {
        return snoozed(handoff, until);
    }
    match (status, deadline, breached_at, &handoff.claim) {
        (handoff::Status::Closed, _, _, _) => Reason::plain(Code::HandoffClosed),
        (handoff::Status::Replied, _, _, Some(claim)) => {
            claimed(Code::HandoffClaimedReplied, claim)
        }
        (handoff::Status::Replied, _, _, None) => {
            Reason::plain(Code::HandoffReplied).since(replied_at.unwrap_or(opened_at))
        }
        (handoff::Status::Open, _, Some(_), Some(claim)) => {
            claimed(Code::HandoffClaimedBreached, claim)
        }
        (handoff::Status::Open, _, Some(breached), None) => {
            Reason::plain(Code::HandoffBreached).since(breached)
        }
        (handoff::Status::Open, None, None, Some(claim)) => {
            claimed(Code::HandoffClaimedUnwatched, claim)
        }
        (handoff::Status::Open, None, None, None) => {
            Reason::plain(Code::HandoffUnwatched).since(opened_at)
        }
        (handoff::Status::Open, Some(deadline), None, Some(claim)) => {
            claimed(Code::HandoffClaimed, claim).at(deadline)
        }
        (handoff::Status::Open, Some(deadline), None, None) => {
            Reason::plain(Code::HandoffWaiting).since(opened_at).at(deadline)
        }
    }
}

/// Why nobody need look at a handoff at present: its deadline may pass all the same.
fn snoozed(handoff: &Handoff, until: Timestamp) -> Reason {
    let late = handoff.deadline.filter(|deadline| *deadline < until);
    let (name, since, code) = match (&handoff.claim, late) {
        (None, None) => ("", handoff.opened_at, Code::HandoffSnoozed),
        (None, Some(_)) => ("", handoff.opened_at, Code::HandoffSnoozedWatched),
        (Some(claim), None) => (claim.by.as_str(), claim.at, Code::HandoffClaimedSnoozed),
        (Some(claim), Some(_)) => (claim.by.as_str(), claim.at, Code::HandoffClaimedSnoozedWatched),
    };
    let reason = Reason::plain(code).since(since).at(late.unwrap_or(until));
    Reason { name: name.to_owned(), ..reason }
}

/// Why a conversation is as it is.
pub fn conversation(talk: &Conversation, policy: &Policy) -> Reason {
    let ended = talk.ended_at.unwrap_or(talk.heard_at);
    if let Some(held) = &talk.held {
        let reason = match talk.held_until(policy) {
            Some(until) => Reason::plain(Code::TalkHeldUntil).since(held.at).at(until),
            None => Reason::plain(Code::TalkHeld).since(held.at),
        };
        return Reason { name: held.by.clone(), ..reason };
    }
    if talk.is_kept_open() {
        return Reason::plain(Code::TalkKept);
    }
    match (talk.status, talk.escalated_at) {
        (conversation::Status::Ended, _) => {
            let idle = talk.ended_by.as_deref() == Some(conversation::IDLE);
            Reason::plain(if idle { Code::TalkIdle } else { Code::TalkEnded }).since(ended)
        }
        (conversation::Status::Open, Some(since)) => {
            Reason::plain(Code::TalkEscalated).since(since).at(talk.idle_at(policy))
        }
        (conversation::Status::Open, None) => {
            Reason::plain(Code::TalkOpen).at(talk.idle_at(policy))
        }
    }
}
