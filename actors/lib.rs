//! The runtime of Sereno: makes what the workflows decide durable, wakes it in time, carries it out.
//!
//! ```text
//!                        root
//!                  ______/ | \________
//!      clock, cleaner   tenant  tenant ...
//!                     ____/ \____
//!   entity ...  endpoint ...  fan-out, jobs, intake   Committer (a thread) --> Store
//! ```
//! | module | is |
//! |---|---|
//! | [`engine`] | what the edge may ask |
//! | `root`, [`tenant`], `entity`, [`endpoint`], `fan_out`, [`jobs`], [`intake`], `clock`, `cleaner` | the actors |
//! | `live` | how a tenant's endpoints are at this moment |
//! | `turnstile`, `paces`, `throttle` | how tenants share the room for attempts, how fast these may go, and what comes in |
//! | [`mirror`] | what goes to the user's own PostgreSQL |
//! | `gather`, `announce` | how one commit is made of many parts, and an event of its deliveries |
//! | [`search`] | what people find among events |
//! | `statistics` | what is counted of all that happens |
//! | [`stream`] | what happens, live |
//! | [`pending`] | what is still to come |
//! | [`trace`] | spans of what is done, for whoever exports them |
//! | `journey` | what each stage of an event's way took |
//! | [`ledger`], [`record`], [`store`] | what is on disk |
//! | [`channel`], [`signature`] | how deliveries go out |
//! | [`why`] | why things are as they are |
//! | [`check`] | whether all of that works, before it is needed |
//! | [`verifier`], [`source`] | whether what comes in is genuine, and what it comes to |
//! | [`template`] | in whose words |
//! | [`catalogue`] | which events come in |
//! | [`vitals`] | how a running server is |
//! | [`vault`], [`limits`], [`now`] | secrets, bounds, time |

pub mod announce;
pub mod catalogue;
pub mod channel;
pub mod check;
mod cleaner;
mod clock;
pub mod endpoint;
pub mod engine;
mod entity;
mod eraser;
mod fan_out;
mod fatal;
mod gather;
mod hints;
pub mod idempotency;
pub mod intake;
pub mod jobs;
mod journey;
pub mod ledger;
pub mod limits;
mod live;
pub mod mirror;
pub mod now;
mod paces;
pub mod pending;
pub mod priority;
pub mod record;
mod root;
pub mod search;
mod shown;
pub mod signature;
pub mod source;
mod statistics;
pub mod store;
pub mod stream;
pub mod template;
pub mod tenant;
mod throttle;
mod ticket;
pub mod trace;
#[cfg(test)]
mod trial;
mod turnstile;
pub mod vault;
pub mod verifier;
pub mod view;
pub mod vitals;
pub mod why;
