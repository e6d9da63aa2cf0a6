//! `MessageBird-Signature-JWT`: a token that names the digests of the address and the body
//! (messagebird/go-rest-api, `signature_jwt`).
//!
//! Only HMACs are believed, whatever the token itself asks for: a token without a signature is none.

use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sereno_workflows::hex;
use sereno_workflows::source::Source;
use sereno_workflows::time::{Span, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{Mark, Refused, Shown, digest, mac};

const HEADER: &str = "MessageBird-Signature-JWT";
const ISSUER: &str = "MessageBird";
/// How far its clock and ours may be apart, in seconds.
const SKEW_S: i64 = 1;
/// No token is good for longer than that, whatever it says: it would have to be remembered.
const LIFE_S_MAX: i64 = 24 * 3_600;

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    nbf: i64,
    exp: i64,
    jti: String,
    url_hash: String,
    #[serde(default)]
    payload_hash: Option<String>,
}

pub(super) fn verify(source: &Source, shown: &Shown<'_>) -> Result<Mark, Refused> {
    let token = shown.header(HEADER)?;
    let malformed = || Refused::because("MessageBird-Signature-JWT is not a token of three parts");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (head, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed());
    let head: Head = serde_json::from_slice(&decoded(head)?).map_err(|_| malformed())?;
    let algorithm = match head.alg.as_str() {
        "HS256" => HMAC_SHA256,
        "HS384" => HMAC_SHA384,
        "HS512" => HMAC_SHA512,
        _ => return Err(Refused::because("the token's alg must be HS256, HS384 or HS512")),
    };
    let make = |key: &[u8]| mac::with(algorithm, key, &[signed.as_bytes()]);
    if !mac::any(&source.secrets, &decoded(signature)?, make) {
        return Err(Refused::wrong(HEADER));
    }
    let claims: Claims = serde_json::from_slice(&decoded(claims)?)
        .map_err(|_| Refused::because("the token lacks a claim of iss, nbf, exp, jti, url_hash"))?;
    check(&claims, source, shown)?;
    let until = Timestamp((claims.exp + SKEW_S) * 1_000).after(Span::seconds(1));
    Ok(Mark { digest: digest(2, claims.jti.as_bytes()), until, refused: false })
}

fn check(claims: &Claims, source: &Source, shown: &Shown<'_>) -> Result<(), Refused> {
    let because = |reason: &'static str| Err(Refused::because(reason));
    let now_s = shown.now.0.div_euclid(1_000);
    if claims.iss != ISSUER || claims.jti.is_empty() {
        return because("the token's iss must be MessageBird, and its jti must be there");
    }
    if now_s.saturating_add(SKEW_S) < claims.nbf || now_s.saturating_sub(SKEW_S) > claims.exp {
        return because("the token is not good at this time");
    }
    if claims.exp.saturating_sub(claims.nbf) > LIFE_S_MAX {
        return because("the token is good for more than a day");
    }
    if claims.url_hash != hash(shown.url(source).as_bytes()) {
        return because("the token is for another address; say in url which one Bird calls");
    }
    let body = (!shown.body.is_empty()).then(|| hash(shown.body));
    if claims.payload_hash != body {
        return because("the token is for another body");
    }
    Ok(())
}

fn hash(bytes: &[u8]) -> String {
    hex::text(&Sha256::digest(bytes))
}
