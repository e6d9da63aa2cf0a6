//! Letters from outside: kept as they came, and put in line to be read.

use std::net::IpAddr;

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::inbound::{Road, clipped};
use sereno_workflows::statistics::Count;
use sereno_workflows::trace::TraceContext;
use tokio::sync::oneshot;

use super::once::Once;
use super::{Engine, EngineError, within_call_timeout};
use crate::hints::Listing;
use crate::intake::IntakeMessage;
use crate::intake::refusals::Refused;
use crate::ledger::Draft;
use crate::limits;
use crate::record::{InboundFate, InboundRecord, Verdict};
use crate::tenant::TenantMessage;

/// A letter, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter<'a> {
    /// By which road.
    pub road: Road,
    /// Who brought it, where that is known.
    pub peer: Option<IpAddr>,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// Its headers, names in lower case, without those that may hold a secret; at most
    /// [`limits::LETTER_HEADERS_BYTES_MAX`] bytes.
    pub headers: Vec<(String, String)>,
    /// Its body, byte for byte.
    pub body: &'a [u8],
    /// Why it is refused, if it is.
    pub refused: Option<String>,
    /// The place in a trace of the request that brought it.
    pub trace: Option<TraceContext>,
}

impl Engine {
    /// Keeps a letter; returns its place once it is durable. One that is not refused is read afterwards,
    /// which nobody waits for. `None`: it was refused, and one of too many to keep.
    pub async fn receive(
        &self,
        tenant: &TenantId,
        letter: Letter<'_>,
    ) -> Result<Option<Sequence>, EngineError> {
        self.keep(tenant, letter, None).await
    }

    /// The same; that it came is in its commit, where that is to be remembered.
    pub(super) async fn keep(
        &self,
        tenant: &TenantId,
        letter: Letter<'_>,
        once: Option<Once>,
    ) -> Result<Option<Sequence>, EngineError> {
        self.check_space()?;
        let Listing { actor, .. } = self.listing(tenant)?;
        let ledger = &self.around.ledger;
        let Letter { road, peer, content_type, headers, body, refused, trace } = letter;
        let now = ledger.now().timestamp();
        let credit = self.room.take(tenant, 1).await?;
        let kept = match &refused {
            None => body,
            Some(_) => {
                let noted = self.around.refusals.note(tenant, &road, now);
                if noted == Refused::FirstCounted {
                    let count = TenantMessage::Intake(IntakeMessage::Count);
                    actor.cast(count).map_err(|_| EngineError::Busy)?;
                }
                if noted != Refused::Kept {
                    return Ok(None);
                }
                body.get(..limits::REFUSED_BODY_BYTES_MAX).unwrap_or(body)
            }
        };
        let (verdict, fate) = match refused {
            None => (Verdict::Genuine, InboundFate::pending(now)),
            Some(reason) => {
                let reason = clipped(&reason, limits::LETTER_TEXT_BYTES_MAX).to_owned();
                (Verdict::Refused(reason), InboundFate::refused())
            }
        };
        let record = InboundRecord {
            road,
            peer: peer.map(|peer| peer.to_string()),
            content_type: content_type.map(|text| clipped(&text, 100).to_owned()),
            headers,
            body_bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
            verdict,
            fate,
            trace,
        };
        let sequence = ledger.sequence();
        let mut draft = Draft::new(tenant);
        draft.letter(sequence, &record, kept);
        draft.tally().count(match record.verdict {
            Verdict::Genuine => Count::LettersTaken,
            Verdict::Refused(_) | Verdict::Uncounted(_) => Count::LettersRefused,
        });
        if let Some(Once { mark, .. }) = &once {
            draft.taken(record.road.name(), mark, sequence);
        }
        let (told, durable) = oneshot::channel();
        let (hints, after, of) = (self.around.hints.clone(), draft.take_after(), tenant.clone());
        let then = Box::new(move || {
            hints.carry_out(&of, after);
            drop((credit, once));
            // An error means that the caller has gone; it is durable all the same.
            told.send(()).ok();
        });
        ledger.commit(draft, then).await;
        within_call_timeout(durable).await?;
        Ok(Some(sequence))
    }

    /// Puts a letter in line to be read again; returns once that is durable.
    pub async fn read_again(&self, tenant: &TenantId, letter: Sequence) -> Result<(), EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        if self.around.ledger.letter(tenant, letter)?.is_none() {
            return Err(EngineError::NotFound("letter"));
        }
        let (reply, answer) = oneshot::channel();
        let again = IntakeMessage::Again(vec![letter], reply);
        actor.cast(TenantMessage::Intake(again)).map_err(|_| EngineError::Busy)?;
        match within_call_timeout(answer).await?.first() {
            Some(not_done) => Err(EngineError::Rejected(not_done.why.text().to_owned())),
            None => Ok(()),
        }
    }

    /// A tenant's actor and how the tenant is, for tests of actors below it.
    #[cfg(test)]
    pub(crate) fn reach(&self, tenant: &TenantId) -> Result<Listing, EngineError> {
        self.listing(tenant)
    }

    /// What the engine's actors have, for tests of one of them.
    #[cfg(test)]
    pub(crate) fn surroundings(&self) -> crate::tenant::Surroundings {
        self.around.clone()
    }
}
