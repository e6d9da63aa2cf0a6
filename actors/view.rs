//! A tenant as everyone sees it at one moment: its policy and its endpoints, never changed in place.
//!
//! The tenant actor makes a new view for each change and hands it along with every message, so a
//! decision is taken under one view from its beginning to its end.

mod endpoints;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sereno_workflows::id::{EndpointId, TenantId};
use sereno_workflows::lead::LeadKey;
use sereno_workflows::line::Smtp;
use sereno_workflows::policy::{Policy, Settings};
use sereno_workflows::rate::Allowance;
use sereno_workflows::retry::RetryPolicy;
use sereno_workflows::statistics::Channel;
use sereno_workflows::time::Timestamp;
use tokio::sync::mpsc;

pub use self::endpoints::Endpoints;
use crate::catalogue::Door;
use crate::endpoint::config::{Endpoint, Kind};
use crate::ledger::{Ledger, LedgerError};
use crate::live::Live;
use crate::record::{Signed, TenantRecord};
use crate::template::Compiled;
use crate::vault;

/// A tenant at one moment.
#[derive(Debug, Clone)]
pub struct TenantView {
    /// The tenant.
    pub id: TenantId,
    /// Its name for people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What its rules read.
    pub policy: Policy,
    /// Its endpoints.
    pub endpoints: Endpoints,
    /// The server's own mail server, for tenants without one.
    pub server_smtp: Option<Smtp>,
    /// How webhooks are tried again where neither endpoint nor tenant says.
    pub server_retry: RetryPolicy,
    /// The tenant's own words, if it has any, ready to be rendered.
    pub templates: Option<Arc<Compiled>>,
    /// What is refused of the events that come in.
    pub door: Option<Arc<Door>>,
    /// Who paused those of its channels that are, as far as that was written down.
    pub pauses: BTreeMap<Channel, Signed>,
    phone_key: Vec<u8>,
    /// Closes once nobody holds the tenant any more in any of its views; nothing is ever sent.
    pub(crate) presence: Option<mpsc::Sender<()>>,
    /// How its endpoints are at this moment, the same in all of its views.
    pub(crate) live: Arc<Live>,
}

impl TenantView {
    /// Whether there is such an endpoint still; the tenant's own roads to people always are.
    pub(crate) fn has_endpoint(&self, id: EndpointId) -> bool {
        id.is_own() || self.endpoints.contains_key(&id)
    }

    /// A new tenant with these settings.
    pub fn new(id: TenantId, name: String, created_at: Timestamp, settings: Settings) -> Self {
        let phone_key = vault::random::<32>().to_vec();
        Self {
            id,
            name,
            created_at,
            templates: compiled(&settings),
            door: Door::of(&settings),
            policy: Policy::new(settings, &phone_key),
            pauses: BTreeMap::new(),
            endpoints: Endpoints::default(),
            server_smtp: None,
            server_retry: RetryPolicy::default(),
            phone_key,
            presence: None,
            live: Arc::default(),
        }
    }

    /// The tenant as it stands in the ledger.
    pub fn load(
        ledger: &Ledger,
        id: TenantId,
        record: &TenantRecord,
        (server_smtp, server_retry): (Option<Smtp>, RetryPolicy),
    ) -> Result<Self, LedgerError> {
        let unreadable = LedgerError::Content("tenant");
        let vault = ledger.vault();
        let settings = vault.open(&settings_place(&id), &record.settings)?;
        let Ok(settings) = serde_json::from_slice::<Value>(&settings) else {
            return Err(unreadable);
        };
        let settings = Settings::from_json(settings).map_err(|_| unreadable)?;
        let phone_key = vault.open(&phone_key_place(&id), &record.phone_key)?;
        let mut endpoints = Endpoints::default();
        for (number, record) in ledger.endpoints(&id)? {
            let endpoint = Endpoint::from_record(&id, number, &record, vault)?;
            endpoints.insert(Arc::new(endpoint));
        }
        Ok(Self {
            templates: compiled(&settings),
            door: Door::of(&settings),
            policy: Policy::new(settings, &phone_key),
            pauses: record.pauses.iter().cloned().collect(),
            name: record.name.clone(),
            created_at: record.created_at,
            id,
            endpoints,
            server_smtp,
            server_retry,
            phone_key,
            presence: None,
            live: Arc::default(),
        })
    }

    /// The tenant as it stands on disk, without its endpoints.
    pub fn to_record(&self, ledger: &Ledger) -> TenantRecord {
        let json = "settings are plain data, which always serialises";
        let settings = serde_json::to_vec(&self.policy.settings).expect(json);
        TenantRecord {
            name: self.name.clone(),
            created_at: self.created_at,
            settings: ledger.vault().seal(&settings_place(&self.id), &settings),
            phone_key: ledger.vault().seal(&phone_key_place(&self.id), &self.phone_key),
            pauses: self.pauses.iter().map(|(channel, by)| (*channel, by.clone())).collect(),
        }
    }

    /// What the ids of its leads are made with.
    pub fn lead_key(&self) -> LeadKey {
        LeadKey::new(&self.phone_key)
    }

    /// The tenant with other settings. Templates and schemas are read again only where they changed.
    pub fn with_settings(&self, settings: Settings) -> Self {
        let now = &self.policy.settings;
        let mut next = self.clone();
        if settings.templates != now.templates {
            next.templates = compiled(&settings);
        }
        if (settings.catalogue, &settings.event_types) != (now.catalogue, &now.event_types) {
            next.door = Door::of(&settings);
        }
        next.policy = Policy::new(settings, &self.phone_key);
        next
    }

    /// The tenant with other settings, which somebody wants: with it stands who paused a channel that was not.
    pub fn with_settings_by(&self, settings: Settings, by: &Signed) -> Self {
        let before = self.policy.settings.channels;
        let mut next = self.with_settings(settings);
        let now = next.policy.settings.channels;
        for channel in Channel::ALL {
            if !now.is_paused(channel) {
                next.pauses.remove(&channel);
            } else if !before.is_paused(channel) {
                next.pauses.insert(channel, by.clone());
            }
        }
        next
    }

    /// How many attempts at an endpoint are allowed in a minute.
    pub fn allowance(&self, id: EndpointId) -> Allowance {
        let own = self.endpoints.get(&id).and_then(|endpoint| endpoint.config.rate_limit);
        let all = self.policy.settings.limits.deliveries_per_minute;
        Allowance { endpoint: own.map(|own| own.per_minute), tenant: (all > 0).then_some(all) }
    }

    /// How what failed to reach this endpoint is tried again: as it says, or else as the tenant says;
    /// a webhook of which neither says anything, as the server says.
    pub fn retry(&self, id: EndpointId) -> &RetryPolicy {
        let endpoint = self.endpoints.get(&id);
        let own = endpoint.and_then(|endpoint| endpoint.config.retry.as_ref());
        let tenants = &self.policy.settings.retry;
        match own.filter(|own| !own.is_unset()) {
            Some(own) => own,
            None if !tenants.is_unset() => tenants,
            None if endpoint.is_some_and(|found| found.config.kind == Kind::Webhook) => {
                &self.server_retry
            }
            None => tenants,
        }
    }
}

fn compiled(settings: &Settings) -> Option<Arc<Compiled>> {
    let templates = &settings.templates;
    (!templates.is_empty()).then(|| Arc::new(Compiled::stored(templates)))
}

fn settings_place(id: &TenantId) -> String {
    format!("{id}/settings")
}

fn phone_key_place(id: &TenantId) -> String {
    format!("{id}/phone-key")
}
