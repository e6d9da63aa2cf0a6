//! The mirror while its database, or the server, is away: nothing waits for it, nothing is missing after, and
//! nothing is there twice.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::postgres::Postgres;
use crate::process::{Process, all_there, book_until_it_ends, is_long};
use crate::support::House;

const COUNT: &str = "SELECT count(*) FROM sereno.events";

async fn mirrored(url: String) -> House {
    House::with(move |config| config.mirror = Some(url.clone())).await
}

async fn state(house: &House, wanted: &str) -> Value {
    let path = "/api/v1/mirror";
    let asked = async {
        loop {
            let status = house.admin.get(path).await.unwrap();
            if status["state"] == wanted {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(60), asked).await {
        Ok(status) => status,
        Err(_) => panic!("never {wanted}: {}", house.admin.get(path).await.unwrap()),
    }
}

/// So many events, in batches.
async fn many(house: &House, count: usize) {
    for batch in 0..count / 100 {
        let event = |n: usize| json!({"event_type": "a.b", "data": {"n": batch * 100 + n}});
        let events: Vec<Value> = (0..100).map(event).collect();
        house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
    }
}

fn distinct(postgres: &Postgres) -> String {
    postgres.one("SELECT count(DISTINCT data->>'n') || '/' || count(*) FROM sereno.events WHERE event_type = 'a.b'")
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_database_that_goes_away_gets_all_of_it_once_it_is_back() {
    let mut postgres = Postgres::start();
    let house = mirrored(postgres.url("")).await;
    many(&house, 100).await;
    postgres.eventually(COUNT, "100").await;
    postgres.stop();
    many(&house, 2_000).await;
    let status = state(&house, "down").await;
    assert!(status["last_error"].as_str().unwrap().contains("cannot be reached"), "{status}");
    let status = house.admin.get("/api/v1/mirror").await.unwrap();
    assert_eq!(status["lag_events"], 2_000, "{status}");
    let hidden = house.api.get("/api/v1/mirror").await.unwrap();
    assert!(hidden["last_error"].as_str().unwrap().contains("operator"), "{hidden}");

    let house = house.restarted().await;
    many(&house, 100).await;
    postgres.resume();
    postgres.eventually(COUNT, "2200").await;
    // The numbers of the last hundred are the first's again.
    assert_eq!(distinct(&postgres), "2000/2200");
    let status = state(&house, "current").await;
    assert_eq!((&status["mirrored"], &status["skipped"]), (&json!(2_200), &json!(0)), "{status}");
    assert_eq!(status["last_error"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_database_that_stands_still_holds_up_nobody() {
    let postgres = Postgres::start();
    let house = mirrored(postgres.url("")).await;
    many(&house, 100).await;
    postgres.eventually(COUNT, "100").await;
    postgres.signal("-STOP");
    let begun = Instant::now();
    many(&house, 2_000).await;
    assert!(begun.elapsed() < Duration::from_secs(20), "nobody waits for the mirror");
    let status = house.api.get("/api/v1/mirror").await.unwrap();
    assert_eq!(status["lag_events"], 2_000, "{status}");
    postgres.signal("-CONT");
    postgres.eventually(COUNT, "2100").await;
    assert_eq!(distinct(&postgres), "2000/2100");
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_mirror_that_never_was_there_holds_up_nobody_and_a_wrong_password_is_said() {
    let nowhere = "postgres://postgres:x@127.0.0.1:9/postgres".to_owned();
    let house = mirrored(nowhere).await;
    many(&house, 500).await;
    assert_eq!(state(&house, "down").await["lag_events"], 500);
    assert_eq!(house.raw("GET", "/readyz", "").await.0, 200);

    let postgres = Postgres::start();
    let house = mirrored(postgres.url_with_password("wrong")).await;
    many(&house, 100).await;
    let said = state(&house, "down").await["last_error"].as_str().unwrap().to_owned();
    for word in ["refuses the login", "password authentication failed", "SERENO_MIRROR"] {
        assert!(said.contains(word), "{said}");
    }
    assert!(!said.contains("wrong"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_what_was_there_before_the_mirror_lands_too() {
    let postgres = Postgres::start();
    let house = House::new().await;
    assert_eq!(house.api.get("/api/v1/mirror").await.unwrap()["state"], "off");
    house.book("R-1", "34600000001", 3 * 86_400_000).await;
    many(&house, 300).await;
    let house = house.reconfigured(postgres.url("")).await;
    postgres.eventually(COUNT, "301").await;
    postgres.eventually("SELECT status FROM sereno.reservations", "booked").await;
    // While it is off, nothing is noted; all that stands is looked through once it is on again.
    let house = house.reconfigured(String::new()).await;
    let cancel = json!({"action": "cancel"});
    house.api.post("/api/v1/reservations/R-1/actions", &cancel).await.unwrap();
    let house = house.reconfigured(postgres.url("")).await;
    postgres.eventually("SELECT status FROM sereno.reservations", "cancelled").await;
    state(&house, "current").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_database_that_lost_rows_gets_them_again() {
    let postgres = Postgres::start();
    let house = mirrored(postgres.url("")).await;
    house.book("R-1", "34600000001", 3 * 86_400_000).await;
    many(&house, 300).await;
    postgres.eventually(COUNT, "301").await;
    state(&house, "current").await;
    postgres.sql("TRUNCATE sereno.events, sereno.reservations, sereno.progress");
    let house = house.restarted().await;
    postgres.eventually(COUNT, "301").await;
    postgres.eventually("SELECT count(*) FROM sereno.reservations", "1").await;
    state(&house, "current").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_no_kill_loses_or_doubles_a_row() {
    let postgres = Postgres::start();
    let data = tempfile::tempdir().unwrap();
    let url = postgres.url("");
    let rounds = if is_long() { 40 } else { 4 };
    let mut acknowledged = Vec::new();
    let arguments = ["--mirror", &url];
    for round in 0..rounds {
        let server = Process::start_with(data.path(), "http://127.0.0.1:9", &arguments);
        let mut load = book_until_it_ends(&server.client(data.path()), round);
        // Some rows are on their way when it ends; when exactly is left to chance.
        tokio::time::sleep(Duration::from_millis(300 + 70 * round)).await;
        server.kill();
        while let Some(taken) = load.join_next().await {
            acknowledged.extend(taken.unwrap());
        }
    }
    let server = Process::start_with(data.path(), "http://127.0.0.1:9", &arguments);
    let client = server.client(data.path());
    all_there(&client, acknowledged.iter().take(20)).await;
    let begun = Instant::now();
    while client.get("/api/v1/mirror").await.unwrap()["state"] != "current" {
        assert!(begun.elapsed() < Duration::from_secs(120), "it never catches up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found =
        postgres.sql("SELECT event_id FROM sereno.events WHERE event_type = 'reservation.created'");
    let mut found: Vec<&str> = found.lines().collect();
    let all = found.len();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), all, "an event is there twice");
    assert!(!acknowledged.is_empty());
    for id in &acknowledged {
        assert!(found.binary_search(&id.as_str()).is_ok(), "{id} is missing of {all}");
    }
    let bookings = postgres.one("SELECT count(*) FROM sereno.reservations");
    assert_eq!(bookings, all.to_string(), "each booking has its row");
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_what_outlives_its_retention_before_it_is_mirrored_is_counted() {
    let house = mirrored("postgres://postgres:x@127.0.0.1:9/postgres".to_owned()).await;
    many(&house, 100).await;
    state(&house, "down").await;
    house.settle(json!({"retention": {"events": "1s", "attempts": "1s", "inbound": "1s"}})).await;
    // They are counted in the commit that removes them, which is read a moment later.
    let gone = |status: &Value| status["skipped"] == 100 && status["lag_events"] == 0;
    house.eventually("/api/v1/mirror", gone).await;
    let house = house.restarted().await;
    assert_eq!(house.api.get("/api/v1/mirror").await.unwrap()["skipped"], 100, "for good");
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_what_an_index_or_a_trigger_of_ones_own_refuses_comes_once_it_is_gone() {
    let postgres = Postgres::start();
    let url = postgres.url("");
    let house = House::with(move |config| config.mirror = Some(url.clone())).await;
    house.event("a.b", json!({"amount": "1"})).await;
    postgres.eventually("SELECT count(*) FROM sereno.events", "1").await;
    let index = "CREATE INDEX mine ON sereno.events (((data->>'amount')::int))";
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = '22000'; END $$; \
        CREATE TRIGGER mine BEFORE INSERT ON sereno.events FOR EACH ROW EXECUTE FUNCTION refuse()";
    let mut count = 1;
    for (added, removed) in
        [(index, "DROP INDEX sereno.mine"), (refuse, "DROP TRIGGER mine ON sereno.events")]
    {
        postgres.sql(added);
        for amount in ["12.50", "3"] {
            house.event("a.b", json!({"amount": amount})).await;
            count += 1;
        }
        let asked = async {
            loop {
                let status = house.admin.get("/api/v1/mirror").await.unwrap();
                if status["state"] == "down" {
                    return status["last_error"].as_str().unwrap().to_owned();
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let said = tokio::time::timeout(crate::support::PATIENCE, asked).await.unwrap();
        assert!(said.contains("refuses the row events/") && said.contains("remove it"), "{said}");
        postgres.sql(removed);
        postgres.eventually("SELECT count(*) FROM sereno.events", &count.to_string()).await;
        let is_current = |status: &Value| status["state"] == "current";
        let status = house.eventually("/api/v1/mirror", is_current).await;
        assert_eq!((&status["refused"], &status["last_error"]), (&json!(0), &Value::Null));
    }
}
