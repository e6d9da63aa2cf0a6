//! A job on disk: what is asked for, how far it came, with what it could not be done, and how it ended.

use serde::{Deserialize, Serialize};
use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;

use super::access::Actor;
use super::envelope::{Record, fields};
use super::selection::{Selection, SelectionV1};
use crate::limits::work::NOT_DONE_NAMED_MAX;

/// Work on many deliveries that goes on in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// What is to be done.
    pub task: JobTask,
    /// Which deliveries it is about.
    pub selection: Selection,
    /// How it stands.
    pub state: JobState,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Its place in the tenant's order of things: what has one beyond came after it.
    pub began: Sequence,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// The place from which it goes on.
    pub place: Sequence,
    /// Deliveries that were looked at.
    pub examined: u64,
    /// Deliveries that the selection meant.
    pub matched: u64,
    /// Deliveries with which it was done.
    pub done: u64,
    /// Why it ended early.
    pub error: Option<String>,
    /// Why it was asked for, as whoever did says; empty where nothing was said.
    pub reason: String,
    /// Deliveries that were no longer what it is about when their turn came.
    pub skipped: u64,
    /// Deliveries with which it could not be done.
    pub refused: u64,
    /// The first of those that were skipped or refused.
    pub not_done: Vec<NotDone>,
    /// Who asked for it, as far as that was written down.
    pub by: Option<Actor>,
}

/// A delivery or a letter with which a job could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotDone {
    /// Which; nothing where it is a delivery that was never made.
    pub item: Option<Sequence>,
    /// Why.
    pub why: Hindrance,
}

/// Why something cannot be tried again, thrown away or read again. On disk by its place: new ones come at
/// the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hindrance {
    /// It is being attempted at this moment.
    UnderWay,
    /// What came of an attempt is just being written down.
    Ending,
    /// It is not there any more: somebody else was first, or it has outlived its time.
    Gone,
    /// It waits for an earlier one of its key.
    Behind,
    /// What it says is no longer true or wanted.
    Untrue,
    /// It went out in a digest.
    Collected,
    /// What was written to a customer is gone once it was sent.
    Unkept,
    /// To whom a report went is gone once it was sent.
    ReaderUnkept,
    /// Somebody cancelled it.
    Cancelled,
    /// The endpoint was deleted.
    EndpointGone,
    /// It was refused when it came in.
    NotGenuine,
    /// Whoever has to do it did not answer.
    Unreached,
    /// Its channel is paused or its endpoint disabled: it waits for that to end.
    Held,
    /// It does not wait any more: it went, or was given up or cancelled meanwhile.
    Over,
}

impl Hindrance {
    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnderWay => "under_way",
            Self::Ending => "ending",
            Self::Gone => "gone",
            Self::Behind => "behind_another",
            Self::Untrue => "no_longer_true",
            Self::Collected => "in_a_digest",
            Self::Unkept => "text_not_kept",
            Self::ReaderUnkept => "reader_not_kept",
            Self::Cancelled => "cancelled",
            Self::EndpointGone => "endpoint_deleted",
            Self::NotGenuine => "not_genuine",
            Self::Unreached => "no_answer",
            Self::Held => "held",
            Self::Over => "over",
        }
    }

    /// The same in a few words for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::UnderWay => "an attempt is under way",
            Self::Ending => "an attempt is just ending",
            Self::Gone => "it is no longer there",
            Self::Behind => "it waits for an earlier one of its key to arrive or to be given up",
            Self::Untrue => "what it says is no longer true or wanted",
            Self::Collected => "it went out together with others of its type",
            Self::Unkept => "what was written to a customer is no longer kept",
            Self::ReaderUnkept => "to whom it went is no longer kept: have the report sent again",
            Self::Cancelled => "it was cancelled by hand",
            Self::EndpointGone => "the endpoint was deleted",
            Self::NotGenuine => "it was refused when it came, so nothing of it may be carried out",
            Self::Unreached => "its endpoint did not answer: try it again",
            Self::Held => "it is held: it goes when its channel goes on or its endpoint is enabled",
            Self::Over => "it does not wait any more",
        }
    }

    /// Whether there was nothing left to be done with it, rather than that it could not be.
    pub fn is_skipped(self) -> bool {
        match self {
            Self::UnderWay | Self::Ending | Self::Gone | Self::Over => true,
            Self::Behind
            | Self::Untrue
            | Self::Collected
            | Self::Unkept
            | Self::ReaderUnkept
            | Self::Cancelled
            | Self::EndpointGone
            | Self::NotGenuine
            | Self::Unreached
            | Self::Held => false,
        }
    }
}

impl JobRecord {
    /// Takes note of those with which it could not be done: all are counted, and the first are named.
    pub fn could_not(&mut self, not_done: impl IntoIterator<Item = NotDone>) {
        for one in not_done {
            match one.why.is_skipped() {
                true => self.skipped += 1,
                false => self.refused += 1,
            }
            if self.not_done.len() < NOT_DONE_NAMED_MAX {
                self.not_done.push(one);
            }
        }
    }
}

impl Record for JobRecord {
    const KIND: u16 = 17;
    /// 1: without a reason, and without what it could not be done with. 2: without who asked for it.
    const VERSION: u16 = 3;
    const NAME: &'static str = "job";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        if version == 2 {
            // What was added stands at the end, and nobody is one byte.
            return fields(&[payload, &[0]].concat());
        }
        if version != 1 {
            return None;
        }
        let (
            task,
            selection,
            state,
            created_at,
            began,
            ended_at,
            place,
            examined,
            matched,
            done,
            error,
        ) = fields(payload)?;
        let selection = <Selection as From<SelectionV1>>::from(selection);
        Some(Self {
            task,
            selection,
            state,
            created_at,
            began,
            ended_at,
            place,
            examined,
            matched,
            done,
            error,
            reason: String::new(),
            skipped: 0,
            refused: 0,
            not_done: Vec::new(),
            by: None,
        })
    }
}

/// What a job does with the deliveries that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobTask {
    /// Has dead letters tried again.
    RetryDeadLetters,
    /// Throws dead letters away.
    DiscardDeadLetters,
    /// Has deliveries tried again, those that arrived too.
    RetryDeliveries,
    /// Brings an endpoint what it wants and did not get, whether it was given up or never tried.
    Recover,
    /// Has letters that came in read again.
    ReprocessInbound,
    /// Ends deliveries that still wait.
    CancelDeliveries,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// It goes on.
    Running,
    /// It came to its end.
    Done,
    /// Somebody ended it.
    Cancelled,
    /// It could not go on.
    Failed,
}

impl JobState {
    /// What to call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

impl JobTask {
    /// What to call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetryDeadLetters => "retry_dead_letters",
            Self::DiscardDeadLetters => "discard_dead_letters",
            Self::RetryDeliveries => "retry_deliveries",
            Self::Recover => "recover",
            Self::ReprocessInbound => "reprocess_inbound",
            Self::CancelDeliveries => "cancel_deliveries",
        }
    }
}
