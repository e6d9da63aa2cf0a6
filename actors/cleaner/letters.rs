//! Letters that came in and have outlived their time; without a word of the tenant's they have none.

use sereno_workflows::id::Sequence;

use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits::CLEANED_PER_STEP_MAX;
use crate::record::InboundState;

/// Removes letters that came before a place, the oldest first; answers whether there are more. Those that
/// are still to be read stay until they were.
pub(super) fn forget(
    ledger: &Ledger,
    draft: &mut Draft,
    cutoff: Sequence,
) -> Result<bool, LedgerError> {
    let range = Sequence(0)..cutoff;
    let found = ledger.letters_from(draft.tenant(), range, CLEANED_PER_STEP_MAX)?;
    let (full, mut room) = (found.len() == CLEANED_PER_STEP_MAX, CLEANED_PER_STEP_MAX);
    for (sequence, letter) in found {
        let is_pending = |state| match state {
            InboundState::Pending => true,
            InboundState::Processed
            | InboundState::Invalid
            | InboundState::Quarantined
            | InboundState::Refused => false,
        };
        if letter.as_ref().is_some_and(|letter| is_pending(letter.fate.state)) {
            continue;
        }
        if room == 0 {
            return Ok(true);
        }
        // A long one may take more rows than there is room for: it goes whole.
        room = room.saturating_sub(draft.forget_letter(sequence, letter.as_ref()));
    }
    Ok(full && room < CLEANED_PER_STEP_MAX)
}
