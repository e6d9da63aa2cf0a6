//! The rules of Sereno: what must happen, and when.
//!
//! Everything here is pure. A workflow takes its present state and one input and returns the next
//! state with the effects that must follow; it reads no clock (time is in the input), draws no
//! random numbers, awaits nothing and touches no file or socket. So a table of inputs is a full
//! test, and replaying the same inputs always gives the same state.
//!
//! | module | decides |
//! |---|---|
//! | [`reservation`] | reminders, answers, arrival and no-show of one booking |
//! | [`handoff`] | whether a person answered a customer in time |
//! | [`conversation`], [`lead`] | what becomes of a conversation, and who a person is |
//! | [`product`], [`contact`] | who hears of stock and prices, and when nobody is written to unasked |
//! | [`tenant`] | when many late answers become one incident |
//! | [`endpoint`] | whether a destination is healthy, and when its secret is too old |
//! | [`retry`] | what follows an attempt: done, later or dead |
//! | [`pace`] | how fast Slack and WhatsApp may be written to |
//! | [`window`], [`provider`] | in what form WhatsApp takes a message, and what it says of it later |
//! | [`filter`] | which events an endpoint wants |
//! | [`template`] | in whose words a message is written |
//! | [`catalogue`] | which types of event there are, and what they carry |
//! | [`cloud_event`] | what a CloudEvent means here |
//! | [`business_hours`] | whether a business is open, and what kind of day it is |
//! | [`inbound`] | what a letter from outside means |
//! | [`answer`] | what a customer's message means, and which booking it is about |
//! | [`source`] | who may send us what, and what becomes of it |
//! | [`throttle`] | how much may come in |
//! | [`alerts`] | when people must hear that something is wrong |
//! | [`report`] | what the report of a week says, and when it is due |
//! | [`statistics`] | what is counted and measured of all that happens, by windows of time |
//! | [`secrets`] | where a text asks for a secret of the tenant's |
//! | [`search`] | what people look for among events |
//! | [`timer`] | how a timer is named, and what a person may ask of it |
//! | [`why`] | why something is as it is, as data and as a sentence |
//! | [`check`] | whether what a look at a server measured is good |
//! | [`access`] | who may do what |
//! | [`masking`] | what of an answer people see who may not see everything |
//! | [`embedding`] | who may show the console inside their own pages |
//! | [`privacy`] | what leaves the house instead of a phone number |

pub mod access;
pub mod alerts;
pub mod answer;
pub mod business_hours;
pub mod calendar;
pub mod catalogue;
pub mod channels;
pub mod check;
pub mod cloud_event;
pub mod contact;
pub mod conversation;
pub mod dead_letters;
pub mod digest;
pub mod doubled;
pub mod effect;
pub mod embedding;
pub mod endpoint;
pub mod event;
pub mod filter;
pub mod handoff;
pub mod hex;
pub mod id;
pub mod inbound;
pub mod invalid;
pub mod lead;
pub mod limits;
pub mod line;
pub mod locale;
pub mod masking;
pub mod message;
pub mod order;
pub mod pace;
pub mod payload;
pub mod policy;
pub mod privacy;
pub mod product;
pub mod provider;
pub mod rate;
pub mod report;
pub mod reservation;
pub mod retention;
pub mod retry;
pub mod search;
pub mod secrets;
pub mod source;
pub mod statistics;
pub mod template;
pub mod tenant;
pub mod throttle;
pub mod time;
pub mod timeout;
pub mod timer;
pub mod trace;
mod whatsapp;
pub mod why;
pub mod window;
