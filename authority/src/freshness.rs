//! Whether what this replica remembers may be believed, and what makes it forget.
//!
//! Each replica listens on a connection of its own. It listens first, then forgets everything and
//! loads the revocations anew; after that, changes arrive in commit order. Heartbeats sent to
//! itself prove that they do (`heartbeat`). While they do not, [`Freshness::is_live`] is false and
//! every remembered answer is read from PostgreSQL instead.
//!
//! To add one more topic: a variant of [`Topic`], its line in `apply`.

mod heartbeat;
mod listener;
mod stamps;

use std::sync::Arc;
use std::time::Duration;

use protocol::ids::TenantId;
use store::{Change, ChangeKind};
use tokio::sync::Notify;
use tokio::time::timeout;

pub use stamps::{Stamp, Stamps, Topic};

use crate::metrics::Metrics;
use crate::revocations::Revocations;
use heartbeat::Heartbeat;

pub(crate) use listener::{run_heartbeat, run_listener};

/// Shared by every cache and by the listener.
pub struct Freshness {
    heartbeat: Heartbeat,
    stamps: Stamps,
    revocations: Revocations,
    metrics: Arc<Metrics>,
    /// A connection was made: prove that it carries.
    beat_now: Notify,
    /// A heartbeat of ours came back.
    heard: Notify,
}

impl Freshness {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            heartbeat: Heartbeat::default(),
            stamps: Stamps::default(),
            revocations: Revocations::default(),
            metrics,
            beat_now: Notify::new(),
            heard: Notify::new(),
        }
    }

    /// Whether everything that committed until 750 ms ago has been heard here.
    pub fn is_live(&self) -> bool {
        self.heartbeat.is_live()
    }

    /// Waits until the first heartbeat was heard, for so long at most.
    pub(crate) async fn wait_until_heard(&self, at_most: Duration) {
        // Too late is no error: answers are read from PostgreSQL until then.
        let _ = timeout(at_most, self.heard.notified()).await;
    }

    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    pub(crate) fn stamp(&self, tenant_id: TenantId, topic: Topic) -> Stamp {
        self.stamps.of(tenant_id, topic)
    }

    pub(crate) fn stamp_of_all_tenants(&self) -> Stamp {
        self.stamps.of_all_tenants()
    }

    pub(crate) fn stamp_of_guard_rails(&self) -> Stamp {
        self.stamps.of_guard_rails()
    }

    /// A change that committed here or was heard from elsewhere. Hearing it twice does no harm.
    pub(crate) fn apply(&self, change: &Change) {
        let Some(tenant_id) = change.tenant_id else {
            // Nothing else that stands above tenants is remembered by this room.
            if change.kind == ChangeKind::Policy {
                self.stamps.change_guard_rails();
            }
            return;
        };
        match change.kind {
            ChangeKind::Tenant => self.stamps.change(tenant_id, Topic::Tenant),
            ChangeKind::Client(_) => self.stamps.change(tenant_id, Topic::Client),
            ChangeKind::Resource => self.stamps.change(tenant_id, Topic::Resource),
            ChangeKind::User(_) => self.stamps.change(tenant_id, Topic::User),
            ChangeKind::SigningKey => self.stamps.change(tenant_id, Topic::SigningKey),
            ChangeKind::Policy => self.stamps.change(tenant_id, Topic::Policy),
            ChangeKind::AdminKey => {}
            ChangeKind::GrantRevoked { grant_id, until } => {
                self.revocations.revoke_grant(tenant_id, grant_id, until);
                self.stamps.change(tenant_id, Topic::Revocation);
            }
            ChangeKind::AccessTokenRevoked { jti, until } => {
                self.revocations.revoke_access_token(tenant_id, jti, until);
                self.stamps.change(tenant_id, Topic::Revocation);
            }
        }
    }

    /// Something may have been missed: nothing remembered so far is believed any more.
    pub(crate) fn forget_all(&self) {
        self.stamps.change_all();
    }

    /// The connection is gone: not live until a heartbeat that is sent from now on is heard.
    pub(crate) fn lose(&self) {
        self.heartbeat.forget();
        self.metrics.is_fresh.set(0);
    }
}
