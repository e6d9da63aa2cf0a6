//! "Why?", asked while something is under way or waits: what is told is what comes then, and nothing else.

use serde_json::{Value, json};
use sereno::receiver::webhook::WebhookReceiver;
use sereno_workflows::time::{Span, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{ENDPOINTS, House};

/// An endpoint for one type that calls there; the path under which it is asked for.
async fn wanting(house: &House, event_type: &str, target: &str, more: Value) -> String {
    let id = house.wanting(event_type, target, &more).await;
    format!("{ENDPOINTS}/{id}?lang=en")
}

/// The same whose receiver answers so, one after the other, and then 200.
async fn answering(
    house: &House,
    event_type: &str,
    script: &[u16],
    more: Value,
) -> (WebhookReceiver, String) {
    let script = script.iter().map(|status| (*status, None));
    let (receiver, id) = house.answering(event_type, script, &more).await;
    (receiver, format!("{ENDPOINTS}/{id}?lang=en"))
}

/// Sends an event; the paths of its only delivery and of itself.
async fn sent(house: &House, event_type: &str) -> (String, String) {
    let answer = house.event(event_type, json!({})).await;
    let event = answer["ids"][0].as_str().unwrap().to_owned();
    let delivery = house.delivery_of(&event).await;
    (format!("{delivery}?lang=en"), format!("/api/v1/events/{event}?lang=en"))
}

/// What stands at a path once it is so because of this and this is next, with a sentence that says that.
async fn once(house: &House, path: &str, [because, next]: [&str; 2], said: &str) -> Value {
    let is_so = |shown: &Value| shown["why"]["because"] == because && shown["why"]["next"] == next;
    let shown = house.eventually(path, is_so).await;
    let sentence = shown["why"]["sentence"].as_str().unwrap();
    assert!(sentence.contains(said), "{sentence}");
    shown
}

fn moment(value: &Value) -> Timestamp {
    Timestamp::from_rfc3339(value.as_str().unwrap_or_else(|| panic!("{value}"))).unwrap()
}

/// The next request of a listener, read to the end of its headers and not answered yet.
async fn request(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let (mut read, mut buffer) = (Vec::new(), [0; 4_096]);
    while !read.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the request was cut off");
        read.extend_from_slice(&buffer[..count]);
    }
    stream
}

async fn answer(mut stream: TcpStream, status: &str) {
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_delivery_that_is_being_tried_at_this_moment_says_so() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "100ms", "factor": 1, "attempts": 3}})).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/", listener.local_addr().unwrap());
    let endpoint = wanting(&house, "a.b", &target, json!({})).await;
    once(&house, &endpoint, ["nothing_arrived_yet", "nothing"], "nothing has arrived").await;
    let (delivery, event) = sent(&house, "a.b").await;
    let tried = ["attempt_under_way", "answer"];

    let first = request(&listener).await;
    let shown = once(&house, &delivery, tried, "tried at this moment (attempt 1), since: ").await;
    assert!(shown["why"]["next_at"].is_null(), "{shown}");
    let said = "the first attempt since it was made or enabled is being made at this moment";
    once(&house, &endpoint, tried, said).await;
    let under_way = ["deliveries_under_way", "answer"];
    once(&house, &event, under_way, "its only delivery is being tried at this moment").await;
    answer(first, "500 Internal Server Error").await;

    let second = request(&listener).await;
    once(&house, &delivery, tried, "(attempt 2), since: ").await;
    once(&house, &event, under_way, "its only delivery is being tried at this moment").await;
    let said = "answered 500; another is being made at this moment, since: ";
    let shown = once(&house, &endpoint, ["receiver_refused", "answer"], said).await;
    assert!(shown["why"]["next_at"].is_null(), "{shown}");
    for (lang, said) in [("es", "se hace otro ahora mismo"), ("pt", "faz-se outra neste momento")] {
        let path = endpoint.replace("lang=en", &format!("lang={lang}"));
        once(&house, &path, ["receiver_refused", "answer"], said).await;
    }
    answer(second, "200 OK").await;
    once(&house, &delivery, ["receiver_took_it", "nothing"], "attempt 2").await;
    once(&house, &endpoint, ["latest_arrived", "nothing"], "the latest arrived").await;

    sent(&house, "a.b").await;
    let third = request(&listener).await;
    let said = "another attempt is being made at this moment";
    once(&house, &endpoint, ["latest_arrived", "answer"], said).await;
    answer(third, "200 OK").await;
    once(&house, &endpoint, ["latest_arrived", "nothing"], "the latest arrived").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_an_endpoint_whose_channel_is_paused_says_so_whatever_it_answered_before() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "factor": 1, "attempts": 3}})).await;
    let (_failing, path) = answering(&house, "a.failing", &[500], json!({})).await;
    let (delivery, _) = sent(&house, "a.failing").await;
    once(&house, &path, ["receiver_refused", "attempt"], "answered 500").await;
    let paused = json!({"channels": {"webhook": {"paused": true}}});
    house.api.patch("/api/v1/admin/tenants/default", &paused).await.unwrap();
    let shown = once(&house, &path, ["channel_paused", "resume"], "its channel is paused").await;
    assert_eq!((&shown["why"]["what"], &shown["why"]["next_at"]), (&json!("held"), &Value::Null));
    let house = house.restarted().await;
    once(&house, &path, ["channel_paused", "resume"], "its channel is paused").await;
    once(&house, &delivery, ["channel_paused", "resume"], "its channel is paused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_an_endpoint_at_which_something_waits_says_when_that_goes_in_every_standing() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "factor": 1, "attempts": 3}})).await;
    let batch = json!({"batch": {"max": 3, "wait": "1h"}});
    let together = answering(&house, "a.together", &[], batch).await;
    let failing = answering(&house, "a.failing", &[500], json!({})).await;

    let collecting = async |because: &str| {
        let (delivery, _) = sent(&house, "a.together").await;
        let waits = once(&house, &delivery, ["batch", "digest"], "in one digest").await;
        let shown = once(&house, &together.1, [because, "attempt"], ": ").await;
        assert_eq!(shown["why"]["next_at"], waits["why"]["next_at"], "{because}");
    };
    collecting("nothing_arrived_yet").await;
    sent(&house, "a.together").await;
    sent(&house, "a.together").await;
    once(&house, &together.1, ["latest_arrived", "nothing"], "the latest arrived").await;
    collecting("latest_arrived").await;

    let (delivery, _) = sent(&house, "a.failing").await;
    let waits = once(&house, &delivery, ["receiver_refused", "retry"], "answered 500").await;
    let toggle = failing.1.replace("?lang=en", "/toggle");
    house.api.post(&toggle, &json!({})).await.unwrap();
    house.api.post(&toggle, &json!({})).await.unwrap();
    let new = ["nothing_arrived_yet", "attempt"];
    let shown = once(&house, &failing.1, new, "made or enabled; next attempt: ").await;
    assert_eq!(shown["health"], "unknown");
    assert_eq!(shown["why"]["next_at"], waits["why"]["next_at"]);
    let house = house.restarted().await;
    let shown = once(&house, &failing.1, new, "made or enabled; next attempt: ").await;
    assert_eq!(shown["why"]["next_at"], waits["why"]["next_at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_who_is_ahead_under_a_limit_is_counted_right_or_not_at_all() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1s", "factor": 1, "attempts": 3}})).await;
    // Three fail, and by the time of their retries the minute is used up.
    let limit = json!({"rate_limit": {"per_minute": 3}});
    let _limited = answering(&house, "a.limited", &[500, 500, 500], limit).await;
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(sent(&house, "a.limited").await.0);
    }
    let held = ["rate_limit", "attempt"];
    for path in &mut said {
        let shown = once(&house, path, held, "at most 3 a minute").await;
        *path = shown["why"]["sentence"].as_str().unwrap().to_owned();
    }
    for ahead in ["and it is the next;", "with 1 ahead of it;", "with 2 ahead of it;"] {
        assert_eq!(said.iter().filter(|said| said.contains(ahead)).count(), 1, "{said:?}");
    }

    // Under the tenant's own nobody knows how many of other endpoints' go first.
    house.settle(json!({"limits": {"deliveries_per_minute": 1}})).await;
    let (_one, _) = answering(&house, "b.one", &[], json!({})).await;
    let (_two, _) = answering(&house, "b.two", &[], json!({})).await;
    sent(&house, "b.one").await;
    for event_type in ["b.one", "b.two"] {
        let (delivery, _) = sent(&house, event_type).await;
        let shown = once(&house, &delivery, held, "at most 1 a minute for all endpoints").await;
        assert!(!shown["why"]["sentence"].as_str().unwrap().contains("ahead"), "{shown}");
        let now = Timestamp::from_rfc3339(&crate::support::moment(0)).unwrap();
        let at = moment(&shown["why"]["next_at"]);
        assert!(at > now && at < now.after(Span::minutes(3)), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_what_was_given_up_says_that_it_can_be_tried_again_where_it_can_and_nowhere_else() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let (receiver, endpoint) = answering(&house, "a.b", &[404, 404], json!({})).await;
    let (delivery, event) = sent(&house, "a.b").await;
    once(&house, &delivery, ["receiver_refused", "expires"], "tried again until: ").await;
    let (bare, _) = delivery.split_once('?').unwrap();
    let (status, _) = house.raw("DELETE", &bare.replace("deliveries", "dead-letters"), "").await;
    assert_eq!(status, 200);
    let refused = ["receiver_refused", "retry_by_hand"];
    once(&house, &delivery, refused, "discarded, but it can still be tried again").await;
    let given_up = ["deliveries_given_up", "retry_by_hand"];
    once(&house, &event, given_up, "Its only delivery was given up.").await;
    let (status, answer) = house.raw("POST", &format!("{bare}/retry"), "").await;
    assert_eq!(status, 202, "{answer}");
    receiver.inbox.wait(crate::support::PATIENCE, |all| all.len() == 2).await.unwrap();

    once(&house, &delivery, ["receiver_refused", "expires"], "tried again until: ").await;
    let (endpoint, _) = endpoint.split_once('?').unwrap();
    assert_eq!(house.raw("DELETE", endpoint, "").await.0, 200);
    let said = "it cannot be tried again, since its endpoint was deleted";
    once(&house, &delivery, ["receiver_refused", "nothing"], said).await;
    let said = "Its only delivery was given up, and can no longer be tried again.";
    once(&house, &event, ["deliveries_given_up", "nothing"], said).await;
    let (status, answer) = house.raw("POST", &format!("{bare}/retry"), "").await;
    assert_eq!(status, 409, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_probe_is_told_of_where_something_waits_for_it_that_goes_and_nowhere_else() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "200ms", "factor": 1, "attempts": 100}})).await;
    let failing = std::iter::repeat_n((500, None), 2_000);
    let (_receiver, id) = house.answering("a.failing", failing, &json!({})).await;
    let path = format!("{ENDPOINTS}/{id}");
    let (delivery, _) = sent(&house, "a.failing").await;
    let probed = |shown: &Value| {
        let is_next = shown["why"]["next"] == "probe";
        is_next && shown["next_probe_at"].is_string()
    };
    let shown = house.eventually(&path, probed).await;
    assert_eq!(shown["next_probe_at"], shown["why"]["next_at"], "{shown}");
    let pause = |paused: bool| json!({"channels": {"webhook": {"paused": paused}}});
    house.api.patch("/api/v1/admin/tenants/default", &pause(true)).await.unwrap();
    let shown = house.api.get(&path).await.unwrap();
    assert_eq!((&shown["next_probe_at"], &shown["why"]["next"]), (&Value::Null, &json!("resume")));
    house.api.patch("/api/v1/admin/tenants/default", &pause(false)).await.unwrap();
    house.eventually(&path, probed).await;
    let (bare, _) = delivery.split_once('?').unwrap();
    let cancel = format!("{bare}/cancel");
    while house.raw("POST", &cancel, "").await.0 == 409
        && house.api.get(bare).await.unwrap()["status"] != "cancelled"
    {}
    let shown = house.api.get(&path).await.unwrap();
    assert_eq!((&shown["next_probe_at"], &shown["why"]["next"]), (&Value::Null, &json!("nothing")));
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_what_went_out_in_a_digest_that_was_given_up_did_not_arrive_and_says_so() {
    let house = House::new().await;
    let digests = json!({"batch": {"max": 2, "wait": "1h"}, "retry": {"attempts": 1}});
    let (_receiver, _) = answering(&house, "a.batch", &[500], digests).await;
    let (first, of_first) = sent(&house, "a.batch").await;
    let (second, _) = sent(&house, "a.batch").await;
    let given_up = ["digest_given_up", "retry_digest"];
    let shown = once(&house, &first, given_up, "was given up").await;
    assert_eq!((&shown["status"], &shown["why"]["what"]), (&json!("collected"), &json!("dead")));
    let digest = shown["error_message"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(shown["why"]["sentence"].as_str().unwrap().contains(&digest), "{shown}");
    once(&house, &of_first, ["digests_given_up", "retry_digest"], "was given up").await;
    // It says what can be tried again, and that it is not that itself.
    let (bare, _) = first.split_once('?').unwrap();
    assert_eq!(house.raw("POST", &format!("{bare}/retry"), "").await.0, 409);
    let letter = format!("/api/v1/dead-letters/{digest}");
    assert_eq!(house.raw("DELETE", &letter, "").await.0, 200);
    once(&house, &first, given_up, "the digest that can be tried again").await;
    // Tried again, it arrives with all that went out in it.
    let (status, answer) =
        house.raw("POST", &format!("/api/v1/deliveries/{digest}/retry"), "").await;
    assert_eq!(status, 202, "{answer}");
    once(&house, &second, ["batch", "nothing"], "went out in a digest").await;
    once(&house, &of_first, ["batch", "nothing"], "went out in a digest").await;
}
