//! Senders that sign nothing and show a secret instead, or none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sereno_workflows::source::Source;

use super::{Name, Refused, Shown, mac};

const AUTHORIZATION: &str = "Authorization";

pub(super) fn bearer<'a>(source: &Source, shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let token = credentials(shown, "bearer")?;
    known(source, token.as_bytes(), AUTHORIZATION)?;
    name(source, shown)
}

pub(super) fn basic<'a>(source: &Source, shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let pair = STANDARD.decode(credentials(shown, "basic")?).unwrap_or_default();
    let colon = pair.iter().position(|byte| *byte == b':').unwrap_or(pair.len());
    let (user, password) = pair.split_at(colon);
    let is_user = mac::same(user, source.user.as_deref().unwrap_or_default().as_bytes());
    let password = password.get(1..).unwrap_or_default();
    // The password is looked at all the same, so that the time does not tell which of both is wrong.
    known(source, password, AUTHORIZATION)?;
    match is_user {
        true => name(source, shown),
        false => Err(unknown(AUTHORIZATION)),
    }
}

pub(super) fn header<'a>(source: &Source, shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let header = source.header.as_deref().unwrap_or_default();
    known(source, shown.header(header)?.as_bytes(), header)?;
    name(source, shown)
}

pub(super) fn none<'a>(source: &Source, shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    // It was checked when it was set; a source is never open by mistake.
    if !source.allow_unsigned {
        return Err(Refused::because("this source takes nothing that is not signed"));
    }
    name(source, shown)
}

fn credentials<'a>(shown: &Shown<'a>, wanted: &str) -> Result<&'a str, Refused> {
    let value = shown.header(AUTHORIZATION)?;
    match value.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(wanted) => Ok(rest.trim()),
        _ => Err(Refused::because(format!("Authorization must be {wanted}"))),
    }
}

fn known(source: &Source, given: &[u8], header: &str) -> Result<(), Refused> {
    match mac::any(&source.secrets, given, <[u8]>::to_vec) {
        true => Ok(()),
        false => Err(unknown(header)),
    }
}

fn unknown(header: &str) -> Refused {
    Refused::because(format!("{header} is not what this source shows"))
}

fn name<'a>(source: &Source, shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    match &source.id_header {
        Some(header) => Ok(shown.find(header)?.map_or(Name::Nothing, Name::Id)),
        None => Ok(Name::Nothing),
    }
}
