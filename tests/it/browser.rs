//! A browser, as far as sessions go: it keeps a cookie and repeats what guards against forgery.

use reqwest::{Method, RequestBuilder, Response, header};
use serde_json::{Value, json};

use crate::support::House;

pub(crate) const SESSION: &str = "/api/v1/session";
pub(crate) const LINKS: &str = "/api/v1/admin/links";
pub(crate) const AUDIT: &str = "/api/v1/audit";
pub(crate) const KEYS: &str = "/api/v1/admin/tenants/default/keys";

/// Somebody who has signed in.
#[derive(Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    base: String,
    pub(crate) cookie: String,
    pub(crate) session: Value,
}

impl Browser {
    /// Signs in with `{"key"}` or `{"link"}`; otherwise what was answered instead.
    pub(crate) async fn sign_in(base: &str, with: &Value) -> Result<Self, (u16, Value)> {
        let http = reqwest::Client::new();
        let request = http.post(format!("{base}{SESSION}")).body(with.to_string());
        let response = request.send().await.unwrap();
        let cookie =
            set_cookie(&response).map(|cookie| cookie.split(';').next().unwrap().to_owned());
        let (status, answer) = read(response).await;
        if status != 200 {
            assert_eq!(cookie, None, "who is refused gets no cookie");
            return Err((status, answer));
        }
        let session = answer["session"].clone();
        Ok(Self { http, base: base.to_owned(), cookie: cookie.unwrap(), session })
    }

    /// Signs in with a new key of this role.
    pub(crate) async fn with_role(house: &House, role: &str) -> Self {
        let key = house.api.post(KEYS, &json!({"name": role, "role": role})).await.unwrap();
        Self::sign_in(&house.base, &json!({"key": key["api_key"]})).await.unwrap()
    }

    /// A request with the cookie alone.
    pub(crate) fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header(header::COOKIE, format!("other=1; {}", self.cookie))
    }

    /// A request as our own pages make it.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.bare(method, path);
        if method != "GET" {
            let csrf = self.session["csrf"].as_str().unwrap();
            request = request.header("x-csrf-token", csrf).body(body.to_string());
        }
        read(request.send().await.unwrap()).await
    }

    /// What is there.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask("GET", path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The status of a look at something.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.ask("GET", path, &Value::Null).await.0
    }
}

pub(crate) fn set_cookie(response: &Response) -> Option<String> {
    let cookie = response.headers().get(header::SET_COOKIE)?;
    Some(cookie.to_str().unwrap().to_owned())
}

pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

/// The token of a link's url.
pub(crate) fn token(answer: &Value) -> Value {
    let url = answer["link"]["url"].as_str().unwrap();
    json!({"link": url.split_once('#').unwrap().1})
}

/// The entries of the audit log, the newest first, by a query.
pub(crate) async fn audit(house: &House, query: &str) -> Vec<Value> {
    let answer = house.api.get(&format!("{AUDIT}{query}")).await.unwrap();
    answer["items"].as_array().unwrap().clone()
}
