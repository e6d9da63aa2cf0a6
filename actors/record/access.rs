//! Who may in, and what was done by whom: keys, one-time links, sessions that ended early, the audit log.

use serde::{Deserialize, Serialize};
use sereno_workflows::access::Role;
use sereno_workflows::time::Timestamp;

use super::envelope::{Record, fields};

/// An API key, found by its token's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key's own id.
    pub id: String,
    /// The tenant that it opens.
    pub tenant: String,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it may do.
    pub role: Role,
}

/// On whose word somebody was let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Issuer {
    /// Whoever had the admin token with this mark.
    Admin(String),
    /// Whoever had the key whose token has this hash.
    Key([u8; 32]),
}

/// A link that lets somebody in once, found by its token's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRecord {
    /// Its own id.
    pub id: String,
    /// The tenant that it opens.
    pub tenant: String,
    /// When that tenant was made: another of the same name is not meant.
    pub tenant_since: Timestamp,
    /// Who made it.
    pub issuer: Issuer,
    /// What whoever uses it may do.
    pub role: Role,
    /// Whether it opens the portal alone.
    pub portal: bool,
    /// To which place in the console it leads.
    pub next: String,
    /// Until when it can be used.
    pub until: Timestamp,
}

/// A session that ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSessionRecord {
    /// Until when it would have gone on; nobody asks for it beyond.
    pub until: Timestamp,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// Whoever had the admin token.
    Admin,
    /// Whoever had a key.
    Key {
        /// The key's id.
        id: String,
        /// What people call it.
        name: String,
    },
    /// Whoever came by a one-time link.
    Link {
        /// The link's id.
        id: String,
    },
}

/// That somebody did something by hand, as it stands with what they did it to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// Why, in that person's words; empty where nothing was said.
    pub reason: String,
}

/// Something that was done through the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub who: Actor,
    /// In which role.
    pub role: Role,
    /// Whether in a session, and not with a key.
    pub by_session: bool,
    /// From which address, where that is known.
    pub address: String,
    /// What, such as `endpoint.create`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// Further words, without secrets and without personal data.
    pub detail: String,
    /// What was answered; nothing if the server ended over it.
    pub status: Option<u16>,
    /// Why, as whoever did it says; empty where nothing was said.
    pub reason: String,
}

impl Record for KeyRecord {
    const KIND: u16 = 2;
    /// 1: without a role, so that each key could do everything.
    const VERSION: u16 = 2;
    const NAME: &'static str = "key";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        if version != 1 {
            return None;
        }
        let (id, tenant, name, created_at) = fields(payload)?;
        Some(Self { id, tenant, name, created_at, role: Role::Admin })
    }
}

impl Record for AuditRecord {
    const KIND: u16 = 92;
    /// 1: without a reason.
    const VERSION: u16 = 2;
    const NAME: &'static str = "audit";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        if version != 1 {
            return None;
        }
        let (at, who, role, by_session, address, action, subject, detail, status) =
            fields(payload)?;
        let reason = String::new();
        Some(Self { at, who, role, by_session, address, action, subject, detail, status, reason })
    }
}
