//! The two tasks behind freshness: one listens, one sends heartbeats.

use std::sync::Arc;
use std::time::Duration;

use protocol::clock::Clock;
use store::{ChangeListener, Database, Heard, RevokedThing, StoreError};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::Freshness;
use super::heartbeat::HEARTBEAT_INTERVAL;

const RECONNECT_DELAY: Duration = Duration::from_millis(200);
/// A connection that has been silent for this long is given up: our own heartbeats should be on it.
const SILENCE_LIMIT: Duration = Duration::from_secs(3);

/// Listens for as long as the process lives, through every loss of the connection.
pub(crate) async fn run_listener(
    freshness: Arc<Freshness>,
    database: Database,
    clock: Arc<dyn Clock>,
    replica: String,
) {
    loop {
        match listen(&freshness, &database, clock.as_ref(), &replica).await {
            Ok(()) => tracing::warn!("the connection that hears changes was lost"),
            Err(error) => tracing::warn!(%error, "changes cannot be heard"),
        }
        freshness.lose();
        sleep(RECONNECT_DELAY).await;
    }
}

/// One connection, from subscription to loss.
async fn listen(
    freshness: &Freshness,
    database: &Database,
    clock: &dyn Clock,
    replica: &str,
) -> Result<(), StoreError> {
    let mut listener = database.subscribe().await?;
    // Listening began above, so what commits from here on is heard; what committed before is in
    // the snapshot. Notifications wait in the connection until the snapshot is in.
    freshness.forget_all();
    load_revocations(freshness, database, clock).await?;
    freshness.beat_now.notify_one();
    hear(freshness, &mut listener, replica).await;
    Ok(())
}

async fn hear(freshness: &Freshness, listener: &mut ChangeListener, replica: &str) {
    loop {
        let Ok(heard) = timeout(SILENCE_LIMIT, listener.recv()).await else {
            return;
        };
        match heard {
            Heard::Change(change) => freshness.apply(&change),
            Heard::Heartbeat {
                replica: sender,
                number,
            } => {
                if sender == replica {
                    freshness.heartbeat.hear(number);
                    freshness.heard.notify_one();
                }
            }
            // Written by a newer version: it may have been a revocation, so start over.
            Heard::Unknown | Heard::Lost => return,
        }
    }
}

const REVOCATIONS_PER_PAGE: u32 = 5_000;

async fn load_revocations(
    freshness: &Freshness,
    database: &Database,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    let now = clock.now();
    freshness.revocations.sweep(now);
    let mut scope = database.platform().await?;
    let mut after = None;
    loop {
        let page = scope
            .list_revocations(now, after, REVOCATIONS_PER_PAGE)
            .await?;
        for revocation in &page {
            let (tenant_id, until) = (revocation.tenant_id, revocation.until);
            match revocation.revoked {
                RevokedThing::Grant(grant_id) => {
                    freshness
                        .revocations
                        .revoke_grant(tenant_id, grant_id, until);
                }
                RevokedThing::AccessToken(jti) => {
                    freshness
                        .revocations
                        .revoke_access_token(tenant_id, jti, until);
                }
            }
        }
        match page.last() {
            Some(last) if page.len() == REVOCATIONS_PER_PAGE as usize => {
                after = Some(last.cursor());
            }
            _ => return scope.commit().await,
        }
    }
}

/// Sends heartbeats for as long as the process lives, and sweeps what nobody can present any more.
pub(crate) async fn run_heartbeat(
    freshness: Arc<Freshness>,
    database: Database,
    clock: Arc<dyn Clock>,
    replica: String,
) {
    const BEATS_BETWEEN_SWEEPS: u64 = 240;
    let mut ticks = interval(HEARTBEAT_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Out of turn when a connection was just made: no answer is fresh until one is heard on it.
        tokio::select! {
            _ = ticks.tick() => {}
            () = freshness.beat_now.notified() => {}
        }
        let number = freshness.heartbeat.send();
        if let Err(error) = database.send_heartbeat(&replica, number).await {
            tracing::debug!(%error, "a heartbeat was not sent");
        }
        freshness
            .metrics
            .is_fresh
            .set(i64::from(freshness.is_live()));
        if number.is_multiple_of(BEATS_BETWEEN_SWEEPS) {
            freshness.revocations.sweep(clock.now());
        }
    }
}
