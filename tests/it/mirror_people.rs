//! Those in the mirror of whom nothing is known but a number: as the API shows them, whenever they are written.

use serde_json::{Value, json};

use crate::postgres::Postgres;
use crate::support::House;

const DAY: i64 = 86_400_000;
const LEADS: &str = "SELECT count(*) FROM sereno.leads";

async fn mirrored(postgres: &Postgres) -> House {
    let url = postgres.url("");
    let house = House::with(move |config| config.mirror = Some(url.clone())).await;
    house.settle(json!({})).await;
    house
}

/// The API's leads by the hash of their number.
async fn lead_of(house: &House, hash: &Value) -> Value {
    let path = format!("/api/v1/leads?wa_number_hash={}", hash.as_str().unwrap());
    let found = house.api.get(&path).await.unwrap();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    found["items"][0].clone()
}

/// Asserts that the mirror says of each lead what the API says.
async fn agree(house: &House, postgres: &Postgres) {
    let listed = house.api.get("/api/v1/leads").await.unwrap();
    let listed = listed["items"].as_array().unwrap();
    postgres.eventually(LEADS, &listed.len().to_string()).await;
    for lead in listed {
        let id = lead["lead_id"].as_str().unwrap();
        let row = format!("SELECT * FROM sereno.leads WHERE lead_id = '{id}'");
        let row = &postgres.rows(&row)[0];
        assert_eq!((&row["name"], &row["merged_into"]), (&lead["name"], &lead["merged_into"]));
        assert_eq!(row["phone_hash"], lead["wa_number_hash"]);
        for name in ["first_seen_at", "last_seen_at"] {
            let ours = lead[name].as_str().unwrap().trim_end_matches('Z');
            let theirs = row[name].as_str().unwrap();
            let digits = |text: &str| {
                text.trim_end_matches("+00:00").trim_end_matches(['0', '.']).to_owned()
            };
            assert_eq!(digits(theirs), digits(ours), "{name} of {lead} and {row}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_who_is_known_by_a_handoff_alone_is_a_lead_in_the_api_too() {
    let postgres = Postgres::start();
    let house = mirrored(&postgres).await;
    let opened = json!({"conversation_id": "h-1", "wa_number": "+34600000002"});
    house.event("handoff.opened", opened).await;
    postgres.eventually(LEADS, "1").await;
    let row = &postgres.rows("SELECT * FROM sereno.leads")[0];
    let lead = lead_of(&house, &row["phone_hash"]).await;
    assert_eq!(row["lead_id"], lead["lead_id"]);
    for table in ["handoffs", "events"] {
        let named = format!("SELECT DISTINCT lead_id FROM sereno.{table}");
        postgres.eventually(&named, lead["lead_id"].as_str().unwrap()).await;
    }
    agree(&house, &postgres).await;
}

/// A booking and a handoff go over to other numbers, while the database is there or is not.
#[tokio::test(flavor = "multi_thread")]
async fn d08_what_is_said_of_a_number_does_not_depend_on_when_it_is_mirrored() {
    for late in [false, true] {
        let mut postgres = Postgres::start();
        let house = mirrored(&postgres).await;
        postgres.eventually("SELECT count(*) FROM sereno.owner", "1").await;
        if late {
            postgres.stop();
        }
        house.book("R-1", "34600000001", 3 * DAY).await;
        let opened = |number: &str| json!({"conversation_id": "h-1", "wa_number": number});
        house.event("handoff.opened", opened("+34600000003")).await;
        if !late {
            postgres.eventually("SELECT count(*) FROM sereno.events", "2").await;
        }
        house.event("handoff.closed", json!({"conversation_id": "h-1"})).await;
        house.event("handoff.opened", opened("+34600000004")).await;
        let other = json!({"reservation_id": "R-1", "wa_number": "+34600000002"});
        house.event("reservation.modified", other).await;
        let both = Value::from(vec![
            json!({"event_type": "reservation.created", "data": {"reservation_id": "R-2",
                "date_time": crate::support::moment(DAY), "wa_number": "+34600000005"}}),
            json!({"event_type": "reservation.modified", "data": {"reservation_id": "R-2",
                "wa_number": "+34600000006"}}),
        ]);
        house.api.post("/api/v1/events", &both).await.unwrap();
        if late {
            postgres.resume();
        }
        postgres.eventually(LEADS, "6").await;
        postgres.eventually("SELECT count(*) FROM sereno.events", "7").await;
        agree(&house, &postgres).await;
        // Each event is about the number that it had.
        let events = "SELECT event_type, l.phone_hash = e.phone_hash AS is_own FROM sereno.events e \
                      JOIN sereno.leads l USING (tenant, lead_id) WHERE e.phone_hash IS NOT NULL";
        let events = postgres.rows(events);
        assert_eq!(events.len(), 6, "late: {late}: {events:?}");
        assert!(events.iter().all(|row| row["is_own"] == true), "late: {late}: {events:?}");
        let closed = "SELECT l.phone_hash = h.phone_hash FROM sereno.events e \
                      JOIN sereno.leads l USING (tenant, lead_id), sereno.handoffs h \
                      WHERE e.event_type = 'handoff.closed'";
        assert_eq!(postgres.one(closed), "f", "late: {late}: it was the first one's");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_of_several_bookings_the_first_says_since_when_and_the_last_until_when() {
    let postgres = Postgres::start();
    let house = mirrored(&postgres).await;
    house.book("R-1", "34600000001", 3 * DAY).await;
    postgres.eventually(LEADS, "1").await;
    let first = postgres.one("SELECT first_seen_at FROM sereno.leads");
    house.book("R-2", "34600000001", 4 * DAY).await;
    postgres.eventually("SELECT count(*) FROM sereno.reservations", "2").await;
    assert_eq!(postgres.one("SELECT first_seen_at FROM sereno.leads"), first);
    agree(&house, &postgres).await;
    let last = postgres.one("SELECT last_seen_at FROM sereno.leads");
    house.event("reservation.confirmed", json!({"reservation_id": "R-1"})).await;
    let rows = "SELECT count(*) FROM sereno.reservations WHERE status = 'confirmed'";
    postgres.eventually(rows, "1").await;
    assert_eq!(postgres.one("SELECT first_seen_at FROM sereno.leads"), first);
    assert_ne!(postgres.one("SELECT last_seen_at FROM sereno.leads"), last);
    agree(&house, &postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_whoever_a_number_turns_out_to_be_is_said_here_and_there() {
    let postgres = Postgres::start();
    let house = mirrored(&postgres).await;
    let started = |talk: &str, user: Value| json!({"conversation_id": talk, "user": user});
    house.event("conversation.started", started("c-1", json!({"id": "u-1", "name": "Eva"}))).await;
    house.book("R-1", "34600000001", 3 * DAY).await;
    let opened = json!({"conversation_id": "h-1", "wa_number": "+34600000002"});
    house.event("handoff.opened", opened).await;
    house.event("conversation.started", started("c-2", json!({"id": "u-2", "name": "Leo"}))).await;
    postgres.eventually(LEADS, "4").await;
    let alone =
        postgres.rows("SELECT lead_id FROM sereno.leads WHERE name IS NULL OR name = 'Ana'");
    for (talk, user, number) in [("c-3", "u-1", "+34600000001"), ("c-4", "u-2", "+34600000002")] {
        house
            .event("conversation.started", started(talk, json!({"id": user, "phone": number})))
            .await;
    }
    postgres
        .eventually("SELECT count(*) FROM sereno.leads WHERE merged_into IS NOT NULL", "2")
        .await;
    for row in alone {
        let id = row["lead_id"].as_str().unwrap();
        let lead = house.api.get(&format!("/api/v1/leads/{id}")).await.unwrap();
        let into = lead["merged_into"].as_str().unwrap_or_else(|| panic!("merged: {lead}"));
        assert!(house.api.get(&format!("/api/v1/leads/{into}")).await.unwrap()["name"].is_string());
        let there = format!("SELECT merged_into FROM sereno.leads WHERE lead_id = '{id}'");
        assert_eq!(postgres.one(&there), into);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_ids_that_are_numbers_are_ids_there_too() {
    let postgres = Postgres::start();
    let house = mirrored(&postgres).await;
    house.event("client.created", json!({"user_id": 42, "conversation_id": 77})).await;
    house.event("client.created", json!({"user": {"id": 43}, "conversation_id": 1.5})).await;
    let found = "SELECT string_agg(user_id || '/' || coalesce(conversation_id, '-'), ' ' \
                 ORDER BY sequence) FROM sereno.events";
    postgres.eventually(found, "42/77 43/-").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_who_is_merged_among_events_of_others_is_merged_in_the_database_too() {
    let postgres = Postgres::start();
    let url = postgres.url("");
    let house = House::with(move |config| config.mirror = Some(url.clone())).await;
    let wrote = |talk: &str, who: serde_json::Value| {
        let mut data = json!({"conversation_id": talk, "message": {"text": "hola"}});
        data.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        json!({"event_type": "conversation.message.received", "data": data})
    };
    let number = json!({"wa_number": "+34600000001"});
    let user = json!({"user_id": "ES.1"});
    for (talk, who) in [("c1", &number), ("c2", &user)] {
        house.api.post("/api/v1/events", &wrote(talk, who.clone())).await.unwrap();
    }
    postgres.eventually("SELECT count(*) FROM sereno.leads", "2").await;
    let other = json!({"event_type": "x.other", "data": {}});
    let both = json!({"wa_number": "+34600000001", "user_id": "ES.1"});
    let all = json!([other, other, other, wrote("c3", both)]);
    house.api.post("/api/v1/events", &all).await.unwrap();
    postgres
        .eventually("SELECT count(*) FROM sereno.leads WHERE merged_into IS NOT NULL", "1")
        .await;
    let leads = "SELECT count(DISTINCT lead_id) FROM sereno.conversations";
    postgres.eventually(leads, "1").await;
}
