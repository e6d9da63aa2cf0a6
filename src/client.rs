//! A small client of the server's own API, for the commands that talk to a running server.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

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
                format!(
                    "'{}' is no address of a server: write one such as http://127.0.0.1:8080",
                    self.base
                )
            } else if error.is_connect() {
                format!("no server at {}; start one with: sereno serve", self.base)
            } else {
                format!("{} did not answer", self.base)
            };
            anyhow::Error::from(error).context(what)
        })
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
