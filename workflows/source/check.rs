//! Which sources are refused when they are set, and why.

use super::{
    NAME_BYTES_MAX, SECRET_BYTES_MAX, SECRET_BYTES_MIN, SECRETS_MAX, SOURCES_MAX, Source, Sources,
    URL_BYTES_MAX, UnknownTypes, Verifier,
};
use crate::invalid::Invalid;

const TEXT_BYTES_MAX: usize = 200;

/// Checks a tenant's sources.
pub fn check(sources: &Sources) -> Result<(), Invalid> {
    if sources.len() > SOURCES_MAX {
        return Err(Invalid::new("", format!("at most {SOURCES_MAX} sources")));
    }
    for (name, source) in sources {
        if !is_name(name) {
            let shown: String = name.escape_debug().take(NAME_BYTES_MAX).collect();
            let problem = format!(
                "a source's name is 1 to {NAME_BYTES_MAX} of a-z, 0-9, '-' and '_', beginning with a \
                 letter or digit"
            );
            return Err(Invalid::new(shown, problem));
        }
        source.check().map_err(|invalid| invalid.inside(name))?;
    }
    Ok(())
}

impl Source {
    /// Checks what types alone do not.
    pub fn check(&self) -> Result<(), Invalid> {
        self.check_secrets()?;
        self.check_options()?;
        if let Some(url) = &self.url {
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            let plain = |c: char| c.is_ascii_graphic() && c != '#' && c != '@';
            let fits = url.len() <= URL_BYTES_MAX && url.chars().all(plain);
            if !fits || host.is_none_or(|host| host.is_empty() || host.starts_with(['/', '?', ':']))
            {
                let problem = "must be the whole address that the sender was given, such as \
                    https://hooks.example.com/webhooks/in/default/shop";
                return Err(Invalid::new("url", problem));
            }
        } else if self.verifier.signs_url() {
            let problem = format!(
                "is missing: {} signs the address too; say the one that was set at the sender",
                self.verifier.as_str()
            );
            return Err(Invalid::new("url", problem));
        }
        if self.limit.is_some_and(|limit| limit.burst == Some(0)) {
            return Err(Invalid::new("limit.burst", "must be 1 or more"));
        }
        match &self.map {
            Some(map) => map.check().map_err(|invalid| invalid.inside("map")),
            None => Ok(()),
        }
    }

    fn check_secrets(&self) -> Result<(), Invalid> {
        if self.verifier == Verifier::None {
            return match (self.allow_unsigned, self.secrets.is_empty()) {
                (true, true) => Ok(()),
                (true, false) => Err(Invalid::new("secrets", "are not used by none")),
                (false, _) => Err(Invalid::new(
                    "verifier",
                    "none lets anybody in; say \"allow_unsigned\": true beside it if this is meant",
                )),
            };
        }
        if self.secrets.is_empty() {
            let problem = format!("is missing: {} needs it to verify with", self.verifier.as_str());
            return Err(Invalid::new("secret", problem));
        }
        if self.secrets.len() > SECRETS_MAX {
            let problem = format!("at most {SECRETS_MAX}: the present one and those before it");
            return Err(Invalid::new("secrets", problem));
        }
        let least = if self.verifier.has_chosen_secret() { SECRET_BYTES_MIN } else { 1 };
        for (index, secret) in self.secrets.iter().enumerate() {
            let fits = (least..=SECRET_BYTES_MAX).contains(&secret.len());
            if !fits || secret.chars().any(char::is_control) {
                let problem = format!(
                    "must have {least} to {SECRET_BYTES_MAX} bytes without control characters"
                );
                return Err(Invalid::new(format!("secrets[{index}]"), problem));
            }
        }
        Ok(())
    }

    fn check_options(&self) -> Result<(), Invalid> {
        let known = self.verifier.options();
        for (name, given) in [
            ("url", self.url.is_some()),
            ("user", self.user.is_some()),
            ("header", self.header.is_some()),
            ("algorithm", self.algorithm.is_some()),
            ("encoding", self.encoding.is_some()),
            ("prefix", self.prefix.is_some()),
            ("timestamp_header", self.timestamp_header.is_some()),
            ("id_header", self.id_header.is_some()),
            ("signed", self.signed.is_some()),
            ("unknown_types", self.unknown_types == UnknownTypes::Store),
            ("allow_unsigned", self.allow_unsigned),
        ] {
            if given && !known.contains(&name) {
                let problem = format!("is not used by {}; leave it out", self.verifier.as_str());
                return Err(Invalid::new(name, problem));
            }
        }
        for (name, needed, value) in [
            ("header", known.contains(&"header"), &self.header),
            ("user", known.contains(&"user"), &self.user),
        ] {
            if needed && value.is_none() {
                let problem = format!("is missing: {} needs it", self.verifier.as_str());
                return Err(Invalid::new(name, problem));
            }
        }
        for (name, value) in [
            ("header", &self.header),
            ("timestamp_header", &self.timestamp_header),
            ("id_header", &self.id_header),
        ] {
            if value.as_deref().is_some_and(|value| !is_header(value)) {
                return Err(Invalid::new(
                    name,
                    "must be the name of a header, such as X-Signature",
                ));
            }
        }
        for (name, value) in
            [("user", &self.user), ("prefix", &self.prefix), ("signed", &self.signed)]
        {
            if value.as_deref().is_some_and(|value| !is_text(value)) {
                let problem = format!("must have 1 to {TEXT_BYTES_MAX} printable characters");
                return Err(Invalid::new(name, problem));
            }
        }
        if self.user.as_deref().is_some_and(|user| user.contains(':')) {
            return Err(Invalid::new("user", "must have no colon (RFC 7617)"));
        }
        self.check_signed()
    }

    /// Everything that is named must be signed: an id or a time that is not could be anyone's.
    fn check_signed(&self) -> Result<(), Invalid> {
        if self.verifier != Verifier::Hmac {
            return Ok(());
        }
        let signed = self.signed();
        if signed.matches("{body}").count() != 1 {
            return Err(Invalid::new("signed", "must name {body} once"));
        }
        for (part, header, name) in [
            ("{timestamp}", self.timestamp_header.is_some(), "timestamp_header"),
            ("{id}", self.id_header.is_some(), "id_header"),
        ] {
            if signed.contains(part) && !header {
                let problem = format!("names {part}, so {name} must say where it stands");
                return Err(Invalid::new("signed", problem));
            }
        }
        if self.timestamp_header.is_some() && !signed.contains("{timestamp}") {
            let problem = "must name {timestamp}: a time that is not signed proves nothing";
            return Err(Invalid::new("signed", problem));
        }
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(allowed)
}

/// A token as RFC 9110 has it for the name of a field.
fn is_header(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(allowed)
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}
