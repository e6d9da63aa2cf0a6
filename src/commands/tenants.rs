//! `sereno tenants`: who is served, how, and with which keys.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::ENDING;
use super::failure::{Ended, Failure};
use super::fields::{assignment, from_file, put};
use super::listing::{Column, Listing, Paging, itself};
use super::output;
use super::session::{Reach, Session, Wants, segment};
use super::table::{Lean, card};
use super::words::{ago, cell, now, parts};
use crate::bench::progress::Progress;

/// The flags of `sereno tenants`.
#[derive(Debug, Args)]
#[command(after_help = ENDING)]
pub struct TenantsArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List tenants; needs the admin token
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Show one with its settings, secrets left out
    Show {
        /// The tenant
        id: String,
    },
    /// Make one; its first key is shown this once
    #[command(after_help = "\
Examples:
  sereno tenants create trattoria --name 'La Trattoria' --set timezone=Europe/Rome --set locale=es
  sereno tenants create trattoria --settings trattoria.json")]
    Create {
        /// Its id: a-z, 0-9, - and _
        id: String,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change the settings that are named; the others stay
    #[command(after_help = "\
A value is JSON where it can be read so, and a text otherwise; null brings a default back. Digits that are a text
want quotes: whatsapp.phone_number_id='\"555000111\"'

Examples:
  sereno tenants change trattoria reminders='[\"24h\",\"2h\"]' sla_after=5m
  sereno tenants change trattoria retry=null limits.events_per_minute=1000
  sereno tenants change trattoria --settings trattoria.json")]
    Change {
        /// The tenant
        id: String,
        /// Settings as name=value
        #[arg(value_name = "NAME=VALUE", value_parser = assignment)]
        values: Vec<(String, Value)>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete one and everything of it, for good
    #[command(after_help = "\
Its keys are void at once, its timers never fire and its deliveries stop. Its rows go from the disk afterwards; until
then no tenant of its id can be made.

Example:
  sereno tenants delete trattoria --yes --wait")]
    Delete {
        /// The tenant
        id: String,
        /// Do not ask whether it is meant
        #[arg(long)]
        yes: bool,
        /// Wait until the last of its rows is gone
        #[arg(long)]
        wait: bool,
    },
    /// Its API keys
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// List keys, without the keys themselves, which nobody has
    List {
        /// The tenant
        tenant: String,
    },
    /// Make one; it is shown this once
    Create {
        /// The tenant
        tenant: String,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
    },
    /// Revoke one: it opens nothing from then on
    Revoke {
        /// The tenant
        tenant: String,
        /// The key's id, as the list shows it
        key: String,
    },
}

/// Settings out of flags.
#[derive(Debug, Args)]
struct Settings {
    /// A setting, such as sla_after=5m; again for more
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, Value)>,
    /// Settings as a JSON object in a file; - is standard input
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl Settings {
    fn body(self, values: Vec<(String, Value)>) -> Result<Map<String, Value>, Failure> {
        let mut body = match &self.settings {
            Some(file) => from_file(file)?,
            None => Map::new(),
        };
        for (path, value) in self.set.into_iter().chain(values) {
            put(&mut body, &path, value)?;
        }
        Ok(body)
    }
}

const COLUMNS: [Column; 5] = [
    ("ID", Lean::Left, |item, _| cell(item.get("id"))),
    ("NAME", Lean::Left, |item, _| cell(item.get("name"))),
    ("TIMEZONE", Lean::Left, |item, _| cell(item.pointer("/settings/timezone"))),
    ("LOCALE", Lean::Left, |item, _| cell(item.pointer("/settings/locale"))),
    ("MADE", Lean::Left, |item, now| ago(item.get("created_at"), now)),
];

const KEYS: [Column; 3] = [
    ("ID", Lean::Left, |item, _| cell(item.get("id"))),
    ("NAME", Lean::Left, |item, _| cell(item.get("name"))),
    ("MADE", Lean::Left, |item, now| ago(item.get("created_at"), now)),
];

const TENANTS: &str = "/api/v1/admin/tenants";
/// How often it is looked whether a deleted tenant is gone.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Does it.
pub async fn run(args: TenantsArgs) -> Ended {
    carry_out(args).await.into()
}

async fn carry_out(TenantsArgs { command, reach }: TenantsArgs) -> Result<(), Failure> {
    let session = Session::open(&reach, Wants::Admin, "sereno tenants list")?;
    let path = |id: &str| segment(id).map(|id| format!("{TENANTS}/{id}"));
    match command {
        Command::List { paging } => list(&session, TENANTS, &COLUMNS, &paging).await,
        Command::Show { id } => {
            let answer = session.get(&path(&id)?, &Vec::new()).await?;
            if session.json {
                return Ok(output::json(&answer)?);
            }
            let parts = parts(&answer, now()).into_iter().filter(|(name, _)| name != "ok");
            Ok(output::text(&card(&parts.collect::<Vec<_>>()))?)
        }
        Command::Create { id, name, settings } => {
            let settings = settings.body(Vec::new())?;
            let mut body = Map::from_iter([("id".to_owned(), Value::from(id))]);
            body.extend(name.map(|name| ("name".to_owned(), Value::from(name))));
            if !settings.is_empty() {
                body.insert("settings".to_owned(), Value::from(settings));
            }
            let answer = session.post(TENANTS, body).await?;
            let words = format!("tenant {} created", cell(answer.get("id")));
            done(&session, &answer, &words)
        }
        Command::Change { id, values, settings } => {
            let body = settings.body(values)?;
            if body.is_empty() {
                return Err(Failure::usage(
                    "what is to be changed? see: sereno tenants change --help",
                ));
            }
            let answer = session.patch(&path(&id)?, body).await?;
            done(&session, &answer, &format!("tenant {id} changed"))
        }
        Command::Delete { id, yes, wait } => {
            let path = path(&id)?;
            if !yes {
                confirm(&id)?;
            }
            let answer = session.delete(&path).await?;
            if wait {
                gone(&session, &id).await?;
            }
            let words = if wait { "gone" } else { "deleted; its rows are going" };
            done(&session, &answer, &format!("tenant {id} {words}"))
        }
        Command::Keys { command } => keys(&session, command).await,
    }
}

async fn keys(session: &Session, command: KeysCommand) -> Result<(), Failure> {
    let path = |tenant: &str| segment(tenant).map(|tenant| format!("{TENANTS}/{tenant}/keys"));
    match command {
        KeysCommand::List { tenant } => {
            list(session, &path(&tenant)?, &KEYS, &Paging::everything()).await
        }
        KeysCommand::Create { tenant, name } => {
            let name = name.map(|name| ("name".to_owned(), Value::from(name)));
            let answer = session.post(&path(&tenant)?, name.into_iter().collect()).await?;
            done(session, &answer, &format!("key made for {tenant}"))
        }
        KeysCommand::Revoke { tenant, key } => {
            let path = format!("{}/{}", path(&tenant)?, segment(&key)?);
            let answer = session.delete(&path).await?;
            done(session, &answer, &format!("{key} revoked"))
        }
    }
}

async fn list(
    session: &Session,
    path: &str,
    columns: &[Column],
    paging: &Paging,
) -> Result<(), Failure> {
    let (query, rows, empty) = (Vec::new(), itself as fn(&Value) -> Vec<&Value>, "there is none");
    Listing { path, query, paging, columns, rows, empty }.print(session).await
}

/// An answer in a sentence, with the key that nobody will see again.
fn done(session: &Session, answer: &Value, words: &str) -> Result<(), Failure> {
    if session.json {
        return Ok(output::json(answer)?);
    }
    output::line(words)?;
    if let Some(key) = answer.get("api_key").and_then(Value::as_str) {
        output::line(&format!("key {key}\nIt is shown this once."))?;
    }
    Ok(())
}

/// Has the person write the tenant's id again; without a person there is nobody to ask.
fn confirm(id: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "this deletes the tenant {id} and everything of it for good: add --yes"
        )));
    }
    let mut terminal = std::io::stderr().lock();
    write!(terminal, "This deletes the tenant {id} and everything of it for good. Write its id: ")?;
    terminal.flush()?;
    let mut written = String::new();
    std::io::stdin().read_line(&mut written).context("cannot read standard input")?;
    match written.trim() == id {
        true => Ok(()),
        false => Err(Failure::usage("that is another id: nothing was deleted")),
    }
}

/// Waits until nothing is left of a deleted tenant.
async fn gone(session: &Session, id: &str) -> Result<(), Failure> {
    let mut progress = Progress::new();
    loop {
        let tenants = session.get(TENANTS, &vec![("limit", "1".to_owned())]).await?;
        let going = tenants.get("deleting").and_then(Value::as_array).into_iter().flatten();
        if !going.into_iter().any(|going| going == id) {
            return Ok(());
        }
        progress.at(|| format!("the rows of {id} are going"));
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
