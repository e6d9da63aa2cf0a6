//! A mail server that takes every mail, or refuses the first ones as it is told.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use mailin_embedded::{Handler, Response, Server, SslConfig};
use parking_lot::Mutex;

use super::{Inbox, any_port};

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Who sends it, by the envelope.
    pub from: String,
    /// Who gets it, by the envelope.
    pub to: Vec<String>,
    /// Headers and body.
    pub content: String,
}

/// A receiver of mail. Its thread lives as long as the process: the library has no way to end it.
#[derive(Debug)]
pub struct SmtpReceiver {
    /// What came.
    pub inbox: Arc<Inbox<Mail>>,
    refusals: Arc<Mutex<VecDeque<u16>>>,
    address: SocketAddr,
}

#[derive(Clone)]
struct Conversation {
    inbox: Arc<Inbox<Mail>>,
    refusals: Arc<Mutex<VecDeque<u16>>>,
    from: String,
    to: Vec<String>,
    content: Vec<u8>,
}

impl SmtpReceiver {
    /// Starts one.
    pub fn start() -> Result<Self, String> {
        let listener = TcpListener::bind(any_port()).map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let inbox = Inbox::new();
        let refusals: Arc<Mutex<VecDeque<u16>>> = Arc::default();
        let mut server = Server::new(Conversation {
            inbox: Arc::clone(&inbox),
            refusals: Arc::clone(&refusals),
            from: String::new(),
            to: Vec::new(),
            content: Vec::new(),
        });
        server.with_name("mail.localhost").with_tcp_listener(listener);
        server.with_ssl(SslConfig::None).map_err(|error| error.to_string())?;
        let named = thread::Builder::new().name("smtp-receiver".to_owned());
        let spawned = named.spawn(move || {
            if let Err(error) = server.serve() {
                tracing::warn!(%error, "the mail receiver ended");
            }
        });
        spawned.map_err(|error| error.to_string())?;
        Ok(Self { inbox, refusals, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers the next mails with these codes instead of taking them.
    pub fn refuse(&self, codes: impl IntoIterator<Item = u16>) {
        self.refusals.lock().extend(codes);
    }
}

impl Handler for Conversation {
    fn helo(&mut self, _ip: IpAddr, _domain: &str) -> Response {
        mailin_embedded::response::OK
    }

    fn mail(&mut self, _ip: IpAddr, _domain: &str, from: &str) -> Response {
        self.from = from.to_owned();
        self.to.clear();
        mailin_embedded::response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.to.push(to.to_owned());
        mailin_embedded::response::OK
    }

    fn data_start(
        &mut self,
        _domain: &str,
        _from: &str,
        _is8bit: bool,
        _to: &[String],
    ) -> Response {
        self.content.clear();
        mailin_embedded::response::OK
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.content.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        if let Some(code) = self.refusals.lock().pop_front() {
            return Response::custom(code, "not now".to_owned());
        }
        self.inbox.put(Mail {
            from: self.from.clone(),
            to: self.to.clone(),
            content: String::from_utf8_lossy(&self.content).into_owned(),
        });
        mailin_embedded::response::OK
    }
}
