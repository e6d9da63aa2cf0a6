//! Whether what came in was sent by who it says: one file for each scheme, over the bytes as they came.
//!
//! Nothing here reads a clock or keeps anything. A verifier looks at its own scheme's headers alone, so a
//! request with two schemes' headers is judged by the one that its source is configured with. Every
//! comparison takes the same time wherever two signatures differ.

mod bird;
mod bird_jwt;
mod generic;
mod github;
mod mac;
mod sereno;
mod shopify;
mod slack;
mod standard;
mod stripe;
mod token;
mod twilio;

use std::borrow::Cow;

use http::HeaderMap;
use sereno_workflows::source::{Source, Verifier};
use sereno_workflows::time::{Span, Timestamp};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// How far from now the time of a delivery may be, either way, in seconds (row B05).
const TOLERANCE_S: u64 = 300;
/// How long a delivery that may come again is remembered. Stripe tries for three days, Shopify for four
/// hours, Standard Webhooks' example for three days.
const RETRIED_FOR: Span = Span::hours(96);

/// A request, before anybody believes it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its query, without the question mark.
    pub query: Option<&'a str>,
    /// Its body, byte for byte.
    pub body: &'a [u8],
    /// When it came.
    pub now: Timestamp,
}

/// Why a request is not believed; a sentence for who sent it, that holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Refused(Cow<'static, str>);

/// What tells a delivery from a repetition of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The scheme's own id of the delivery, or its signature, as a digest.
    pub digest: [u8; 16],
    /// Until when a repetition of it would be believed.
    pub until: Timestamp,
    /// Whether a repetition is refused: where a sender that tries again signs anew, one that does not is
    /// somebody else. Otherwise it is answered like the first, and nothing is done.
    pub refused: bool,
}

/// What of a request names the delivery.
enum Name<'a> {
    /// An id that is the same each time that it is sent.
    Id(&'a str),
    /// Nothing but its signature, which will be right for ever.
    Signature(Vec<u8>),
    /// A signature that is right for as long as the time that it was made at is near.
    Timed(Vec<u8>),
    /// The same, which is made anew each time that it is sent.
    Once(Vec<u8>),
    /// Nothing at all.
    Nothing,
}

/// Judges a request by the scheme of its source. Where it is genuine, answers what tells it from a
/// repetition, if anything does.
pub fn verify(source: &Source, shown: &Shown<'_>) -> Result<Option<Mark>, Refused> {
    let keys = &source.secrets;
    let name = match source.verifier {
        Verifier::Sereno => sereno::verify(keys, shown)?,
        Verifier::Bird => bird::verify(source, shown)?,
        Verifier::BirdJwt => return bird_jwt::verify(source, shown).map(Some),
        Verifier::Github => github::verify(keys, shown)?,
        Verifier::Stripe => return stripe::verify(keys, shown).map(Some),
        Verifier::Slack => slack::verify(keys, shown)?,
        Verifier::Shopify => shopify::verify(keys, shown)?,
        Verifier::Twilio => twilio::verify(source, shown)?,
        Verifier::Standard => standard::verify(keys, shown)?,
        Verifier::Hmac => generic::verify(source, shown)?,
        Verifier::Bearer => token::bearer(source, shown)?,
        Verifier::Basic => token::basic(source, shown)?,
        Verifier::Header => token::header(source, shown)?,
        Verifier::None => token::none(source, shown)?,
    };
    Ok(mark(&name, shown.now))
}

/// The delivery's own id among the headers that are kept of it, where its sender gives one.
pub fn delivery_id<'a>(
    source: &Source,
    header: impl Fn(&str) -> Option<&'a str>,
) -> Option<&'a str> {
    match source.verifier {
        Verifier::Standard => header("webhook-id").or_else(|| header("svix-id")),
        Verifier::Github => header("x-github-delivery"),
        Verifier::Shopify => header("x-shopify-webhook-id"),
        _ => header(&source.id_header.as_deref()?.to_ascii_lowercase()),
    }
}

/// Why nothing could ever be verified with a secret, if that is so.
pub(crate) fn problem_of(verifier: Verifier, secret: &str) -> Option<&'static str> {
    match verifier == Verifier::Standard {
        true => standard::problem_of(secret),
        // The others sign with the bytes of whatever it is.
        false => None,
    }
}

fn mark(name: &Name<'_>, now: Timestamp) -> Option<Mark> {
    // What is twice the tolerance old is too old however far ahead its sender's clock was.
    let short = now.after(Span::seconds(2 * TOLERANCE_S + 1));
    let long = now.after(RETRIED_FOR);
    let (kind, bytes, until, refused) = match name {
        Name::Id(id) => (0, id.as_bytes(), long, false),
        // The bytes and not the text, which can be written in several ways.
        Name::Signature(bytes) => (1, &**bytes, long, false),
        Name::Timed(bytes) => (1, &**bytes, short, false),
        Name::Once(bytes) => (1, &**bytes, short, true),
        Name::Nothing => return None,
    };
    Some(Mark { digest: digest(kind, bytes), until, refused })
}

fn digest(kind: u8, name: &[u8]) -> [u8; 16] {
    let whole = Sha256::new().chain_update([kind]).chain_update(name).finalize();
    let mut half = [0; 16];
    half.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    half
}

impl Refused {
    fn because(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }

    fn wrong(header: &str) -> Self {
        Self(format!("{header} was not made over these bytes with this source's secret").into())
    }
}

impl<'a> Shown<'a> {
    /// The only value of a header; two of them could mean two things to two readers.
    fn header(&self, name: &str) -> Result<&'a str, Refused> {
        match self.find(name)? {
            Some(value) => Ok(value),
            None => Err(Refused(format!("the header {name} is missing").into())),
        }
    }

    fn find(&self, name: &str) -> Result<Option<&'a str>, Refused> {
        let mut values = self.headers.get_all(name).iter();
        let (first, second) = (values.next(), values.next());
        if second.is_some() {
            return Err(Refused(format!("the header {name} is there more than once").into()));
        }
        let Some(value) = first else { return Ok(None) };
        match value.to_str() {
            Ok("") => Err(Refused(format!("the header {name} is empty").into())),
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Refused(format!("the header {name} is not plain text").into())),
        }
    }

    /// Refuses a time of sending that is too far from now.
    fn fresh(&self, name: &str, timestamp: &str) -> Result<(), Refused> {
        let digits = timestamp.len() <= 12 && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = timestamp.parse::<i64>().ok().filter(|_| digits);
        let Some(seconds) = seconds else {
            return Err(Refused(format!("{name} must be seconds since 1970").into()));
        };
        let off_s = self.now.0.div_euclid(1_000).abs_diff(seconds);
        if off_s > TOLERANCE_S {
            return Err(Refused(
                format!("{name} is {off_s} s from now and may be {TOLERANCE_S} s").into(),
            ));
        }
        Ok(())
    }

    /// The address as the sender has it: the configured one, with the query that it was called with
    /// where none is configured. What proxies say of the address is not asked: it can be forged.
    fn url(&self, source: &Source) -> String {
        let url = source.url.as_deref().unwrap_or_default();
        match self.query.filter(|query| !query.is_empty() && !url.contains('?')) {
            Some(query) => format!("{url}?{query}"),
            None => url.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
