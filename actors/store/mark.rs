//! The mark: how far index and journal were said to be, in a file beside them.
//!
//! sled may open a file that lost its end and then has an older state, and the end of a journal that was
//! cut off looks like one that was never written. The mark tells. It is written after both are durable
//! and not synced itself: one that is too old, or lost, only sees less.

use std::fs;
use std::path::PathBuf;

use super::disk::Places;

/// How far index and journal were, in groups of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    /// What was durable in the index.
    pub(super) index: u64,
    /// What was durable in the journal.
    pub(super) journal: u64,
}

impl Mark {
    /// The mark of a store; all zeros where there is none, or none that is whole.
    pub(super) fn read(places: &Places) -> Self {
        let text = fs::read_to_string(path(places)).unwrap_or_default();
        Self::parse(&text).unwrap_or_default()
    }

    /// Writes it. That it cannot be written is no reason to end.
    pub(super) fn write(self, places: &Places) {
        if let Err(error) = fs::write(path(places), self.to_text()) {
            tracing::warn!(%error, "how far the store is could not be marked");
        }
    }

    fn to_text(self) -> String {
        let numbers = format!("{} {}", self.index, self.journal);
        format!("{numbers} {:08x}\n", crc32fast::hash(numbers.as_bytes()))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let mut number = || words.next()?.parse().ok();
        let mark = Self { index: number()?, journal: number()? };
        (text == mark.to_text()).then_some(mark)
    }
}

/// Where the mark of a store is.
pub(super) fn path(places: &Places) -> PathBuf {
    places.root.join("index.mark")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_one_with_a_wrong_digit_counts_for_nothing() {
        let mark = Mark { index: 1_428, journal: 1_430 };
        let text = mark.to_text();
        assert_eq!(Mark::parse(&text), Some(mark));
        for wrong in [text.replace("1428", "9428"), "1428".into(), String::new(), "a b c".into()] {
            assert_eq!(Mark::parse(&wrong), None, "{wrong:?}");
        }
    }
}
