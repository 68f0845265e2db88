//! The whole application on one screen: build → run → stop. `writ serve` and the tests start it the
//! same way; only where the settings come from differs.
//!
//! What it is not: reading configuration (`config`), or what happens to one request (`dispatch`).
//!
//! To add a port or a background task: here, and in [`Application::run`]'s order of stopping.

mod from_config;
mod system_tenant;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpRequest, HttpServer, web};
use admin_api::AdminApiSettings;
use authority::system_tenant::SystemTenantSettings;
use authority::{Authority, AuthorityError, AuthoritySettings};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use store::StoreError;
use tokio::sync::watch;

use system_tenant::SystemTenant;

pub use from_config::{SettingsError, authority_settings, database_settings};

use crate::http::client_address::TrustedProxies;
use crate::http::request_id::RequestIds;
use crate::isolation::{IsolationGate, OutOfOrder};
use crate::jobs::{JobSettings, Jobs};
use crate::metrics::HttpMetrics;
use crate::state::AppState;
use crate::{discovery, dispatch, health, metrics};

/// Row R2: a request's head must be here by then.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than the 60 s that proxies keep an idle connection, so that it is they who close it.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Plain values and open sockets.
pub struct ApplicationSettings {
    /// Already bound, so that whoever starts us knows the ports.
    pub public_listener: TcpListener,
    pub admin_listener: TcpListener,
    /// Without a trailing slash.
    pub public_url: String,
    /// Without a trailing slash; none: nobody signs in to administer.
    pub admin_url: Option<String>,
    /// Database, keys, limits, clock and random.
    pub authority: AuthoritySettings,
    /// For the public port; the admin port is for the inside.
    pub tls: Option<TlsSettings>,
    pub trusted_proxies: Vec<IpNet>,
    pub bootstrap_admin_key: Option<SecretString>,
    /// The keys are the ones that everybody knows; issuers on other machines are refused then.
    pub has_development_keys: bool,
    /// Threads that serve the public port.
    pub workers: usize,
    /// How long requests under way may take after `stop`.
    pub shutdown_timeout: Duration,
    pub jobs: JobSettings,
}

/// PEM texts.
pub struct TlsSettings {
    /// The chain, leaf first.
    pub certificate_pem: String,
    pub key_pem: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("the authority cannot start: {0}")]
    Authority(#[from] AuthorityError),
    #[error("the certificate or its key cannot be used: {0}")]
    Tls(String),
    #[error(transparent)]
    OutOfOrder(OutOfOrder),
    #[error("a counter is registered twice: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error("a socket cannot be used: {0}")]
    Socket(#[from] std::io::Error),
}

/// Built, listening, not yet serving.
pub struct Application {
    state: Arc<AppState>,
    public: Server,
    admin: Server,
    public_address: SocketAddr,
    admin_address: SocketAddr,
    jobs: Arc<Jobs>,
    system_tenant: SystemTenant,
    stop: watch::Sender<bool>,
}

impl Application {
    /// A database that is down makes us unready, not dead; one that would mix tenants makes us stop.
    pub async fn build(settings: ApplicationSettings) -> Result<Self, BuildError> {
        let public_address = settings.public_listener.local_addr()?;
        let admin_address = settings.admin_listener.local_addr()?;
        let authority = Authority::new(settings.authority)?;
        let state = Arc::new(AppState {
            request_ids: RequestIds::new(authority.random()),
            http_metrics: HttpMetrics::register(authority.metrics().registry())?,
            isolation: IsolationGate::default(),
            metadata: discovery::ReadyMetadata::default(),
            trusted_proxies: TrustedProxies::new(settings.trusted_proxies),
            public_url: settings.public_url.clone(),
            authority: Arc::clone(&authority),
        });
        let api = admin_api::Api::new(AdminApiSettings {
            authority: Arc::clone(&authority),
            public_url: settings.public_url.clone(),
            admin_url: settings.admin_url.clone(),
            bootstrap_key: settings.bootstrap_admin_key,
            has_development_keys: settings.has_development_keys,
        });
        match state.isolation.check(&authority).await {
            Err(OutOfOrder::Store(error)) if error.is_unavailable() => {
                tracing::warn!(%error, "started without its database; nothing is served before it answers");
            }
            checked => checked.map_err(BuildError::OutOfOrder)?,
        }
        let public = public_server(
            Arc::clone(&state),
            settings.public_listener,
            settings.tls.as_ref(),
            settings.workers,
            settings.shutdown_timeout,
        )?;
        let admin = admin_server(
            Arc::clone(&state),
            api,
            settings.admin_listener,
            settings.shutdown_timeout,
        )?;
        authority.start().await;
        let system_tenant = settings.admin_url.map(|admin_url| SystemTenantSettings {
            public_url: settings.public_url,
            admin_url,
        });
        let system_tenant = SystemTenant::new(Arc::clone(&authority), system_tenant);
        system_tenant.ensure().await;
        Ok(Self {
            system_tenant,
            state,
            public,
            admin,
            public_address,
            admin_address,
            jobs: Arc::new(Jobs::new(authority, settings.jobs)),
            stop: watch::Sender::new(false),
        })
    }

    pub fn public_address(&self) -> SocketAddr {
        self.public_address
    }

    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    pub fn authority(&self) -> &Arc<Authority> {
        &self.state.authority
    }

    /// To stop it from elsewhere.
    pub fn handle(&self) -> ApplicationHandle {
        ApplicationHandle {
            public: self.public.handle(),
            admin: self.admin.handle(),
            jobs: Arc::clone(&self.jobs),
            stop: self.stop.clone(),
        }
    }

    /// Serves until stopped: first the public port, then the admin port, then what waits in memory.
    pub async fn run(self) -> Result<(), std::io::Error> {
        let (jobs, stop) = (Arc::clone(&self.jobs), self.stop.subscribe());
        let jobs = tokio::spawn(async move { Box::pin(jobs.run(stop)).await });
        let system_tenant = tokio::spawn(self.system_tenant.keep_trying(self.stop.subscribe()));
        let admin = tokio::spawn(self.admin);
        let public_result = self.public.await;
        let _ = self.stop.send(true);
        let admin_result = admin.await.unwrap_or(Ok(()));
        // A job that was cut short is claimed again later.
        let _ = jobs.await;
        let _ = system_tenant.await;
        self.state.authority.shutdown().await;
        public_result.and(admin_result)
    }
}

/// Cheap to clone; outlives the application.
#[derive(Clone)]
pub struct ApplicationHandle {
    public: ServerHandle,
    admin: ServerHandle,
    jobs: Arc<Jobs>,
    stop: watch::Sender<bool>,
}

impl ApplicationHandle {
    /// Does what is due now, as the jobs do by themselves from time to time.
    pub async fn run_due_jobs(&self) -> Result<(), StoreError> {
        self.jobs.run_round().await
    }

    /// Lets requests under way finish.
    pub async fn stop(&self) {
        self.end(true).await;
    }

    /// Closes every connection at once.
    pub async fn abort(&self) {
        self.end(false).await;
    }

    async fn end(&self, is_graceful: bool) {
        let _ = self.stop.send(true);
        self.public.stop(is_graceful).await;
        // Last, so that probes and metrics see the end.
        self.admin.stop(is_graceful).await;
    }
}

fn public_server(
    state: Arc<AppState>,
    listener: TcpListener,
    tls: Option<&TlsSettings>,
    workers: usize,
    shutdown_timeout: Duration,
) -> Result<Server, BuildError> {
    let server = HttpServer::new(move || {
        let state = Arc::clone(&state);
        // One service for every path: `routes` is the table, and nothing routes before it.
        App::new().default_service(web::to(
            move |request: HttpRequest, payload: web::Payload| {
                dispatch::dispatch(Arc::clone(&state), request, payload)
            },
        ))
    })
    .workers(workers.max(1))
    .client_request_timeout(HEAD_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(shutdown_timeout.as_secs())
    .disable_signals();
    let server = match tls {
        None => server.listen(listener)?,
        Some(tls) => server
            .tls_handshake_timeout(TLS_HANDSHAKE_TIMEOUT)
            .listen_rustls_0_23(listener, rustls_config(tls)?)?,
    };
    Ok(server.run())
}

fn admin_server(
    state: Arc<AppState>,
    api: admin_api::Api,
    listener: TcpListener,
    shutdown_timeout: Duration,
) -> Result<Server, BuildError> {
    let server = HttpServer::new(move || {
        App::new()
            .wrap(actix_web::middleware::from_fn(dispatch::wrap_admin))
            .app_data(web::Data::from(Arc::clone(&state)))
            .app_data(web::Data::new(api.clone()))
            .configure(health::configure)
            .configure(metrics::configure)
            .configure(admin_api::configure)
    })
    // Operators and probes: one thread is plenty, and it is not taken from the public port.
    .workers(1)
    .client_request_timeout(HEAD_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(shutdown_timeout.as_secs())
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

fn rustls_config(tls: &TlsSettings) -> Result<rustls::ServerConfig, BuildError> {
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};

    let chain: Vec<_> = CertificateDer::pem_slice_iter(tls.certificate_pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| BuildError::Tls(error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(tls.key_pem.expose_secret().as_bytes())
        .map_err(|error| BuildError::Tls(error.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| BuildError::Tls(error.to_string()))
}
