//! What an endpoint must be to be saved, field by field.

use std::collections::BTreeMap;

use sereno_workflows::invalid::Invalid;
use sereno_workflows::order::Ordering;
use sereno_workflows::secrets::{self, Secrets};
use sereno_workflows::{privacy, timeout};
use url::Url;

use super::{Endpoint, Kind};
use crate::channel::Channels;
use crate::channel::webhook::check_header;
use crate::limits::UNSUBSCRIBE_BYTES_MAX;

/// Custom headers of one endpoint.
const HEADERS_MAX: usize = 16;
const HEADER_BYTES_MAX: usize = 1_024;
const TARGET_BYTES_MAX: usize = 2_048;

impl Endpoint {
    pub(super) fn check(&self, channels: &Channels) -> Result<(), Invalid> {
        let config = &self.config;
        check_target(config.kind, &config.target, channels)
            .map_err(|problem| Invalid::new("target", problem))?;
        config.filters.check().map_err(|invalid| invalid.inside("filters"))?;
        check_headers(&config.headers)?;
        if let Some(retry) = &config.retry {
            retry.check().map_err(|invalid| invalid.inside("retry"))?;
        }
        if config.rate_limit.is_some_and(|limit| limit.per_minute == 0) {
            return Err(Invalid::new("rate_limit.per_minute", "must be 1 or more"));
        }
        if config.disable_after.is_some_and(|span| span.0 == 0) {
            return Err(Invalid::new("disable_after", "must be longer than zero"));
        }
        if let Some(batch) = &config.batch {
            if config.kind == Kind::Whatsapp {
                return Err(Invalid::new("batch", "is for slack, email and webhook endpoints"));
            }
            if config.ordering == Ordering::Fifo {
                return Err(Invalid::new("batch", "cannot be kept in order; leave ordering out"));
            }
            batch.check().map_err(|invalid| invalid.inside("batch"))?;
        }
        timeout::check(config.timeout)?;
        if let Some(url) = &config.unsubscribe_url {
            check_unsubscribe(config.kind, url)
                .map_err(|problem| Invalid::new("unsubscribe_url", problem))?;
        }
        if let Some(auth) = &self.secrets.auth {
            auth.check(channels).map_err(|invalid| invalid.inside("auth"))?;
        }
        if config.kind == Kind::Webhook { self.check_webhook(channels) } else { self.check_plain() }
    }

    /// Refuses headers and credentials that ask for secrets which the tenant does not have.
    pub(super) fn check_names(&self, known: &Secrets) -> Result<(), Invalid> {
        for (name, value) in &self.config.headers {
            secrets::filled(value, known)
                .map_err(|why| Invalid::new(format!("headers.{name}"), why.to_string()))?;
        }
        if let Some(auth) = &self.secrets.auth {
            auth.filled(known).map_err(|why| Invalid::new("auth", why.to_string()))?;
        }
        Ok(())
    }

    fn check_webhook(&self, channels: &Channels) -> Result<(), Invalid> {
        if let Some(secret) = &self.secrets.secret {
            let checked = self.config.signature.check(secret);
            checked.map_err(|problem| Invalid::new("secret", problem))?;
        }
        let certificate = self.secrets.client_certificate.as_ref();
        channels.check_tls(certificate, self.config.ca_certificate.as_deref())
    }

    /// What only a webhook has is refused of any other kind, where it would seem to work and not.
    fn check_plain(&self) -> Result<(), Invalid> {
        for (field, is_there) in [
            ("signature", self.config.signature != Default::default()),
            ("client_certificate", self.secrets.client_certificate.is_some()),
            ("ca_certificate", self.config.ca_certificate.is_some()),
        ] {
            if is_there {
                return Err(Invalid::new(field, "only webhooks have it"));
            }
        }
        Ok(())
    }
}

fn check_target(kind: Kind, target: &str, channels: &Channels) -> Result<(), String> {
    if target.len() > TARGET_BYTES_MAX {
        return Err(format!("must have at most {TARGET_BYTES_MAX} bytes"));
    }
    if target.chars().any(|c| c.is_control() || c.is_whitespace()) && kind != Kind::Whatsapp {
        return Err("must not contain spaces or line breaks".to_owned());
    }
    match kind {
        Kind::Webhook | Kind::Slack => {
            let url = Url::parse(target).map_err(|error| {
                format!("must be a URL such as https://example.com/hook: {error}")
            })?;
            channels.check_url(&url)
        }
        Kind::Email => match target.parse::<lettre::Address>() {
            Ok(_) if !target.is_ascii() => Err("must be an ASCII address".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("must be an email address: {error}")),
        },
        Kind::Whatsapp => privacy::phone(target).map(drop).map_err(|error| error.to_string()),
    }
}

/// RFC 8058, section 3.1: at least one place that is reached by HTTPS.
fn check_unsubscribe(kind: Kind, url: &Url) -> Result<(), String> {
    if kind != Kind::Email {
        return Err("is for endpoints of kind email".to_owned());
    }
    if url.scheme() != "https" || url.host_str().is_none() {
        return Err("must be an https URL such as https://example.com/unsubscribe?id=7".to_owned());
    }
    if url.as_str().len() > UNSUBSCRIBE_BYTES_MAX {
        return Err(format!("must have at most {UNSUBSCRIBE_BYTES_MAX} bytes"));
    }
    Ok(())
}

fn check_headers(headers: &BTreeMap<String, String>) -> Result<(), Invalid> {
    if headers.len() > HEADERS_MAX {
        return Err(Invalid::new("headers", format!("at most {HEADERS_MAX} headers")));
    }
    for (name, value) in headers {
        let field = format!("headers.{}", name.escape_debug());
        check_header(name, value).map_err(|problem| Invalid::new(&field, problem))?;
        if value.len() > HEADER_BYTES_MAX {
            let problem = format!("must have at most {HEADER_BYTES_MAX} bytes");
            return Err(Invalid::new(field, problem));
        }
    }
    Ok(())
}
