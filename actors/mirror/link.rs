//! The connection to the mirror's database: lets itself in, makes the tables, writes whole batches.
//!
//! Every statement is sent without a name, so that a pooler which hands each transaction to another connection
//! will do. In each transaction the row `owner` is changed first: two servers that think the schema theirs wait
//! for each other there, and the one that is no longer named writes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use sereno_workflows::id::Sequence;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Transaction};

use super::rows::{Rows, Table};
use super::target::{MirrorConfig, said};
use crate::limits;

/// The migrations, each once and in this order; a released one is never changed.
pub(super) const MIGRATIONS: [(&str, &str); 2] = [
    ("tables", include_str!("migrations/0001_tables.sql")),
    ("hands", include_str!("migrations/0002_hands.sql")),
];

/// Notes how far tenants are.
const NOTE_PROGRESS: &str = include_str!("upserts/progress.sql");

/// A connection that may write.
pub(super) struct Link {
    client: Client,
    schema: String,
    identity: Identity,
    /// What drives the connection; ends with it.
    _driving: JoinSet<()>,
}

/// Who writes.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// The server's data, for ever.
    pub(super) instance: String,
    /// How often it was started with this mirror; 0 before it let itself in since this start.
    pub(super) epoch: i64,
}

/// What is already there.
pub(super) struct Found {
    /// Who we are there.
    pub(super) identity: Identity,
    /// Up to where each tenant's events are there.
    pub(super) progress: BTreeMap<String, Sequence>,
}

/// Why the mirror does not take rows.
#[derive(Debug, Error)]
pub(super) enum LinkError {
    /// It cannot be reached, or not now.
    #[error("{0}")]
    Away(String),
    /// It is somebody else's, or newer than we are.
    #[error("{0}")]
    Refused(String),
    /// It cannot take a row as it is; see [`Link::would_take`].
    #[error("{0}")]
    Data(String),
}

impl Link {
    /// Connects, makes or completes the tables, and takes possession.
    pub(super) async fn open(
        config: &MirrorConfig,
        identity: Identity,
    ) -> Result<(Self, Found), LinkError> {
        let opened = async {
            let connected = config.postgres.connect(config.tls.clone()).await;
            let (mut client, connection) = connected.map_err(LinkError::from)?;
            let mut driving = JoinSet::new();
            driving.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "the connection to the mirror ended");
                }
            });
            let found = prepare(&mut client, &config.schema, identity).await?;
            let (schema, identity) = (config.schema.clone(), found.identity.clone());
            Ok((Self { client, schema, identity, _driving: driving }, found))
        };
        within(limits::MIRROR_CONNECT_MS, opened).await
    }

    /// Puts rows in and notes how far the tenants are, all or nothing.
    pub(super) async fn write(
        &mut self,
        rows: &Rows,
        progress: &BTreeMap<String, Sequence>,
    ) -> Result<(), LinkError> {
        let statements: Vec<(Table, String)> = rows.statements().collect();
        let progress = progress_rows(progress);
        let (schema, identity) = (&self.schema, &self.identity);
        let client = &mut self.client;
        let written = async {
            let transaction = client.transaction().await?;
            let in_schema = in_schema(schema);
            let own = "UPDATE owner SET seen_at = now() WHERE instance = $1 AND epoch = $2";
            let us: [(&(dyn ToSql + Sync), Type); 2] =
                [(&identity.instance, Type::TEXT), (&identity.epoch, Type::INT8)];
            let upserts = statements.iter();
            let upserts = upserts.map(|(table, rows)| put(&transaction, table.upsert(), rows));
            // All go out at once and in this order, so that a database far away costs one round trip.
            let (set, owned, written, noted) = tokio::join!(
                biased;
                transaction.batch_execute(&in_schema),
                transaction.execute_typed(own, &us),
                join_all(upserts),
                put(&transaction, NOTE_PROGRESS, &progress),
            );
            set?;
            if owned? != 1 {
                return Err(taken_over(schema));
            }
            for rows in written {
                rows?;
            }
            noted?;
            Ok(transaction.commit().await?)
        };
        within(limits::MIRROR_WRITE_MS, written).await
    }

    /// Whether the tables would take rows if they were as they were made. Then what refuses them was added to
    /// them, an index or a trigger of the user's own, and they will be taken once it is gone. It is tried on
    /// tables that only this connection sees, and that are gone at once; `None` where we may not make any.
    pub(super) async fn would_take(&mut self, rows: &Rows) -> Result<Option<bool>, LinkError> {
        let statements: Vec<(Table, String)> = rows.statements().collect();
        let client = &mut self.client;
        let tried = async {
            let transaction = client.transaction().await?;
            transaction.batch_execute("SET LOCAL search_path TO pg_temp").await?;
            for (_, statements) in MIGRATIONS {
                match transaction.batch_execute(statements).await {
                    Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                        return Ok(None);
                    }
                    made => made?,
                }
            }
            for (table, rows) in &statements {
                match put(&transaction, table.upsert(), rows).await.map_err(LinkError::from) {
                    Ok(_) => {}
                    Err(LinkError::Data(_)) => return Ok(Some(false)),
                    Err(other) => return Err(other),
                }
            }
            Ok(Some(true))
        };
        within(limits::MIRROR_WRITE_MS, tried).await
    }
}

/// Makes the tables that are not there yet, refuses those of a newer sereno, and takes possession.
async fn prepare(
    client: &mut Client,
    schema: &str,
    identity: Identity,
) -> Result<Found, LinkError> {
    let transaction = client.transaction().await?;
    // Whoever comes at the same time waits here.
    let lock = "SELECT pg_advisory_xact_lock(hashtext($1))";
    let name = format!("sereno mirror {schema}");
    transaction.execute_typed(lock, &[(&name, Type::TEXT)]).await?;
    // Looked at first: those who may not create are refused even what is there.
    if !is_there(&transaction, "SELECT to_regnamespace($1) IS NOT NULL", schema).await? {
        transaction.batch_execute(&format!("CREATE SCHEMA \"{schema}\"")).await?;
    }
    transaction.batch_execute(&in_schema(schema)).await?;
    migrate(&transaction, schema).await?;
    let identity = claim(&transaction, schema, identity).await?;
    let mut progress = BTreeMap::new();
    for row in transaction.query_typed("SELECT tenant, events FROM progress", &[]).await? {
        let events: i64 = row.try_get(1)?;
        progress.insert(row.try_get(0)?, Sequence(u64::try_from(events).unwrap_or(0)));
    }
    transaction.commit().await?;
    Ok(Found { identity, progress })
}

async fn migrate(transaction: &Transaction<'_>, schema: &str) -> Result<(), LinkError> {
    let known = format!("{schema}.migrations");
    if !is_there(transaction, "SELECT to_regclass($1) IS NOT NULL", &known).await? {
        let table = "CREATE TABLE migrations (number integer PRIMARY KEY, name text NOT NULL, \
                     applied_at timestamptz NOT NULL DEFAULT now())";
        transaction.batch_execute(table).await?;
    }
    let latest = "SELECT coalesce(max(number), 0) FROM migrations";
    let latest: i32 = transaction.query_typed_one(latest, &[]).await?.try_get(0)?;
    let done = usize::try_from(latest).unwrap_or(0);
    if done > MIGRATIONS.len() {
        let own = MIGRATIONS.len();
        return Err(LinkError::Refused(format!(
            "the schema {schema} is at migration {done} and this sereno knows {own}: a newer one wrote \
             there; use that one, or another schema"
        )));
    }
    for (number, (name, statements)) in (1_i32..).zip(MIGRATIONS).skip(done) {
        transaction.batch_execute(statements).await?;
        let note = "INSERT INTO migrations (number, name) VALUES ($1, $2)";
        let name = &name;
        transaction.execute_typed(note, &[(&number, Type::INT4), (name, Type::TEXT)]).await?;
        tracing::info!(schema, number, name, "the mirror's tables were brought up to date");
    }
    Ok(())
}

/// Takes possession: the first time since this start under a new epoch, so that an earlier process of the same
/// server writes no more.
async fn claim(
    transaction: &Transaction<'_>,
    schema: &str,
    identity: Identity,
) -> Result<Identity, LinkError> {
    let Identity { instance, mut epoch } = identity;
    let look = "SELECT instance, epoch, seen_at::text FROM owner FOR UPDATE";
    match transaction.query_typed_opt(look, &[]).await? {
        None => epoch = epoch.max(1),
        Some(row) => {
            let (other, theirs): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            if other != instance {
                let seen: String = row.try_get(2)?;
                return Err(LinkError::Refused(format!(
                    "the schema {schema} is written by another server, last at {seen}: give this one a \
                     schema of its own, or delete the row of {schema}.owner to hand it over"
                )));
            }
            match epoch {
                0 => epoch = theirs.saturating_add(1),
                own if own == theirs => {}
                _ => return Err(taken_over(schema)),
            }
        }
    }
    let put = "INSERT INTO owner (instance, epoch, seen_at) VALUES ($1, $2, now()) \
               ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, seen_at = excluded.seen_at";
    transaction.execute_typed(put, &[(&instance, Type::TEXT), (&epoch, Type::INT8)]).await?;
    Ok(Identity { instance, epoch })
}

/// Puts rows in by a statement that takes them as one JSON array.
async fn put(
    transaction: &Transaction<'_>,
    statement: &str,
    rows: &String,
) -> Result<u64, tokio_postgres::Error> {
    transaction.execute_typed(statement, &[(rows, Type::TEXT)]).await
}

/// How far the tenants are, as the rows of [`NOTE_PROGRESS`].
fn progress_rows(progress: &BTreeMap<String, Sequence>) -> String {
    let rows = progress.iter();
    let rows = rows.map(|(tenant, at)| serde_json::json!({"tenant": tenant, "events": at.0}));
    serde_json::Value::from_iter(rows).to_string()
}

async fn is_there(
    transaction: &Transaction<'_>,
    question: &str,
    name: &str,
) -> Result<bool, LinkError> {
    let name: &(dyn ToSql + Sync) = &name;
    Ok(transaction.query_typed_one(question, &[(name, Type::TEXT)]).await?.try_get(0)?)
}

fn in_schema(schema: &str) -> String {
    format!("SET LOCAL search_path TO \"{schema}\"")
}

fn taken_over(schema: &str) -> LinkError {
    LinkError::Refused(format!(
        "the schema {schema} was taken over by a server that started later, from a copy of this data or \
         after its owner row was deleted; this one writes nothing there until it is started again"
    ))
}

pub(super) async fn within<T>(
    milliseconds: u64,
    work: impl Future<Output = Result<T, LinkError>>,
) -> Result<T, LinkError> {
    match tokio::time::timeout(Duration::from_millis(milliseconds), work).await {
        Ok(done) => done,
        Err(_) => Err(LinkError::Away("the database does not answer".to_owned())),
    }
}

impl From<tokio_postgres::Error> for LinkError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            return Self::Away(format!("the database cannot be reached: {}", said(&error)));
        };
        let (code, message) = (told.code(), told.message());
        let detail = told.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        if *code == SqlState::INVALID_PASSWORD
            || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        {
            return Self::Away(format!(
                "the database refuses the login: {message}; check user and password of SERENO_MIRROR"
            ));
        }
        // These may be due to what a row is, which waiting does not change; all else somebody may see to.
        match code.code().get(..2) {
            Some("22" | "54") => Self::Data(format!("{message}{detail}")),
            // The message names what is broken; the detail what stands in the row, which is for no log.
            Some("23") => Self::Data(message.to_owned()),
            Some(_) | None => Self::Away(format!("the database says: {message}{detail}")),
        }
    }
}
