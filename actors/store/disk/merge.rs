//! Reading rows of both layers: the overlay first, the index under it.

use std::ops::Range;

use super::Inside;
use crate::limits;
use crate::store::{Direction, Partition, Row, StoreError, full_key};

impl Inside {
    /// Rows from `from` (inclusive) to `until` (exclusive) in key order, at most `limit`.
    pub(in crate::store) fn scan(
        &self,
        partition: Partition,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut left = full_key(partition, range.start)..full_key(partition, range.end);
        let mut rows = Vec::new();
        // Pages grow: where much was deleted lately, a small one brings nothing.
        let mut page = limit.clamp(16, limits::SCAN_PAGE_ROWS);
        while left.start < left.end && rows.len() < limit {
            left = self.merge_page(left, direction, page, limit, &mut rows)?;
            page = (2 * page).min(limits::SCAN_PAGE_ROWS);
        }
        for (key, _) in &mut rows {
            key.remove(0);
        }
        Ok(rows)
    }

    /// Adds the next rows of a range to `rows`; answers what of the range is left.
    ///
    /// The overlay is read first: a row that moves from there to the index in between is then seen
    /// twice, not missed.
    fn merge_page(
        &self,
        range: Range<Vec<u8>>,
        direction: Direction,
        page: usize,
        limit: usize,
        rows: &mut Vec<Row>,
    ) -> Result<Range<Vec<u8>>, StoreError> {
        let over = self.overlay.page(&range, direction, page);
        let under = self.read(|index| index.page(&range, direction, page))?;
        let ascending = direction == Direction::Ascending;
        let goes_on = |length: usize| length == page;
        // Beyond the last key of a full page, its side may have more that was not read.
        let ends = [
            over.last().map(|(key, _)| key).filter(|_| goes_on(over.len())),
            under.last().map(|(key, _)| key).filter(|_| goes_on(under.len())),
        ];
        let ends = ends.into_iter().flatten();
        let end = if ascending { ends.min() } else { ends.max() }.cloned();
        let inside = |key: &Vec<u8>| match &end {
            Some(end) if ascending => key <= end,
            Some(end) => key >= end,
            None => true,
        };
        let mut over = over.into_iter().filter(|(key, _)| inside(key)).peekable();
        let mut under = under.into_iter().filter(|(key, _)| inside(key)).peekable();
        while rows.len() < limit {
            let from_over = match (over.peek(), under.peek()) {
                (Some((a, _)), Some((b, _))) if a == b => {
                    under.next();
                    true
                }
                (Some((a, _)), Some((b, _))) => (a < b) == ascending,
                (over, _) => over.is_some(),
            };
            let row = if from_over {
                over.next()
            } else {
                under.next().map(|(key, value)| (key, Some(value)))
            };
            match row {
                Some((key, Some(value))) => rows.push((key, value)),
                Some((_, None)) => {}
                None => break,
            }
        }
        Ok(match end {
            Some(end) if ascending => [&end[..], &[0]].concat()..range.end,
            Some(end) => range.start..end,
            None => range.end.clone()..range.end,
        })
    }
}
