//! The one value that the HTTP rooms share.
//!
//! What it is: the parts of this room put together, and the background tasks that keep them fresh.
//! What it is not: configuration reading; it is made of plain, checked values.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crypto::self_test::SelfTestError;
use crypto::{EncryptionKeys, PasswordHasher, Peppers, ProcessKey};
use outbound::Outbound;
use protocol::clock::{Clock, Timestamp};
use protocol::ids::SessionId;
use protocol::random::Random;
use store::Database;
use store::redis::SharedLimits;
use tokio::task::JoinHandle;

use crate::audit::AuditBatcher;
use crate::client_authentication::VerifiedSecrets;
use crate::client_documents::ClientDocuments;
use crate::client_keys::ClientKeySets;
use crate::decisions::{DecisionRecorder, Simulations};
use crate::directory::Directory;
use crate::freshness::{Freshness, run_heartbeat, run_listener};
use crate::key_ring::{KeyRing, SpareKeys};
use crate::limits::{LimitSettings, Limits};
use crate::metrics::Metrics;
use crate::revocation_feed::RevocationFeeds;
use crate::sightings::Sightings;
use crate::tokens::ToldRefusals;
use crate::verify::VerifiedTokens;

const FIRST_HEARTBEAT_PATIENCE: Duration = Duration::from_millis(500);

/// What an [`Authority`] is made of.
pub struct AuthoritySettings {
    pub database: Database,
    /// The one way to hosts that are not ours.
    pub outbound: Outbound,
    /// Redis, where the replicas share their limits. `None`: each keeps its own.
    pub shared_limits: Option<SharedLimits>,
    pub peppers: Peppers,
    pub encryption_keys: EncryptionKeys,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub limits: LimitSettings,
    /// Password computations at once; the number of cores.
    pub password_concurrency: usize,
    /// Sign-ins that may wait for a computation before the answer is "busy".
    pub password_queue: usize,
    /// RSA key pairs kept ready for new tenants and rotations.
    pub spare_rsa_keys: usize,
}

/// Why the authority could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("the metrics registry refused a metric")]
    Metrics(#[from] prometheus::Error),
    #[error("the cryptography of this build does not work: {0}")]
    SelfTest(#[from] SelfTestError),
}

/// Everything a request needs; one per process, behind an `Arc`.
pub struct Authority {
    database: Database,
    peppers: Peppers,
    encryption_keys: Arc<EncryptionKeys>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    freshness: Arc<Freshness>,
    directory: Directory,
    client_documents: Arc<ClientDocuments>,
    client_keys: ClientKeySets,
    key_ring: KeyRing,
    limits: Limits,
    audit: AuditBatcher,
    decision_recorder: DecisionRecorder,
    simulations: Simulations,
    metrics: Arc<Metrics>,
    password_hasher: PasswordHasher,
    verified_secrets: VerifiedSecrets,
    verified_tokens: VerifiedTokens,
    revocation_feeds: RevocationFeeds,
    told_refusals: ToldRefusals,
    sightings: Sightings,
    background: Mutex<Background>,
}

#[derive(Default)]
struct Background {
    endless: Vec<JoinHandle<()>>,
    /// They write what waits before they end.
    flushers: Vec<JoinHandle<()>>,
}

impl Authority {
    pub fn new(settings: AuthoritySettings) -> Result<Arc<Self>, AuthorityError> {
        crypto::self_test(&settings.encryption_keys)?;
        let metrics = Arc::new(Metrics::new()?);
        let freshness = Arc::new(Freshness::new(Arc::clone(&metrics)));
        let (clock, random, database) = (settings.clock, settings.random, settings.database);
        let hearing = Arc::clone(&freshness);
        database.set_change_hook(Arc::new(move |change| hearing.apply(change)));
        let encryption_keys = Arc::new(settings.encryption_keys);
        let cores = NonZeroUsize::new(settings.password_concurrency).unwrap_or(NonZeroUsize::MIN);
        let queue = settings.password_queue;
        let hasher_of = |cores| PasswordHasher::new(Arc::clone(&random), cores, queue);
        let key_ring = KeyRing::new(
            database.clone(),
            Arc::clone(&freshness),
            Arc::<EncryptionKeys>::clone(&encryption_keys),
            Arc::clone(&clock),
            Arc::new(SpareKeys::new(
                settings.spare_rsa_keys,
                Arc::clone(&metrics),
            )),
        );
        Ok(Arc::new(Self {
            directory: Directory::new(
                database.clone(),
                Arc::clone(&freshness),
                Arc::clone(&metrics),
            ),
            client_keys: ClientKeySets::new(
                settings.outbound.clone(),
                Arc::clone(&clock),
                Arc::clone(&metrics),
            ),
            client_documents: ClientDocuments::new(
                settings.outbound,
                Arc::clone(&clock),
                Arc::clone(&metrics),
            ),
            key_ring,
            limits: Limits::new(
                &settings.limits,
                settings.shared_limits,
                &clock,
                Arc::clone(&metrics),
            ),
            audit: AuditBatcher::new(Arc::clone(&random), Arc::clone(&metrics)),
            decision_recorder: DecisionRecorder::new(Arc::clone(&metrics)),
            simulations: Simulations::default(),
            password_hasher: hasher_of(cores),
            verified_secrets: VerifiedSecrets::new(
                ProcessKey::generate(random.as_ref()),
                hasher_of(NonZeroUsize::MIN),
            ),
            verified_tokens: VerifiedTokens::new(ProcessKey::generate(random.as_ref())),
            revocation_feeds: RevocationFeeds::default(),
            told_refusals: ToldRefusals::default(),
            sightings: Sightings::default(),
            peppers: settings.peppers,
            background: Mutex::new(Background::default()),
            database,
            encryption_keys,
            clock,
            random,
            freshness,
            metrics,
        }))
    }

    /// Starts the listener, its heartbeat and the audit's flusher. Returns when changes are heard;
    /// a database that is down is not waited for, since until then every answer is read from it.
    pub async fn start(self: &Arc<Self>) {
        // One name per run: heartbeats of an earlier process prove nothing to this one.
        let replica = SessionId::generate(self.random(), self.now()).to_string();
        let listener = run_listener(
            Arc::clone(&self.freshness),
            self.database.clone(),
            Arc::clone(&self.clock),
            replica.clone(),
        );
        let heartbeat = run_heartbeat(
            Arc::clone(&self.freshness),
            self.database.clone(),
            Arc::clone(&self.clock),
            replica,
        );
        let authority = Arc::clone(self);
        let flusher = async move { authority.audit.run(authority.database.clone()).await };
        let authority = Arc::clone(self);
        let traces = async move {
            let recorder = authority.decision_recorder();
            recorder.run(authority.database.clone()).await;
        };
        let authority = Arc::clone(self);
        let sightings = async move { authority.run_sightings().await };
        {
            let mut background = self.background();
            background.endless.push(tokio::spawn(sightings));
            background.endless.push(tokio::spawn(listener));
            background.endless.push(tokio::spawn(heartbeat));
            let spare = Arc::clone(self.key_ring.spare());
            background.endless.push(tokio::spawn(spare.run()));
            background.flushers.push(tokio::spawn(flusher));
            background.flushers.push(tokio::spawn(traces));
        }
        self.freshness
            .wait_until_heard(FIRST_HEARTBEAT_PATIENCE)
            .await;
    }

    /// Writes what waits and stops the background tasks.
    pub async fn shutdown(&self) {
        let (endless, flushers) = {
            let mut background = self.background();
            (
                std::mem::take(&mut background.endless),
                std::mem::take(&mut background.flushers),
            )
        };
        self.audit.stop();
        self.decision_recorder.stop();
        for flusher in flushers {
            if flusher.await.is_err() {
                tracing::error!("a flusher ended badly");
            }
        }
        for task in endless {
            task.abort();
        }
        self.freshness.lose();
    }

    fn background(&self) -> std::sync::MutexGuard<'_, Background> {
        self.background
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The guarded way to hosts that are not ours.
    pub fn outbound(&self) -> &Outbound {
        self.client_documents.outbound()
    }

    pub(crate) fn client_keys(&self) -> &ClientKeySets {
        &self.client_keys
    }

    pub(crate) fn client_documents(&self) -> &Arc<ClientDocuments> {
        &self.client_documents
    }

    pub fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    pub fn key_ring(&self) -> &KeyRing {
        &self.key_ring
    }

    pub fn peppers(&self) -> &Peppers {
        &self.peppers
    }

    pub fn encryption_keys(&self) -> &EncryptionKeys {
        &self.encryption_keys
    }

    /// The pool of sign-ins, and of passwords that operators set.
    pub fn password_hasher(&self) -> &PasswordHasher {
        &self.password_hasher
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub fn audit(&self) -> &AuditBatcher {
        &self.audit
    }

    pub(crate) fn simulations(&self) -> &Simulations {
        &self.simulations
    }

    pub(crate) fn decision_recorder(&self) -> &DecisionRecorder {
        &self.decision_recorder
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Chosen client secrets: how many computations they took is what tests look at.
    pub fn verified_secrets(&self) -> &VerifiedSecrets {
        &self.verified_secrets
    }

    pub(crate) fn sightings(&self) -> &Sightings {
        &self.sightings
    }

    pub(crate) fn verified_tokens(&self) -> &VerifiedTokens {
        &self.verified_tokens
    }

    pub(crate) fn revocation_feeds(&self) -> &RevocationFeeds {
        &self.revocation_feeds
    }

    pub(crate) fn told_refusals(&self) -> &ToldRefusals {
        &self.told_refusals
    }
}
