//! Letters from outside: as they came, their line, and what became of them.

use std::ops::Range;

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::time::Timestamp;

use super::draft::After;
use super::{Draft, Ledger, LedgerError};
use crate::limits::{REFUSED_BODY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::record::key::{self, inbound as keys};
use crate::record::{self, InboundRecord, Verdict};
use crate::store::Direction;

impl Ledger {
    /// A letter.
    pub fn letter(
        &self,
        tenant: &TenantId,
        sequence: Sequence,
    ) -> Result<Option<InboundRecord>, LedgerError> {
        self.get(key::partition(tenant), &keys::letter(tenant, sequence))
    }

    /// What is kept of the body of a letter.
    pub fn letter_body(
        &self,
        tenant: &TenantId,
        sequence: Sequence,
    ) -> Result<Vec<u8>, LedgerError> {
        let pieces =
            self.under(key::partition(tenant), &keys::body(tenant, sequence), usize::MAX)?;
        let bytes = pieces.iter().map(|(_, piece)| piece.len()).sum();
        let mut body = Vec::with_capacity(bytes);
        for (_, piece) in pieces {
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// Letters in the order in which they came, from one on and before another; one that cannot be read is
    /// `None`.
    pub fn letters_from(
        &self,
        tenant: &TenantId,
        range: Range<Sequence>,
        limit: usize,
    ) -> Result<Vec<(Sequence, Option<InboundRecord>)>, LedgerError> {
        self.letters_in(tenant, range, Direction::Ascending, limit)
    }

    /// The same from the newest down.
    pub fn letters(
        &self,
        tenant: &TenantId,
        range: Range<Sequence>,
        limit: usize,
    ) -> Result<Vec<(Sequence, Option<InboundRecord>)>, LedgerError> {
        self.letters_in(tenant, range, Direction::Descending, limit)
    }

    fn letters_in(
        &self,
        tenant: &TenantId,
        range: Range<Sequence>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(Sequence, Option<InboundRecord>)>, LedgerError> {
        let range = &keys::letter(tenant, range.start)[..]..&keys::letter(tenant, range.end)[..];
        let rows = self.store.scan(key::partition(tenant), range, direction, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let sequence = key::sequence(&key).ok_or(LedgerError::Content("letter's key"))?;
                Ok((sequence, record::decode(&value).ok()))
            })
            .collect()
    }

    /// The first letters in line, with the time at which each is due.
    pub fn letters_in_line(
        &self,
        tenant: &TenantId,
        limit: usize,
    ) -> Result<Vec<(Timestamp, Sequence)>, LedgerError> {
        let rows = self.under(key::partition(tenant), &keys::line(tenant), limit)?;
        let place = |(key, _): &(Vec<u8>, Vec<u8>)| key::of_queued(key);
        rows.iter().map(|row| place(row).ok_or(LedgerError::Content("letter's place"))).collect()
    }
}

impl Draft {
    /// Keeps a letter as it came, and what is kept of its body; one that is to be read stands in line.
    pub fn letter(&mut self, sequence: Sequence, letter: &InboundRecord, body: &[u8]) {
        self.fate(sequence, letter);
        let tenant = self.tenant().clone();
        for (number, piece) in (0_u16..).zip(body.chunks(VALUE_BYTES_MAX)) {
            self.batch().put(keys::body_piece(&tenant, sequence, number), piece.to_vec());
        }
    }

    /// Notes what became of a letter; one that is to be read again stands in line.
    pub fn fate(&mut self, sequence: Sequence, letter: &InboundRecord) {
        let tenant = self.tenant().clone();
        self.batch().put(keys::letter(&tenant, sequence), record::encode(letter));
        if let Some(due) = letter.fate.next_at {
            self.batch().put(keys::in_line(&tenant, due, sequence), Vec::new());
            self.after(After::Letter);
        }
    }

    /// Takes a letter out of its line.
    pub fn out_of_line(&mut self, due: Timestamp, sequence: Sequence) {
        let key = keys::in_line(self.tenant(), due, sequence);
        self.batch().delete(key);
    }

    /// Removes a letter with its body; answers how many rows that is.
    pub fn forget_letter(&mut self, sequence: Sequence, letter: Option<&InboundRecord>) -> usize {
        let tenant = self.tenant().clone();
        self.batch().delete(keys::letter(&tenant, sequence));
        let Some(letter) = letter else { return 1 };
        let mut bytes = usize::try_from(letter.body_bytes).unwrap_or(usize::MAX);
        if letter.verdict != Verdict::Genuine {
            bytes = bytes.min(REFUSED_BODY_BYTES_MAX);
        }
        let pieces = bytes.div_ceil(VALUE_BYTES_MAX);
        for (number, _) in (0_u16..).zip(0..pieces) {
            self.batch().delete(keys::body_piece(&tenant, sequence, number));
        }
        1 + pieces
    }
}
