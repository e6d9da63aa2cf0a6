//! What people ask of entities and endpoints, in the trace of their request.

use std::sync::Arc;

use sereno_workflows::conversation::Words;
use sereno_workflows::id::{EndpointId, EntityKey, EventId, TenantId};
use sereno_workflows::trace::TraceContext;
use tokio::sync::oneshot;

use super::{Action, Engine, EngineError, ask};
use crate::endpoint::standing::is_paused;
use crate::entity::{Command, bare};
use crate::hints::Listing;
use crate::idempotency::Idempotency;
use crate::record::Source;
use crate::tenant::{Act, Direct, Replying, TenantMessage};

impl Engine {
    /// Does what a person asks of an entity; returns once it is durable.
    pub async fn act(
        &self,
        tenant: &TenantId,
        key: EntityKey,
        action: Action,
        trace: Option<TraceContext>,
    ) -> Result<(), EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let (reply, answer) = oneshot::channel();
        let command = match action {
            Action::Reservation(command) => Command::Reservation(command),
            Action::Handoff(command) => Command::Handoff(command),
            Action::Conversation(what) => Command::Conversation(bare(what)),
        };
        ask(&actor, TenantMessage::Act(Act { key, command, trace, reply }), answer).await
    }

    /// Writes to the customer of a conversation in a person's name; returns once it is durable. With a request it
    /// goes once, however often that is sent.
    ///
    /// # Errors
    /// The conversation cannot be replied to in this form as it stands, and what would do.
    pub async fn reply(
        &self,
        tenant: &TenantId,
        conversation: &str,
        (by, words): (String, Words),
        request: Option<Idempotency>,
        trace: Option<TraceContext>,
    ) -> Result<(), EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let (reply, answer) = oneshot::channel();
        let (conversation, request) = (conversation.to_owned(), request.map(Arc::new));
        let replying = Replying { conversation, by, words, request, trace, reply };
        ask(&actor, TenantMessage::Reply(Box::new(replying)), answer).await
    }

    /// Queues a `test.ping` for an endpoint; returns the event's id once it is durable.
    pub async fn test(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        trace: Option<TraceContext>,
    ) -> Result<EventId, EngineError> {
        let Listing { actor, view } = self.listing(tenant)?;
        let found = view.endpoints.get(&endpoint).ok_or(EngineError::NotFound("endpoint"))?;
        if !found.config.enabled {
            let problem = "the endpoint is disabled; enable it first, with toggle";
            return Err(EngineError::Rejected(problem.to_owned()));
        }
        if is_paused(&view, endpoint) {
            let problem = "its channel is paused, so nothing would go out: resume it first";
            return Err(EngineError::Rejected(problem.to_owned()));
        }
        let data = serde_json::json!({"endpoint_id": endpoint.0, "message": "Hello from Sereno"});
        let (reply, answer) = oneshot::channel();
        let direct = Direct {
            endpoint,
            event_type: "test.ping".to_owned(),
            data: data.as_object().cloned().unwrap_or_default(),
            source: Source::Test,
            cause: None,
            instead_of: None,
            trace,
            reply,
        };
        ask(&actor, TenantMessage::Direct(direct), answer).await
    }
}
