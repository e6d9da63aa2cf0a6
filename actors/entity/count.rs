//! What is counted when the state of an entity changes.

use sereno_workflows::statistics::{Tally, is_answered};

use crate::ledger::{Ledger, LedgerError};
use crate::record::StateRecord;
use crate::view::TenantView;
use crate::why;

/// Whether the customer of a booking that is confirmed was asked, by a message that went out. It costs a look at the
/// log for such a booking alone.
pub(super) fn was_asked(
    ledger: &Ledger,
    view: &TenantView,
    before: Option<&StateRecord>,
    after: &StateRecord,
) -> Result<bool, LedgerError> {
    match (before, after) {
        (Some(StateRecord::Reservation(before)), StateRecord::Reservation(after))
            if is_answered(Some(before), after) =>
        {
            why::was_asked(ledger, view, before)
        }
        (_, _) => Ok(false),
    }
}

/// Counts what became of an entity; of a booking, `asked` says whether its customer was, where it matters.
pub(super) fn count(
    tally: &mut Tally,
    before: Option<&StateRecord>,
    after: &StateRecord,
    asked: bool,
) {
    macro_rules! before {
        ($kind:ident) => {
            before.and_then(|before| match before {
                StateRecord::$kind(before) => Some(before),
                _ => None,
            })
        };
    }
    match after {
        StateRecord::Reservation(after) => tally.reservation(before!(Reservation), after, asked),
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
