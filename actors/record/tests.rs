//! The envelope: its bytes, and what is not it.

use sereno_workflows::access::Role;

use super::envelope::CODEC;
use super::*;

fn key_record() -> KeyRecord {
    KeyRecord {
        id: "k1".into(),
        tenant: "default".into(),
        name: "first".into(),
        created_at: Timestamp(1_763_900_000_000),
        role: Role::Operator,
    }
}

#[test]
fn what_is_not_the_record_is_an_error() {
    let good = encode(&key_record());
    assert_eq!(decode::<KeyRecord>(&good), Ok(key_record()));
    assert!(matches!(decode::<MetaRecord>(&good), Err(RecordError::Damaged { .. })));
    for cut in 0..good.len() {
        assert!(decode::<KeyRecord>(&good[..cut]).is_err(), "cut at {cut}");
    }
    for flipped in 0..good.len() {
        let mut bad = good.clone();
        bad[flipped] ^= 0x40;
        assert!(decode::<KeyRecord>(&bad).is_err(), "flipped at {flipped}");
    }
    let mut newer = good.clone();
    newer[3] = 9;
    assert_eq!(decode::<KeyRecord>(&newer), Err(RecordError::Newer { name: "key", version: 9 }));
}

#[test]
fn a_length_from_nowhere_asks_for_no_memory() {
    let mut payload = vec![0xfd];
    payload.extend_from_slice(&u64::MAX.to_le_bytes());
    let mut bytes = vec![CODEC, 13, 0, 2, 0];
    bytes.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
    bytes.extend_from_slice(&payload);
    assert!(decode::<MetaRecord>(&bytes).is_err());
}
