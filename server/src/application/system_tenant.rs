//! The system tenant is made when we start, or as soon as the database answers.
//!
//! Without it keys go on working; so nothing here stops a start, and what is wrong is in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authority::Authority;
use authority::system_tenant::SystemTenantSettings;
use tokio::sync::watch;

const RETRY_INTERVAL: Duration = Duration::from_secs(5);

pub(super) struct SystemTenant {
    authority: Arc<Authority>,
    /// None: nobody signs in to administer.
    settings: Option<SystemTenantSettings>,
    is_settled: AtomicBool,
}

impl SystemTenant {
    pub fn new(authority: Arc<Authority>, settings: Option<SystemTenantSettings>) -> Self {
        Self {
            authority,
            is_settled: AtomicBool::new(settings.is_none()),
            settings,
        }
    }

    pub async fn ensure(&self) {
        let Some(settings) = &self.settings else {
            return;
        };
        let made = self.authority.ensure_system_tenant(settings).await;
        let is_settled = match made {
            Ok(()) => true,
            Err(error) if error.is_outage() => {
                tracing::warn!(%error, "the system tenant waits for the database");
                false
            }
            // Trying again would change nothing: an operator has to.
            Err(error) => {
                tracing::error!(%error, "nobody can sign in to administer; admin keys work");
                true
            }
        };
        self.is_settled.store(is_settled, Ordering::Relaxed);
    }

    /// Until it stands, or we stop.
    pub async fn keep_trying(self, mut stop: watch::Receiver<bool>) {
        while !self.is_settled.load(Ordering::Relaxed) {
            tokio::select! {
                () = async { drop(stop.wait_for(|is_stopping| *is_stopping).await) } => return,
                () = tokio::time::sleep(RETRY_INTERVAL) => self.ensure().await,
            }
        }
    }
}
