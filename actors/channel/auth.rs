//! How a webhook's receiver knows us, beside the signature.

use std::fmt;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::secrets::{self, Secrets, Unfilled};
use url::Url;

use super::Channels;
use super::webhook::check_header;

/// The longest value of a field, in bytes.
const VALUE_BYTES_MAX: usize = 2_048;

/// How a receiver wants to be logged in to; any text but a name or an address may ask for a secret of
/// the tenant's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Auth {
    /// HTTP basic authentication (RFC 7617).
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A bearer token (RFC 6750).
    Bearer {
        /// The token.
        token: String,
    },
    /// A header of the receiver's choice, such as n8n's header auth.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A bearer token that is fetched, and fetched anew when it is over or refused.
    Oauth2(ClientCredentials),
}

/// An account with an OAuth 2.0 server (RFC 6749, section 4.4).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCredentials {
    /// Where tokens are given out.
    pub token_url: String,
    /// The account.
    pub client_id: String,
    /// Its password.
    pub client_secret: String,
    /// What the token is to allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whom the token is for, where the server asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

impl fmt::Debug for Auth {
    /// The kind alone: the rest is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl fmt::Debug for ClientCredentials {
    /// As above.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCredentials")
    }
}

impl Auth {
    /// The kind as people write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "basic",
            Self::Bearer { .. } => "bearer",
            Self::Header { .. } => "header",
            Self::Oauth2(_) => "oauth2",
        }
    }

    /// The same with the tenant's secrets in their places.
    pub fn filled(&self, known: &Secrets) -> Result<Self, Unfilled> {
        let fill = |text: &String| secrets::filled(text, known);
        Ok(match self {
            Self::Basic { user, password } => {
                Self::Basic { user: fill(user)?, password: fill(password)? }
            }
            Self::Bearer { token } => Self::Bearer { token: fill(token)? },
            Self::Header { name, value } => {
                Self::Header { name: name.clone(), value: fill(value)? }
            }
            Self::Oauth2(account) => Self::Oauth2(ClientCredentials {
                token_url: account.token_url.clone(),
                client_id: fill(&account.client_id)?,
                client_secret: fill(&account.client_secret)?,
                scope: account.scope.as_ref().map(fill).transpose()?,
                audience: account.audience.as_ref().map(fill).transpose()?,
            }),
        })
    }

    /// Whether it can be sent; for use when an endpoint is saved.
    pub(crate) fn check(&self, channels: &Channels) -> Result<(), Invalid> {
        match self {
            Self::Basic { user, password } => {
                plain("user", user)?;
                plain("password", password)?;
                if user.contains(':') {
                    return Err(Invalid::new("user", "must not contain a colon (RFC 7617)"));
                }
            }
            Self::Bearer { token } => {
                visible("token", token)?;
                if token.is_empty() {
                    return Err(Invalid::new("token", "must not be empty"));
                }
            }
            Self::Header { name, value } => {
                check_header(name, value).map_err(|problem| {
                    let is_name = HeaderName::from_bytes(name.as_bytes()).is_ok();
                    let field =
                        if is_name && visible("", value).is_err() { "value" } else { "name" };
                    Invalid::new(field, problem)
                })?;
                visible("value", value)?;
            }
            Self::Oauth2(account) => {
                plain("token_url", &account.token_url)?;
                let url = Url::parse(&account.token_url);
                let url = url.map_err(|error| format!("must be a URL: {error}"));
                url.and_then(|url| channels.check_url(&url))
                    .map_err(|problem| Invalid::new("token_url", problem))?;
                for (field, text) in [
                    ("client_id", Some(&account.client_id)),
                    ("client_secret", Some(&account.client_secret)),
                    ("scope", account.scope.as_ref()),
                    ("audience", account.audience.as_ref()),
                ] {
                    let Some(text) = text else { continue };
                    plain(field, text)?;
                    if text.is_empty() {
                        return Err(Invalid::new(field, "must not be empty"));
                    }
                }
            }
        }
        Ok(())
    }
}

fn plain(field: &str, text: &str) -> Result<(), Invalid> {
    if text.len() > VALUE_BYTES_MAX {
        return Err(Invalid::new(field, format!("must have at most {VALUE_BYTES_MAX} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid::new(field, "must not contain line breaks or control characters"));
    }
    Ok(())
}

fn visible(field: &str, text: &str) -> Result<(), Invalid> {
    plain(field, text)?;
    if HeaderValue::from_str(text).is_err() {
        return Err(Invalid::new(field, "must be visible characters that a header can carry"));
    }
    Ok(())
}
