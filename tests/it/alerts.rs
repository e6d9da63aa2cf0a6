//! Alerts: raised once, told of over every channel in people's words, silenced, quiet, resolved, and the same after
//! a restart.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{House, PATIENCE, deliveries};

const ALERTS: &str = "/api/v1/alerts";

/// Rules that a test can wait for.
fn quick(more: Value) -> Value {
    let mut rules = json!({
        "delivery_failure_rate": {"for": "0s", "at_least": 3, "window": "1m"},
        "retry_rate": {"enabled": false}, "availability": {"enabled": false},
        "delivery_latency_p95": {"enabled": false}, "processing_p95": {"enabled": false}});
    for (name, rule) in more.as_object().into_iter().flatten() {
        rules[name] = rule.clone();
    }
    json!({"alerts": rules})
}

fn of<'a>(page: &'a Value, name: &str) -> &'a Value {
    let items = page["items"].as_array().unwrap();
    items.iter().find(|item| item["alert"] == name).unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_e07_deliveries_that_fail_raise_an_alert_once_and_it_reaches_the_endpoints() {
    let house = House::new().await;
    house.settle(quick(json!({}))).await;
    let told = house.webhook(json!({"filters": {"events": ["alert.*"]}})).await;
    let broken =
        house.webhook(json!({"filters": {"events": ["client.*"]}, "retry": {"attempts": 1}}));
    let broken = broken.await;
    broken.behave(|behaviour| behaviour.fail_rate = 1.0);
    for number in 0..5 {
        house.event("client.created", json!({"id": number})).await;
    }
    let got = deliveries(&told, &["alert.raised"]).await;
    let data = &got[0].json()["data"];
    assert_eq!(
        (&data["alert"], &data["severity"], &data["window"]),
        (&json!("delivery_failure_rate"), &json!("critical"), &json!("1m"))
    );
    assert!(data["measured"].as_f64() > Some(0.05), "{data}");
    let page = house.api.get(ALERTS).await.unwrap();
    let alert = of(&page, "delivery_failure_rate");
    assert_eq!((&alert["state"], &alert["above"]), (&json!("raised"), &json!(0.05)));
    assert_eq!(page["items"][0]["alert"], "delivery_failure_rate", "what is raised comes first");
    let raised = house.api.get("/api/v1/alerts?state=raised").await.unwrap();
    assert_eq!(raised["items"].as_array().map(Vec::len), Some(1));
    for number in 5..9 {
        house.event("client.created", json!({"id": number})).await;
    }
    house.settle(quick(json!({"delivery_failure_rate": {"enabled": false}}))).await;
    let got = deliveries(&told, &["alert.raised", "alert.resolved"]).await;
    let raised = got.iter().filter(|one| one.event_type == "alert.raised").count();
    assert_eq!(raised, 1, "however much fails");
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_a_silenced_alert_is_raised_and_not_told_of_until_it_may_speak() {
    let house = House::new().await;
    house.settle(quick(json!({"dead_letters": {"above": 0, "for": "0s"}}))).await;
    let told = house.webhook(json!({"filters": {"events": ["alert.*"]}})).await;
    let silence = format!("{ALERTS}/dead_letters/silence");
    let silenced = house.api.post(&silence, &json!({"for": "1h"})).await.unwrap();
    assert!(silenced["silenced_until"].is_string(), "{silenced}");
    let broken =
        house.webhook(json!({"filters": {"events": ["client.*"]}, "retry": {"attempts": 1}}));
    broken.await.behave(|behaviour| behaviour.fail_rate = 1.0);
    house.event("client.created", json!({"id": 1})).await;
    house.eventually(ALERTS, |page| of(page, "dead_letters")["state"] == "raised").await;
    assert!(told.inbox.all().is_empty());
    let spoken = house.raw("DELETE", &silence, "").await;
    assert_eq!((spoken.0, &spoken.1["silenced_until"]), (200, &Value::Null));
    let came = told.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert_eq!(came[0].json()["data"]["alert"], "dead_letters");
    for (body, field) in [
        ("{}", "for"),
        (r#"{"for": "soon"}"#, "for"),
        (r#"{"for": "0s"}"#, "for"),
        (r#"{"for": "1h", "why": 1}"#, "why"),
    ] {
        let (status, problem) = house.raw("POST", &silence, body).await;
        assert_eq!((status, &problem["field"]), (422, &json!(field)), "{problem}");
    }
    assert_eq!(
        house.raw("POST", &format!("{ALERTS}/none/silence"), r#"{"for":"1h"}"#).await.0,
        404
    );
    let wrong = json!({"alerts": {"mine": {"metric": "no_shows"}}}).to_string();
    let (status, problem) = house.raw("PATCH", "/api/v1/admin/tenants/default", wrong).await;
    assert_eq!((status, &problem["field"]), (422, &json!("alerts.mine")), "{problem}");
}

/// Has the figures looked at now; where the clock does at the same moment, the next time.
async fn look(house: &House) {
    for _ in 0..1_000 {
        let timers = house.api.get("/api/v1/timers").await.unwrap();
        let timers = timers["items"].as_array().unwrap();
        let Some(alarm) = timers.iter().find(|timer| timer["kind"] == "alerts") else {
            // They were looked at meanwhile, and all is well.
            let rules = house.api.get(ALERTS).await.unwrap();
            if rules["items"].as_array().unwrap().iter().all(|rule| rule["state"] != "raised") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let path = format!("/api/v1/timers/{}/fire", alarm["id"].as_str().unwrap());
        match house.raw("POST", &path, "").await.0 {
            200 => return,
            status => assert_eq!(status, 409),
        }
    }
    panic!("figures were never looked at");
}

/// Throws all dead letters away.
async fn discard_all(house: &House) {
    let letters = house.api.get("/api/v1/dead-letters").await.unwrap();
    for letter in letters["items"].as_array().unwrap() {
        let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
        house.api.delete(&path).await.unwrap();
    }
}

/// A tenant of which one dead letter is too many.
async fn fragile(locale: &str) -> House {
    let house = House::new().await;
    let mut settings = quick(json!({"dead_letters": {"above": 0, "for": "0s"},
        "delivery_failure_rate": {"enabled": false}}));
    settings["locale"] = json!(locale);
    house.settle(settings).await;
    let broken =
        house.webhook(json!({"filters": {"events": ["client.*"]}, "retry": {"attempts": 1}}));
    broken.await.behave(|behaviour| behaviour.fail_rate = 1.0);
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_e06_an_alert_and_its_end_reach_slack_and_mail_in_the_tenants_words() {
    let house = fragile("es").await;
    let filters = json!({"events": ["alert.*"]});
    let told = house.webhook(json!({"filters": filters})).await;
    for (kind, target) in [("slack", house.slack.url()), ("email", "ana@example.com".to_owned())] {
        house.endpoint(json!({"kind": kind, "target": target, "filters": filters})).await;
    }
    house.event("client.created", json!({"id": 1})).await;
    let title = "Alerta (crítica): entregas dadas por perdidas, 1 (límite 0) · dead_letters";
    let slack = house.slack.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    let message = &slack[0];
    assert_eq!(message["text"], title);
    assert_eq!(message["blocks"][0]["text"]["text"], title);
    let fields = message["blocks"][1]["fields"].to_string();
    for words in ["*Gravedad*", "*Desde*", "*Qué hacer*", "sereno dead-letters list"] {
        assert!(fields.contains(words), "{words} is not in {fields}");
    }
    let mail = house.mail.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert_eq!(mail[0].subject(), title);

    house.eventually(ALERTS, |page| of(page, "dead_letters")["state"] == "raised").await;
    discard_all(&house).await;
    look(&house).await;
    let got = deliveries(&told, &["alert.raised", "alert.resolved"]).await;
    let (raised, over) = (got[0].json()["data"].clone(), got[1].json()["data"].clone());
    for field in ["alert", "metric", "severity", "threshold", "comparison", "since"] {
        assert!(!raised[field].is_null(), "{field} is not in {raised}");
        assert_eq!(raised[field], over[field], "{field}");
    }
    assert_eq!((over["measured"].as_f64(), over["resolved_at"].is_string()), (Some(0.0), true));
    // What lies there now is measured in no window.
    let listed = house.api.get(ALERTS).await.unwrap();
    assert_eq!(
        (&of(&listed, "dead_letters")["window"], &raised["window"]),
        (&json!(null), &json!(null))
    );
    let slack = house.slack.inbox.wait(PATIENCE, |all| all.len() == 2).await.unwrap();
    let title =
        "Alerta resuelta (crítica): entregas dadas por perdidas, 0 (límite 0) · dead_letters";
    assert_eq!(slack[1]["text"], title);
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_what_swings_is_told_once_in_its_quiet_time_and_past_a_restart() {
    let house = fragile("en").await;
    let told = house.webhook(json!({"filters": {"events": ["alert.*"]}})).await;
    for turn in 0..3 {
        house.event("client.created", json!({"id": turn})).await;
        let raised = |page: &Value| of(page, "dead_letters")["state"] == "raised";
        let page = house.eventually(ALERTS, raised).await;
        assert_eq!(of(&page, "dead_letters")["quiet_until"].is_string(), turn > 0, "{page}");
        discard_all(&house).await;
        look(&house).await;
        house.eventually(ALERTS, |page| of(page, "dead_letters")["state"] == "ok").await;
    }
    deliveries(&told, &["alert.raised", "alert.resolved"]).await;
    let house = house.restarted().await;
    house.event("client.created", json!({"id": 9})).await;
    let raised = |page: &Value| of(page, "dead_letters")["state"] == "raised";
    let page = house.eventually(ALERTS, raised).await;
    assert!(of(&page, "dead_letters")["quiet_until"].is_string(), "{page}");
    assert_eq!(told.inbox.all().len(), 2, "raised and resolved, once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_an_alert_whose_rule_was_removed_ends_with_what_it_was_told_with_also_past_a_restart() {
    let house = fragile("pt").await;
    let mine = json!({"metric": "dead_letters", "above": 0, "for": "0s", "severity": "info"});
    let quiet = json!({"enabled": false});
    house.settle(json!({"alerts": {"dead_letters": quiet, "mine": mine}})).await;
    let filters = json!({"events": ["alert.*"]});
    let told = house.webhook(json!({"filters": filters})).await;
    house.event("client.created", json!({"id": 1})).await;
    let begun = deliveries(&told, &["alert.raised"]).await[0].json()["data"].clone();
    assert_eq!((&begun["alert"], &begun["severity"]), (&json!("mine"), &json!("info")));
    let house = house.restarted().await;
    let slack = json!({"kind": "slack", "target": house.slack.url(), "filters": filters});
    house.endpoint(slack).await;
    house.settle(json!({"alerts": {"mine": null}})).await;
    look(&house).await;
    let got = deliveries(&told, &["alert.raised", "alert.resolved"]).await;
    let over = got[1].json()["data"].clone();
    let mut expected = begun;
    expected["resolved_at"] = over["resolved_at"].clone();
    expected["ended_by"] = json!("rule_removed");
    assert_eq!(over, expected);
    let messages = house.slack.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    let title =
        "Alerta sem vigilância (informativo): entregas dadas por perdidas, 1 (limite 0) · mine";
    assert_eq!(messages[0]["text"], title);
    let fields = messages[0]["blocks"][1]["fields"].to_string();
    assert!(
        fields.contains("*Vigiado até*") && fields.contains("A regra foi removida"),
        "{fields}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_rules_that_are_changed_or_enabled_where_nothing_happens_are_looked_at() {
    let house = House::new().await;
    let off = json!({"enabled": false});
    let rules = json!({"dead_letters": {"above": 100}, "delivery_failure_rate": off});
    house.settle(quick(rules)).await;
    let told = house.webhook(json!({"filters": {"events": ["alert.*"]}})).await;
    let broken =
        house.webhook(json!({"filters": {"events": ["client.*"]}, "retry": {"attempts": 1}}));
    broken.await.behave(|behaviour| behaviour.fail_rate = 1.0);
    house.event("client.created", json!({"id": 1})).await;
    // All that was counted was looked at.
    house.eventually(ALERTS, |page| of(page, "dead_letters")["measured"] == 1.0).await;
    house.settle(json!({"alerts": {"dead_letters": {"above": 0, "for": "0s"}}})).await;
    let raised = |page: &Value| of(page, "dead_letters")["state"] == "raised";
    house.eventually(ALERTS, raised).await;
    let came = told.inbox.wait(PATIENCE, |all| all.len() == 1).await.unwrap();
    assert_eq!(came[0].event_type, "alert.raised");
    // Switched off it ends at once, and switched on again it is quiet for a while.
    house.settle(json!({"alerts": {"dead_letters": {"enabled": false}}})).await;
    let came = told.inbox.wait(PATIENCE, |all| all.len() == 2).await.unwrap();
    assert_eq!(came[1].json()["data"]["ended_by"], "rule_disabled");
    house.settle(json!({"alerts": {"dead_letters": {"enabled": true}}})).await;
    let page = house.eventually(ALERTS, raised).await;
    assert!(of(&page, "dead_letters")["quiet_until"].is_string(), "{page}");
    assert_eq!(told.inbox.all().len(), 2, "told at most once in ten minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_a_rule_that_is_off_is_shown_with_its_silence_which_can_be_ended() {
    let house = fragile("en").await;
    let told = house.webhook(json!({"filters": {"events": ["alert.*"]}})).await;
    let silence = format!("{ALERTS}/dead_letters/silence");
    house.event("client.created", json!({"id": 1})).await;
    deliveries(&told, &["alert.raised"]).await;
    house.api.post(&silence, &json!({"for": "1h"})).await.unwrap();
    house.settle(json!({"alerts": {"dead_letters": {"enabled": false}}})).await;
    let page = house.eventually(ALERTS, |page| of(page, "dead_letters")["state"] == "off").await;
    let off = of(&page, "dead_letters");
    assert!(off["silenced_until"].is_string() && off["measured"].is_null(), "{off}");
    let only = house.api.get("/api/v1/alerts?state=off").await.unwrap();
    assert!(of(&only, "dead_letters").is_object(), "{only}");
    assert!(of(&only, "error_rate").is_null(), "{only}");
    assert_eq!(told.inbox.all().len(), 1, "its end waits for that of the silence");
    let spoken = house.raw("DELETE", &silence, "").await;
    assert_eq!((spoken.0, &spoken.1["silenced_until"]), (200, &Value::Null));
    assert_eq!((&spoken.1["state"], &spoken.1["alert"]), (&json!("off"), &json!("dead_letters")));
    let got = deliveries(&told, &["alert.raised", "alert.resolved"]).await;
    assert_eq!(got[1].json()["data"]["ended_by"], "rule_disabled");
}
