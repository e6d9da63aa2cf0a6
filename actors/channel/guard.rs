//! The guard before every address that a tenant chose: no request into the house's own network.
//!
//! Whoever may name a webhook could otherwise make the server call its neighbours, or the metadata
//! service of its cloud, from inside (SSRF). Two checks are needed, because the HTTP client asks
//! its resolver only about names: [`Guard::check_url`] judges an address written as such, which the
//! URL parser has already brought to one form (`0x7f.1` and `2130706433` are 127.0.0.1 by then),
//! and the guard as the client's resolver judges what a name resolves to. The client connects to
//! exactly the addresses that the resolver let through, so a name cannot change its mind in
//! between.
//!
//! The ranges are those of the IANA special-purpose registries, and of IPv6 only global unicast is
//! let through at all, so translated and tunnelled IPv4 is refused whatever is inside. Names are judged by
//! their addresses alone: a name in `.internal` or `.local` is as good as where it leads, and it is looked
//! up again for each new connection, not only when it is saved.
//!
//! The operator may allow networks. The addresses at which clouds hand their machines credentials stay
//! closed even then, unless one is allowed by itself.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use tower::Service;
use url::{Host, Url};

/// Decides which addresses may be called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    /// Networks that the operator allows in spite of the rules.
    pub(crate) allowed: Vec<IpNet>,
}

/// A target inside a network that is not called.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the target {host} is {address}, a private or reserved address; if it is meant, allow its \
     network with SERENO_ALLOW_PRIVATE_TARGETS"
)]
pub(crate) struct Blocked {
    host: String,
    address: IpAddr,
}

const FORBIDDEN_V4: [Ipv4Net; 17] = [
    v4([0, 0, 0, 0], 8),        // this network
    v4([10, 0, 0, 0], 8),       // private
    v4([100, 64, 0, 0], 10),    // carrier-grade NAT, and Alibaba's metadata
    v4([127, 0, 0, 0], 8),      // this machine
    v4([168, 63, 129, 16], 32), // Azure's metadata, inside a public range
    v4([169, 254, 0, 0], 16),   // link-local, and most clouds' metadata
    v4([172, 16, 0, 0], 12),    // private
    v4([192, 0, 0, 0], 24),     // protocol assignments, and Oracle's metadata
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 88, 99, 0], 24),   // 6to4 relays
    v4([192, 168, 0, 0], 16),   // private
    v4([198, 18, 0, 0], 15),    // benchmarks
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
    v4([224, 0, 0, 0], 4),      // multicast
    v4([240, 0, 0, 0], 4),      // reserved
    v4([255, 255, 255, 255], 32),
];

const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 3);

const FORBIDDEN_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0], 23),     // protocol assignments, Teredo among them
    v6([0x2001, 0xdb8], 32), // documentation
    v6([0x2002, 0], 16),     // 6to4
    v6([0x3fff, 0], 20),     // documentation
];

/// Where clouds hand their machines credentials: AWS, Azure, Google, Alibaba, Oracle.
const METADATA: [IpAddr; 9] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Ports at which something else than HTTP answers, which a request could be made to speak to; those that
/// browsers refuse (WHATWG Fetch, "port blocking").
const OTHER_PORTS: [u16; 81] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6697,
];

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

impl Guard {
    /// Whether a target may be called as far as its URL tells; a name is judged once it is
    /// resolved.
    pub(crate) fn check_url(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("the target must be http or https, not {}", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the target must not carry a user or password; use auth".to_owned());
        }
        let (host, address) = match url.host() {
            None => return Err("the target has no host".to_owned()),
            // RFC 6761, section 6.3: always this machine.
            Some(Host::Domain(name)) if is_localhost(name) => {
                (name.to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST))
            }
            Some(Host::Domain(_)) => return check_port(url),
            Some(Host::Ipv4(address)) => (address.to_string(), IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => (address.to_string(), IpAddr::V6(address)),
        };
        if self.is_named(address) {
            // The operator answers for everything there.
            return Ok(());
        }
        if self.allows(address) {
            return check_port(url);
        }
        Err(Blocked { host, address }.to_string())
    }

    /// Whether this address may be called.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        self.is_named(address)
            || match address.to_canonical() {
                IpAddr::V4(v4) => !FORBIDDEN_V4.iter().any(|net| net.contains(&v4)),
                IpAddr::V6(v6) => {
                    GLOBAL_V6.contains(&v6) && !FORBIDDEN_V6.iter().any(|net| net.contains(&v6))
                }
            }
    }

    /// Whether the operator allows an address.
    fn is_named(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        let by_itself_only = METADATA.contains(&plain);
        self.allowed.iter().any(|net| {
            let within = net.contains(&address) || net.contains(&plain);
            within && (!by_itself_only || net.prefix_len() == net.max_prefix_len())
        })
    }

    /// Those of a host's addresses that may be called.
    pub(crate) fn permitted(
        &self,
        host: &str,
        found: Vec<SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Blocked> {
        let first = found.first().map(SocketAddr::ip);
        let permitted: Vec<SocketAddr> =
            found.into_iter().filter(|address| self.allows(address.ip())).collect();
        match first {
            Some(address) if permitted.is_empty() => {
                Err(Blocked { host: host.to_owned(), address })
            }
            Some(_) | None => Ok(permitted),
        }
    }
}

fn check_port(url: &Url) -> Result<(), String> {
    match url.port_or_known_default() {
        Some(port) if OTHER_PORTS.contains(&port) => {
            Err(format!("the target's port {port} is that of another protocol than HTTP"))
        }
        Some(_) | None => Ok(()),
    }
}

type Resolved = Result<std::vec::IntoIter<SocketAddr>, Box<dyn std::error::Error + Send + Sync>>;

/// Where a name leads that may be called. Port 0 stands for the port of the URL, which the client fills in.
async fn resolved(guard: Guard, name: String) -> Resolved {
    let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
    Ok(guard.permitted(&name, found)?.into_iter())
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let resolved = resolved(self.clone(), name.as_str().to_owned());
        Box::pin(async move { Ok(Box::new(resolved.await?) as Addrs) })
    }
}

impl Service<dns::Name> for Guard {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Resolved> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: dns::Name) -> Self::Future {
        Box::pin(resolved(self.clone(), name.as_str().to_owned()))
    }
}

const fn v4([a, b, c, d]: [u8; 4], bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6([a, b]: [u16; 2], bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_addresses_of_the_house_are_refused_in_every_spelling() {
        for host in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "017700000001",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "0",
            "0x7f000001",
            "0x7f.0x1",
            "0177.0.0.1",
            "127.0.0.1.",
            "127%2e0%2e0%2e1",
            "①②⑦.0.0.1",
            "[::ffff:7f00:1]",
            "[::ffff:0:127.0.0.1]",
            "[64:ff9b:1::1]",
            "[100::1]",
            "[2001:2::1]",
            "[3fff::1]",
            "[5f00::1]",
            "[fd00:ec2::23]",
            "[fd20:ce::254]",
            "169.254.170.2",
            "192.0.2.1",
            "192.88.99.1",
            "198.51.100.1",
            "203.0.113.1",
            "240.0.0.1",
        ] {
            let url = Url::parse(&format!("http://{host}/hook")).unwrap();
            let error = Guard::default().check_url(&url).unwrap_err();
            assert!(error.contains("SERENO_ALLOW_PRIVATE_TARGETS"), "{host}: {error}");
        }
    }

    #[test]
    fn f05_public_addresses_are_let_through() {
        for host in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "168.63.129.17",
            "223.255.255.255",
            "[::ffff:1.1.1.1]",
            "[2606:4700::1111]",
            "[2a00:1450::1]",
            "example.com",
        ] {
            let url = Url::parse(&format!("https://{host}/hook")).unwrap();
            assert_eq!(Guard::default().check_url(&url), Ok(()), "{host}");
        }
    }

    #[test]
    fn f05_what_the_operator_names_is_let_through_and_nothing_else() {
        let allowed = vec!["127.0.0.0/8".parse().unwrap(), "fd00::/16".parse().unwrap()];
        let guard = Guard { allowed };
        for (address, allowed) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("fd00::1", true),
            ("::1", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(guard.allows(address.parse().unwrap()), allowed, "{address}");
        }
    }

    #[test]
    fn f05_a_name_keeps_only_the_addresses_that_may_be_called() {
        let found = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let guard = Guard::default();
        let mixed = guard.permitted("h", found(&["10.0.0.1:0", "1.1.1.1:0"])).ok().unwrap();
        assert_eq!(mixed, found(&["1.1.1.1:0"]));
        let error = guard.permitted("h", found(&["10.0.0.1:0", "[::1]:0"])).err().unwrap();
        assert_eq!(error.address, "10.0.0.1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn f05_a_cloud_tells_its_secrets_only_where_its_very_address_is_allowed() {
        let guard = |net: &str| Guard { allowed: vec![net.parse().unwrap()] };
        for address in METADATA {
            let everything = if address.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
            assert!(!guard(everything).allows(address), "{address}");
            assert!(
                guard(&format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }))
                    .allows(address)
            );
        }
        let mapped = "::ffff:169.254.169.254".parse().unwrap();
        assert!(!guard("::/0").allows(mapped) && !guard("169.254.0.0/16").allows(mapped));
    }

    #[test]
    fn f05_ports_of_other_protocols_are_refused_but_where_the_operator_allows_the_network() {
        let guard = Guard { allowed: vec!["127.0.0.0/8".parse().unwrap()] };
        for (url, good) in [
            ("https://example.com:25/", false),
            ("https://example.com:0/", false),
            ("http://1.1.1.1:22/", false),
            ("http://[2606:4700::1111]:6667/", false),
            ("https://example.com/", true),
            ("https://example.com:8443/", true),
            ("http://1.1.1.1:5678/", true),
            ("http://127.0.0.1:25/", true),
            ("http://localhost:25/", true),
        ] {
            assert_eq!(guard.check_url(&Url::parse(url).unwrap()).is_ok(), good, "{url}");
        }
    }

    #[tokio::test]
    async fn f05_a_name_that_leads_into_the_house_is_refused_whenever_it_is_looked_up() {
        let guard = Guard::default();
        for _ in 0..2 {
            let error = guard.resolve("localhost".parse().unwrap()).await.err().unwrap();
            assert!(error.downcast_ref::<Blocked>().is_some(), "{error}");
        }
        let allowed = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        assert!(Guard { allowed }.resolve("localhost".parse().unwrap()).await.is_ok());
    }

    #[test]
    fn a_target_is_plain_http_without_credentials() {
        for (url, word) in [
            ("ftp://example.com/", "http or https"),
            ("file:///etc/passwd", "http or https"),
            ("https://user:word@example.com/", "auth"),
            ("https://user@example.com/", "auth"),
            ("http://LOCALHOST.:8080/", "localhost"),
            ("http://api.localhost/", "localhost"),
        ] {
            let error = Guard::default().check_url(&Url::parse(url).unwrap()).unwrap_err();
            assert!(error.contains(word), "{url}: {error}");
        }
    }
}
