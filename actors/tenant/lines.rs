//! What becomes a line of a person's history, and what counts as meeting them.

use sereno_workflows::conversation::What;
use sereno_workflows::lead::Way;

use crate::announce::Announcement;
use crate::channel::wording::shorten;
use crate::limits::HISTORY_TEXT_CHARS_MAX;
use crate::record::{HistoryKind, HistoryRecord};

/// An event as a line of a history.
pub(super) fn line(
    event: &Announcement,
    kind: HistoryKind,
    conversation: Option<String>,
    about: Option<String>,
    text: Option<String>,
) -> HistoryRecord {
    HistoryRecord {
        at: event.at,
        kind,
        event_type: event.event_type.clone(),
        event_id: event.id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        event: None,
        delivery: None,
        conversation,
        about: about.map(|about| shorten(&about, HISTORY_TEXT_CHARS_MAX)),
        text: text.map(|text| shorten(&text, HISTORY_TEXT_CHARS_MAX)),
    }
}

/// Of what kind the line is that something in a conversation makes, if it makes one.
pub(super) fn kind_of(what: &What) -> Option<HistoryKind> {
    match what {
        What::Receive { .. } => Some(HistoryKind::Received),
        What::Send | What::Answer => Some(HistoryKind::Sent),
        What::Call => Some(HistoryKind::Call),
        What::Start { .. } | What::Escalate(_) | What::End(_) => Some(HistoryKind::Conversation),
        What::Order(_) => Some(HistoryKind::Order),
        What::Understand(..)
        | What::Act { .. }
        | What::Show(_)
        | What::Belong(_)
        | What::Handed(_)
        | What::Reply(_)
        | What::TakeOver { .. }
        | What::GiveBack
        | What::HandoffClosed
        | What::HandoffReleased
        | What::Wake { .. } => None,
    }
}

/// In what way something in a conversation meets its person, if it does.
pub(super) fn way_of(what: &What) -> Option<Way> {
    match what {
        What::Start { .. } => Some(Way::Conversation),
        What::Receive { .. } => Some(Way::Message),
        What::Send | What::Answer => Some(Way::Mention),
        What::Call => Some(Way::Call),
        What::Understand(..)
        | What::Act { .. }
        | What::Show(_)
        | What::Escalate(_)
        | What::Order(_)
        | What::End(_)
        | What::Belong(_)
        | What::Handed(_)
        | What::Reply(_)
        | What::TakeOver { .. }
        | What::GiveBack
        | What::HandoffClosed
        | What::HandoffReleased
        | What::Wake { .. } => None,
    }
}
