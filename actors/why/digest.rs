//! Deliveries that went out in digests: they arrived when those did.

use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::why::{Letter, Standing};

use super::{letter, standing_now};
use crate::endpoint::{PART_OF, of_delivery_id};
use crate::ledger::{Ledger, LedgerError};
use crate::record::{AttemptStatus, DeliveryStatusRecord};
use crate::view::TenantView;

/// Whether a delivery went out in one.
pub(super) fn is_in_digest(status: Option<&DeliveryStatusRecord>) -> bool {
    status.is_some_and(|status| status.status == AttemptStatus::Collected)
}

/// How a delivery stands; one that went in a digest, as that stands, while it has not arrived.
pub(super) fn standing_in_the_end(
    ledger: &Ledger,
    view: &TenantView,
    place: (EndpointId, Sequence),
    status: Option<&DeliveryStatusRecord>,
) -> Result<Standing, LedgerError> {
    let error = status.and_then(|status| status.error.as_deref()).unwrap_or_default();
    let digest = match is_in_digest(status) {
        true => digest_of(ledger, view, error)?,
        false => None,
    };
    Ok(match digest {
        Some(Digest { stands, .. }) if stands != Standing::Sent => stands,
        Some(_) | None => standing_now(view, place, status),
    })
}

/// A digest.
pub(super) struct Digest {
    /// How it stands.
    pub(super) stands: Standing,
    /// Its id.
    pub(super) id: String,
    /// What can still be done with it where it was given up.
    pub(super) letter: Letter,
}

/// The digest in which a delivery went that says so.
pub(super) fn digest_of(
    ledger: &Ledger,
    view: &TenantView,
    said: &str,
) -> Result<Option<Digest>, LedgerError> {
    let id = said.strip_prefix(PART_OF);
    let Some((id, delivery)) = id.and_then(|id| Some((id, of_delivery_id(id)?))) else {
        return Ok(None);
    };
    let Some(found) = ledger.find_delivery(&view.id, delivery)? else { return Ok(None) };
    let stands = standing_now(view, (found.endpoint, delivery), found.status.as_ref());
    let letter = match stands {
        Standing::Dead => {
            letter(view, found.endpoint, ledger.dead_letter(&view.id, delivery)?.as_ref())
        }
        _ => Letter::None,
    };
    Ok(Some(Digest { stands, id: id.to_owned(), letter }))
}
