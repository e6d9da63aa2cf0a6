//! `sereno deliveries`: how each stands, and tried again.

use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use sereno_actors::endpoint::standing::STANDINGS;

use super::ENDING;
use super::failure::{Ended, Failure};
use super::filter::DeliveryFilter;
use super::jobs::{Starting, said_for, watch};
use super::listing::{Column, Listing, Paging, itself};
use super::output;
use super::session::{Reach, Session, Wants, segment};
use super::table::{Lean, Table, card};
use super::words::{ago, cell, now, parts};

/// The flags of `sereno deliveries`.
#[derive(Debug, Args)]
#[command(after_help = ENDING)]
pub struct DeliveriesArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List deliveries, those of the newest events first
    #[command(after_help = "\
Examples:
  sereno deliveries list --status dead --from 24h
  sereno deliveries list --endpoint 3 --event-type reservation.created
  sereno deliveries list --all --json | jq -r '.items[].id'")]
    List {
        /// That stand so
        #[arg(long, value_parser = STANDINGS, help_heading = "Filter")]
        status: Option<String>,
        /// Of this event
        #[arg(long, value_name = "ID", help_heading = "Filter")]
        event_id: Option<String>,
        #[command(flatten)]
        filter: DeliveryFilter,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show one with every attempt, what it carries, and why it stands so
    Show {
        /// The delivery's id, such as msg_01j8x7k2m3n4p
        id: String,
    },
    /// Try one again now, or many by what they are
    #[command(after_help = "\
Examples:
  sereno deliveries retry msg_01j8x7k2m3n4p
  sereno deliveries retry --status dead --endpoint 3 --dry-run     # how many are meant
  sereno deliveries retry --status dead --endpoint 3               # starts a job and waits for its end
  sereno deliveries retry --status sent --from 2h --no-wait")]
    Retry {
        /// The deliveries' ids
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Those that stand so [default: dead]
        #[arg(long, value_parser = STANDINGS, help_heading = "Filter")]
        status: Option<String>,
        #[command(flatten)]
        filter: DeliveryFilter,
        /// All that were given up
        #[arg(long, help_heading = "Filter")]
        all: bool,
        #[command(flatten)]
        starting: Starting,
    },
    /// End some that still wait, or many by what they are: nothing of them is sent any more
    #[command(after_help = "\
Examples:
  sereno deliveries cancel msg_01j8x7k2m3n4p --reason 'the till was replaced'
  sereno deliveries cancel --endpoint 3 --dry-run                  # how many are meant
  sereno deliveries cancel --endpoint 3 --reason 'it is gone'      # starts a job and waits for its end")]
    Cancel {
        /// The deliveries' ids
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Those that stand so [default: all that wait]
        #[arg(long, value_parser = STANDINGS, help_heading = "Filter")]
        status: Option<String>,
        #[command(flatten)]
        filter: DeliveryFilter,
        /// All that wait
        #[arg(long, help_heading = "Filter")]
        all: bool,
        #[command(flatten)]
        starting: Starting,
    },
    /// Send the event of one to another endpoint too, whatever that listens for
    #[command(after_help = "\
Example:
  sereno deliveries hand-on msg_01j8x7k2m3n4p --to 4 --reason 'their till is down'")]
    HandOn {
        /// The delivery's id, or that of what was given up
        id: String,
        /// The endpoint that is to get it
        #[arg(long, value_name = "ENDPOINT")]
        to: u32,
        /// Why, for the audit log
        #[arg(long)]
        reason: Option<String>,
    },
    /// Watch a job to its end, or end it
    Job {
        /// The job's id, such as job_01j8x7k2m3n4p
        id: String,
        /// End it where it is; what it did stays done
        #[arg(long)]
        cancel: bool,
    },
}

const COLUMNS: [Column; 8] = [
    ("ID", Lean::Left, |item, _| cell(item.get("id"))),
    ("STATUS", Lean::Left, |item, _| cell(item.get("status"))),
    ("ENDPOINT", Lean::Right, |item, _| cell(item.get("endpoint_id"))),
    ("EVENT", Lean::Left, |item, _| cell(item.get("event_type"))),
    ("TRIED", Lean::Right, |item, _| cell(item.get("attempts"))),
    ("CODE", Lean::Right, |item, _| cell(item.get("response_code"))),
    ("MADE", Lean::Left, |item, now| ago(item.get("created_at"), now)),
    ("NEXT", Lean::Left, |item, now| {
        let probe = item.get("next_probe_at").filter(|probe| !probe.is_null());
        ago(probe.or(item.get("next_attempt_at")), now)
    }),
];

/// Does it.
pub async fn run(args: DeliveriesArgs) -> Ended {
    carry_out(args).await.into()
}

async fn carry_out(DeliveriesArgs { command, reach }: DeliveriesArgs) -> Result<(), Failure> {
    let session = Session::open(&reach, Wants::Tenant, "sereno deliveries list")?;
    match command {
        Command::List { status, event_id, filter, paging } => {
            let mut query = filter.query();
            query.extend(status.map(|status| ("status", status)));
            query.extend(event_id.map(|id| ("event_id", id)));
            let listing = Listing {
                path: "/api/v1/deliveries",
                query,
                paging: &paging,
                columns: &COLUMNS,
                rows: itself,
                empty: "no such delivery",
            };
            listing.print(&session).await
        }
        Command::Show { id } => {
            show(&session, &format!("/api/v1/deliveries/{}", segment(&id)?)).await
        }
        Command::Retry { ids, status, filter, all, starting } => {
            match many(&ids, (filter, status, all), "--all that were given up")? {
                Some(body) => starting.run(&session, "/api/v1/deliveries/retry", body).await,
                None => retry_each(&session, &ids, ("deliveries", starting.said())).await,
            }
        }
        Command::Cancel { ids, status, filter, all, starting } => {
            match many(&ids, (filter, status, all), "--all that wait")? {
                Some(body) => starting.run(&session, "/api/v1/deliveries/cancel", body).await,
                None => cancel_each(&session, &ids, starting.said()).await,
            }
        }
        Command::HandOn { id, to, reason } => {
            let mut body = said_for(reason.as_deref());
            body.insert("endpoint_id".to_owned(), Value::from(to));
            let path = format!("/api/v1/deliveries/{}/hand-on", segment(&id)?);
            let answer = session.post(&path, body).await?;
            if session.json {
                return Ok(output::json(&answer)?);
            }
            let made = cell(answer.get("delivery_id"));
            Ok(output::line(&format!("{id} goes to endpoint {to} too, as {made}"))?)
        }
        Command::Job { id, cancel: false } => watch(&session, &id).await,
        Command::Job { id, cancel: true } => {
            let path = format!("/api/v1/jobs/{}/cancel", segment(&id)?);
            let answer = session.post(&path, Map::new()).await?;
            if session.json {
                return Ok(output::json(&answer)?);
            }
            Ok(output::line(&format!("{id} {}", cell(answer.get("state"))))?)
        }
    }
}

/// What is asked for where many are meant by what they are; nothing where some are, by their ids.
fn many(
    ids: &[String],
    (filter, status, all): (DeliveryFilter, Option<String>, bool),
    or_all: &str,
) -> Result<Option<Map<String, Value>>, Failure> {
    let mut body = filter.body();
    body.extend(status.map(|status| ("status".to_owned(), Value::from(status))));
    match (ids.is_empty(), all || !body.is_empty()) {
        (false, false) => Ok(None),
        (true, true) => Ok(Some(body)),
        (true, false) => Err(Failure::usage(format!(
            "which? name deliveries by their ids, or say which by --status, --endpoint, --event-type, \
             --from and --to, or {or_all}"
        ))),
        (false, true) => Err(Failure::usage("give ids or a filter, not both")),
    }
}

/// Tries these again, one after the other.
pub(super) async fn retry_each(
    session: &Session,
    ids: &[String],
    (noun, said): (&str, Map<String, Value>),
) -> Result<(), Failure> {
    // First all of them: what is no id must not end it in the middle.
    let segments = ids.iter().map(|id| segment(id)).collect::<Result<Vec<_>, Failure>>()?;
    for (id, part) in ids.iter().zip(segments) {
        let path = format!("/api/v1/{noun}/{part}/retry");
        let answer = session.post(&path, said.clone()).await?;
        if session.json {
            output::json(&answer)?;
            continue;
        }
        let why = answer.get("why").and_then(Value::as_str);
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        output::line(&format!("{id} is tried again; it is {}{why}", cell(answer.get("status"))))?;
    }
    Ok(())
}

/// Ends these, one after the other.
async fn cancel_each(
    session: &Session,
    ids: &[String],
    said: Map<String, Value>,
) -> Result<(), Failure> {
    // As above.
    let segments = ids.iter().map(|id| segment(id)).collect::<Result<Vec<_>, Failure>>()?;
    for (id, part) in ids.iter().zip(segments) {
        let path = format!("/api/v1/deliveries/{part}/cancel");
        let answer = session.post(&path, said.clone()).await?;
        if session.json {
            output::json(&answer)?;
        } else {
            output::line(&format!("{id} is cancelled"))?;
        }
    }
    Ok(())
}

const ATTEMPTS: [Column; 5] = [
    ("ATTEMPT", Lean::Right, |line, _| cell(line.get("attempt"))),
    ("OUTCOME", Lean::Left, |line, _| cell(line.get("outcome"))),
    ("CODE", Lean::Right, |line, _| cell(line.get("response_code"))),
    ("TOOK", Lean::Right, |line, _| format!("{} ms", cell(line.get("duration_ms")))),
    ("ERROR", Lean::Left, |line, _| cell(line.get("error_message"))),
];

/// One delivery, or what was given up of one: what it is, why, what was tried, what it carries.
pub(super) async fn show(session: &Session, path: &str) -> Result<(), Failure> {
    let mut answer = session.get(path, &Vec::new()).await?;
    if session.json {
        return Ok(output::json(&answer)?);
    }
    let now = now();
    let payload = answer.as_object_mut().and_then(|map| map.remove("payload")).unwrap_or_default();
    let why = cell(answer.pointer("/why/sentence"));
    if let Some(map) = answer.as_object_mut() {
        map.remove("why");
        map.remove("ok");
    }
    let mut parts = parts(&answer, now);
    parts.push(("why".to_owned(), why));
    let mut text = card(&parts);
    let history = answer.get("history").and_then(Value::as_array).map(Vec::as_slice);
    if let Some(history) = history.filter(|history| !history.is_empty()) {
        let columns = ATTEMPTS.iter().map(|(title, lean, _)| (*title, *lean)).collect();
        let row = |line: &Value| ATTEMPTS.iter().map(|(_, _, cell)| cell(line, now)).collect();
        let rows: Vec<Vec<String>> = history.iter().map(row).collect();
        text.push_str(&format!("\n{}", Table::new(columns).page(&rows)));
    }
    if !payload.is_null() {
        let pretty = serde_json::to_string_pretty(&payload).unwrap_or_default();
        text.push_str(&format!("\n{pretty}\n"));
    }
    Ok(output::text(&text)?)
}
