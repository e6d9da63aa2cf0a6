//! Which types of event are looked for.

use crate::event::EventType;
use crate::invalid::Invalid;

/// The most types in one question.
const TYPES_MAX: usize = 20;

/// Types of event: whole ones, and beginnings that end in `*`. Without any, all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Types(Vec<Pattern>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// This type.
    Whole(String),
    /// Every type that begins so.
    Beginning(String),
}

impl Types {
    /// Reads types joined by commas, such as `reservation.*,client.created`.
    pub fn read(text: Option<&str>) -> Result<Self, Invalid> {
        let Some(text) = text else { return Ok(Self::default()) };
        let mut patterns = Vec::new();
        for part in text.split(',').map(str::trim) {
            if patterns.len() == TYPES_MAX {
                return Err(Invalid::new("type", format!("at most {TYPES_MAX} types")));
            }
            let stem = part.strip_suffix('*').unwrap_or(part);
            let whole = stem.strip_suffix('.').filter(|_| stem != part).unwrap_or(stem);
            if !(whole.is_empty() && part == "*") {
                let known = whole.parse::<EventType>();
                known.map_err(|error| Invalid::new("type", error.to_string()))?;
            }
            patterns.push(match stem == part {
                true => Pattern::Whole(part.to_owned()),
                false => Pattern::Beginning(stem.to_owned()),
            });
        }
        Ok(Self(patterns))
    }

    /// Checks types that are asked for in a field of this name.
    ///
    /// # Errors
    /// One of them is none.
    pub fn checked(field: &str, text: &str) -> Result<String, Invalid> {
        let read = Self::read(Some(text));
        read.map_err(|invalid| Invalid { field: field.to_owned(), ..invalid })?;
        Ok(text.to_owned())
    }

    /// Whether this type is one of them.
    pub fn wants(&self, event_type: &str) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|pattern| match pattern {
                Pattern::Whole(whole) => whole == event_type,
                Pattern::Beginning(beginning) => event_type.starts_with(beginning),
            })
    }

    /// The patterns; none where all types are wanted.
    pub fn patterns(&self) -> &[Pattern] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b10_types_are_whole_or_begin_so_and_may_be_several() {
        for (text, event_type, wanted) in [
            (None, "a.b", true),
            (Some("a.b"), "a.b", true),
            (Some("a.b"), "a.b.c", false),
            (Some("a.*"), "a.b.c", true),
            (Some("a.*"), "ab.c", false),
            (Some("res*"), "reservation.created", true),
            (Some("*"), "a.b", true),
            (Some("x.y, a.*"), "a.b", true),
            (Some("x.y,z.*"), "a.b", false),
        ] {
            assert_eq!(
                Types::read(text).unwrap().wants(event_type),
                wanted,
                "{text:?} {event_type}"
            );
        }
        for bad in ["", "a b", "a.b,", "*.created", "a..*", ".*", "**"] {
            assert_eq!(Types::read(Some(bad)).unwrap_err().field, "type", "{bad:?}");
        }
        assert!(Types::read(Some(&"a,".repeat(30))).is_err());
    }
}
