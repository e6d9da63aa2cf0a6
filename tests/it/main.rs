//! What users rely on, proved on a real server with real sockets; each test is named by its row.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test that meets what it does not expect should end there; its tables are long"
)]

mod alerts;
mod bad_input;
mod bench;
mod browser;
mod cancelled;
mod catalogue;
mod certificates;
mod channels;
mod check;
mod check_start;
mod cloud_events;
mod commands;
mod console;
mod conversations;
mod credentials;
mod dead_letters;
mod delivery;
mod delivery_filters;
mod endpoints;
mod environment;
mod events;
mod fan_out;
mod handoffs_claimed;
mod handoffs_order;
mod idempotency;
mod inbound;
mod inbound_killed;
mod listener;
mod mirror;
mod mirror_outages;
mod mirror_owners;
mod mirror_people;
mod openapi;
mod order;
mod paused;
mod people;
mod people_commerce;
mod people_handoffs;
mod people_line;
mod people_merged;
mod people_wishes;
mod policies;
mod postgres;
mod power;
mod process;
mod provider;
mod ranges;
mod reasons;
mod report;
mod report_killed;
mod report_unknown;
mod restart;
mod retention;
mod secrets;
mod session;
mod session_addresses;
mod session_ends;
mod session_links;
mod session_privacy;
mod session_roles;
mod session_search;
mod sources;
mod sources_bad_input;
mod sources_inbound;
mod stats;
mod store;
mod story;
mod story_index;
mod story_pages;
mod story_search;
mod stream;
mod stream_bounds;
mod support;
mod system;
mod templates;
mod tenant_deletion;
mod tidy;
mod timers;
mod timers_by_hand;
mod timers_by_hand_killed;
mod timers_moved;
mod trace;
mod trace_roads;
mod transit;
mod untried;
mod why;
mod why_bookings;
mod why_endpoints;
mod why_moments;
