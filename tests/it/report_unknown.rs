//! The weekly report of what was not counted, and the form in which it is answered.

use serde_json::{Value, json};

use crate::support::House;

const REPORT: &str = "/api/v1/reports/weekly";

#[tokio::test(flavor = "multi_thread")]
async fn c04_what_was_not_counted_is_null_and_said_to_be_unknown() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let past = house.api.get(&format!("{REPORT}?week=2020-W10&lang=en")).await.unwrap();
    assert_eq!((&past["coverage"], &past["complete"]), (&json!("none"), &json!(true)));
    for name in ["totals", "attention", "top_events", "channels", "causes", "failing_endpoints"] {
        assert_eq!(past[name], Value::Null, "{name}");
    }
    assert!(past["days"].as_array().unwrap().iter().all(|day| day["events"].is_null()), "{past}");
    for (lang, unknown, calm) in [
        ("es", "No se sabe: no hay cifras", "Nada requiere"),
        ("en", "That is not known: there are no figures", "Nothing needs"),
        ("pt", "Não se sabe: não há números", "Nada precisa"),
    ] {
        for format in ["text", "html"] {
            let path = format!("{}{REPORT}?week=2020-W10&lang={lang}&format={format}", house.base);
            let answer = house.api.http.get(path).bearer_auth(house.key()).send().await.unwrap();
            let said = answer.text().await.unwrap();
            assert!(said.contains(unknown) && !said.contains(calm), "{said}");
            assert!(!said.contains("<img "), "a chart of nothing");
        }
    }
    // The same goes out by mail.
    let body = json!({"to": "one@trattoria.example", "week": "2020-W10", "lang": "en"}).to_string();
    assert_eq!(house.raw("POST", &format!("{REPORT}/send"), body).await.0, 202);
    let patience = crate::support::PATIENCE;
    let mails = house.mail.inbox.wait(patience, |all| !all.is_empty()).await.unwrap();
    assert!(!mails[0].content.contains("image/png") && !mails[0].content.contains("Nothing needs"));
    // The present week: this server's first day is counted, those before it are not known.
    let present = house.api.get(REPORT).await.unwrap();
    let days = present["days"].as_array().unwrap();
    for day in days {
        let is_known = day["coverage"] != "none";
        assert_eq!(day["events"].is_u64(), is_known, "{day}");
        assert_eq!(day["by_type"].is_object(), is_known, "{day}");
    }
    assert_eq!(days.iter().filter(|day| day["coverage"] == "partial").count(), 1, "{present}");
    assert_eq!(present["attention"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_it_is_answered_in_the_form_that_the_client_likes_best() {
    let house = House::new().await;
    for (accept, wanted) in [
        ("text/html;q=0.1, application/json", "application/json"),
        ("application/json;q=0.2, text/html;q=0.3", "text/html"),
        ("text/plain;q=0.9, text/html;q=0.8", "text/plain"),
        ("text/html, application/xml;q=0.9, */*;q=0.8", "text/html"),
        ("*/*", "application/json"),
        ("image/png", "application/json"),
    ] {
        let request =
            house.api.http.get(format!("{}{REPORT}", house.base)).bearer_auth(house.key());
        let answer = request.header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{accept}");
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with(wanted), "{accept}: {kind}");
    }
}
