//! Why the engine cannot do what it is asked.

use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Span;
use thiserror::Error;

use crate::channel::ChannelError;
use crate::ledger::LedgerError;
use crate::store::StoreError;
use crate::vault::VaultError;

/// Why the engine did not start, or could not do what it was asked.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The master key is none, or another one.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The channels cannot be set up.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// An actor of the root did not start.
    #[error("the engine did not start: {0}")]
    Start(String),
    /// A field does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such thing.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// It is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// There are as many as there may be.
    #[error("at most {count} {what}")]
    TooMany {
        /// How many.
        count: usize,
        /// Of what.
        what: &'static str,
    },
    /// The rules refuse it.
    #[error("{0}")]
    Rejected(String),
    /// The disk is nearly full; nothing was stored.
    #[error("the disk is nearly full and nothing was stored: free some space, then try again")]
    Full,
    /// A limit of the tenant's is reached; nothing was stored.
    #[error("{what} is reached")]
    Limited {
        /// Which limit.
        what: &'static str,
        /// After which time there is room again.
        wait: Span,
    },
    /// As much is under way as may be, or an actor died; try again.
    #[error("busy; try again")]
    Busy,
}
