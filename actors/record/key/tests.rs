//! The order of keys is the order of what they stand for.

use super::*;

#[test]
fn timer_keys_sort_by_time_and_read_back() {
    let timer = |due| TimerKey {
        due: Timestamp(due),
        tenant: "default".parse().unwrap(),
        entity: EntityKey::reservation("R-1"),
        slot: Sequence(7),
    };
    assert!(timer(5).to_bytes() < timer(300).to_bytes());
    assert_eq!(TimerKey::from_bytes(&timer(300).to_bytes()), Some(timer(300)));
    assert_eq!(TimerKey::from_bytes(b"T short"), None);
}

#[test]
fn no_tenants_rows_lie_inside_anothers() {
    let (a, ab) = ("a".parse().unwrap(), "ab".parse().unwrap());
    let row = event(&ab, Sequence(1));
    let table_of_a = table(b'E', &a);
    assert!(!(table_of_a.clone()..after(&table_of_a)).contains(&row));
}

#[test]
fn after_is_the_end_of_a_prefix() {
    assert_eq!(after(b"ab"), b"ac");
    assert_eq!(after(&[1, 255]), [2]);
    assert!(after(&[255, 255]) > vec![255, 255, 1]);
}
