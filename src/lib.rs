//! Sereno: the night watchman. A durable workflow and notification engine for businesses that talk to
//! their customers on WhatsApp.
//!
//! This crate is the edge: it turns HTTP, flags and files into calls of the engine
//! (`sereno-actors`), which carries out what the rules (`sereno-workflows`) decide. It has no rules
//! and no state of its own.
//!
//! | module | is |
//! |---|---|
//! | [`api`] | the HTTP API |
//! | [`console`] | the web application at `/console` |
//! | [`config`] | flags, environment, `sereno.toml`, the data directory |
//! | [`server`] | a running server: start, serve, stop |
//! | [`send`], [`listen`], [`demo`] | the commands beside `serve`, over [`client`] and [`receiver`] |
//! | [`commands`] | the admin API from a shell: endpoints, deliveries, dead letters, timers, tenants |
//! | [`otlp`] | spans to a collector |
//! | [`log`] | the log as the environment wants it |
//! | [`keep`] | backup, restore, the store from its first byte to its last |
//! | [`check`] | whether everything works, before it is needed |
//! | [`mod@bench`] | load on a server, with a table of what it bore |

pub mod api;
pub mod bench;
pub mod check;
pub mod client;
pub mod commands;
pub mod config;
pub mod console;
pub mod demo;
pub mod keep;
pub mod listen;
pub mod log;
pub mod metrics;
pub mod otlp;
pub mod receiver;
pub mod scratch;
pub mod send;
pub mod server;
