//! The schemes by which senders prove themselves, and what each needs to know.

use serde::{Deserialize, Serialize};

/// The scheme by which a sender proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verifier {
    /// `X-Webhook-Signature`: hex HMAC-SHA256 of body and `X-Webhook-Timestamp` (row B05).
    Sereno,
    /// `messagebird-signature`: timestamp, address and digest of the body.
    Bird,
    /// `MessageBird-Signature-JWT`.
    BirdJwt,
    /// `X-Hub-Signature-256`.
    Github,
    /// `Stripe-Signature`: `t` and `v1`.
    Stripe,
    /// `X-Slack-Signature`: `v0`.
    Slack,
    /// `X-Shopify-Hmac-SHA256`.
    Shopify,
    /// `X-Twilio-Signature`.
    Twilio,
    /// Standard Webhooks, with a shared secret or a public key.
    Standard,
    /// An HMAC in a header of the sender's choice.
    Hmac,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// A secret text in a header of the sender's choice.
    Header,
    /// None at all: only where `allow_unsigned` says that this is meant.
    None,
}

impl Verifier {
    /// Its name, as people write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sereno => "sereno",
            Self::Bird => "bird",
            Self::BirdJwt => "bird-jwt",
            Self::Github => "github",
            Self::Stripe => "stripe",
            Self::Slack => "slack",
            Self::Shopify => "shopify",
            Self::Twilio => "twilio",
            Self::Standard => "standard",
            Self::Hmac => "hmac",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Header => "header",
            Self::None => "none",
        }
    }

    /// Whether the address is among what is signed; it is configured, since what proxies say of it can
    /// be forged.
    pub fn signs_url(self) -> bool {
        matches!(self, Self::Bird | Self::BirdJwt | Self::Twilio)
    }

    /// Whether people choose the secret, and could choose a weak one.
    pub(super) fn has_chosen_secret(self) -> bool {
        matches!(self, Self::Sereno | Self::Hmac | Self::Bearer | Self::Basic | Self::Header)
    }

    /// The options that mean something to it.
    pub(super) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Hmac => &[
                "header",
                "algorithm",
                "encoding",
                "prefix",
                "timestamp_header",
                "id_header",
                "signed",
            ],
            Self::Header => &["header", "id_header"],
            Self::Basic => &["user", "id_header"],
            Self::Bearer => &["id_header"],
            Self::None => &["allow_unsigned", "id_header"],
            Self::Bird | Self::BirdJwt | Self::Twilio => &["url"],
            Self::Sereno => &["unknown_types"],
            Self::Github | Self::Stripe | Self::Slack | Self::Shopify | Self::Standard => &[],
        }
    }
}

/// The hash inside an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
    /// SHA-1, for senders that know no better.
    Sha1,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hex digits.
    #[default]
    Hex,
    /// Base64.
    Base64,
}
