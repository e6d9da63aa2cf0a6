//! A small client of the server's own API, for the commands that talk to a running server.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::header::HeaderValue;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use sereno_workflows::masking::HIDDEN;
use url::Url;

use crate::config::place;

/// How long an answer may take; the server itself answers or refuses within ten seconds.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A server and a token for it.
#[derive(Debug, Clone)]
pub struct Client {
    /// The HTTP client.
    pub http: reqwest::Client,
    base: String,
    token: String,
    tenant: Option<String>,
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str, token: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { http: reqwest::Client::new(), base, token: token.to_owned(), tenant: None }
    }

    /// The same client, for this tenant; the token must be the admin's.
    pub fn for_tenant(&self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..self.clone() }
    }

    /// A URL of the server.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// Sends something.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Changes something.
    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// Removes something.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::DELETE, path, None).await
    }

    /// The same client, of a server elsewhere.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), ..self.clone() }
    }

    /// Asks, and answers whatever the server answers: its status and its JSON.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let response = self.open(method, path, body, Some(PATIENCE)).await?;
        let status = response.status();
        let bytes = response.bytes().await.context("the answer did not arrive whole")?;
        let answer: Value = serde_json::from_slice(&bytes)
            .with_context(|| format!("{status}: the answer is not JSON"))?;
        Ok((status, answer))
    }

    /// The same, with the body of the answer still to come; all of it within `patience`, if there is any.
    pub async fn open(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        patience: Option<Duration>,
    ) -> anyhow::Result<Response> {
        let mut request = self.http.request(method, self.url(path)).bearer_auth(&self.token);
        if let Some(tenant) = &self.tenant {
            request = request.header("x-tenant", tenant);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        if let Some(patience) = patience {
            request = request.timeout(patience);
        }
        request.send().await.map_err(|error| {
            let what = if error.is_builder() {
                self.unsayable()
            } else if error.is_connect() {
                format!("no server at {}; start one with: sereno serve", self.address())
            } else {
                format!("{} did not answer", self.address())
            };
            anyhow::Error::from(error.without_url()).context(what)
        })
    }

    /// Where the server is, as people may read it.
    pub fn address(&self) -> String {
        shown(&self.base)
    }

    /// Why no request can be made of what this client was given.
    fn unsayable(&self) -> String {
        let is_line = |value: &str| HeaderValue::try_from(value).is_ok();
        if !is_line(&self.token) {
            return "the key holds a line break or another sign that no key has: give it as one line".to_owned();
        }
        if !self.tenant.as_deref().is_none_or(is_line) {
            return "the tenant's id holds a line break or another sign that no id has".to_owned();
        }
        let address = self.address();
        format!("'{address}' is no address of a server: write one such as http://127.0.0.1:8080")
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let (status, answer) = self.ask(method, path, body).await?;
        if !status.is_success() {
            let detail = answer.get("detail").and_then(Value::as_str).unwrap_or("no detail");
            bail!("{status}: {detail}");
        }
        Ok(answer)
    }
}

/// A server's address that somebody gave, if it is one.
///
/// # Errors
/// What it must be. The address is not repeated: it may hold a password.
pub fn checked(name: &str, address: String) -> anyhow::Result<String> {
    match Url::parse(&address) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(address),
        Ok(_) | Err(_) => bail!("{name}: must be a URL such as http://127.0.0.1:8080"),
    }
}

/// An address as people may read it: without whoever is named in it, and with what word.
fn shown(address: &str) -> String {
    place(address).unwrap_or_else(|| match address.rsplit_once('@') {
        Some((_, host)) => format!("{HIDDEN}@{host}"),
        None => address.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn f05_no_error_repeats_a_password_or_a_key_and_each_names_what_is_wrong() {
        let of = |base: &str, key: &str| Client::new(base, key);
        let there = "http://user:s3cr3t@127.0.0.1:1/s3cr3t?token=s3cr3t";
        for (client, wanted) in [
            (of(there, "key"), "no server at http://127.0.0.1:1; start one"),
            (of("user:s3cr3t@127.0.0.1:1", "key"), "'•••@127.0.0.1:1' is no address"),
            (of("http://user:s3/cr3t@x", "key"), "'•••@x' is no address"),
            (of("nonsense", "key"), "'nonsense' is no address"),
            (of(there, "s3cr3t\n"), "the key holds a line break"),
            (of(there, "s3cr3t\u{7f}"), "the key holds"),
            (of(there, "key").for_tenant("a\nb"), "the tenant's id holds"),
        ] {
            let error = format!("{:#}", client.get("/api/v1/stats").await.unwrap_err());
            assert!(error.starts_with(wanted), "{error}");
            assert!(!error.contains("s3cr3t") && !error.contains("cr3t"), "{error}");
        }
        for address in ["ftp://user:s3cr3t@x", "user:s3cr3t@x", "s3cr3t"] {
            let error = checked("--server", address.to_owned()).unwrap_err().to_string();
            assert!(error.starts_with("--server: must be") && !error.contains("s3cr3t"), "{error}");
        }
    }
}
