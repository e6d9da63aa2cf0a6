//! `sereno send`: one event from a shell.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use crate::client::{Client, checked};
use crate::config::DataDirectory;

/// The flags of `sereno send`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sereno send client.created --data '{\"name\": \"Ana\"}'
  sereno send reservation.created --id book-1 --data '{
    \"reservation_id\": \"R-1\", \"date_time\": \"2026-12-24T20:00:00\", \"party_size\": 4,
    \"name\": \"Ana\", \"wa_number\": \"+34600000001\"}'
  jq .data booking.json | sereno send reservation.modified --data -")]
pub struct SendArgs {
    /// The event's type, such as reservation.created
    event_type: String,
    /// The event's data as a JSON object; - reads it from standard input
    #[arg(long, default_value = "{}")]
    data: String,
    /// The event's id; the same id is accepted once [default: the server gives one]
    #[arg(long)]
    id: Option<String>,
    /// When it happened, RFC 3339 [default: now]
    #[arg(long)]
    timestamp: Option<String>,
    /// The tenant, with an admin token as the key
    #[arg(long)]
    tenant: Option<String>,
    /// The server
    #[arg(
        long,
        env = "SERENO_URL",
        default_value = "http://127.0.0.1:8080",
        hide_env_values = true
    )]
    url: String,
    /// The API key [default: the one in DATA/credentials]
    #[arg(long, env = "SERENO_API_KEY", hide_env_values = true)]
    key: Option<String>,
    /// The data directory of a server on this machine, for its key
    #[arg(long, env = "SERENO_DATA", default_value = "./sereno-data")]
    data_dir: PathBuf,
}

/// Sends the event; returns the server's answer.
pub async fn run(args: SendArgs) -> anyhow::Result<Value> {
    let text = if args.data == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        text
    } else {
        args.data
    };
    let data: Map<String, Value> =
        serde_json::from_str(&text).context("--data must be a JSON object")?;
    let mut event = json!({"event_type": args.event_type, "data": data});
    if let Some(map) = event.as_object_mut() {
        for (name, value) in [("event_id", args.id), ("timestamp", args.timestamp)] {
            if let Some(value) = value {
                map.insert(name.to_owned(), Value::from(value));
            }
        }
    }
    // The name that the variable had at first is still read.
    let key = match args.key.or_else(|| std::env::var("SERENO_KEY").ok()) {
        Some(key) => key,
        None => {
            let credentials = DataDirectory::at(&args.data_dir).credentials();
            let kept =
                if args.tenant.is_some() { credentials.admin_token } else { credentials.api_key };
            kept.with_context(|| {
                let place = args.data_dir.display();
                format!("no key: give --key, SERENO_API_KEY, or --data-dir of the server (looked in {place})")
            })?
        }
    };
    let mut client = Client::new(&checked("--url", args.url)?, &key);
    if let Some(tenant) = &args.tenant {
        client = client.for_tenant(tenant);
    }
    let answer = client.post("/api/v1/events", &event).await?;
    if answer.get("accepted").is_none() {
        bail!(
            "{} answered, but not as a sereno does, so nothing was accepted: is --url right?",
            client.address()
        );
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::Bytes;
    use axum::extract::State;
    use axum::http::{HeaderMap, StatusCode};

    use super::*;
    use crate::receiver::{Inbox, Service, any_port};

    type Got = (HeaderMap, Value);

    fn args(url: String) -> SendArgs {
        SendArgs {
            event_type: "a.b".to_owned(),
            data: r#"{"x":1}"#.to_owned(),
            id: Some("e1".to_owned()),
            timestamp: None,
            tenant: Some("trattoria".to_owned()),
            url,
            key: Some("key".to_owned()),
            data_dir: PathBuf::new(),
        }
    }

    async fn take(
        State(inbox): State<Arc<Inbox<Got>>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, String) {
        let event: Value = serde_json::from_slice(&body).unwrap();
        let known = event["event_type"] == "a.b";
        inbox.put((headers, event));
        if known {
            return (StatusCode::ACCEPTED, r#"{"ok":true,"accepted":1}"#.to_owned());
        }
        let problem = r#"{"ok":false,"detail":"event_type: what is that"}"#;
        (StatusCode::UNPROCESSABLE_ENTITY, problem.to_owned())
    }

    #[tokio::test]
    async fn an_event_is_sent_whole_and_a_refusal_is_quoted() {
        let inbox: Arc<Inbox<Got>> = Inbox::new();
        let router = Router::new()
            .route("/api/v1/events", axum::routing::post(take))
            .with_state(Arc::clone(&inbox));
        let service = Service::start(any_port(), router).await.unwrap();
        let answer = run(args(service.url(""))).await.unwrap();
        assert_eq!(answer["accepted"], 1);
        let (headers, event) = inbox.all().remove(0);
        assert_eq!(event, json!({"event_type": "a.b", "event_id": "e1", "data": {"x": 1}}));
        assert_eq!(headers["authorization"], "Bearer key");
        assert_eq!(headers["x-tenant"], "trattoria");
        let other = SendArgs { event_type: "c.d".to_owned(), ..args(service.url("")) };
        let refused = format!("{:#}", run(other).await.unwrap_err());
        assert!(refused.contains("422") && refused.contains("what is that"), "{refused}");
    }

    #[tokio::test]
    async fn without_a_server_or_a_key_the_way_out_is_named() {
        let listener = tokio::net::TcpListener::bind(any_port()).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = format!("{:#}", run(args(url.clone())).await.unwrap_err());
        assert!(error.contains("sereno serve"), "{error}");
        let error = run(SendArgs { key: None, data_dir: "/nowhere".into(), ..args(url) }).await;
        assert!(format!("{:#}", error.unwrap_err()).contains("--key"));
    }
}
