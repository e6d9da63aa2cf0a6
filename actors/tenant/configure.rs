//! Changes of a tenant's settings and endpoints: checked, made durable, then seen by everyone.

use std::sync::Arc;

use ractor::ActorRef;
use serde_json::{Map, Value, json};
use sereno_workflows::catalogue::{self, OwnType};
use sereno_workflows::event::EventType;
use sereno_workflows::id::EndpointId;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::policy::Settings;
use sereno_workflows::time::Timestamp;
use thiserror::Error;

use super::{Tenant, TenantMessage, TenantState, secret_age};
use crate::announce::{Announcement, Audience, Context, announce};
use crate::endpoint::EndpointMessage;
use crate::endpoint::config::{Endpoint, Saving};
use crate::ledger::{Draft, LedgerError};
use crate::limits;
use crate::record::key::{self, HOME};
use crate::record::{self, Signed, Source, TenantRecord};
use crate::source;
use crate::store::Batch;
use crate::template::Compiled;
use crate::view::TenantView;

/// A change of settings or endpoints.
#[derive(Debug, Clone)]
pub enum Change {
    /// Change the settings that are named, as somebody wants it.
    Settings(Map<String, Value>, Signed),
    /// Describe a type of event.
    DescribeType(EventType, OwnType),
    /// Remove the tenant's description of a type of event.
    ForgetType(EventType),
    /// Make an endpoint.
    CreateEndpoint(Map<String, Value>),
    /// Change of an endpoint what is named.
    ChangeEndpoint(EndpointId, Map<String, Value>),
    /// Give an endpoint another secret, as a body says, and let the old one sign for a while.
    RotateSecret(EndpointId, Map<String, Value>),
    /// Enable a disabled endpoint, disable an enabled one.
    ToggleEndpoint(EndpointId),
    /// Have the endpoint that a setting of the server keeps as this body says; without one, disabled.
    KeepEndpoint(&'static str, Option<Map<String, Value>>),
    /// Disable an endpoint that does not work, for this reason.
    DisableEndpoint(EndpointId, String),
    /// Remove an endpoint and what waits for it.
    DeleteEndpoint(EndpointId),
}

/// What a change led to.
#[derive(Debug, Clone)]
pub enum Changed {
    /// The tenant as it is now.
    Tenant(Arc<TenantView>),
    /// The endpoint as it is now, or as it was when it was deleted.
    Endpoint(Arc<Endpoint>),
}

/// Why a change was not made.
#[derive(Debug, Error)]
pub enum ConfigureError {
    /// A field does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such thing.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// There are too many already.
    #[error("at most {0} endpoints")]
    TooMany(usize),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Tenant {
    /// Makes a change and waits until it is durable: changes are rare, and the next message must see
    /// the view that this one leaves.
    pub(super) async fn configure(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        change: Change,
    ) -> Result<Changed, ConfigureError> {
        let now = self.around.ledger.now().timestamp();
        // A view of its own: what is checked against it must outlive the state's.
        let view = Arc::clone(&state.view);
        let channels = &*self.around.channels;
        let saving = Saving { now, channels, secrets: &view.policy.settings.secrets };
        match change {
            Change::Settings(patch, by) => {
                let settings = patched(&view.policy.settings, patch)?;
                let next = state.view.with_settings_by(settings, &by);
                self.settle(myself, state, next).await
            }
            Change::DescribeType(name, own) => {
                crate::catalogue::check(&own)?;
                let mut settings = state.view.policy.settings.clone();
                settings.event_types = catalogue::with(&settings.event_types, name.as_str(), own)?;
                let next = state.view.with_settings(settings);
                self.settle(myself, state, next).await
            }
            Change::ForgetType(name) => {
                let mut settings = state.view.policy.settings.clone();
                settings
                    .event_types
                    .remove(name.as_str())
                    .ok_or(ConfigureError::NotFound("event type of your own"))?;
                let next = state.view.with_settings(settings);
                self.settle(myself, state, next).await
            }
            Change::CreateEndpoint(body) => {
                if state.view.endpoints.len() >= limits::ENDPOINTS_PER_TENANT_MAX {
                    return Err(ConfigureError::TooMany(limits::ENDPOINTS_PER_TENANT_MAX));
                }
                let id = self.next_endpoint(&state.view)?;
                let endpoint = Endpoint::create(id, body, &saving)?;
                self.put_endpoint(myself, state, endpoint).await
            }
            Change::ChangeEndpoint(id, body) => {
                let endpoint = found(&state.view, id)?.changed(body, &saving)?;
                self.put_endpoint(myself, state, endpoint).await
            }
            Change::RotateSecret(id, body) => {
                let endpoint = found(&state.view, id)?.rotated(body, now)?;
                self.put_endpoint(myself, state, endpoint).await
            }
            Change::ToggleEndpoint(id) => {
                let mut endpoint = Endpoint::clone(found(&state.view, id)?);
                let enabled = endpoint.config.enabled;
                endpoint.config.enable(!enabled);
                endpoint.config.updated_at = now;
                self.put_endpoint(myself, state, endpoint).await
            }
            Change::KeepEndpoint(setting, body) => {
                match self.kept(setting, body, &view, &saving)? {
                    Some(endpoint) => self.put_endpoint(myself, state, endpoint).await,
                    None => Ok(Changed::Tenant(Arc::clone(&state.view))),
                }
            }
            Change::DisableEndpoint(id, reason) => {
                let mut endpoint = Endpoint::clone(found(&state.view, id)?);
                endpoint.config.enabled = false;
                endpoint.config.disabled_reason = Some(reason);
                endpoint.config.updated_at = now;
                self.put_endpoint(myself, state, endpoint).await
            }
            Change::DeleteEndpoint(id) => self.delete_endpoint(myself, state, id).await,
        }
    }

    async fn settle(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        view: TenantView,
    ) -> Result<Changed, ConfigureError> {
        let age_max = view.policy.settings.secret_max_age;
        let moved = age_max != state.view.policy.settings.secret_max_age;
        let mut batch = Batch::new(HOME);
        let record: TenantRecord = view.to_record(&self.around.ledger);
        batch.put(key::tenant(&view.id), record::encode(&record));
        self.around.ledger.commit_home(batch).await;
        // What a crash in between leaves undone is done at the next start.
        let view = if moved { self.set_secret_alarms(view).await } else { view };
        self.show(myself, state, view);
        self.around.hints.clean(&state.view.id);
        // What could not be sent for want of a line or a mail server may go now.
        self.look_again(state);
        Ok(Changed::Tenant(Arc::clone(&state.view)))
    }

    /// The endpoint that a setting keeps, where it is not yet as it should be.
    fn kept(
        &self,
        setting: &str,
        body: Option<Map<String, Value>>,
        view: &TenantView,
        saving: &Saving<'_>,
    ) -> Result<Option<Endpoint>, ConfigureError> {
        let unset = format!("{setting} is no longer set");
        let is_kept = |found: &&Arc<Endpoint>| found.config.kept_by.as_deref() == Some(setting);
        let present = view.endpoints.values().find(is_kept);
        Ok(match (present, body) {
            (None, None) => None,
            (None, Some(body)) => {
                let id = self.next_endpoint(view)?;
                let mut endpoint = Endpoint::create(id, body, saving)?;
                endpoint.config.kept_by = Some(setting.to_owned());
                Some(endpoint)
            }
            (Some(present), None) if present.config.enabled => {
                let mut endpoint = Endpoint::clone(present);
                endpoint.config.enabled = false;
                endpoint.config.disabled_reason = Some(unset);
                endpoint.config.updated_at = saving.now;
                Some(endpoint)
            }
            (Some(_), None) => None,
            (Some(present), Some(body)) => {
                let news = news(present, body);
                let mut endpoint = match news.is_empty() {
                    true => Endpoint::clone(present),
                    false => present.changed(news, saving)?,
                };
                endpoint.config.updated_at = present.config.updated_at;
                if endpoint.config.disabled_reason.as_ref() == Some(&unset) {
                    endpoint.config.enable(true);
                }
                let differs = endpoint != **present;
                endpoint.config.updated_at = saving.now;
                differs.then_some(endpoint)
            }
        })
    }

    async fn put_endpoint(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        mut endpoint: Endpoint,
    ) -> Result<Changed, ConfigureError> {
        let ledger = &self.around.ledger;
        let now = ledger.now().timestamp();
        let tenant = &state.view.id;
        let mut draft = Draft::new(tenant);
        endpoint.forget_expired(now);
        let before = state.view.endpoints.get(&endpoint.id).map(|endpoint| &**endpoint);
        let age = endpoint.config.secret_age.under(state.view.policy.settings.secret_max_age);
        self.write_endpoint(&mut draft, before, &mut endpoint, age);
        let latest = endpoint.id.0.to_be_bytes().to_vec();
        if !state.view.endpoints.contains_key(&endpoint.id) {
            draft.batch().put(key::table(b'O', tenant), latest);
        }
        let was_enabled = state.view.endpoints.get(&endpoint.id).map(|e| e.config.enabled);
        let forgiven = endpoint.config.enabled && was_enabled == Some(false);
        if forgiven {
            draft.batch().delete(key::health(tenant, endpoint.id));
        }
        if let (Some(reason), Some(true)) = (&endpoint.config.disabled_reason, was_enabled) {
            let about = disabled(&endpoint, reason, now);
            announce(&mut draft, ledger, &state.view, about, Context::default());
        }
        let after = draft.take_after();
        ledger.commit_and_wait(draft).await;
        if forgiven {
            state.view.live.forget(endpoint.id);
        }
        self.around.hints.carry_out(tenant, after);
        let endpoint = Arc::new(endpoint);
        let mut view = TenantView::clone(&state.view);
        view.endpoints.insert(Arc::clone(&endpoint));
        self.show(myself, state, view);
        if forgiven {
            self.tell_endpoint(myself, state, endpoint.id, EndpointMessage::Forgive);
        }
        if self.has_queue(&state.view, endpoint.id) {
            self.around.hints.deliver(&state.view.id, endpoint.id, Timestamp(0));
        }
        Ok(Changed::Endpoint(endpoint))
    }

    async fn delete_endpoint(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        id: EndpointId,
    ) -> Result<Changed, ConfigureError> {
        let endpoint = Arc::clone(found(&state.view, id)?);
        let tenant = state.view.id.clone();
        let mut view = TenantView::clone(&state.view);
        view.endpoints.remove(&id);
        let mut draft = Draft::new(&tenant);
        draft.batch().delete(key::endpoint(&tenant, id));
        draft.batch().delete(key::health(&tenant, id));
        if let Some(due) = endpoint.config.secret_age.alarm {
            draft.disarm(&secret_age::alarm(&tenant, id, due));
        }
        self.around.ledger.commit_and_wait(draft).await;
        state.view.live.forget(id);
        self.show(myself, state, view);
        // Its queue may be long; the cleaner takes it away piece by piece.
        self.around.hints.clean(&tenant);
        Ok(Changed::Endpoint(endpoint))
    }

    /// Numbers are never given twice, since the log speaks of endpoints by them.
    fn next_endpoint(&self, view: &TenantView) -> Result<EndpointId, LedgerError> {
        let latest = self.around.ledger.table(b'O', &view.id, 1)?;
        let latest = latest.first().and_then(|(_, value)| value.first_chunk::<4>().copied());
        Ok(EndpointId(latest.map_or(0, u32::from_be_bytes) + 1))
    }

    pub(super) fn show(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        view: TenantView,
    ) {
        if state.view.policy.settings.alerts != view.policy.settings.alerts {
            // Where nothing is counted nobody else would hold the new rules against what is known.
            Self::counted(myself);
        }
        state.view = Arc::new(view);
        self.around.hints.list(Arc::clone(&state.view), myself.clone());
    }

    fn look_again(&self, state: &TenantState) {
        let own = [EndpointId::CUSTOMERS, EndpointId::READERS];
        let ids = state.view.endpoints.ids().chain(own);
        for id in ids.filter(|&id| self.has_queue(&state.view, id)) {
            self.around.hints.deliver(&state.view.id, id, Timestamp(0));
        }
    }
}

/// Settings with what a body names changed, if all of it can be carried out.
fn patched(present: &Settings, patch: Map<String, Value>) -> Result<Settings, ConfigureError> {
    let settings = present.patched(patch)?;
    if settings.templates != present.templates {
        Compiled::new(&settings.templates)?;
    }
    if settings.sources != present.sources {
        source::check(&settings.sources)?;
    }
    Ok(settings)
}

/// What a body says of a kept endpoint that is not so already: a start must not fail by what a person
/// changed since. Who chose a key pair keeps it, whatever the setting says of a secret.
fn news(present: &Endpoint, mut body: Map<String, Value>) -> Map<String, Value> {
    let Endpoint { config, secrets, .. } = present;
    body.retain(|name, value| match name.as_str() {
        "kind" => false,
        "target" => value.as_str() != Some(&config.target),
        "auth" => json!(secrets.auth) != *value,
        "secret" => !config.signature.has_key_pair() && value.as_str() != secrets.secret.as_deref(),
        _ => true,
    });
    body
}

/// `endpoint.disabled`, for the others to hear.
fn disabled(endpoint: &Endpoint, reason: &str, now: Timestamp) -> Announcement {
    let data =
        json!({"endpoint_id": endpoint.id.0, "kind": endpoint.config.kind, "reason": reason});
    Announcement {
        id: None,
        event_type: "endpoint.disabled".to_owned(),
        at: now,
        source: Source::Workflow,
        data: data.as_object().cloned().unwrap_or_default(),
        audience: Audience::Others(endpoint.id),
    }
}

fn found(view: &TenantView, id: EndpointId) -> Result<&Arc<Endpoint>, ConfigureError> {
    view.endpoints.get(&id).ok_or(ConfigureError::NotFound("endpoint"))
}
