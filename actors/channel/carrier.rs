//! How webhooks go out: over connections that are kept, and with nothing in between.
//!
//! A client that can follow redirects and repeat requests copies the head of each, whether it is allowed to or not. This
//! is the road of every delivery, so it is the pool of connections alone. What is asked of others goes by reqwest.
//!
//! A connection carries one delivery at a time, by HTTP/1.1. Over HTTP/2 all who deliver to a host would share one, with so
//! many streams as the host allows: whose endpoints are slow there would hold up everybody else's.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::Service;

use super::guard::Guard;
use crate::limits::connections as limits;

/// Posts to addresses that tenants chose.
pub(crate) struct Carrier {
    client: Client<Dialer, Full<Bytes>>,
    user_agent: HeaderValue,
}

impl Carrier {
    /// Connects to nothing yet.
    pub(super) fn new(guard: &Guard, mut tls: ClientConfig, user_agent: HeaderValue) -> Self {
        let mut sockets = HttpConnector::new_with_resolver(guard.clone());
        sockets.enforce_http(false);
        sockets.set_nodelay(true);
        let probing = Some(Duration::from_millis(limits::TCP_PROBE_MS));
        sockets.set_keepalive(probing);
        sockets.set_keepalive_interval(probing);
        sockets.set_keepalive_retries(Some(limits::TCP_PROBES));
        #[cfg(target_os = "linux")]
        sockets.set_tcp_user_timeout(Some(Duration::from_millis(limits::TCP_UNACKNOWLEDGED_MS)));
        // The connector names its protocol itself.
        tls.alpn_protocols.clear();
        let inner = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(sockets);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_millis(limits::IDLE_CONNECTION_MS))
            .pool_max_idle_per_host(limits::IDLE_CONNECTIONS_PER_HOST_MAX)
            .build(Dialer { inner });
        Self { client, user_agent }
    }

    /// Posts a body; what is answered becomes the head of what comes back. It sets no deadline.
    pub(super) fn post(&self, to: Uri, mut headers: HeaderMap, body: Bytes) -> ResponseFuture {
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = to;
        *request.headers_mut() = headers;
        self.client.request(request)
    }
}

/// Connects, to the end of the greeting over TLS, within a time.
#[derive(Clone)]
struct Dialer {
    inner: HttpsConnector<HttpConnector<Guard>>,
}

impl Service<Uri> for Dialer {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.inner.call(to);
        Box::pin(async move {
            let patience = Duration::from_millis(limits::CONNECT_TIMEOUT_MS);
            match tokio::time::timeout(patience, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}
