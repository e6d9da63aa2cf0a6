//! A place in a tenant's stream: what a client has seen, as the id that it comes back with.

use sereno_workflows::time::Timestamp;

/// Up to where a client has seen everything. It is a place in the journal of the tenant's partition, so it
/// holds after a restart, and nothing is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The sequence in the journal.
    pub(crate) seq: u64,
    /// How many of the things that happened under it; [`Place::ALL`] where there are no more.
    pub(crate) seen: u32,
    /// About when that was.
    pub at: Timestamp,
}

impl Place {
    /// So many that there are no more.
    pub(crate) const ALL: u32 = u32::MAX;

    /// Behind everything under a sequence.
    pub(crate) fn after(seq: u64, at: Timestamp) -> Self {
        Self { seq, seen: Self::ALL, at }
    }

    /// The last sequence of which there are no more to come.
    pub(crate) fn complete(self) -> u64 {
        if self.seen == Self::ALL { self.seq } else { self.seq.saturating_sub(1) }
    }

    /// As the text that clients get, and send back.
    pub fn to_text(self) -> String {
        format!("{:x}.{:x}.{:x}", self.seq, self.seen, self.at.0.max(0))
    }

    /// Reads what [`Place::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(number);
        let seq = numbers.next()??;
        let seen = u32::try_from(numbers.next()??).ok()?;
        let at = i64::try_from(numbers.next()??).ok()?;
        let is_last = numbers.next().is_none() && seen > 0 && at <= LATEST_MS;
        is_last.then_some(Self { seq, seen, at: Timestamp(at) })
    }
}

/// Some day in the year 2527.
const LATEST_MS: i64 = (1 << 44) - 1;

/// A number as it is written: without signs, capitals or zeros before it.
fn number(text: &str) -> Option<u64> {
    let number = u64::from_str_radix(text, 16).ok()?;
    (format!("{number:x}") == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f07_a_place_reads_back_and_nothing_else_is_one() {
        for place in [
            Place { seq: 0, seen: 1, at: Timestamp(0) },
            Place::after(u64::MAX, Timestamp(1_763_900_000_000)),
        ] {
            assert_eq!(Place::from_text(&place.to_text()), Some(place));
        }
        for bad in ["", "1", "1.2", "1.2.3.4", "1.0.3", "+1.2.3", "01.2.3", "1.2.-3", "A.2.3", "x"]
        {
            assert_eq!(Place::from_text(bad), None, "{bad:?}");
        }
        assert_eq!(Place::from_text("1.1.100000000000"), None);
        assert_eq!(Place::from_text("1.100000000.3"), None);
    }
}
