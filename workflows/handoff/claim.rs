//! Who has taken a handoff, so that two people do not answer one customer, and nobody is left to the other.
//!
//! The customer waits all the same: only a reply stops the clock.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::told::told;
use super::{Context, Handoff, Status};
use crate::conversation::Held;
use crate::effect::{Rejected, Transition};
use crate::time::Timestamp;

/// That somebody has taken a handoff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The name of who has it, as it was given.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// Whoever comes first has it. Several may go by one name, such as that of a key that they share, so whoever
/// comes second under it is told as well.
pub(super) fn claim(
    present: &Handoff,
    by: String,
    held: Option<&Held>,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    must_go_on(present)?;
    if let Some(claim) = &present.claim {
        return Err(claim.stands("it is released before another takes it"));
    }
    must_not_be_held(held, &by)?;
    let next = taken(present, by, ctx);
    Ok(Transition { effects: vec![told(&next, "handoff.claimed", &[], ctx)], next })
}

/// Somebody gives it to another. Whose it is already must be said, so that nobody takes it from whoever has it
/// meanwhile without knowing; of one who has it and another who holds its conversation either may be said.
pub(super) fn assign(
    present: &Handoff,
    to: String,
    (from, held): (Option<&str>, Option<&Held>),
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    must_go_on(present)?;
    let before = present.claim.as_ref().map(|claim| claim.by.as_str());
    let holder = held.map(|held| held.by.as_str());
    if from.is_none() || ![before, holder].contains(&from) {
        if let Some(claim) = &present.claim {
            return Err(claim.stands("say whose it is in from to give it to another"));
        }
        must_not_be_held(held, &to)?;
        if from.is_some() {
            return Err(Rejected::because("nobody has taken the handoff"));
        }
    }
    let claimed_from = json!(before.or(from));
    let next = taken(present, to, ctx);
    let besides = [("claimed_from", claimed_from)];
    Ok(Transition { effects: vec![told(&next, "handoff.assigned", &besides, ctx)], next })
}

fn must_not_be_held(held: Option<&Held>, by: &str) -> Result<(), Rejected> {
    match held {
        Some(held) if held.by != by => Err(held.stands("take the conversation over from them")),
        Some(_) | None => Ok(()),
    }
}

/// Whoever holds its conversation answers the customer, unless it is over: the conversation has made sure of whom it
/// was taken from.
pub(super) fn held_by(
    present: &Handoff,
    by: Option<String>,
    ctx: Context<'_>,
) -> Transition<Handoff> {
    let before = present.claim.as_ref().map(|claim| &claim.by);
    let Some(by) = by.filter(|by| present.status != Status::Closed && before != Some(by)) else {
        return Transition { next: present.clone(), effects: Vec::new() };
    };
    let claimed_from = before.map(|before| json!(before));
    let next = taken(present, by, ctx);
    let effect = match claimed_from {
        Some(from) => told(&next, "handoff.assigned", &[("claimed_from", from)], ctx),
        None => told(&next, "handoff.claimed", &[], ctx),
    };
    Transition { next, effects: vec![effect] }
}

fn taken(present: &Handoff, by: String, ctx: Context<'_>) -> Handoff {
    let first_claimed_at = present.first_claimed_at.or(Some(ctx.now));
    let claim = Some(Claim { by, at: ctx.now });
    Handoff { claim, first_claimed_at, ..present.clone() }
}

impl Claim {
    pub(crate) fn stands(&self, instead: &str) -> Rejected {
        let Self { by, at } = self;
        Rejected::because(format!("{by} has taken it, since {}: {instead}", at.to_rfc3339()))
    }
}

/// Anybody may do it: whoever took it may have gone home.
pub(super) fn release(
    present: &Handoff,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    must_go_on(present)?;
    let Some(claim) = &present.claim else {
        return Err(Rejected::because("nobody has taken the handoff"));
    };
    let besides = [("claimed_from", json!(claim.by))];
    let next = Handoff { claim: None, ..present.clone() };
    Ok(Transition { effects: vec![told(&next, "handoff.released", &besides, ctx)], next })
}

/// Whoever gave its conversation back leaves it to the others too, unless it is over.
pub(super) fn given_back(
    present: &Handoff,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    match present.owner() {
        Some(_) => release(present, ctx),
        None => Ok(Transition { next: present.clone(), effects: Vec::new() }),
    }
}

pub(super) fn must_go_on(present: &Handoff) -> Result<(), Rejected> {
    match present.status {
        Status::Open | Status::Replied => Ok(()),
        Status::Closed => Err(Rejected::because("the handoff is closed")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, step};
    use super::*;
    use crate::event::Escalation;
    use crate::policy::Policy;

    const MINUTE: i64 = 60_000;

    fn take(present: Option<&Handoff>, command: Command, now: i64) -> Result<Handoff, Rejected> {
        let (policy, now) = (Policy::default(), Timestamp(now));
        let ctx = Context { now, at: now, policy: &policy, announce: true };
        let done = step(present, command, ctx)?;
        Ok(done.next)
    }

    fn opened() -> Handoff {
        let asks = Escalation { conversation_id: "c1".into(), ..Escalation::default() };
        take(None, Command::Open(asks), 0).unwrap()
    }

    fn by(name: &str) -> Command {
        Command::Claim { by: name.to_owned(), held: None }
    }

    #[test]
    fn a10_who_takes_a_handoff_first_has_it_and_the_clock_goes_on() {
        let open = opened();
        let taken = take(Some(&open), by("Ana"), MINUTE).unwrap();
        assert_eq!(taken.claim, Some(Claim { by: "Ana".into(), at: Timestamp(MINUTE) }));
        assert_eq!((taken.alarm(), taken.generation), (open.alarm(), open.generation));
        for name in ["Luis", "Ana"] {
            let refused = take(Some(&taken), by(name), 2 * MINUTE).unwrap_err();
            assert!(refused.0.starts_with("Ana has taken it"), "{refused}");
        }
        let wake = Command::Wake { generation: taken.generation };
        let late = take(Some(&taken), wake, 5 * MINUTE).unwrap();
        assert!(late.breached_at.is_some() && late.claim.is_some());
    }

    #[test]
    fn a10_a_handoff_is_released_for_others_and_a_new_wait_is_nobodys() {
        let taken = take(Some(&opened()), by("Ana"), MINUTE).unwrap();
        let left = take(Some(&taken), Command::Release, MINUTE).unwrap();
        assert_eq!(left, Handoff { first_claimed_at: Some(Timestamp(MINUTE)), ..opened() });
        assert!(take(Some(&left), Command::Release, MINUTE).is_err(), "it is nobody's");
        assert_eq!(take(Some(&left), by("Luis"), MINUTE).unwrap().claim.unwrap().by, "Luis");

        assert_eq!(take(Some(&taken), Command::GivenBack { held: true }, MINUTE).unwrap(), left);
        let over = take(Some(&taken), Command::Close, MINUTE).unwrap();
        assert_eq!(take(Some(&over), Command::GivenBack { held: true }, MINUTE).unwrap(), over);

        let replied = take(Some(&taken), Command::Reply, MINUTE).unwrap();
        assert_eq!(replied.claim, taken.claim);
        let closed = take(Some(&replied), Command::Close, MINUTE).unwrap();
        assert_eq!(closed.claim, taken.claim, "it says whose it was");
        for command in [by("Luis"), Command::Release] {
            assert!(take(Some(&closed), command, MINUTE).is_err());
        }
        let asks = Escalation { conversation_id: "c1".into(), ..Escalation::default() };
        assert_eq!(take(Some(&closed), Command::Open(asks), MINUTE).unwrap().claim, None);
    }

    #[test]
    fn a10_who_holds_a_conversation_has_its_handoff_until_it_goes_back() {
        let held_by = |by: &str| Command::HeldBy(Some(by.to_owned()));
        let mias = take(Some(&opened()), by("Mia"), MINUTE).unwrap();
        for nobody in [Command::HeldBy(None), held_by("Mia"), Command::GivenBack { held: false }] {
            assert_eq!(take(Some(&mias), nobody, 2 * MINUTE).unwrap(), mias);
        }
        let anas = take(Some(&mias), held_by("Ana"), 2 * MINUTE).unwrap();
        assert_eq!(anas.claim, Some(Claim { by: "Ana".into(), at: Timestamp(2 * MINUTE) }));
        let closed = take(Some(&mias), Command::Close, 2 * MINUTE).unwrap();
        assert_eq!(take(Some(&closed), held_by("Ana"), 3 * MINUTE).unwrap(), closed);
    }

    #[test]
    fn a10_whose_conversation_another_holds_is_taken_from_either() {
        let held = || Some(Held { by: "Luis".into(), at: Timestamp(MINUTE) });
        let assign = |from: Option<&str>| Command::Assign {
            to: "Eva".to_owned(),
            from: from.map(str::to_owned),
            held: held(),
        };
        let claim = |by: &str| Command::Claim { by: by.to_owned(), held: held() };
        let anas = take(Some(&opened()), by("Ana"), MINUTE).unwrap();
        for (present, from) in [(&opened(), "Luis"), (&anas, "Luis"), (&anas, "Ana")] {
            let evas = take(Some(present), assign(Some(from)), MINUTE).unwrap();
            assert_eq!(evas.claim.unwrap().by, "Eva");
        }
        for (present, command) in
            [(&opened(), assign(None)), (&opened(), assign(Some("Ana"))), (&opened(), claim("Eva"))]
        {
            let refused = take(Some(present), command, MINUTE).unwrap_err();
            assert!(refused.0.starts_with("Luis has taken it over, since "), "{refused}");
        }
        assert_eq!(take(Some(&opened()), claim("Luis"), MINUTE).unwrap().claim.unwrap().by, "Luis");
    }

    #[test]
    fn a10_a_handoff_is_given_to_somebody_and_taken_only_from_whom_it_is_said() {
        let assign = |to: &str, from: Option<&str>| Command::Assign {
            to: to.to_owned(),
            from: from.map(str::to_owned),
            held: None,
        };
        let nobodys = take(Some(&opened()), assign("Ana", Some("Eva")), MINUTE).unwrap_err();
        assert_eq!(nobodys.0, "nobody has taken the handoff");
        let anas = take(Some(&opened()), assign("Ana", None), MINUTE).unwrap();
        for from in [None, Some("Eva")] {
            let refused = take(Some(&anas), assign("Luis", from), 2 * MINUTE).unwrap_err();
            assert!(refused.0.starts_with("Ana has taken it, since "), "{refused}");
        }
        let luis = take(Some(&anas), assign("Luis", Some("Ana")), 2 * MINUTE).unwrap();
        assert_eq!(luis.claim, Some(Claim { by: "Luis".into(), at: Timestamp(2 * MINUTE) }));
        assert_eq!(luis.first_claimed_at, Some(Timestamp(MINUTE)), "somebody looked at it then");
        assert_eq!((luis.alarm(), luis.generation), (opened().alarm(), opened().generation));
    }
}
