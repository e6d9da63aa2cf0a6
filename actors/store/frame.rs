//! A batch as bytes, as the journal keeps it: what was put and deleted, nothing about why.
//!
//! ```text
//! per write:  key bytes * 2 + (1 for a put), varint | key | for a put: value bytes, varint | value
//! ```

use super::{Batch, Partition, Row, Write};

/// Bytes that suffice for a batch, but for what is longer than most.
pub(super) fn room_for(batch: &Batch) -> usize {
    const LENGTHS: usize = 4;
    batch.bytes() + LENGTHS * batch.writes.len()
}

/// Appends a batch's writes to a frame.
pub(super) fn write(frame: &mut Vec<u8>, batch: &Batch) {
    for write in &batch.writes {
        match write {
            Write::Put(key, value) => {
                varint(frame, (key.len() << 1) | 1);
                frame.extend_from_slice(key);
                varint(frame, value.len());
                frame.extend_from_slice(value);
            }
            Write::Delete(key) => {
                varint(frame, key.len() << 1);
                frame.extend_from_slice(key);
            }
        }
    }
}

/// The batch that a frame is; `None` if it is none.
pub(super) fn read(partition: Partition, mut bytes: &[u8]) -> Option<Batch> {
    let mut batch = Batch::new(partition);
    while !bytes.is_empty() {
        let head = take_varint(&mut bytes)?;
        let key = take(&mut bytes, head >> 1)?.to_vec();
        if head & 1 == 1 {
            let length = take_varint(&mut bytes)?;
            batch.put(key, take(&mut bytes, length)?.to_vec());
        } else {
            batch.delete(key);
        }
    }
    Some(batch)
}

/// Takes the next write off a frame, which must be a put.
pub(super) fn read_put<'a>(bytes: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let head = take_varint(bytes)?;
    let key = take(bytes, head >> 1)?;
    if head & 1 == 0 {
        return None;
    }
    let length = take_varint(bytes)?;
    Some((key, take(bytes, length)?))
}

/// The keys and values of a frame that is nothing but puts; `None` for any other.
pub(super) fn read_puts(mut bytes: &[u8]) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let (key, value) = read_put(&mut bytes)?;
        rows.push((key.to_vec(), value.to_vec()));
    }
    Some(rows)
}

/// Takes the next write off a frame: its key, and its value unless it deletes.
pub(super) fn take_write<'a>(bytes: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let head = take_varint(bytes)?;
    let key = take(bytes, head >> 1)?;
    if head & 1 == 0 {
        return Some((key, None));
    }
    let length = take_varint(bytes)?;
    Some((key, Some(take(bytes, length)?)))
}

fn varint(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7F);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn take_varint(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (first, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_batch_reads_back_and_a_shorter_frame_is_no_other_batch(
            writes in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..200),
                 prop::option::of(prop::collection::vec(any::<u8>(), 0..400))), 0..8),
        ) {
            let mut batch = Batch::new(Partition(3));
            for (key, value) in writes {
                match value {
                    Some(value) => batch.put(key, value),
                    None => batch.delete(key),
                }
            }
            let mut bytes = Vec::new();
            write(&mut bytes, &batch);
            for cut in 0..bytes.len() {
                let shorter = read(Partition(3), &bytes[..cut]);
                prop_assert_ne!(shorter.as_ref(), Some(&batch));
            }
            prop_assert_eq!(read(Partition(3), &bytes), Some(batch));
        }
    }
}
