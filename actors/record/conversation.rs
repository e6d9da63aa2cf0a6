//! Conversations as they stood before a person could hold one, and before what people wrote was counted.

use serde::Deserialize;
use sereno_workflows::conversation::{
    Action, Conversation, Held, Intent, Resolution, Seen, Status,
};
use sereno_workflows::time::Timestamp;

/// A conversation as it stood in version 4 of the state, and in those before.
#[derive(Deserialize)]
pub(super) struct ConversationV4 {
    id: String,
    status: Status,
    channel: Option<String>,
    lead: Option<String>,
    campaign: Option<String>,
    entry_point: Option<String>,
    started_at: Timestamp,
    heard_at: Timestamp,
    last_received_at: Option<Timestamp>,
    last_sent_at: Option<Timestamp>,
    received: u32,
    sent: u32,
    calls: u32,
    intents: Vec<Intent>,
    actions: Vec<Action>,
    actions_executed: u32,
    products: Vec<Seen>,
    products_shown: u32,
    escalated_at: Option<Timestamp>,
    escalated_because: Option<String>,
    ended_at: Option<Timestamp>,
    ended_by: Option<String>,
    resolution: Resolution,
    order: Option<String>,
    alarm_at: Option<Timestamp>,
    generation: u32,
}

/// A conversation as it stood in version 5 of the state.
#[derive(Deserialize)]
pub(super) struct ConversationV5 {
    before: ConversationV4,
    held: Option<Held>,
}

impl From<ConversationV4> for Conversation {
    fn from(before: ConversationV4) -> Self {
        ConversationV5 { before, held: None }.into()
    }
}

impl From<ConversationV5> for Conversation {
    fn from(ConversationV5 { before: talk, held }: ConversationV5) -> Self {
        Self {
            id: talk.id,
            status: talk.status,
            channel: talk.channel,
            lead: talk.lead,
            campaign: talk.campaign,
            entry_point: talk.entry_point,
            started_at: talk.started_at,
            heard_at: talk.heard_at,
            last_received_at: talk.last_received_at,
            last_sent_at: talk.last_sent_at,
            received: talk.received,
            sent: talk.sent,
            calls: talk.calls,
            intents: talk.intents,
            actions: talk.actions,
            actions_executed: talk.actions_executed,
            products: talk.products,
            products_shown: talk.products_shown,
            escalated_at: talk.escalated_at,
            escalated_because: talk.escalated_because,
            ended_at: talk.ended_at,
            ended_by: talk.ended_by,
            resolution: talk.resolution,
            order: talk.order,
            alarm_at: talk.alarm_at,
            generation: talk.generation,
            held,
            answered: 0,
        }
    }
}
