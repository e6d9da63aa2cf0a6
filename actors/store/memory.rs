//! The store in memory, for tests: durable only as long as it lives.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use parking_lot::RwLock;

use super::{Batch, Direction, Partition, Row, Store, StoreError, Write};

/// An ordered map behind a lock.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: RwLock<BTreeMap<PlacedKey, Vec<u8>>>,
}

type PlacedKey = (Partition, Vec<u8>);

impl Store for MemoryStore {
    fn commit(&self, batches: Vec<Batch>) -> Result<(), StoreError> {
        let mut rows = self.rows.write();
        for batch in batches {
            for write in batch.writes {
                match write {
                    Write::Put(key, value) => {
                        rows.insert((batch.partition, key), value);
                    }
                    Write::Delete(key) => {
                        rows.remove(&(batch.partition, key));
                    }
                }
            }
        }
        Ok(())
    }

    fn get(&self, partition: Partition, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.read().get(&(partition, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        partition: Partition,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        if range.start >= range.end {
            return Ok(Vec::new());
        }
        let bounds = (
            Bound::Included((partition, range.start.to_vec())),
            Bound::Excluded((partition, range.end.to_vec())),
        );
        let rows = self.rows.read();
        let found = rows.range(bounds).map(|((_, key), value)| (key.clone(), value.clone()));
        Ok(match direction {
            Direction::Ascending => found.take(limit).collect(),
            Direction::Descending => found.rev().take(limit).collect(),
        })
    }
}
