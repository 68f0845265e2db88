//! What happens without a request: sweeping what has expired, used DPoP proofs oftener than the rest; the steps of
//! signing keys; telling clients of ended sessions, and webhooks of what happened; ending tenants whose grace is over,
//! and removing their rows; taking erased people out of the audit; and above tenants the audit partitions, old
//! revocations and what is kept no longer.
//!
//! Due work is found across tenants in one queue (`store::PlatformScope`); each piece is then done in
//! the scope of its tenant. It is claimed with `skip locked` under a lease, so every replica may run
//! this and a worker that dies leaves its work to another.
//!
//! To add a job: CONTRIBUTING.md, "Add a kind of due work"; or a step in [`upkeep`] if it is about no tenant.

mod logout_notices;
mod tenant_work;
mod told_elsewhere;
mod upkeep;
mod webhooks;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authority::Authority;
use protocol::Timestamp;
use protocol::clock::MAX_CLOCK_SKEW;
use store::{DueWorkKind, StoreError};
use tokio::sync::watch;

use crate::clock_skew;

/// Pieces of work that one claim takes.
const CLAIMED_AT_ONCE: u32 = 32;
/// Of tenants whose signing keys are due, in one round.
const CLAIMS_OF_SIGNING_KEYS: u32 = 8;
/// A piece takes well under a second; whoever has not finished by then is gone.
const LEASE: Duration = Duration::from_mins(5);
const UPKEEP_INTERVAL: Duration = Duration::from_hours(1);

/// What an operator, or a test, may want otherwise.
#[derive(Debug, Clone, Copy)]
pub struct JobSettings {
    /// How often they look for work; `None` leaves them to another replica.
    pub interval: Option<Duration>,
    /// Off only where a test moves the clock: one that is years ahead would take what lives for ended.
    pub need_the_right_clock: bool,
    /// How long audit events are kept.
    pub audit_retention: Duration,
}

/// What is repeated side by side.
#[derive(Debug, Clone, Copy)]
enum Round {
    LogoutNotices,
    Webhooks,
    EverythingElse,
}

impl Round {
    /// As the metric has it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::LogoutNotices => "logout_notices",
            Self::Webhooks => "webhooks",
            Self::EverythingElse => "work",
        }
    }
}

/// The jobs of one process.
pub struct Jobs {
    authority: Arc<Authority>,
    settings: JobSettings,
    upkeep_due: Mutex<Timestamp>,
}

impl Jobs {
    pub fn new(authority: Arc<Authority>, settings: JobSettings) -> Self {
        Self {
            upkeep_due: Mutex::new(authority.now()),
            settings,
            authority,
        }
    }

    /// Looks for due work again and again, until stopped. Telling clients of sign-outs goes on by itself, and so does
    /// telling webhooks: they wait for hosts of others.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        tokio::join!(
            self.repeat(stop.clone(), Round::LogoutNotices),
            self.repeat(stop.clone(), Round::Webhooks),
            self.repeat(stop, Round::EverythingElse),
        );
    }

    async fn repeat(&self, mut stop: watch::Receiver<bool>, round: Round) {
        let Some(interval) = self.settings.interval else {
            return;
        };
        let interval = match round {
            Round::LogoutNotices => interval.min(logout_notices::INTERVAL),
            Round::Webhooks => interval.min(webhooks::INTERVAL),
            Round::EverythingElse => interval,
        };
        loop {
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                _ = stop.wait_for(|is_stopped| *is_stopped) => return,
            }
            let outcome = match self.unless_the_clock_is_wrong(round).await {
                Ok(true) => "done",
                Ok(false) => "wrong_clock",
                Err(error) => {
                    // It stays due; the next round claims it again.
                    tracing::warn!(%error, "a round of jobs was cut short");
                    "failed"
                }
            };
            let rounds = &self.authority.metrics().job_rounds;
            rounds.with_label_values(&[round.as_str(), outcome]).inc();
        }
    }

    /// False: nothing was done.
    async fn unless_the_clock_is_wrong(&self, round: Round) -> Result<bool, StoreError> {
        if self.settings.need_the_right_clock {
            let skew = clock_skew::read(&self.authority).await?;
            if skew > MAX_CLOCK_SKEW {
                tracing::warn!(?skew, "no jobs while the clock is not PostgreSQL's");
                return Ok(false);
            }
        }
        match round {
            Round::LogoutNotices => logout_notices::run(&self.authority).await?,
            Round::Webhooks => webhooks::run(&self.authority).await?,
            Round::EverythingElse => self.run_upkeep_and_work().await?,
        }
        Ok(true)
    }

    /// One round: everything that is due now.
    pub async fn run_round(&self) -> Result<(), StoreError> {
        self.run_upkeep_and_work().await?;
        logout_notices::run(&self.authority).await?;
        webhooks::run(&self.authority).await
    }

    /// Each part by itself: what one of them has to wait for holds up none of the others.
    async fn run_upkeep_and_work(&self) -> Result<(), StoreError> {
        let upkeep = self.run_upkeep_if_due().await;
        // Before the signing keys: a rotation may wait for what was seen.
        let sightings = self.authority.flush_sightings().await;
        let work = self.run_work().await;
        upkeep.and(sightings).and(work)
    }

    async fn run_upkeep_if_due(&self) -> Result<(), StoreError> {
        let now = self.authority.now();
        if now < self.upkeep_due() {
            return Ok(());
        }
        // Not again at once where it fails: it may have waited for a lock that others queue behind.
        *self.lock_upkeep_due() = now + UPKEEP_INTERVAL;
        upkeep::run(&self.authority, now, self.settings.audit_retention).await
    }

    async fn run_work(&self) -> Result<(), StoreError> {
        for kind in DueWorkKind::ALL {
            for _ in 0..claims_a_round(kind) {
                if !claim_and_do(&self.authority, kind).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    fn upkeep_due(&self) -> Timestamp {
        *self.lock_upkeep_due()
    }

    fn lock_upkeep_due(&self) -> std::sync::MutexGuard<'_, Timestamp> {
        self.upkeep_due
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

const fn claims_a_round(kind: DueWorkKind) -> u32 {
    match kind {
        DueWorkKind::Sweep
        | DueWorkKind::SweepDpopProofIds
        | DueWorkKind::DeleteTenant
        | DueWorkKind::DeleteTenantRows
        | DueWorkKind::AuditErasures => u32::MAX,
        // RSA keys take a while: after an upgrade that finds thousands of old ones, the sweeps go on.
        DueWorkKind::SigningKeys => CLAIMS_OF_SIGNING_KEYS,
        // They have rounds of their own.
        DueWorkKind::LogoutNotices | DueWorkKind::WebhookDeliveries => 0,
    }
}

/// Whether there may be more.
async fn claim_and_do(authority: &Authority, kind: DueWorkKind) -> Result<bool, StoreError> {
    let now = authority.now();
    let mut platform = authority.database().platform().await?;
    let works = platform
        .claim_due_work(kind, now, now + LEASE, CLAIMED_AT_ONCE)
        .await?;
    platform.commit().await?;
    for work in &works {
        if let Err(error) = tenant_work::run(authority, work).await {
            // One tenant's trouble is not the others'; the lease brings it back.
            tracing::warn!(%error, tenant_id = %work.tenant_id, kind = kind.as_str(), attempts = work.attempts, "a job failed");
        }
    }
    Ok(works.len() >= usize::try_from(CLAIMED_AT_ONCE).unwrap_or(usize::MAX))
}
