//! Bounds of connections to others.

use super::FAN_OUT_IN_FLIGHT_MAX;

/// How long any connection may take to come about.
pub const CONNECT_TIMEOUT_MS: u64 = 5_000;
/// For how long nothing comes over a connection before it is asked whether the other side is there, and between two such
/// questions.
pub const TCP_PROBE_MS: u64 = 15_000;
/// After so many without an answer it is closed.
pub const TCP_PROBES: u32 = 3;
/// For how long what was sent may stay unacknowledged before the connection is given up.
pub const TCP_UNACKNOWLEDGED_MS: u64 = 30_000;
/// How long an unused connection is kept: less than the 5 s after which Node closes its end, since
/// a POST on a connection that is just being closed fails.
pub const IDLE_CONNECTION_MS: u64 = 4_000;
/// Unused connections kept for each host: as many as an event for many endpoints has deliveries under way,
/// since a connection that is closed and opened again costs more than the rest of an attempt.
pub const IDLE_CONNECTIONS_PER_HOST_MAX: usize = FAN_OUT_IN_FLIGHT_MAX;
