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
//! let through at all, so translated and tunnelled IPv4 is refused whatever is inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
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
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => (address.to_string(), IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => (address.to_string(), IpAddr::V6(address)),
        };
        if self.allows(address) {
            return Ok(());
        }
        Err(Blocked { host, address }.to_string())
    }

    /// Whether this address may be called.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        let named = self.allowed.iter().any(|net| net.contains(&address) || net.contains(&plain));
        named
            || match plain {
                IpAddr::V4(v4) => !FORBIDDEN_V4.iter().any(|net| net.contains(&v4)),
                IpAddr::V6(v6) => {
                    GLOBAL_V6.contains(&v6) && !FORBIDDEN_V6.iter().any(|net| net.contains(&v6))
                }
            }
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

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            // Port 0 stands for the port of the URL, which the client fills in.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let permitted: Addrs = Box::new(guard.permitted(name.as_str(), found)?.into_iter());
            Ok(permitted)
        })
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
