//! The commands as their users run them: the real binary beside a real server.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};

use crate::support::{House, moment};

/// What a run of a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:#?}"))
    }

    /// Asserts that it did what it was asked, and that these words are in what it says.
    pub(crate) fn says(&self, words: &[&str]) -> &Self {
        assert_eq!(self.code, 0, "{self:#?}");
        for word in words {
            assert!(self.out.contains(word), "{word} is not in {self:#?}");
        }
        self
    }

    /// Asserts how it was refused: in one line that has these words.
    pub(crate) fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:#?}");
        assert!(self.err.starts_with("sereno: ") && self.err.lines().count() == 1, "{self:#?}");
        for word in words {
            assert!(self.err.contains(word), "{word} is not in {self:#?}");
        }
    }
}

/// Runs a command on this machine's data directory, as if nothing were set in the environment.
pub(crate) async fn run(data: &Path, arguments: &[&str]) -> Ran {
    run_with(data, arguments, &[]).await
}

/// The same with more in the environment.
pub(crate) async fn run_with(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = sereno(data, arguments);
    command.envs(environment.iter().copied()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap_or(-1);
    Ran { code, out: text(output.stdout), err: text(output.stderr) }
}

fn sereno(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sereno"));
    command.args(arguments).current_dir(data).env("SERENO_DATA", data);
    for name in ["URL", "PUBLIC_URL", "LISTEN", "API_KEY", "KEY", "ADMIN_TOKEN"] {
        command.env_remove(format!("SERENO_{name}"));
    }
    command
}

/// A server whose key and address the commands find for themselves.
async fn house() -> House {
    House::new().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a01_endpoints_are_made_listed_changed_tested_and_deleted_from_a_shell() {
    let house = house().await;
    let data = house.data.path();
    run(data, &["endpoints", "list"]).await.says(&[]);
    let receiver = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let target = receiver.url();
    let made = run(
        data,
        &[
            "endpoints",
            "create",
            "--kind",
            "webhook",
            "--target",
            &target,
            "--event",
            "reservation.*,client.created",
            "--header",
            "X-Shop=7",
            "--set",
            "rate_limit.per_minute=600",
        ],
    )
    .await;
    made.says(&["endpoint 1 created", "secret whsec_", "shown this once"]);
    let table = run(data, &["endpoints", "list"]).await;
    table.says(&["ID", "STATE", "EVENTS", "reservation.*, client.created", &target]);
    assert_eq!(table.out.lines().count(), 2, "{table:?}");
    let shown = run(data, &["endpoints", "show", "1", "--json"]).await.json();
    assert_eq!((&shown["ok"], &shown["headers"]["X-Shop"]), (&json!(true), &json!("7")));
    assert_eq!(shown["rate_limit"]["per_minute"], 600);
    run(data, &["endpoints", "show", "1"]).await.says(&["filters.events", "why", "created_at"]);
    let changed = ["endpoints", "change", "1", "--set", "ordering=fifo", "--event", "test.ping"];
    run(data, &changed).await.says(&["endpoint 1 changed"]);
    run(data, &["endpoints", "change", "1"]).await.refused(2, &["what is to be changed"]);
    run(data, &["endpoints", "test", "1"]).await.says(&["test.ping sent as evt_"]);
    receiver.inbox.wait(crate::support::PATIENCE, |all| all.len() == 1).await.unwrap();
    let rotated = run(data, &["endpoints", "rotate-secret", "1", "--overlap", "1h"]).await;
    rotated.says(&["secret whsec_", "the old one signs until"]);
    run(data, &["endpoints", "toggle", "1"]).await.says(&["endpoint 1 is disabled"]);
    run(data, &["endpoints", "list"]).await.says(&["disabled"]);
    run(data, &["endpoints", "toggle", "1"]).await.says(&["endpoint 1 is enabled"]);
    let recover = ["endpoints", "recover", "1", "--since", "2h", "--dry-run"];
    run(data, &recover).await.says(&["0 would be taken"]);
    run(data, &["endpoints", "delete", "1"]).await.says(&["endpoint 1 deleted"]);
    let gone = run(data, &["endpoints", "show", "1"]).await;
    gone.refused(1, &["no such endpoint (404)", "sereno endpoints list"]);
    let file = data.join("endpoint.json");
    std::fs::write(&file, json!({"kind": "webhook", "target": target}).to_string()).unwrap();
    let from_file = ["endpoints", "create", "--file", file.to_str().unwrap(), "--json"];
    assert_eq!(run(data, &from_file).await.json()["id"], 2);
    let bad = ["endpoints", "create", "--kind", "webhook", "--target", "nowhere"];
    run(data, &bad).await.refused(1, &["target", "(422)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a03_deliveries_are_listed_shown_and_tried_again_from_a_shell() {
    let house = house().await;
    let data = house.data.path();
    let receiver = house.webhook(json!({})).await;
    house
        .endpoint(json!({"kind": "webhook", "target": "http://127.0.0.1:9/",
        "retry": {"attempts": 1}}))
        .await;
    for n in 0..6 {
        house.event("client.created", json!({"id": n, "name": "Ana \u{1b}[31m"})).await;
    }
    house
        .eventually("/api/v1/deliveries?status=dead", |all| {
            all["items"].as_array().unwrap().len() == 6
        })
        .await;
    let list = run(data, &["deliveries", "list", "--status", "dead", "--limit", "4"]).await;
    list.says(&["ID", "STATUS", "NEXT", "client.created", "dead"]);
    assert_eq!(list.out.lines().count(), 5, "{list:?}");
    assert!(list.err.contains("there are more"), "{list:?}");
    let all = run(data, &["deliveries", "list", "--all", "--json"]).await.json();
    assert_eq!((all["items"].as_array().unwrap().len(), &all["next_cursor"]), (12, &Value::Null));
    let of_second = ["deliveries", "list", "--endpoint", "2", "--from", "1h", "--json"];
    let of_second = run(data, &of_second).await.json();
    assert_eq!(of_second["items"].as_array().unwrap().len(), 6);
    let id = of_second["items"][0]["id"].as_str().unwrap();
    let shown = run(data, &["deliveries", "show", id]).await;
    shown.says(&["ATTEMPT", "why", "\"event_type\": \"client.created\""]);
    assert!(!shown.out.contains('\u{1b}'), "nobody's terminal is painted: {shown:?}");

    let tried = run(data, &["deliveries", "retry", id]).await;
    tried.says(&[id, "is tried again"]);
    let count = ["deliveries", "retry", "--status", "sent", "--endpoint", "1", "--dry-run"];
    run(data, &count).await.says(&["6 would be taken"]);
    let before = receiver.inbox.all().len();
    let job = run(data, &["deliveries", "retry", "--status", "sent", "--endpoint", "1"]).await;
    job.says(&["job_", "done: 6 done of 6"]);
    receiver.inbox.wait(crate::support::PATIENCE, |all| all.len() == before + 6).await.unwrap();
    let later = ["deliveries", "retry", "--status", "sent", "--no-wait", "--json"];
    let started = run(data, &later).await.json();
    let watched = run(data, &["deliveries", "job", started["job_id"].as_str().unwrap()]).await;
    watched.says(&["done"]);
    run(data, &["deliveries", "retry"]).await.refused(2, &["which?", "--status"]);
    run(data, &["deliveries", "retry", id, "--status", "dead"]).await.refused(2, &["not both"]);
    let bad = run(data, &["deliveries", "list", "--from", "yesterday"]).await;
    assert_eq!(bad.code, 2, "{bad:?}");
    assert!(bad.err.contains("2h"), "{bad:?}");
    let none = run(data, &["deliveries", "list", "--event-id", "nothing"]).await;
    assert_eq!((none.code, none.err.trim()), (0, "no such delivery"), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_dead_letters_are_grouped_edited_exported_and_discarded_from_a_shell() {
    let house = house().await;
    let data = house.data.path();
    let behaviour = Behaviour { script: [(404, None); 3].into(), ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    house.endpoint(json!({"kind": "webhook", "target": receiver.url()})).await;
    for n in 0..3 {
        house.event("client.created", json!({"id": n})).await;
    }
    house
        .eventually("/api/v1/dead-letters", |all| all["items"].as_array().unwrap().len() == 3)
        .await;
    run(data, &["dead-letters", "list", "--group", "cause"]).await.says(&["COUNT", "    3  404"]);
    let list = run(data, &["dead-letters", "list"]).await;
    list.says(&["FAULT", "receiver", "EXPIRES", "in 6d"]);
    let all = run(data, &["dead-letters", "list", "--cause", "404", "--json"]).await.json();
    let ids: Vec<_> =
        all["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    run(data, &["dead-letters", "show", ids[0]]).await.says(&["ATTEMPT", "404", "cause"]);

    let exported = run(data, &["dead-letters", "export"]).await;
    assert_eq!(exported.out.lines().count(), 3, "{exported:?}");
    let file = data.join("letters.ndjson");
    let to_file = run(data, &["dead-letters", "export", "--output", file.to_str().unwrap()]).await;
    assert!(to_file.err.contains("3 dead letters written"), "{to_file:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), exported.out);

    let edited = run(data, &["dead-letters", "retry", ids[0], "--data", r#"{"id": 99}"#]).await;
    edited.says(&["goes out as the event evt_"]);
    let fits = |all: &[sereno::receiver::webhook::Delivery]| {
        all.iter().any(|got| got.json()["data"]["id"] == 99)
    };
    receiver.inbox.wait(crate::support::PATIENCE, fits).await.unwrap();
    run(data, &["dead-letters", "discard", ids[1]]).await.says(&["discarded"]);
    run(data, &["dead-letters", "discard", "--cause", "404", "--dry-run"]).await.says(&["1 would"]);
    run(data, &["dead-letters", "retry", "--cause", "404"]).await.says(&["done: 1 done of 1"]);
    run(data, &["dead-letters", "discard"]).await.refused(2, &["which?"]);
    run(data, &["dead-letters", "show", ids[1]]).await.refused(1, &["sereno dead-letters list"]);
    let bad = ["dead-letters", "retry", ids[2], "--data", "{"];
    run(data, &bad).await.refused(2, &["--data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_timers_are_listed_fired_and_cancelled_from_a_shell() {
    let house = house().await;
    let data = house.data.path();
    let none = run(data, &["timers", "list"]).await;
    assert_eq!((none.code, none.err.trim()), (0, "nothing is to come"));
    let data_of = json!({"reservation_id": "R-1", "date_time": moment(8 * 24 * 3_600_000)});
    house.event("reservation.created", data_of).await;
    let list = run(data, &["timers", "list", "--why"]).await;
    list.says(&[
        "DUE",
        "in 7d",
        "reminder.24h",
        "reminder.2h",
        "no_show",
        "reservation R-1",
        "WHY",
    ]);
    let all = run(data, &["timers", "list", "--reservation", "R-1", "--json"]).await.json();
    let id = all["items"][0]["id"].as_str().unwrap();
    run(data, &["timers", "fire", id]).await.says(&["reminder.24h fired: reservation R-1"]);
    run(data, &["timers", "fire", id]).await.refused(1, &["has fired", "(409)"]);
    let other = all["items"][1]["id"].as_str().unwrap();
    let cancelled = run(data, &["timers", "cancel", other, "--json"]).await.json();
    assert_eq!(cancelled["message"], "reminder.2h cancelled");
    let listed = run(data, &["timers", "list", "--reservation", "R-1", "--json"]).await.json();
    let no_show = listed["items"].as_array().unwrap().iter().find(|one| one["kind"] == "no_show");
    let no_show = no_show.unwrap()["id"].as_str().unwrap();
    let late = ["timers", "move", no_show, "--to", "2199-01-01T00:00:00Z"];
    run(data, &late).await.refused(1, &["from the slot on", "(409)"]);
    run(data, &["timers", "move", no_show, "--to", "soon"]).await.refused(1, &["due_at", "(422)"]);
    run(data, &["timers", "cancel", "soon"]).await.refused(1, &["GET /api/v1/timers", "(400)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_tenants_and_their_keys_are_looked_after_from_a_shell() {
    let house = house().await;
    let data = house.data.path();
    let made = [
        "tenants",
        "create",
        "trattoria",
        "--name",
        "La Trattoria",
        "--set",
        "timezone=Europe/Rome",
        "--set",
        r#"reminders=["24h","2h"]"#,
    ];
    run(data, &made).await.says(&["tenant trattoria created", "key sk_", "shown this once"]);
    run(data, &made).await.refused(1, &["exists already", "(409)"]);
    let list = run(data, &["tenants", "list"]).await;
    list.says(&["ID", "TIMEZONE", "default", "trattoria", "La Trattoria", "Europe/Rome"]);
    let changed = ["tenants", "change", "trattoria", "sla_after=7m", "limits.events_per_minute=90"];
    run(data, &changed).await.says(&["tenant trattoria changed"]);
    let shown = run(data, &["tenants", "show", "trattoria", "--json"]).await.json();
    assert_eq!(shown["settings"]["sla_after"], "7m");
    assert_eq!(shown["settings"]["limits"]["events_per_minute"], 90);
    run(data, &["tenants", "show", "trattoria"]).await.says(&["settings.sla_after", "7m"]);
    let bad = run(data, &["tenants", "change", "trattoria", "sla_after=soon"]).await;
    bad.refused(1, &["sla_after", "(422)"]);

    let key = ["tenants", "keys", "create", "trattoria", "--name", "till", "--json"];
    let key = run(data, &key).await.json()["api_key"].as_str().unwrap().to_owned();
    let own = [("SERENO_API_KEY", key.as_str())];
    run_with(data, &["endpoints", "list"], &own).await.says(&[]);
    let refused = run_with(data, &["tenants", "list"], &own).await;
    refused.refused(1, &["needs the admin token (403)", "SERENO_ADMIN_TOKEN"]);
    let keys = run(data, &["tenants", "keys", "list", "trattoria", "--json"]).await.json();
    let till = keys["items"].as_array().unwrap().iter().find(|key| key["name"] == "till").unwrap();
    let till = till["id"].as_str().unwrap();
    run(data, &["tenants", "keys", "revoke", "trattoria", till]).await.says(&["revoked"]);
    run_with(data, &["endpoints", "list"], &own).await.refused(1, &["not known", "(401)"]);

    let of_it = ["endpoints", "list", "--tenant", "trattoria"];
    run(data, &of_it).await.says(&[]);
    run(data, &["tenants", "delete", "trattoria"]).await.refused(2, &["add --yes"]);
    run(data, &["tenants", "delete", "trattoria", "--yes", "--wait"]).await.says(&["gone"]);
    run(data, &of_it).await.refused(1, &["no such tenant"]);
    run(data, &["tenants", "delete", "default", "--yes"]).await.refused(1, &["cannot be deleted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_find_their_server_and_say_so_where_there_is_none() {
    let house = house().await;
    let data = house.data.path();
    let nowhere = tempfile::tempdir().unwrap();
    let key = house.key();
    let elsewhere = nowhere.path();
    let by_flags = ["deliveries", "list", "--server", &house.base, "--key", &key];
    run(elsewhere, &by_flags).await.says(&[]);
    let listen = house.base.strip_prefix("http://").unwrap();
    for (name, value) in [("SERENO_LISTEN", listen), ("SERENO_PUBLIC_URL", house.base.as_str())] {
        let environment = [(name, value), ("SERENO_API_KEY", key.as_str())];
        run_with(elsewhere, &["timers", "list"], &environment).await.says(&[]);
    }
    run(elsewhere, &["timers", "list"]).await.refused(2, &["no key", "SERENO_API_KEY"]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("http://{closed}");
    let away = run(data, &["timers", "list", "--server", &closed]).await;
    away.refused(2, &["no server at", "sereno serve"]);
    let wrong = run(data, &["timers", "list", "--server", "sereno.example"]).await;
    wrong.refused(2, &["--server", "must be a URL"]);
    let answer = run(data, &["timers", "fire", "soon", "--json"]).await;
    assert_eq!((answer.code, &answer.json()["status"]), (1, &json!(400)), "the API's own answer");
    for noun in ["endpoints", "deliveries", "dead-letters", "timers", "tenants"] {
        run(data, &[noun, "--help"]).await.says(&["Usage:", "--json", "Exit code"]);
        run(data, &[noun, "list", "--help"]).await.says(&["--limit", "--all", "--server"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_id_asks_the_server_for_nothing_whatever_the_command() {
    let house = house().await;
    let data = house.data.path();
    for id in ["..", ".", ""] {
        for arguments in [
            &["tenants", "show", id] as &[&str],
            &["tenants", "change", id, "sla_after=7m"],
            &["tenants", "delete", id, "--yes"],
            &["tenants", "keys", "list", id],
            &["tenants", "keys", "create", id],
            &["tenants", "keys", "revoke", "default", id],
            &["deliveries", "show", id],
            &["deliveries", "retry", id],
            &["deliveries", "job", id],
            &["deliveries", "job", id, "--cancel"],
            &["dead-letters", "show", id],
            &["dead-letters", "retry", id],
            &["dead-letters", "discard", id],
            &["timers", "fire", id],
            &["timers", "cancel", id],
        ] {
            run(data, arguments).await.refused(2, &["is no id", "from the list"]);
        }
    }
    // Others that look alike are ids, of which there are none.
    run(data, &["tenants", "show", "%2e%2e"]).await.refused(1, &["(4"]);
    run(data, &["deliveries", "show", "../tenants"]).await.refused(1, &["(4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_that_is_closed_early_is_no_accident() {
    let house = house().await;
    house.endpoint(json!({"kind": "webhook", "target": "http://127.0.0.1:9/"})).await;
    let events: Vec<Value> =
        (0..1_000).map(|n| json!({"event_type": "a.b", "data": {"n": n}})).collect();
    house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
    for arguments in [
        &["deliveries", "list", "--all"] as &[&str],
        &["deliveries", "list", "--all", "--json"],
        &["deliveries", "list", "--help"],
    ] {
        let mut command = sereno(house.data.path(), arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            // As `head -0` does.
            drop(child.stdout.take());
            child.wait_with_output().unwrap()
        });
        let output = run.await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert!(output.status.code().is_some(), "{arguments:?} was killed");
    }
}
