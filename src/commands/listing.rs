//! Lists of any length: page after page from the API, as a table or as one answer.

use std::io;

use clap::Args;
use serde_json::{Map, Value};
use sereno_workflows::time::Timestamp;

use super::failure::Failure;
use super::output;
use super::session::{Query, Session};
use super::table::{Lean, Table};
use super::words;

/// How much of a list is wanted.
#[derive(Debug, Args)]
pub(super) struct Paging {
    /// Show so many at most
    #[arg(long, default_value_t = 50, value_name = "N", help_heading = "Output",
          value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Show all there are, page after page
    #[arg(long, conflicts_with = "limit", help_heading = "Output")]
    all: bool,
}

impl Paging {
    /// All there are.
    pub(super) fn everything() -> Self {
        Self { limit: u32::MAX, all: true }
    }
}

/// Items that are asked for at once; the API gives no more.
const PAGE_ITEMS: usize = 500;

/// A column of a table: its title, to which side it leans, and what stands in it.
pub(super) type Column = (&'static str, Lean, fn(&Value, Timestamp) -> String);

/// A list of the API.
pub(super) struct Listing<'a> {
    /// Where it is.
    pub(super) path: &'a str,
    /// What is asked for.
    pub(super) query: Query,
    /// How much of it is wanted.
    pub(super) paging: &'a Paging,
    /// How it is drawn.
    pub(super) columns: &'a [Column],
    /// The rows that an item makes; one of itself where it makes no more.
    pub(super) rows: fn(&Value) -> Vec<&Value>,
    /// What is said where there is nothing.
    pub(super) empty: &'a str,
}

/// An item is a row.
pub(super) fn itself(item: &Value) -> Vec<&Value> {
    vec![item]
}

impl Listing<'_> {
    /// Reads and prints it.
    pub(super) async fn print(&self, session: &Session) -> Result<(), Failure> {
        if session.json {
            self.print_answer(session).await
        } else {
            self.print_table(session).await
        }
    }

    async fn print_table(&self, session: &Session) -> Result<(), Failure> {
        let columns = self.columns.iter().map(|(title, lean, _)| (*title, *lean)).collect();
        let (mut table, mut cursor, mut shown) = (Table::new(columns), None, 0);
        loop {
            let (page, next) = self.page(session, cursor.as_deref(), shown).await?;
            let now = words::now();
            let items = items(&page);
            shown += items.len();
            let row =
                |item: &Value| self.columns.iter().map(|(_, _, cell)| cell(item, now)).collect();
            let rows: Vec<Vec<String>> =
                items.iter().flat_map(|item| (self.rows)(item)).map(row).collect();
            if !rows.is_empty() {
                output::text(&table.page(&rows))?;
            }
            cursor = next;
            if cursor.is_none() || self.is_enough(shown) {
                break;
            }
        }
        if shown == 0 {
            output::aside(self.empty);
        } else if cursor.is_some() {
            output::aside(&format!("{shown} shown; there are more: --limit N or --all"));
        }
        Ok(())
    }

    /// The first page as it is; where more are wanted, its items are followed by those of the others.
    async fn print_answer(&self, session: &Session) -> Result<(), Failure> {
        let (first, mut cursor) = self.page(session, None, 0).await?;
        let mut shown = items(&first).len();
        if cursor.is_none() || self.is_enough(shown) {
            return Ok(output::json(&first)?);
        }
        let mut rest = first.as_object().cloned().unwrap_or_default();
        rest.remove("items");
        rest.remove("next_cursor");
        begin(&rest)?;
        let (mut page, mut comma) = (first, "");
        loop {
            for item in items(&page) {
                output::text(&format!("{comma}{item}"))?;
                comma = ",";
            }
            let Some(next) = cursor.as_deref().filter(|_| !self.is_enough(shown)) else { break };
            (page, cursor) = self.page(session, Some(next), shown).await?;
            shown += items(&page).len();
        }
        Ok(output::line(&format!("],\"next_cursor\":{}}}", Value::from(cursor)))?)
    }

    /// One page, and where the next one begins.
    async fn page(
        &self,
        session: &Session,
        cursor: Option<&str>,
        shown: usize,
    ) -> Result<(Value, Option<String>), Failure> {
        let left = if self.paging.all { PAGE_ITEMS } else { self.limit().saturating_sub(shown) };
        let mut query = self.query.clone();
        query.push(("limit", left.clamp(1, PAGE_ITEMS).to_string()));
        query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        let page = session.get(self.path, &query).await?;
        let next = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        Ok((page, next))
    }

    fn is_enough(&self, shown: usize) -> bool {
        !self.paging.all && shown >= self.limit()
    }

    fn limit(&self) -> usize {
        usize::try_from(self.paging.limit).unwrap_or(usize::MAX)
    }
}

fn items(page: &Value) -> &[Value] {
    page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The beginning of an answer that goes on with its items.
fn begin(rest: &Map<String, Value>) -> io::Result<()> {
    let mut text = "{".to_owned();
    for (name, value) in rest {
        text.push_str(&format!("{}:{value},", Value::from(name.as_str())));
    }
    text.push_str("\"items\":[");
    output::text(&text)
}
