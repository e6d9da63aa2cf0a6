//! A report: made of the hours of its weeks, and of what the endpoints are.

use std::collections::BTreeMap;

use sereno_workflows::id::TenantId;
use sereno_workflows::locale::Locale;
use sereno_workflows::report::{self, About, Report, Week};
use url::Url;

use super::{Ledger, LedgerError};
use crate::endpoint::config::{EndpointConfig, Kind};
use crate::endpoint::standing::road;
use crate::view::TenantView;

impl Ledger {
    /// The report of a week. It reads hundreds of rows, so it belongs on a thread that may block.
    pub fn report(
        &self,
        view: &TenantView,
        week: Week,
        locale: Option<Locale>,
    ) -> Result<Report, LedgerError> {
        let (settings, zone) = (&view.policy.settings, &view.policy.zone);
        let (from, to) = report::span(week, zone);
        let hours = self.hours_counted(&view.id, from..to)?;
        let endpoints = view.endpoints.iter().map(|(id, endpoint)| {
            let config = &endpoint.config;
            (id.0, (config.kind.as_str().to_owned(), host(config)))
        });
        let road = |_: &TenantId, id| road(view, id);
        let held = self.all_waiting(std::slice::from_ref(&view.id), road)?.held;
        let about = About {
            tenant: &view.name,
            timezone: &settings.timezone,
            zone,
            locale: locale.or(settings.reports.weekly.locale).unwrap_or(settings.locale),
            now: self.now().timestamp(),
            since: view.created_at,
            absences: self.absences()?,
            held: u64::try_from(held).unwrap_or(u64::MAX),
            endpoints: endpoints.collect::<BTreeMap<_, _>>(),
        };
        Ok(report::make(week, &hours, &about))
    }
}

/// Where an endpoint is, without what may be secret or personal of its target.
fn host(config: &EndpointConfig) -> Option<String> {
    match config.kind {
        Kind::Webhook | Kind::Slack => {
            Url::parse(&config.target).ok()?.host_str().map(str::to_owned)
        }
        Kind::Email => config.target.rsplit_once('@').map(|(_, domain)| domain.to_owned()),
        Kind::Whatsapp => None,
    }
}
