//! What can be looked at before it is needed: where notifications go, and what a stopped server left.
//!
//! Nothing is changed and, unless a test is asked for, nothing is sent. Each look has a deadline, and so many
//! go on at once and no more.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Map, Value};
use sereno_workflows::check::{Course, Finding, Part};
use sereno_workflows::id::{EndpointId, EventId};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::line::Smtp;
use sereno_workflows::payload;
use sereno_workflows::retry::RetryPolicy;
use sereno_workflows::secrets::Secrets;
use sereno_workflows::statistics::Channel;
use sereno_workflows::time::Timestamp;
use thiserror::Error;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::channel::{ChannelConfig, ChannelError, Channels, Destination, Load};
use crate::endpoint::config::{Endpoint, Kind, Saving};
use crate::ledger::{Ledger, LedgerError};
use crate::limits::{CHECK_ENDPOINTS_MAX, CHECK_PROBE_MS, CHECKS_AT_ONCE_MAX};
use crate::mirror::{self, MirrorConfig};
use crate::now::Now;
use crate::store::disk::{DiskOptions, DiskStore};
use crate::store::{Store, StoreError};
use crate::trace::of_delivery;
use crate::vault::{self, Vault, VaultError};
use crate::view::TenantView;

/// Who looks.
pub struct Prober {
    channels: Arc<Channels>,
    room: Semaphore,
}

/// What a look at some of a tenant's things found.
#[derive(Debug)]
pub struct Looked {
    /// What was found.
    pub findings: Vec<Finding>,
    /// The last endpoint that was looked at, where there are more.
    pub more_after: Option<EndpointId>,
}

impl Prober {
    /// One with channels of its own.
    pub fn new(config: ChannelConfig) -> Result<Self, ChannelError> {
        Ok(Self::over(Arc::new(Channels::new(config)?)))
    }

    /// One that goes the way of these channels.
    pub(crate) fn over(channels: Arc<Channels>) -> Self {
        Self { channels, room: Semaphore::new(CHECKS_AT_ONCE_MAX) }
    }

    /// Whether a new endpoint that is described so could be saved.
    ///
    /// # Errors
    /// The field that does not fit.
    pub fn would_save(&self, body: Map<String, Value>) -> Result<(), Invalid> {
        let (now, secrets) = (Now::System.timestamp(), Secrets::default());
        let saving = Saving { now, channels: &self.channels, secrets: &secrets };
        Endpoint::create(EndpointId(1), body, &saving).map(drop)
    }

    /// The right to look; none where as many look as may.
    pub fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.room.try_acquire().ok()
    }

    /// Looks at the endpoints after a place, so many of them; from the beginning, at the tenant's own lines
    /// too. `test` has each endpoint sent a `test.ping`, of which nothing is kept.
    pub async fn tenant(&self, view: &TenantView, after: EndpointId, test: bool) -> Looked {
        let page: Vec<&Arc<Endpoint>> =
            view.endpoints.after(after).take(CHECK_ENDPOINTS_MAX + 1).collect();
        let more = page.len() > CHECK_ENDPOINTS_MAX;
        let page = page.get(..CHECK_ENDPOINTS_MAX).unwrap_or(&page);
        let endpoints = join_all(page.iter().map(|endpoint| self.endpoint(view, endpoint, test)));
        let lines = async { if after.0 == 0 { self.lines(view).await } else { Vec::new() } };
        let (mut findings, endpoints) = tokio::join!(lines, endpoints);
        findings.extend(endpoints);
        let more_after = page.last().map(|endpoint| endpoint.id).filter(|_| more);
        Looked { findings, more_after }
    }

    /// Looks at the server's own mail server.
    pub async fn server_mail(&self, smtp: Option<&Smtp>) -> Finding {
        let mut way = Course::default();
        match smtp {
            Some(smtp) => self.channels.probe_mail(smtp, true, &mut way).await,
            None => way.skip("login", "no SMTP_HOST is set; tenants may have their own"),
        }
        way.finding(Part::Mail, server_name("server", smtp), None)
    }

    /// What the tenant has beside endpoints.
    async fn lines(&self, view: &TenantView) -> Vec<Finding> {
        let settings = &view.policy.settings;
        let tenant = view.id.as_str();
        let mail = async {
            let smtp = settings.smtp.as_ref()?;
            let mut way = Course::default();
            self.channels.probe_mail(smtp, false, &mut way).await;
            Some(way.finding(Part::Mail, server_name(tenant, Some(smtp)), Some(tenant)))
        };
        let whatsapp = async {
            let line = settings.whatsapp.as_ref()?;
            let mut way = Course::default();
            self.channels.probe_whatsapp(line, &mut way).await;
            let name = format!("{tenant} number {}", line.phone_number_id);
            Some(way.finding(Part::Whatsapp, name, Some(tenant)))
        };
        let (mail, whatsapp) = tokio::join!(mail, whatsapp);
        mail.into_iter().chain(whatsapp).chain(paused(view)).collect()
    }

    async fn endpoint(&self, view: &TenantView, endpoint: &Endpoint, test: bool) -> Finding {
        let mut way = Course::default();
        let now = Now::System.timestamp();
        let config = &endpoint.config;
        if config.enabled {
            match endpoint.destination(view, now) {
                Ok(destination) => {
                    self.channels.probe(&destination, now, &mut way).await;
                    if test && !way.failed() {
                        let load = load(view, endpoint, now);
                        self.channels.probe_by_test(&destination, &load, now, &mut way).await;
                    }
                }
                Err(problem) => {
                    way.fail("settings", problem, "set it in the tenant's secrets, or change it");
                }
            }
        } else {
            let why = config.disabled_reason.as_deref().unwrap_or("by a person");
            way.skip("enabled", format!("it is disabled: {why}"));
        }
        let name = format!("{}/{} {}", view.id, endpoint.id, shown(endpoint, view, now));
        way.finding(Part::Endpoints, name, Some(view.id.as_str()))
    }
}

/// The channels by which nothing goes out, until somebody remembers.
fn paused(view: &TenantView) -> impl Iterator<Item = Finding> {
    let channels = view.policy.settings.channels;
    let paused = Channel::ALL.into_iter().filter(move |channel| channels.is_paused(*channel));
    paused.map(|channel| {
        let (mut way, name) = (Course::default(), channel.as_str());
        let advice = format!(
            "set channels.{name}.paused to false in the tenant's settings, if it may go on"
        );
        way.warn("paused", "it is paused: what is for it is held", advice);
        way.finding(Part::Endpoints, format!("{} channel {name}", view.id), Some(view.id.as_str()))
    })
}

/// Looks at the mirror's database.
pub async fn mirror(config: Option<&MirrorConfig>) -> Finding {
    let mut way = Course::default();
    match config {
        Some(config) => mirror::probe(config, &mut way).await,
        None => way.skip("connect", "no SERENO_MIRROR is set"),
    }
    way.finding(Part::Mirror, "PostgreSQL", None)
}

/// An endpoint by its kind and where it is, without what may be secret or personal.
fn shown(endpoint: &Endpoint, view: &TenantView, now: Timestamp) -> String {
    let kind = endpoint.config.kind;
    let place = match (kind, endpoint.destination(view, now)) {
        (_, Ok(Destination::Webhook { to, .. } | Destination::Slack { to })) => {
            to.url().origin().ascii_serialization()
        }
        (Kind::Email, _) => {
            let domain = endpoint.config.target.rsplit_once('@').map(|(_, domain)| domain);
            format!("…@{}", domain.unwrap_or("?"))
        }
        (Kind::Whatsapp | Kind::Webhook | Kind::Slack, _) => String::new(),
    };
    format!("{} {place}", kind.as_str()).trim_end().to_owned()
}

fn server_name(whose: &str, smtp: Option<&Smtp>) -> String {
    match smtp {
        Some(smtp) => format!("{whose} {}:{}", smtp.host, smtp.port),
        None => whose.to_owned(),
    }
}

/// The test as it is delivered.
fn load(view: &TenantView, endpoint: &Endpoint, now: Timestamp) -> Load {
    let id = vault::generate_token("check");
    let data = serde_json::json!({"endpoint_id": endpoint.id.0, "message": "Hello from Sereno"});
    let event_type = "test.ping".to_owned();
    let event_id: EventId = id.parse().expect("a token of ours is an id");
    let body = payload::body(&event_id, &event_type, now, data.as_object().expect("an object"));
    Load {
        trace: of_delivery(&id, 1),
        id,
        attempt: 1,
        event_type,
        body: body.into(),
        message: None,
        words: None,
        locale: view.policy.settings.locale,
        zone: view.policy.zone.clone(),
        timeout: Some(Duration::from_millis(CHECK_PROBE_MS)),
    }
}

/// What a stopped server left.
pub struct Stored {
    /// Its tenants.
    pub tenants: Vec<TenantView>,
    /// When it last recorded something.
    pub last_recorded: Option<Timestamp>,
}

/// Why what it left cannot be read.
#[derive(Debug, Error)]
pub enum Unread {
    /// The key is none, or not the one.
    #[error(transparent)]
    Key(#[from] VaultError),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something in it cannot be read.
    #[error(transparent)]
    Ledger(LedgerError),
}

impl From<LedgerError> for Unread {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Vault(error) => Self::Key(error),
            other => Self::Ledger(other),
        }
    }
}

/// Opens the store of a stopped server, as its next start would, reads what is to be looked at and closes
/// it again. Blocks.
pub fn read(data: &Path, master_key: &str, smtp: Option<&Smtp>) -> Result<Stored, Unread> {
    let vault = Vault::new(master_key)?;
    let store: Arc<dyn Store> = Arc::new(DiskStore::open(data, DiskOptions::default())?);
    let ledger = match Ledger::open(Arc::clone(&store), vault, Now::System) {
        Ok(ledger) => ledger,
        Err(error) => {
            store.close();
            return Err(error.into());
        }
    };
    let stored = stored(&ledger, smtp);
    ledger.stop();
    Ok(stored?)
}

fn stored(ledger: &Ledger, smtp: Option<&Smtp>) -> Result<Stored, LedgerError> {
    let mut tenants = Vec::new();
    for (id, record) in ledger.tenants()? {
        let server = (smtp.cloned(), RetryPolicy::default());
        tenants.push(TenantView::load(ledger, id, &record, server)?);
    }
    Ok(Stored { tenants, last_recorded: ledger.last_recorded()? })
}
