//! A look through a running server, which goes on meanwhile: it looks itself, with what it knows.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use sereno_workflows::check::{Course, Finding, Part};

use crate::bench::progress::Progress;
use crate::client::Client;

/// Tenants that are asked about at once: fewer than the server bears, so that others can ask too.
const AT_ONCE: usize = 4;
/// How often a server is asked again that is looking for others.
const TRIES: usize = 20;
/// How long is waited before.
const PAUSE: Duration = Duration::from_millis(500);

/// Has the server at `url` look: at itself and all tenants with the admin token, at one tenant with its key.
pub(super) async fn look(
    url: &str,
    key: &str,
    test: bool,
    progress: &mut Progress,
) -> anyhow::Result<Vec<Finding>> {
    let client = Client::new(url, key);
    progress.at(|| format!("asking {}", client.address()));
    let itself = match ask(&client, "/api/v1/admin/check/server", &json!({})).await {
        Ok(answer) => findings(answer)?,
        Err(error) if format!("{error:#}").starts_with("403") => {
            let mut way = Course::default();
            way.skip("server", "its own parts need the admin token");
            let mut found = vec![way.finding(Part::Server, client.address(), None)];
            found.extend(tenant(&client, test).await?);
            return Ok(found);
        }
        Err(error) => return Err(error),
    };
    let mut found = itself;
    let names = tenants(&client).await?;
    let look = |name: &String| {
        let client = client.for_tenant(name);
        async move { tenant(&client, test).await }
    };
    let mut looked = futures_util::stream::iter(names.iter().map(look)).buffered(AT_ONCE);
    let mut done = 0;
    while let Some(of_tenant) = looked.next().await {
        done += 1;
        progress.at(|| format!("tenant {done} of {}", names.len()));
        found.extend(of_tenant?);
    }
    Ok(found)
}

async fn tenants(client: &Client) -> anyhow::Result<Vec<String>> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/admin/tenants?limit=500{cursor}")).await?;
        let items = page.get("items").and_then(Value::as_array);
        let name = |item: &Value| Some(item.get("id")?.as_str()?.to_owned());
        names.extend(items.into_iter().flatten().filter_map(name));
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(names),
        }
    }
}

async fn tenant(client: &Client, test: bool) -> anyhow::Result<Vec<Finding>> {
    let (mut found, mut after) = (Vec::new(), json!(0));
    loop {
        let body = json!({"test": test, "after": after});
        let answer = ask(client, "/api/v1/admin/check", &body).await?;
        after = answer.get("more_after").cloned().unwrap_or_default();
        found.extend(findings(answer)?);
        if after.is_null() {
            return Ok(found);
        }
    }
}

async fn ask(client: &Client, path: &str, body: &Value) -> anyhow::Result<Value> {
    for _ in 0..TRIES {
        match client.post(path, body).await {
            Err(error) if format!("{error:#}").starts_with("503") => {
                tokio::time::sleep(PAUSE).await;
            }
            asked => return asked,
        }
    }
    bail!("the server has no time to look; try again later")
}

fn findings(mut answer: Value) -> anyhow::Result<Vec<Finding>> {
    let found = answer.get_mut("findings").map(Value::take).unwrap_or_default();
    Vec::deserialize(found).context("the server is no sereno of this version")
}
