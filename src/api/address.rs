//! Who sent a request: the peer of the connection, or whom a trusted proxy says it stands for.
//!
//! A header can say anything, so it counts only as far as trusted proxies wrote it: from the right, every
//! address that is a trusted proxy's is passed over, and the first that is not is the sender. Anything that
//! is no address ends the search at the last one that was.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{self, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Addresses that are looked at in a header; no chain of proxies is as long.
const HOPS_MAX: usize = 32;

/// The peer of a request's connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The address of a request's sender. A proxy writes one header and may pass the other on as the sender wrote it,
/// so where both stand there and name two senders, neither is believed.
pub fn sender(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    let walk = |hops: Vec<Option<IpAddr>>| {
        let mut sender = peer;
        for hop in hops {
            let Some(address) = hop else { break };
            sender = address;
            if !is_trusted(sender) {
                break;
            }
        }
        sender
    };
    let written = |name: &HeaderName| headers.contains_key(name).then(|| parts(headers, name));
    let one = written(&X_FORWARDED_FOR);
    let one = one.map(|parts| parts.into_iter().map(address).collect());
    let other = written(&header::FORWARDED);
    let hop = |element| forwarded_for(element).and_then(address);
    let other = other.map(|elements| elements.into_iter().map(hop).collect());
    match (one, other) {
        (Some(hops), None) | (None, Some(hops)) => walk(hops),
        (Some(one), Some(other)) => {
            let (one, other) = (walk(one), walk(other));
            if one == other { one } else { peer }
        }
        (None, None) => peer,
    }
}

/// What a sender is counted as: an address, or for IPv6 the network that one customer has of it.
pub fn counted_as(sender: IpAddr) -> String {
    match sender {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The parts of a header that proxies wrote, the nearest first.
fn parts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
    let parts: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
    parts.into_iter().rev().take(HOPS_MAX).collect()
}

/// The `for` of an element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| value.trim_matches('"'))
    })
}

/// An address as it stands in such headers: with or without a port, IPv6 in brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    plain.or_else(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, headers: &[(&'static str, &str)], trusted: &[&str]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        sender(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn b12_the_sender_is_the_rightmost_that_no_trusted_proxy_is() {
        let (xff, forwarded) = ("x-forwarded-for", "forwarded");
        let proxies = &["127.0.0.0/8", "10.0.0.0/8", "fd00::/8"];
        for (peer, headers, sender) in [
            ("127.0.0.1", &[] as &[(&'static str, &str)], "127.0.0.1"),
            ("127.0.0.1", &[(xff, "198.51.100.7")], "198.51.100.7"),
            ("127.0.0.1", &[(xff, "203.0.113.9, 198.51.100.7")], "198.51.100.7"),
            ("127.0.0.1", &[(xff, "203.0.113.9, 198.51.100.7, 10.0.0.2")], "198.51.100.7"),
            ("127.0.0.1", &[(xff, "203.0.113.9"), (xff, "198.51.100.7,10.0.0.2")], "198.51.100.7"),
            ("::ffff:127.0.0.1", &[(xff, "198.51.100.7")], "198.51.100.7"),
            ("127.0.0.1", &[(xff, "198.51.100.7:4711")], "198.51.100.7"),
            ("127.0.0.1", &[(xff, "[2001:db8::7]:4711")], "2001:db8::7"),
            ("127.0.0.1", &[(xff, "2001:db8::7")], "2001:db8::7"),
            ("fd00::1", &[(xff, "::ffff:198.51.100.7")], "198.51.100.7"),
            ("127.0.0.1", &[(xff, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            // Whoever is not trusted may say what they like.
            ("198.51.100.1", &[(xff, "203.0.113.9")], "198.51.100.1"),
            ("198.51.100.1", &[(forwarded, "for=203.0.113.9")], "198.51.100.1"),
            // What is no address tells nothing, and nothing beyond it counts.
            ("127.0.0.1", &[(xff, "unknown")], "127.0.0.1"),
            ("127.0.0.1", &[(xff, "203.0.113.9, rubbish, 10.0.0.2")], "10.0.0.2"),
            ("127.0.0.1", &[(xff, "203.0.113.9,")], "127.0.0.1"),
            ("127.0.0.1", &[(xff, "")], "127.0.0.1"),
            ("127.0.0.1", &[(forwarded, "for=198.51.100.7;proto=https")], "198.51.100.7"),
            (
                "127.0.0.1",
                &[(forwarded, "by=x;For=\"[2001:db8::7]:99\", for=10.1.1.1")],
                "2001:db8::7",
            ),
            ("127.0.0.1", &[(forwarded, "for=_hidden, for=10.1.1.1")], "10.1.1.1"),
            ("127.0.0.1", &[(forwarded, "proto=https")], "127.0.0.1"),
            // Only one of them is the proxy's.
            ("127.0.0.1", &[(xff, "198.51.100.7"), (forwarded, "for=203.0.113.9")], "127.0.0.1"),
            (
                "127.0.0.1",
                &[(xff, "198.51.100.7"), (forwarded, "for=198.51.100.7")],
                "198.51.100.7",
            ),
        ] {
            assert_eq!(found(peer, headers, proxies), sender, "{peer} {headers:?}");
        }
        assert_eq!(found("127.0.0.1", &[(xff, "198.51.100.7")], &[]), "127.0.0.1");
        let long = format!("198.51.100.7{}", ", 10.0.0.2".repeat(10_000));
        assert_eq!(found("127.0.0.1", &[(xff, &long)], proxies), "10.0.0.2");
    }

    #[test]
    fn b12_an_ipv6_sender_is_counted_by_its_network() {
        for (sender, counted) in [
            ("198.51.100.7", "198.51.100.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(counted_as(sender.parse().unwrap()), counted);
        }
    }
}
