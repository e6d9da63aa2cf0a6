//! Bounds of who may in, and of what is written down of it.

/// Keys of one tenant.
pub const KEYS_PER_TENANT_MAX: usize = 100;
/// How long a session goes on.
pub const SESSION_MS: u64 = 12 * 3_600_000;
/// Sessions that ended early and are remembered; with one more, all that were begun until then are over.
pub const SESSIONS_ENDED_MAX: usize = 10_000;
/// Bytes of a session's cookie that are looked at.
pub const COOKIE_BYTES_MAX: usize = 2_000;
/// Keys, tokens and links of one sender in a minute, in the long run, that are wrong ...
pub const SIGN_INS_REFUSED_PER_MINUTE: u32 = 20;
/// ... and so many at once after a rest.
pub const SIGN_INS_REFUSED_BURST: u32 = 10;

/// How long a one-time link can be used, where nothing is said.
pub const LINK_MS: u64 = 15 * 60_000;
/// The longest that it can be asked for.
pub const LINK_MS_MAX: u64 = 7 * 24 * 3_600_000;
/// The shortest.
pub const LINK_MS_MIN: u64 = 1_000;
/// Links of one tenant that wait to be used.
pub const LINKS_PER_TENANT_MAX: usize = 1_000;
/// Bytes of the place in the console to which a link leads.
pub const NEXT_BYTES_MAX: usize = 500;

/// How long an entry of the audit log is kept.
pub const AUDIT_KEPT_MS: u64 = 90 * 24 * 3_600_000;
/// Entries of one tenant that are kept; beyond, the oldest go.
pub const AUDIT_ROWS_MAX: usize = 50_000;
/// Entries that go at once for that.
pub const AUDIT_ROWS_FORGOTTEN: usize = 64;
/// Bytes of what an entry was about, and of further words on it.
pub const AUDIT_TEXT_BYTES_MAX: usize = 400;
/// Bytes of one value that is repeated there.
pub const AUDIT_VALUE_BYTES_MAX: usize = 60;
/// Bytes of an answer in which the id of what was made is looked for.
pub const AUDIT_ANSWER_BYTES_MAX: u64 = 256 << 10;
