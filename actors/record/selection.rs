//! Which deliveries or letters a job is about, as it stands on disk.

use serde::{Deserialize, Serialize};
use sereno_workflows::dead_letters::{Fault, cause};
use sereno_workflows::id::Sequence;
use sereno_workflows::statistics::Channel;

use super::{DeadLetterRecord, InboundRecord, InboundState};

/// Which deliveries are meant, or which letters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Of this endpoint.
    pub endpoint: Option<u32>,
    /// Of events of this type, or letters with something of this kind, or of types with this beginning where it ends in `*`.
    pub event_type: Option<String>,
    /// In this condition: one of the words by which a delivery's status is shown, or a letter's.
    pub status: Option<String>,
    /// Given up for this cause; or, of letters, come by this road.
    pub cause: Option<String>,
    /// Given up by this one's fault.
    pub fault: Option<Fault>,
    /// Of events from here on.
    pub from: Sequence,
    /// Of events before this.
    pub to: Sequence,
    /// That go out by this channel.
    pub channel: Option<Channel>,
    /// Whose latest attempt was answered so.
    pub answered: Option<Answered>,
    /// Of events that say this.
    pub query: Option<String>,
}

/// What an attempt was answered, as a class. On disk by its place: new ones come at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answered {
    /// From 200 on.
    Well,
    /// From 300 on.
    Elsewhere,
    /// From 400 on.
    Refused,
    /// From 500 on.
    Failed,
    /// A code of the provider's own, beyond those of HTTP and SMTP.
    Otherwise,
    /// It was made, and there was no answer.
    Nothing,
}

impl Answered {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Well, Self::Elsewhere, Self::Refused, Self::Failed, Self::Otherwise, Self::Nothing];

    /// What to call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Well => "2xx",
            Self::Elsewhere => "3xx",
            Self::Refused => "4xx",
            Self::Failed => "5xx",
            Self::Otherwise => "other",
            Self::Nothing => "none",
        }
    }

    /// The class with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// The class of an attempt's code, which is -1 where there was no answer.
    pub fn of(code: i32) -> Self {
        match code {
            ..=0 => Self::Nothing,
            200..=299 => Self::Well,
            300..=399 => Self::Elsewhere,
            400..=499 => Self::Refused,
            500..=599 => Self::Failed,
            _ => Self::Otherwise,
        }
    }
}

impl Selection {
    /// Whether it means events of this type.
    pub fn wants_type(&self, event_type: &str) -> bool {
        let fits = |wanted: &str| match wanted.strip_suffix('*') {
            Some(beginning) => event_type.starts_with(beginning),
            None => event_type == wanted,
        };
        let of = self.event_type.as_deref();
        of.is_none_or(|all| all.split(',').map(str::trim).any(fits))
    }

    /// Whether it means this dead letter.
    pub fn means_letter(&self, letter: &DeadLetterRecord) -> bool {
        let is_it = |wanted: &str| wanted == cause(letter.code, &letter.error);
        self.wants_endpoint(letter.endpoint)
            && self.wants_type(&letter.event_type)
            && self.cause.as_deref().is_none_or(is_it)
            && self.fault.is_none_or(|wanted| wanted == letter.fault)
    }

    /// Whether it means this letter. One that was refused is never meant, and one in line need not be.
    pub fn means_inbound(&self, letter: &InboundRecord) -> bool {
        let state = letter.fate.state;
        let can_be = match state {
            InboundState::Processed | InboundState::Invalid | InboundState::Quarantined => true,
            InboundState::Pending | InboundState::Refused => false,
        };
        let type_fits =
            self.event_type.is_none() || letter.fate.kinds.iter().any(|kind| self.wants_type(kind));
        can_be
            && type_fits
            && self.status.as_deref().is_none_or(|wanted| wanted == state.as_str())
            && self.cause.as_deref().is_none_or(|wanted| wanted == letter.road.name())
    }

    /// Whether it means deliveries of this endpoint.
    pub fn wants_endpoint(&self, endpoint: u32) -> bool {
        self.endpoint.is_none_or(|wanted| wanted == endpoint)
    }
}

/// How a selection stood on disk before it knew of channels, answers and texts.
pub(super) type SelectionV1 = (
    Option<u32>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Fault>,
    Sequence,
    Sequence,
);

impl From<SelectionV1> for Selection {
    fn from((endpoint, event_type, status, cause, fault, from, to): SelectionV1) -> Self {
        Self { endpoint, event_type, status, cause, fault, from, to, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a21_a_code_is_in_one_class_and_each_class_has_its_name() {
        for (code, name) in [
            (200, "2xx"),
            (250, "2xx"),
            (302, "3xx"),
            (404, "4xx"),
            (451, "4xx"),
            (503, "5xx"),
            (-1, "none"),
            (0, "none"),
            (131_047, "other"),
            (100, "other"),
        ] {
            assert_eq!(Answered::of(code).as_str(), name, "{code}");
            assert_eq!(Answered::from_name(name), Some(Answered::of(code)));
        }
        assert_eq!(Answered::from_name("6xx"), None);
    }
}
