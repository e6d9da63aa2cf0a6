//! For how long a request is known, and that it is forgotten after.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sereno_workflows::policy::Settings;

use super::*;
use crate::trial::{self, end};

const HOUR_MS: i64 = 3_600_000;
const START: Timestamp = Timestamp(1_763_900_000_000);

/// An engine on a directory, so many hours after the first.
async fn engine(directory: &Path, hours: i64) -> Engine {
    trial::engine(directory, Timestamp(START.0 + hours * HOUR_MS)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_the_answer_to_a_request_is_kept_for_a_day_and_then_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let tenant: TenantId = "shop".parse().unwrap();
    let event = || Event::from_json(json!({"event_type": "a.b"}), START).unwrap();
    let request = |fingerprint| Idempotency::new(b"key", [fingerprint; 32]).unwrap();

    let shop = engine(directory.path(), 0).await;
    let settings = Settings::default();
    shop.create_tenant(tenant.clone(), "Shop".to_owned(), settings).await.unwrap();
    assert_eq!(shop.answered(&tenant, &[event()], &request(1)).unwrap(), None);
    let first = shop.submit(&tenant, vec![event()], Some(request(1)), None).await.unwrap();
    end(shop).await;

    let shop = engine(directory.path(), 23).await;
    let again = shop.answered(&tenant, &[event()], &request(1)).unwrap();
    assert_eq!(again.as_ref(), Some(&first));
    let other = shop.answered(&tenant, &[event()], &request(2));
    assert!(matches!(other, Err(EngineError::Invalid(_))), "{other:?}");
    let late = shop.submit(&tenant, vec![event()], Some(request(1)), None).await;
    assert!(matches!(late, Err(EngineError::Rejected(_))), "{late:?}");
    end(shop).await;

    let shop = engine(directory.path(), 25).await;
    assert_eq!(shop.answered(&tenant, &[event()], &request(2)).unwrap(), None);
    let all = Sequence(u64::MAX);
    for _ in 0..1_000 {
        if shop.ledger().idempotency_before(&tenant, all, 9).unwrap().is_empty() {
            assert_eq!(shop.ledger().idempotency(&tenant, "key").unwrap(), None);
            end(shop).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the key is still there");
}

#[test]
fn b01_a_key_is_visible_ascii_of_bounded_length() {
    let most = IDEMPOTENCY_KEY_BYTES_MAX;
    for good in ["a", "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", &"x".repeat(most)] {
        assert!(Idempotency::new(good.as_bytes(), [0; 32]).is_ok(), "{good}");
    }
    for bad in ["", "ñ", "\t", &"x".repeat(most + 1)] {
        assert!(Idempotency::new(bad.as_bytes(), [0; 32]).is_err(), "{bad}");
    }
}
