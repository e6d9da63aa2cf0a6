//! Jobs of a tenant: work on many deliveries or letters that goes on in the background, survives a restart, says how
//! far it came and can be cancelled.
//!
//! ```text
//!  Begin --> row --> step: look at some rows, hand what is meant to its endpoints --> row --> step ...
//! ```
//! A step is small and the jobs take turns, so that neither a long one nor a million dead letters hold
//! anybody up. How far a job came is written down after its step is durable: a step that is done twice after
//! a crash finds that its deliveries are no longer what the job is about.

pub mod walk;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use tokio::sync::oneshot;

use self::walk::{Target, walk};
use crate::endpoint::again::{Again, AgainRequest};
use crate::gather::Refusal;
use crate::hints::Hints;
use crate::intake::IntakeMessage;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::{JobRecord, JobState, JobTask};
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
        job.matched += u64::try_from(page.targets.len()).unwrap_or(u64::MAX);
        job.done += match job.task {
            JobTask::DiscardDeadLetters => self.discard(&page.targets).await,
            JobTask::ReprocessInbound => self.read_again(&page.targets).await,
            JobTask::RetryDeadLetters | JobTask::RetryDeliveries | JobTask::Recover => {
                self.hand_over(&page.targets).await
            }
        };
        let Some(next) = page.next else { return Ok(false) };
        job.place = next;
        Ok(true)
    }

    async fn discard(&self, targets: &[Target]) -> u64 {
        let mut draft = Draft::new(&self.tenant);
        let letters = targets.iter().filter_map(|target| target.again.delivery);
        let now = self.ledger.now().timestamp();
        let count = letters.map(|delivery| draft.forget_dead_letter(delivery, now)).count();
        let after = draft.take_after();
        self.ledger.commit_and_wait(draft).await;
        self.hints.carry_out(&self.tenant, after);
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Has letters read again, and waits until they are.
    async fn read_again(&self, targets: &[Target]) -> u64 {
        let letters = targets.iter().map(|target| target.again.event).collect();
        let (reply, answer) = oneshot::channel();
        let again = TenantMessage::Intake(IntakeMessage::Again(letters, reply));
        // A tenant that has just died drops it, and the answer with it; they are not among those done.
        drop(self.parent.cast(again));
        match answer.await {
            Ok(Ok(count)) => count,
            Ok(Err(_)) | Err(_) => 0,
        }
    }

    /// Hands each endpoint its deliveries, and waits until they are in its queue.
    async fn hand_over(&self, targets: &[Target]) -> u64 {
        let mut shares: BTreeMap<EndpointId, Vec<Again>> = BTreeMap::new();
        for target in targets {
            shares.entry(target.endpoint).or_default().push(target.again);
        }
        let mut answers = Vec::new();
        for (endpoint, deliveries) in shares {
            let (reply, answer) = oneshot::channel();
            let request = AgainRequest { deliveries, reply };
            if self.parent.cast(TenantMessage::Again(endpoint, request)).is_ok() {
                answers.push(answer);
            }
        }
        let mut done = 0;
        for answer in answers {
            // Refused, or the endpoint is gone: it is not among those that are done.
            if let Ok(Ok(again)) = answer.await {
                done += u64::try_from(again.len()).unwrap_or(u64::MAX);
            }
        }
        done
    }

    async fn end(&self, id: Sequence, job: JobRecord, state: JobState, error: Option<String>) {
        let ended_at = Some(self.ledger.now().timestamp());
        let mut draft = Draft::new(&self.tenant);
        draft.job(id, &JobRecord { state, error, ended_at, ..job });
        self.ledger.commit_and_wait(draft).await;
    }
}
