//! Where browsers find the server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, ensure};
use url::Url;

use super::Config;
use crate::api::cookie::Public;

impl Config {
    /// Where browsers find the server that listens there.
    pub fn public(&self, address: SocketAddr) -> anyhow::Result<Public> {
        let url = match &self.public_url {
            Some(url) => url.clone(),
            None => here(address).context("the address to listen on makes no URL")?,
        };
        let is_plain = ["http", "https"].contains(&url.scheme()) && url.has_host();
        let has_more =
            url.query().is_some() || url.fragment().is_some() || !url.username().is_empty();
        ensure!(
            is_plain && !has_more,
            "SERENO_PUBLIC_URL must be https://host or http://host, perhaps with a port and a path"
        );
        Ok(Public::new(&url))
    }
}

/// A server that listens everywhere is found on this machine at least.
fn here(mut address: SocketAddr) -> anyhow::Result<Url> {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(Url::parse(&format!("http://{address}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_links_lead_to_the_public_address_or_to_where_it_listens() {
        let address = "0.0.0.0:8080".parse().unwrap();
        let public = |url: Option<&str>| {
            let public_url = url.map(|url| url.parse().unwrap());
            Config { public_url, ..Config::default() }.public(address).map(|public| public.url)
        };
        assert_eq!(public(None).unwrap(), "http://127.0.0.1:8080");
        assert_eq!(public(Some("https://sereno.example/")).unwrap(), "https://sereno.example");
        for bad in ["ftp://a.example", "https://a.example/?x", "https://u@a.example", "mailto:a@b"]
        {
            assert!(public(Some(bad)).is_err(), "{bad}");
        }
    }
}
