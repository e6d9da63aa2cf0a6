//! The bytes of keys, links, sessions that ended early and the audit log.

use sereno_workflows::access::Role;

use super::*;

#[test]
fn who_may_in_stands_on_disk_as_it_always_did() {
    let key = |role| KeyRecord {
        id: "k1".into(),
        tenant: "default".into(),
        name: "first".into(),
        created_at: NOW,
        role,
    };
    stands("", &key(Role::Admin));
    stands_since(2, "/viewer", &key(Role::Viewer));
    stands_since(2, "/operator", &key(Role::Operator));
    stands("", &EndedSessionRecord { until: NOW });
    let link = |issuer| LinkRecord {
        id: "link_1".into(),
        tenant: "default".into(),
        tenant_since: NOW,
        issuer,
        role: Role::Operator,
        portal: true,
        next: "/console/deliveries".into(),
        until: NOW,
    };
    stands("/admin", &link(Issuer::Admin("ab12".into())));
    stands("/key", &link(Issuer::Key([0xab; 32])));
}

#[test]
fn what_somebody_knows_of_stands_on_disk_as_it_always_did() {
    let by = Actor::Key { id: "k1".into(), name: "first".into() };
    let signed = Signed { at: NOW, by, reason: "they know of it".into() };
    let cause = "no connection".to_owned();
    stands("", &AcknowledgedRecord { fault: Fault::Receiver, cause, signed });
}

#[test]
fn what_was_done_stands_on_disk_as_it_always_did() {
    let entry = |who| AuditRecord {
        at: NOW,
        who,
        role: Role::Admin,
        by_session: true,
        address: "203.0.113.7".into(),
        action: "endpoint.change".into(),
        subject: "3".into(),
        detail: "enabled: true".into(),
        status: Some(200),
        reason: String::new(),
    };
    stands("/admin", &entry(Actor::Admin));
    stands("/key", &entry(Actor::Key { id: "k1".into(), name: "first".into() }));
    stands("/link", &AuditRecord { status: None, ..entry(Actor::Link { id: "link_1".into() }) });
    let reason = "the till was replaced".to_owned();
    stands_since(2, "/reason", &AuditRecord { reason, ..entry(Actor::Admin) });
}
