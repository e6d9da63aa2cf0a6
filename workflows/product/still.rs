//! Whether what a customer is about to be told of a product still holds.
//!
//! A message may wait for a long time: for its turn, for an attempt after one that failed, for somebody who
//! tries it again by hand. Meanwhile the customer may have said STOP, the price may have risen again, the night
//! may have come. So this is asked before each attempt, of what stands then.

use serde_json::Value;

use super::{Price, Product};
use crate::lead::Lead;
use crate::policy::Policy;
use crate::time::Timestamp;

/// A message that nobody asked for, as the event says that it goes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// To whom.
    pub lead: String,
    /// Of what.
    pub sku: String,
    claim: Claim,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Left(u64),
    Costs(Price),
}

/// What is known when the message is about to go.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// The number to which it would go.
    pub to: &'a str,
    /// The lead to whom it was said.
    pub told: Option<&'a Lead>,
    /// The same person as the lead that it turned out to be.
    pub lead: Option<&'a Lead>,
    /// The product.
    pub product: Option<&'a Product>,
    /// The moment.
    pub now: Timestamp,
    /// The tenant's policy.
    pub policy: &'a Policy,
}

/// Whether it may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Still {
    /// It may.
    Holds,
    /// Not before this moment: these are quiet hours.
    Later(Timestamp),
    /// Never, for this reason.
    Not(&'static str),
}

impl Offer {
    /// The offer of an event of this type with this body, if it is one.
    pub fn of(event_type: &str, body: &[u8]) -> Option<Self> {
        let is_price = match event_type {
            "lead.price_drop.sent" => true,
            "lead.low_stock.sent" | "lead.sold_out.sent" => false,
            _ => return None,
        };
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = |place| body.pointer(place).and_then(Value::as_str).map(str::to_owned);
        let claim = match is_price {
            true => Claim::Costs(Price::of(body.pointer("/data/new_price")?.as_f64()?)),
            false => Claim::Left(body.pointer("/data/new_stock")?.as_u64()?),
        };
        Some(Self { lead: text("/data/lead_id")?, sku: text("/data/product/sku")?, claim })
    }

    /// Whether it may go now.
    pub fn still(&self, present: Present<'_>) -> Still {
        let Present { to, told, lead, product, now, policy } = present;
        if lead.is_some_and(|lead| lead.opted_out.is_some()) {
            return Still::Not("the customer wants to hear nothing unasked any more");
        }
        let mut people = told.into_iter().chain(lead).peekable();
        let known = people.peek().is_some();
        if known && !people.any(|lead| lead.numbers().any(|own| own == to)) {
            return Still::Not("the number is no longer the customer's");
        }
        if let Some(product) = product {
            let holds = match self.claim {
                Claim::Left(left) => product.stock == Some(left),
                Claim::Costs(price) => product.price == Some(price),
            };
            if !holds || product.removed_at.is_some() {
                return Still::Not("it is no longer true: the product is not as it was");
            }
        }
        match super::steps::after_quiet(now, policy) {
            Some(end) => Still::Later(end),
            None => Still::Holds,
        }
    }
}
