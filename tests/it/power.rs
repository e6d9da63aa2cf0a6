//! The data directory on a disk of its own, which is cut off or full in the middle of the work.
//!
//! The disk is a file with ext4 on a loop device. Cutting it off (`EXT4_IOC_SHUTDOWN`, without writing
//! out its log) loses everything that the file system had not yet been made to write, as a power cut
//! does. That needs root and loop devices; where they cannot be had, each test says so and passes.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};
use tempfile::TempDir;

use crate::process::{Process, all_there, book_until_it_ends, is_long};
use crate::support::{ENDPOINTS, PATIENCE};

/// A small disk of its own.
struct Disk {
    home: TempDir,
    mounted: PathBuf,
}

/// Linux' `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`.
const CUT: &str = r#"open(my $d, "<", $ARGV[0]) or die $!;
my $how = pack("L", 2); ioctl($d, 0x8004587d, $how) or die "ioctl: $!";"#;

const NOWHERE: &str = "http://127.0.0.1:9";

impl Disk {
    /// A disk of so many MiB, or `None` where none can be had.
    fn new(mib: u64) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let mounted = home.path().join("mounted");
        fs::create_dir(&mounted).unwrap();
        let image = fs::File::create(home.path().join("image")).unwrap();
        image.set_len(mib << 20).unwrap();
        let disk = Self { mounted, home };
        let made = run("mkfs.ext4", &[OsStr::new("-q"), disk.image().as_os_str()]);
        if let Err(problem) = made.and_then(|()| disk.mount()) {
            eprintln!("skipped: no loop device can be had here: {problem}");
            return None;
        }
        Some(disk)
    }

    fn image(&self) -> PathBuf {
        self.home.path().join("image")
    }

    fn data(&self) -> PathBuf {
        self.mounted.join("data")
    }

    fn mount(&self) -> Result<(), String> {
        let options = ["-o", "loop"].map(OsStr::new);
        run("mount", &[options[0], options[1], self.image().as_os_str(), self.mounted.as_os_str()])
    }

    /// Cuts the power.
    fn cut(&self) {
        let script = ["-e", CUT].map(OsStr::new);
        run("perl", &[script[0], script[1], self.mounted.as_os_str()]).unwrap();
    }

    /// Brings the disk back as it was when the power was cut.
    fn power_on(&self) {
        run("umount", &[self.mounted.as_os_str()]).unwrap();
        self.mount().unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &[OsStr::new("-l"), self.mounted.as_os_str()]).ok();
    }
}

fn run(command: &str, arguments: &[&OsStr]) -> Result<(), String> {
    let done = Command::new(command).args(arguments).output();
    let done = done.map_err(|error| format!("{command}: {error}"))?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    if done.status.success() { Ok(()) } else { Err(format!("{command}: {said}")) }
}

/// Books under load, cuts the power, starts again: so many times on one disk. Answers what was
/// acknowledged, and whether the server came up again each time.
async fn cut_again_and_again(
    disk: &Disk,
    rounds: u64,
    environment: &[(&str, &OsStr)],
) -> (BTreeSet<String>, Result<Process, String>) {
    let mut acknowledged = BTreeSet::new();
    let mut server = Process::try_start(&disk.data(), NOWHERE, environment, &[]).unwrap();
    for round in 0..rounds {
        let load = book_until_it_ends(&server.client(&disk.data()), round);
        tokio::time::sleep(Duration::from_millis(300 + (round * 97) % 400)).await;
        disk.cut();
        server.kill();
        let taken: Vec<String> = load.join_all().await.into_iter().flatten().collect();
        assert!(!taken.is_empty(), "nothing was acknowledged in round {round}");
        acknowledged.extend(taken.iter().cloned());
        disk.power_on();
        server = match Process::try_start(&disk.data(), NOWHERE, environment, &[]) {
            Ok(server) => server,
            Err(said) => return (acknowledged, Err(said)),
        };
        if environment.is_empty() {
            all_there(&server.client(&disk.data()), taken.iter()).await;
        }
    }
    (acknowledged, Ok(server))
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_power_cuts_lose_nothing_that_was_acknowledged() {
    let Some(disk) = Disk::new(1_024) else { return };
    let rounds = if is_long() { 60 } else { 6 };
    let (acknowledged, server) = cut_again_and_again(&disk, rounds, &[]).await;
    all_there(&server.unwrap().client(&disk.data()), acknowledged.iter()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_without_its_syncs_the_same_server_does_lose_events() {
    let Some(disk) = Disk::new(512) else { return };
    let never = disk.home.path().join("never.c");
    let library = disk.home.path().join("never.so");
    let functions = "int fsync(int f) { return 0; } int fdatasync(int f) { return 0; }
        int sync_file_range(int f, long o, long n, unsigned g) { return 0; }";
    fs::write(&never, functions).unwrap();
    let flags = ["-shared", "-fPIC", "-o"].map(OsStr::new);
    run("cc", &[flags[0], flags[1], flags[2], library.as_os_str(), never.as_os_str()]).unwrap();
    // What was there before the first cut is on the disk.
    Process::start(&disk.data(), NOWHERE).kill();
    run("sync", &[]).unwrap();
    let unsynced = [("LD_PRELOAD", library.as_os_str())];
    let (acknowledged, server) = cut_again_and_again(&disk, 1, &unsynced).await;
    let Ok(server) = server else { return };
    let client = server.client(&disk.data());
    for id in &acknowledged {
        if client.get(&format!("/api/v1/events/{id}")).await.is_err() {
            return;
        }
    }
    panic!("{} events outlived a power cut without any sync", acknowledged.len());
}

/// Takes all the space of a disk but so many MiB.
fn fill(disk: &Disk, left_mib: u64) -> PathBuf {
    let filler = disk.mounted.join("filler");
    let free = Command::new("df").args(["--output=avail", "-B1M"]).arg(&disk.mounted).output();
    let free = String::from_utf8(free.unwrap().stdout).unwrap();
    let free: u64 = free.lines().nth(1).unwrap().trim().parse().unwrap();
    let length = format!("{}M", free.saturating_sub(left_mib).max(1));
    run("fallocate", &["-l".as_ref(), length.as_ref(), filler.as_os_str()]).unwrap();
    filler
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_full_disk_refuses_events_loses_none_and_goes_on_when_there_is_space() {
    let Some(disk) = Disk::new(400) else { return };
    let behaviour = Behaviour { script: [(500, None), (500, None)].into(), ..Behaviour::default() };
    let crm = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let server = Process::start(&disk.data(), NOWHERE);
    let client = server.client(&disk.data());
    let retry = json!({"first": "1s", "attempts": 9});
    let endpoint = json!({"kind": "webhook", "target": crm.url(), "retry": retry});
    client.post(ENDPOINTS, &endpoint).await.unwrap();
    let event = |id: &str| json!({"event_id": id, "event_type": "client.created"});
    client.post("/api/v1/events", &event("before")).await.unwrap();

    let filler = fill(&disk, 0);
    let refused = async {
        loop {
            match client.post("/api/v1/events", &event("while")).await {
                Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => break error.to_string(),
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await.unwrap();
    assert!(refused.contains("disk is nearly full"), "{refused}");
    crm.inbox.wait(PATIENCE, |all| all.len() >= 3).await.unwrap();

    fs::remove_file(filler).unwrap();
    let taken = async {
        while client.post("/api/v1/events", &event("after")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.unwrap();
    server.kill();
    let server = Process::start(&disk.data(), NOWHERE);
    for id in ["before", "after"] {
        let kept = server.client(&disk.data()).get(&format!("/api/v1/events/{id}")).await;
        assert_eq!(kept.unwrap()["event_id"], id);
    }
}

#[test]
fn a_full_disk_is_named_at_the_start() {
    let Some(disk) = Disk::new(100) else { return };
    fill(&disk, 5);
    let said = serve_fails(&disk.data());
    assert!(said.contains("disk is full") && said.contains("free at least"), "{said}");
}

fn serve_fails(data: &Path) -> String {
    let ended = Command::new(env!("CARGO_BIN_EXE_sereno"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .output()
        .unwrap();
    assert!(!ended.status.success());
    String::from_utf8_lossy(&ended.stderr).into_owned()
}
