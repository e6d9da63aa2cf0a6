//! Sessions: begun with a key, guarded against other pages, and over when they must be.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::browser::{Browser, KEYS, SESSION, read, set_cookie};
use crate::support::{ENDPOINTS, House};

const DELIVERIES: &str = "/api/v1/deliveries";

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_key_begins_a_session_that_no_script_can_read() {
    let house = House::new().await;
    let request = house.api.http.post(format!("{}{SESSION}", house.base));
    let body = json!({"key": house.key()}).to_string();
    let response = request.body(body).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let cookie = set_cookie(&response).unwrap();
    let parts: Vec<&str> = cookie.split("; ").collect();
    assert!(parts[0].starts_with("sereno_session=") && !cookie.contains(&house.key()), "{cookie}");
    assert_eq!(parts[1..], ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"]);
    let (_, answer) = read(response).await;
    let session = &answer["session"];
    assert_eq!((&session["role"], &session["tenant"]), (&json!("admin"), &json!("default")));
    assert_eq!((&session["portal"], &session["masked"]), (&json!(false), &json!(true)));
    assert!(session["csrf"].as_str().unwrap().len() >= 32, "{answer}");

    let browser = Browser::sign_in(&house.base, &json!({"key": house.key()})).await.unwrap();
    assert_ne!(browser.session["csrf"], session["csrf"], "each session has its own");
    assert_eq!(browser.get(SESSION).await["session"]["csrf"], browser.session["csrf"]);
    browser.get(DELIVERIES).await;
    let other = browser.bare("GET", DELIVERIES).header("x-tenant", "other").send().await.unwrap();
    assert_eq!(other.status(), 403);
    let nobody = house.api.http.get(format!("{}{SESSION}", house.base)).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    let own = house.api.get(SESSION).await.unwrap();
    assert_eq!((&own["session"]["masked"], &own["session"]["csrf"]), (&json!(false), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_the_admin_token_begins_a_session_of_all_tenants() {
    let house = House::new().await;
    house.admin.post("/api/v1/admin/tenants", &json!({"id": "other"})).await.unwrap();
    let token = admin_token(&house);
    let browser = Browser::sign_in(&house.base, &json!({"key": token})).await.unwrap();
    assert_eq!(
        (&browser.session["role"], &browser.session["tenant"]),
        (&json!("admin"), &Value::Null)
    );
    assert_eq!(browser.get("/api/v1/admin/tenants").await["total"], 2);
    let path = "/api/v1/admin/notify/endpoints";
    let body = json!({"kind": "slack", "target": "https://hooks.example/x"}).to_string();
    let csrf = browser.session["csrf"].as_str().unwrap();
    let made = browser.bare("POST", path).header("x-tenant", "other").header("x-csrf-token", csrf);
    assert_eq!(made.body(body).send().await.unwrap().status(), 201);
    assert_eq!(browser.get(ENDPOINTS).await["total"], 0);
    let of_other = browser.bare("GET", path).header("x-tenant", "other").send().await.unwrap();
    assert_eq!(read(of_other).await.1["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_page_of_somebody_else_changes_nothing() {
    let house = House::new().await;
    let browser = Browser::sign_in(&house.base, &json!({"key": house.key()})).await.unwrap();
    let csrf = browser.session["csrf"].as_str().unwrap().to_owned();
    let body = json!({"kind": "slack", "target": "https://hooks.example/x"}).to_string();
    let own = house.base.clone();
    let post = || browser.bare("POST", ENDPOINTS).body(body.clone());
    let with = |name: &str, value: &str| post().header("x-csrf-token", &csrf).header(name, value);
    for (refused, request) in [
        ("no token", post()),
        ("another token", post().header("x-csrf-token", "x".repeat(csrf.len()))),
        ("a shorter token", post().header("x-csrf-token", &csrf[1..])),
        ("another origin", with("origin", "https://evil.example")),
        ("no origin", with("origin", "null")),
        ("another site", with("sec-fetch-site", "cross-site")),
        ("a sister site", with("sec-fetch-site", "same-site")),
    ] {
        let (status, answer) = read(request.send().await.unwrap()).await;
        assert_eq!(status, 403, "{refused}: {answer}");
    }
    assert_eq!(browser.get(ENDPOINTS).await["total"], 0);
    for request in [with("origin", &own), with("sec-fetch-site", "same-origin")] {
        assert_eq!(request.send().await.unwrap().status(), 201);
    }
    let out = browser.bare("DELETE", SESSION).send().await.unwrap();
    assert_eq!(out.status(), 403, "nobody else signs one out");
    let forged =
        house.api.http.post(format!("{own}{SESSION}")).header("origin", "https://evil.example");
    let forged = forged.body(json!({"key": house.key()}).to_string()).send().await.unwrap();
    assert_eq!(forged.status(), 403, "nor in");
    // Where both are there, the key counts, and a key needs no guard.
    let both = post().bearer_auth(house.key()).send().await.unwrap();
    assert_eq!(both.status(), 201);
    let wrong = browser.bare("GET", DELIVERIES).bearer_auth("sk_wrong").send().await.unwrap();
    assert_eq!(wrong.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_signing_out_holds_for_every_copy_of_the_cookie_also_after_a_restart() {
    let house = House::new().await;
    let browser = Browser::sign_in(&house.base, &json!({"key": house.key()})).await.unwrap();
    let other = Browser::sign_in(&house.base, &json!({"key": house.key()})).await.unwrap();
    let csrf = browser.session["csrf"].as_str().unwrap();
    let out = browser.bare("DELETE", SESSION).header("x-csrf-token", csrf).send().await.unwrap();
    assert_eq!(out.status(), 200);
    assert!(set_cookie(&out).unwrap().starts_with("sereno_session=; Path=/; Max-Age=0"));
    assert_eq!(browser.status(DELIVERIES).await, 401);
    let house = house.restarted().await;
    let moved = |browser: &Browser| {
        let request = house.api.http.get(format!("{}{DELIVERIES}", house.base));
        request.header("cookie", browser.cookie.clone()).send()
    };
    assert_eq!(moved(&browser).await.unwrap().status(), 401);
    assert_eq!(moved(&other).await.unwrap().status(), 200, "the other one goes on");
    for bad in ["", "x", "sereno_session=", "sereno_session=AAAA", &format!("{}A", other.cookie)] {
        let request = house.api.http.get(format!("{}{DELIVERIES}", house.base));
        assert_eq!(request.header("cookie", bad).send().await.unwrap().status(), 401, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_session_ends_with_its_key() {
    let house = House::new().await;
    let made = house.api.post(KEYS, &json!({"name": "short"})).await.unwrap();
    let browser = Browser::sign_in(&house.base, &json!({"key": made["api_key"]})).await.unwrap();
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    assert_eq!(browser.status(DELIVERIES).await, 200);
    assert_eq!(house.raw("DELETE", &path, "").await.0, 200);
    assert_eq!(browser.status(DELIVERIES).await, 401);
    assert!(Browser::sign_in(&house.base, &json!({"key": made["api_key"]})).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_session_of_the_admin_token_ends_when_that_is_another() {
    let token = Arc::new(Mutex::new("the-first-token-of-the-admin".to_owned()));
    let given = Arc::clone(&token);
    let house = House::with(move |config| config.admin_token = Some(given.lock().clone())).await;
    let admin = Browser::sign_in(&house.base, &json!({"key": *token.lock()})).await.unwrap();
    let key = Browser::sign_in(&house.base, &json!({"key": house.key()})).await.unwrap();
    *token.lock() = "another-token-of-the-admin".to_owned();
    let house = house.restarted().await;
    for (browser, status) in [(admin, 401), (key, 200)] {
        let request = house.api.http.get(format!("{}{DELIVERIES}", house.base));
        let answer = request.header("cookie", browser.cookie).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_who_guesses_at_keys_soon_has_to_wait() {
    let house = House::new().await;
    let guess = async |number: u32| {
        let guess = json!({"key": format!("sk_{number}")});
        Browser::sign_in(&house.base, &guess).await.err().unwrap().0
    };
    for number in 0..10 {
        assert_eq!(guess(number).await, 401);
    }
    // One more is allowed every three seconds, and in between the right one is not looked at either.
    let right = json!({"key": house.key()});
    let mut refused = false;
    for number in 10..60 {
        let is_full = guess(number).await == 429;
        let answered = Browser::sign_in(&house.base, &right).await.err().map(|(status, _)| status);
        refused |= is_full && answered == Some(429);
    }
    assert!(refused, "whoever guesses has to wait");
    for bad in [json!({}), json!({"key": "a", "link": "b"}), json!({"key": 1}), json!({"k": "a"})] {
        let (status, answer) = Browser::sign_in(&house.base, &bad).await.err().unwrap();
        assert!(status == 422 || status == 429, "{bad}: {answer}");
    }
}

fn admin_token(house: &House) -> String {
    let text = std::fs::read_to_string(house.data.path().join("credentials")).unwrap();
    text.lines().find_map(|line| line.strip_prefix("admin_token=")).unwrap().to_owned()
}
