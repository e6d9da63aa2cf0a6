//! Whose the mirror's tables are: who may write, who is refused, and over which connections.

use std::process::Command;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::postgres::Postgres;
use crate::support::House;

const MIRROR: &str = "/api/v1/mirror";

async fn mirrored(url: String) -> House {
    House::with(move |config| config.mirror = Some(url.clone())).await
}

async fn error_of(house: &House, wanted: &str) -> String {
    let asked = async {
        loop {
            let status = house.admin.get(MIRROR).await.unwrap();
            if status["state"] == wanted {
                return status["last_error"].as_str().unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(40), asked).await;
    found.unwrap_or_else(|_| panic!("the mirror never was {wanted}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_tables_are_made_once_and_ones_own_columns_stay() {
    let postgres = Postgres::start();
    let house = mirrored(postgres.url("")).await;
    house.event("a.b", json!({"n": 1})).await;
    postgres.eventually("SELECT count(*) FROM sereno.events", "1").await;
    let migrations = "SELECT string_agg(number || name, ',') FROM sereno.migrations";
    let made = postgres.one(migrations);
    postgres.sql("ALTER TABLE sereno.events ADD COLUMN mine text DEFAULT 'x'");
    let house = house.restarted().await;
    house.event("a.b", json!({"n": 2})).await;
    postgres.eventually("SELECT count(*) FROM sereno.events WHERE mine = 'x'", "2").await;
    assert_eq!(postgres.one(migrations), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_tables_of_an_older_sereno_get_what_is_new_and_keep_their_rows() {
    let postgres = Postgres::start();
    let house = mirrored(postgres.url("")).await;
    house.event("handoff.opened", json!({"conversation_id": "c-1"})).await;
    postgres.eventually("SELECT count(*) FROM sereno.handoffs", "1").await;
    postgres.sql(
        "ALTER TABLE sereno.handoffs DROP COLUMN claimed_by, DROP COLUMN claimed_at, \
        DROP COLUMN priority, DROP COLUMN snoozed_until, DROP COLUMN closed_at",
    );
    postgres.sql("ALTER TABLE sereno.conversations DROP COLUMN held_by, DROP COLUMN held_at");
    postgres.sql("DELETE FROM sereno.migrations WHERE number = 2");
    let house = house.restarted().await;
    let claim = json!({"action": "claim", "by": "Ana"});
    house.api.post("/api/v1/handoffs/c-1/actions", &claim).await.unwrap();
    let now = "SELECT conversation_id || claimed_by || priority FROM sereno.handoffs";
    postgres.eventually(now, "c-1Ananormal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_tables_of_a_newer_sereno_are_left_alone() {
    let postgres = Postgres::start();
    let house = mirrored(postgres.url("")).await;
    house.event("a.b", json!({})).await;
    postgres.eventually("SELECT count(*) FROM sereno.events", "1").await;
    postgres.sql("INSERT INTO sereno.migrations (number, name) VALUES (999, 'from the future')");
    let house = house.restarted().await;
    house.event("a.b", json!({})).await;
    let said = error_of(&house, "refused").await;
    assert!(said.contains("migration 999") && said.contains("newer"), "{said}");
    assert_eq!(postgres.one("SELECT count(*) FROM sereno.events"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_second_server_is_refused_until_the_first_is_let_go_of() {
    let postgres = Postgres::start();
    let first = mirrored(postgres.url("")).await;
    first.event("a.b", json!({"of": "first"})).await;
    postgres.eventually("SELECT count(*) FROM sereno.events", "1").await;
    let second = mirrored(postgres.url("")).await;
    second.event("a.b", json!({"of": "second"})).await;
    let said = error_of(&second, "refused").await;
    assert!(said.contains("another server") && said.contains("sereno.owner"), "{said}");
    first.event("a.b", json!({"of": "first"})).await;
    postgres.eventually("SELECT count(*) FROM sereno.events", "2").await;

    // In a schema of its own it may.
    let url = postgres.url("");
    let third = House::with(move |config| {
        (config.mirror, config.mirror_schema) = (Some(url.clone()), "third".to_owned());
    });
    let third = third.await;
    third.event("a.b", json!({})).await;
    postgres.eventually("SELECT count(*) FROM third.events", "1").await;

    postgres.sql("DELETE FROM sereno.owner");
    postgres
        .eventually("SELECT count(*) FROM sereno.events WHERE data->>'of' = 'second'", "1")
        .await;
    first.event("a.b", json!({"of": "first"})).await;
    let said = error_of(&first, "refused").await;
    assert!(said.contains("another server") || said.contains("taken over"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_copy_of_the_data_takes_over_and_the_original_writes_no_more() {
    let postgres = Postgres::start();
    let house = mirrored(postgres.url("")).await;
    house.event("a.b", json!({})).await;
    postgres.eventually("SELECT count(*) FROM sereno.events", "1").await;
    postgres.sql("UPDATE sereno.owner SET epoch = epoch + 1");
    house.event("a.b", json!({})).await;
    let said = error_of(&house, "refused").await;
    assert!(said.contains("taken over"), "{said}");
    assert_eq!(postgres.one("SELECT count(*) FROM sereno.events"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_role_without_rights_is_told_and_one_with_just_enough_will_do() {
    let postgres = Postgres::start();
    postgres.sql("CREATE ROLE crm LOGIN PASSWORD 'crm'");
    let url = postgres.url("").replace("postgres:secret", "crm:crm");
    let house = mirrored(url).await;
    house.event("a.b", json!({})).await;
    let said = error_of(&house, "down").await;
    assert!(said.contains("permission denied"), "{said}");
    postgres.sql("CREATE SCHEMA sereno AUTHORIZATION crm");
    postgres.eventually("SELECT count(*) FROM sereno.events", "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_tls_is_what_the_address_asks_for() {
    let mut postgres = Postgres::start();
    let plain = mirrored(postgres.url("sslmode=require")).await;
    plain.event("a.b", json!({})).await;
    let said = error_of(&plain, "down").await;
    assert!(said.to_lowercase().contains("tls"), "{said}");
    drop(plain);

    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().unwrap();
    let root = params.self_signed(&root_key).unwrap();
    let issuer = Issuer::new(params, root_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["db.example".into()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    postgres.stop();
    postgres.use_certificate(&certificate.pem(), &key.serialize_pem());
    postgres.resume();
    let kept = tempfile::tempdir().unwrap();
    let root_path = kept.path().join("root.pem");
    std::fs::write(&root_path, root.pem()).unwrap();
    let root_path = root_path.display();

    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE application_name = 'sereno'";
    for (number, query) in
        ["sslmode=require".to_owned(), format!("sslmode=verify-ca&sslrootcert={root_path}")]
            .into_iter()
            .enumerate()
    {
        let (url, schema) = (postgres.url(&query), format!("s{number}"));
        let table = format!("SELECT count(*) FROM {schema}.events");
        let house = House::with(move |config| {
            (config.mirror, config.mirror_schema) = (Some(url.clone()), schema.clone());
        });
        let house = house.await;
        house.event("a.b", json!({})).await;
        postgres.eventually(&table, "1").await;
        postgres.eventually(encrypted, "t").await;
    }
    for (query, word) in [
        (format!("sslmode=verify-full&sslrootcert={root_path}"), "valid for name"),
        ("sslmode=verify-full".to_owned(), "issuer"),
    ] {
        let house = mirrored(postgres.url(&query)).await;
        house.event("a.b", json!({})).await;
        let said = error_of(&house, "down").await.to_lowercase();
        assert!(said.contains(word), "{query}: {said}");
    }
}

#[test]
fn d08_a_bad_address_is_refused_before_anything_starts() {
    let data = tempfile::tempdir().unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_sereno"))
        .args(["serve", "--listen", "127.0.0.1:0", "--mirror", "mysql://u:hidden@h/db", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(!ran.status.success() && said.contains("SERENO_MIRROR"), "{said}");
    assert!(said.contains("postgres://") && !said.contains("hidden"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_role_that_may_make_no_tables_of_its_own_is_told_which_row_and_why() {
    let postgres = Postgres::start();
    postgres.sql("CREATE ROLE crm LOGIN PASSWORD 'crm'");
    postgres.sql("CREATE SCHEMA sereno AUTHORIZATION crm");
    postgres.sql("REVOKE TEMP ON DATABASE postgres FROM PUBLIC");
    let house = mirrored(postgres.url("").replace("postgres:secret", "crm:crm")).await;
    house.event("a.b", json!({"amount": "1"})).await;
    postgres.eventually("SELECT count(*) FROM sereno.events", "1").await;
    postgres.sql("CREATE INDEX mine ON sereno.events (((data->>'amount')::int))");
    house.event("a.b", json!({"amount": "12.50"})).await;
    let said = error_of(&house, "down").await;
    for word in ["refuses the row events/", "12.50", "GRANT TEMP ON DATABASE"] {
        assert!(said.contains(word), "{word} in {said}");
    }
    postgres.sql("DROP INDEX sereno.mine");
    postgres.eventually("SELECT count(*) FROM sereno.events", "2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_unique_index_of_ones_own_is_told_with_the_row_and_without_what_stands_in_it() {
    // For a role that may make temporary tables, and for one that may not.
    for (may, word) in [(true, "remove it"), (false, "GRANT TEMP")] {
        let postgres = Postgres::start();
        let mut url = postgres.url("");
        if !may {
            postgres.sql("CREATE ROLE crm LOGIN PASSWORD 'crm'");
            postgres.sql("CREATE SCHEMA sereno AUTHORIZATION crm");
            postgres.sql("REVOKE TEMP ON DATABASE postgres FROM PUBLIC");
            url = url.replace("postgres:secret", "crm:crm");
        }
        let house = mirrored(url).await;
        house.book("R-1", "34600000001", 3_600_000).await;
        postgres.eventually("SELECT count(*) FROM sereno.reservations", "1").await;
        postgres.sql("CREATE UNIQUE INDEX mine ON sereno.reservations (name)");
        house.book("R-2", "34600000002", 3_600_000).await;
        let said = error_of(&house, "down").await;
        for word in ["refuses the row reservations/", "R-2", "mine", word] {
            assert!(said.contains(word), "{word} is not in {said}");
        }
        assert!(!said.contains("Ana"), "what stands in it is nobody's: {said}");
        postgres.sql("DROP INDEX sereno.mine");
        postgres.eventually("SELECT count(*) FROM sereno.reservations", "2").await;
        let is_current = |status: &Value| status["state"] == "current";
        let status = house.eventually(MIRROR, is_current).await;
        assert_eq!(status["refused"], 0, "{status}");
    }
}
