//! `sereno bench`, in runs that are too small to measure anything: it counts right, and says what it did.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

fn bench(files: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sereno"))
        .arg("bench")
        .args(arguments)
        .current_dir(files.path())
        .env("TMPDIR", files.path())
        .output()
        .unwrap()
}

/// Runs a bench that must go well; answers its table and its JSON.
fn well(arguments: &[&str]) -> (String, Value) {
    let files = tempfile::tempdir().unwrap();
    let output = bench(&files, &[arguments, &["--json", "b.json", "--svg", "b.svg"]].concat());
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let svg = std::fs::read_to_string(files.path().join("b.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
    let json = std::fs::read_to_string(files.path().join("b.json")).unwrap();
    let left = std::fs::read_dir(files.path()).unwrap().count();
    assert_eq!(left, 2, "the directory of the server is gone");
    (out, serde_json::from_str(&json).unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn c06_bench_deliver_counts_what_was_accepted_delivered_and_recorded() {
    let (out, json) = well(&["deliver", "--events", "200", "--endpoints", "2"]);
    let details = &json["details"];
    assert_eq!((&details["delivered"], &details["recorded"]), (&400.into(), &400.into()));
    assert!(out.contains("server CPU for an event") && out.contains("physical limit"), "{out}");
    let rate = json["figures"][0]["value"].as_f64().unwrap();
    assert!(rate > 0.0 && json["figures"][0]["physical_limit"].as_f64().unwrap() > 0.0, "{json}");
}

#[test]
fn c06_bench_fanout_reaches_every_endpoint_in_every_round() {
    let (_, json) = well(&["fanout", "--endpoints", "40", "--rounds", "3"]);
    let details = &json["details"];
    assert_eq!((&details["delivered"], &details["recorded"]), (&120.into(), &120.into()));
    assert_eq!(details["recorded_per_second_each_round"].as_array().unwrap().len(), 3);
}

#[test]
fn f04_bench_neighbours_compares_a_healthy_tenant_with_itself_alone() {
    let arguments = ["neighbours", "--quick", "--seconds", "1", "--only", "burst"];
    let (out, json) = well(&arguments);
    let scenarios = json["details"]["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 2);
    for scenario in scenarios {
        assert_eq!((&scenario["sent"], &scenario["arrived"]), (&50.into(), &50.into()), "{out}");
    }
    assert!(out.contains("a burst of 5,000") && out.contains("limits.deliveries_per_minute"));
}

#[test]
fn f04_bench_backlog_lets_a_dead_endpoint_come_back_and_take_all_of_it() {
    let (out, json) = well(&["backlog", "--events", "200", "--drain", "--seconds", "0"]);
    assert_eq!(
        (&json["details"]["events"], &json["details"]["drained"]),
        (&200.into(), &true.into())
    );
    assert!(out.contains("drained"), "{out}");
}

#[test]
fn d07_bench_inbound_counts_letters_that_were_answered_and_read() {
    let (out, json) = well(&["inbound", "--rate", "50", "--seconds", "1"]);
    assert_eq!(json["details"]["letters"], 50);
    assert!(json["figures"][0]["value"].as_f64().unwrap() > 0.0, "{json}");
    assert!(out.contains("answered, median") && out.contains("all read"), "{out}");
}

#[test]
fn what_a_bench_cannot_do_is_said_before_it_begins() {
    for (arguments, word) in [
        (&["deliver", "--events", "0"] as &[&str], "0 is not in"),
        (&["deliver", "--server", "http://127.0.0.1:1"], "--key"),
        (&["deliver", "--server", "ftp://x", "--key", "k"], "must be a URL such as"),
        (&["fanout", "--endpoints", "10001"], "10001 is not in"),
        (&["neighbours", "--only", "ghost"], "ghost"),
        (&["backlog", "--json", "no/such/place.json"], "cannot write no/such/place.json"),
        (&["deliver", "--server", "http://127.0.0.1:1", "--key", "k"], "no server at"),
        (&["speed"], "speed"),
    ] {
        let files = tempfile::tempdir().unwrap();
        let output = bench(&files, arguments);
        let err = text(&output.stderr);
        assert!(!output.status.success() && err.contains(word), "{arguments:?}: {err}");
        assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 0, "{arguments:?}");
    }
}

#[test]
fn ctrl_c_ends_a_bench_and_takes_its_server_and_its_directory_away() {
    let files = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sereno"))
        .args(["bench", "backlog", "--events", "20000000"])
        .env("TMPDIR", files.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let credentials = || {
        let entries = std::fs::read_dir(files.path()).unwrap().flatten();
        entries.into_iter().any(|entry| entry.path().join("credentials").exists())
    };
    while !credentials() {
        assert!(Instant::now() < deadline, "its server did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(130));
    assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 0, "its directory is gone");
}
