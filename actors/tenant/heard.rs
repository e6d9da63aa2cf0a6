//! What is heard of a customer on the tenant's own line, tied to the person and their conversation.

use serde_json::{Map, Value, json};
use sereno_workflows::conversation::{self, WHATSAPP, What};
use sereno_workflows::event::Booking;
use sereno_workflows::id::{EntityKey, checked};
use sereno_workflows::lead::{self, Meeting, Way, Who};
use sereno_workflows::reservation;
use sereno_workflows::time::Timestamp;

use super::involve::{Work, meet, meeting, see};
use super::lines::line;
use super::people::{quiet, unreadable};
use super::{Tenant, TenantState};
use crate::announce::Announcement;
use crate::endpoint::delivery_id;
use crate::entity::{Command, Deed, Origin};
use crate::gather::Refusal;
use crate::ledger::LedgerError;
use crate::record::HistoryKind;
use crate::view::TenantView;

/// What is heard.
pub(super) enum Told<'a> {
    /// They wrote this, or something without words.
    Message(Option<&'a str>),
    /// Something of a call.
    Call,
    /// They go by these names from now on.
    Changed(Who),
    /// They want to be written to unasked, or no longer.
    Marketing(bool),
}

/// In which conversation it is.
#[derive(Default)]
pub(super) struct Tied {
    /// The conversation.
    pub(super) conversation: Option<String>,
}

/// A message of ours that a customer answers.
struct Answered {
    /// Its delivery and its event, for whoever hears of the answer.
    message: Value,
    /// The campaign that it was part of.
    campaign: Option<String>,
    /// The product that it was about.
    product: Option<(String, Option<String>)>,
}

/// Products that one message names at most.
const PRODUCTS_MAX: usize = 50;

impl Tenant {
    /// Ties what is heard to its person and conversation, and the event that tells of it to both.
    pub(super) fn tie(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        who: &Who,
        told: Told<'_>,
        event: &mut Announcement,
    ) -> Result<Tied, Refusal> {
        let Some((lead, taken)) = self.met(state, work, who, event.at)? else {
            return Ok(Tied::default());
        };
        event.data.insert("lead_id".to_owned(), Value::from(lead.clone()));
        let conversation = match told {
            Told::Message(text) => self.wrote(state, work, (&lead, who, taken), text, event)?,
            Told::Call => self.called(state, work, (&lead, who, taken), event)?,
            Told::Changed(new) => {
                self.renamed(state, work, (&lead, who, taken), new, event)?;
                None
            }
            Told::Marketing(wanted) => {
                let meeting = Meeting { taken, ..meeting(who.clone(), Way::Mention) };
                work.add(EntityKey::lead(&lead), quiet(meet(meeting), event.at));
                let how = "whatsapp preference".to_owned();
                self.wish(state, work, &lead, (wanted, how, false), event.at)?;
                None
            }
        };
        Ok(Tied { conversation })
    }

    fn wrote(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        (lead, who, taken): (&str, &Who, bool),
        text: Option<&str>,
        event: &mut Announcement,
    ) -> Result<Option<String>, Refusal> {
        let at = event.at;
        let (id, begins) = self.conversation_of(state, lead, at)?;
        self.note_talk(state, Some(lead), (&id, Some(WHATSAPP)))?;
        event.data.insert("conversation_id".to_owned(), Value::from(id.clone()));
        let ledger = &self.around.ledger;
        let said = text.or_else(|| event.data.get("text").and_then(Value::as_str));
        let said = said.or_else(|| event.data.get("type").and_then(Value::as_str));
        let about = event.data.get("message_id").and_then(Value::as_str).map(str::to_owned);
        let conversation = Some(id.clone());
        let row = line(
            event,
            HistoryKind::Received,
            conversation.clone(),
            about,
            said.map(str::to_owned),
        );
        work.draft.history(lead, ledger.sequence(), &row);

        let answered = self.answered(&state.view, &event.data).unwrap_or_else(|error| {
            tracing::error!(%error, "what a customer answers cannot be read");
            None
        });
        let (mut products, campaign) = (products(&event.data), referral(&event.data));
        let campaign =
            campaign.or(answered.as_ref().and_then(|answered| answered.campaign.clone()));
        if let Some(Answered { message, product, .. }) = answered {
            event.data.insert("answers".to_owned(), message);
            // Whoever answers what we said of a product is looking at it.
            products
                .extend(product.filter(|(sku, _)| products.iter().all(|(other, _)| other != sku)));
        }
        let channel = Some(WHATSAPP.to_owned());
        let who = who.clone();
        let (way, campaigned) = (Way::Message, campaign.clone());
        let meeting = Meeting {
            who,
            way,
            begins,
            taken,
            channel: channel.clone(),
            campaign: campaigned,
            conversation,
        };
        work.add(EntityKey::lead(lead), quiet(meet(meeting), at));
        if let Some(text) = text {
            self.wish_of(state, work, lead, (text, true), at)?;
        }
        self.wake_handoff(state, work, &id, at)?;
        let what = What::Receive { products, campaign };
        see(work, &what, Some(lead), &id, at);
        let command = conversation::Command { lead: Some(lead.to_owned()), channel, what };
        let (command, talk) = (Command::Conversation(command), Some(id.clone()));
        let deed = Deed::unprompted(command, Origin::Customer, at);
        work.add(EntityKey::conversation(&id), Deed { talk, ..deed });
        Ok(Some(id))
    }

    /// A call belongs to the conversation that goes on, and begins none.
    fn called(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        (lead, who, taken): (&str, &Who, bool),
        event: &mut Announcement,
    ) -> Result<Option<String>, Refusal> {
        let at = event.at;
        let (id, is_new) = self.conversation_of(state, lead, at)?;
        let conversation = Some(id).filter(|_| !is_new);
        if let Some(id) = &conversation {
            event.data.insert("conversation_id".to_owned(), Value::from(id.clone()));
        }
        let about = event.data.get("call_id").and_then(Value::as_str).map(str::to_owned);
        let word = event.event_type.rsplit('.').next().map(str::to_owned);
        let row = line(event, HistoryKind::Call, conversation.clone(), about, word);
        work.draft.history(lead, self.around.ledger.sequence(), &row);
        let over = ["ended", "missed", "failed"].iter().any(|end| event.event_type.ends_with(end));
        let way = if over { Way::Call } else { Way::Mention };
        let channel = Some(WHATSAPP.to_owned());
        let meeting = Meeting { taken, channel, ..meeting(who.clone(), way) };
        work.add(EntityKey::lead(lead), quiet(meet(meeting), at));
        if let Some(id) = conversation.as_ref().filter(|_| over) {
            let lead = Some(lead.to_owned());
            let command = conversation::Command { lead, channel: None, what: What::Call };
            let deed = quiet(Command::Conversation(command), at);
            work.add(EntityKey::conversation(id), deed);
        }
        Ok(conversation)
    }

    fn renamed(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        (lead, old, taken): (&str, &Who, bool),
        new: Who,
        event: &Announcement,
    ) -> Result<(), Refusal> {
        let at = event.at;
        let meeting = Meeting { taken, ..meeting(old.clone(), Way::Mention) };
        work.add(EntityKey::lead(lead), quiet(meet(meeting), at));
        let row = line(event, HistoryKind::Person, None, None, None);
        work.draft.history(lead, self.around.ledger.sequence(), &row);
        let gone = Who {
            user_id: old
                .user_id
                .clone()
                .filter(|id| new.user_id.as_ref().is_some_and(|new| new != id)),
            phone: old.phone.clone().filter(|old| new.phone.as_ref().is_some_and(|new| new != old)),
            ..Who::default()
        };
        if let Some(number) = new.phone.as_ref().filter(|_| !taken) {
            let before = self.number_of(state, old)?;
            self.move_bookings(state, work, (before.as_deref(), number), at)?;
        }
        for (key, deed) in self.take_names(state, lead, &new, at)? {
            work.add(key, deed);
        }
        self.rename(state, lead, &gone, &new)?;
        let command = Command::Lead(lead::Command::Rename { old: old.clone(), new });
        work.add(EntityKey::lead(lead), quiet(command, at));
        Ok(())
    }

    /// The bookings of somebody who has another number now are reminded of there, and answered from there.
    fn move_bookings(
        &self,
        state: &TenantState,
        work: &mut Work,
        (before, number): (Option<&str>, &str),
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let Some(before) = before.filter(|before| *before != number) else { return Ok(()) };
        let found = self.around.ledger.bookings_of(&state.view.id, before);
        for booking in found.map_err(|error| unreadable(&error, &state.view.id))? {
            let key = EntityKey::reservation(&booking.id);
            let change = Booking {
                reservation_id: booking.id,
                wa_number: Some(number.to_owned()),
                ..Booking::default()
            };
            work.add(key, quiet(Command::Reservation(reservation::Command::Change(change)), at));
        }
        Ok(())
    }

    /// What a customer answers, if it went out from here.
    fn answered(
        &self,
        view: &TenantView,
        data: &Map<String, Value>,
    ) -> Result<Option<Answered>, LedgerError> {
        let Some(answered) = data.get("reply_to").and_then(Value::as_str) else { return Ok(None) };
        let ledger = &self.around.ledger;
        let Some(delivery) = ledger.find_message(&view.id, answered)? else { return Ok(None) };
        let Some(receipt) = ledger.receipt(&view.id, delivery)? else { return Ok(None) };
        let Some(event) = ledger.event(&view.id, receipt.event)? else { return Ok(None) };
        let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
        let text = |place: &str| body.pointer(place).and_then(Value::as_str).map(str::to_owned);
        let sku = text("/data/product/sku").and_then(|sku| checked(&sku).ok());
        Ok(Some(Answered {
            campaign: text("/data/campaign_id").or_else(|| text("/data/campaign")),
            product: sku.map(|sku| (sku, text("/data/product/name"))),
            message: json!({
                "delivery_id": delivery_id(delivery),
                "event_id": event.id,
                "event_type": event.event_type,
            }),
        }))
    }
}

/// The advertisement that brought a customer.
fn referral(data: &Map<String, Value>) -> Option<String> {
    let referral = data.get("referral")?;
    let text = |name: &str| referral.get(name).and_then(Value::as_str).map(str::to_owned);
    text("source_id").or_else(|| text("headline")).or_else(|| text("source_url"))
}

/// The products that a message asks about or orders.
fn products(data: &Map<String, Value>) -> Vec<(String, Option<String>)> {
    let ordered = data.get("order").and_then(|order| order.get("product_items"));
    let ordered = ordered.and_then(Value::as_array).into_iter().flatten();
    let mut products: Vec<(String, Option<String>)> = Vec::new();
    for item in data.get("product").into_iter().chain(ordered) {
        let sku = item.get("product_retailer_id").and_then(Value::as_str);
        let sku = sku.and_then(|sku| checked(sku).ok());
        let Some(sku) = sku.filter(|_| products.len() < PRODUCTS_MAX) else { continue };
        if products.iter().all(|(known, _)| *known != sku) {
            products.push((sku, None));
        }
    }
    products
}
