//! The API's description: whole, true to the table of routes, and browsable without anything from elsewhere.
//! Whether the server's answers are as it says is for `tests/openapi/run`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::Value;
use sereno::api::openapi::{self, METHODS};
use sereno::api::{self, Route};

use crate::support::House;

/// Every operation of the document, by its route.
fn operations(document: &Value) -> BTreeMap<Route, &Value> {
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method.to_ascii_lowercase()) {
                found.insert(Route { path: path.clone(), method }, operation);
            }
        }
    }
    found
}

/// Every value inside a document, itself included.
fn everything(value: &Value) -> Vec<&Value> {
    let mut found = vec![value];
    let mut next = 0;
    while let Some(value) = found.get(next).copied() {
        next += 1;
        match value {
            Value::Object(map) => found.extend(map.values()),
            Value::Array(list) => found.extend(list),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

#[test]
fn e02_every_route_is_described_and_every_description_is_served() {
    let document = openapi::document();
    let described: BTreeSet<Route> = operations(&document).into_keys().collect();
    let served: BTreeSet<Route> = api::routes().into_iter().collect();
    let list = |routes: Vec<&Route>| {
        let lines = routes.iter().map(|route| format!("  {} {}\n", route.method, route.path));
        lines.collect::<String>()
    };
    let undescribed = list(served.difference(&described).collect());
    assert!(
        undescribed.is_empty(),
        "served, but not described:\n{undescribed}\
         Describe each under \"paths\" in src/api/openapi/<noun>.json: operationId, tags, summary, description, \
         parameters, requestBody and its own answers; what every operation has (401, 403, 404, 400, 422, 500 …) \
         is added by src/api/openapi.rs. A new file goes into PARTS there. Then run tests/openapi/run, which holds the server's \
         answers against it."
    );
    let unserved = list(described.difference(&served).collect());
    assert!(
        unserved.is_empty(),
        "described in src/api/openapi/, but no route of src/api.rs:\n{unserved}"
    );
}

#[test]
fn e02_the_document_is_whole_and_explains_itself() {
    let document = openapi::document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    for value in everything(&document) {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let place = target.strip_prefix('#').unwrap_or_else(|| panic!("{target} is elsewhere"));
            assert!(document.pointer(place).is_some(), "{target} is not there");
        }
    }
    let tags: Vec<&Value> =
        document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut names = BTreeSet::new();
    for (route, operation) in operations(&document) {
        let says = |field: &str| operation[field].as_str().is_some_and(|text| text.len() > 4);
        assert!(says("summary") && says("description"), "{route:?} does not say what it does");
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{route:?}: its id");
        assert!(tags.contains(&&operation["tags"][0]), "{route:?}: its tag is not listed");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|code| code < &"400".to_owned()), "{route:?} never succeeds");
        let open = operation.get("security") == Some(&Value::Array(Vec::new()));
        assert!(answers.contains_key("401") || open, "{route:?} needs a key");
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let in_path: BTreeSet<String> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()))
            .collect();
        let braces = route.path.split('/').filter(|part| part.starts_with('{'));
        assert_eq!(in_path, braces.map(str::to_owned).collect(), "{route:?}: its path");
        for parameter in parameters.iter().filter(|parameter| parameter.get("$ref").is_none()) {
            assert!(parameter["description"].is_string(), "{route:?}: {parameter}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e02_the_document_and_its_pages_need_no_key_and_nothing_from_elsewhere() {
    let house = House::new().await;
    let get = async |path: &str| {
        let response = reqwest::get(format!("{}{path}", house.base)).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers().clone();
        let mut bytes = response.bytes().await.unwrap().to_vec();
        if headers.get("content-encoding").is_some_and(|coding| coding == "gzip") {
            let mut whole = Vec::new();
            GzDecoder::new(&bytes[..]).read_to_end(&mut whole).unwrap();
            bytes = whole;
        }
        let kind = headers["content-type"].to_str().unwrap().to_owned();
        (kind, headers, bytes)
    };

    let (kind, _, document) = get("/openapi.json").await;
    assert_eq!(kind, "application/json");
    assert_eq!(serde_json::from_slice::<Value>(&document).unwrap(), openapi::document());

    // `reqwest` asks for no encoding here.
    let plain = get("/docs/").await;
    assert!(!plain.1.contains_key("content-encoding"));
    let compressed = house.api.http.get(format!("{}/docs/", house.base));
    let compressed = compressed.header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    let mut same = Vec::new();
    let bytes = compressed.bytes().await.unwrap();
    GzDecoder::new(&bytes[..]).read_to_end(&mut same).unwrap();
    assert_eq!(same, plain.2);

    let (kind, _, page) = get("/docs").await;
    assert!(kind.starts_with("text/html"), "/docs leads to the page: {kind}");
    let page = String::from_utf8(page).unwrap();
    let mut linked: BTreeSet<String> =
        ["index.css", "swagger-initializer.js"].map(str::to_owned).into();
    for attribute in ["src=\"", "href=\""] {
        let links = page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
        linked.extend(links.map(|link| link.trim_start_matches("./").to_owned()));
    }
    assert!(linked.len() >= 5, "{linked:?}");
    for file in linked {
        let (kind, headers, bytes) = get(&format!("/docs/{file}")).await;
        let wanted = match file.rsplit('.').next() {
            Some("css") => "text/css",
            Some("js") => "text/javascript",
            Some("png") => "image/png",
            _ => panic!("{file} is of a kind that this test does not know"),
        };
        assert!(kind.starts_with(wanted), "{file}: {kind}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("http") && !policy.contains("*"), "{policy}");
        let text = String::from_utf8_lossy(&bytes);
        if file.ends_with(".css") {
            assert!(!text.contains("url(http") && !text.contains("@import"), "{file}");
        }
        if file == "swagger-initializer.js" {
            assert!(!text.contains("://"), "{text}");
            assert!(text.contains("../openapi.json"), "{text}");
            let validator = text.lines().find(|line| line.contains("validatorUrl")).unwrap();
            assert!(validator.contains("\"none\""), "else a validator is asked: {validator}");
        }
    }
    for path in ["/docs/nothing", "/docs/..%2fopenapi.json", "/docs/%ff", "/docs/%00"] {
        let response = reqwest::get(format!("{}{path}", house.base)).await.unwrap();
        assert!(response.status().is_client_error(), "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e02_a_method_that_a_path_has_not_is_told_which_it_has() {
    let house = House::new().await;
    let ask = async |method: &str, path: &str| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = house.api.http.request(method, format!("{}{path}", house.base));
        request.bearer_auth(house.key()).send().await.unwrap()
    };
    for (method, path, allowed) in [
        ("DELETE", "/api/v1/events", "GET,HEAD,OPTIONS,POST"),
        ("OPTIONS", "/api/v1/deliveries", "GET,HEAD"),
        ("TRACE", "/api/v1/jobs", "GET,HEAD"),
        ("BREW", "/api/v1/admin/notify/endpoints/1", "DELETE,GET,HEAD,PATCH"),
        ("GET", "/api/v1/admin/jobs/reminders", "POST"),
        ("POST", "/docs/", "GET,HEAD"),
    ] {
        let answer = ask(method, path).await;
        assert_eq!(answer.status(), 405, "{method} {path}");
        let mut said: Vec<&str> =
            answer.headers()["allow"].to_str().unwrap().split(',').map(str::trim).collect();
        said.sort_unstable();
        assert_eq!(said.join(","), allowed, "{method} {path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let (head, get) = (ask("HEAD", "/api/v1/jobs").await, ask("GET", "/api/v1/jobs").await);
    assert_eq!(head.status(), get.status());
    assert_eq!(head.headers()["content-length"], get.headers()["content-length"]);
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn e02_what_cannot_be_read_or_meant_is_refused_and_named() {
    let house = House::new().await;
    for (path, status, field) in [
        ("/api/v1/jobs?limit=1&limit=2", 422, "limit"),
        ("/api/v1/events?type=a.b&type=a.b", 422, "type"),
        ("/api/v1/events?q=%ff", 400, ""),
        ("/api/v1/events?q=%00", 200, ""),
        ("/api/v1/events?cursor=%00", 422, "cursor"),
        ("/api/v1/jobs?limit=1e2", 422, "limit"),
        ("/api/v1/events/%ff", 400, ""),
        ("/api/v1/events/%00", 404, ""),
        ("/api/v1/deliveries/msg_%F0%9F%8D%95", 404, ""),
        ("/api/v1/admin/notify/endpoints/-1", 404, ""),
        ("/api/v1/admin/notify/endpoints/99999999999999999999", 404, ""),
        ("/api/v1/admin/tenants/..%2fdefault", 404, ""),
    ] {
        let (got, answer) = house.raw("GET", path, "").await;
        assert_eq!(
            (got, answer["field"].as_str().unwrap_or("")),
            (status, field),
            "{path}: {answer}"
        );
    }
    let event = r#"{"event_id": "e-1", "event_type": "a.b"}"#;
    let ask = async |key: &[u8]| {
        let request = house.api.http.post(format!("{}/api/v1/events", house.base)).body(event);
        let request = request.bearer_auth(house.key()).header("idempotency-key", key);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(b"fits").await, 202);
    for key in [&b"\xc3\xb1"[..], b"a\tb", &[b'x'; 256], b""] {
        assert_eq!(ask(key).await, 422, "{key:?}, though the event has an id");
    }
}
