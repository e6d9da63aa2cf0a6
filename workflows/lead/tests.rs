//! A person through their names, and what they want to hear.

use super::*;

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
        Effect::Tell { .. } | Effect::Signal { .. } | Effect::Note(_) => None,
    });
    emitted.collect()
}

fn names(effects: &[Effect]) -> Vec<&Name> {
    let named = |effect| match effect {
        &Effect::Note(Note::Name { ref name, .. }) => Some(name),
        Effect::Emit { .. } | Effect::Tell { .. } | Effect::Signal { .. } | Effect::Note(_) => None,
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
        assert_eq!(is_another(&lead.user_ids, comes), another, "{own:?} {comes}");
    }
}

#[test]
fn b07_two_leads_that_are_one_person_keep_what_was_wished_of_either() {
    let other = take(None, met(None, Some(ANA)), 1).next;
    let wish = Command::Wish { wanted: false, how: "BAJA".into(), answer: false };
    let other = take(Some(&other), wish, 2).next;
    let lead = take(None, met(Some("ES.1"), None), 3).next;
    let absorb = Command::Absorb { lead: "lead_2".into(), opted_out: other.opted_out.clone() };
    let lead = take(Some(&lead), absorb, 4).next;
    assert_eq!((lead.opted_out, lead.merged), (other.opted_out.clone(), vec!["lead_2".to_owned()]));
    let merge = Command::Merge { into: "lead_1".into(), number: ANA.into() };
    let other = take(Some(&other), merge, 4).next;
    assert_eq!((other.phone(), other.merged_into.as_deref()), (None, Some("lead_1")));
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
    let wish = |wanted| Command::Wish { wanted, how: "STOP".into(), answer: true };
    let out = take(Some(&lead), wish(false), 5);
    assert_eq!(emitted(&out.effects), ["lead.opted_out"]);
    assert!(matches!(out.effects.last(), Some(Effect::Tell { .. })));
    assert_eq!(out.next.opted_out.as_ref().unwrap().at, Timestamp(5));
    assert_eq!(take(Some(&out.next), wish(false), 6).effects, [], "once");
    let back = take(Some(&out.next), wish(true), 7);
    assert_eq!((emitted(&back.effects), back.next.opted_out), (vec!["lead.opted_in"], None));
    assert_eq!(take(Some(&lead), wish(true), 7).effects, []);
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
