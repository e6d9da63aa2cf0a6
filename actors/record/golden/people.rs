//! The same for people, their conversations and what they look at.

use sereno_workflows::conversation::{self, Held, What};
use sereno_workflows::handoff::{Claim, Priority};
use sereno_workflows::lead::{self, Meeting, Way, Who, Wish};
use sereno_workflows::product::{self, Price};

use super::*;

fn talked() -> Conversation {
    let policy = Policy::new(Settings::default(), &[]);
    let ctx =
        conversation::Context { id: "conv_1", now: NOW, at: NOW, policy: &policy, announce: false };
    let product = || ("SKU-1".to_owned(), Some("Vestido".to_owned()));
    let steps = [
        What::Start { campaign: Some("summer".into()), entry_point: Some("qr".into()) },
        What::Receive { products: vec![product()], campaign: None },
        What::Send,
        What::Understand("buy".into(), Some(8_900)),
        What::Act { name: "search".into(), success: Some(true), products: vec![] },
        What::Escalate(Some("angry".into())),
        What::Order("O-1".into()),
        What::End(conversation::Resolution {
            status: Some("resolved".into()),
            outcome: None,
            satisfaction: Some(450),
        }),
    ];
    let mut talk = None;
    for what in steps {
        let (lead, channel) = (Some("lead_1".into()), Some("whatsapp".into()));
        let command = conversation::Command { lead, channel, what };
        talk = Some(conversation::step(talk.as_ref(), command, ctx).unwrap().next);
    }
    talk.unwrap()
}

fn met() -> Lead {
    let policy = Policy::new(Settings::default(), &[]);
    let ctx = lead::Context { id: "lead_1", now: NOW, policy: &policy };
    let who = Who {
        user_id: Some("ES.1".into()),
        phone: Some("+34600000001".into()),
        name: Some("Ana".into()),
        locale: "es".parse().ok(),
    };
    let meeting = Meeting {
        who,
        way: Way::Message,
        begins: true,
        taken: true,
        channel: Some("whatsapp".into()),
        campaign: None,
        conversation: Some("conv_1".into()),
    };
    let met = lead::step(None, lead::Command::Meet(Box::new(meeting)), ctx).unwrap().next;
    let wish = Some(Wish { wanted: false, how: "STOP".into(), at: NOW });
    let absorb = lead::Command::Absorb { lead: "lead_2".into(), wish };
    lead::step(Some(&met), absorb, ctx).unwrap().next
}

fn priced() -> product::Product {
    let policy = Policy::new(Settings::default(), &[]);
    let ctx = product::Context { id: "SKU-1", now: NOW, at: NOW, policy: &policy };
    let see = product::Command::See {
        name: Some("Vestido".into()),
        lead: "lead_1".into(),
        conversation: None,
        known: false,
    };
    let stock = product::Command::Stock { name: None, left: 2, because: "e1".into() };
    let (old, new) = (Price(1_000_000), Price(800_000));
    let reprice = product::Command::Reprice { name: None, old, new, because: "e2".into() };
    let mut product = None;
    for command in [see, stock, reprice] {
        product = Some(product::step(product.as_ref(), command, ctx).unwrap().next);
    }
    product.unwrap()
}

#[test]
fn people_stand_on_disk_as_they_always_did() {
    let claim = Some(Claim { by: "Ana".into(), at: NOW });
    let taken = Handoff { claim, first_claimed_at: Some(NOW), ..opened() };
    stands_since(4, "/handoff-claimed", &StateRecord::Handoff(taken.clone()));
    let (priority, closed_at) = (Priority::Urgent, Some(NOW));
    let off = Handoff { priority, snoozed_until: Some(NOW), closed_at, ..taken };
    stands_since(5, "/handoff-snoozed", &StateRecord::Handoff(off));
    stands("/conversation", &StateRecord::Conversation(talked()));
    let held = Some(Held { by: "Ana".into(), at: NOW });
    stands_since(
        5,
        "/conversation-held",
        &StateRecord::Conversation(Conversation { held, ..talked() }),
    );
    stands_since(
        7,
        "/conversation-answered",
        &StateRecord::Conversation(Conversation { answered: 3, ..talked() }),
    );
    stands("/lead", &StateRecord::Lead(met()));
    stands("/product", &StateRecord::Product(priced()));
    stands("/told", &TimerRecord::Signal(Signal::Told { at: NOW }));
    stands("/answered", &TimerRecord::Signal(Signal::Answered { at: NOW }));
    stands("/merged", &TimerRecord::Signal(Signal::Merged { lead: "lead_2".into() }));
    for kind in [EntityKind::Conversation, EntityKind::Lead, EntityKind::Product] {
        let entity = EntityKey { kind, id: "1".to_owned() };
        let variant = format!("/{}", kind.as_str());
        stands(&variant, &QuarantineRecord { entity, due: NOW, at: NOW });
    }
    stands(
        "",
        &HistoryRecord {
            at: NOW,
            kind: HistoryKind::Person,
            event_type: "a.b".into(),
            event_id: "e1".into(),
            event: Some(Sequence(7)),
            delivery: Some(Sequence(8)),
            conversation: Some("conv_1".into()),
            about: Some("R-1".into()),
            text: Some("hola".into()),
        },
    );
    stands("", &ViewerRecord { at: NOW, conversation: Some("conv_1".into()) });
}
