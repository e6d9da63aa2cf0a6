//! The format of a segment file, and how to read one that may be torn or damaged.
//!
//! ```text
//! header, 4,096 B:  magic 8 | version 2 | number 8 | epoch 8 | position at its start 2,056 | crc32 4
//!                   and once more, since nothing else says where a segment begins
//! group, at 8-byte boundaries, one write and one sync each:
//!                   magic 4 | payload bytes 4 | segment number 8 | group number 8 | crc32 4
//!                   | payload bytes before it was compressed, or 0 if it was not 4
//!                   then frames: partition 1 | epoch 8 | seq 8 | bytes 4 | batch
//! ```
//! Numbers are little-endian. The checksum covers everything of a group but the magic and itself. The
//! frames of a group are compressed together (LZ4) where that makes them shorter.
//! Segments are recycled, so the bytes after the last group may be an older segment's: the segment
//! number in each group tells them apart. A group is written by one call and synced before the next is
//! begun, so only the last one can be torn; a group that can be read after one that cannot means damage.
//! Damage to the very last group cannot be told from a torn one by the journal alone; the index, or the
//! mark beside it, says whether it had been whole.
//! The magic is no valid UTF-8, so no text that a user sends can hold one.

use std::borrow::Cow;

use super::{Frame, Position};
use crate::store::Partition;

/// Bytes before the first group.
pub(super) const HEADER_BYTES: usize = 2 * HEADER_COPY_BYTES;
const HEADER_COPY_BYTES: usize = 4_096;
/// Bytes before a group's frames.
pub(super) const GROUP_HEAD_BYTES: usize = 32;
/// Bytes before a frame's batch.
const FRAME_HEAD_BYTES: usize = 21;
const ALIGNMENT: usize = 8;

const MAGIC: [u8; 8] = *b"serenoj1";
/// 1: no group is compressed.
const VERSION: u16 = 2;
const GROUP_MAGIC: [u8; 4] = [0xF5, 0xC1, 0xFE, 0xFA];

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Its number; segments are numbered without gaps.
    pub(super) number: u64,
    /// The epoch in which it was begun.
    pub(super) epoch: u64,
    /// How far the journal went when it was begun.
    pub(super) start: Position,
}

impl Header {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.extend_from_slice(&self.start.to_bytes());
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.resize(HEADER_COPY_BYTES, 0);
        bytes.repeat(2)
    }

    /// The header of a segment that begins with these bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let second = bytes.get(HEADER_COPY_BYTES..).unwrap_or_default();
        Self::from_copy(bytes).or_else(|problem| Self::from_copy(second).map_err(|_| problem))
    }

    fn from_copy(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut rest = Reader(bytes);
        if rest.take::<8>() != Some(MAGIC) {
            return Err("it does not begin like one");
        }
        let short = "its header is too short";
        if !(1..=VERSION).contains(&u16::from_le_bytes(rest.take().ok_or(short)?)) {
            return Err("it is of another version; use the sereno that wrote it, or a newer one");
        }
        let number = rest.number().ok_or(short)?;
        let epoch = rest.number().ok_or(short)?;
        let start = rest.slice(Position::BYTES).and_then(Position::from_bytes).ok_or(short)?;
        let covered = bytes.len() - rest.0.len();
        let crc = u32::from_le_bytes(rest.take().ok_or(short)?);
        if bytes.get(..covered).map(crc32fast::hash) != Some(crc) {
            return Err("its header's checksum does not fit");
        }
        Ok(Self { number, epoch, start })
    }
}

/// A group as bytes, padded so that the next one begins at a boundary.
pub(super) fn group_to_bytes(segment: u64, group: u64, frames: &[Frame<'_>]) -> Vec<u8> {
    let payload = frames_to_bytes(frames);
    let packed = lz4_flex::block::compress(&payload);
    let shorter = packed.len() < payload.len();
    let (stored, unpacked) = if shorter { (&packed, payload.len()) } else { (&payload, 0) };
    let mut bytes = Vec::with_capacity(GROUP_HEAD_BYTES + stored.len() + ALIGNMENT);
    bytes.extend_from_slice(&GROUP_MAGIC);
    bytes.extend_from_slice(&length(stored.len()).to_le_bytes());
    bytes.extend_from_slice(&segment.to_le_bytes());
    bytes.extend_from_slice(&group.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&length(unpacked).to_le_bytes());
    bytes.extend_from_slice(stored);
    let crc = checksum(&bytes).unwrap_or_default().to_le_bytes();
    if let Some(place) = bytes.get_mut(24..28) {
        place.copy_from_slice(&crc);
    }
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    bytes
}

fn frames_to_bytes(frames: &[Frame<'_>]) -> Vec<u8> {
    let size = frames.iter().map(|frame| FRAME_HEAD_BYTES + frame.bytes.len()).sum();
    let mut bytes = Vec::with_capacity(size);
    for frame in frames {
        bytes.push(frame.partition.0);
        bytes.extend_from_slice(&frame.epoch.to_le_bytes());
        bytes.extend_from_slice(&frame.seq.to_le_bytes());
        bytes.extend_from_slice(&length(frame.bytes.len()).to_le_bytes());
        bytes.extend_from_slice(frame.bytes);
    }
    bytes
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a group is far smaller than 4 GiB")
}

fn checksum(group: &[u8]) -> Option<u32> {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(group.get(4..24)?);
    // Version 1 had four zeros here and left them out.
    let unpacked = group.get(28..GROUP_HEAD_BYTES)?;
    hasher.update(if unpacked == [0; 4] { &[] } else { unpacked });
    hasher.update(group.get(GROUP_HEAD_BYTES..)?);
    Some(hasher.finalize())
}

/// A group that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    /// Its number.
    pub(super) number: u64,
    /// Where the next one begins.
    pub(super) end: usize,
    payload: &'a [u8],
    /// The payload's bytes before it was compressed; 0 if it was not.
    unpacked: usize,
}

impl<'a> Group<'a> {
    /// Its frames as bytes; `None` if they cannot be read, which its checksum makes impossible unless
    /// they were written wrong.
    pub(super) fn unpack(&self) -> Option<Cow<'a, [u8]>> {
        if self.unpacked == 0 {
            return Some(Cow::Borrowed(self.payload));
        }
        let frames = lz4_flex::block::decompress(self.payload, self.unpacked).ok()?;
        (frames.len() == self.unpacked).then_some(Cow::Owned(frames))
    }
}

/// The frames that a group was made of; `None` in place of one that cannot be read, which is the last.
pub(super) fn frames(unpacked: &[u8]) -> impl Iterator<Item = Option<Frame<'_>>> {
    let mut rest = Reader(unpacked);
    std::iter::from_fn(move || {
        if rest.0.is_empty() {
            return None;
        }
        let frame = rest.frame();
        if frame.is_none() {
            rest = Reader(&[]);
        }
        Some(frame)
    })
}

/// The group that begins at `offset`, if there is a whole one of this segment.
pub(super) fn group_at(segment: &[u8], number: u64, offset: usize) -> Option<Group<'_>> {
    let rest = segment.get(offset..)?;
    let mut head = Reader(rest);
    if head.take::<4>()? != GROUP_MAGIC {
        return None;
    }
    let size = usize::try_from(u32::from_le_bytes(head.take()?)).ok()?;
    if head.number()? != number {
        return None;
    }
    let group = head.number()?;
    let crc = u32::from_le_bytes(head.take()?);
    let unpacked = usize::try_from(u32::from_le_bytes(head.take()?)).ok()?;
    let whole = rest.get(..GROUP_HEAD_BYTES + size)?;
    if checksum(whole)? != crc {
        return None;
    }
    let end = (offset + whole.len()).next_multiple_of(ALIGNMENT);
    Some(Group { number: group, end, payload: whole.get(GROUP_HEAD_BYTES..)?, unpacked })
}

/// The first group at or after `offset`, wherever it begins.
pub(super) fn next_group(segment: &[u8], number: u64, offset: usize) -> Option<Group<'_>> {
    let mut at = offset.next_multiple_of(ALIGNMENT);
    while at + GROUP_HEAD_BYTES <= segment.len() {
        if let Some(group) = group_at(segment, number, at) {
            return Some(group);
        }
        at += ALIGNMENT;
    }
    None
}

/// Whether a group of this segment was begun at `offset`, whole or not.
pub(super) fn is_begun(segment: &[u8], number: u64, offset: usize) -> bool {
    let mut head = Reader(segment.get(offset..).unwrap_or_default());
    head.take() == Some(GROUP_MAGIC) && head.take::<4>().is_some() && head.number() == Some(number)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn slice(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(first)
    }

    fn frame(&mut self) -> Option<Frame<'a>> {
        let [partition] = self.take()?;
        let epoch = self.number()?;
        let seq = self.number()?;
        let size = usize::try_from(u32::from_le_bytes(self.take()?)).ok()?;
        Some(Frame { partition: Partition(partition), epoch, seq, bytes: self.slice(size)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(seq: u64, bytes: &[u8]) -> Frame<'_> {
        Frame { partition: Partition(7), epoch: 3, seq, bytes }
    }

    #[test]
    fn a_header_reads_back_and_a_flipped_bit_is_seen() {
        let mut start = Position { group: 9, ..Position::default() };
        start.advance(Partition(255), 4);
        let header = Header { number: 2, epoch: 3, start };
        let mut bytes = header.to_bytes();
        assert_eq!(Header::from_bytes(&bytes).as_ref(), Ok(&header));
        bytes[100] ^= 1;
        assert_eq!(Header::from_bytes(&bytes), Ok(header), "from its second copy");
        bytes[HEADER_COPY_BYTES + 2_000] ^= 1;
        assert!(Header::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_group_reads_back_and_every_flipped_bit_is_seen() {
        let long = b"again and ".repeat(30);
        for second in [&b"second"[..], &long] {
            let bytes = group_to_bytes(5, 1, &[frame(1, b"one"), frame(2, second)]);
            let group = group_at(&bytes, 5, 0).unwrap();
            let unpacked = group.unpack().unwrap();
            let read: Vec<_> = frames(&unpacked).map(Option::unwrap).collect();
            assert_eq!(read, [frame(1, b"one"), frame(2, second)]);
            assert_eq!(group.end, bytes.len());
            let written = GROUP_HEAD_BYTES + group.payload.len();
            for bit in 0..written * 8 {
                let mut damaged = bytes.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(group_at(&damaged, 5, 0).is_none(), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_group_is_compressed_where_that_makes_it_shorter() {
        let long = b"again and ".repeat(30);
        let bytes = group_to_bytes(5, 1, &[frame(1, &long)]);
        assert!(bytes.len() < 150, "{} bytes", bytes.len());
        let odd = 0x0123_4567_89AB_CDEF;
        let short = Frame { epoch: odd, seq: !odd, ..frame(1, b"one") };
        let short = group_to_bytes(5, 1, &[short]);
        assert_eq!(group_at(&short, 5, 0).unwrap().unpacked, 0);
    }

    #[test]
    fn a_group_of_an_older_segment_is_none() {
        let bytes = group_to_bytes(5, 1, &[frame(1, b"one")]);
        assert!(group_at(&bytes, 6, 0).is_none());
        assert!(next_group(&bytes, 6, 0).is_none());
    }

    #[test]
    fn the_next_group_is_found_behind_damage() {
        let mut bytes = group_to_bytes(5, 1, &[frame(1, b"first")]);
        bytes.extend(group_to_bytes(5, 2, &[frame(2, b"second")]));
        bytes[GROUP_HEAD_BYTES] ^= 1;
        let found = next_group(&bytes, 5, 0).unwrap();
        assert_eq!((found.number, found.end), (2, bytes.len()));
    }
}
