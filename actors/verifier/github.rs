//! GitHub: `X-Hub-Signature-256: sha256=<hex>` over the body.
//!
//! The id of a delivery is not signed. Its signature could not stand in for it: two deliveries may have
//! the same bytes (`repository_dispatch`) and mean two things.

use super::{Name, Refused, Shown, mac};

const SIGNATURE: &str = "X-Hub-Signature-256";

pub(super) fn verify<'a>(secrets: &[String], shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let signature = shown.header(SIGNATURE)?;
    let given = signature.strip_prefix("sha256=").and_then(mac::from_hex).unwrap_or_default();
    if !mac::any(secrets, &given, |key| mac::sha256(key, &[shown.body])) {
        return Err(Refused::wrong(SIGNATURE));
    }
    Ok(match shown.find("X-GitHub-Delivery")? {
        Some(id) => Name::Id(id),
        None => Name::Signature(given),
    })
}
