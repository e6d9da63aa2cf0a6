//! One evening at La Trattoria: what is done, what must come of it, and whether it did.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use serde_json::{Value, json};
use sereno_workflows::time::Timestamp;

use super::timeline::Timeline;
use super::world::{ACCESS_TOKEN, APP_SECRET, CRM_SECRET, World};
use crate::client::Client;
use crate::receiver::graph::Phone;
use crate::receiver::verify::Verdict;
use crate::receiver::webhook::Delivery;

/// What was checked at the end.
pub(super) struct Report {
    pub(super) checks: Vec<Check>,
}

/// One thing that had to be so.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) good: bool,
    pub(super) detail: String,
}

impl Report {
    pub(super) fn all_good(&self) -> bool {
        self.checks.iter().all(|check| check.good)
    }
}

const TENANT: &str = "la-trattoria";
const ANA: &str = "34600000001";
const BRUNO: &str = "34600000002";
const CARLA: &str = "34600000003";
/// Longest wait for anything that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that the CRM, which wants everything, must get, and how often.
const CRM_EXPECTS: [(&str, usize); 11] = [
    ("reservation.created", 3),
    ("handoff.opened", 6),
    ("handoff.replied", 1),
    ("reminder.6s.sent", 3),
    ("reservation.confirmed", 1),
    ("reservation.cancelled", 1),
    ("sla.breached", 5),
    ("incident.sla_cluster", 1),
    ("reminder.3s.sent", 1),
    ("reservation.arrived", 1),
    ("reminder.no_show", 1),
];
/// What the kitchen's screen must get, which wants `reminder.*`.
const SCREEN_EXPECTS: [(&str, usize); 3] =
    [("reminder.6s.sent", 3), ("reminder.3s.sent", 1), ("reminder.no_show", 1)];
const SLACK_EXPECTS: usize = 7;
const MAIL_EXPECTS: usize = 2;
const WHATSAPP_EXPECTS: [(&str, usize); 3] = [(ANA, 2), (BRUNO, 2), (CARLA, 2)];

/// Tells the story and checks its end.
pub(super) async fn tell(
    admin: &Client,
    world: &World,
    timeline: &Timeline,
) -> anyhow::Result<Report> {
    timeline.note(
        "Sereno watches over a restaurant's bookings: it reminds customers on WhatsApp, understands\n\
         their answers, notices who does not come and who waits too long for a person, and tells the\n\
         CRM, the kitchen, Slack and the manager. Every line below “→” is what really arrived there.\n\
         The calendar runs fast: the reminder of 24 hours comes 6 s before, that of 2 hours 3 s.\n",
    );
    let api = open_the_restaurant(admin, world).await?;
    timeline.line("restaurant", 1, "three bookings for tonight, by HTTP");
    let slot = Timestamp(now_ms() + 8_000).to_rfc3339();
    for (id, name, number, party) in
        [("R-ana", "Ana", ANA, 2), ("R-bruno", "Bruno", BRUNO, 6), ("R-carla", "Carla", CARLA, 3)]
    {
        let booking = json!({
            "event_id": format!("booking-{id}"), "event_type": "reservation.created",
            "data": {"reservation_id": id, "date_time": slot, "party_size": party, "name": name,
                     "wa_number": format!("+{number}"), "restaurant": "La Trattoria",
                     "intent": "reservar"},
        });
        api.post("/api/v1/events", &booking).await?;
    }
    timeline.line("restaurant", 1, "six customers ask for a person; only one is answered in time");
    let waiting: Vec<Value> = (1..=6)
        .map(|number| {
            json!({"event_type": "handoff.opened", "data": {
                "conversation_id": format!("chat-{number}"), "wa_number": format!("+3461000000{number}"),
                "last_intent": "queja"}})
        })
        .collect();
    api.post("/api/v1/events", &Value::from(waiting)).await?;
    let replied = json!({"event_type": "handoff.replied", "data": {"conversation_id": "chat-6"}});
    api.post("/api/v1/events", &replied).await?;

    let reminded = |count| move |sent: &[crate::receiver::graph::Sent]| sent.len() >= count;
    drop(world.graph.inbox.wait(PATIENCE, reminded(3)).await);
    let phone = |number: &str| Phone {
        number: number.to_owned(),
        webhook: api.url(&format!("/webhooks/whatsapp/{TENANT}")),
        app_secret: APP_SECRET.to_owned(),
    };
    timeline.line("Ana", 1, "answers “1”");
    phone(ANA).say(&api.http, "1").await?;
    timeline.line("Bruno", 1, "answers “2”");
    phone(BRUNO).say(&api.http, "2").await?;
    timeline.line("Carla", 1, "answers nothing");

    // Two thanks and Carla's second reminder.
    drop(world.graph.inbox.wait(PATIENCE, reminded(6)).await);
    timeline.line("Ana", 1, "writes “¡Ya llegué!”");
    phone(ANA).say(&api.http, "¡Ya llegué!").await?;

    let total: usize = CRM_EXPECTS.iter().map(|(_, count)| count).sum();
    drop(world.crm.inbox.wait(PATIENCE, move |all| taken(all).len() >= total).await);
    let screen: usize = SCREEN_EXPECTS.iter().map(|(_, count)| count).sum();
    drop(world.screen.inbox.wait(PATIENCE, move |all| taken(all).len() >= screen).await);
    drop(world.slack.inbox.wait(PATIENCE, |all| all.len() >= SLACK_EXPECTS).await);
    drop(world.mail.inbox.wait(PATIENCE, |all| all.len() >= MAIL_EXPECTS).await);
    // What is one too many would come about now.
    tokio::time::sleep(Duration::from_millis(300)).await;
    Ok(judge(world))
}

/// The tenant, its short policies and its endpoints; returns a client with the tenant's own key.
async fn open_the_restaurant(admin: &Client, world: &World) -> anyhow::Result<Client> {
    let mail = world.mail.address();
    let tenant = json!({"id": TENANT, "name": "La Trattoria", "settings": {
        "timezone": "Europe/Madrid", "locale": "es",
        "reminders": ["6s", "3s"], "no_show_after": "1s",
        "sla_after": "2s", "sla_cluster": {"count": 5, "window": "60s"},
        "retry": {"first": "500ms", "attempts": 5},
        "whatsapp": {"phone_number_id": "555000111", "access_token": ACCESS_TOKEN,
                     "app_secret": APP_SECRET, "verify_token": "demo"},
        "smtp": {"host": mail.ip().to_string(), "port": mail.port(), "security": "none",
                 "from": "reservas@trattoria.example", "from_name": "La Trattoria"},
    }});
    let created = admin.post("/api/v1/admin/tenants", &tenant).await?;
    let key = created.get("api_key").and_then(Value::as_str).context("no key in the answer")?;
    let api = Client::new(&admin.url(""), key);
    for endpoint in [
        json!({"kind": "webhook", "target": world.crm.url(), "secret": CRM_SECRET}),
        json!({"kind": "webhook", "target": world.screen.url(), "filters": {"events": ["reminder.*"]}}),
        json!({"kind": "slack", "target": world.slack.url(),
               "filters": {"events": ["reservation.*", "incident.*"]}}),
        json!({"kind": "email", "target": "manager@trattoria.example",
               "filters": {"events": ["incident.*", "reservation.cancelled"]}}),
    ] {
        let created = api.post("/api/v1/admin/notify/endpoints", &endpoint).await?;
        if let Some(secret) = created.get("secret").and_then(Value::as_str) {
            let secret = secret.to_owned();
            world.screen.behave(|behaviour| behaviour.secret = Some(secret));
        }
    }
    Ok(api)
}

fn judge(world: &World) -> Report {
    let (crm, screen) = (world.crm.inbox.all(), world.screen.inbox.all());
    let slack = world.slack.inbox.all();
    let mail = world.mail.inbox.all();
    let mut written: BTreeMap<String, usize> = BTreeMap::new();
    for sent in world.graph.inbox.all() {
        *written.entry(sent.to).or_default() += 1;
    }
    let signed = crm.iter().chain(&screen).filter(|d| d.verdict == Verdict::Valid).count();
    let deliveries = crm.len() + screen.len();
    let failed: Vec<&Delivery> = crm.iter().filter(|d| !d.answered.is_success()).collect();
    let repeated = failed.iter().all(|failed| taken(&crm).contains_key(failed.id.as_str()));
    let texts = crm.iter().chain(&screen).map(|d| String::from_utf8_lossy(&d.body).into_owned());
    let texts = texts.chain(slack.iter().map(Value::to_string));
    let texts = texts.chain(mail.iter().map(|mail| mail.content.clone()));
    let leaks = texts.filter(|text| [ANA, BRUNO, CARLA].iter().any(|n| text.contains(n))).count();
    let checks = vec![
        counted("CRM webhook: every event once", &crm, &CRM_EXPECTS),
        counted("kitchen webhook: reminders only", &screen, &SCREEN_EXPECTS),
        Check {
            name: "webhook signatures",
            good: signed == deliveries && deliveries > 0,
            detail: format!("{signed} of {deliveries} valid"),
        },
        Check {
            name: "a failed delivery came again under its id",
            good: failed.len() == 1 && repeated,
            detail: format!("{} answered 500", failed.len()),
        },
        Check {
            name: "Slack messages",
            good: slack.len() == SLACK_EXPECTS,
            detail: format!("{} of {SLACK_EXPECTS}", slack.len()),
        },
        Check {
            name: "mails",
            good: mail.len() == MAIL_EXPECTS,
            detail: format!("{} of {MAIL_EXPECTS}", mail.len()),
        },
        Check {
            name: "WhatsApp messages to Ana, Bruno and Carla",
            good: WHATSAPP_EXPECTS.iter().all(|(who, n)| written.get(*who) == Some(n))
                && written.len() == WHATSAPP_EXPECTS.len(),
            detail: format!("{:?}", written.values().collect::<Vec<_>>()),
        },
        Check {
            name: "phone numbers in what left the house",
            good: leaks == 0,
            detail: format!("{leaks}"),
        },
    ];
    Report { checks }
}

/// The deliveries that were taken, by id.
fn taken(all: &[Delivery]) -> BTreeMap<&str, &Delivery> {
    let taken = all.iter().filter(|delivery| delivery.answered.is_success());
    taken.map(|delivery| (delivery.id.as_str(), delivery)).collect()
}

fn counted(name: &'static str, all: &[Delivery], expected: &[(&str, usize)]) -> Check {
    let answered = all.iter().filter(|delivery| delivery.answered.is_success()).count();
    let taken = taken(all);
    let mut missing = Vec::new();
    for (event_type, count) in expected {
        let came = taken.values().filter(|delivery| delivery.event_type == *event_type).count();
        if came != *count {
            missing.push(format!("{event_type}: {came} of {count}"));
        }
    }
    let total: usize = expected.iter().map(|(_, count)| count).sum();
    let good = missing.is_empty() && taken.len() == total && answered == total;
    let detail =
        if missing.is_empty() { format!("{} of {total}", taken.len()) } else { missing.join(", ") };
    Check { name, good, detail }
}

fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
