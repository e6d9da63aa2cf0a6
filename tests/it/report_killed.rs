//! The weekly report across kill -9: due while nobody is there, made late, and never twice.

use std::time::Duration;

use serde_json::json;
use sereno::client::Client;
use sereno::receiver::smtp::SmtpReceiver;
use sereno_workflows::report::Week;
use sereno_workflows::time::{self, Span, Timestamp};

use crate::process::Process;
use crate::support::{PATIENCE, moment};

fn now() -> Timestamp {
    Timestamp::from_rfc3339(&moment(0)).unwrap()
}

async fn made(client: &Client) -> usize {
    let page = client.get("/api/v1/events?type=report.weekly.ready").await.unwrap();
    page["items"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_a_report_that_was_due_while_the_server_was_dead_is_made_once_however_often_it_is_killed()
 {
    let data = tempfile::tempdir().unwrap();
    let mail = SmtpReceiver::start().unwrap();
    let utc = time::zone("UTC").unwrap();
    // A report is due on the minute: the next one that leaves time to set it.
    let due = Timestamp((now().0 + 5_000).div_euclid(60_000) * 60_000 + 60_000);
    let wall = due.wall(&utc);
    let server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    let settings = json!({
        "timezone": "UTC",
        "smtp": {"host": mail.address().ip().to_string(), "port": mail.address().port(),
                 "from": "sereno@trattoria.example"},
        "reports": {"weekly": {"to": ["manager@trattoria.example"],
            "day": wall.strftime("%A").to_string(), "at": wall.strftime("%H:%M").to_string()}},
    });
    client.patch("/api/v1/admin/tenants/default", &settings).await.unwrap();
    let report = client.get("/api/v1/reports/weekly").await.unwrap();
    assert_eq!(report["schedule"]["due_at"], due.to_rfc3339());
    server.kill();
    assert!(now() < due, "it was dead in time");
    tokio::time::sleep(Duration::from_millis(due.since(now()).0 + 100)).await;
    for pause in [0, 5, 20, 60, 150, 400] {
        let server = Process::start(data.path(), "http://127.0.0.1:9");
        tokio::time::sleep(Duration::from_millis(pause)).await;
        server.kill();
    }
    let server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    let mails = mail.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert_eq!(mails[0].to, ["manager@trattoria.example"]);
    let report = client.get("/api/v1/reports/weekly").await.unwrap();
    let last = Week::last_whole(due, &utc).to_string();
    assert_eq!(report["schedule"]["last_week"], last);
    assert_eq!(report["schedule"]["due_at"], due.after(Span::hours(7 * 24)).to_rfc3339());
    assert!(mails[0].subject().contains(&last), "{}", mails[0].subject());
    assert_eq!(made(&client).await, 1);
    server.stop();
    let server = Process::start(data.path(), "http://127.0.0.1:9");
    assert_eq!(made(&server.client(data.path())).await, 1);
    // A mail whose answer a kill took along may come again, and is known by its id.
    let id = |content: &str| {
        let line =
            content.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"));
        line.map(str::to_owned)
    };
    let mut ids: Vec<_> = mail.inbox.all().iter().map(|mail| id(&mail.content)).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}
