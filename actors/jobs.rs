//! Jobs of a tenant: work on many deliveries or letters that goes on in the background, survives a restart, says how
//! far it came and can be cancelled.
//!
//! ```text
//!  Begin --> row --> step: look at some rows, hand what is meant to its endpoints --> row --> step ...
//! ```
//! A step is small and the jobs take turns, so that neither a long one nor a million dead letters hold
//! anybody up. How far a job came is written down after its step is durable: a step that is done twice after
//! a crash finds that its deliveries are no longer what the job is about.

mod cancel;
pub mod choice;
pub mod walk;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use tokio::sync::oneshot;

use self::walk::{Prospect, Target, walk};
use crate::endpoint::again::{AgainAnswer, AgainRequest};
use crate::gather::Refusal;
use crate::hints::Hints;
use crate::intake::IntakeMessage;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::{Hindrance, JobRecord, JobState, JobTask, NotDone};
use crate::tenant::TenantMessage;
use crate::view::TenantView;

/// The jobs of one tenant.
pub(crate) struct Jobs {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) hints: Arc<Hints>,
    pub(crate) tenant: TenantId,
    pub(crate) parent: ActorRef<TenantMessage>,
}

/// What they are told.
pub(crate) enum JobsMessage {
    /// A new job; answered with its id once it is durable.
    Begin(Box<JobRecord>, oneshot::Sender<Result<Sequence, Refusal>>),
    /// There may be jobs from before the start.
    Resume,
    /// Go on with the job whose turn it is.
    Step,
    /// End a job where it is; answered once that is durable.
    Cancel(Sequence, oneshot::Sender<Result<(), Refusal>>),
}

/// What they know: the running ones, in turn.
#[derive(Default)]
pub(crate) struct JobsState {
    turns: VecDeque<(Sequence, JobRecord)>,
    stepping: bool,
}

impl Actor for Jobs {
    type Msg = JobsMessage;
    type State = JobsState;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<JobsMessage>,
        (): (),
    ) -> Result<JobsState, ActorProcessingErr> {
        Ok(JobsState::default())
    }

    async fn post_start(
        &self,
        myself: ActorRef<JobsMessage>,
        state: &mut JobsState,
    ) -> Result<(), ActorProcessingErr> {
        self.resume(state)?;
        self.keep_stepping(&myself, state);
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<JobsMessage>,
        message: JobsMessage,
        state: &mut JobsState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            JobsMessage::Begin(job, reply) => {
                // An error means that the caller has gone; the job goes on all the same.
                drop(reply.send(self.begin(state, *job).await?));
            }
            // What there was when it started, it knows.
            JobsMessage::Resume => {}
            JobsMessage::Step => {
                state.stepping = false;
                self.step(state).await?;
            }
            JobsMessage::Cancel(id, reply) => {
                // As above.
                drop(reply.send(self.cancel(state, id).await?));
            }
        }
        self.keep_stepping(&myself, state);
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<JobsMessage>,
        _event: SupervisionEvent,
        _state: &mut JobsState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl Jobs {
    fn resume(&self, state: &mut JobsState) -> Result<(), LedgerError> {
        let jobs = self.ledger.jobs(&self.tenant)?;
        state.turns.extend(jobs.into_iter().filter(|(_, job)| job.state == JobState::Running));
        Ok(())
    }

    fn keep_stepping(&self, myself: &ActorRef<JobsMessage>, state: &mut JobsState) {
        if !state.turns.is_empty() && !state.stepping {
            // An error means that it is ending itself.
            state.stepping = myself.cast(JobsMessage::Step).is_ok();
        }
    }

    async fn begin(
        &self,
        state: &mut JobsState,
        job: JobRecord,
    ) -> Result<Result<Sequence, Refusal>, LedgerError> {
        let mut draft = Draft::new(&self.tenant);
        let jobs = self.ledger.jobs(&self.tenant)?;
        if jobs.len() >= limits::JOBS_MAX {
            let ended = jobs.iter().find(|(_, job)| job.state != JobState::Running);
            let Some((ended, _)) = ended else {
                let most = limits::JOBS_MAX;
                let reason = format!("{most} jobs are running already: wait, or cancel one");
                return Ok(Err(Refusal::Rejected(reason)));
            };
            draft.forget_job(*ended);
        }
        let id = self.ledger.sequence();
        draft.job(id, &job);
        self.ledger.commit_and_wait(draft).await;
        state.turns.push_back((id, job));
        Ok(Ok(id))
    }

    async fn cancel(
        &self,
        state: &mut JobsState,
        id: Sequence,
    ) -> Result<Result<(), Refusal>, LedgerError> {
        let Some(place) = state.turns.iter().position(|(running, _)| *running == id) else {
            return Ok(match self.ledger.job(&self.tenant, id)? {
                Some(_) => Err(Refusal::Rejected("the job has ended already".to_owned())),
                None => Err(Refusal::Rejected("there is no such job".to_owned())),
            });
        };
        if let Some((_, job)) = state.turns.remove(place) {
            self.end(id, job, JobState::Cancelled, None).await;
        }
        Ok(Ok(()))
    }

    async fn step(&self, state: &mut JobsState) -> Result<(), LedgerError> {
        let Some((id, mut job)) = state.turns.pop_front() else { return Ok(()) };
        let Some(listing) = self.hints.tenant(&self.tenant) else {
            state.turns.push_back((id, job));
            return Ok(());
        };
        match self.work(&listing.view, &mut job).await {
            Ok(true) => {
                let mut draft = Draft::new(&self.tenant);
                draft.job(id, &job);
                self.ledger.commit_and_wait(draft).await;
                state.turns.push_back((id, job));
            }
            Ok(false) => self.end(id, job, JobState::Done, None).await,
            Err(error) => {
                tracing::error!(%error, tenant = %self.tenant, "a job cannot go on");
                self.end(id, job, JobState::Failed, Some(error.to_string())).await;
            }
        }
        Ok(())
    }

    /// One step; answers whether there is more to do.
    async fn work(&self, view: &Arc<TenantView>, job: &mut JobRecord) -> Result<bool, LedgerError> {
        let (ledger, seen, read) = (Arc::clone(&self.ledger), Arc::clone(view), job.clone());
        let read = move || walk(&ledger, &seen, &read);
        let Ok(page) = tokio::task::spawn_blocking(read).await else {
            return Err(LedgerError::Content("page of deliveries"));
        };
        let page = page?;
        job.examined += page.examined;
        let count = page.targets.len();
        job.matched += u64::try_from(count).unwrap_or(u64::MAX);
        let not_done = match job.task {
            JobTask::DiscardDeadLetters => self.discard(&page.targets).await?,
            JobTask::ReprocessInbound => self.read_again(&page.targets).await,
            JobTask::RetryDeadLetters | JobTask::RetryDeliveries | JobTask::Recover => {
                self.hand_over(&page.targets).await
            }
            JobTask::CancelDeliveries => self.cancel_all(job, page.targets).await?,
        };
        let done = count.saturating_sub(not_done.len());
        job.done += u64::try_from(done).unwrap_or(u64::MAX);
        job.could_not(not_done);
        let Some(next) = page.next else { return Ok(false) };
        job.place = next;
        Ok(true)
    }

    /// Throws dead letters away; answers those that were gone already.
    async fn discard(&self, targets: &[Target]) -> Result<Vec<NotDone>, LedgerError> {
        let mut draft = Draft::new(&self.tenant);
        let now = self.ledger.now().timestamp();
        let mut gone = Vec::new();
        for letter in targets.iter().filter_map(|target| target.again.delivery) {
            match self.ledger.dead_letter(&self.tenant, letter)? {
                Some(found) => {
                    draft.forget_dead_letter((EndpointId(found.endpoint), letter), now);
                }
                None => gone.push(NotDone { item: Some(letter), why: Hindrance::Gone }),
            }
        }
        let after = draft.take_after();
        self.ledger.commit_and_wait(draft).await;
        self.hints.carry_out(&self.tenant, after);
        Ok(gone)
    }

    /// Has letters read again, and waits until they are; answers those that cannot be.
    async fn read_again(&self, targets: &[Target]) -> Vec<NotDone> {
        let letters = targets.iter().map(|target| target.again.event).collect();
        let (reply, answer) = oneshot::channel();
        let again = TenantMessage::Intake(IntakeMessage::Again(letters, reply));
        // A tenant that has just died drops it, and the answer with it.
        drop(self.parent.cast(again));
        answer.await.unwrap_or_else(|_| {
            let letter = |target: &Target| Some(target.again.event);
            let unreached = |target| NotDone { item: letter(target), why: Hindrance::Unreached };
            targets.iter().map(unreached).collect()
        })
    }

    /// Hands each endpoint its deliveries, and waits until they are in its queue; answers those that it does
    /// not try again.
    async fn hand_over(&self, targets: &[Target]) -> Vec<NotDone> {
        let mut shares: BTreeMap<EndpointId, Vec<&Target>> = BTreeMap::new();
        let (held, others): (Vec<&Target>, Vec<_>) =
            targets.iter().partition(|target| target.prospect == Prospect::Held);
        for target in others {
            shares.entry(target.endpoint).or_default().push(target);
        }
        let mut answers = Vec::new();
        for (endpoint, share) in shares {
            let (reply, answer) = oneshot::channel();
            let deliveries = share.iter().map(|target| target.again).collect();
            let request = AgainRequest { deliveries, reply };
            // As above.
            drop(self.parent.cast(TenantMessage::Again(endpoint, request)));
            answers.push((share, answer));
        }
        let why = Hindrance::Held;
        let held = held.into_iter().map(|target| NotDone { item: target.again.delivery, why });
        let mut not_done: Vec<NotDone> = held.collect();
        for (share, answer) in answers {
            match answer.await {
                Ok(AgainAnswer { not_done: refused, .. }) => {
                    let refused = refused.into_iter();
                    not_done
                        .extend(refused.map(|(again, why)| NotDone { item: again.delivery, why }));
                }
                Err(_) => not_done.extend(share.into_iter().map(unreached)),
            }
        }
        not_done
    }

    async fn end(&self, id: Sequence, job: JobRecord, state: JobState, error: Option<String>) {
        let ended_at = Some(self.ledger.now().timestamp());
        let mut draft = Draft::new(&self.tenant);
        draft.job(id, &JobRecord { state, error, ended_at, ..job });
        self.ledger.commit_and_wait(draft).await;
    }
}

/// One whose endpoint, or whose reader, died over it.
fn unreached(target: &Target) -> NotDone {
    NotDone { item: target.again.delivery, why: Hindrance::Unreached }
}
