//! Timers in the hands of a person: how each is named, and what may be asked of it.
//!
//! A name holds the moment for which the timer is set, so it is the name of this one firing: of two people who
//! fire the same timer one is told that it is gone, and nobody fires the next one in its place.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::effect::Rejected;
use crate::id::{EntityKey, EntityKind, InvalidId, Sequence};
use crate::time::Timestamp;

/// What a person wants of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// What it is set for is to happen now.
    Fire,
    /// It is not to happen.
    Cancel,
    /// It is to happen then instead.
    MoveTo(Timestamp),
}

/// What a person wants of one of the things that an entity waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// What is wanted.
    pub wish: Wish,
    /// What it waits for, such as `reminder.24h`.
    pub kind: String,
    /// When that is due.
    pub due: Timestamp,
}

impl ByHand {
    /// Whether what is due then is meant.
    pub fn means(&self, kind: &str, due: Timestamp) -> bool {
        self.kind == kind && self.due == due
    }

    /// That there is no such thing to come (any more).
    pub fn gone(&self) -> Rejected {
        Rejected::because(format!(
            "{} is no longer set for {}: it has fired, or was moved or cancelled; list the timers again",
            self.kind,
            self.due.to_rfc3339()
        ))
    }

    /// That its moment is not a person's to choose, and what to do instead.
    pub(crate) fn fixed(&self, instead: &str) -> Rejected {
        Rejected::because(format!("{} cannot be moved: {instead}", self.kind))
    }

    /// A line for a history: what became of it.
    pub fn told(&self) -> String {
        match self.wish {
            Wish::Fire => format!("{} fired by hand", self.kind),
            Wish::Cancel => format!("{} cancelled by hand", self.kind),
            Wish::MoveTo(at) => format!("{} moved to {} by hand", self.kind, at.to_rfc3339()),
        }
    }
}

/// The name of a timer: `reservation:R-1:reminder.24h:1769018400000`. What stands in it is safe in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerName {
    /// Whose it is.
    pub entity: EntityKey,
    /// What for.
    pub kind: String,
    /// When it is due.
    pub due: Timestamp,
    /// 0 for what an entity waits for itself; the number of what another tells it.
    pub slot: Sequence,
}

impl fmt::Display for TimerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.entity.kind.as_str())?;
        escape(f, &self.entity.id)?;
        f.write_char(':')?;
        escape(f, &self.kind)?;
        write!(f, ":{}", self.due.0)?;
        if self.slot.0 > 0 {
            write!(f, ".{}", self.slot.to_text())?;
        }
        Ok(())
    }
}

impl FromStr for TimerName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        read(text).ok_or_else(|| {
            InvalidId(
                "this is no timer's id: take it from GET /api/v1/timers, where it looks like \
                 reservation:R-1:reminder.24h:1769018400000"
                    .to_owned(),
            )
        })
    }
}

fn read(text: &str) -> Option<TimerName> {
    let mut parts = text.split(':');
    let mut next = || parts.next();
    let (entity, id, kind, place) = (next()?, next()?, next()?, next()?);
    let (due, slot) = match place.split_once('.') {
        Some((due, slot)) => (due, Sequence::from_text(slot)?),
        None => (place, Sequence(0)),
    };
    let entity = EntityKey { kind: EntityKind::named(entity)?, id: plain(id)? };
    let due = Timestamp(due.parse().ok()?);
    let named = TimerName { entity, kind: plain(kind)?, due, slot };
    // One timer has one name.
    (parts.next().is_none() && named.to_string() == text).then_some(named)
}

/// Letters, digits, `.`, `_` and `-` as they are, every other byte as `~` and two digits of base 16.
fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => {
                f.write_char(char::from(byte))?;
            }
            other => write!(f, "~{other:02X}")?,
        }
    }
    Ok(())
}

fn plain(escaped: &str) -> Option<String> {
    let mut parts = escaped.split('~');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(byte, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(id: &str, kind: &str, slot: u64) -> TimerName {
        let (entity, due) = (EntityKey::reservation(id), Timestamp(1_769_018_400_000));
        TimerName { entity, kind: kind.to_owned(), due, slot: Sequence(slot) }
    }

    #[test]
    fn f01_a_timers_name_is_safe_in_a_path_and_reads_back() {
        let plain = name("R-1", "reminder.24h", 0).to_string();
        assert_eq!(plain, "reservation:R-1:reminder.24h:1769018400000");
        for id in ["R-1", "mesa/4 ñ?", "a:b", "~", "100%", "..", " "] {
            for slot in [0, 7] {
                let named = name(id, "no_show", slot);
                let text = named.to_string();
                let safe = |c: char| c.is_ascii_alphanumeric() || "-._~:".contains(c);
                assert!(text.chars().all(safe), "{text}");
                assert_eq!(text.parse(), Ok(named), "{text}");
            }
        }
    }

    #[test]
    fn f01_what_is_no_timers_name_is_none() {
        for bad in [
            "",
            "reservation",
            "reservation/R-1:reminder.24h",
            "reservation:R-1:reminder.24h",
            "reservation:R-1:reminder.24h:soon",
            "reservation:R-1:reminder.24h:17:4",
            "reservation:R-1:reminder.24h:017",
            "reservation:R~1:no_show:17",
            "reservation:R~2d1:no_show:17",
            "reservation:R~ñ:no_show:17",
            "table:R-1:no_show:17",
            "reservation:R-1:signal:17.short",
        ] {
            assert!(bad.parse::<TimerName>().is_err(), "{bad}");
        }
    }
}
