//! How long one attempt at a delivery may take, from connect to the end of the answer.

use crate::invalid::Invalid;
use crate::time::Span;

/// The shortest that may be chosen.
pub const TIMEOUT_MIN: Span = Span::seconds(1);
/// The longest that may be chosen.
pub const TIMEOUT_MAX: Span = Span::seconds(60);

/// Refuses what is too short for any receiver or holds an attempt's place for too long.
pub fn check(timeout: Option<Span>) -> Result<(), Invalid> {
    if timeout.is_none_or(|timeout| (TIMEOUT_MIN..=TIMEOUT_MAX).contains(&timeout)) {
        return Ok(());
    }
    Err(Invalid::new("timeout", "must be from 1s to 60s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b13_a_timeout_is_from_one_second_to_a_minute() {
        for (ms, fits) in [(999, false), (1_000, true), (60_000, true), (60_001, false)] {
            assert_eq!(check(Some(Span::millis(ms))).is_ok(), fits, "{ms}");
        }
        assert_eq!(check(None), Ok(()));
    }
}
