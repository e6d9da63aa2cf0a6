//! Keeps tenants' targets out of the operator's network.
//!
//! An address is checked at three moments: when a URL is saved, when an attempt begins, and when a
//! name is looked up, where forbidden answers are dropped and the connection goes to one that was
//! checked. So a name that changes its address in between gains nothing. HTTP clients do not look
//! up literal addresses, which is why the URL is checked apart from its name.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The special-purpose blocks of the IANA registries, and Azure's metadata address, which is in a
/// public block.
const FORBIDDEN_V4: [([u8; 4], u8); 17] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([168, 63, 129, 16], 32),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];
/// Only 2000::/3 is public, and not these of it.
const FORBIDDEN_V6: [([u16; 8], u8); 5] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16),
];

/// Knows which addresses endpoints may have.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard {
    allowed: Arc<Vec<IpNet>>,
}

/// An address that endpoints may not have.
#[derive(Debug)]
struct Blocked(String);

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host) = self;
        write!(
            f,
            "{host} is a private address; if it is meant to be reached, the operator allows its \
             network with SERENO_ALLOW_PRIVATE_TARGETS"
        )
    }
}

impl Error for Blocked {}

impl Guard {
    pub(super) fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed: Arc::new(allowed) }
    }

    /// Checks everything of a URL that can be checked without looking its name up.
    pub(super) fn check_url(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("must begin with http:// or https://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not contain a user or password; use auth".to_owned());
        }
        let address = match url.host() {
            None => return Err("must have a host".to_owned()),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(name)) if is_local_name(name) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(Host::Domain(_)) => return Ok(()),
        };
        if self.permits(address) {
            return Ok(());
        }
        Err(Blocked(url.host_str().unwrap_or_default().to_owned()).to_string())
    }

    /// Whether an endpoint may have this address.
    fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|net| net.contains(&address)) || is_public(address)
    }
}

/// Why a request was not made, if the guard stopped it.
pub(super) fn blocked(error: &reqwest::Error) -> Option<String> {
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = source {
        if let Some(blocked) = cause.downcast_ref::<Blocked>() {
            return Some(blocked.to_string());
        }
        source = cause.source();
    }
    None
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !FORBIDDEN_V4.iter().any(|&(net, bits)| {
            Ipv4Net::new(Ipv4Addr::from(net), bits).is_ok_and(|net| net.contains(&address))
        }),
        IpAddr::V6(address) => {
            let global = (address.segments()[0] & 0xe000) == 0x2000;
            global
                && !FORBIDDEN_V6.iter().any(|&(net, bits)| {
                    Ipv6Net::new(Ipv6Addr::from(net), bits).is_ok_and(|net| net.contains(&address))
                })
        }
    }
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let local = [".localhost", ".internal", ".local"];
    name == "localhost" || local.iter().any(|ending| name.ends_with(ending))
}

/// Looks names up and drops the answers that the guard forbids.
pub(super) struct GuardedResolver {
    guard: Guard,
}

impl GuardedResolver {
    pub(super) fn new(guard: Guard) -> Self {
        Self { guard }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> =
                found.filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(Blocked(name.as_str().to_owned()).into());
            }
            let permitted: Addrs = Box::new(permitted.into_iter());
            Ok(permitted)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(guard: &Guard, url: &str) -> bool {
        guard.check_url(&Url::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn f05_private_addresses_are_refused_in_every_writing() {
        let guard = Guard::default();
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[fe80::1]/",
            "http://[fc00::1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://10.1.2.3/",
            "http://169.254.169.254/latest",
            "http://192.168.1.1/",
            "http://172.31.0.1/",
            "http://100.64.0.1/",
            "http://168.63.129.16/",
            "http://0.0.0.0/",
            "http://localhost/",
            "http://metadata.google.internal/",
            "http://printer.local/",
            "ftp://example.com/",
            "http://user:secret@example.com/",
        ] {
            assert!(!check(&guard, url), "{url}");
        }
        for url in
            ["https://example.com/hook", "http://93.184.216.34:8080/", "https://[2606:4700::1]/"]
        {
            assert!(check(&guard, url), "{url}");
        }
    }

    #[test]
    fn f05_the_operator_can_open_a_network() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(check(&guard, "http://127.0.0.1:9000/"));
        assert!(check(&guard, "http://localhost:9000/"));
        assert!(check(&guard, "http://[::ffff:127.0.0.1]/"));
        assert!(!check(&guard, "http://10.0.0.1/"));
        let problem = guard.check_url(&Url::parse("http://10.0.0.1/").unwrap()).unwrap_err();
        assert!(problem.contains("SERENO_ALLOW_PRIVATE_TARGETS"), "{problem}");
    }
}
