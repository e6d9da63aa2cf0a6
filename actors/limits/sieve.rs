//! Bounds of what knows, in memory, which ids of events are not there.

/// Bytes of the largest layer for the ids of all events; those before it have a third of that together.
pub const IDS_BYTES: usize = 8 << 20;
/// Bytes of the largest layer for what ids begin with in the index.
pub const STEMS_BYTES: usize = 2 << 20;
/// Ids that a store may have at its start for those bytes to be of use.
pub const IDS_MAX: usize = 16_000_000;
