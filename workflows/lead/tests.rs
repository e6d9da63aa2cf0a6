//! A person through their names, and what they want to hear.

use super::*;
use crate::effect::{Note, Signal};

const ANA: &str = "+34600000001";
const NEW: &str = "+34600000002";

fn who(user_id: Option<&str>, phone: Option<&str>) -> Who {
    Who {
        user_id: user_id.map(str::to_owned),
        phone: phone.map(str::to_owned),
        name: Some("Ana".into()),
        locale: None,
    }
}

fn take(present: Option<&Lead>, command: Command, now: i64) -> Transition<Lead> {
    let settings = json!({"whatsapp": {"phone_number_id": "1"}});
    let policy = Policy::new(crate::policy::Settings::from_json(settings).unwrap(), &[]);
    step(present, command, Context { id: "lead_1", now: Timestamp(now), policy: &policy }).unwrap()
}

fn met(user_id: Option<&str>, phone: Option<&str>) -> Command {
    Command::Meet(Box::new(Meeting {
        who: who(user_id, phone),
        way: Way::Message,
        begins: true,
        taken: false,
        channel: Some("whatsapp".into()),
        campaign: None,
        conversation: Some("conv_1".into()),
    }))
}

fn emitted(effects: &[Effect]) -> Vec<&str> {
    let emitted = effects.iter().filter_map(|effect| match effect {
        Effect::Emit { event_type, .. } => Some(event_type.as_str()),
        Effect::Mail { .. } | Effect::Tell { .. } | Effect::Signal { .. } | Effect::Note(_) => None,
    });
    emitted.collect()
}

fn names(effects: &[Effect]) -> Vec<&Name> {
    let named = |effect| match effect {
        &Effect::Note(Note::Name { ref name, .. }) => Some(name),
        Effect::Emit { .. }
        | Effect::Mail { .. }
        | Effect::Tell { .. }
        | Effect::Signal { .. }
        | Effect::Note(_) => None,
    };
    effects.iter().filter_map(named).collect()
}

#[test]
fn d05_a_lead_is_created_once_and_its_number_stays_inside() {
    let first = take(None, met(Some("ES.1"), Some(ANA)), 5);
    assert_eq!(emitted(&first.effects), ["lead.created"]);
    let shown = format!("{:?}", first.effects.first());
    assert!(!shown.contains("600000001") && shown.contains("wa_number_hash"), "{shown}");
    assert_eq!(names(&first.effects).len(), 2);
    let second = take(Some(&first.next), met(Some("ES.1"), None), 9);
    assert_eq!(second.effects, []);
    assert_eq!((second.next.messages, second.next.conversations), (2, 2));
    assert_eq!((second.next.first_seen, second.next.last_seen), (Timestamp(5), Timestamp(9)));
    assert_eq!(second.next.phone(), Some(ANA), "a message without a number takes none away");
}

#[test]
fn d05_a_number_that_changes_takes_its_person_along_and_one_that_is_given_away_does_not() {
    let lead = take(None, met(None, Some(ANA)), 1).next;
    let command = Command::Rename { old: who(None, Some(ANA)), new: who(Some("ES.1"), Some(NEW)) };
    let moved = take(Some(&lead), command, 7);
    assert_eq!(moved.next.phone(), Some(NEW));
    assert_eq!(moved.next.phones.first().unwrap().until, Some(Timestamp(7)));
    assert!(moved.effects.contains(&Effect::Note(Note::Forget { name: Name::Phone(ANA.into()) })));
    let lost = take(Some(&moved.next), Command::Lose(NEW.into()), 8).next;
    assert_eq!(lost.phone(), None);

    for (own, comes, another) in [
        (Some("ES.1"), "ES.2", true),
        (Some("ES.1"), "ES.1", false),
        (Some("user_xyz"), "ES.2", false),
        (Some("ES.1"), "user_xyz", false),
        (None, "ES.1", false),
    ] {
        let lead = take(None, met(own, Some(ANA)), 1).next;
        assert_eq!(are_two(&lead.user_ids, &[comes.to_owned()]), another, "{own:?} {comes}");
    }
}

fn wish(wanted: bool, at: i64) -> Command {
    let wish = Wish { wanted, how: "STOP".into(), at: Timestamp(at * 1_000) };
    Command::Wish { wish, answer: true }
}

#[test]
fn b07_two_leads_that_are_one_person_keep_what_was_wished_last_of_either() {
    let other = take(None, met(None, Some(ANA)), 1_000).next;
    let out = take(Some(&other), wish(false, 2), 2_000).next;
    let lead = take(None, met(Some("ES.1"), None), 3_000).next;
    let absorb = |lead: &Lead, other: &Lead| {
        let command = Command::Absorb { lead: "lead_2".into(), wish: other.wish() };
        take(Some(lead), command, 9_000).next
    };
    let both = absorb(&lead, &out);
    assert_eq!((&both.opted_out, &both.merged[..]), (&out.opted_out, &["lead_2".to_owned()][..]));
    let back = take(Some(&out), wish(true, 4), 4_000).next;
    let again =
        take(Some(&take(Some(&lead), wish(false, 5), 5_000).next), wish(true, 6), 6_000).next;
    for (own, others, is_out) in [
        (&lead, &back, false),
        (&take(Some(&lead), wish(false, 3), 3_000).next, &back, false),
        (&again, &out, false),
        (&take(Some(&lead), wish(false, 4), 4_000).next, &back, true),
    ] {
        assert_eq!(absorb(own, others).opted_out.is_some(), is_out, "{own:?} {others:?}");
    }
}

#[test]
fn d05_who_becomes_part_of_another_lead_brings_all_that_is_theirs() {
    let other = take(None, met(None, Some(ANA)), 1).next;
    let merged = take(Some(&other), Command::Merge { into: "lead_9".into() }, 4);
    assert_eq!(
        names(&merged.effects),
        [&Name::Phone(ANA.into())],
        "its names are the other's at once"
    );
    let signal = Signal::Merged { lead: "lead_1".into() };
    let to = crate::id::EntityKey::lead("lead_9");
    assert_eq!(merged.effects.last(), Some(&Effect::Signal { to, signal: signal.clone() }));
    assert_eq!((merged.next.phone(), merged.next.merged_into.as_deref()), (None, Some("lead_9")));

    let mut lead = take(None, met(Some("ES.1"), None), 3).next;
    lead.id = "lead_9".into();
    let lead = take(Some(&lead), met(Some("ES.1"), Some(ANA)), 5).next;
    let other = Lead { orders: 2, merged: vec!["lead_0".into()], ..merged.next };
    let joined = take(Some(&lead), Command::Join(Box::new(other.clone())), 6);
    let one = &joined.next;
    assert_eq!((one.messages, one.conversations, one.orders), (3, 3, 2));
    assert_eq!((one.first_seen, one.phone()), (Timestamp(1), Some(ANA)));
    assert_eq!(one.phones, [Held { number: ANA.into(), from: None, until: None }]);
    assert_eq!(one.merged, ["lead_1", "lead_0"]);
    assert_eq!(emitted(&joined.effects), ["lead.merged"]);
    let shown = format!("{:?}", joined.effects);
    assert!(shown.contains("lead_1") && !shown.contains("600000001"), "{shown}");

    let gone = Lead { merged_into: Some("lead_7".into()), ..lead };
    let passed_on = take(Some(&gone), Command::Join(Box::new(other)), 6);
    let to = crate::id::EntityKey::lead("lead_7");
    assert_eq!(passed_on.effects, [Effect::Signal { to, signal }], "a third hears of it");
    assert_eq!(passed_on.next, gone);
}

#[test]
fn b07_a_wish_that_is_older_than_the_one_that_is_known_changes_nothing() {
    let lead = take(None, met(None, Some(ANA)), 1).next;
    let out = take(Some(&lead), wish(false, 50), 60_000);
    assert_eq!(out.next.opted_out.as_ref().unwrap().at, Timestamp(50_000), "when it was said");
    assert_eq!(take(Some(&out.next), wish(true, 49), 61_000).effects, []);
    assert!(take(Some(&out.next), wish(true, 49), 61_000).next.opted_out.is_some());
    assert!(take(Some(&out.next), wish(true, 50), 61_000).next.opted_out.is_none(), "in its order");
    let again = take(Some(&out.next), wish(false, 55), 61_000).next;
    assert!(take(Some(&again), wish(true, 53), 62_000).next.opted_out.is_some(), "said twice");
    let ahead = take(Some(&lead), wish(false, 9_000), 60_000).next;
    assert_eq!(ahead.wished_at, Some(Timestamp(60_000)), "nobody has said anything tomorrow");
}

#[test]
fn d05_a_person_has_so_many_names_and_no_more() {
    let mut lead = take(None, met(Some("user_0"), Some(ANA)), 1).next;
    for number in 1..20 {
        lead = take(Some(&lead), met(Some(&format!("user_{number}")), None), 2).next;
    }
    assert_eq!(lead.user_ids.len(), NAMES_MAX);
    assert_eq!(lead.user_ids.last().unwrap(), "user_19");
}

#[test]
fn b07_who_says_stop_is_told_once_and_who_says_start_comes_back() {
    let lead = take(None, met(None, Some(ANA)), 1).next;
    let out = take(Some(&lead), wish(false, 5), 5_000);
    assert_eq!(emitted(&out.effects), ["lead.opted_out"]);
    assert!(matches!(out.effects.last(), Some(Effect::Tell { .. })));
    assert_eq!(take(Some(&out.next), wish(false, 6), 6_000).effects, [], "once");
    let back = take(Some(&out.next), wish(true, 7), 7_000);
    assert_eq!((emitted(&back.effects), back.next.opted_out), (vec!["lead.opted_in"], None));
    assert_eq!(take(Some(&lead), wish(true, 7), 7_000).effects, []);
}

#[test]
fn d05_who_is_read_from_an_event_and_what_cannot_be_meant_is_refused_by_name() {
    let read = |data: Value| Who::of(data.as_object().unwrap());
    let seed = read(json!({"user": {"id": "user_xyz789", "phone": "+57301234567",
        "name": " María García ", "language": "es-CO"}}));
    let seed = seed.unwrap();
    assert_eq!(
        (seed.user_id.as_deref(), seed.phone.as_deref()),
        (Some("user_xyz789"), Some("+57301234567"))
    );
    assert_eq!((seed.name.as_deref(), seed.locale), (Some("María García"), Some(Locale::Es)));
    assert!(read(json!({"user": {"id": 7}})).unwrap().is_known());
    assert!(!read(json!({"user": {"phone": ""}})).unwrap().is_known());
    for (data, field) in [
        (json!({"user": "ana"}), "user"),
        (json!({"user": {"id": {}}}), "user.id"),
        (json!({"user": {"phone": "none"}}), "user.phone"),
        (json!({"wa_number": "12"}), "wa_number"),
        (json!({"user_id": "a\u{0}"}), "user_id"),
    ] {
        assert_eq!(read(data.clone()).unwrap_err().field, field, "{data}");
    }
}
