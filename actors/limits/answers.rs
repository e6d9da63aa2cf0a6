//! Bounds of what is asked and answered: pages, exports, requests that are carried out once, the search index.

/// Bytes of rows after which a page of a list, or what is read at once for an export, has no further one.
pub const PAGE_BYTES_MAX: usize = 1 << 20;
/// Bytes of events that one request may look at in search of those that its filter wants.
pub const SCAN_BYTES_MAX: usize = 64 << 20;
/// Rows that are looked at for one page of a list whose order no index has.
pub const SORTED_ROWS_MAX: usize = 50_000;
/// Lists and pages of exports that are read at once; others wait for their turn.
pub const READS_AT_ONCE_MAX: usize = 16;
/// The same of one tenant.
pub const READS_PER_TENANT_MAX: usize = 4;
/// Exports of one tenant under way at once; each may hold a page that its client has not read yet.
pub const EXPORTS_PER_TENANT_MAX: usize = 16;
/// Bytes of one body, or answer, that count as none against those under way.
pub const FREE_BYTES: usize = 32 << 10;
/// Bytes of larger bodies that are coming in, or answers that are going out, of all senders together.
pub const TRANSIT_BYTES_MAX: usize = 256 << 20;
/// One sender may have this part of what the others leave of them, so 64 MiB where there are none.
pub const SHARE_OF_REST: usize = 4;
/// How long a large body waits for room before it is refused.
pub const ROOM_PATIENCE_MS: u64 = 10_000;
/// How long a client may take nothing of what it is sent before its connection is cut.
pub const WRITE_PATIENCE_MS: u64 = 30_000;
/// Bytes of the key that makes a request be carried out once.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
/// How long the answer to such a request is kept.
pub const IDEMPOTENCY_KEPT_MS: u64 = 24 * 3_600_000;
/// How long a search index that failed waits before it is built again; twice as long each time ...
pub const SEARCH_AGAIN_MS: u64 = 1_000;
/// ... up to this; one that held for so long begins anew.
pub const SEARCH_AGAIN_MS_MAX: u64 = 600_000;
/// Weekly reports that are made at once, since very many are due in the same minute.
pub const REPORTS_AT_ONCE_MAX: usize = 4;
