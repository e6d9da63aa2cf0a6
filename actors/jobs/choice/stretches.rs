//! Where the events are whose deliveries may be chosen, as far as what is chosen by is noted of them.

use std::collections::BTreeSet;

use sereno_workflows::id::{EndpointId, TenantId};

use super::Choice;
use crate::endpoint::standing::{channel, gets_any};
use crate::ledger::lanes::Stretches;
use crate::ledger::{Ledger, LedgerError};
use crate::limits::lanes::{LANES_AT_ONCE_MAX, WAITING_LOOKED_UP_MAX};
use crate::record::key::lanes::Lane;
use crate::record::{Answered, Selection};
use crate::view::TenantView;

impl Choice<'_> {
    /// Where to look for what is chosen. Nothing that is chosen stands anywhere else.
    pub fn stretches<'a>(
        &self,
        ledger: &'a Ledger,
        view: &'a TenantView,
    ) -> Result<Stretches<'a>, LedgerError> {
        let endpoints = self.endpoints(view);
        let status = self.selection.status.as_deref();
        if let Some(status @ ("pending" | "retrying" | "held")) = status {
            return waiting(ledger, view, endpoints, status);
        }
        let troubled = matches!(status, Some("dead" | "collected" | "cancelled"))
            || !matches!(self.selection.answered, None | Some(Answered::Well));
        let mut lanes: Vec<Lane> = match (&endpoints, troubled) {
            // Wherever there is a delivery at all.
            (None, false) => to(ledger.endpoints_noted(&view.id, LANES_AT_ONCE_MAX)?.into_iter()),
            (None, true) => vec![Lane::Trouble],
            (Some(all), true) => all.iter().copied().map(Lane::TroubleTo).collect(),
            (Some(all), false) => to(all.iter().copied()),
        };
        if status == Some("cancelled") {
            // What waited for an endpoint that is gone was not tried, so that nothing else is noted of it.
            let known = ledger.endpoints_noted(&view.id, LANES_AT_ONCE_MAX)?;
            let gone = known.into_iter().filter(|id| !view.has_endpoint(*id));
            lanes.extend(to(gone.filter(|id| is_meant(endpoints.as_deref(), *id))));
        }
        any(ledger, &view.id, lanes)
    }

    /// The endpoints that it names in some way.
    fn endpoints(&self, view: &TenantView) -> Option<Vec<EndpointId>> {
        let Selection { endpoint, channel: by, .. } = self.selection;
        if let Some(id) = endpoint {
            return Some(vec![EndpointId(*id)]);
        }
        let wanted = (*by)?;
        let own = [EndpointId::CUSTOMERS, EndpointId::READERS];
        let all = view.endpoints.ids().chain(own);
        Some(all.filter(|id| channel(view, *id) == Some(wanted)).collect())
    }
}

/// Whether an endpoint is among those that are named, where any are.
fn is_meant(named: Option<&[EndpointId]>, id: EndpointId) -> bool {
    named.is_none_or(|all| all.contains(&id))
}

/// What is noted of events for these endpoints.
fn to(endpoints: impl Iterator<Item = EndpointId>) -> Vec<Lane> {
    endpoints.map(Lane::To).chain([Lane::ToMany]).collect()
}

fn any<'a>(
    ledger: &'a Ledger,
    tenant: &'a TenantId,
    lanes: Vec<Lane>,
) -> Result<Stretches<'a>, LedgerError> {
    match lanes.len() {
        ..=LANES_AT_ONCE_MAX => Stretches::of(ledger, tenant, lanes),
        _ => Ok(Stretches::anywhere(ledger, tenant)),
    }
}

/// What waits stands in queues, or is on its way to many; what is under way may be for an endpoint that is gone, and
/// its queue with it.
fn waiting<'a>(
    ledger: &'a Ledger,
    view: &'a TenantView,
    endpoints: Option<Vec<EndpointId>>,
    status: &str,
) -> Result<Stretches<'a>, LedgerError> {
    let tenant = &view.id;
    // What waits for the others is not held.
    let may_hold = |id: EndpointId| status != "held" || !gets_any(view, id);
    let is_meant = |id: &EndpointId| may_hold(*id) && is_meant(endpoints.as_deref(), *id);
    let waited_for = ledger.waited_for(tenant, LANES_AT_ONCE_MAX)?;
    let waited_for = waited_for.map(|all| all.into_iter().filter(is_meant).collect::<Vec<_>>());
    let Some(waited_for) = waited_for.or(endpoints) else {
        return Ok(Stretches::anywhere(ledger, tenant));
    };
    let under_way = view.live.begun();
    let under_way =
        under_way.into_iter().filter(|(id, _)| waited_for.contains(id) || !view.has_endpoint(*id));
    let (mut places, is_all) = ledger.awaited_events(tenant, &waited_for, WAITING_LOOKED_UP_MAX)?;
    if is_all {
        places.extend(under_way.map(|(_, event)| event));
        return Ok(Stretches::at(ledger, tenant, places));
    }
    let all: BTreeSet<_> = waited_for.iter().copied().chain(under_way.map(|(id, _)| id)).collect();
    // What was tried and waits did not simply arrive.
    match status {
        "retrying" => any(ledger, tenant, all.into_iter().map(Lane::TroubleTo).collect()),
        _ => any(ledger, tenant, to(all.into_iter())),
    }
}
