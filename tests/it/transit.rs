//! What is under way over slow connections, bodies that come in and answers that go out, is bounded for each
//! sender, and leaves room for others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::json;
use sereno_actors::limits::answers::ROOM_PATIENCE_MS;

use crate::sources_inbound::{SECRET, TENANT, hex, hmac, post};
use crate::support::{House, PATIENCE};

const BODY: usize = 4 << 20;

/// Sends a body but for its last byte, and answers with the connection.
fn unfinished(house: &House, path: &str) -> TcpStream {
    let mut stream = connect(house);
    let head = format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {BODY}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // Where it is refused, the server stops reading.
    stream.write_all(&vec![b'x'; BODY - 1]).ok();
    stream
}

fn connect(house: &House) -> TcpStream {
    TcpStream::connect(house.base.trim_start_matches("http://")).unwrap()
}

/// The status that came, if one came within this time.
fn status(stream: &mut TcpStream, patience: Duration) -> Option<String> {
    stream.set_read_timeout(Some(patience)).unwrap();
    let mut line = [0; 12];
    stream.read_exact(&mut line).ok()?;
    Some(String::from_utf8_lossy(&line)[9..].to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_bodies_that_do_not_end_use_up_their_senders_share_and_no_more() {
    let house = House::new().await;
    let source = json!({"verifier": "github", "secret": SECRET});
    house.api.patch(TENANT, &json!({"sources": {"s": source}})).await.unwrap();
    // 64 MiB are 16 bodies: one waits.
    let open: Vec<TcpStream> = thread::scope(|scope| {
        let begun: Vec<_> =
            (0..17).map(|_| scope.spawn(|| unfinished(&house, "/webhooks/in/default/s"))).collect();
        begun.into_iter().map(|begun| begun.join().unwrap()).collect()
    });

    let small = br#"{"a": 1}"#;
    let signed = |body: &[u8]| {
        let signature = format!("sha256={}", hex(&hmac(SECRET.as_bytes(), body)));
        let event = ("X-GitHub-Event", "push".to_owned());
        vec![("X-Hub-Signature-256", signature), event]
    };
    let (code, _, answer) = post(&house, "/webhooks/in/default/s", &signed(small), small).await;
    assert_eq!(code, 200, "what is small always goes in: {answer}");
    let mut nowhere = unfinished(&house, "/webhooks/in/default/nosuch");
    nowhere.write_all(b"x").unwrap();
    assert_eq!(status(&mut nowhere, PATIENCE).as_deref(), Some("404"), "it is not even kept");

    tokio::time::sleep(Duration::from_millis(ROOM_PATIENCE_MS + 1_000)).await;
    let told: Vec<String> = open
        .into_iter()
        .map(|mut stream| {
            stream.write_all(b"x").unwrap();
            status(&mut stream, PATIENCE).unwrap()
        })
        .collect();
    let refused = told.iter().filter(|status| **status == "503").count();
    assert_eq!(refused, 1, "{told:?}");
    // The first of the others are told why, the rest that they were too many.
    assert!(told.iter().all(|status| ["401", "429", "503"].contains(&&**status)), "{told:?}");
    let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(3 << 20));
    let headers = signed(large.as_bytes());
    let (code, _, answer) =
        post(&house, "/webhooks/in/default/s", &headers, large.as_bytes()).await;
    assert_eq!(code, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_a_letter_that_nobody_takes_costs_its_reader_its_share() {
    let house = House::new().await;
    let source = json!({"verifier": "github", "secret": SECRET});
    house.api.patch(TENANT, &json!({"sources": {"s": source}})).await.unwrap();
    let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(3 << 20));
    let signature = format!("sha256={}", hex(&hmac(SECRET.as_bytes(), large.as_bytes())));
    let headers = [("X-Hub-Signature-256", signature), ("X-GitHub-Event", "push".to_owned())];
    let (_, _, answer) = post(&house, "/webhooks/in/default/s", &headers, large.as_bytes()).await;
    let path = format!("/api/v1/inbound-log/{}", answer["id"].as_str().unwrap());
    let whole = house.raw("GET", &path, "").await.1.to_string().len();
    let key = house.key();
    let ask = || {
        let mut stream = connect(&house);
        let head = format!("GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let status = status(&mut stream, PATIENCE);
        (stream, status.unwrap())
    };
    let unread: Vec<_> = (0..24).map(|_| ask()).collect();
    let given = unread.iter().filter(|(_, status)| status == "200").count();
    assert!(given >= 1 && given <= (64 << 20) / whole + 1, "{given} answers of {whole} bytes");
    assert!(unread.iter().all(|(_, status)| ["200", "503"].contains(&status.as_str())));
    drop(unread);
    let again = async {
        while ask().1 != "200" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}
