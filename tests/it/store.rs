//! The data directory as its owner handles it: copied, put back, checked, damaged, older.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Process, all_there, book_until_it_ends};

const NOWHERE: &str = "http://127.0.0.1:9";

fn sereno(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sereno"));
    command.args(arguments).arg("--data").arg(data).output().unwrap()
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Starts, books for a while, kills; answers what was acknowledged.
async fn booked_and_killed(data: &Path, round: u64) -> Vec<String> {
    let server = Process::start(data, NOWHERE);
    let load = book_until_it_ends(&server.client(data), round);
    tokio::time::sleep(Duration::from_millis(400)).await;
    server.kill();
    load.join_all().await.into_iter().flatten().collect()
}

fn segments(data: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(data.join("journal")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|name| name == "journal")).collect();
    segments.sort();
    segments
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_backup_of_a_running_server_holds_all_that_was_acknowledged_before() {
    let home = tempfile::tempdir().unwrap();
    let (data, copy, other) =
        (home.path().join("data"), home.path().join("copy"), home.path().join("other"));
    let server = Process::start(&data, NOWHERE);
    let client = server.client(&data);
    let mut before = Vec::new();
    for number in 0..300 {
        let id = format!("before-{number}");
        let event = json!({"event_id": id, "event_type": "reservation.created",
            "data": {"reservation_id": id, "date_time": "2099-01-01T20:00:00Z"}});
        client.post("/api/v1/events", &event).await.unwrap();
        before.push(id);
    }
    let load = book_until_it_ends(&client, 1);
    let (from, to) = (data.clone(), copy.clone());
    let backup =
        tokio::task::spawn_blocking(move || sereno(&["backup", to.to_str().unwrap()], &from));
    let backup = backup.await.unwrap();
    assert!(backup.status.success(), "{}", said(&backup));
    assert!(said(&backup).contains("verified"), "{}", said(&backup));
    server.kill();
    drop(load.join_all().await);

    let again = sereno(&["backup", copy.to_str().unwrap()], &data);
    assert!(!again.status.success() && said(&again).contains("not empty"), "{}", said(&again));
    let restored = sereno(&["restore", copy.to_str().unwrap()], &other);
    assert!(restored.status.success(), "{}", said(&restored));
    let server = Process::start(&other, NOWHERE);
    all_there(&server.client(&other), before.iter()).await;
    let timers = server.client(&other).get("/api/v1/timers").await.unwrap();
    assert!(!timers["items"].as_array().unwrap().is_empty(), "timers come back too");
    let onto = sereno(&["restore", copy.to_str().unwrap()], &data);
    assert!(!onto.status.success() && said(&onto).contains("not empty"), "{}", said(&onto));
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_an_index_that_is_gone_cut_or_noise_is_built_again_and_nothing_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut all = Vec::new();
    for (round, harm) in (0_u64..).zip(["whole", "gone", "cut", "noise", "empty"]) {
        all.extend(booked_and_killed(&data, round).await);
        let db = data.join("index/db");
        let size = fs::metadata(&db).unwrap().len();
        match harm {
            "gone" => fs::remove_dir_all(data.join("index")).unwrap(),
            "cut" => {
                fs::OpenOptions::new().write(true).open(&db).unwrap().set_len(size / 3).unwrap()
            }
            "noise" => fs::write(&db, vec![0x5A; usize::try_from(size).unwrap()]).unwrap(),
            "empty" => fs::write(&db, []).unwrap(),
            _ => {}
        }
        let server = Process::start(&data, NOWHERE);
        all_there(&server.client(&data), all.iter()).await;
        server.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_finds_a_flipped_bit_and_passes_what_is_whole() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    booked_and_killed(&data, 0).await;
    let running = Process::start(&data, NOWHERE);
    let checked = sereno(&["check", "--store"], &data);
    assert!(checked.status.success() && said(&checked).contains("stop the server"));
    running.kill();
    let checked = sereno(&["check", "--store", "--json"], &data);
    let findings: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((checked.status.code(), &findings["ok"]), (Some(0), &json!(true)), "{findings}");
    assert!(findings["findings"][2]["detail"].as_str().unwrap().contains("compared"));

    let segment = segments(&data).remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[8_192 + 400] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let checked = sereno(&["check", "--store"], &data);
    assert_eq!(checked.status.code(), Some(1));
    assert!(said(&checked).contains("FAIL  journal"), "{}", said(&checked));
    let nowhere = sereno(&["check", "--store"], &home.path().join("nowhere"));
    assert!(said(&nowhere).contains("--data"), "{}", said(&nowhere));
}

/// A directory that the version before the journal wrote: an index alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_from_before_the_journal_opens_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/index-only.tar.gz");
    let unpacked = Command::new("tar").arg("xzf").arg(archive).current_dir(home.path()).status();
    assert!(unpacked.unwrap().success());
    let data = home.path().join("data");
    for round in 0..3 {
        let server = Process::start(&data, NOWHERE);
        let client = server.client(&data);
        let booking = client.get("/api/v1/reservations/R-old").await.unwrap();
        assert_eq!((&booking["status"], &booking["name"]), (&json!("booked"), &json!("Ana")));
        let long = client.get("/api/v1/events/old-3").await.unwrap();
        assert_eq!(long["data"]["text"].as_str().unwrap().len(), 9_000);
        let endpoints = client.get(crate::support::ENDPOINTS).await.unwrap();
        assert_eq!(endpoints["items"][0]["id"], 1);
        let again = json!({"event_id": "old-1", "event_type": "client.created"});
        assert_eq!(client.post("/api/v1/events", &again).await.unwrap()["duplicates"], 1);
        server.kill();
        if round == 1 {
            fs::remove_dir_all(data.join("index")).unwrap();
        }
    }
}
