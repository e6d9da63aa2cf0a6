//! One product that customers looked at: who hears of its stock and of its price.
//!
//! What changes begins a wave. It goes through the people who looked at the product in steps, each a commit
//! of its own with the messages of the step and the place that it came to: a crash repeats nobody and leaves
//! out nobody, and a hundred thousand people hold up nothing else. The road to WhatsApp is shared with the
//! reminders of bookings, so a wave takes no more than half of it.
//!
//! ```text
//!  price 100 -> 80   [ wave: who looked at it, by lead ] --step--> told, told, opted out, told ...
//!  quiet hours       [ held until they end ]
//!  price 80 -> 100   the wave is gone: what it would say is no longer true
//! ```
//! A person stands in the list once, however many conversations they had, so they hear of one change once.
//! The same state told again is no change, and one that is older than what is known is none either.

mod by_hand;
mod steps;
mod still;

use serde::{Deserialize, Serialize};

pub use self::still::{Offer, Present, Still};

use crate::effect::{Rejected, Transition};
use crate::locale::Locale;
use crate::policy::Policy;
use crate::time::{Span, Timestamp};

/// People that are remembered for one product at most; beyond that newcomers are not, until others go.
pub const VIEWERS_MAX: u32 = 100_000;
/// From so many looks on, those who looked are counted and no longer their looks: one person may look often.
pub const COUNTED_FROM: u32 = 1_000;
/// How often a product forgets those whom it no longer interests.
const SWEEP_AFTER: Span = Span::hours(24);
/// How soon after the last time it counts those whom it remembers, where they seem to be too many.
const COUNTED_AFTER: Span = Span::hours(1);
/// The pause after a step in which people were told.
const PAUSE: Span = Span::seconds(1);

/// A price in ten-thousandths, which is exact for every currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Price(pub i64);

/// What goes through the people of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Aim {
    /// Those who look at it now hear that so many are left.
    Stock {
        /// How many.
        left: u64,
    },
    /// All whom it interests hear of the lower price.
    Price {
        /// What it cost.
        old: Price,
        /// What it costs.
        new: Price,
    },
    /// Those whom it no longer interests are forgotten, the others counted.
    Sweep {
        /// How many were counted.
        kept: u32,
    },
}

impl Aim {
    /// The aim as the outside writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stock { .. } => "stock_wave",
            Self::Price { .. } => "price_wave",
            Self::Sweep { .. } => "viewers",
        }
    }
}

/// A way through the people of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// What for.
    pub aim: Aim,
    /// When it goes on.
    pub due: Timestamp,
    /// When it was decided.
    pub began_at: Timestamp,
    /// The lead after whom it goes on.
    pub after: Option<String>,
    /// How many were told.
    pub told: u32,
    /// The event that led to it.
    pub because: String,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its number in the shop.
    pub sku: String,
    /// Its name, where known.
    pub name: Option<String>,
    /// How many there are, where known.
    pub stock: Option<u64>,
    /// Of when that is, as its teller says.
    pub stock_at: Timestamp,
    /// What it costs, where known.
    pub price: Option<Price>,
    /// Of when that is, as its teller says.
    pub price_at: Timestamp,
    /// Since when it is no longer offered.
    pub removed_at: Option<Timestamp>,
    /// How many people are remembered for it, or a few more.
    pub viewers: u32,
    /// What goes through them, at most one for each aim.
    pub waves: Vec<Wave>,
    /// Rises each time the next step is set.
    pub generation: u32,
}

/// One of the people of a product, as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The lead.
    pub lead: String,
    /// When they last looked at it.
    pub seen_at: Timestamp,
    /// The open conversation in which they looked at it.
    pub conversation: Option<String>,
    /// Their number; `None` where they cannot be written to.
    pub phone: Option<String>,
    /// Their language.
    pub locale: Locale,
    /// Whether they want to hear nothing unasked.
    pub opted_out: bool,
}

/// Some of the people of a product, in the order of their leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The people.
    pub viewers: Vec<Viewer>,
    /// The last of them, if there may be more.
    pub more_after: Option<String>,
}

/// What may happen to a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A person looked at it.
    See {
        /// What it is called, where it was said.
        name: Option<String>,
        /// Who.
        lead: String,
        /// In which conversation.
        conversation: Option<String>,
        /// Whether they are remembered already; from [`COUNTED_FROM`] on this must be looked up.
        known: bool,
    },
    /// So many are left.
    Stock {
        /// What it is called, where it was said.
        name: Option<String>,
        /// How many.
        left: u64,
        /// The event that says so.
        because: String,
    },
    /// Its price changed.
    Reprice {
        /// What it is called, where it was said.
        name: Option<String>,
        /// What it cost.
        old: Price,
        /// What it costs.
        new: Price,
        /// The event that says so.
        because: String,
    },
    /// It is offered.
    Add {
        /// What it is called, where it was said.
        name: Option<String>,
    },
    /// It is no longer offered.
    Remove,
    /// Its alarm rang, and these are the people at whom it came to: see [`Product::next_wave`].
    Walk {
        /// The generation for which the alarm was set.
        generation: u32,
        /// The people.
        page: Page,
    },
}

/// When and under which policy a step is taken, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The product's number in the shop.
    pub id: &'a str,
    /// The moment of the step.
    pub now: Timestamp,
    /// When the thing happened, as its teller says.
    pub at: Timestamp,
    /// The tenant's policy.
    pub policy: &'a Policy,
}

/// Decides what follows; refuses a stale walk alone.
pub fn step(
    present: Option<&Product>,
    command: Command,
    ctx: Context<'_>,
) -> Result<Transition<Product>, Rejected> {
    if let Command::Walk { generation, page } = command {
        let present = present.ok_or_else(|| Rejected::because("no such product"))?;
        return steps::walk(present, generation, &page, ctx);
    }
    let mut next = present.cloned().unwrap_or_else(|| Product::new(ctx));
    let effects = steps::happen(&mut next, command, ctx);
    if present.is_none_or(|present| present.waves != next.waves) {
        next.generation = next.generation.wrapping_add(1);
    }
    Ok(Transition { next, effects })
}

impl Product {
    /// When the product must be looked at next, if ever.
    pub fn alarm(&self) -> Option<Timestamp> {
        self.next_wave().map(|wave| wave.due)
    }

    /// The wave that goes on next.
    pub fn next_wave(&self) -> Option<&Wave> {
        self.waves.iter().min_by_key(|wave| wave.due)
    }

    fn new(ctx: Context<'_>) -> Self {
        Self {
            sku: ctx.id.to_owned(),
            name: None,
            stock: None,
            stock_at: Timestamp(i64::MIN),
            price: None,
            price_at: Timestamp(i64::MIN),
            removed_at: None,
            viewers: 0,
            waves: Vec::new(),
            generation: 0,
        }
    }
}

impl Price {
    /// The price that this number says.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float is cast to the nearest whole number that there is"
    )]
    pub fn of(number: f64) -> Self {
        Self((number * 10_000.0).round() as i64)
    }

    /// By how many whole percent this is less than `old`, rounded down, so that nobody is promised more; 0
    /// where it is not, or by less than one.
    pub fn percent_below(self, old: Self) -> u32 {
        let (old, new) = (i128::from(old.0), i128::from(self.0));
        if old <= 0 || new >= old {
            return 0;
        }
        u32::try_from((old - new) * 100 / old).unwrap_or(0)
    }

    /// The price as a number.
    #[expect(
        clippy::cast_precision_loss,
        reason = "what comes in has at most 2^53 ten-thousandths"
    )]
    pub fn as_number(self) -> f64 {
        self.0 as f64 / 10_000.0
    }
}

#[cfg(test)]
mod tests;
