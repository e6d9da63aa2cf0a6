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
    let endpoint = json!({"kind": "webhook", "target": "http://127.0.0.1:9/x"});
    let client = running.client(&data);
    client.post(crate::support::ENDPOINTS, &endpoint).await.unwrap();
    let event = json!({"event_type": "order.paid", "event_id": "tried", "data": {}});
    client.post("/api/v1/events", &event).await.unwrap();
    let is_tried = |event: &Value| event["deliveries"][0]["attempts"].as_u64() >= Some(1);
    while !is_tried(&client.get("/api/v1/events/tried").await.unwrap()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let checked = sereno(&["check", "--store"], &data);
    assert!(checked.status.success() && said(&checked).contains("stop the server"));
    running.kill();
    // A start brings the index up to the end of the journal.
    Process::start(&data, NOWHERE).stop();
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
    assert!(said(&checked).contains("pass  index"), "{}", said(&checked));
    assert!(said(&checked).contains("keep it"), "the only whole copy: {}", said(&checked));
    let nowhere = sereno(&["check", "--store"], &home.path().join("nowhere"));
    assert!(said(&nowhere).contains("--data"), "{}", said(&nowhere));
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_copy_that_is_not_whole_is_no_backup() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let copy = home.path().join("copy");
    booked_and_killed(&data, 0).await;
    assert!(sereno(&["backup", copy.to_str().unwrap()], &data).status.success());
    let inside = data.join("backups/1");
    let inside = sereno(&["backup", inside.to_str().unwrap()], &data);
    assert!(said(&inside).contains("inside the data directory"), "{}", said(&inside));
    let (segment, key) = (segments(&copy).pop().unwrap(), copy.join("master.key"));
    let (whole, master) = (fs::read(&segment).unwrap(), fs::read(&key).unwrap());
    let refused = |why: &str| {
        let other = home.path().join("other");
        let restored = sereno(&["restore", copy.to_str().unwrap()], &other);
        assert!(!restored.status.success() && said(&restored).contains(why), "{}", said(&restored));
        assert!(!other.exists(), "nothing is left of it");
    };
    fs::write(&segment, &whole[..whole.len() / 2]).unwrap();
    refused("not as it was");
    fs::remove_file(&segment).unwrap();
    refused("not as it was");
    fs::write(&segment, whole).unwrap();
    fs::remove_file(&key).unwrap();
    refused("master.key");
    fs::write(&key, master).unwrap();
    fs::rename(copy.join("manifest.json"), home.path().join("manifest.json")).unwrap();
    refused("no manifest");
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_what_is_missing_for_good_is_named_and_given_up_only_on_request() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let all = booked_and_killed(&data, 0).await;
    Process::start(&data, NOWHERE).stop();
    // A flipped bit in the middle of the journal hurts nobody as long as the index is whole …
    let segment = segments(&data).remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[8_192 + 4_000] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let intact = home.path().join("intact");
    copy_directory(&data, &intact);
    let server = Process::start(&data, NOWHERE);
    all_there(&server.client(&data), all.iter()).await;
    // … and is noticed while it is, so that a snapshot takes its place.
    let snapshots = data.join("snapshots");
    while fs::read_dir(&snapshots).map_or(0, Iterator::count) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.stop();
    fs::remove_dir_all(data.join("index")).unwrap();
    let server = Process::start(&data, NOWHERE);
    all_there(&server.client(&data), all.iter()).await;
    server.kill();

    // Without the index there is nothing that has it: refused, until somebody says otherwise.
    fs::remove_dir_all(intact.join("index")).unwrap();
    let refused = sereno(&["serve", "--listen", "127.0.0.1:0"], &intact);
    let words = said(&refused);
    assert!(!refused.status.success() && words.contains("--salvage"), "{words}");
    assert!(words.contains("groups"), "{words}");
    let salvaging = Process::start_with(&intact, NOWHERE, &["--salvage"]);
    let client = salvaging.client(&intact);
    let mut left = 0;
    for id in &all {
        left += usize::from(client.get(&format!("/api/v1/events/{id}")).await.is_ok());
    }
    assert!(left > 0 && left < all.len(), "{left} of {} are left", all.len());
    let event = json!({"event_id": "after", "event_type": "a.b"});
    client.post("/api/v1/events", &event).await.unwrap();
    salvaging.kill();
    let server = Process::start(&intact, NOWHERE);
    assert!(server.client(&intact).get("/api/v1/events/after").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_store_whose_end_is_gone_says_so() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    booked_and_killed(&data, 0).await;
    Process::start(&data, NOWHERE).stop();
    // An index and a journal that both end too early, as after a copy that was broken off.
    let early = home.path().join("early");
    copy_directory(&data, &early);
    fs::copy(data.join("index.mark"), home.path().join("mark")).unwrap();
    let server = Process::start(&data, NOWHERE);
    let event = json!({"event_id": "late", "event_type": "a.b"});
    server.client(&data).post("/api/v1/events", &event).await.unwrap();
    server.stop();
    fs::copy(data.join("index.mark"), early.join("index.mark")).unwrap();
    let refused = sereno(&["serve", "--listen", "127.0.0.1:0"], &early);
    let words = said(&refused);
    assert!(!refused.status.success() && words.contains("index.mark"), "{words}");
    // A mark with a wrong digit says nothing at all.
    fs::write(early.join("index.mark"), "9999 9999 00000000\n").unwrap();
    Process::start(&early, NOWHERE).kill();
}

fn copy_directory(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status().unwrap();
    assert!(copied.success());
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
