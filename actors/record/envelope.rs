//! The envelope of a record. The only file that names bincode.
//!
//! ```text
//! [codec 1 B] [kind 2 B] [schema version 2 B] [crc32 of the payload 4 B] [payload]
//! ```
//! A record of another kind, of a version from the future, with a wrong checksum or with bytes left
//! over is an error that names the record, never a panic and never a wrong value.

use std::cell::Cell;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::limits::{RECORD_BYTES_MAX, VALUE_BYTES_MAX};

pub(super) const CODEC: u8 = 1;
const HEAD_BYTES: usize = 9;
const CHECKSUM_BYTES: usize = 4;
/// Room for most records, kept by each thread from one to the next.
const SCRATCH_BYTES_MAX: usize = 16 << 10;
const CONFIG: Configuration<LittleEndian, Varint, Limit<RECORD_BYTES_MAX>> =
    bincode::config::standard().with_limit::<RECORD_BYTES_MAX>();

/// Why bytes are not the record that they should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// They were written by something newer.
    #[error("a {name} record of version {version} was written by a newer sereno; use that one")]
    Newer {
        /// The kind of record.
        name: &'static str,
        /// Its version.
        version: u16,
    },
    /// They are not what was written.
    #[error("a {name} record is damaged: {problem}")]
    Damaged {
        /// The kind of record.
        name: &'static str,
        /// What does not fit.
        problem: &'static str,
    },
}

/// A type that stands on disk.
pub trait Record: Serialize + DeserializeOwned {
    /// The kind's number, never given to another.
    const KIND: u16;
    /// The version that is written.
    const VERSION: u16 = 1;
    /// The kind's name, for errors.
    const NAME: &'static str;

    /// The record that an older version's payload stands for; every version that was ever released is
    /// read for ever.
    fn upcast(_version: u16, _payload: &[u8]) -> Option<Self> {
        None
    }
}

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A record in its envelope. What is stored waits in memory first, so it takes no more room than it has bytes.
pub fn encode<R: Record>(record: &R) -> Vec<u8> {
    let mut bytes = SCRATCH.take();
    bytes.clear();
    bytes.push(CODEC);
    bytes.extend_from_slice(&R::KIND.to_le_bytes());
    bytes.extend_from_slice(&R::VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; CHECKSUM_BYTES]);
    bincode::serde::encode_into_std_write(record, &mut bytes, CONFIG)
        .expect("records are plain data, which always serialises");
    let (head, payload) = bytes.split_at_mut(HEAD_BYTES);
    assert!(payload.len() <= RECORD_BYTES_MAX, "a record that could not be read back");
    let checksum = crc32fast::hash(payload).to_le_bytes();
    let place = head.last_chunk_mut::<CHECKSUM_BYTES>().expect("a head ends with its checksum");
    *place = checksum;
    let exact = bytes.as_slice().to_vec();
    if bytes.capacity() <= SCRATCH_BYTES_MAX {
        SCRATCH.set(bytes);
    }
    exact
}

/// The record in an envelope.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, RecordError> {
    let damaged = |problem| RecordError::Damaged { name: R::NAME, problem };
    let (head, payload) = bytes.split_at_checked(HEAD_BYTES).ok_or(damaged("it is too short"))?;
    let [codec, k0, k1, v0, v1, c0, c1, c2, c3] = *head else {
        return Err(damaged("it is too short"));
    };
    if codec != CODEC || u16::from_le_bytes([k0, k1]) != R::KIND {
        return Err(damaged("it is of another kind"));
    }
    let version = u16::from_le_bytes([v0, v1]);
    if version > R::VERSION {
        return Err(RecordError::Newer { name: R::NAME, version });
    }
    if u32::from_le_bytes([c0, c1, c2, c3]) != crc32fast::hash(payload) {
        return Err(damaged("its checksum does not fit"));
    }
    if version < R::VERSION {
        return R::upcast(version, payload).ok_or(damaged("it is of a version that never was"));
    }
    fields(payload).ok_or(damaged("its fields do not fit"))
}

/// What a payload says, to its last byte.
pub(super) fn fields<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    let (fields, used) = bincode::serde::decode_from_slice(payload, CONFIG).ok()?;
    (used == payload.len()).then_some(fields)
}

/// The tables whose values have no envelope: places, pieces, numbers and what is said by its key alone.
const BARE: &[u8] = b"\x001CGIOVWbcfjlnoxy";

/// Whether a value of the store is as it was written, as far as its envelope says; `key` as in [`super::key`].
pub fn is_whole(key: &[u8], value: &[u8]) -> bool {
    // Long values go on in pieces.
    if key.first().is_some_and(|table| BARE.contains(table)) || value.len() == VALUE_BYTES_MAX {
        return true;
    }
    let Some((&[CODEC, _, _, _, _, c0, c1, c2, c3], payload)) =
        value.split_first_chunk::<HEAD_BYTES>()
    else {
        return false;
    };
    u32::from_le_bytes([c0, c1, c2, c3]) == crc32fast::hash(payload)
}
