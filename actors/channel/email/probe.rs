//! A look at a mail server: up to its word that we may send, and no further.

use std::time::Duration;

use sereno_workflows::check::Course;
use sereno_workflows::line::{Smtp, SmtpSecurity};
use sereno_workflows::retry::Outcome;
use tokio::time::{Instant, timeout};

use super::open::open;
use super::{Server, sender};
use crate::channel::Channels;
use crate::limits::{CHECK_PROBE_MS, QUIT_TIMEOUT_MS};

impl Channels {
    /// Connects, greets, protects the connection, signs in and says goodbye. No mail is sent.
    pub(crate) async fn probe_mail(&self, smtp: &Smtp, by_operator: bool, way: &mut Course) {
        let patience = Duration::from_millis(CHECK_PROBE_MS);
        let server = Server { smtp, by_operator };
        if let Err(problem) = sender(smtp) {
            way.fail("sender", problem, "set the sender's address (smtp.from, or SMTP_FROM)");
        }
        if timeout(patience, self.sign_in(server, way)).await.is_err() {
            let limit_s = patience.as_secs();
            let detail = format!("not done within {limit_s} s");
            way.fail("login", detail, "see that the host and port are the mail server's");
        }
    }

    async fn sign_in(&self, server: Server<'_>, way: &mut Course) {
        let smtp = server.smtp;
        let addresses = match self.addresses(server).await {
            Ok(addresses) => addresses,
            Err(outcome) => {
                let (_, error) = told(outcome);
                way.fail("dns", error, "check the host (smtp.host, or SMTP_HOST)");
                return;
            }
        };
        let began = Instant::now();
        match open(smtp, &addresses).await {
            Ok(mut connection) => {
                let took = began.elapsed().as_millis();
                let signed_in = smtp.user.is_some() && smtp.password.is_some();
                let how = if signed_in { "signed in" } else { "greeted, without signing in" };
                way.pass("login", format!("{how} in {took} ms"));
                let exposed = smtp.security == SmtpSecurity::None
                    && addresses.iter().any(|address| !address.ip().is_loopback());
                if exposed {
                    let advice = "set security to starttls or tls: password and mails can be read \
                                  on the way";
                    way.warn("tls", "none", advice);
                }
                // It may be slow to say goodbye.
                let goodbye = Duration::from_millis(QUIT_TIMEOUT_MS);
                timeout(goodbye, connection.quit()).await.ok();
            }
            Err(outcome) => {
                let (code, error) = told(outcome);
                let advice = match code {
                    530 | 534 | 535 | 538 | 454 => {
                        "check user and password (smtp.user and smtp.password, or SMTP_USER and \
                         SMTP_PASS); many providers want an app password"
                    }
                    _ if error.contains("STARTTLS") || error.contains("certificate") => {
                        "check port and security: 465 is TLS from the first byte, 587 is STARTTLS"
                    }
                    _ => "see that the server runs, and that host and port are its own",
                };
                way.fail("login", error, advice);
            }
        }
    }
}

fn told(outcome: Outcome) -> (i32, String) {
    match outcome {
        Outcome::Done { code } => (code, String::new()),
        Outcome::Retry { code, error, .. }
        | Outcome::Dead { code, error }
        | Outcome::Gone { code, error } => (code, error),
    }
}
