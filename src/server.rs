//! A running server: opens the data, brings the engine up, serves until it is told to stop.

mod connections;
mod patient;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sereno_actors::engine::{Engine, EngineConfig, sessions};
use sereno_actors::limits;
use sereno_actors::now::Now;
use sereno_actors::tenant::Change;
use sereno_actors::vault;
use sereno_workflows::access::Role;
use sereno_workflows::limits::Limits;
use sereno_workflows::policy::Settings;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use self::connections::Patience;
use crate::api::budget::Budget;
use crate::api::check::Checks;
use crate::api::request::default_tenant;
use crate::api::system::Beginning;
use crate::api::{self, App};
use crate::config::{Config, Credentials, DataDirectory, N8N, Switch, guessable};
use crate::console;
use crate::otlp::{self, Otlp};

/// How long what is under way may take to end.
const GRACE: Duration = Duration::from_secs(8);

/// How long a client may keep a connection waiting: without a whole request head, which between requests is
/// how long it may be idle; and without taking anything of its answer.
const PATIENCE: Patience = Patience {
    head: Duration::from_secs(75),
    write: Duration::from_millis(limits::answers::WRITE_PATIENCE_MS),
};

/// A server that is up and listens.
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    address: SocketAddr,
    credentials: Credentials,
    first_start: bool,
    /// Where spans go, if they go anywhere.
    otlp: Option<Otlp>,
}

/// Says in the log what is set and does nothing, or is not safe.
fn remark_upon(config: &Config) {
    if let Some(remark) = config.does_nothing() {
        tracing::warn!("{remark}");
    }
    if let Some(remark) = config.is_guessable() {
        tracing::warn!("SERENO_ADMIN_TOKEN: {remark}; set a longer one: this one is kept");
    }
}

/// Makes the operator's own tenant; answers its key.
async fn first_tenant(engine: &Engine) -> anyhow::Result<String> {
    let tenant = default_tenant();
    // Nobody needs to be kept from it.
    let limits = Limits { deliveries_per_minute: 0, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    engine.create_tenant(tenant.clone(), "Default".to_owned(), settings).await?;
    let (key, _) = engine.create_key(&tenant, "first", Role::Admin).await?;
    Ok(key)
}

impl Server {
    /// Opens the data and brings everything up; events are taken and timers armed when it returns.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        config.check()?;
        remark_upon(&config);
        let listener = TcpListener::bind(config.listen).await.with_context(|| {
            format!("cannot listen on {}; choose another with --listen", config.listen)
        })?;
        let address = listener.local_addr().context("the listener has no address")?;
        let (retry, channels) = (config.webhook_retry()?, config.channels()?);
        let n8n = config.n8n()?;
        let directory = DataDirectory::open(&config.data)?;
        let trusted_proxies = config.proxies()?;
        let mirror = config.mirror()?;
        let otlp = otlp::start()?;
        let engine = Engine::start(EngineConfig {
            directory: Some(config.data.clone()),
            cache_bytes: config.cache_mb << 20,
            salvage: config.salvage,
            search: config.search == Switch::On,
            figures: config.figures == Switch::On,
            master_key: directory.master_key(config.master_key.as_deref())?,
            channels,
            smtp: config.smtp(),
            retry,
            mirror: mirror.clone(),
            tracing: otlp.as_ref().map(|otlp| Arc::clone(&otlp.tracing)),
            now: Now::System,
        })
        .await
        .with_context(|| format!("cannot start on {}", config.data.display()))?;

        let mut credentials = directory.credentials();
        let first_start = engine.views().is_empty();
        if first_start {
            credentials.api_key = Some(first_tenant(&engine).await?);
        }
        if engine.view(&default_tenant()).is_ok() {
            let kept = engine.configure(&default_tenant(), Change::KeepEndpoint(N8N, n8n)).await;
            kept.context(N8N)?;
        }
        let given = config.given_token().map(str::to_owned);
        if given.is_some() {
            credentials.admin_token = given;
        }
        let admin_token =
            credentials.admin_token.clone().unwrap_or_else(|| vault::generate_token("admin"));
        if let (None, Some(remark)) = (config.given_token(), guessable(&admin_token)) {
            tracing::warn!("DATA/credentials: {remark}; set SERENO_ADMIN_TOKEN to a longer one");
        }
        credentials.admin_token = Some(admin_token.clone());
        if directory.credentials() != credentials {
            directory.keep(&credentials)?;
        }
        directory.keep_address(address)?;
        let public = config.public(address)?;
        let admin_mark = sessions::admin_mark(&admin_token);
        let beginning = Beginning::now(&engine, &config);
        let prober = engine.prober();
        let checks = Checks { prober, smtp: config.smtp(), mirror, data: config.data };
        let app = Arc::new(App {
            engine,
            admin_token,
            admin_mark,
            public,
            trusted_proxies,
            checks,
            bodies: Budget::default(),
            answers: Budget::default(),
            beginning,
        });
        Ok(Self { app, listener, address, credentials, first_start, otlp })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a person logs in with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether the data directory was made by this start.
    pub fn first_start(&self) -> bool {
        self.first_start
    }

    /// Serves until `stop` is ready; then takes nothing new, lets what is under way end, writes
    /// everything out and returns.
    pub async fn serve(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let router =
            api::router(Arc::clone(&self.app)).merge(console::router(Arc::clone(&self.app)));
        let app = Arc::clone(&self.app);
        let router = router.map_request(move |request| api::alias::as_meant(&app, request));
        let (stopping, mut stopped) = tokio::sync::watch::channel(false);
        let app = Arc::clone(&self.app);
        let served = connections::serve(self.listener, router, PATIENCE, async move {
            stop.await;
            tracing::info!("stopping: finishing what is under way");
            // A stream has no end of its own.
            app.engine.end_streams();
            stopping.send_replace(true);
        });
        let deadline = async {
            // An error means that the server ended by itself.
            if stopped.wait_for(|&stopping| stopping).await.is_ok() {
                // A client that keeps its connection open must not keep the server.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = served => {}
            () = deadline => {}
        }
        self.app.engine.stop(GRACE).await;
        if let Some(otlp) = self.otlp {
            otlp.stop().await;
        }
        Ok(())
    }
}

/// Ready when the process is asked to end, by Ctrl-C or SIGTERM.
///
/// The signals are caught from the call on, not only once the future is awaited.
pub fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be caught")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
