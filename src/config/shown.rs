//! The configuration as it is told to the admin: what is set, and nothing that is secret.

use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use super::Config;

/// Settings whose values are nobody's secret. One that stands in no list is told of as set or not, no more: a
/// new one is hidden until somebody has thought about it.
const PLAIN: [&str; 17] = [
    "allow_private_targets",
    "cache_mb",
    "data",
    "figures",
    "listen",
    "mirror_phones",
    "mirror_schema",
    "salvage",
    "search",
    "smtp_host",
    "smtp_port",
    "smtp_security",
    "trusted_proxies",
    "webhook_max_retries",
    "webhook_retry_count",
    "webhook_retry_delay",
    "webhook_timeout",
];

/// URLs, of which it is told where they lead and nothing more: what comes behind the host, and who is named
/// before it, may let somebody in.
const PLACES: [&str; 5] = ["graph_url", "journal", "mirror", "n8n_webhook_url", "public_url"];

/// What is told of a value that is not.
const SET: &str = "set";

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, as far as that is told; null where it is not set.
    pub value: Value,
    /// Whether it is what holds where nobody says anything.
    pub is_default: bool,
}

impl Config {
    /// Every setting that is in effect, in the order of their names.
    pub fn shown(&self) -> Vec<Setting> {
        let (own, otherwise) = (fields(self), fields(&Self::default()));
        let shown = |(name, value): (String, Value)| {
            let is_default = otherwise.get(&name) == Some(&value);
            let value = told(&name, value);
            Setting { name, value, is_default }
        };
        own.into_iter().map(shown).collect()
    }
}

fn fields(config: &Config) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn told(name: &str, value: Value) -> Value {
    if value.is_null() || value == "" || PLAIN.contains(&name) {
        return value;
    }
    match value.as_str().filter(|_| PLACES.contains(&name)).and_then(place) {
        Some(place) => Value::from(place),
        None => Value::from(SET),
    }
}

/// Scheme, host and port of a URL: where it leads, and nothing that may let somebody in.
pub(crate) fn place(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", url.scheme()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_what_is_told_of_the_configuration_lets_nobody_in() {
        let secret = || Some("s3cr3t".to_owned());
        let config = Config {
            admin_token: secret(),
            master_key: secret(),
            smtp_user: secret(),
            smtp_pass: secret(),
            smtp_from: secret(),
            smtp_from_name: secret(),
            webhook_secret: secret(),
            n8n_user: secret(),
            n8n_password: secret(),
            n8n_webhook_url: Some("https://n8n.example:5678/webhook/s3cr3t?x=s3cr3t".to_owned()),
            mirror: Some("postgres://s3cr3t:s3cr3t@db.example/s3cr3t".to_owned()),
            graph_url: "https://graph.example/s3cr3t".parse().unwrap(),
            public_url: Some("https://sereno.example/s3cr3t".parse().unwrap()),
            cache_mb: 64,
            ..Config::default()
        };
        let shown = config.shown();
        let text = serde_json::to_string(&shown).unwrap();
        assert!(!text.contains("s3cr3t"), "{text}");
        let of = |name: &str| shown.iter().find(|setting| setting.name == name).unwrap();
        assert_eq!(of("n8n_webhook_url").value, "https://n8n.example:5678");
        assert_eq!(of("mirror").value, "postgres://db.example");
        assert_eq!(of("smtp_pass").value, SET);
        assert_eq!((&of("cache_mb").value, of("cache_mb").is_default), (&Value::from(64), false));
        assert!(of("listen").is_default && of("search").value == "on");
        let unset = Config::default().shown();
        let unset = unset.iter().find(|setting| setting.name == "smtp_pass").unwrap();
        assert_eq!((&unset.value, unset.is_default), (&Value::Null, true));
        // Another form of the same, in which the password is no part of a URL.
        let mirror = Some("host=db password=s3cr3t".to_owned());
        let config = Config { mirror, ..Config::default() };
        assert!(!serde_json::to_string(&config.shown()).unwrap().contains("s3cr3t"));
    }

    #[test]
    fn f05_every_setting_that_is_told_is_one() {
        let all = fields(&Config::default());
        for name in PLAIN.iter().chain(&PLACES) {
            assert!(all.contains_key(*name), "{name} is no setting");
        }
    }
}
