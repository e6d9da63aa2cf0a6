//! `sereno dead-letters`: what was given up, why, and what becomes of it.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::ENDING;
use super::deliveries::{retry_each, show};
use super::failure::{Ended, Failure};
use super::fields::from_file;
use super::filter::LetterFilter;
use super::jobs::{Starting, said_for};
use super::listing::{Column, Listing, Paging, itself};
use super::output;
use super::session::{Reach, Session, Wants, segment};
use super::table::Lean;
use super::words::{ago, cell};
use crate::client::PATIENCE;

/// The flags of `sereno dead-letters`.
#[derive(Debug, Args)]
#[command(after_help = ENDING)]
pub struct DeadLettersArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what was given up, the newest first, or how much of each cause
    #[command(after_help = "\
Examples:
  sereno dead-letters list --group cause
  sereno dead-letters list --cause 404 --endpoint 3")]
    List {
        /// Count them by what went wrong
        #[arg(long, value_parser = ["cause"])]
        group: Option<String>,
        #[command(flatten)]
        filter: LetterFilter,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show one with every attempt and what it carries
    Show {
        /// Its id, such as msg_01j8x7k2m3n4p
        id: String,
    },
    /// Try one again, edited if need be, or many by what they are
    #[command(after_help = "\
Examples:
  sereno dead-letters retry msg_01j8x7k2m3n4p
  sereno dead-letters retry msg_01j8x7k2m3n4p --data '{\"name\": \"Ana\"}'   # with other data, as a new event
  sereno dead-letters retry --cause 503 --dry-run
  sereno dead-letters retry --cause 503")]
    Retry {
        #[command(flatten)]
        chosen: Chosen,
        /// Send this JSON object as its data instead, in an event of its own
        #[arg(long, value_name = "JSON", conflicts_with = "data_file")]
        data: Option<String>,
        /// The same from a file; - is standard input
        #[arg(long, value_name = "FILE")]
        data_file: Option<PathBuf>,
        #[command(flatten)]
        starting: Starting,
    },
    /// Throw one away, or many by what they are; their events and histories stay
    #[command(after_help = "\
Examples:
  sereno dead-letters discard msg_01j8x7k2m3n4p
  sereno dead-letters discard --cause 410 --dry-run")]
    Discard {
        #[command(flatten)]
        chosen: Chosen,
        #[command(flatten)]
        starting: Starting,
    },
    /// Take note of a cause: it goes behind what else wants attention until something new is given up for it
    #[command(after_help = "\
Example:
  sereno dead-letters acknowledge --cause 404 --fault receiver --reason 'they know of it'")]
    Acknowledge {
        /// The cause, as `dead-letters list --group cause` shows it
        #[arg(long)]
        cause: String,
        /// By whose fault
        #[arg(long, value_parser = ["receiver", "configuration", "system"])]
        fault: String,
        /// Why, for the audit log
        #[arg(long)]
        reason: Option<String>,
        /// Take that back
        #[arg(long)]
        undo: bool,
    },
    /// Print all of them with what they carry, the oldest first, one JSON object a line
    #[command(after_help = "\
Example:
  sereno dead-letters export --output dead-letters.ndjson")]
    Export {
        #[command(flatten)]
        filter: LetterFilter,
        /// Write them to this file
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Which are meant: by their ids, or by what they are.
#[derive(Debug, Args)]
struct Chosen {
    /// Their ids
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    filter: LetterFilter,
    /// All of them
    #[arg(long, help_heading = "Filter")]
    all: bool,
}

/// Which are meant.
enum Meant {
    Each(Vec<String>),
    Filtered(Map<String, Value>),
}

impl Chosen {
    fn meant(self) -> Result<Meant, Failure> {
        let body = self.filter.body();
        match (self.ids.is_empty(), !body.is_empty() || self.all) {
            (false, false) => Ok(Meant::Each(self.ids)),
            (true, true) => Ok(Meant::Filtered(body)),
            (true, false) => Err(Failure::usage(
                "which? name them by their ids, or say which by --cause, --fault, --endpoint, --event-type, --from \
                 and --to, or --all",
            )),
            (false, true) => Err(Failure::usage("give ids or a filter, not both")),
        }
    }
}

const COLUMNS: [Column; 8] = [
    ("ID", Lean::Left, |item, _| cell(item.get("id"))),
    ("ENDPOINT", Lean::Right, |item, _| cell(item.get("endpoint_id"))),
    ("EVENT", Lean::Left, |item, _| cell(item.get("event_type"))),
    ("FAULT", Lean::Left, |item, _| cell(item.get("fault"))),
    ("CAUSE", Lean::Left, |item, _| cell(item.get("cause"))),
    ("TRIED", Lean::Right, |item, _| cell(item.get("attempts"))),
    ("DEAD", Lean::Left, |item, now| ago(item.get("dead_at"), now)),
    ("EXPIRES", Lean::Left, |item, now| ago(item.get("expires_at"), now)),
];

const GROUPS: [Column; 6] = [
    ("COUNT", Lean::Right, |group, _| cell(group.get("count"))),
    ("CAUSE", Lean::Left, |group, _| cell(group.get("cause"))),
    ("FAULT", Lean::Left, |group, _| cell(group.get("fault"))),
    ("OLDEST", Lean::Left, |group, now| ago(group.get("oldest_at"), now)),
    ("NEWEST", Lean::Left, |group, now| ago(group.get("newest_at"), now)),
    ("ENDPOINTS", Lean::Left, |group, _| {
        let endpoints = group.get("endpoints").and_then(Value::as_array).into_iter().flatten();
        endpoints.map(|one| cell(one.get("endpoint_id"))).collect::<Vec<_>>().join(", ")
    }),
];

const LETTERS: &str = "/api/v1/dead-letters";

/// Does it.
pub async fn run(args: DeadLettersArgs) -> Ended {
    carry_out(args).await.into()
}

async fn carry_out(DeadLettersArgs { command, reach }: DeadLettersArgs) -> Result<(), Failure> {
    let session = Session::open(&reach, Wants::Tenant, "sereno dead-letters list")?;
    match command {
        Command::List { group, filter, paging } => {
            let mut query = filter.query();
            let columns: &[Column] = if group.is_some() { &GROUPS } else { &COLUMNS };
            query.extend(group.map(|group| ("group", group)));
            let listing = Listing {
                path: LETTERS,
                query,
                paging: &paging,
                columns,
                rows: itself,
                empty: "no such dead letter",
            };
            listing.print(&session).await
        }
        Command::Show { id } => show(&session, &format!("{LETTERS}/{}", segment(&id)?)).await,
        Command::Retry { chosen, data, data_file, starting } => {
            let data = edited(data, data_file)?;
            match (chosen.meant()?, data) {
                (Meant::Each(ids), None) => {
                    retry_each(&session, &ids, ("dead-letters", starting.said())).await
                }
                (Meant::Filtered(body), None) => {
                    starting.run(&session, &format!("{LETTERS}/retry"), body).await
                }
                (Meant::Each(ids), Some(data)) if ids.len() == 1 => {
                    retry_edited(&session, &ids, data).await
                }
                (_, Some(_)) => Err(Failure::usage("other data is for one dead letter alone")),
            }
        }
        Command::Discard { chosen, starting } => match chosen.meant()? {
            Meant::Each(ids) => discard_each(&session, &ids, starting.said()).await,
            Meant::Filtered(body) => {
                starting.run(&session, &format!("{LETTERS}/discard"), body).await
            }
        },
        Command::Acknowledge { cause, fault, reason, undo } => {
            let mut body = said_for(reason.as_deref());
            body.insert("cause".to_owned(), Value::from(cause.clone()));
            body.insert("fault".to_owned(), Value::from(fault));
            let path = format!("{LETTERS}/acknowledge");
            let answer = match undo {
                false => session.post(&path, body).await?,
                true => session.discard(&path, body).await?,
            };
            if session.json {
                return Ok(output::json(&answer)?);
            }
            let done = if undo { "stands among the others again" } else { "is acknowledged" };
            Ok(output::line(&format!("{cause} {done}"))?)
        }
        Command::Export { filter, output } => export(&session, &filter, output).await,
    }
}

fn edited(
    data: Option<String>,
    file: Option<PathBuf>,
) -> Result<Option<Map<String, Value>>, Failure> {
    match (data, file) {
        (None, None) => Ok(None),
        (None, Some(file)) => from_file(&file).map(Some),
        (Some(text), _) => match serde_json::from_str(&text) {
            Ok(Value::Object(data)) => Ok(Some(data)),
            Ok(_) => Err(Failure::usage("--data: must be a JSON object")),
            Err(error) => Err(Failure::usage(format!("--data: {error}"))),
        },
    }
}

async fn retry_edited(
    session: &Session,
    ids: &[String],
    data: Map<String, Value>,
) -> Result<(), Failure> {
    for id in ids {
        let body = Map::from_iter([("data".to_owned(), Value::from(data.clone()))]);
        let answer = session.post(&format!("{LETTERS}/{}/retry", segment(id)?), body).await?;
        if session.json {
            output::json(&answer)?;
        } else {
            output::line(&format!("{id} goes out as the event {}", cell(answer.get("event_id"))))?;
        }
    }
    Ok(())
}

async fn discard_each(
    session: &Session,
    ids: &[String],
    said: Map<String, Value>,
) -> Result<(), Failure> {
    let segments = ids.iter().map(|id| segment(id)).collect::<Result<Vec<_>, Failure>>()?;
    for (id, part) in ids.iter().zip(segments) {
        let answer = session.discard(&format!("{LETTERS}/{part}"), said.clone()).await?;
        if session.json {
            output::json(&answer)?;
        } else {
            output::line(&format!("{id} discarded"))?;
        }
    }
    Ok(())
}

async fn export(
    session: &Session,
    filter: &LetterFilter,
    place: Option<PathBuf>,
) -> Result<(), Failure> {
    let mut response = session.stream(&format!("{LETTERS}/export"), &filter.query()).await?;
    let mut file = match &place {
        Some(place) => {
            let made = File::create(place);
            Some(made.with_context(|| format!("cannot write {}", place.display()))?)
        }
        None => None,
    };
    let mut lines = 0;
    // As long as it goes on it may take as long as it does.
    let mut next = async || tokio::time::timeout(PATIENCE, response.chunk()).await;
    while let Some(piece) =
        next().await.context("the export stands still")?.context("the export broke off")?
    {
        lines += piece.iter().filter(|byte| **byte == b'\n').count();
        match &mut file {
            Some(file) => file.write_all(&piece)?,
            None => output::bytes(&piece)?,
        }
    }
    if let Some(file) = file {
        file.sync_all()?;
    }
    if let Some(place) = place {
        output::aside(&format!("{lines} dead letters written to {}", place.display()));
    }
    Ok(())
}
