//! Twilio: `X-Twilio-Signature`, base64 HMAC-SHA1 of the address and, where the body is a form, its fields
//! in the order of their names. Any other body is signed by its digest, `bodySHA256` in the query.
//!
//! Twilio signs the address with or without its port, whichever it was given, so both are tried.

use std::collections::BTreeSet;

use sereno_workflows::source::{Algorithm, Source};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

use super::{Name, Refused, Shown, mac};

const SIGNATURE: &str = "X-Twilio-Signature";

pub(super) fn verify<'a>(source: &Source, shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let signature = shown.header(SIGNATURE)?;
    let given = mac::from_base64(signature).unwrap_or_default();
    let fields = if is_form(shown)? { fields(shown.body) } else { digest_fits(shown)? };
    let genuine = addresses(&shown.url(source)).iter().any(|url| {
        let parts = [url.as_bytes(), fields.as_bytes()];
        mac::any(&source.secrets, &given, |key| mac::of(Algorithm::Sha1, key, &parts))
    });
    if !genuine {
        return Err(Refused::because(
            "X-Twilio-Signature was not made over this address and body with this source's secret; \
             url must be the address that Twilio calls",
        ));
    }
    Ok(match shown.find("I-Twilio-Idempotency-Token")? {
        Some(id) => Name::Id(id),
        None => Name::Signature(given),
    })
}

fn is_form(shown: &Shown<'_>) -> Result<bool, Refused> {
    let kind = shown.find("Content-Type")?.unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    Ok(kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Names and values one after the other; a value that is there twice counts once, as in its libraries.
fn fields(body: &[u8]) -> String {
    let all: BTreeSet<_> = form_urlencoded::parse(body).collect();
    all.into_iter().fold(String::new(), |text, (name, value)| text + &name + &value)
}

/// Refuses a body whose digest is not in the query. Nothing of the body itself is signed beside.
fn digest_fits(shown: &Shown<'_>) -> Result<String, Refused> {
    let query = form_urlencoded::parse(shown.query.unwrap_or_default().as_bytes());
    let said = query.into_iter().find(|(name, _)| name == "bodySHA256");
    let said = said.and_then(|(_, value)| mac::from_hex(&value)).unwrap_or_default();
    let digest = Sha256::digest(shown.body);
    match bool::from(digest.as_slice().ct_eq(&said)) || shown.body.is_empty() {
        true => Ok(String::new()),
        false => Err(Refused::because(
            "the body is no form, and bodySHA256 in the query is not its digest",
        )),
    }
}

/// The address as it is, and with its default port or without it.
fn addresses(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let port = if scheme == "http" { ":80" } else { ":443" };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let other = match (host.strip_suffix(port), has_port) {
        (Some(host), _) => Some(format!("{scheme}://{host}{path}")),
        (None, true) => None,
        (None, false) => Some(format!("{scheme}://{host}{port}{path}")),
    };
    [url.to_owned()].into_iter().chain(other).collect()
}
