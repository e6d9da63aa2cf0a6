//! "Why?", asked of endpoints whose latest attempts failed, and of deliveries that wait for a limit: what is said
//! is how it is at that moment, also after a restart.

use std::time::Duration;

use serde_json::{Value, json};
use sereno::client::Client;
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};
use sereno_workflows::time::{Span, Timestamp};

use crate::process::Process;
use crate::support::{ENDPOINTS, House};

/// An endpoint for one type whose receiver answers so, one after the other, and then 200.
async fn answering(
    house: &House,
    event_type: &str,
    script: impl IntoIterator<Item = u16>,
    more: Value,
) -> (WebhookReceiver, String) {
    let script = script.into_iter().map(|status| (status, None));
    let (receiver, id) = house.answering(event_type, script, &more).await;
    (receiver, format!("{ENDPOINTS}/{id}?lang=en"))
}

/// Sends an event; the path of its only delivery.
async fn sent(house: &House, event_type: &str) -> (String, String) {
    let answer = house.event(event_type, json!({})).await;
    let event = answer["ids"][0].as_str().unwrap().to_owned();
    let delivery = house.delivery_of(&event).await;
    (format!("{delivery}?lang=en"), format!("/api/v1/events/{event}?lang=en"))
}

/// Sends an event and waits until its delivery stands so.
async fn settled(house: &House, event_type: &str, status: &str) -> Value {
    let (delivery, _) = sent(house, event_type).await;
    house.eventually(&delivery, |shown| shown["status"] == status && shown["attempts"] != 0).await
}

/// Asserts the words of an endpoint's `why`, that its health in one word agrees, here and in the list, and that
/// its sentence says this.
async fn says(house: &House, path: &str, health: &str, words: [&str; 3], said: &str) -> Value {
    let shown = house.api.get(path).await.unwrap();
    let why = &shown["why"];
    assert_eq!([&why["what"], &why["because"], &why["next"]], words, "{shown:#}");
    assert_eq!(shown["health"], health, "{shown:#}");
    let list = house.api.get(ENDPOINTS).await.unwrap();
    let listed = list["items"].as_array().unwrap().iter().find(|one| one["id"] == shown["id"]);
    assert_eq!(listed.unwrap()["health"], health, "{list:#}");
    let sentence = why["sentence"].as_str().unwrap();
    assert!(sentence.contains(said), "{sentence}");
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_an_endpoint_whose_latest_attempt_failed_says_so_and_what_it_was_answered() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "factor": 1, "attempts": 3}})).await;
    let turned = answering(&house, "a.turned", [200, 404, 404], json!({})).await;
    let refused = answering(&house, "a.refused", [404], json!({})).await;
    let failing = answering(&house, "a.failing", [500], json!({})).await;
    let target = json!({"kind": "webhook", "target": "http://127.0.0.1:1/",
        "filters": {"events": ["a.absent"]}});
    let absent = format!("{ENDPOINTS}/{}?lang=en", house.endpoint(target).await);
    let well = ["healthy", "latest_arrived", "nothing"];
    let no = ["refusing", "receiver_refused", "nothing"];

    settled(&house, "a.turned", "sent").await;
    says(&house, &turned.1, "healthy", well, "takes what comes").await;
    settled(&house, "a.turned", "dead").await;
    says(&house, &turned.1, "degraded", no, "The latest attempt failed: the receiver answered 404")
        .await;
    settled(&house, "a.turned", "dead").await;
    says(&house, &turned.1, "degraded", no, "(2 in a row): the receiver answered 404").await;
    settled(&house, "a.refused", "dead").await;
    let retried = settled(&house, "a.failing", "retrying").await;
    let unheard = settled(&house, "a.absent", "retrying").await;

    let mut house = house;
    for _ in 0..2 {
        says(&house, &turned.1, "degraded", no, "(2 in a row): the receiver answered 404").await;
        says(&house, &refused.1, "degraded", no, "answered 404; nothing waits").await;
        let words = ["refusing", "receiver_refused", "attempt"];
        let shown = says(&house, &failing.1, "degraded", words, "answered 500; next attempt").await;
        assert_eq!(shown["why"]["next_at"], retried["next_attempt_at"], "{shown}");
        let words = ["failing", "no_answer", "attempt"];
        let shown = says(&house, &absent, "degraded", words, "without an answer").await;
        assert_eq!(shown["why"]["next_at"], unheard["next_attempt_at"], "{shown}");
        // What the last process knew is gone; what it recorded is not.
        house = house.restarted().await;
    }
    settled(&house, "a.turned", "sent").await;
    says(&house, &turned.1, "healthy", well, "the latest arrived").await;
    settled(&house, "a.refused", "sent").await;
    says(&house, &refused.1, "healthy", well, "the latest arrived").await;
    let toggle = refused.1.replace("?lang=en", "/toggle");
    house.api.post(&toggle, &json!({})).await.unwrap();
    house.api.post(&toggle, &json!({})).await.unwrap();
    let new = ["enabled", "nothing_arrived_yet", "nothing"];
    says(&house, &refused.1, "unknown", new, "since it was made or enabled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_the_failures_in_a_row_are_counted_whole_also_after_a_restart() {
    let house = House::new().await;
    house.settle(json!({})).await;
    // What is refused for good does not open the breaker, however long the machine takes.
    let failing = answering(&house, "a.*", std::iter::repeat_n(404, 1_000), json!({})).await;
    let other = answering(&house, "b.*", [], json!({})).await;
    let words = ["refusing", "receiver_refused", "nothing"];
    let said = |count| format!("({count} in a row): the receiver answered 404; nothing waits");
    for _ in 0..3 {
        settled(&house, "a.first", "dead").await;
    }
    says(&house, &failing.1, "failing", words, &said(3)).await;
    for _ in 0..16 {
        house.event("a.more", json!({})).await;
        house.event("b.more", json!({})).await;
    }
    let letters = "/api/v1/dead-letters?limit=100";
    house.eventually(letters, |page| page["items"].as_array().unwrap().len() == 19).await;
    says(&house, &failing.1, "failing", words, &said(19)).await;
    let house = house.restarted().await;
    says(&house, &failing.1, "failing", words, &said(19)).await;
    settled(&house, "a.last", "dead").await;
    says(&house, &failing.1, "failing", words, &said(20)).await;
    drop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_what_is_said_of_an_endpoint_survives_kill_9() {
    let data = tempfile::tempdir().unwrap();
    let behaviour = Behaviour { fail_rate: 1.0, ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    let retry = json!({"first": "1h", "factor": 1, "attempts": 9});
    let body = json!({"kind": "webhook", "target": receiver.url(), "retry": retry});
    let id = client.post(ENDPOINTS, &body).await.unwrap()["id"].clone();
    let path = format!("{ENDPOINTS}/{id}?lang=en");
    let mut server = Some(server);
    for (count, said) in [
        (1, "The latest attempt failed: the receiver answered 500; next attempt"),
        (2, "The latest attempts failed (2 in a row): the receiver answered 500; next attempt"),
        (5, "(5 times in a row, the latest answered with 500)"),
    ] {
        let client = server.as_ref().unwrap().client(data.path());
        let missing =
            count - client.get("/api/v1/events").await.unwrap()["items"].as_array().unwrap().len();
        for number in 0..missing {
            let event = json!({"event_type": "a.b", "data": {"number": number}});
            client.post("/api/v1/events", &event).await.unwrap();
        }
        let log = "/api/v1/admin/notify/logs?status=failed";
        let lines = async |client: &Client| {
            client.get(log).await.unwrap()["items"].as_array().unwrap().len()
        };
        while lines(&client).await < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for _ in 0..2 {
            let client = server.as_ref().unwrap().client(data.path());
            let shown = client.get(&path).await.unwrap();
            let sentence = shown["why"]["sentence"].as_str().unwrap();
            assert!(sentence.contains(said), "{shown:#}");
            server.take().unwrap().kill();
            server = Some(Process::start(data.path(), "http://127.0.0.1:9"));
        }
    }
}

/// A moment of an answer.
fn moment(value: &Value) -> Timestamp {
    Timestamp::from_rfc3339(value.as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_delivery_that_waits_for_a_limit_says_when_the_limit_lets_it_go() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let limit = json!({"rate_limit": {"per_minute": 1}});
    let _limited = answering(&house, "a.b", [], limit).await;
    let first = settled(&house, "a.b", "sent").await;
    let began = moment(&first["history"][0]["began_at"]);
    let (second, of_second) = sent(&house, "a.b").await;
    let (third, _) = sent(&house, "a.b").await;
    let mut house = house;
    for _ in 0..2 {
        let limited = |shown: &Value| shown["why"]["because"] == "rate_limit";
        let shown = house.eventually(&second, limited).await;
        assert_eq!(
            (&shown["why"]["what"], &shown["why"]["next"]),
            (&json!("waiting"), &json!("attempt"))
        );
        let at = moment(&shown["why"]["next_at"]);
        // A minute after the first was begun, which is counted by whole seconds.
        assert!(
            at <= began.after(Span::seconds(60)) && at > began.after(Span::seconds(58)),
            "{at:?}"
        );
        let again = house.api.get(&second).await.unwrap();
        assert_eq!(again["why"]["next_at"], shown["why"]["next_at"], "it comes nearer");
        let behind = house.eventually(&third, limited).await;
        assert_eq!(moment(&behind["why"]["next_at"]), at.after(Span::seconds(60)));
        assert!(
            behind["why"]["sentence"]
                .as_str()
                .unwrap()
                .contains("at most 1 a minute, with 1 ahead")
        );
        let event = house.api.get(&of_second).await.unwrap();
        assert_eq!(event["why"]["next_at"], shown["why"]["next_at"], "{event}");
        house = house.restarted().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_an_event_with_one_delivery_speaks_of_one_and_says_when_it_goes() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "factor": 1, "attempts": 3}})).await;
    let batch = json!({"batch": {"max": 10, "wait": "1h"}});
    let _together = answering(&house, "a.together", [], batch).await;
    let _refused = answering(&house, "a.refused", [404], json!({})).await;
    let _failing = answering(&house, "a.failing", [500], json!({})).await;
    let _well = answering(&house, "a.well", [], json!({})).await;
    let ask = async |event_type: &str, lang: &str, because: &str| {
        let (delivery, event) = sent(&house, event_type).await;
        let event = event.replace("lang=en", &format!("lang={lang}"));
        let known = |shown: &Value| shown["why"]["because"] == because;
        let shown = house.eventually(&event, known).await;
        let at_rest =
            |shown: &Value| shown["status"] != "pending" || shown["why"]["because"] == "batch";
        let delivery = house.eventually(&delivery, at_rest).await;
        (house.eventually(&event, known).await, delivery, shown)
    };
    let (event, delivery, _) = ask("a.together", "en", "deliveries_under_way").await;
    assert!(delivery["why"]["next_at"].is_string(), "{delivery}");
    assert_eq!(event["why"]["next_at"], delivery["why"]["next_at"], "{event}");
    let said = event["why"]["sentence"].as_str().unwrap();
    assert!(
        said.starts_with("It was recorded, and its only delivery is still under way;"),
        "{said}"
    );
    let (event, delivery, _) = ask("a.failing", "es", "deliveries_under_way").await;
    assert_eq!(event["why"]["next_at"], delivery["next_attempt_at"], "{event}");
    let said = event["why"]["sentence"].as_str().unwrap();
    assert!(said.starts_with("Se registró, y su única entrega sigue en camino;"), "{said}");
    let (event, ..) = ask("a.refused", "pt", "deliveries_given_up").await;
    assert_eq!(event["why"]["sentence"], "A sua única entrega foi dada por perdida.");
    let (event, ..) = ask("a.well", "en", "receivers_took_it").await;
    let said = "It arrived at the only one who wanted it: one delivery.";
    assert_eq!(event["why"]["sentence"], said);
}
