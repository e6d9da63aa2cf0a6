//! Where the events stand that concern one endpoint, or whose deliveries did not simply arrive: by blocks of events, beside
//! the events that tell of all of them in the order of time.

use sereno_workflows::id::{EndpointId, Sequence, TenantId};

use super::{sequence, table};

/// What a block of events is noted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// It begins there.
    Blocks,
    /// An event of it has a delivery to this endpoint.
    To(EndpointId),
    /// An event of it goes to many endpoints.
    ToMany,
    /// A delivery of one of its events did not simply arrive.
    Trouble,
    /// One to this endpoint did not.
    TroubleTo(EndpointId),
}

impl Lane {
    /// In the order of the keys: what says where blocks begin is the first, so that it is cleaned away first.
    fn to_bytes(self) -> [u8; 5] {
        let (kind, id) = match self {
            Self::Blocks => (0, 0),
            Self::To(id) => (1, id.0),
            Self::ToMany => (2, 0),
            Self::Trouble => (3, 0),
            Self::TroubleTo(id) => (4, id.0),
        };
        let [a, b, c, d] = id.to_be_bytes();
        [kind, a, b, c, d]
    }
}

/// That a block which begins at this place is noted for something.
pub fn block(tenant: &TenantId, lane: Lane, start: Sequence) -> Vec<u8> {
    let mut key = table(b'n', tenant);
    key.extend_from_slice(&lane.to_bytes());
    key.extend_from_slice(&start.0.to_be_bytes());
    key
}

/// The same of another lane whose key is known.
pub fn beside(key: &[u8], start: Sequence) -> Option<Vec<u8>> {
    let (lane, _) = key.split_last_chunk::<8>()?;
    Some([lane, &start.0.to_be_bytes()].concat())
}

/// The endpoint of whose lane a key is.
pub fn endpoint(key: &[u8]) -> Option<EndpointId> {
    let (lane, _) = key.split_last_chunk::<8>()?;
    lane.last_chunk::<4>().map(|id| EndpointId(u32::from_be_bytes(*id)))
}

/// Where the block of a key begins.
pub fn start(key: &[u8]) -> Option<Sequence> {
    sequence(key)
}
