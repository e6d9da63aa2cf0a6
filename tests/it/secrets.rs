//! The secrets of endpoints: rotated with an overlap, told of when they are old, never seen again.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};

use crate::support::{ENDPOINTS, House, PATIENCE, SECRET, deliveries, nowhere_on_disk};

const OWN: &str = "a-secret-of-the-users-own-choice-0123456789";
const TENANT: &str = "/api/v1/admin/tenants/default";

/// Whether another's library verifies a delivery under a secret.
fn verifies(delivery: &Delivery, secret: &str) -> bool {
    let verifier = match secret.starts_with("whsec_") {
        true => standardwebhooks::Webhook::new(secret).unwrap(),
        false => standardwebhooks::Webhook::from_bytes(secret.as_bytes().to_vec()).unwrap(),
    };
    let svix = secret.starts_with("whsec_").then(|| {
        let verifier = svix::webhooks::Webhook::new(secret).unwrap();
        verifier.verify(&delivery.body, &delivery.headers).is_ok()
    });
    let verified = verifier.verify(&delivery.body, &delivery.headers).is_ok();
    assert!(svix.is_none_or(|svix| svix == verified), "both libraries agree");
    verified
}

async fn rotate(house: &House, id: u64, body: Value) -> Value {
    house.api.post(&format!("{ENDPOINTS}/{id}/rotate-secret"), &body).await.unwrap()
}

async fn next(house: &House, receiver: &WebhookReceiver, event_type: &str) -> Delivery {
    house.event(event_type, json!({})).await;
    let got = deliveries(receiver, &[event_type]).await;
    got.into_iter().rfind(|delivery| delivery.event_type == event_type).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a19_old_and_new_sign_side_by_side_until_the_overlap_ends_also_after_a_restart() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    receiver.behave(|behaviour| behaviour.secret = None);
    let before = house.api.get(&format!("{ENDPOINTS}/1")).await.unwrap();
    assert_eq!(before["previous_secrets"], json!([]));
    let rotated = rotate(&house, 1, json!({"overlap": "6s"})).await;
    let new = rotated["secret"].as_str().unwrap().to_owned();
    assert!(new.starts_with("whsec_") && new != SECRET, "{rotated}");
    let ends = &rotated["previous_secret_expires_at"];
    assert!(ends.is_string(), "{rotated}");
    let shown = &rotated["endpoint"];
    assert_eq!(shown["previous_secrets"], json!([{"expires_at": ends}]));
    assert!(shown["secret_created_at"].as_str() > before["secret_created_at"].as_str());
    let again = house.api.get(&format!("{ENDPOINTS}/1")).await.unwrap().to_string();
    assert!(!again.contains(&new) && !again.contains(SECRET), "shown once");

    let delivery = next(&house, &receiver, "a.one").await;
    assert!(verifies(&delivery, SECRET) && verifies(&delivery, &new), "both sign");
    let first = delivery.header("webhook-signature").split(' ').next().unwrap().to_owned();
    let mut newest_alone = delivery.clone();
    newest_alone.headers.insert("webhook-signature", first.parse().unwrap());
    assert!(verifies(&newest_alone, &new), "the newest first");
    assert!(sereno_actors::signature::verify_hex(
        delivery.header("x-signature"),
        &delivery.body,
        &new
    ));

    let house = house.restarted().await;
    let delivery = next(&house, &receiver, "a.two").await;
    assert!(verifies(&delivery, SECRET) && verifies(&delivery, &new), "a restart changes nothing");
    let over = |shown: &Value| shown["previous_secrets"] == json!([]);
    house.eventually(&format!("{ENDPOINTS}/1"), over).await;
    let delivery = next(&house, &receiver, "a.three").await;
    assert!(!verifies(&delivery, SECRET) && verifies(&delivery, &new), "the old one is over");
    let house = house.restarted().await;
    let delivery = next(&house, &receiver, "a.four").await;
    assert!(!verifies(&delivery, SECRET) && verifies(&delivery, &new));
}

#[tokio::test(flavor = "multi_thread")]
async fn a19_a_rotation_at_once_an_own_secret_and_what_is_refused() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    receiver.behave(|behaviour| behaviour.secret = None);
    for _ in 0..3 {
        rotate(&house, 1, json!({})).await;
    }
    let path = format!("{ENDPOINTS}/1/rotate-secret");
    let (status, problem) = house.raw("POST", &path, "{}").await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("overlap")), "{problem}");
    let shown = house.api.get(&format!("{ENDPOINTS}/1")).await.unwrap();
    assert_eq!(shown["previous_secrets"].as_array().unwrap().len(), 3, "{shown}");
    let delivery = next(&house, &receiver, "a.one").await;
    assert_eq!(delivery.header("webhook-signature").split(' ').count(), 4, "bounded");

    let rotated = rotate(&house, 1, json!({"secret": OWN, "overlap": "0s"})).await;
    assert_eq!(
        (rotated.get("secret"), &rotated["previous_secret_expires_at"]),
        (None, &Value::Null),
        "the caller's own is not repeated"
    );
    let delivery = next(&house, &receiver, "a.two").await;
    assert_eq!(delivery.header("webhook-signature").split(' ').count(), 1);
    assert!(verifies(&delivery, OWN));

    house.endpoint(json!({"kind": "email", "target": "a@example.com"})).await;
    for (id, body, field) in [
        (1, json!({"secret": "short"}), "secret"),
        (1, json!({"secret": OWN}), "secret"),
        (1, json!({"overlap": "8d"}), "overlap"),
        (1, json!({"overlap": 7}), "overlap"),
        (1, json!({"when": "now"}), "when"),
        (2, json!({}), "kind"),
    ] {
        let path = format!("{ENDPOINTS}/{id}/rotate-secret");
        let (status, problem) = house.raw("POST", &path, body.to_string()).await;
        assert_eq!((status, problem["field"].as_str()), (422, Some(field)), "{body} -> {problem}");
    }
    let (status, _) = house.raw("POST", &format!("{ENDPOINTS}/9/rotate-secret"), "").await;
    assert_eq!(status, 404);

    rotate(&house, 1, json!({})).await;
    house.api.patch(&format!("{ENDPOINTS}/1"), &json!({"secret": SECRET})).await.unwrap();
    let delivery = next(&house, &receiver, "a.three").await;
    assert_eq!(delivery.header("webhook-signature").split(' ').count(), 1, "a change is at once");
    assert!(verifies(&delivery, SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn a19_an_old_secret_is_told_of_once_by_a_timer_that_survives() {
    let house = House::new().await;
    let operator = house.webhook(json!({"filters": {"events": ["endpoint.secret.*"]}})).await;
    let plain = json!({"kind": "webhook", "target": "http://127.0.0.1:9/x",
        "filters": {"events": ["none"]}});
    let id = house.endpoint(plain.clone()).await;
    let doomed = house.endpoint(plain).await;
    let timers = async |house: &House| {
        let listed = house.api.get("/api/v1/timers").await.unwrap()["items"].clone();
        let of = |timer: &Value| {
            (
                timer["entity_id"].as_str().unwrap().to_owned(),
                timer["due_at"].as_str().unwrap().to_owned(),
            )
        };
        assert!(listed.as_array().unwrap().iter().all(|timer| timer["kind"] == "secret_expiring"));
        listed.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let at_first = timers(&house).await;
    assert_eq!(at_first.len(), 3, "{at_first:?}");
    house.raw("DELETE", &format!("{ENDPOINTS}/{doomed}"), "").await;
    rotate(&house, 1, json!({})).await;
    let rotated = timers(&house).await;
    assert_eq!(rotated.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(rotated[0], at_first[1], "the other timer stays");
    house.api.patch(TENANT, &json!({"secret_max_age": null})).await.unwrap();
    assert_eq!(timers(&house).await, []);
    let shown = house.api.patch(TENANT, &json!({"secret_max_age": "3s"})).await.unwrap();
    assert_eq!(shown["settings"]["secret_max_age"], "3s");
    let house = house.restarted().await;

    let told = deliveries(&operator, &["endpoint.secret.expiring"]).await;
    let data = &told[0].json()["data"];
    let shown = house.api.get(&format!("{ENDPOINTS}/{id}")).await.unwrap();
    let expected = json!({"endpoint_id": id, "kind": "webhook", "age_days": 0,
        "secret_created_at": shown["secret_created_at"]});
    assert_eq!(data, &expected);
    let house = house.restarted().await;
    let weekly = timers(&house).await;
    assert_eq!(weekly.len(), 2, "the next notices are a week away: {weekly:?}");
    assert!(weekly.iter().all(|(_, due)| *due > crate::support::moment(6 * 86_400_000)));
    house.event("endpoint.secret.last", json!({})).await;
    let all = deliveries(&operator, &["endpoint.secret.last"]).await;
    assert_eq!(all.len(), 2, "once for one age, and not of the one who is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a19_a_changed_age_moves_the_timers_of_all_endpoints() {
    let house = House::new().await;
    let count = sereno_actors::limits::SECRET_ALARMS_PER_STEP + 1;
    for _ in 0..count {
        house.endpoint(json!({"kind": "webhook", "target": "http://127.0.0.1:9/x"})).await;
    }
    let due = async |age_max: &str| {
        house.api.patch(TENANT, &json!({"secret_max_age": age_max})).await.unwrap();
        let listed = house.api.get("/api/v1/timers?limit=500").await.unwrap();
        let items = listed["items"].as_array().unwrap();
        let due = |timer: &Value| timer["due_at"].as_str().unwrap().to_owned();
        (items.len(), items.first().map(due), items.last().map(due))
    };
    let (found, first, last) = due("10d").await;
    assert_eq!(found, count);
    assert!(first > Some(crate::support::moment(9 * 86_400_000)));
    assert!(last < Some(crate::support::moment(10 * 86_400_000)));
    assert_eq!(due("0s").await, (0, None, None));
    assert_eq!(due("10d").await, (count, first, last), "an age is of the secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_b04_an_endpoint_chooses_its_scheme() {
    use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
    let house = House::new().await;
    let receiver = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let body = json!({"kind": "webhook", "target": receiver.url(), "signature": "ed25519"});
    let made = house.api.post(ENDPOINTS, &body).await.unwrap();
    assert_eq!(made.get("secret"), None, "a private key is shown to nobody");
    let public = |shown: &Value| shown["public_key"].as_str().unwrap().to_owned();
    let signs = |delivery: &Delivery, entry: usize, public: &str| {
        let key = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
        let key = VerifyingKey::from_bytes(&key.try_into().unwrap()).unwrap();
        let entry = delivery.header("webhook-signature").split(' ').nth(entry).unwrap().to_owned();
        let signature = STANDARD.decode(entry.strip_prefix("v1a,").unwrap()).unwrap();
        let (id, at) = (delivery.header("webhook-id"), delivery.header("webhook-timestamp"));
        let message = [format!("{id}.{at}.").as_bytes(), &delivery.body].concat();
        key.verify(&message, &Signature::from_slice(&signature).unwrap()).is_ok()
    };
    let old = public(&made["endpoint"]);
    assert!(signs(&next(&house, &receiver, "a.one").await, 0, &old));
    let rotated = rotate(&house, 1, json!({})).await;
    assert_eq!(rotated.get("secret"), None);
    let new = public(&rotated);
    assert_ne!(old, new);
    let house = house.restarted().await;
    let delivery = next(&house, &receiver, "a.two").await;
    assert!(signs(&delivery, 0, &new) && signs(&delivery, 1, &old) && !signs(&delivery, 0, &old));

    let path = format!("{ENDPOINTS}/1");
    let bird = house.api.patch(&path, &json!({"signature": "bird"})).await.unwrap();
    let secret = bird["secret"].as_str().expect("a new shared secret is shown this once");
    assert_eq!((&bird["signature"], &bird["public_key"]), (&json!("bird"), &Value::Null));
    let delivery = next(&house, &receiver, "a.three").await;
    assert!(verifies(&delivery, secret));
    let bare = delivery.header("x-signature").strip_prefix("sha256=").unwrap();
    assert_eq!(delivery.header("x-bird-signature"), bare);
    assert_eq!(delivery.header("x-bird-timestamp"), delivery.header("webhook-timestamp"));
    let standard = house.api.patch(&path, &json!({"signature": null})).await.unwrap();
    assert_eq!((&standard["signature"], standard.get("secret")), (&json!("standard"), None));
    let delivery = next(&house, &receiver, "a.four").await;
    assert!(verifies(&delivery, secret) && delivery.header("x-bird-signature").is_empty());

    for (body, field) in [
        (json!({"signature": "rot13"}), "signature"),
        (json!({"signature": "ed25519", "secret": OWN}), "secret"),
        (json!({"secret": format!("whsk_{}", STANDARD.encode([7; 32]))}), "secret"),
    ] {
        let (status, problem) = house.raw("PATCH", &path, body.to_string()).await;
        assert_eq!((status, problem["field"].as_str()), (422, Some(field)), "{body} -> {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_no_secret_stands_on_disk_in_the_clear() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    let settings = json!({"secrets": {"CRM_TOKEN": "tenant-secret-value-77ab"}});
    house.api.patch(TENANT, &settings).await.unwrap();
    let made = rotate(&house, 1, json!({})).await;
    let auth = json!({"kind": "oauth2", "token_url": "http://127.0.0.1:9/t", "client_id": "id",
        "client_secret": "oauth-secret-value-55cd"});
    let pair = format!("whsk_{}", STANDARD.encode(b"a-seed-of-thirty-two-bytes-12345"));
    house
        .endpoint(json!({"kind": "webhook", "target": receiver.url(), "auth": auth,
            "signature": "ed25519", "secret": pair}))
        .await;
    next(&house, &receiver, "a.one").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let generated = made["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap().to_owned();
    let house = house.restarted().await;
    for secret in [
        SECRET.strip_prefix("whsec_").unwrap(),
        &generated,
        "tenant-secret-value-77ab",
        "oauth-secret-value-55cd",
        pair.strip_prefix("whsk_").unwrap(),
    ] {
        nowhere_on_disk(house.data.path(), secret);
        for path in [ENDPOINTS, TENANT] {
            let shown = house.api.get(path).await.unwrap().to_string();
            assert!(!shown.contains(secret), "{path} shows a secret");
        }
    }
    let told = receiver.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert!(told.iter().all(|delivery| !delivery.headers.contains_key("authorization")));
}
