//! How the whole server is, for its admin, in one answer that can be passed on.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::House;

const SYSTEM: &str = "/api/v1/admin/system";

/// The value of a setting, as it is told.
fn setting<'a>(system: &'a Value, name: &str) -> &'a Value {
    let all = system["configuration"].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} in {system:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_the_admin_reads_how_the_server_is_and_nothing_that_is_secret() {
    let house = House::with(|config| {
        config.smtp_host = Some("127.0.0.1".into());
        config.smtp_user = Some("somebody@trattoria.example".into());
        config.smtp_pass = Some("a-password-of-the-test".into());
    })
    .await;
    house.settle(json!({})).await;
    house.book("R-1", "34600000001", 7 * 24 * 3_600_000).await;
    let nowhere = json!({"kind": "webhook", "target": "http://127.0.0.1:9/",
        "retry": {"attempts": 9, "first": "1h"}});
    house.endpoint(nowhere).await;
    house.event("client.created", json!({"name": "Ana García"})).await;
    let system = house.admin.get(SYSTEM).await.unwrap();
    assert_eq!(system["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(system["takes_events"], true);
    assert_eq!(system["clock"]["verdict"], "pass", "{system:#}");
    assert!(system["clock"]["last_recorded_at"].is_string(), "{system:#}");
    assert!(system["store"]["journal_bytes"].as_u64().unwrap() > 0);
    assert!(system["store"]["grown_bytes"].is_i64() || system["store"]["grown_bytes"].is_u64());
    assert!(system["journal_sync_us"]["count"].as_u64().unwrap() > 0);
    assert!(system["journal_sync_us"]["p99"].as_u64().is_some(), "{system:#}");
    assert!(system["timers"]["pending"].as_u64().unwrap() >= 1);
    assert_eq!((&system["timers"]["late"], &system["timers"]["latest_ms"]), (&json!(0), &json!(0)));
    assert_eq!(system["partitions"], json!({"held": 256, "of": 256}));
    let waits = |system: &Value| system["backlog"]["deliveries"].as_u64() >= Some(1);
    let mut waiting = house.admin.get(SYSTEM).await.unwrap();
    for _ in 0..200 {
        if waits(&waiting) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        waiting = house.admin.get(SYSTEM).await.unwrap();
    }
    assert!(waits(&waiting), "{waiting:#}");

    let text = waiting.to_string();
    for secret in ["somebody", "a-password", "access_token", "Ana", "34600000001", "R-1"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(
        setting(&system, "smtp_pass"),
        &json!({"name": "smtp_pass", "value": "set", "is_default": false})
    );
    assert_eq!(setting(&system, "smtp_host")["value"], "127.0.0.1");
    assert_eq!(setting(&system, "webhook_secret")["value"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_how_the_server_is_is_the_admin_tokens_alone_and_comes_whole_in_a_session() {
    let house = House::new().await;
    assert_eq!(house.raw("GET", SYSTEM, "").await.0, 403, "a tenant's admin is not the server's");
    assert_eq!(Browser::with_role(&house, "admin").await.status(SYSTEM).await, 403);
    let text = std::fs::read_to_string(house.data.path().join("credentials")).unwrap();
    let token = text.lines().find_map(|line| line.strip_prefix("admin_token=")).unwrap();
    let browser = Browser::sign_in(&house.base, &json!({"key": token})).await.unwrap();
    let system = browser.get(SYSTEM).await;
    assert_eq!(setting(&system, "smtp_host")["name"], "smtp_host", "no name of a person's");
    assert!(!system.to_string().contains("•"), "{system:#}");
    assert!(!system.to_string().contains(token));
    assert!(house.admin.get(&format!("{SYSTEM}?tenant=x")).await.is_err());
}
