//! The head of an endpoint's queue, read some rows ahead, so that not every free place costs a scan.
//!
//! Only what is due is held: what is not may still be moved. A row that is held and gone from the queue
//! meanwhile is attempted all the same, as one that was under way would be.

use std::collections::VecDeque;

use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;

use crate::ledger::LedgerError;
use crate::ledger::queue::Queued;
use crate::limits;

/// A place in a queue.
type Place = (Timestamp, Sequence);

/// The head of a queue.
pub(super) struct Ahead {
    rows: VecDeque<Queued>,
    /// Everything before this place is held, under way or gone. What was delivered leaves traces in the
    /// store for a while, and looking from the start would pass over all of them.
    from: Place,
    /// Whether there may be rows from there on.
    more: bool,
}

/// What was at the head of the queue.
pub(super) enum Head {
    /// A delivery that is due; it is taken.
    Due(Queued),
    /// Nothing before then.
    NotBefore(Timestamp),
    /// Nothing, until there is word of more.
    Nothing,
}

impl Ahead {
    /// Of a queue of which nothing is known.
    pub(super) fn new() -> Self {
        Self { rows: VecDeque::new(), from: (Timestamp(0), Sequence(0)), more: true }
    }

    /// A row was added that is due then, or somebody should look then.
    pub(super) fn hear(&mut self, due: Timestamp) {
        if (due, Sequence(0)) < self.from {
            self.go_back_to(due);
        }
        self.more = true;
    }

    /// Rows at `due` or later may have changed, those that are held too.
    pub(super) fn go_back_to(&mut self, due: Timestamp) {
        let held = self.rows.front().map_or(self.from, place);
        self.from = held.min((due, Sequence(0)));
        self.more = true;
        self.rows.clear();
    }

    /// Takes the first row, if it is due; `read` reads so many rows from a place on.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        read: impl FnOnce(Place, usize) -> Result<Vec<Queued>, LedgerError>,
    ) -> Result<Head, LedgerError> {
        let mut later = None;
        if self.rows.is_empty() && self.more {
            let rows = read(self.from, limits::QUEUE_READ_AHEAD)?;
            self.more = rows.len() == limits::QUEUE_READ_AHEAD;
            for queued in rows {
                self.from = place(&queued);
                if queued.due > now {
                    later = Some(queued.due);
                    // Once those before it are taken it is read again, and its time is told then.
                    self.more = !self.rows.is_empty();
                    break;
                }
                self.from.1 = queued.delivery.next();
                self.rows.push_back(queued);
            }
        }
        Ok(match (self.rows.pop_front(), later) {
            (Some(queued), _) => Head::Due(queued),
            (None, Some(due)) => Head::NotBefore(due),
            (None, None) => Head::Nothing,
        })
    }

    /// Puts the row back that was taken last.
    pub(super) fn put_back(&mut self, queued: Queued) {
        self.rows.push_front(queued);
    }
}

fn place(queued: &Queued) -> Place {
    (queued.due, queued.delivery)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::DeliveryRecord;

    const NOW: Timestamp = Timestamp(1_000);

    /// Takes all that is due; answers the deliveries, and when the next is due.
    fn drain(ahead: &mut Ahead, queue: &[(i64, u64)]) -> (Vec<u64>, Option<i64>) {
        let mut taken = Vec::new();
        loop {
            let read = |from: Place, limit: usize| {
                let rows = queue.iter().map(|&(due, delivery)| Queued {
                    due: Timestamp(due),
                    delivery: Sequence(delivery),
                    record: DeliveryRecord::first(Sequence(1)),
                });
                Ok(rows.filter(|queued| place(queued) >= from).take(limit).collect())
            };
            match ahead.take(NOW, read).unwrap() {
                Head::Due(queued) => taken.push(queued.delivery.0),
                Head::NotBefore(due) => return (taken, Some(due.0)),
                Head::Nothing => return (taken, None),
            }
        }
    }

    #[test]
    fn every_row_that_is_due_is_taken_once_in_the_order_of_the_queue() {
        let count = u64::try_from(2 * limits::QUEUE_READ_AHEAD).unwrap() + 3;
        let queue: Vec<(i64, u64)> = (1..=count).map(|delivery| (7, delivery)).collect();
        let mut ahead = Ahead::new();
        assert_eq!(drain(&mut ahead, &queue), ((1..=count).collect(), None));
        assert_eq!(drain(&mut ahead, &queue), (Vec::new(), None));
    }

    #[test]
    fn what_is_not_due_is_told_and_not_held() {
        let mut ahead = Ahead::new();
        assert_eq!(drain(&mut ahead, &[(5, 1), (2_000, 2)]), (vec![1], Some(2_000)));
        // It was moved to an earlier time.
        ahead.hear(Timestamp(900));
        assert_eq!(drain(&mut ahead, &[(900, 2)]), (vec![2], None));
    }

    #[test]
    fn after_word_of_an_earlier_row_none_is_missed_and_none_taken_twice() {
        let mut ahead = Ahead::new();
        let read = |_: Place, _: usize| {
            let queued = |delivery| Queued {
                due: Timestamp(50),
                delivery: Sequence(delivery),
                record: DeliveryRecord::first(Sequence(1)),
            };
            Ok(vec![queued(5), queued(6)])
        };
        let first = ahead.take(NOW, read).unwrap();
        assert!(matches!(first, Head::Due(queued) if queued.delivery == Sequence(5)));
        ahead.hear(Timestamp(40));
        // 5 was taken and is still in the queue: whoever takes knows what is under way.
        let queue = [(40, 9), (50, 5), (50, 6)];
        assert_eq!(drain(&mut ahead, &queue), (vec![9, 5, 6], None));
        ahead.hear(Timestamp(60));
        assert_eq!(drain(&mut ahead, &[(60, 10)]), (vec![10], None));
    }
}
