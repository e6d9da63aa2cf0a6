//! Networks in the configuration.

use std::net::IpAddr;

use anyhow::Context as _;
use ipnet::IpNet;

use super::Config;

impl Config {
    /// Private networks that endpoints may be in.
    pub fn private_targets(&self) -> anyhow::Result<Vec<IpNet>> {
        networks("SERENO_ALLOW_PRIVATE_TARGETS", &self.allow_private_targets)
    }

    /// Proxies that are believed when they say whom they stand for.
    pub fn proxies(&self) -> anyhow::Result<Vec<IpNet>> {
        networks("SERENO_TRUSTED_PROXIES", &self.trusted_proxies)
    }
}

/// Networks as a setting has them; an address alone is a network of one.
fn networks(setting: &str, texts: &[String]) -> anyhow::Result<Vec<IpNet>> {
    let texts = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    let network = |text: &str| {
        let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
        let network = text.parse::<IpNet>().ok().or_else(one);
        network.with_context(|| format!("{setting}: '{text}' is not a CIDR like 10.0.0.0/8"))
    };
    texts.map(network).collect()
}
