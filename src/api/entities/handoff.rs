//! What a person may do to a handoff, by what handoffs are found, and how one is shown.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Map, Value, json};
use sereno_actors::engine::Action;
use sereno_actors::record::StateRecord;
use sereno_workflows::handoff::{Command, Handoff, Priority, SNOOZE_MAX};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::policy::Policy;
use sereno_workflows::time::{Span, Timestamp};

use super::{action_of, find, of_handoff, show};
use crate::api::App;
use crate::api::audit::Told;
use crate::api::error::Problem;
use crate::api::named::{take_by, take_name};
use crate::api::request::{
    Caller, InPath, JsonObject, ListQuery, moment, nothing_else, take_reason, take_text,
};
use crate::api::trace::Traced;
use crate::api::why::Reader;

/// By what handoffs are found.
pub(super) const FILTERS: &[&str] =
    &["status", "from", "to", "claimed", "claimed_by", "priority", "snoozed"];

const ACTIONS: &str = "reply, close, claim, release, assign, snooze, unsnooze or priority";
const YES_OR_NO: [&str; 2] = ["true", "false"];

/// Which handoffs are wanted, beside what bookings are found by too.
pub(super) struct Filter<'a> {
    claimed: Option<bool>,
    claimed_by: Option<&'a str>,
    priority: Option<&'a str>,
    snoozed: Option<bool>,
}

impl<'a> Filter<'a> {
    pub(super) fn read(query: &'a ListQuery) -> Result<Self, Problem> {
        let flag =
            |name| query.one_of(name, &YES_OR_NO).map(|word| word.map(|word| word == "true"));
        let (claimed, snoozed) = (flag("claimed")?, flag("snoozed")?);
        let priority = query.one_of("priority", &Priority::ALL.map(Priority::as_str))?;
        Ok(Self { claimed, claimed_by: query.get("claimed_by"), priority, snoozed })
    }

    /// Whether it is wanted; what is no handoff is asked for by nothing of this.
    pub(super) fn fits(&self, state: &StateRecord) -> bool {
        let StateRecord::Handoff(handoff) = state else { return true };
        let Self { claimed, claimed_by, priority, snoozed } = self;
        let claim = handoff.claim.as_ref();
        claimed.is_none_or(|claimed| claimed == claim.is_some())
            && claimed_by.is_none_or(|by| claim.is_some_and(|claim| claim.by == by))
            && priority.is_none_or(|priority| priority == handoff.priority.as_str())
            && snoozed.is_none_or(|snoozed| snoozed == handoff.snoozed_until.is_some())
    }
}

/// `POST /api/v1/handoffs/{id}/actions`. A `reason` goes into the audit log, and so does who has it by then.
pub async fn act(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    reader: Reader,
    Traced(trace): Traced,
    JsonObject(mut body): JsonObject,
) -> Result<(Extension<Told>, Json<Value>), Problem> {
    let key = of_handoff(&app, &caller, &id)?;
    find(&app, &caller, &key)?;
    let action = action_of(&mut body)?;
    take_reason(&mut body)?;
    let now = app.engine.ledger().now().timestamp();
    let (command, more) = command(&action, &mut body, &caller, now)?;
    nothing_else(&body)?;
    app.engine.act(&caller.tenant, key.clone(), Action::Handoff(command), trace).await?;
    let told = Told(format!("action: {action}{more}"));
    Ok((Extension(told), show(&app, &caller, reader, key)?))
}

/// What an action asks for, and what the audit log tells beside its name.
fn command(
    action: &str,
    body: &mut Map<String, Value>,
    caller: &Caller,
    now: Timestamp,
) -> Result<(Command, String), Invalid> {
    Ok(match action {
        "reply" => (Command::Reply, String::new()),
        "close" => (Command::Close, String::new()),
        "release" => (Command::Release, String::new()),
        "unsnooze" => (Command::Unsnooze, String::new()),
        "claim" => {
            let by = take_by(body, caller)?;
            let told = format!(", by: {by}");
            (Command::Claim { by, held: None }, told)
        }
        "assign" => {
            let to = take_name(body, "to")?.ok_or_else(|| Invalid::new("to", "is missing"))?;
            let from = take_name(body, "from")?;
            let had = from.iter().map(|from| format!(", from: {from}"));
            let told = had.fold(format!(", to: {to}"), |told, from| told + &from);
            (Command::Assign { to, from, held: None }, told)
        }
        "snooze" => {
            let until = until(body, now)?;
            (Command::Snooze(until), format!(", until: {}", until.to_rfc3339()))
        }
        "priority" => {
            let priority = priority(body)?;
            (Command::Prioritize(priority), format!(", priority: {}", priority.as_str()))
        }
        other => return Err(Invalid::new("action", format!("'{other}' is not {ACTIONS}"))),
    })
}

/// Until when a handoff is put off: a moment, or a time from now on.
fn until(body: &mut Map<String, Value>, now: Timestamp) -> Result<Timestamp, Invalid> {
    let (field, until) = match (take_text(body, "until")?, take_text(body, "for")?) {
        (Some(until), None) => ("until", moment("until", &until)?),
        (None, Some(span)) => {
            let span: Span =
                span.parse::<Span>().map_err(|error| Invalid::new("for", error.to_string()))?;
            ("for", now.after(span))
        }
        (None, None) => {
            return Err(Invalid::new("until", "is missing: say until when, or for how long"));
        }
        (Some(_), Some(_)) => {
            return Err(Invalid::new("for", "stands beside until: say one of them"));
        }
    };
    if until <= now || until > now.after(SNOOZE_MAX) {
        let days = SNOOZE_MAX.0 / Span::hours(24).0;
        return Err(Invalid::new(field, format!("must be to come, within {days} days")));
    }
    Ok(until)
}

fn priority(body: &mut Map<String, Value>) -> Result<Priority, Invalid> {
    let asked = take_text(body, "priority")?;
    let asked = asked.ok_or_else(|| Invalid::new("priority", "is missing"))?;
    Priority::from_name(&asked).ok_or_else(|| {
        let known = Priority::ALL.map(Priority::as_str).join(", ");
        Invalid::new("priority", format!("{asked:?} is not one of {known}"))
    })
}

/// The whole of a handoff.
pub(super) fn show_handoff(handoff: &Handoff, policy: &Policy) -> Value {
    let moment = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
    let waits = [("sla", handoff.deadline), ("snooze", handoff.snoozed_until)];
    let mut timers: Vec<(&str, Timestamp)> =
        waits.into_iter().filter_map(|(kind, due)| Some((kind, due?))).collect();
    timers.sort_by_key(|(_, due)| *due);
    let timer = |(kind, due): (&str, Timestamp)| json!({"kind": kind, "due_at": due.to_rfc3339()});
    json!({
        "conversation_id": handoff.conversation_id,
        "status": handoff.status.as_str(),
        "priority": handoff.priority.as_str(),
        "opened_at": handoff.opened_at.to_rfc3339(),
        "replied_at": moment(handoff.replied_at),
        "breached_at": moment(handoff.breached_at),
        "closed_at": moment(handoff.closed_at),
        "snoozed_until": moment(handoff.snoozed_until),
        "wa_number_hash": handoff.wa_number.as_deref().map(|number| policy.phone_hash.of(number)),
        "last_intent": handoff.last_intent,
        "reason": handoff.reason,
        "claimed_by": handoff.claim.as_ref().map(|claim| &claim.by),
        "claimed_at": handoff.claim.as_ref().map(|claim| claim.at.to_rfc3339()),
        "first_claimed_at": moment(handoff.first_claimed_at),
        "timers": timers.into_iter().map(timer).collect::<Vec<_>>(),
    })
}
