//! Sessions: sealed into their cookie, so that nothing is kept of one that is under way; and one-time links.
//!
//! What a cookie says is believed as long as it opens, its time is not over, whoever it was made for may
//! still in, and it was not signed out. The last is all that must be remembered, until the cookie's own time
//! is over. It is on disk: a restart must not bring back a session that somebody ended, since they may have
//! ended it because the cookie was copied. It is bounded too: with one more than there is room for, every
//! session that was begun until then is over, and people sign in again.
//!
//! A link is a row that is taken out as it is used. Of two who use it at once one finds it in memory, and
//! nobody is let in before its row is gone from the disk.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use sereno_workflows::access::Role;
use sereno_workflows::id::TenantId;
use sereno_workflows::throttle::Allowed;
use sereno_workflows::time::{Span, Timestamp};

use super::{Engine, EngineError, Later};
use crate::ledger::access::put_sessions_from;
use crate::ledger::{Ledger, LedgerError};
use crate::limits::access as limits;
use crate::record::key::{HOME, access as keys};
use crate::record::{self, EndedSessionRecord, Issuer, LinkRecord};
use crate::store::Batch;
use crate::vault;

/// What a session's cookie is sealed for.
const PLACE: &str = "session";

/// Somebody who has signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    id: [u8; 16],
    /// On whose word.
    pub issuer: Issuer,
    /// The link that was used, if one was.
    pub link: Option<String>,
    /// What may be done in it.
    pub role: Role,
    /// The tenant that it is for, and when that was made; none where it may be any.
    pub tenant: Option<(TenantId, Timestamp)>,
    /// Whether it is for the portal alone.
    pub portal: bool,
    /// What a request that changes something must repeat.
    pub csrf: String,
    since: Timestamp,
    /// When it is over.
    pub until: Timestamp,
}

/// Who is let in.
#[derive(Debug, Clone)]
pub struct Opening {
    /// On whose word.
    pub issuer: Issuer,
    /// The link that was used, if one was.
    pub link: Option<String>,
    /// What may be done in the session.
    pub role: Role,
    /// The tenant that it is for, and when that was made.
    pub tenant: Option<(TenantId, Timestamp)>,
    /// Whether it is for the portal alone.
    pub portal: bool,
}

/// What must be known of sessions and links.
pub(super) struct Doors {
    links: Mutex<HashMap<[u8; 32], LinkRecord>>,
    ended: RwLock<Ended>,
}

struct Ended {
    /// Sessions that were begun before are over.
    from: Timestamp,
    until: HashMap<[u8; 16], Timestamp>,
}

impl Doors {
    pub(super) fn open(ledger: &Ledger) -> Result<Self, LedgerError> {
        let ended = Ended {
            from: ledger.sessions_from()?,
            until: ledger.ended_sessions()?.into_iter().collect(),
        };
        let links = ledger.links()?.into_iter().collect();
        Ok(Self { links: Mutex::new(links), ended: RwLock::new(ended) })
    }
}

/// What is kept of the admin token in a session: enough to see that it is another now.
pub fn admin_mark(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(vault::hash_token(&format!("admin mark\0{token}")))
}

impl Engine {
    /// Whether somebody of this sender may try to sign in; they may not once they were wrong too often.
    pub fn may_sign_in(&self, sender: &str) -> Result<(), Later> {
        let now = self.around.ledger.now().timestamp();
        let names = ["sign in", sender];
        self.around.throttles.check(&names, SIGN_INS_REFUSED, now).map_err(Later)
    }

    /// Counts that somebody of this sender was wrong.
    pub fn refuse_sign_in(&self, sender: &str) {
        let now = self.around.ledger.now().timestamp();
        // How long to wait is told to whoever tries again.
        self.around.throttles.request(&["sign in", sender], SIGN_INS_REFUSED, now).ok();
    }

    /// Begins a session; answers with it and its cookie.
    pub fn begin_session(&self, opening: Opening) -> (Session, String) {
        let now = self.around.ledger.now().timestamp();
        let Opening { issuer, link, role, tenant, portal } = opening;
        let session = Session {
            id: vault::random(),
            issuer,
            link,
            role,
            tenant,
            portal,
            csrf: URL_SAFE_NO_PAD.encode(vault::random::<24>()),
            since: now,
            until: now.after(Span::millis(limits::SESSION_MS)),
        };
        let text = serde_json::to_vec(&session).expect("texts and numbers become JSON");
        let sealed = self.around.ledger.vault().seal(PLACE, &text);
        (session, URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The session that a cookie stands for, if it still holds; `admin_mark` is that of the present token.
    pub fn session(&self, cookie: &str, admin_mark: &str) -> Option<Session> {
        if cookie.len() > limits::COOKIE_BYTES_MAX {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let text = self.around.ledger.vault().open(PLACE, &sealed).ok()?;
        let session: Session = serde_json::from_slice(&text).ok()?;
        let now = self.around.ledger.now().timestamp();
        let has_ended = {
            let ended = self.doors.ended.read();
            session.since < ended.from || ended.until.contains_key(&session.id)
        };
        let tenant = session.tenant.as_ref();
        let is_there = tenant.is_none_or(|(tenant, since)| self.is_same_tenant(tenant, *since));
        let holds = now < session.until && !has_ended && is_there;
        (holds && self.may_still_in(&session.issuer, admin_mark)).then_some(session)
    }

    /// Ends a session for good, whoever has a copy of its cookie; returns once that is durable.
    pub async fn end_session(&self, session: &Session) {
        let now = self.around.ledger.now().timestamp();
        let mut batch = Batch::new(HOME);
        {
            let mut ended = self.doors.ended.write();
            ended.until.retain(|id, until| {
                let is_needed = *until > now;
                if !is_needed {
                    batch.delete(keys::ended_session(id));
                }
                is_needed
            });
            if ended.until.len() >= limits::SESSIONS_ENDED_MAX {
                tracing::warn!("more sessions were signed out than are remembered: all are over");
                ended.from = now.after(Span::millis(1));
                put_sessions_from(&mut batch, ended.from);
                for (id, _) in ended.until.drain() {
                    batch.delete(keys::ended_session(&id));
                }
            }
            ended.until.insert(session.id, session.until);
        }
        self.streams.look_again();
        let row = EndedSessionRecord { until: session.until };
        batch.put(keys::ended_session(&session.id), record::encode(&row));
        self.around.ledger.commit_home(batch).await;
    }

    /// Makes a link; returns its token once it is durable. The token is not kept.
    pub async fn create_link(&self, link: LinkRecord) -> Result<String, EngineError> {
        let now = self.around.ledger.now().timestamp();
        let token = vault::generate_token("link");
        let hash = vault::hash_token(&token);
        let mut batch = Batch::new(HOME);
        {
            let mut links = self.doors.links.lock();
            links.retain(|hash, link| {
                let is_needed = link.until > now;
                if !is_needed {
                    batch.delete(keys::link(hash));
                }
                is_needed
            });
            let of_tenant = links.values().filter(|other| other.tenant == link.tenant);
            let count = limits::LINKS_PER_TENANT_MAX;
            if of_tenant.count() >= count {
                return Err(EngineError::TooMany { count, what: "links of one tenant that wait" });
            }
            links.insert(hash, link.clone());
        }
        batch.put(keys::link(&hash), record::encode(&link));
        self.around.ledger.commit_home(batch).await;
        Ok(token)
    }

    /// An id for a link.
    pub fn link_id(&self) -> String {
        format!("link_{}", self.around.ledger.sequence().to_text())
    }

    /// Uses a link: what it says, once nobody can use it again. None where it was used, is over, or whoever
    /// made it may not in any more.
    pub async fn use_link(&self, token: &str, admin_mark: &str) -> Option<LinkRecord> {
        let hash = vault::hash_token(token);
        let link = self.doors.links.lock().remove(&hash)?;
        let mut batch = Batch::new(HOME);
        batch.delete(keys::link(&hash));
        self.around.ledger.commit_home(batch).await;
        let now = self.around.ledger.now().timestamp();
        let tenant: TenantId = link.tenant.parse().ok()?;
        let holds = now < link.until && self.is_same_tenant(&tenant, link.tenant_since);
        (holds && self.may_still_in(&link.issuer, admin_mark)).then_some(link)
    }

    /// Another tenant of the same name is not the one that somebody was let in to.
    fn is_same_tenant(&self, tenant: &TenantId, since: Timestamp) -> bool {
        self.view(tenant).is_ok_and(|view| view.created_at == since)
    }

    fn may_still_in(&self, issuer: &Issuer, admin_mark: &str) -> bool {
        match issuer {
            Issuer::Admin(mark) => mark == admin_mark,
            Issuer::Key(hash) => self.keys.read().contains_key(hash),
        }
    }
}

/// How often somebody may be wrong.
const SIGN_INS_REFUSED: Allowed = Allowed {
    per_minute: limits::SIGN_INS_REFUSED_PER_MINUTE,
    burst: limits::SIGN_INS_REFUSED_BURST,
};

#[cfg(test)]
mod tests;
