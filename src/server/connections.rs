//! The server's connections: so many at once, and none that is silent for ever.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::Service;

use super::patient::Patient;
use crate::api::address::Peer;

/// Connections open at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 10_000;
/// Bytes that a connection holds of what it reads or writes, beside bodies; a request's head fits in.
const BUFFER_BYTES_MAX: usize = 64 << 10;
/// How long to wait where a connection cannot be accepted, as when there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a client may keep a connection waiting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For a whole request head, at its beginning or later.
    pub(super) head: Duration,
    /// For taking some of what it is sent.
    pub(super) write: Duration,
}

/// What answers requests.
pub(super) trait Routes:
    Service<http::Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<R> Routes for R where
    R: Service<http::Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// Serves until `stop` is ready, then until every request that was begun is answered. A connection whose
/// client takes longer than it may is closed.
pub(super) async fn serve<R: Routes>(
    listener: TcpListener,
    router: R,
    patience: Patience,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head);
    http.max_buf_size(BUFFER_BYTES_MAX);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = async {
            // The semaphore is never closed, so a permit always comes.
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (without_delay(stream), Peer(peer)),
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(Connected { peer, router: router.clone() });
        let stream = TokioIo::new(Patient::new(stream, patience.write));
        let connection = graceful.watch(http.serve_connection(stream, service));
        open.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended in the middle");
            }
            drop(permit);
        });
        while open.try_join_next().is_some() {}
    }
    drop(listener);
    graceful.shutdown().await;
}

/// The routes, for one connection: each of its requests says where it comes from.
#[derive(Clone)]
struct Connected<R> {
    peer: Peer,
    router: R,
}

impl<R: Routes> Service<http::Request<Incoming>> for Connected<R> {
    type Response = Response;
    type Error = Infallible;
    type Future = R::Future;

    fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.router.poll_ready(ctx)
    }

    fn call(&mut self, mut request: http::Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

fn without_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small answers may wait on this connection");
    }
    stream
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use futures_util::stream;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_head_that_never_ends_is_cut_off_and_a_request_that_was_begun_is_answered() {
        let listener = TcpListener::bind(crate::receiver::any_port()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (started, mut begun) = tokio::sync::mpsc::channel(1);
        let (finish, finished) = tokio::sync::watch::channel(false);
        let router = Router::new().route(
            "/",
            get(move || {
                let (started, mut finished) = (started.clone(), finished.clone());
                async move {
                    started.send(()).await.unwrap();
                    finished.wait_for(|&done| done).await.unwrap();
                    "done"
                }
            }),
        );
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let patience =
            Patience { head: Duration::from_millis(200), write: Duration::from_secs(20) };
        let serving = tokio::spawn(serve(listener, router, patience, async {
            stopped.await.ok();
        }));

        let mut silent = TcpStream::connect(address).await.unwrap();
        silent.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        let mut rest = Vec::new();
        silent.read_to_end(&mut rest).await.ok();
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));

        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        begun.recv().await.unwrap();
        stop.send(()).unwrap();
        finish.send(true).unwrap();
        let mut answer = Vec::new();
        asking.read_to_end(&mut answer).await.unwrap();
        assert!(String::from_utf8_lossy(&answer).ends_with("done"));
        serving.await.unwrap();
    }

    /// Tells when it is dropped.
    struct Watched(Option<tokio::sync::oneshot::Sender<()>>);

    impl Drop for Watched {
        fn drop(&mut self) {
            self.0.take().map(|gone| gone.send(()));
        }
    }

    #[tokio::test]
    async fn b10_whoever_does_not_take_its_answer_is_cut_off_and_whoever_is_slow_is_not() {
        let listener = TcpListener::bind(crate::receiver::any_port()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (watched, gone): (Vec<_>, Vec<_>) = (0..2)
            .map(|_| {
                let (gone, is_gone) = tokio::sync::oneshot::channel();
                (Watched(Some(gone)), is_gone)
            })
            .unzip();
        let watched = Arc::new(parking_lot::Mutex::new(watched));
        let endless = move || {
            let watched = watched.lock().pop();
            let chunks = stream::repeat_with(move || {
                // Held by the answer, as the page of an export is.
                let _held = &watched;
                Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 64 << 10]))
            });
            std::future::ready(Body::from_stream(chunks))
        };
        let router = Router::new()
            .route("/endless", get(endless))
            .route("/long", get(|| async { "x".repeat(8 << 20) }));
        let patience =
            Patience { head: Duration::from_secs(20), write: Duration::from_millis(500) };
        let serving = tokio::spawn(serve(listener, router, patience, std::future::pending()));

        let mut deaf = TcpStream::connect(address).await.unwrap();
        deaf.write_all(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        let mut trickling = TcpStream::connect(address).await.unwrap();
        trickling.write_all(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        let trickle = tokio::spawn(async move {
            while trickling.read(&mut [0; 512]).await.is_ok_and(|count| count > 0) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let mut slow = TcpStream::connect(address).await.unwrap();
        let head = b"GET /long HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        slow.write_all(head).await.unwrap();
        let mut taken = 0;
        let mut part = vec![0; 1 << 20];
        loop {
            let count = slow.read(&mut part).await.unwrap();
            if count == 0 {
                break;
            }
            taken += count;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(taken > 8 << 20);
        for is_gone in gone {
            let gone = tokio::time::timeout(Duration::from_secs(20), is_gone).await;
            gone.expect("the answer is still held").unwrap();
        }
        trickle.abort();
        serving.abort();
    }
}
