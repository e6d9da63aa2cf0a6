//! A receiver of HTTP requests that answers whatever it is told to.

use http::{HeaderMap, HeaderName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

/// What the receiver does with each request.
#[derive(Clone)]
pub(super) enum Play {
    /// Writes these bytes and closes.
    Answer(String),
    /// Writes this head and then a body without end.
    Flood(&'static str),
    /// Writes this head and then nothing.
    Stall(&'static str),
    /// Reads and says nothing.
    Hang,
    /// Closes as soon as it has read.
    Close,
}

pub(crate) struct Receiver {
    pub(crate) url: Url,
    pub(crate) requests: mpsc::UnboundedReceiver<(HeaderMap, Vec<u8>)>,
    // Held so that the receiver ends with its test.
    _tasks: JoinSet<()>,
}

impl Receiver {
    pub(super) async fn start(play: Play) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook/PATH", listener.local_addr().unwrap());
        let (tx, requests) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                if let Some(request) = read(&mut stream).await {
                    tx.send(request).unwrap();
                }
                perform(&mut stream, &play).await;
            }
        });
        Self { url: Url::parse(&url).unwrap(), requests, _tasks: tasks }
    }

    pub(crate) async fn answering(status: &str, headers: &str, body: &str) -> Self {
        Self::start(Play::Answer(answer(status, headers, body))).await
    }
}

pub(super) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

pub(super) async fn read(stream: &mut TcpStream) -> Option<(HeaderMap, Vec<u8>)> {
    let mut bytes = Vec::new();
    let split = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
    let mut headers = HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
    let mut body = bytes.split_off(split + 4);
    while body.len() < length {
        stream.read_buf(&mut body).await.ok()?;
    }
    Some((headers, body))
}

async fn perform(stream: &mut TcpStream, play: &Play) {
    match play {
        Play::Answer(text) => stream.write_all(text.as_bytes()).await.unwrap(),
        Play::Flood(head) => {
            stream.write_all(head.as_bytes()).await.unwrap();
            while stream.write_all(&[b'x'; 4_096]).await.is_ok() {}
        }
        Play::Stall(head) => {
            stream.write_all(head.as_bytes()).await.unwrap();
            std::future::pending().await
        }
        Play::Hang => std::future::pending().await,
        Play::Close => {}
    }
}
