//! A mail server that takes every mail, or refuses the first ones as it is told.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use mailin_embedded::{Handler, Response, Server, SslConfig};
use parking_lot::Mutex;

use super::{Inbox, any_port, mime};

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

impl Mail {
    /// The subject, decoded.
    pub fn subject(&self) -> String {
        mime::subject(&self.content)
    }

    /// The subject and every part, decoded: what a person can read.
    pub fn text(&self) -> String {
        mime::text(&self.content)
    }
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
            // The library would stay inside DATA after an error and swallow the client's next command;
            // RFC 5321 4.1.1.4 ends the mail either way.
            let mut refusal = Response::custom(code, "not now".to_owned());
            refusal.is_error = false;
            return refusal;
        }
        self.inbox.put(Mail {
            from: self.from.clone(),
            to: self.to.clone(),
            content: String::from_utf8_lossy(&self.content).into_owned(),
        });
        mailin_embedded::response::OK
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    /// Speaks line by line and returns the code of each answer, the greeting's first.
    fn conversation(address: SocketAddr, lines: &[&str]) -> Vec<String> {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut answer = || loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.get(3..4) != Some("-") {
                return line.chars().take(3).collect::<String>();
            }
        };
        let mut codes = vec![answer()];
        for line in lines {
            stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
            codes.push(answer());
        }
        codes
    }

    #[tokio::test]
    async fn a_mail_is_refused_as_told_and_then_taken_with_its_envelope() {
        let receiver = SmtpReceiver::start().unwrap();
        receiver.refuse([451]);
        let lines = [
            "EHLO test",
            "MAIL FROM:<from@x.example>",
            "RCPT TO:<to@x.example>",
            "DATA",
            "Subject: hola\r\n\r\nbuenas\r\n.",
            "QUIT",
        ];
        let refused = conversation(receiver.address(), &lines);
        assert_eq!(refused, ["220", "250", "250", "250", "354", "451", "221"]);
        assert_eq!(receiver.inbox.all().len(), 0);
        let taken = conversation(receiver.address(), &lines);
        assert_eq!(taken, ["220", "250", "250", "250", "354", "250", "221"]);
        let mails = receiver.inbox.wait(Duration::from_secs(5), |all| !all.is_empty()).await;
        let mails = mails.unwrap();
        assert_eq!(
            (mails[0].from.as_str(), &mails[0].to[..]),
            ("from@x.example", &["to@x.example".to_owned()][..])
        );
        assert_eq!(
            (mails[0].subject().as_str(), mails[0].text().contains("buenas")),
            ("hola", true)
        );
    }
}
