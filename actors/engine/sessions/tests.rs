//! For how long sessions, links and the audit log last, and what becomes of too many.

use std::path::Path;
use std::time::Duration;

use sereno_workflows::id::Sequence;
use sereno_workflows::policy::Settings;

use super::*;
use crate::record::{Actor, AuditRecord};
use crate::trial::{self, end};

const HOUR_MS: u64 = 3_600_000;
const START: Timestamp = Timestamp(1_763_900_000_000);
const MARK: &str = "mark";

/// An engine on a directory, so many hours after the first.
async fn engine(directory: &Path, hours: u64) -> Engine {
    trial::engine(directory, START.after(Span::millis(hours * HOUR_MS))).await
}

async fn with_shop(directory: &Path) -> (Engine, TenantId, Timestamp) {
    let engine = engine(directory, 0).await;
    let shop: TenantId = "shop".parse().unwrap();
    let made = engine.create_tenant(shop.clone(), "Shop".to_owned(), Settings::default()).await;
    let since = made.unwrap().created_at;
    (engine, shop, since)
}

fn opening(tenant: &TenantId, since: Timestamp) -> Opening {
    Opening {
        issuer: Issuer::Admin(MARK.to_owned()),
        link: None,
        role: Role::Viewer,
        tenant: Some((tenant.clone(), since)),
        portal: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_session_is_over_after_twelve_hours_and_holds_for_that_tenant_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (engine_0, shop, since) = with_shop(directory.path()).await;
    let (session, cookie) = engine_0.begin_session(opening(&shop, since));
    assert_eq!(engine_0.session(&cookie, MARK), Some(session));
    assert_eq!(engine_0.session(&cookie, "another"), None);
    let (_, of_another) = engine_0.begin_session(opening(&shop, Timestamp(since.0 - 1)));
    assert_eq!(engine_0.session(&of_another, MARK), None, "a tenant of that name before this one");
    let long = "A".repeat(limits::COOKIE_BYTES_MAX + 1);
    assert_eq!(engine_0.session(&long, MARK), None);
    end(engine_0).await;
    for (hours, holds) in [(11, true), (13, false)] {
        let later = engine(directory.path(), hours).await;
        assert_eq!(later.session(&cookie, MARK).is_some(), holds, "{hours} h");
        end(later).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_with_too_many_that_were_signed_out_all_are_over_and_none_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let (engine_0, shop, since) = with_shop(directory.path()).await;
    let (kept, kept_cookie) = engine_0.begin_session(opening(&shop, since));
    {
        // As if so many had been ended.
        let mut ended = engine_0.doors.ended.write();
        for number in 0..limits::SESSIONS_ENDED_MAX {
            let mut id = [0; 16];
            id.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
            ended.until.insert(id, kept.until);
        }
    }
    let (last, cookie) = engine_0.begin_session(opening(&shop, since));
    engine_0.end_session(&last).await;
    assert_eq!(engine_0.doors.ended.read().until.len(), 1);
    assert_eq!(engine_0.session(&cookie, MARK), None);
    assert_eq!(engine_0.session(&kept_cookie, MARK), None);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let (_, fresh) = engine_0.begin_session(opening(&shop, since));
    assert!(engine_0.session(&fresh, MARK).is_some());
    end(engine_0).await;
    let later = engine(directory.path(), 1).await;
    assert_eq!(later.session(&kept_cookie, MARK), None);
    assert!(later.session(&fresh, MARK).is_some());
    end(later).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_links_are_so_many_and_those_whose_time_is_over_make_room() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, shop, since) = with_shop(directory.path()).await;
    let link = |until: Timestamp| LinkRecord {
        id: engine.link_id(),
        tenant: shop.as_str().to_owned(),
        tenant_since: since,
        issuer: Issuer::Admin(MARK.to_owned()),
        role: Role::Viewer,
        portal: false,
        next: "/console/".to_owned(),
        until,
    };
    let over = engine.create_link(link(START.before(Span::hours(1)))).await.unwrap();
    assert_eq!(engine.use_link(&over, MARK).await, None);
    let until = START.after(Span::hours(1));
    {
        let mut links = engine.doors.links.lock();
        for number in 0..limits::LINKS_PER_TENANT_MAX - 1 {
            links.insert(vault::hash_token(&number.to_string()), link(until));
        }
    }
    engine.create_link(link(START.before(Span::hours(1)))).await.unwrap();
    let last = engine.create_link(link(until)).await.unwrap();
    assert!(matches!(engine.create_link(link(until)).await, Err(EngineError::TooMany { .. })));
    assert_eq!(engine.use_link(&last, "another").await, None, "and it is gone");
    assert_eq!(engine.use_link(&last, MARK).await, None);
    end(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_the_audit_log_is_kept_for_ninety_days_and_so_many_entries() {
    let directory = tempfile::tempdir().unwrap();
    let (engine_0, shop, _) = with_shop(directory.path()).await;
    let entry = AuditRecord {
        at: START,
        who: Actor::Admin,
        role: Role::Admin,
        by_session: false,
        address: String::new(),
        action: "endpoint.create".to_owned(),
        subject: "1".to_owned(),
        detail: String::new(),
        status: None,
        reason: String::new(),
    };
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(engine_0.audit(&shop, &entry).await.unwrap());
    }
    let done = AuditRecord { status: Some(200), ..entry.clone() };
    engine_0.audited(&shop, places[0], Some(&done)).await;
    engine_0.audited(&shop, places[1], None).await;
    let all = |engine: &Engine| {
        let range = Sequence(0)..Sequence(u64::MAX);
        let found = engine.ledger().audit(&shop, range, 10).unwrap();
        found.into_iter().map(|(place, entry)| (place, entry.status)).collect::<Vec<_>>()
    };
    assert_eq!(all(&engine_0), [(places[2], None), (places[0], Some(200))]);
    // What was counted may be too many: then it is counted anew, and the oldest go only if it really is.
    engine_0.audits.lock().insert(shop.clone(), limits::AUDIT_ROWS_MAX);
    engine_0.audit(&shop, &entry).await.unwrap();
    assert_eq!(all(&engine_0).len(), 3);
    end(engine_0).await;
    let later = engine(directory.path(), 91 * 24).await;
    for _ in 0..500 {
        if all(&later).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(all(&later), [], "the cleaner takes what is older");
    end(later).await;
}
