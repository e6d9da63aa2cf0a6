//! Every bound of the runtime in one place; the unit is in the name.

/// Commits that may wait for the committer.
pub const COMMITS_QUEUED_MAX: usize = 16_384;
/// Commits made durable by one flush.
pub const COMMITS_PER_GROUP_MAX: usize = 1_024;
/// Bytes made durable by one flush, beyond which a group takes no further commit.
pub const GROUP_BYTES_MAX: usize = 4 << 20;
/// Largest value handed to the store; longer records are cut into pieces of this size.
pub const VALUE_BYTES_MAX: usize = 4_000;
/// Largest record that is decoded; a damaged length can ask for no more memory than this.
pub const RECORD_BYTES_MAX: usize = 8 << 20;

/// Events that may be under way in the engine at once; more are refused with "try again".
pub const EVENTS_IN_FLIGHT_MAX: usize = 8_192;
/// Events in one request.
pub const EVENTS_PER_REQUEST_MAX: usize = 1_000;
/// Bytes of one event's body as it is delivered.
pub const EVENT_BYTES_MAX: usize = 256 << 10;

/// Tenants of one server.
pub const TENANTS_MAX: usize = 10_000;
/// Endpoints of one tenant.
pub const ENDPOINTS_PER_TENANT_MAX: usize = 10_000;
/// Keys of one tenant.
pub const KEYS_PER_TENANT_MAX: usize = 100;
/// Bookings of one customer that are looked at to understand an answer.
pub const BOOKINGS_PER_CUSTOMER_MAX: usize = 200;

/// An entity or endpoint that was not spoken to for so long is passivated.
pub const IDLE_MS: u64 = 2_000;
/// How often a tenant with live children looks for idle ones.
pub const SWEEP_MS: u64 = 500;
/// Entities of one tenant that may be alive before the idle ones are passivated at once.
pub const ENTITIES_ALIVE_MAX: usize = 8_192;

/// Timers nearer than this are kept in memory.
pub const TIMER_WINDOW_MS: u64 = 60_000;
/// Timers kept in memory; where more are due inside the window, the window shrinks.
pub const TIMERS_IN_MEMORY_MAX: usize = 100_000;
/// Wakes under way at once, so that a backlog after downtime is released in waves.
pub const WAKES_IN_FLIGHT_MAX: usize = 4_096;
/// So many deaths on the same wake and it is quarantined.
pub const DEATHS_MAX: u32 = 3;
/// How long a wake whose actor died waits before it is tried again.
pub const WAKE_AGAIN_MS: u64 = 250;

/// Attempts of one endpoint under way at once.
pub const ATTEMPTS_PER_ENDPOINT_MAX: usize = 16;
/// Attempts of all endpoints under way at once.
pub const ATTEMPTS_MAX: usize = 512;
/// How long a call from the edge to an actor may take.
pub const CALL_TIMEOUT_MS: u64 = 10_000;
/// Endpoints named in one page of the log of filtered events.
pub const FILTERED_PER_PAGE_MAX: usize = 400;
/// Characters of a payload that are shown in the log.
pub const SNIPPET_CHARS_MAX: usize = 2_000;
/// Rows in one page of a list.
pub const PAGE_ROWS_MAX: usize = 500;
/// Rows that one request may look at in search of those that its filter wants.
pub const SCAN_ROWS_MAX: usize = 20_000;
