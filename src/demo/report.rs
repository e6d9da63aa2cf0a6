//! Whether everything arrived: what came over the sockets against what had to.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Display;

use serde_json::Value;
use sereno_workflows::time::Timestamp;

use super::expected::{self, Happening};
use super::world::World;
use crate::receiver::verify::Verdict;
use crate::receiver::webhook::Delivery;

/// So many examples of what is wrong are shown.
const SHOWN_MAX: usize = 4;

/// What was checked at the end.
pub(super) struct Report {
    pub(super) checks: Vec<Check>,
}

/// One thing that had to be so.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) expected: usize,
    pub(super) arrived: usize,
    pub(super) good: bool,
    /// What is wrong; empty where nothing is.
    pub(super) detail: String,
}

impl Report {
    /// Judges what the receivers hold, for bookings at `slot`.
    pub(super) fn of(world: &World, slot: Timestamp) -> anyhow::Result<Self> {
        let (crm, screen) = (world.crm.inbox.all(), world.screen.inbox.all());
        let slack: Vec<String> = world.slack.inbox.all().iter().map(Value::to_string).collect();
        let mail: Vec<String> = world.mail.inbox.all().iter().map(|mail| mail.text()).collect();
        let said = world.graph.inbox.all();
        let said: Vec<_> = said.iter().map(|sent| format!("{}: {}", sent.to, sent.text)).collect();
        let about = |texts: &[String]| {
            texts.iter().map(|text| Happening::in_text(text)).collect::<Vec<_>>()
        };
        let both: Vec<&Delivery> = crm.iter().chain(&screen).collect();
        let bodies = both.iter().map(|delivery| String::from_utf8_lossy(&delivery.body));
        let bodies = bodies.chain(slack.iter().chain(&mail).map(Into::into));
        Ok(Self {
            checks: vec![
                compared("CRM webhook: everything, once", &expected::all(), &taken(&crm)),
                compared(
                    "kitchen webhook: reminders only",
                    &expected::wanted(expected::SCREEN_WANTS),
                    &taken(&screen),
                ),
                compared("Slack", &expected::wanted(expected::SLACK_WANTS), &about(&slack)),
                compared("mail", &expected::wanted(expected::MAIL_WANTS), &about(&mail)),
                compared("WhatsApp, word for word", &expected::messages(slot)?, &said),
                signed(&both),
                repeated(&crm),
                in_the_clear(bodies),
            ],
        })
    }

    pub(super) fn all_good(&self) -> bool {
        self.checks.iter().all(|check| check.good)
    }
}

/// What a delivery tells.
pub(super) fn happening(delivery: &Delivery) -> Happening {
    let body = delivery.json();
    let text = |path: &str| body.pointer(path).and_then(Value::as_str);
    // The conversations that guests begin have ids of the server's own, which nobody can expect.
    let own = text("/data/lead_id").is_some();
    let conversation = text("/data/conversation_id").filter(|_| !own);
    let subject = text("/data/reservation_id").or(conversation);
    Happening::new(delivery.event_type.as_str(), subject.unwrap_or_default())
}

/// What a receiver of webhooks took: one for each 2xx, so that one taken twice counts twice.
fn taken(all: &[Delivery]) -> Vec<Happening> {
    all.iter().filter(|delivery| delivery.answered.is_success()).map(happening).collect()
}

fn compared<T: Ord + Clone + Display>(name: &'static str, expected: &[T], arrived: &[T]) -> Check {
    let (missing, surplus) = expected::difference(expected, arrived);
    let detail = format!("{}{}", some("missing", &missing), some("too much", &surplus));
    let good = missing.is_empty() && surplus.is_empty();
    Check { name, expected: expected.len(), arrived: arrived.len(), good, detail }
}

/// The first few of what is wrong, each on its line; empty where nothing is.
fn some<T: Display>(word: &str, items: &[T]) -> String {
    let mut lines: Vec<String> =
        items.iter().take(SHOWN_MAX).map(|item| format!("\n      {word}: {item}")).collect();
    if items.len() > SHOWN_MAX {
        lines.push(format!("\n      {word}: {} more", items.len() - SHOWN_MAX));
    }
    lines.concat()
}

fn signed(deliveries: &[&Delivery]) -> Check {
    let valid = deliveries.iter().filter(|delivery| delivery.verdict == Verdict::Valid).count();
    let wrong = deliveries.iter().filter_map(|delivery| match delivery.verdict {
        Verdict::Valid => None,
        Verdict::Invalid(why) => Some(format!("{} {why}", delivery.id)),
        Verdict::Unchecked => Some(format!("{} unchecked", delivery.id)),
    });
    let wrong: Vec<String> = wrong.collect();
    Check {
        name: "webhook signatures valid",
        expected: deliveries.len(),
        arrived: valid,
        good: wrong.is_empty() && !deliveries.is_empty(),
        detail: some("wrong", &wrong),
    }
}

/// What was answered 500 must have been taken later, under the same `webhook-id`.
fn repeated(crm: &[Delivery]) -> Check {
    let ids = |taken: bool| -> BTreeSet<&str> {
        let same = crm.iter().filter(|delivery| delivery.answered.is_success() == taken);
        same.map(|delivery| delivery.id.as_str()).collect()
    };
    let (refused, taken) = (ids(false), ids(true));
    let again = refused.intersection(&taken).count();
    let good = refused.len() == 1 && again == 1;
    let detail = if good { String::new() } else { format!("refused: {refused:?}") };
    Check {
        name: "refused once, then retried under its id",
        expected: 1,
        arrived: again,
        good,
        detail,
    }
}

fn in_the_clear<'a>(bodies: impl Iterator<Item = Cow<'a, str>>) -> Check {
    let numbers = expected::numbers();
    let leaks = bodies.filter(|body| numbers.iter().any(|number| body.contains(number))).count();
    let detail = String::new();
    Check {
        name: "phone numbers in the clear",
        expected: 0,
        arrived: leaks,
        good: leaks == 0,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::body::Bytes;
    use axum::http::{HeaderMap, StatusCode};

    use super::*;

    fn delivery(id: &str, status: u16, body: &str) -> Delivery {
        let json: Value = serde_json::from_str(body).unwrap();
        Delivery {
            path: String::new(),
            id: id.to_owned(),
            event_type: json["event_type"].as_str().unwrap_or_default().to_owned(),
            attempt: 1,
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            verdict: Verdict::Valid,
            answered: StatusCode::from_u16(status).unwrap(),
            at: Instant::now(),
        }
    }

    #[test]
    fn a_delivery_that_is_taken_twice_is_one_too_many() {
        let body = r#"{"data":{"reservation_id":"R-1"},"event_type":"reservation.created"}"#;
        let expected = [Happening::new("reservation.created", "R-1")];
        let once = [delivery("d1", 500, body), delivery("d1", 200, body)];
        assert!(compared("x", &expected, &taken(&once)).good);
        let twice = [delivery("d1", 200, body), delivery("d1", 200, body)];
        let check = compared("x", &expected, &taken(&twice));
        assert!(!check.good && check.detail.contains("too much"), "{check:?}");
        let check = compared("x", &expected, &taken(&[]));
        assert!(!check.good && check.detail.contains("missing"), "{check:?}");
    }

    #[test]
    fn a_refused_delivery_must_come_again_under_its_id() {
        let body = "{}";
        let lost = [delivery("d1", 500, body), delivery("d2", 200, body)];
        assert!(!repeated(&lost).good);
        let again = [delivery("d1", 500, body), delivery("d1", 200, body)];
        assert!(repeated(&again).good);
    }

    #[test]
    fn one_wrong_signature_and_one_number_in_the_clear_are_noticed() {
        let mut wrong = delivery("d1", 200, "{}");
        wrong.verdict = Verdict::Invalid("webhook-signature is wrong");
        assert!(!signed(&[&wrong]).good);
        assert!(!signed(&[]).good, "no delivery at all proves nothing");
        assert!(in_the_clear(["eb491b384e4fda42".into()].into_iter()).good);
        assert!(!in_the_clear(["call +34600000001".into()].into_iter()).good);
    }
}
