//! Shopify: `X-Shopify-Hmac-SHA256`, base64 over the body (shopify.dev, verify deliveries).

use super::{Name, Refused, Shown, mac};

const SIGNATURE: &str = "X-Shopify-Hmac-SHA256";

pub(super) fn verify<'a>(secrets: &[String], shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let signature = shown.header(SIGNATURE)?;
    let given = mac::from_base64(signature).unwrap_or_default();
    if !mac::any(secrets, &given, |key| mac::sha256(key, &[shown.body])) {
        return Err(Refused::wrong(SIGNATURE));
    }
    Ok(match shown.find("X-Shopify-Webhook-Id")? {
        Some(id) => Name::Id(id),
        None => Name::Signature(given),
    })
}
