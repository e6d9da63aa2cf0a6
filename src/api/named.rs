//! Names of people in bodies: of who does something, and of who is to do it.

use serde_json::{Map, Value};
use sereno_actors::limits::CLAIMANT_CHARS_MAX;
use sereno_workflows::id::is_unseen;
use sereno_workflows::invalid::Invalid;

use super::request::{Caller, take_text};

/// The name of who does something: whom `by` names, or else whose key or session it is, as far as that has a name.
pub(super) fn take_by(body: &mut Map<String, Value>, caller: &Caller) -> Result<String, Invalid> {
    take_name(body, "by")?.map_or_else(|| checked("by", &own(caller)), Ok)
}

/// The name of somebody in a body.
pub(super) fn take_name(
    body: &mut Map<String, Value>,
    field: &str,
) -> Result<Option<String>, Invalid> {
    take_text(body, field)?.map(|name| checked(field, &name)).transpose()
}

fn own(caller: &Caller) -> String {
    let name = caller.name();
    name.chars().filter(|letter| !is_unseen(*letter)).take(CLAIMANT_CHARS_MAX).collect()
}

fn checked(field: &str, name: &str) -> Result<String, Invalid> {
    let (name, most) = (name.trim(), CLAIMANT_CHARS_MAX);
    if name.is_empty() || name.chars().count() > most || name.chars().any(is_unseen) {
        let problem = format!("must be the name of who takes it, of {most} characters at most");
        return Err(Invalid::new(field, problem));
    }
    Ok(name.to_owned())
}
