//! `sereno endpoints`: where notifications go.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::ENDING;
use super::failure::{Ended, Failure};
use super::fields::{assignment, from_file, pair, put};
use super::jobs::Starting;
use super::listing::{Column, Listing, Paging, itself};
use super::output;
use super::session::{Reach, Session, Wants};
use super::table::{Lean, card};
use super::words::{ago, cell, moment, now, parts};

/// The flags of `sereno endpoints`.
#[derive(Debug, Args)]
#[command(after_help = ENDING)]
pub struct EndpointsArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List endpoints
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Show one, how it is and why
    Show {
        /// The endpoint's number
        id: u32,
    },
    /// Make one; a secret that is generated is shown this once
    #[command(after_help = "\
Examples:
  sereno endpoints create --kind webhook --target https://example.com/hook --event 'reservation.*'
  sereno endpoints create --kind slack --target https://hooks.slack.com/services/T/B/X
  sereno endpoints create --kind email --target staff@example.com --event dead_letters.aging
  sereno endpoints create --kind webhook --target https://example.com/hook \\
    --set 'auth={\"kind\": \"bearer\", \"token\": \"t\"}' --set retry.attempts=3 --set timeout=10s")]
    Create {
        /// What it is
        #[arg(long, value_parser = ["webhook", "slack", "email", "whatsapp"], required_unless_present = "file")]
        kind: Option<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change what is named
    #[command(after_help = "\
Examples:
  sereno endpoints change 3 --target https://example.com/other
  sereno endpoints change 3 --set rate_limit.per_minute=60 --set ordering=fifo
  sereno endpoints change 3 --set retry=null                 # the usual ladder again")]
    Change {
        /// The endpoint's number
        id: u32,
        #[command(flatten)]
        fields: Fields,
    },
    /// Disable one that is enabled, enable one that is disabled
    Toggle {
        /// The endpoint's number
        id: u32,
    },
    /// Send it a test.ping
    Test {
        /// The endpoint's number
        id: u32,
    },
    /// Give it a new secret; the old one signs too for a while
    #[command(after_help = "\
Example:
  sereno endpoints rotate-secret 3 --overlap 48h")]
    RotateSecret {
        /// The endpoint's number
        id: u32,
        /// The new secret [default: one is generated and shown this once]
        #[arg(long)]
        secret: Option<String>,
        /// For how long the old one signs too, at most 7d [default: 24h]
        #[arg(long, value_name = "SPAN")]
        overlap: Option<String>,
    },
    /// Send it what it missed, failed or never tried
    #[command(after_help = "\
Examples:
  sereno endpoints recover 3 --since 6h --dry-run
  sereno endpoints recover 3 --since 2026-01-20T19:00:00Z")]
    Recover {
        /// The endpoint's number
        id: u32,
        /// From this moment on: RFC 3339, or a time ago such as 6h
        #[arg(long, value_parser = moment, value_name = "WHEN")]
        since: String,
        /// Until this moment [default: now]
        #[arg(long, value_parser = moment, value_name = "WHEN")]
        until: Option<String>,
        /// Of events of this type
        #[arg(long, value_name = "TYPE")]
        event_type: Option<String>,
        #[command(flatten)]
        starting: Starting,
    },
    /// Delete it; what waits for it is dropped
    Delete {
        /// The endpoint's number
        id: u32,
    },
}

/// What an endpoint is made of.
#[derive(Debug, Args)]
struct Fields {
    /// Where it is: a URL, a mail address, a WhatsApp number
    #[arg(long)]
    target: Option<String>,
    /// What it signs with [default: one is generated]
    #[arg(long)]
    secret: Option<String>,
    /// Types of event that it gets, with wildcards such as reservation.*; again for more [default: all]
    #[arg(long = "event", value_name = "TYPE", value_delimiter = ',')]
    events: Vec<String>,
    /// Intents that it gets
    #[arg(long = "intent", value_name = "INTENT", value_delimiter = ',')]
    intents: Vec<String>,
    /// A header that goes with each request; again for more
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = pair)]
    headers: Vec<(String, String)>,
    /// Whether anything is sent to it
    #[arg(long, value_name = "true|false")]
    enabled: Option<bool>,
    /// Any other field, such as retry.attempts=3; the value is JSON where it can be read so, else text
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    set: Vec<(String, Value)>,
    /// Its JSON from a file, over which the flags are put; - is standard input
    #[arg(long)]
    file: Option<PathBuf>,
}

impl Fields {
    fn body(self) -> Result<Map<String, Value>, Failure> {
        let mut body = match &self.file {
            Some(file) => from_file(file)?,
            None => Map::new(),
        };
        for (name, text) in [("target", self.target), ("secret", self.secret)] {
            body.extend(text.map(|text| (name.to_owned(), Value::from(text))));
        }
        for (name, list) in [("filters.events", self.events), ("filters.intents", self.intents)] {
            if !list.is_empty() {
                put(&mut body, name, Value::from(list))?;
            }
        }
        if !self.headers.is_empty() {
            // A header's name may have a dot.
            let headers: Map<String, Value> =
                self.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
            body.insert("headers".to_owned(), Value::from(headers));
        }
        body.extend(self.enabled.map(|enabled| ("enabled".to_owned(), Value::from(enabled))));
        for (path, value) in self.set {
            put(&mut body, &path, value)?;
        }
        Ok(body)
    }
}

const COLUMNS: [Column; 7] = [
    ("ID", Lean::Right, |item, _| cell(item.get("id"))),
    ("KIND", Lean::Left, |item, _| cell(item.get("kind"))),
    ("STATE", Lean::Left, |item, _| match item.get("enabled").and_then(Value::as_bool) {
        Some(true) => cell(item.get("health")),
        Some(false) | None => "disabled".to_owned(),
    }),
    ("EVENTS", Lean::Left, |item, _| {
        let events = cell(item.pointer("/filters/events"));
        if events.is_empty() { "all".to_owned() } else { events }
    }),
    ("PROBE", Lean::Left, |item, now| ago(item.get("next_probe_at"), now)),
    ("CHANGED", Lean::Left, |item, now| ago(item.get("updated_at"), now)),
    ("TARGET", Lean::Left, |item, _| cell(item.get("target"))),
];

const NOTIFY: &str = "/api/v1/admin/notify";

/// Does it.
pub async fn run(args: EndpointsArgs) -> Ended {
    carry_out(args).await.into()
}

async fn carry_out(EndpointsArgs { command, reach }: EndpointsArgs) -> Result<(), Failure> {
    let session = Session::open(&reach, Wants::Tenant, "sereno endpoints list")?;
    let path = |id: u32| format!("{NOTIFY}/endpoints/{id}");
    match command {
        Command::List { paging } => {
            let listing = Listing {
                path: &format!("{NOTIFY}/endpoints"),
                query: Vec::new(),
                paging: &paging,
                columns: &COLUMNS,
                rows: itself,
                empty: "no endpoint yet; make one with: sereno endpoints create --help",
            };
            listing.print(&session).await
        }
        Command::Show { id } => told(&session, &session.get(&path(id), &Vec::new()).await?),
        Command::Create { kind, fields } => {
            let mut body = fields.body()?;
            body.extend(kind.map(|kind| ("kind".to_owned(), Value::from(kind))));
            let answer = session.post(&format!("{NOTIFY}/endpoints"), body).await?;
            let words = format!("endpoint {} created", cell(answer.get("id")));
            done(&session, &answer, &words)
        }
        Command::Change { id, fields } => {
            let body = fields.body()?;
            if body.is_empty() {
                return Err(Failure::usage(
                    "what is to be changed? see: sereno endpoints change --help",
                ));
            }
            let answer = session.patch(&path(id), body).await?;
            done(&session, &answer, &format!("endpoint {id} changed"))
        }
        Command::Toggle { id } => {
            let answer = session.post(&format!("{}/toggle", path(id)), Map::new()).await?;
            let enabled = answer.get("enabled").and_then(Value::as_bool).unwrap_or_default();
            let words = if enabled { "enabled" } else { "disabled" };
            done(&session, &answer, &format!("endpoint {id} is {words}"))
        }
        Command::Test { id } => {
            let answer = session.post(&format!("{NOTIFY}/test/{id}"), Map::new()).await?;
            let event = cell(answer.get("event_id"));
            let words = format!(
                "test.ping sent as {event}; see what came of it: sereno deliveries list --event-id {event}"
            );
            done(&session, &answer, &words)
        }
        Command::RotateSecret { id, secret, overlap } => {
            rotate(&session, id, [("secret", secret), ("overlap", overlap)]).await
        }
        Command::Recover { id, since, until, event_type, starting } => {
            let texts = [("since", Some(since)), ("until", until), ("event_type", event_type)];
            let body =
                texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
            starting.run(&session, &format!("{}/recover", path(id)), body.collect()).await
        }
        Command::Delete { id } => {
            let answer = session.delete(&path(id)).await?;
            done(&session, &answer, &format!("endpoint {id} deleted"))
        }
    }
}

async fn rotate(
    session: &Session,
    id: u32,
    fields: [(&str, Option<String>); 2],
) -> Result<(), Failure> {
    let body = fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
    let path = format!("{NOTIFY}/endpoints/{id}/rotate-secret");
    let answer = session.post(&path, body.collect()).await?;
    let until = answer.get("previous_secret_expires_at").and_then(Value::as_str);
    let old = until.map(|until| format!("; the old one signs until {until}")).unwrap_or_default();
    done(session, &answer, &format!("endpoint {id} has a new secret{old}"))
}

/// An answer in a sentence, with the secret that nobody will see again.
fn done(session: &Session, answer: &Value, words: &str) -> Result<(), Failure> {
    if session.json {
        return Ok(output::json(answer)?);
    }
    output::line(words)?;
    if let Some(secret) = answer.get("secret").and_then(Value::as_str) {
        output::line(&format!("secret {secret}\nIt is shown this once."))?;
    }
    Ok(())
}

fn told(session: &Session, answer: &Value) -> Result<(), Failure> {
    if session.json {
        return Ok(output::json(answer)?);
    }
    let skipped = ["ok", "message"];
    let parts = parts(answer, now());
    let parts = parts
        .into_iter()
        .filter(|(name, _)| !skipped.contains(&name.as_str()) && !name.starts_with("why."));
    let mut parts: Vec<(String, String)> = parts.collect();
    parts.push(("why".to_owned(), cell(answer.pointer("/why/sentence"))));
    Ok(output::text(&card(&parts))?)
}
