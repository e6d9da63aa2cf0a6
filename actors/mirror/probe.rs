//! A look at the mirror's database: whether it lets us in, what we may do there, and how old its tables are.

use sereno_workflows::check::Course;
use tokio::task::JoinSet;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::MirrorConfig;
use super::link::{LinkError, MIGRATIONS, within};
use crate::limits;

/// Connects and asks; changes nothing.
pub(crate) async fn probe(config: &MirrorConfig, way: &mut Course) {
    let schema = config.schema.as_str();
    let connected = within(limits::CHECK_PROBE_MS, async {
        Ok(config.postgres.connect(config.tls.clone()).await?)
    });
    let (client, connection) = match connected.await {
        Ok(connected) => connected,
        Err(error) => {
            let advice = "see that PostgreSQL runs, and what SERENO_MIRROR says of host, user and \
                          password; meanwhile rows wait, and nothing else does";
            way.fail("connect", error.to_string(), advice);
            return;
        }
    };
    let mut driving = JoinSet::new();
    // Its end is the end of what is asked, which says so.
    driving.spawn(async move { connection.await.ok() });
    if let Err(error) = within(limits::CHECK_PROBE_MS, ask(&client, schema, way)).await {
        way.fail("tables", error.to_string(), "see what PostgreSQL's log says of it");
    }
}

async fn ask(client: &Client, schema: &str, way: &mut Course) -> Result<(), LinkError> {
    let who = "SELECT current_user::text, current_database()::text, \
               current_setting('server_version'), \
               has_database_privilege(current_database(), 'CREATE'), \
               to_regnamespace($1) IS NOT NULL, pg_is_in_recovery()";
    let row = client.query_typed_one(who, &[(&schema, Type::TEXT)]).await?;
    let (user, database): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let version: String = row.try_get(2)?;
    let (may_create, is_there, is_copy): (bool, bool, bool) =
        (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    way.pass("connect", format!("PostgreSQL {version}, {user} at {database}"));
    if is_copy {
        way.fail("rights", "it is a copy that only reads", "name the primary in SERENO_MIRROR");
        return Ok(());
    }
    if !is_there {
        match may_create {
            true => way.pass("tables", format!("the schema {schema} is made at the next start")),
            false => way.fail(
                "rights",
                format!("there is no schema {schema}, and {user} may not make it"),
                format!("run: CREATE SCHEMA {schema} AUTHORIZATION \"{user}\""),
            ),
        }
        return Ok(());
    }
    let rights = "SELECT has_schema_privilege($1, 'USAGE'), has_schema_privilege($1, 'CREATE')";
    let row = client.query_typed_one(rights, &[(&schema, Type::TEXT)]).await?;
    let (may_use, may_add): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    let grant = format!("run: GRANT ALL ON SCHEMA {schema} TO \"{user}\"");
    if !may_use {
        way.fail("rights", format!("{user} may not use the schema {schema}"), grant);
        return Ok(());
    }
    // Only who may use a schema may ask what is in it.
    let look = "SELECT to_regclass($1 || '.migrations') IS NOT NULL";
    let has_tables: bool =
        client.query_typed_one(look, &[(&schema, Type::TEXT)]).await?.try_get(0)?;
    let done = if has_tables { migrations(client, schema).await? } else { 0 };
    let known = MIGRATIONS.len();
    if done > known {
        way.fail(
            "tables",
            format!("at migration {done}, and this sereno knows {known}"),
            "use the newer sereno that wrote there, or another schema (SERENO_MIRROR_SCHEMA)",
        );
    } else if done < known && !may_add {
        let detail = format!("{user} may not bring the tables of {schema} up to date");
        way.fail("rights", detail, grant);
    } else if done < known {
        way.pass("tables", format!("at migration {done} of {known}; the next start does the rest"));
    } else {
        way.pass("tables", format!("at migration {done}"));
        may_write(client, schema, &user, way).await?;
    }
    Ok(())
}

async fn migrations(client: &Client, schema: &str) -> Result<usize, LinkError> {
    // The schema's name is one of our own choice, of letters, digits and underscores.
    let latest = format!("SELECT coalesce(max(number), 0) FROM \"{schema}\".migrations");
    let latest: i32 = client.query_typed_one(&latest, &[]).await?.try_get(0)?;
    Ok(usize::try_from(latest).unwrap_or(0))
}

/// Whether rows can be put into every table.
async fn may_write(
    client: &Client,
    schema: &str,
    user: &str,
    way: &mut Course,
) -> Result<(), LinkError> {
    let closed = "SELECT coalesce(string_agg(tablename, ', '), '') FROM pg_tables \
                  WHERE schemaname = $1 AND NOT (has_table_privilege(quote_ident(schemaname) || '.' \
                  || quote_ident(tablename), 'INSERT') AND has_table_privilege(\
                  quote_ident(schemaname) || '.' || quote_ident(tablename), 'UPDATE'))";
    let row = client.query_typed_one(closed, &[(&schema, Type::TEXT)]).await?;
    let closed: String = row.try_get(0)?;
    if closed.is_empty() {
        way.pass("rights", "rows can be written");
        return Ok(());
    }
    let advice = format!("run: GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO \"{user}\"");
    way.fail("rights", format!("{user} may not write {closed}"), advice);
    Ok(())
}
