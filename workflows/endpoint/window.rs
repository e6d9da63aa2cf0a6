//! How many attempts of one endpoint may be under way at once: more while they arrive, half as many when
//! it shows that it cannot keep up (slow start, then additive increase and multiplicative decrease, as in
//! TCP). It begins small, so that an endpoint that never answers holds little before that is known.

use crate::retry::Outcome;
use crate::time::Timestamp;

/// The window at first.
const WINDOW_FIRST: u32 = 4;
/// The window at most.
const WINDOW_MAX: u32 = 64;
/// The window at most in a crowd: what is under way there waits for the processor more than for the other side.
const WINDOW_CROWDED_MAX: u32 = 16;

/// The window of one endpoint; it is not kept over a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    size: u32,
    /// Below this it grows with every arrival, above once for a whole window of them.
    careful_from: u32,
    /// Arrivals since it last grew.
    arrived: u32,
    /// When it was last halved: what had begun before is no further reason.
    halved_at: Timestamp,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            size: WINDOW_FIRST,
            careful_from: WINDOW_MAX,
            arrived: 0,
            halved_at: Timestamp(i64::MIN),
        }
    }
}

impl Window {
    /// How many attempts may be under way; in a crowd, where tenants wait for one another, no one's are many.
    pub fn size(&self, is_crowded: bool) -> usize {
        let most = if is_crowded { WINDOW_CROWDED_MAX } else { WINDOW_MAX };
        usize::try_from(self.size.min(most)).unwrap_or(1)
    }

    /// The window after an attempt that began then and ended now.
    #[must_use]
    pub fn step(self, outcome: &Outcome, began_at: Timestamp, now: Timestamp) -> Self {
        match outcome {
            Outcome::Done { .. } if self.size < self.careful_from => {
                Self { size: self.size + 1, ..self }
            }
            Outcome::Done { .. } if self.arrived + 1 >= self.size => {
                Self { size: (self.size + 1).min(WINDOW_MAX), arrived: 0, ..self }
            }
            Outcome::Done { .. } => Self { arrived: self.arrived + 1, ..self },
            // No answer, too many requests, or a gateway that got none.
            Outcome::Retry { code: -1 | 429 | 502 | 503 | 504, .. }
                if began_at > self.halved_at =>
            {
                let size = (self.size / 2).max(1);
                Self { size, careful_from: size, arrived: 0, halved_at: now }
            }
            Outcome::Retry { .. } | Outcome::Dead { .. } | Outcome::Gone { .. } => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout() -> Outcome {
        Outcome::Retry { code: -1, error: "no answer".into(), after: None }
    }

    #[test]
    fn it_begins_small_and_is_wide_after_few_arrivals() {
        let mut window = Window::default();
        assert_eq!(window.size(false), 4);
        for _ in 0..200 {
            window = window.step(&Outcome::Done { code: 200 }, Timestamp(1), Timestamp(1));
        }
        assert_eq!(window.size(false), 64, "and no wider");
        assert_eq!(window.size(true), 16, "there is a crowd");
        assert_eq!(Window::default().size(true), 4);
    }

    #[test]
    fn it_halves_once_for_all_that_was_under_way_and_grows_back_by_ones() {
        let mut window = Window { size: 16, ..Window::default() };
        for _ in 0..16 {
            window = window.step(&timeout(), Timestamp(0), Timestamp(10));
        }
        assert_eq!(window.size(false), 8, "one halving for sixteen that began together");
        for began in [11, 21, 31, 41, 51] {
            window = window.step(&timeout(), Timestamp(began), Timestamp(began + 9));
        }
        assert_eq!(window.size(false), 1, "never less");
        let mut arrivals = 0;
        while window.size(false) < 4 {
            window = window.step(&Outcome::Done { code: 200 }, Timestamp(99), Timestamp(99));
            arrivals += 1;
        }
        assert_eq!(arrivals, 1 + 2 + 3);
    }

    #[test]
    fn a_server_error_is_no_sign_of_too_much() {
        let error = Outcome::Retry { code: 500, error: "oops".into(), after: None };
        let window = Window::default().step(&error, Timestamp(1), Timestamp(2));
        assert_eq!(window, Window::default());
    }
}
