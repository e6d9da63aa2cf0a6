//! What becomes of a wait.

use super::*;

const MINUTE: i64 = 60_000;

fn take(
    present: Option<&Handoff>,
    command: Command,
    now: i64,
) -> Result<Transition<Handoff>, Rejected> {
    let policy = Policy::default();
    let now = Timestamp(now);
    step(present, command, Context { now, at: now, policy: &policy, announce: false })
}

fn opened() -> Handoff {
    let escalation = Escalation {
        conversation_id: "c1".into(),
        wa_number: Some("+34600000001".into()),
        last_intent: Some("queja".into()),
        reason: None,
    };
    take(None, Command::Open(escalation), 0).unwrap().next
}

#[test]
fn a10_no_reply_in_five_minutes_is_a_breach_with_its_figures() {
    let open = opened();
    assert_eq!(open.alarm(), Some(Timestamp(5 * MINUTE)));
    let wake = Command::Wake { generation: open.generation };
    assert!(take(Some(&open), wake.clone(), 5 * MINUTE - 1).is_err(), "not yet");
    let breach = take(Some(&open), wake.clone(), 5 * MINUTE + 3).unwrap();
    let [Effect::Emit { event_type, data }, Effect::Signal { .. }] = &breach.effects[..] else {
        panic!("{:?}", breach.effects)
    };
    assert_eq!(event_type, "sla.breached");
    assert_eq!(
        Value::Object(data.clone()),
        json!({"conversation_id": "c1", "elapsed_minutes": 5, "last_intent": "queja",
               "wa_number_hash": "eb491b384e4fda42"})
    );
    assert!(take(Some(&breach.next), wake, 6 * MINUTE).is_err(), "once");
}

#[test]
fn a10_a_reply_or_an_end_in_time_prevents_the_breach() {
    for command in [Command::Reply, Command::Close] {
        let open = opened();
        let answered = take(Some(&open), command, MINUTE).unwrap().next;
        assert_eq!(answered.alarm(), None);
        let wake = Command::Wake { generation: open.generation };
        assert!(take(Some(&answered), wake, 9 * MINUTE).is_err());
    }
}

#[test]
fn a10_a_second_opening_keeps_the_first_wait_and_a_later_one_starts_anew() {
    let open = opened();
    let again = Command::Open(Escalation { conversation_id: "c1".into(), ..Default::default() });
    assert!(take(Some(&open), again.clone(), MINUTE).is_err());
    let replied = take(Some(&open), Command::Reply, MINUTE).unwrap().next;
    let reopened = take(Some(&replied), again, 10 * MINUTE).unwrap().next;
    assert_eq!(reopened.alarm(), Some(Timestamp(15 * MINUTE)));
    assert!(reopened.generation > open.generation);
}

#[test]
fn b02_an_escalation_opens_it_once_and_again_after_its_end() {
    let asks = || Escalation { conversation_id: "c1".into(), ..Default::default() };
    let first = take(None, Command::Escalate(asks()), 0).unwrap();
    assert!(matches!(&first.effects[..], [Effect::Emit { event_type, .. }]
        if event_type == "handoff.opened"));
    for command in [Command::Escalate(asks()), Command::Escalate(asks())] {
        let again = take(Some(&first.next), command, MINUTE).unwrap();
        assert_eq!((again.effects.len(), again.next), (0, first.next.clone()));
    }
    assert!(take(Some(&first.next), Command::Open(asks()), MINUTE).is_err(), "the same one");
    let closed = take(Some(&first.next), Command::Close, MINUTE).unwrap().next;
    assert_eq!(take(Some(&closed), Command::Escalate(asks()), MINUTE).unwrap().effects.len(), 1);
}

#[test]
fn minutes_are_whole_where_they_can_be() {
    assert_eq!(minutes(300_003), json!(5));
    assert_eq!(minutes(90_000), json!(1.5));
}
