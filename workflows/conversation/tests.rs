//! A conversation from its first word to its end, in virtual time.

use serde_json::json;

use super::*;
use crate::effect::Effect;

const MINUTE: i64 = 60_000;

fn take(present: Option<&Conversation>, what: What, at: i64, now: i64) -> Transition<Conversation> {
    try_take(present, what, at, now).unwrap()
}

fn try_take(
    present: Option<&Conversation>,
    what: What,
    at: i64,
    now: i64,
) -> Result<Transition<Conversation>, Rejected> {
    let policy = Policy::default();
    let (at, now) = (Timestamp(at), Timestamp(now));
    let ctx = Context { id: "conv_1", now, at, policy: &policy, announce: true };
    let command = Command { lead: Some("lead_1".into()), channel: Some("whatsapp".into()), what };
    step(present, command, ctx)
}

fn receive() -> What {
    What::Receive { products: Vec::new(), campaign: None }
}

fn emitted(transition: &Transition<Conversation>) -> Vec<(&str, &Map<String, Value>)> {
    let emitted = transition.effects.iter().filter_map(|effect| match effect {
        Effect::Emit { event_type, data } => Some((event_type.as_str(), data)),
        Effect::Mail { .. } | Effect::Tell { .. } | Effect::Signal { .. } | Effect::Note(_) => None,
    });
    emitted.collect()
}

#[test]
fn b02_the_first_message_begins_it_and_half_an_hour_of_silence_ends_it_with_its_figures() {
    let first = take(None, receive(), 0, 0);
    assert_eq!(emitted(&first)[0].0, "conversation.started");
    assert_eq!(first.next.alarm(), Some(Timestamp(30 * MINUTE)));
    let said = take(Some(&first.next), What::Send, 10 * MINUTE, 10 * MINUTE);
    assert_eq!(said.effects, []);
    assert_eq!(said.next.alarm(), first.next.alarm(), "a message writes no timer");
    let generation = said.next.generation;
    let early = take(Some(&said.next), What::Wake { generation }, 30 * MINUTE, 30 * MINUTE);
    assert_eq!((early.effects.len(), early.next.alarm()), (0, Some(Timestamp(40 * MINUTE))));
    let wake = What::Wake { generation: early.next.generation };
    let ended = take(Some(&early.next), wake.clone(), 40 * MINUTE, 40 * MINUTE);
    let (event_type, data) = emitted(&ended)[0];
    assert_eq!(event_type, "conversation.ended");
    assert_eq!(
        (&data["reason"], &data["duration"], &data["message_count"], &data["lead_id"]),
        (&json!("idle"), &json!(600), &json!(2), &json!("lead_1"))
    );
    assert_eq!(data["metrics"]["user_messages"], 1);
    assert_eq!(ended.next.alarm(), None);
    assert!(try_take(Some(&ended.next), wake, 41 * MINUTE, 41 * MINUTE).is_err(), "once");
}

#[test]
fn b02_what_an_assistant_did_is_remembered_within_bounds() {
    let mut talk = take(None, receive(), 0, 0).next;
    for number in 0..60_u16 {
        let sku = |number: u16| (format!("sku-{number}"), None);
        for what in [
            What::Understand(format!("intent-{number}"), Some(8_900)),
            What::Act { name: "search".into(), success: Some(true), products: vec![sku(number)] },
            What::Show(vec![sku(0), sku(number)]),
        ] {
            talk = take(Some(&talk), what, i64::from(number), 60).next;
        }
    }
    assert_eq!((talk.intents.len(), talk.actions.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
    assert_eq!((talk.actions_executed, talk.products_shown), (60, 180));
    assert!(talk.products.len() <= PRODUCTS_MAX);
    assert!(talk.has_seen("sku-0") && talk.has_seen("sku-59") && !talk.has_seen("sku-5"));
    assert_eq!(talk.last_intent(), Some("intent-59"));
}

#[test]
fn b02_however_long_the_names_a_conversation_stays_small() {
    let mut talk = take(None, receive(), 0, 0).next;
    for number in 0..60 {
        let long = format!("{number:03}{}", "x".repeat(400));
        let product = (format!("{number:03}{}", "y".repeat(120)), Some(long.clone()));
        for what in [
            What::Understand(long.clone(), None),
            What::Act { name: long.clone(), success: None, products: vec![product.clone()] },
        ] {
            talk = take(Some(&talk), what, 0, 0).next;
        }
    }
    let texts = talk.products.iter().map(|seen| seen.sku.len() + seen.name.as_ref().unwrap().len());
    let names = talk.intents.iter().map(|intent| intent.name.len());
    let actions = talk.actions.iter().map(|action| action.name.len());
    assert!(texts.chain(names).chain(actions).sum::<usize>() <= LISTS_BYTES_MAX);
    assert!(talk.products.last().unwrap().sku.starts_with("059"));
    assert!(talk.last_intent().unwrap().starts_with("059") && !talk.actions.is_empty());
}

#[test]
fn b02_an_end_that_is_told_is_not_told_again_and_late_words_do_not_undo_it() {
    let talk = take(None, receive(), 0, 0).next;
    let resolution =
        Resolution { outcome: Some("sold".into()), satisfaction: Some(500), status: None };
    let ended = take(Some(&talk), What::End(resolution.clone()), MINUTE, MINUTE);
    assert_eq!((ended.effects.len(), ended.next.status), (0, Status::Ended));
    assert_eq!((ended.next.alarm(), ended.next.ended_by.as_deref()), (None, Some("told")));
    let late = take(Some(&ended.next), receive(), 30_000, 2 * MINUTE);
    assert_eq!((late.next.status, late.next.received), (Status::Ended, 2));
    let more = take(Some(&late.next), What::End(Resolution::default()), MINUTE, 3 * MINUTE).next;
    assert_eq!(more.resolution, resolution, "nothing said is nothing lost");
    let bought = take(Some(&more), What::Order("O-1".into()), 4 * MINUTE, 4 * MINUTE).next;
    assert_eq!(bought.resolution.outcome.as_deref(), Some("purchase_completed"));
    let again = take(Some(&more), receive(), 5 * MINUTE, 5 * MINUTE);
    assert_eq!((again.next.status, emitted(&again)[0].0), (Status::Open, "conversation.started"));
    assert!(again.next.alarm().is_some());
}

#[test]
fn b02_it_takes_the_messages_of_its_time() {
    let policy = Policy::default();
    let talk = take(None, receive(), 0, 0).next;
    let takes = |talk: &Conversation, now, at| talk.takes(Timestamp(now), Timestamp(at), &policy);
    assert!(takes(&talk, 29 * MINUTE, 0));
    assert!(!takes(&talk, 30 * MINUTE, 0), "idle, though not yet ended");
    let ended = take(Some(&talk), What::End(Resolution::default()), MINUTE, MINUTE).next;
    assert!(takes(&ended, 2 * MINUTE, MINUTE) && !takes(&ended, 2 * MINUTE, MINUTE + 1));
    let wake = What::Wake { generation: talk.generation };
    let silent = take(Some(&talk), wake, 30 * MINUTE, 30 * MINUTE).next;
    assert!(!takes(&silent, 31 * MINUTE, 29 * MINUTE), "it is said to be over");
}

#[test]
fn b02_an_order_of_events_that_is_not_theirs_leads_to_the_same_end() {
    let start = What::Start { campaign: Some("summer".into()), entry_point: None };
    let early = take(None, What::Escalate(Some("angry".into())), 9_000, 10_000).next;
    let talk = take(Some(&early), start, 1_000, 11_000);
    assert_eq!(talk.next.started_at, Timestamp(1_000));
    assert_eq!(talk.next.campaign.as_deref(), Some("summer"));
    assert_eq!(talk.next.escalated_at, Some(Timestamp(9_000)));
    assert_eq!(
        take(None, What::Send, 99_000, 10_000).next.last_at(),
        Timestamp(10_000),
        "no future"
    );
}
