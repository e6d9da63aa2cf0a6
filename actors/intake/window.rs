//! The first letters in line, read: as many as are due and fit into the window.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sereno_workflows::id::Sequence;
use sereno_workflows::inbound::{self, Reading, Road};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Timestamp;

use crate::ledger::{Ledger, LedgerError};
use crate::limits::LETTER_WINDOW_BYTES_MAX;
use crate::record::InboundRecord;
use crate::source;
use crate::view::TenantView;

/// Letters to be carried out together.
pub(super) struct Window {
    pub(super) letters: Vec<Opened>,
    /// When the next one is due after these, if there is one.
    pub(super) next: Option<Timestamp>,
}

/// A letter that was opened.
pub(super) struct Opened {
    /// Its place in line.
    pub(super) due: Timestamp,
    pub(super) sequence: Sequence,
    /// `None`: it is gone, and its place is left over.
    pub(super) letter: Option<InboundRecord>,
    pub(super) reading: Result<Reading, Trouble>,
}

/// Why a letter comes no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It makes no sense, or the rules refuse it: another try would change nothing.
    Invalid(String),
    /// Something failed; another try may go well.
    Failed(String),
}

/// Opens the first letters in line, at most so many.
pub(super) fn open(
    ledger: &Ledger,
    view: &TenantView,
    count_max: usize,
) -> Result<Window, LedgerError> {
    let now = ledger.now().timestamp();
    let line = ledger.letters_in_line(&view.id, count_max + 1)?;
    let (mut letters, mut bytes, mut next) = (Vec::new(), 0_u64, None);
    for (due, sequence) in line {
        if due > now || letters.len() == count_max || bytes > LETTER_WINDOW_BYTES_MAX {
            next = Some(due);
            break;
        }
        let letter = ledger.letter(&view.id, sequence)?;
        bytes += letter.as_ref().map_or(0, |letter| letter.body_bytes);
        let reading = match &letter {
            Some(letter) => read(ledger, view, sequence, letter),
            None => Ok(Reading::default()),
        };
        letters.push(Opened { due, sequence, letter, reading });
    }
    Ok(Window { letters, next })
}

fn read(
    ledger: &Ledger,
    view: &TenantView,
    sequence: Sequence,
    record: &InboundRecord,
) -> Result<Reading, Trouble> {
    let body = ledger
        .letter_body(&view.id, sequence)
        .map_err(|error| Trouble::Failed(format!("its body cannot be read: {error}")))?;
    let letter = inbound::Letter {
        road: &record.road,
        headers: &record.headers,
        content_type: record.content_type.as_deref(),
        body: &body,
        received_at: sequence.moment(),
    };
    // Nothing is shared with what is cut off here: the letter is set aside, and the others go on.
    let read = catch_unwind(AssertUnwindSafe(|| meaning(letter, view)));
    match read {
        Ok(read) => read.map_err(|invalid| Trouble::Invalid(invalid.to_string())),
        Err(_) => {
            tracing::error!(tenant = %view.id, letter = %super::inbound_id(sequence),
                "reading a letter ended in a panic");
            Err(Trouble::Failed("reading it ended in an internal error".to_owned()))
        }
    }
}

fn meaning(letter: inbound::Letter<'_>, view: &TenantView) -> Result<Reading, Invalid> {
    match letter.road {
        Road::Source(name) => source::read(&view.policy, name, letter),
        Road::WhatsApp | Road::Bird => inbound::read(letter, &view.policy.settings),
    }
}
