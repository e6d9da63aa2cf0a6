//! The tenant's own secrets, by name, and where a text asks for them.
//!
//! `${NAME}` stands for the secret of that name, `$${` for the two characters `${`, and any other `$`
//! for itself. A text is read once, from left to right: what a secret holds is never read again, so no
//! secret can ask for another.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::invalid::Invalid;

/// The most secrets of one tenant.
pub const SECRETS_MAX: usize = 50;
/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// The longest secret, in bytes.
pub const VALUE_BYTES_MAX: usize = 2_048;

/// A tenant's secrets by their names.
pub type Secrets = BTreeMap<String, String>;

/// Why a text cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unfilled {
    /// There is no secret of this name.
    #[error("asks for ${{{0}}}, which is not among the tenant's secrets; set secrets.{0}")]
    Missing(String),
    /// What follows `${` is no name.
    #[error(
        "has a ${{ that no name and }} follow; a name is of A-Z, 0-9 and _, and $${{ stands for ${{"
    )]
    Malformed,
}

/// The text with every secret in its place.
pub fn filled(text: &str, secrets: &Secrets) -> Result<String, Unfilled> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = dollar.strip_prefix("$${") {
            out.push_str("${");
            rest = after;
        } else if let Some(after) = dollar.strip_prefix("${") {
            let (name, after) = after.split_once('}').ok_or(Unfilled::Malformed)?;
            if !is_name(name) {
                return Err(Unfilled::Malformed);
            }
            let secret = secrets.get(name).ok_or_else(|| Unfilled::Missing(name.to_owned()))?;
            out.push_str(secret);
            rest = after;
        } else {
            out.push('$');
            rest = dollar.strip_prefix('$').unwrap_or_default();
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Drops `secrets` from a change of settings where it is the names alone, as they are shown: that says
/// nothing about their values.
pub(crate) fn spell_out(patch: &mut Map<String, Value>, present: &Secrets) -> Result<(), Invalid> {
    match patch.get("secrets") {
        None | Some(Value::Null | Value::Object(_)) => Ok(()),
        Some(Value::Array(names)) if names.iter().eq(present.keys()) => {
            patch.remove("secrets");
            Ok(())
        }
        Some(_) => Err(Invalid::new("secrets", "must be an object of names and texts")),
    }
}

/// Checks the names and values of a tenant's secrets.
pub fn check(secrets: &Secrets) -> Result<(), Invalid> {
    if secrets.len() > SECRETS_MAX {
        return Err(Invalid::new("", format!("at most {SECRETS_MAX} secrets")));
    }
    for (name, value) in secrets {
        if !is_name(name) {
            let shown: String = name.escape_debug().take(NAME_BYTES_MAX).collect();
            let problem = format!(
                "a name begins with A-Z and goes on with A-Z, 0-9 and _, at most {NAME_BYTES_MAX} in all"
            );
            return Err(Invalid::new(shown, problem));
        }
        let fits = (1..=VALUE_BYTES_MAX).contains(&value.len());
        if !fits || value.chars().any(char::is_control) {
            let problem = format!(
                "must have 1 to {VALUE_BYTES_MAX} bytes without line breaks and control characters"
            );
            return Err(Invalid::new(name, problem));
        }
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Settings;

    fn secrets(pairs: &[(&str, &str)]) -> Secrets {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn b03_names_are_filled_in_and_other_dollars_stay() {
        let known = secrets(&[("A", "one"), ("B_2", "${A}")]);
        for (text, filled_in) in [
            ("plain", "plain"),
            ("", ""),
            ("${A}", "one"),
            ("x ${A}${A} y", "x oneone y"),
            ("${B_2}", "${A}"),
            ("$${A}", "${A}"),
            ("$$${A}", "$${A}"),
            ("5$ and $A and $", "5$ and $A and $"),
            ("ñ${A}ñ", "ñoneñ"),
        ] {
            assert_eq!(filled(text, &known).as_deref(), Ok(filled_in), "{text}");
        }
    }

    #[test]
    fn b03_what_is_missing_is_named_and_what_is_no_name_is_refused() {
        let known = secrets(&[("A", "SECRET")]);
        let missing = filled("${A} ${TOKEN}", &known).unwrap_err();
        assert_eq!(missing, Unfilled::Missing("TOKEN".into()));
        let said = missing.to_string();
        assert!(said.contains("${TOKEN}") && said.contains("secrets.TOKEN"), "{said}");
        assert!(!said.contains("SECRET"), "{said}");
        for bad in ["${", "${}", "${a}", "${A B}", "x${A", "${1A}"] {
            assert_eq!(filled(bad, &known), Err(Unfilled::Malformed), "{bad}");
        }
        let said = Unfilled::Malformed.to_string();
        assert!(said.contains("has a ${ that") && said.contains("$${ stands"), "{said}");
    }

    #[test]
    fn b03_names_and_values_are_bounded() {
        let many: Vec<String> = (0..=SECRETS_MAX).map(|n| format!("A{n}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), "v")).collect();
        assert_eq!(check(&secrets(&many)).unwrap_err().field, "");
        assert_eq!(check(&secrets(&many[1..])), Ok(()));
        for (name, value) in [
            ("a", "v".to_owned()),
            ("", "v".to_owned()),
            ("_A", "v".to_owned()),
            (&*"A".repeat(65), "v".to_owned()),
            ("A", String::new()),
            ("A", "two\r\nlines".to_owned()),
            ("A", "x".repeat(VALUE_BYTES_MAX + 1)),
        ] {
            let error = check(&secrets(&[(name, &value)])).unwrap_err();
            assert!(error.field.is_empty() || name.starts_with(&error.field), "{error}");
        }
    }

    #[test]
    fn b03_settings_merge_them_by_name_and_null_removes_one() {
        let patch = |value: Value| value.as_object().unwrap().clone();
        let first = patch(json!({"secrets": {"A": "1", "B": "2"}}));
        let settings = Settings::default().patched(first).unwrap();
        let more = patch(json!({"secrets": {"A": null, "C": "3"}}));
        let settings = settings.patched(more).unwrap();
        assert_eq!(settings.secrets.keys().collect::<Vec<_>>(), ["B", "C"]);
        let none = settings.patched(patch(json!({"secrets": null}))).unwrap();
        assert!(none.secrets.is_empty());
    }
}
