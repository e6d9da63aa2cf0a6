//! Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=…]` over `{t}.{body}`, with the whole of the secret
//! as the key, `whsec_` too. Other schemes in it, such as `v0`, are passed over, as its libraries do.
//!
//! A delivery that is tried again is signed anew, so it is known by the event's id, which is signed.

use serde::Deserialize;

use super::{Mark, Name, Refused, Shown, mac, mark};

const SIGNATURE: &str = "Stripe-Signature";
/// Signatures that are looked at: one for each secret during a rotation.
const SIGNATURES_MAX: usize = 8;

/// All that is looked at of a body here.
#[derive(Deserialize)]
struct Body {
    id: Option<String>,
}

pub(super) fn verify(secrets: &[String], shown: &Shown<'_>) -> Result<Mark, Refused> {
    let header = shown.header(SIGNATURE)?;
    let pairs = || header.split(',').filter_map(|pair| pair.trim().split_once('='));
    let mut times = pairs().filter(|(name, _)| *name == "t").map(|(_, value)| value);
    let timestamp = match (times.next(), times.next()) {
        (Some(only), None) => only,
        _ => return Err(Refused::because("Stripe-Signature must have one t")),
    };
    shown.fresh("t in Stripe-Signature", timestamp)?;
    let given = pairs().filter(|(name, _)| *name == "v1").take(SIGNATURES_MAX);
    let given: Vec<_> = given.filter_map(|(_, signature)| mac::from_hex(signature)).collect();
    let head = format!("{timestamp}.");
    // Each secret once, however many signatures are shown.
    let made =
        secrets.iter().map(|key| mac::sha256(key.as_bytes(), &[head.as_bytes(), shown.body]));
    let right = |made: &Vec<u8>| given.iter().filter(|given| mac::same(given, made)).count() > 0;
    let right: Vec<_> = made.filter(right).collect();
    let Some(signature) = right.into_iter().next() else { return Err(Refused::wrong(SIGNATURE)) };
    let id = serde_json::from_slice::<Body>(shown.body).ok().and_then(|body| body.id);
    let name = match id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => Name::Id(id),
        None => Name::Timed(signature),
    };
    mark(&name, shown.now).ok_or_else(|| Refused::wrong(SIGNATURE))
}
