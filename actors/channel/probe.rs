//! A look at an endpoint: every step of the way to it, and to whoever gives out tokens for it, but the last, so that
//! nothing arrives.
//!
//! It goes the way that a delivery goes, by the same guard and the same trust, and says at which step it
//! ends. What is told holds the origin of a URL and never its path, which may be a secret.

mod tls;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sereno_workflows::check::Course;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Timestamp;
use sereno_workflows::why::TOKEN_ENDPOINT;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use url::{Host, Url};

use super::auth::Auth;
use super::reply::snippet;
use super::tls::Tls;
use super::{Channels, Destination, Load};
use crate::limits::CHECK_PROBE_MS;
use crate::limits::connections::CONNECT_TIMEOUT_MS;

/// Which of an endpoint's addresses is looked at, in the words of the advice.
#[derive(Debug, Clone, Copy)]
struct Door {
    /// The field that says it.
    field: &'static str,
    /// Who is behind it.
    who: &'static str,
}

const TARGET: Door = Door { field: "target", who: "the receiver" };
const TOKEN: Door = Door { field: "auth.token_url", who: "the token endpoint (auth.token_url)" };

impl Channels {
    /// Goes the way to a destination up to its door, and to that of whoever gives out tokens for it.
    pub(crate) async fn probe(&self, destination: &Destination, now: Timestamp, way: &mut Course) {
        match destination {
            Destination::Webhook { to, auth, manner, .. } => {
                let own = manner.tls.as_ref();
                if let Some(judged) = own.and_then(|own| tls::ours(own, now)) {
                    way.judged("client_certificate", judged);
                }
                let token = async {
                    let Some(Auth::Oauth2(account)) = auth else { return Course::default() };
                    self.look(&account.token_url, own, TOKEN, now).await
                };
                let (target, token) =
                    tokio::join!(self.look(to.url().as_str(), own, TARGET, now), token);
                way.add("", target);
                way.add("token ", token);
            }
            Destination::Slack { to } => {
                way.add("", self.look(to.url().as_str(), None, TARGET, now).await);
            }
            Destination::Email { smtp: Some(_), .. } => {
                way.pass("mail server", "looked at under mail");
            }
            Destination::Email { smtp: None, .. } => way.fail(
                "mail server",
                "none is configured",
                "set smtp in the tenant's settings, or SMTP_HOST for the whole server",
            ),
            Destination::WhatsApp { line, .. } => match line {
                Some(line) if !line.access_token.is_empty() => {
                    way.pass("line", "looked at under whatsapp");
                }
                Some(_) | None => way.fail(
                    "line",
                    "no WhatsApp line is configured",
                    "set whatsapp.phone_number_id and whatsapp.access_token in the tenant's \
                     settings",
                ),
            },
        }
    }

    /// The way to one address, as far as it was gone in time.
    async fn look(&self, url: &str, own: Option<&Tls>, door: Door, now: Timestamp) -> Course {
        let mut way = Course::default();
        let Ok(url) = Url::parse(url) else {
            way.fail("url", "it is none", format!("change the endpoint's {}", door.field));
            return way;
        };
        let patience = Duration::from_millis(CHECK_PROBE_MS);
        if timeout(patience, self.probe_url(&url, own, door, now, &mut way)).await.is_err() {
            let limit_s = patience.as_secs();
            way.fail(
                "time",
                format!("not done within {limit_s} s"),
                "see what of the way to it is slow: its name server, its network, itself",
            );
        }
        way
    }

    /// Sends a test there, as one attempt that nothing keeps, and tells the answer.
    pub(crate) async fn probe_by_test(
        &self,
        destination: &Destination,
        load: &Load,
        now: Timestamp,
        way: &mut Course,
    ) {
        let began = Instant::now();
        let answer = self.attempt(destination, load, now).await;
        let took = began.elapsed().as_millis();
        match answer.outcome {
            Outcome::Done { code } => {
                let said = snippet(&String::from_utf8_lossy(&answer.response));
                let said = if said.is_empty() { said } else { format!(": {said}") };
                way.pass("test", format!("answered {code} in {took} ms{said}"));
            }
            Outcome::Retry { error, .. }
            | Outcome::Dead { error, .. }
            | Outcome::Gone { error, .. } => {
                let advice = match error.starts_with(TOKEN_ENDPOINT) {
                    true => {
                        "see that the endpoint's auth.token_url answers, and that it takes client_id, \
                         client_secret and scope; the receiver itself was not asked"
                    }
                    false => {
                        "see what the receiver says of it; its own log has the request, test.ping"
                    }
                };
                way.fail("test", error, advice);
            }
        }
    }

    async fn probe_url(
        &self,
        url: &Url,
        own: Option<&Tls>,
        door: Door,
        now: Timestamp,
        way: &mut Course,
    ) {
        let Door { field, .. } = door;
        if let Err(problem) = self.guard.check_url(url) {
            let advice = format!("change the endpoint's {field}, or allow its network");
            way.fail("guard", problem, advice);
            return;
        }
        let Some(addresses) = self.resolve(url, door, way).await else { return };
        let Some((stream, address)) = reach(&addresses, door, way).await else { return };
        if url.scheme() == "https" {
            tls::greet(stream, url, own, (door, now), way).await;
        } else if is_public(address.ip()) {
            let advice = format!(
                "use https for the endpoint's {field}: what it is sent can be read on the way"
            );
            way.warn("tls", "none", advice);
        }
    }

    /// The addresses that may be called.
    async fn resolve(&self, url: &Url, door: Door, way: &mut Course) -> Option<Vec<SocketAddr>> {
        let Door { field, .. } = door;
        let port = url.port_or_known_default()?;
        let (host, found) = match url.host()? {
            Host::Ipv4(address) => return Some(literal(address.into(), port, way)),
            Host::Ipv6(address) => return Some(literal(address.into(), port, way)),
            Host::Domain(name) => (name, tokio::net::lookup_host((name, port)).await),
        };
        let found: Vec<SocketAddr> = match found.map(Iterator::collect::<Vec<_>>) {
            Ok(found) if !found.is_empty() => found,
            Ok(_) | Err(_) => {
                let advice = format!(
                    "check the name in the endpoint's {field}, and this machine's name server"
                );
                way.fail("dns", format!("{host} is not found"), advice);
                return None;
            }
        };
        let shown: Vec<String> =
            found.iter().take(3).map(|address| address.ip().to_string()).collect();
        way.pass("dns", shown.join(", "));
        match self.guard.permitted(host, found) {
            Ok(permitted) => {
                way.pass("guard", "lets it through");
                Some(permitted)
            }
            Err(blocked) => {
                let advice = format!("change the endpoint's {field}, or allow its network");
                way.fail("guard", blocked.to_string(), advice);
                None
            }
        }
    }
}

/// An address that stands in the URL itself, which was judged with it.
fn literal(address: IpAddr, port: u16, way: &mut Course) -> Vec<SocketAddr> {
    way.pass("guard", "lets it through");
    vec![SocketAddr::new(address, port)]
}

/// The first of the addresses that answers.
async fn reach(
    addresses: &[SocketAddr],
    door: Door,
    way: &mut Course,
) -> Option<(TcpStream, SocketAddr)> {
    let patience = Duration::from_millis(CONNECT_TIMEOUT_MS);
    let mut problem = "it has no address".to_owned();
    for &address in addresses {
        let began = Instant::now();
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let took = began.elapsed().as_millis();
                way.pass("tcp", format!("{address} in {took} ms"));
                return Some((stream, address));
            }
            Ok(Err(error)) => problem = format!("{address}: {error}"),
            Err(_) => problem = format!("{address}: no answer within {} s", patience.as_secs()),
        }
    }
    let advice = format!("see that {} runs and that no firewall stands between", door.who);
    way.fail("tcp", problem, advice);
    None
}

fn is_public(address: IpAddr) -> bool {
    super::guard::Guard::default().allows(address)
}
