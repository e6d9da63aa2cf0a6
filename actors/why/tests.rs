//! How an endpoint is said to be over restarts, in virtual time.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sereno_workflows::event::Event;
use sereno_workflows::id::TenantId;
use sereno_workflows::locale::Locale;
use sereno_workflows::policy::Settings;
use sereno_workflows::time::zone;

use super::*;
use crate::channel::tests::receiver::Receiver;
use crate::engine::{Engine, EngineConfig};
use crate::ledger::Draft;
use crate::limits::why::ENDPOINT_LINES_MAX;
use crate::tenant::Change;
use crate::trial::{config, end, starting};

const ENDPOINT: EndpointId = EndpointId(1);

fn shop() -> TenantId {
    "shop".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_text(text, &zone("Europe/Madrid").unwrap()).unwrap()
}

/// An engine that may call this machine; the one before it may need a moment to let go of the directory.
async fn engine(directory: &Path, moment: &str) -> Engine {
    for _ in 0..500 {
        let mut config: EngineConfig = config(Some(directory), starting(at(moment)));
        config.channels.private_targets = vec!["127.0.0.0/8".parse().unwrap()];
        if let Ok(engine) = Engine::start(config).await {
            return engine;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the directory is still in use");
}

/// The attempts in the log, once there are so many.
async fn attempts(engine: &Engine, count: usize) {
    for _ in 0..1_000 {
        let lines = engine.ledger().log(&shop(), Sequence(u64::MAX), 100).unwrap();
        let attempts = lines.iter().filter(|(_, line)| matches!(line, LogRecord::Attempt { .. }));
        if attempts.count() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{count} attempts did not come");
}

async fn submit(engine: &Engine) {
    let now = engine.ledger().now().timestamp();
    let event = Event::from_json(json!({"event_type": "a.b"}), now).unwrap();
    engine.submit(&shop(), vec![event], None, None).await.unwrap();
}

/// How the endpoint is, at hand and looked up, and how that is said.
fn known(engine: &Engine) -> (Known, Known, String) {
    let (ledger, view) = (engine.ledger(), engine.view(&shop()).unwrap());
    let at_hand = Known::at_hand(ledger, &view, ENDPOINT).unwrap();
    let known = at_hand.clone().looked_up(ledger, &view, ENDPOINT).unwrap();
    let reason = endpoint(ledger, &view, view.endpoints.get(&ENDPOINT).unwrap(), &known).unwrap();
    (at_hand, known, reason.told(Locale::En, &view.policy.zone).sentence)
}

fn minute(at: Option<Timestamp>) -> String {
    at.unwrap().wall(&zone("Europe/Madrid").unwrap()).strftime("%H:%M").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_the_latest_arrival_is_told_also_after_a_restart_and_never_an_earlier_one_as_the_latest()
 {
    let directory = tempfile::tempdir().unwrap();
    let receiver = Receiver::answering("200 OK", "", "").await;
    let first = engine(directory.path(), "2026-10-12T12:05:00").await;
    let settings = Settings { timezone: "Europe/Madrid".to_owned(), ..Settings::default() };
    first.create_tenant(shop(), "Shop".to_owned(), settings).await.unwrap();
    let body = json!({"kind": "webhook", "target": receiver.url.as_str()});
    let body = body.as_object().unwrap().clone();
    first.configure(&shop(), Change::CreateEndpoint(body)).await.unwrap();
    let (at_hand, _, said) = known(&first);
    assert!(at_hand.is_latest && said.contains("nothing has arrived at it since"), "{said}");
    submit(&first).await;
    attempts(&first, 1).await;
    end(first).await;

    let second = engine(directory.path(), "2026-10-12T12:20:00").await;
    let (at_hand, looked_up, said) = known(&second);
    assert!(!at_hand.is_latest && looked_up.is_latest && said.contains("12:05"), "{said}");
    submit(&second).await;
    attempts(&second, 2).await;
    let (at_hand, ..) = known(&second);
    assert!(at_hand.is_latest, "this process made the latest attempt");
    assert_eq!(minute(at_hand.health.last_success_at), "12:20");
    end(second).await;

    // The row has the first of all alone, since nothing has changed by the second.
    let third = engine(directory.path(), "2026-10-12T13:00:00").await;
    let (at_hand, looked_up, said) = known(&third);
    assert_eq!(minute(at_hand.health.last_success_at), "12:05");
    assert_eq!(minute(looked_up.health.last_success_at), "12:20");
    assert!(looked_up.is_latest && said.contains("the latest arrived: ") && said.contains("12:20"));

    // Behind so many lines of others nothing is found: what the row has is told as what it is.
    let mut draft = Draft::new(&shop());
    for _ in 0..ENDPOINT_LINES_MAX {
        let line = LogRecord::Filtered {
            event: Sequence(1),
            event_type: "a.b".to_owned(),
            endpoints: Vec::new(),
        };
        draft.log(third.ledger().sequence(), &line);
    }
    third.ledger().commit_and_wait(draft).await;
    let (_, looked_up, said) = known(&third);
    assert!(!looked_up.is_latest, "{looked_up:?}");
    assert!(
        said.contains("nothing has failed at least since: ") && said.contains("12:05"),
        "{said}"
    );
    end(third).await;
}
