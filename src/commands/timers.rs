//! `sereno timers`: what is to come, fired now or taken away.

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::ENDING;
use super::failure::{Ended, Failure};
use super::listing::{Column, Listing, Paging};
use super::output;
use super::session::{Reach, Session, Wants, segment};
use super::table::Lean;
use super::words::{ago, cell};

/// The flags of `sereno timers`.
#[derive(Debug, Args)]
#[command(after_help = ENDING)]
pub struct TimersArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what is to come, the earliest first
    #[command(after_help = "\
Examples:
  sereno timers list
  sereno timers list --reservation R-1
  sereno timers list --from 2026-12-24T00:00:00+01:00 --to 2026-12-27T00:00:00+01:00     # what will happen meanwhile
  sereno timers list --all --json | jq -r '.items[] | select(.kind == \"sla\") | .id'")]
    List {
        /// Only those of this booking
        #[arg(long, value_name = "ID", help_heading = "Filter")]
        reservation: Option<String>,
        /// Only those of this handoff
        #[arg(long, value_name = "ID", help_heading = "Filter", conflicts_with = "reservation")]
        conversation: Option<String>,
        /// Only what is due at this moment or later, as RFC 3339
        #[arg(long, value_name = "MOMENT", help_heading = "Filter")]
        from: Option<String>,
        /// Only what is due before this moment
        #[arg(long, value_name = "MOMENT", help_heading = "Filter")]
        to: Option<String>,
        /// Say why each is set
        #[arg(long, help_heading = "Output")]
        why: bool,
        #[command(flatten)]
        paging: Paging,
    },
    /// Have what it is set for happen now, and not again at its time
    #[command(after_help = "\
Nothing is too early for whoever asks: a reminder goes out days before, a no-show before the slot is one.

Example:
  sereno timers fire reservation:R-1:reminder.24h:1769018400000")]
    Fire {
        /// The timer's id, as the list shows it
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Take it away: what it is set for does not happen
    #[command(after_help = "\
Example:
  sereno timers cancel handoff:C-1:sla:1769018400000")]
    Cancel {
        /// The timer's id, as the list shows it
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Move a booking's reminder or its no-show to another moment
    #[command(after_help = "\
A reminder goes out before the slot, a no-show is seen within a day after it; the id changes with the moment.

Example:
  sereno timers move reservation:R-1:reminder.24h:1769018400000 --to 2026-01-21T09:00:00+01:00")]
    Move {
        /// The timer's id, as the list shows it
        #[arg(value_name = "ID")]
        id: String,
        /// When it is to happen, as RFC 3339
        #[arg(long, value_name = "MOMENT")]
        to: String,
    },
}

const COLUMNS: [Column; 4] = [
    ("DUE", Lean::Left, |timer, now| ago(timer.get("due_at"), now)),
    ("KIND", Lean::Left, |timer, _| cell(timer.get("kind"))),
    ("WHOSE", Lean::Left, |timer, _| {
        format!("{} {}", cell(timer.get("entity")), cell(timer.get("entity_id")))
    }),
    ("ID", Lean::Left, |timer, _| cell(timer.get("id"))),
];
const WHY: Column = ("WHY", Lean::Left, |timer, _| cell(timer.pointer("/why/sentence")));

/// Does it.
pub async fn run(args: TimersArgs) -> Ended {
    carry_out(args).await.into()
}

async fn carry_out(TimersArgs { command, reach }: TimersArgs) -> Result<(), Failure> {
    let session = Session::open(&reach, Wants::Tenant, "sereno timers list")?;
    match command {
        Command::List { reservation, conversation, from, to, why, paging } => {
            let of = [
                ("reservation_id", reservation),
                ("conversation_id", conversation),
                ("from", from),
                ("to", to),
            ];
            let mut columns = COLUMNS.to_vec();
            columns.extend(why.then_some(WHY));
            let listing = Listing {
                path: "/api/v1/timers",
                query: of.into_iter().filter_map(|(name, id)| Some((name, id?))).collect(),
                paging: &paging,
                columns: &columns,
                rows: with_those_behind,
                empty: "nothing is to come",
            };
            listing.print(&session).await
        }
        Command::Fire { ids } => each(&session, &ids, ("fire", Map::new())).await,
        Command::Cancel { ids } => each(&session, &ids, ("cancel", Map::new())).await,
        Command::Move { id, to } => {
            let due = Map::from_iter([("due_at".to_owned(), Value::from(to))]);
            each(&session, &[id], ("reschedule", due)).await
        }
    }
}

/// What an entity waits for first, and what it waits for afterwards.
fn with_those_behind(timer: &Value) -> Vec<&Value> {
    let then = timer.get("then").and_then(Value::as_array);
    [timer].into_iter().chain(then.into_iter().flatten()).collect()
}

async fn each(
    session: &Session,
    ids: &[String],
    (what, body): (&str, Map<String, Value>),
) -> Result<(), Failure> {
    let segments = ids.iter().map(|id| segment(id)).collect::<Result<Vec<_>, Failure>>()?;
    for part in segments {
        let path = format!("/api/v1/timers/{part}/{what}");
        let answer = session.post(&path, body.clone()).await?;
        if session.json {
            output::json(&answer)?;
        } else {
            let whose = format!("{} {}", cell(answer.get("entity")), cell(answer.get("entity_id")));
            output::line(&format!("{}: {whose}", cell(answer.get("message"))))?;
        }
    }
    Ok(())
}
