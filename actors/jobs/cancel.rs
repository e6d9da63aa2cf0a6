//! Deliveries that a job ends while they still wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sereno_workflows::id::EndpointId;
use tokio::sync::oneshot;

use super::walk::Target;
use super::{Jobs, unreached};
use crate::endpoint::cancel::{CancelRequest, Sought, Stays};
use crate::ledger::LedgerError;
use crate::limits::work::{CANCEL_AGAIN_MS, CANCEL_TRIES_MAX};
use crate::record::{Actor, Hindrance, JobRecord, NotDone, Signed};
use crate::tenant::TenantMessage;

/// What one endpoint is asked to end.
type Share = Vec<(Target, Sought)>;

impl Jobs {
    /// Has deliveries end, and waits until that is durable; answers those that do not. One that is just moving is
    /// looked for again a few times.
    pub(super) async fn cancel_all(
        &self,
        job: &JobRecord,
        targets: Vec<Target>,
    ) -> Result<Vec<NotDone>, LedgerError> {
        let cancelled = Signed {
            at: self.ledger.now().timestamp(),
            by: job.by.clone().unwrap_or(Actor::Admin),
            reason: job.reason.clone(),
        };
        let (mut left, mut not_done) = (targets, Vec::new());
        for _ in 0..CANCEL_TRIES_MAX {
            let mut moving = Vec::new();
            for (share, answers) in self.ask(self.look(left).await?, &cancelled).await {
                let Some(answers) = answers else {
                    not_done.extend(share.iter().map(|(target, _)| unreached(target)));
                    continue;
                };
                for ((target, _), answer) in share.into_iter().zip(answers) {
                    match answer {
                        Ok(()) => {}
                        Err(Stays::Moving) => moving.push(target),
                        Err(stays) => {
                            let (item, why) = (target.again.delivery, stays.hindrance());
                            not_done.push(NotDone { item, why });
                        }
                    }
                }
            }
            left = moving;
            if left.is_empty() {
                return Ok(not_done);
            }
            tokio::time::sleep(Duration::from_millis(CANCEL_AGAIN_MS)).await;
        }
        let why = Hindrance::Ending;
        not_done.extend(left.into_iter().map(|one| NotDone { item: one.again.delivery, why }));
        Ok(not_done)
    }

    /// Where each waits, by its endpoint.
    async fn look(&self, targets: Vec<Target>) -> Result<BTreeMap<EndpointId, Share>, LedgerError> {
        let (ledger, tenant) = (Arc::clone(&self.ledger), self.tenant.clone());
        let look = move || {
            let mut shares: BTreeMap<EndpointId, Share> = BTreeMap::new();
            for target in targets {
                let Some(delivery) = target.again.delivery else { continue };
                let (event, endpoint) = (target.again.event, target.endpoint);
                let status = ledger.status(&tenant, event, delivery)?;
                let place = (event, delivery, status.as_ref());
                let sought = Sought::of(&ledger, &tenant, endpoint, place)?;
                shares.entry(endpoint).or_default().push((target, sought));
            }
            Ok(shares)
        };
        let looked = tokio::task::spawn_blocking(look).await;
        looked.unwrap_or(Err(LedgerError::Content("page of deliveries")))
    }

    /// Asks each endpoint, and waits for all answers; an endpoint that dies gives none.
    async fn ask(
        &self,
        shares: BTreeMap<EndpointId, Share>,
        cancelled: &Signed,
    ) -> Vec<(Share, Option<Vec<Result<(), Stays>>>)> {
        let mut asked = Vec::new();
        for (endpoint, share) in shares {
            let (reply, answer) = oneshot::channel();
            let sought = share.iter().map(|(_, sought)| *sought).collect();
            let request = CancelRequest { sought, cancelled: cancelled.clone(), reply };
            // A tenant that has just died drops it, and the answer with it.
            drop(self.parent.cast(TenantMessage::Cancel(endpoint, request)));
            asked.push((share, answer));
        }
        let mut answers = Vec::new();
        for (share, answer) in asked {
            answers.push((share, answer.await.ok()));
        }
        answers
    }
}
