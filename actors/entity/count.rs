//! What is counted when the state of an entity changes.

use sereno_workflows::statistics::Tally;

use crate::record::StateRecord;

/// Counts what became of an entity.
pub(super) fn count(tally: &mut Tally, before: Option<&StateRecord>, after: &StateRecord) {
    macro_rules! before {
        ($kind:ident) => {
            before.and_then(|before| match before {
                StateRecord::$kind(before) => Some(before),
                _ => None,
            })
        };
    }
    match after {
        StateRecord::Reservation(after) => tally.reservation(before!(Reservation), after),
        StateRecord::Handoff(after) => tally.handoff(before!(Handoff), after),
        StateRecord::Conversation(after) => tally.conversation(before!(Conversation), after),
        StateRecord::Tenant(_)
        | StateRecord::DeadLetters(_)
        | StateRecord::Lead(_)
        | StateRecord::Product(_)
        | StateRecord::Alerts(_)
        | StateRecord::Reports(_) => {}
    }
}
