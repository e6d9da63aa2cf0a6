//! The layout of keys: one letter or digit for the table, the tenant, then what orders its rows.
//!
//! | table | key after the tenant | record |
//! |---|---|---|
//! | `E` | sequence | event; long ones go on in `C` |
//! | `C` | sequence, piece | further pieces of a long event |
//! | `1` | event id | the event's sequence; `I` in stores of before |
//! | `S` | kind, id | an entity's state |
//! | `W` | phone number, reservation id | nothing: whose bookings |
//! | `N` | endpoint | an endpoint |
//! | `H` | endpoint | its health |
//! | `O` | | the number of the latest endpoint |
//! | `F` | event | how far an event for many endpoints was handed on |
//! | `Q` | endpoint, due, delivery | a delivery that waits |
//! | `P` | endpoint, order key, delivery | a delivery that is parked behind the head of its key |
//! | `G` | endpoint, order key | the head's delivery and its event |
//! | `D` | event, delivery | how it stands |
//! | `V` | delivery | the event of a delivery that was made long after it |
//! | `X` | delivery | a dead letter |
//! | `x` | endpoint, delivery | nothing: a dead letter is of it; for 0 alone: that of each of them this is said |
//! | `J` | sequence | a job |
//! | `L` | sequence | a line of the log |
//! | `o` | endpoint (0: any), second | nothing: an attempt for it is in the log of that second |
//! | `n` | lane, event | nothing: from this event on, up to where the next block begins, there is one for this lane |
//! | `Z` | sequence | a quarantined wake |
//! | `B` | | how far it was cleaned |
//! | `u` | delivery, byte | the receipt of a provider (0), and what it said later |
//! | `y` | message id | the delivery whose message a provider calls so |
//! | `r` | source, digest | a delivery of a source that was taken, and until when that is remembered |
//! | `s` | until, source, digest | the same in the order of forgetting |
//! | `v` | phone number | until when a customer may be written to freely |
//! | `g` | event | what storing and triggering took, for events up to this one |
//! | `q` | 0, event | an event that stands aside; its data in pieces under 1, event, piece |
//! | `l` | name | the lead that goes by it, or what is told of by another name than its own |
//! | `m` | lead, number or conversation; sequence | a line of a history |
//! | `p` | product, lead | a lead that looked at a product |
//! | `w` | letter, number | how far the tenant was mirrored (`m`), what must be told the mirror besides (`n`) |
//! | `R` | event | an event that outlived its time, and why it is still there |
//! | `h` | key of a request | what it came to |
//! | `f` | sequence | the key of the request that came in then |
//! | `i` | sequence | a letter that came in, and what became of it |
//! | `c` | sequence, piece | its body |
//! | `j` | due, sequence | nothing: a letter in line to be read |
//! | `a` | width, place in the ring | a slot of what was counted; long ones go on in `b` |
//! | `d` | sequence | what was counted since the slots were written |
//! | `z` | sequence | an entry of the audit log |
//! | `k` | fault, cause | a cause of dead letters that somebody has taken note of |
//!
//! `T` (timers: due, tenant, kind, id, slot) puts the time first, so that one clock can wait for all tenants of a
//! partition. `A` (tenants), `K` (API keys), `U` (one-time links), `Y` (sessions that ended early), `M` (meta), `e` (tenants
//! that were deleted and whose rows are going) and `t` (which search index was built of all this) are in partition 0.
//! Numbers are big-endian, so that the order of keys is theirs; texts carry their length.

pub mod access;
pub mod attempts;
pub mod idempotency;
pub mod inbound;
mod kind;
pub mod lanes;
pub mod letters;
pub mod mirror;
pub mod people;
pub mod provider;
pub mod source;
pub mod statistics;
pub mod story;

use sereno_workflows::id::{EndpointId, EntityKey, EntityKind, EventId, Sequence, TenantId};
use sereno_workflows::time::Timestamp;

use self::kind::{entity_kind, kind};
use crate::store::Partition;

/// The partition of what belongs to no tenant.
pub const HOME: Partition = Partition(0);

/// The partition of a tenant: fixed for ever, since its rows are there.
pub fn partition(tenant: &TenantId) -> Partition {
    Partition(crc32fast::hash(tenant.as_str().as_bytes()).to_le_bytes()[0])
}

/// Where a timer stands: when it is due, whose it is, and which of that entity's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerKey {
    /// When it is due.
    pub due: Timestamp,
    /// The tenant.
    pub tenant: TenantId,
    /// The entity that it wakes.
    pub entity: EntityKey,
    /// 0 for the entity's own alarm; a sequence of its own for a signal.
    pub slot: Sequence,
}

impl TimerKey {
    /// The key as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut key = vec![b'T'];
        key.extend_from_slice(&moment(self.due));
        text(&mut key, self.tenant.as_str());
        key.push(kind(self.entity.kind));
        text(&mut key, &self.entity.id);
        key.extend_from_slice(&self.slot.0.to_be_bytes());
        key
    }

    /// The key that these bytes are.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"T")?;
        let (due, rest) = rest.split_first_chunk::<8>()?;
        let (tenant, rest) = split_text(rest)?;
        let (&kind, rest) = rest.split_first()?;
        let (id, rest) = split_text(rest)?;
        let slot: [u8; 8] = rest.try_into().ok()?;
        Some(Self {
            due: Timestamp(i64::try_from(u64::from_be_bytes(*due)).ok()?),
            tenant: tenant.parse().ok()?,
            entity: EntityKey { kind: entity_kind(kind)?, id: id.to_owned() },
            slot: Sequence(u64::from_be_bytes(slot)),
        })
    }
}

/// The first key of a timer that is due at `due` or later.
pub fn timers_from(due: Timestamp) -> Vec<u8> {
    [&b"T"[..], &moment(due)].concat()
}

/// The table of a tenant, without anything after.
pub fn table(letter: u8, tenant: &TenantId) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    key.push(letter);
    text(&mut key, tenant.as_str());
    key
}

/// A table of a tenant, if the letter names one that has the tenant behind it.
pub(crate) fn table_of_tenant(letter: u8, tenant: &TenantId) -> Option<Vec<u8>> {
    let others: &[u8] = if partition(tenant) == HOME { b"TAKMUYet" } else { b"T" };
    (!others.contains(&letter)).then(|| table(letter, tenant))
}

/// The first key after all that begin with `prefix`.
pub fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 64]
}

/// An event.
pub fn event(tenant: &TenantId, sequence: Sequence) -> Vec<u8> {
    numbered(b'E', tenant, sequence)
}

/// A further piece of a long event.
pub fn event_piece(tenant: &TenantId, sequence: Sequence, piece: u16) -> Vec<u8> {
    let mut key = numbered(b'C', tenant, sequence);
    key.extend_from_slice(&piece.to_be_bytes());
    key
}

/// The event with this id. Its length is before it, for the index, in which ids that differ in their last byte alone stand
/// together.
pub fn event_id(tenant: &TenantId, id: &EventId) -> Vec<u8> {
    let mut key = table(b'1', tenant);
    text(&mut key, id.as_str());
    key
}

/// The same in stores of before.
pub fn event_id_before(tenant: &TenantId, id: &EventId) -> Vec<u8> {
    let mut key = table(b'I', tenant);
    key.extend_from_slice(id.as_str().as_bytes());
    key
}

/// All states of a kind.
pub fn states(tenant: &TenantId, kind_: EntityKind) -> Vec<u8> {
    let mut key = table(b'S', tenant);
    key.push(kind(kind_));
    key
}

/// The state of an entity.
pub fn state(tenant: &TenantId, entity: &EntityKey) -> Vec<u8> {
    let mut key = states(tenant, entity.kind);
    key.extend_from_slice(entity.id.as_bytes());
    key
}

/// All bookings of a customer.
pub fn bookings_of(tenant: &TenantId, number: &str) -> Vec<u8> {
    let mut key = table(b'W', tenant);
    text(&mut key, number);
    key
}

/// One booking of a customer.
pub fn booking_of(tenant: &TenantId, number: &str, reservation_id: &str) -> Vec<u8> {
    let mut key = bookings_of(tenant, number);
    key.extend_from_slice(reservation_id.as_bytes());
    key
}

/// An endpoint.
pub fn endpoint(tenant: &TenantId, id: EndpointId) -> Vec<u8> {
    of_endpoint(b'N', tenant, id)
}

/// An endpoint's health.
pub fn health(tenant: &TenantId, id: EndpointId) -> Vec<u8> {
    of_endpoint(b'H', tenant, id)
}

/// How far an event was handed to its many endpoints.
pub fn fan_out(tenant: &TenantId, event: Sequence) -> Vec<u8> {
    numbered(b'F', tenant, event)
}

/// All deliveries that wait for an endpoint, the earliest first.
pub fn queue(tenant: &TenantId, id: EndpointId) -> Vec<u8> {
    of_endpoint(b'Q', tenant, id)
}

/// A delivery that waits.
pub fn queued(tenant: &TenantId, id: EndpointId, due: Timestamp, delivery: Sequence) -> Vec<u8> {
    let mut key = queue(tenant, id);
    key.extend_from_slice(&moment(due));
    key.extend_from_slice(&delivery.0.to_be_bytes());
    key
}

/// All deliveries of an endpoint that are parked.
pub fn parked(tenant: &TenantId, id: EndpointId) -> Vec<u8> {
    of_endpoint(b'P', tenant, id)
}

/// All deliveries of an endpoint that are parked under a key.
pub fn parked_under(tenant: &TenantId, id: EndpointId, order: &str) -> Vec<u8> {
    let mut key = parked(tenant, id);
    text(&mut key, order);
    key
}

/// A delivery that is parked under a key.
pub fn parked_delivery(
    tenant: &TenantId,
    id: EndpointId,
    order: &str,
    delivery: Sequence,
) -> Vec<u8> {
    let mut key = parked_under(tenant, id, order);
    key.extend_from_slice(&delivery.0.to_be_bytes());
    key
}

/// The key under which a row is parked that begins with the endpoint's own prefix.
pub fn order_of(prefix: &[u8], key: &[u8]) -> Option<String> {
    split_text(key.strip_prefix(prefix)?).map(|(order, _)| order.to_owned())
}

/// The head of a key.
pub fn head(tenant: &TenantId, id: EndpointId, order: &str) -> Vec<u8> {
    let mut key = of_endpoint(b'G', tenant, id);
    text(&mut key, order);
    key
}

/// All rows of one of an endpoint's tables.
pub fn rows_of_endpoint(letter: u8, tenant: &TenantId, id: EndpointId) -> Vec<u8> {
    of_endpoint(letter, tenant, id)
}

/// Whose a row of one of the endpoints' tables is.
pub fn endpoint_of(letter: u8, tenant: &TenantId, key: &[u8]) -> Option<EndpointId> {
    let rest = key.strip_prefix(&table(letter, tenant)[..])?;
    rest.first_chunk::<4>().map(|number| EndpointId(u32::from_be_bytes(*number)))
}

/// When a queued delivery is due, and which it is.
pub fn of_queued(key: &[u8]) -> Option<(Timestamp, Sequence)> {
    let (rest, delivery) = key.split_last_chunk::<8>()?;
    let (_, due) = rest.split_last_chunk::<8>()?;
    let due = Timestamp(i64::try_from(u64::from_be_bytes(*due)).ok()?);
    Some((due, Sequence(u64::from_be_bytes(*delivery))))
}

/// All deliveries of an event.
pub fn statuses(tenant: &TenantId, event: Sequence) -> Vec<u8> {
    numbered(b'D', tenant, event)
}

/// How a delivery of an event stands.
pub fn status(tenant: &TenantId, event: Sequence, delivery: Sequence) -> Vec<u8> {
    let mut key = statuses(tenant, event);
    key.extend_from_slice(&delivery.0.to_be_bytes());
    key
}

/// The event of a delivery that was made long after it.
pub fn late(tenant: &TenantId, delivery: Sequence) -> Vec<u8> {
    numbered(b'V', tenant, delivery)
}

/// A job.
pub fn job(tenant: &TenantId, job: Sequence) -> Vec<u8> {
    numbered(b'J', tenant, job)
}

/// A dead letter.
pub fn dead_letter(tenant: &TenantId, delivery: Sequence) -> Vec<u8> {
    numbered(b'X', tenant, delivery)
}

/// A line of the log.
pub fn log(tenant: &TenantId, sequence: Sequence) -> Vec<u8> {
    numbered(b'L', tenant, sequence)
}

/// A quarantined wake.
pub fn quarantine(tenant: &TenantId, sequence: Sequence) -> Vec<u8> {
    numbered(b'Z', tenant, sequence)
}

/// An event that outlived its time and is still there.
pub fn leftover(tenant: &TenantId, event: Sequence) -> Vec<u8> {
    numbered(b'R', tenant, event)
}

/// How far a tenant was cleaned.
pub fn cleaned(tenant: &TenantId) -> Vec<u8> {
    table(b'B', tenant)
}

/// A tenant.
pub fn tenant(id: &TenantId) -> Vec<u8> {
    [&b"A"[..], id.as_str().as_bytes()].concat()
}

/// A tenant that was deleted and whose rows are going.
pub fn deleted(id: &TenantId) -> Vec<u8> {
    [&b"e"[..], id.as_str().as_bytes()].concat()
}

/// An API key, by its token's hash.
pub fn api_key(hash: &[u8; 32]) -> Vec<u8> {
    [&b"K"[..], hash].concat()
}

/// A fact about the data directory.
pub fn meta(name: &str) -> Vec<u8> {
    [&b"M"[..], name.as_bytes()].concat()
}

/// The sequence at the end of a key.
pub fn sequence(key: &[u8]) -> Option<Sequence> {
    let (_, last) = key.split_last_chunk::<8>()?;
    Some(Sequence(u64::from_be_bytes(*last)))
}

fn numbered(letter: u8, tenant: &TenantId, sequence: Sequence) -> Vec<u8> {
    let mut key = table(letter, tenant);
    key.extend_from_slice(&sequence.0.to_be_bytes());
    key
}

fn of_endpoint(letter: u8, tenant: &TenantId, id: EndpointId) -> Vec<u8> {
    let mut key = table(letter, tenant);
    key.extend_from_slice(&id.0.to_be_bytes());
    key
}

/// Moments before 1970 sort as 1970: nothing is due then.
fn moment(at: Timestamp) -> [u8; 8] {
    u64::try_from(at.0).unwrap_or(0).to_be_bytes()
}

fn text(key: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).expect("ids have at most 128 bytes");
    key.push(length);
    key.extend_from_slice(text.as_bytes());
}

fn split_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(length))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests;
