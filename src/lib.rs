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
//! | [`config`] | flags, environment, `sereno.toml`, the data directory |
//! | [`server`] | a running server: start, serve, stop |

pub mod api;
pub mod config;
pub mod server;
