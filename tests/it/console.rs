//! The console is served: the same page at each of its addresses, its files for good under their version.

use std::time::Duration;

use serde_json::json;

use crate::browser::{Browser, LINKS, token};
use crate::support::House;

const POLICY: &str = "content-security-policy";

#[tokio::test(flavor = "multi_thread")]
async fn a21_each_address_of_the_console_is_answered_with_its_page() {
    let house = House::new().await;
    let http = &house.api.http;
    for path in
        ["/console", "/console/", "/console/endpoints/1", "/console/enter", "/console/nowhere"]
    {
        let response = http.get(format!("{}{path}", house.base)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        assert_eq!(header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(header("cache-control"), "no-cache", "{path}: a new version is seen at once");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        let policy = header(POLICY);
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let page = response.text().await.unwrap();
        assert!(!page.contains('%'), "{path}: what stands for something else is filled in: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_the_consoles_files_are_kept_for_a_year_under_their_version() {
    let house = House::new().await;
    let http = &house.api.http;
    let page =
        http.get(format!("{}/console", house.base)).send().await.unwrap().text().await.unwrap();
    let files: Vec<&str> =
        page.split('"').filter(|part| part.starts_with("/console/assets/")).collect();
    assert!(files.len() > 10, "{page}");
    for file in &files {
        let response = http.get(format!("{}{file}", house.base)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{file}");
        let headers = response.headers().clone();
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable", "{file}");
        let tag = headers["etag"].to_str().unwrap();
        assert!(!response.bytes().await.unwrap().is_empty(), "{file}");
        let again = http.get(format!("{}{file}", house.base)).header("if-none-match", tag);
        let again = again.send().await.unwrap();
        assert_eq!(again.status(), 304, "{file}");
        assert!(again.bytes().await.unwrap().is_empty(), "{file}");
    }
    let script = files.iter().find(|file| file.ends_with("/app.js")).unwrap();
    let old = script.replace("/assets/", "/assets/0");
    let secret = "/console/assets/x/..%2f..%2fCargo.toml".to_owned();
    for path in [old, secret, script.replace("app.js", "nothing.js")] {
        let response = http.get(format!("{}{path}", house.base)).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
    }
    let zipped = http.get(format!("{}{script}", house.base)).header("accept-encoding", "gzip");
    let zipped = zipped.send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_who_may_frame_a_page_of_the_console_is_said_of_each() {
    let house = House::new().await;
    let rest = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; ";
    let frames = async |path: &str, browser: Option<&Browser>| {
        let request = match browser {
            Some(browser) => browser.bare("GET", path),
            None => house.api.http.get(format!("{}{path}", house.base)),
        };
        let response = request.send().await.unwrap();
        let policy = response.headers()[POLICY].to_str().unwrap().to_owned();
        policy.strip_prefix(rest).unwrap_or_else(|| panic!("{path}: {policy}")).to_owned()
    };
    let nobody = "frame-ancestors 'none'";
    let sign_in = async |portal: bool| {
        let made = house.api.post(LINKS, &json!({"portal": portal})).await.unwrap();
        let url = made["link"]["url"].as_str().unwrap();
        let path = url[house.base.len()..].split('#').next().unwrap().to_owned();
        (path, Browser::sign_in(&house.base, &token(&made)).await.unwrap())
    };

    // Where the tenant names no page, its portal is in none.
    let (enter, portal) = sign_in(true).await;
    assert_eq!(enter, "/console/enter");
    for path in [&enter, "/console/deliveries", "/console/enter?tenant=default"] {
        assert_eq!(frames(path, None).await, nobody, "{path}");
        assert_eq!(frames(path, Some(&portal)).await, nobody, "{path}");
    }

    let partners = json!({"embedding": ["https://partner.example", "http://localhost:3000"]});
    house.api.patch("/api/v1/admin/tenants/default", &partners).await.unwrap();
    let named = "frame-ancestors https://partner.example http://localhost:3000";
    let (enter, portal) = sign_in(true).await;
    assert!(enter.starts_with("/console/enter?for=") && !enter.contains("default"), "{enter}");
    assert_eq!(frames(&enter, None).await, named, "before anybody is let in");
    assert_eq!(frames("/console/deliveries", Some(&portal)).await, named);
    // Whoever has no link does not learn whose pages they are.
    let cut = &enter[..enter.len() - 2];
    let elsewhere = enter.replace("/enter", "/deliveries");
    for path in
        ["/console/enter", "/console/enter?tenant=default", "/console/enter?for=", cut, &elsewhere]
    {
        assert_eq!(frames(path, None).await, nobody, "{path}");
    }
    let brief = house.api.post(LINKS, &json!({"portal": true, "expires_in": "1s"})).await.unwrap();
    let brief = brief["link"]["url"].as_str().unwrap()[house.base.len()..]
        .split('#')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(frames(&brief, None).await, named);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(frames(&brief, None).await, nobody, "the link's time is over");
    // Inside of a page that the tenant names it says so, in place of a blank, and shows nothing else.
    for (language, said) in [
        ("es", "Este enlace ha caducado"),
        ("en", "This link has expired"),
        ("pt-BR", "Este link expirou"),
    ] {
        let request = house.api.http.get(format!("{}{brief}", house.base));
        let request =
            request.header("sec-fetch-dest", "iframe").header("accept-language", language);
        let response = request.send().await.unwrap();
        let policy = response.headers()[POLICY].to_str().unwrap().to_owned();
        assert!(policy.ends_with(named) && !policy.contains("script"), "{policy}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let page = response.text().await.unwrap();
        assert!(page.contains(said) && !page.contains("<script"), "{page}");
        assert!(!page.contains('%') && !page.contains("default"), "{page}");
    }
    // Who is signed in there sees the portal all the same, and what nobody sealed is no link.
    for (path, browser, wanted) in [(&brief, Some(&portal), named), (&cut.to_owned(), None, nobody)]
    {
        let request = match browser {
            Some(browser) => browser.bare("GET", path),
            None => house.api.http.get(format!("{}{path}", house.base)),
        };
        let response = request.header("sec-fetch-dest", "iframe").send().await.unwrap();
        assert!(response.headers()[POLICY].to_str().unwrap().ends_with(wanted), "{path}");
        assert!(response.text().await.unwrap().contains("<script"), "{path}");
    }

    // The console itself is in no frame, whoever the tenant names.
    let (enter, console) = sign_in(false).await;
    assert_eq!(enter, "/console/enter");
    for path in ["/console", "/console/deliveries", "/console/deliveries?tenant=default"] {
        assert_eq!(frames(path, Some(&console)).await, nobody, "{path}");
        assert_eq!(frames(path, None).await, nobody, "{path}");
    }
}
