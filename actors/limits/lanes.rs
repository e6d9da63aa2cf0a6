//! Bounds of the blocks in which events are noted.

/// Events of a block: as many are looked at for one that is wanted.
pub const EVENTS_PER_BLOCK: usize = 128;
/// Blocks of a tenant that the writer keeps in mind; what becomes known of older events is noted at each.
pub const BLOCKS_KEPT_MAX: usize = 8;
/// Tenants whose blocks it keeps in mind; beyond that all begin anew.
pub const TENANTS_KEPT_MAX: usize = 10_000;
/// Lanes that a list looks at together; beyond that it looks at every event.
pub const LANES_AT_ONCE_MAX: usize = 64;
/// Deliveries that wait and are looked up one by one; beyond that they are found by their blocks.
pub const WAITING_LOOKED_UP_MAX: usize = 1_000;
/// Deliveries of an event that are each noted for their endpoint; of more than these it is noted that they are many.
pub const NOTED_EACH_MAX: usize = 256;
