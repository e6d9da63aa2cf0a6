//! One evening at La Trattoria, told by doing it over HTTP.
//!
//! Nothing here sleeps: each act waits until what it answers to has arrived at a receiver, all within
//! one deadline, so that a server which loses something ends the story late but ends it.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use sereno_workflows::time::{Span, Timestamp};

use super::expected::{self, Behaviour, GUESTS, Guest, Happening};
use super::report::{self, Report};
use super::timeline::{Actor, Timeline};
use super::world::{ACCESS_TOKEN, APP_SECRET, CRM_SECRET, PHONE_NUMBER_ID, World};
use crate::client::Client;
use crate::receiver::graph::Phone;

const TENANT: &str = "la-trattoria";
/// How far ahead the bookings' slot is.
const SLOT: Span = Span::seconds(9);
/// The whole story takes half of this when all goes well.
const STORY_MAX: Duration = Duration::from_secs(24);
/// How long something that is one too many is waited for.
const SURPLUS: Duration = Duration::from_millis(300);

/// Tells the story and checks its end.
pub(super) async fn tell(
    admin: &Client,
    world: &World,
    timeline: &Timeline,
) -> anyhow::Result<Report> {
    timeline.intro();
    let api = open_the_restaurant(admin, world).await?;
    let story = Story { api, world, timeline, deadline: Instant::now() + STORY_MAX };
    let slot = now().after(SLOT);
    story.book(slot).await?;
    story.hand_off().await?;
    story.answer_reminders().await?;
    story.arrive().await?;
    story.wait_for_the_rest().await;
    Report::of(world, slot)
}

struct Story<'a> {
    /// The server, with the tenant's own key.
    api: Client,
    world: &'a World,
    timeline: &'a Timeline,
    deadline: Instant,
}

impl Story<'_> {
    async fn book(&self, slot: Timestamp) -> anyhow::Result<()> {
        self.timeline.act(Actor::Restaurant, "takes three bookings for tonight");
        for guest in &GUESTS {
            let booking = json!({
                "event_id": format!("booking-{}", guest.reservation_id),
                "event_type": "reservation.created",
                "data": {
                    "reservation_id": guest.reservation_id, "date_time": slot.to_rfc3339(),
                    "party_size": guest.party_size, "name": guest.name,
                    "wa_number": format!("+{}", guest.number),
                    "restaurant": expected::RESTAURANT, "intent": "reservar",
                },
            });
            self.api.post("/api/v1/events", &booking).await?;
        }
        Ok(())
    }

    async fn hand_off(&self) -> anyhow::Result<()> {
        let count = expected::CONVERSATIONS.len();
        let text = format!("{count} chats ask for a person; only one gets an answer in time");
        self.timeline.act(Actor::Restaurant, &text);
        let waiting: Vec<Value> = expected::CONVERSATIONS
            .iter()
            .map(|(conversation, number)| {
                json!({"event_type": "handoff.opened", "data": {
                    "conversation_id": conversation, "wa_number": format!("+{number}"),
                    "last_intent": "queja"}})
            })
            .collect();
        self.api.post("/api/v1/events", &Value::from(waiting)).await?;
        let replied = json!({"event_type": "handoff.replied",
                             "data": {"conversation_id": expected::ANSWERED}});
        self.api.post("/api/v1/events", &replied).await?;
        Ok(())
    }

    async fn answer_reminders(&self) -> anyhow::Result<()> {
        for guest in &GUESTS {
            self.written_to(guest, 1).await;
            match guest.behaviour {
                Behaviour::Comes => {
                    self.says(guest, "1").await?;
                    self.at_the_crm("reservation.confirmed", guest).await;
                }
                Behaviour::Cancels => {
                    self.says(guest, "2").await?;
                    self.at_the_crm("reservation.cancelled", guest).await;
                }
                Behaviour::Silent => {
                    self.timeline.act(Actor::Customer(guest.name), "says nothing");
                }
            }
        }
        Ok(())
    }

    /// Who confirmed comes early, once the others have had their last reminder.
    async fn arrive(&self) -> anyhow::Result<()> {
        for guest in GUESTS.iter().filter(|guest| guest.behaviour == Behaviour::Silent) {
            self.written_to(guest, 2).await;
        }
        for guest in GUESTS.iter().filter(|guest| guest.behaviour == Behaviour::Comes) {
            self.says(guest, "¡Ya llegué!").await?;
        }
        Ok(())
    }

    async fn wait_for_the_rest(&self) {
        let world = self.world;
        let [crm, screen, slack, mail] = [
            expected::all().len(),
            expected::wanted(expected::SCREEN_WANTS).len(),
            expected::wanted(expected::SLACK_WANTS).len(),
            expected::wanted(expected::MAIL_WANTS).len(),
        ];
        let left = self.left();
        drop(tokio::join!(
            // One more than expected: the CRM refuses one.
            world.crm.inbox.wait(left, |all| all.len() > crm),
            world.screen.inbox.wait(left, |all| all.len() >= screen),
            world.slack.inbox.wait(left, |all| all.len() >= slack),
            world.mail.inbox.wait(left, |all| all.len() >= mail),
        ));
        drop(tokio::join!(
            world.crm.inbox.wait(SURPLUS, |all| all.len() > crm + 1),
            world.screen.inbox.wait(SURPLUS, |all| all.len() > screen),
            world.slack.inbox.wait(SURPLUS, |all| all.len() > slack),
            world.mail.inbox.wait(SURPLUS, |all| all.len() > mail),
        ));
    }

    async fn says(&self, guest: &Guest, text: &str) -> anyhow::Result<()> {
        self.timeline.act(Actor::Customer(guest.name), &format!("writes “{text}”"));
        let phone = Phone {
            number: guest.number.to_owned(),
            webhook: self.api.url(&format!("/webhooks/whatsapp/{TENANT}")),
            app_secret: APP_SECRET.to_owned(),
        };
        let status = phone.say(&self.api.http, text).await.context("the WhatsApp webhook")?;
        ensure!(status == 200, "the WhatsApp webhook answered {status}, and Meta wants 200");
        Ok(())
    }

    /// Waits until the guest has had so many messages; what does not come is for the report to say.
    async fn written_to(&self, guest: &Guest, count: usize) {
        let enough = |all: &[crate::receiver::graph::Sent]| {
            all.iter().filter(|sent| sent.to == guest.number).count() >= count
        };
        drop(self.world.graph.inbox.wait(self.left(), enough).await);
    }

    async fn at_the_crm(&self, event_type: &str, guest: &Guest) {
        let wanted = Happening::new(event_type, guest.reservation_id);
        let there = |all: &[crate::receiver::webhook::Delivery]| {
            all.iter().any(|delivery| report::happening(delivery) == wanted)
        };
        drop(self.world.crm.inbox.wait(self.left(), there).await);
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// The tenant, its short policies and its endpoints; returns a client with the tenant's own key.
async fn open_the_restaurant(admin: &Client, world: &World) -> anyhow::Result<Client> {
    let mail = world.mail.address();
    let tenant = json!({"id": TENANT, "name": expected::RESTAURANT, "settings": {
        "timezone": expected::ZONE, "locale": "es",
        "reminders": expected::REMINDERS, "no_show_after": "2s",
        "sla_after": "2s", "sla_cluster": {"count": expected::CLUSTER, "window": "60s"},
        "retry": {"first": "500ms", "attempts": 4},
        "whatsapp": {"phone_number_id": PHONE_NUMBER_ID, "access_token": ACCESS_TOKEN,
                     "app_secret": APP_SECRET, "verify_token": "demo"},
        "smtp": {"host": mail.ip().to_string(), "port": mail.port(), "security": "none",
                 "from": "reservas@trattoria.example", "from_name": expected::RESTAURANT},
    }});
    let created = admin.post("/api/v1/admin/tenants", &tenant).await?;
    let key = created.get("api_key").and_then(Value::as_str).context("no key in the answer")?;
    let api = Client::new(&admin.url(""), key);
    for endpoint in [
        json!({"kind": "webhook", "target": world.crm.url(), "secret": CRM_SECRET}),
        json!({"kind": "webhook", "target": world.screen.url(),
               "filters": {"events": expected::SCREEN_WANTS}}),
        json!({"kind": "slack", "target": world.slack.url(),
               "filters": {"events": expected::SLACK_WANTS}}),
        json!({"kind": "email", "target": "manager@trattoria.example",
               "filters": {"events": expected::MAIL_WANTS}}),
    ] {
        let created = api.post("/api/v1/admin/notify/endpoints", &endpoint).await?;
        // The screen's secret was left out, so the server makes one and shows it this once.
        if let Some(secret) = created.get("secret").and_then(Value::as_str)
            && endpoint.get("secret").is_none()
        {
            let secret = secret.to_owned();
            world.screen.behave(|behaviour| behaviour.secret = Some(secret));
        }
    }
    Ok(api)
}

fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
