//! Taking the data of people who were erased out of a tenant's audit (docs/decisions/0018): a job, window by window.
//!
//! Not here: which members of an event are personal; that is for the database's own function, the one way to an event
//! that is there.

use std::time::Duration;

use protocol::UserId;
use protocol::clock::Timestamp;
use store::{StoreError, Tenant, TenantScope};

use super::{Actor, AuditEvent, EventType};
use crate::Authority;

/// Events that one transaction looks at.
const WINDOW: u32 = 500;
/// People whose data one piece of work takes out.
const AT_ONCE: u32 = 20;
/// By then what is recorded in batches has arrived.
const WAIT: Duration = Duration::from_mins(1);

/// Asks for it, in the transaction that erases the person. Whether it was not asked for before.
pub async fn request(
    scope: &mut TenantScope,
    user_id: UserId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    scope.insert_audit_erasure(user_id, now + WAIT, now).await
}

impl Authority {
    /// Whoever was asked for; says in the audit that it is done, and plans the rest.
    pub async fn erase_from_audit(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let mut scope = self.database().tenant(tenant).await?;
        let asked_for = scope.list_audit_erasures(AT_ONCE).await?;
        scope.commit().await?;
        for erasure in &asked_for {
            let (mut events, mut after) = (0, None);
            loop {
                let mut scope = self.database().tenant(tenant).await?;
                let window = scope
                    .erase_from_audit_events(erasure.user_id, after, WINDOW)
                    .await?;
                events += window.erased;
                after = window.next;
                if after.is_none() {
                    self.finish_erasure(&mut scope, erasure.user_id, events)
                        .await?;
                }
                scope.commit().await?;
                if after.is_none() {
                    break;
                }
            }
            self.metrics().audit_events_erased.inc_by(events);
        }
        let mut scope = self.database().tenant(tenant).await?;
        // Taken off first: who asks meanwhile waits for this, and puts it back.
        scope
            .finish_due_work(store::DueWorkKind::AuditErasures)
            .await?;
        if !scope.list_audit_erasures(1).await?.is_empty() {
            let now = self.now();
            scope
                .insert_due_work(store::DueWorkKind::AuditErasures, now, now)
                .await?;
        }
        scope.commit().await
    }

    async fn finish_erasure(
        &self,
        scope: &mut TenantScope,
        user_id: UserId,
        events: u64,
    ) -> Result<(), StoreError> {
        scope.delete_audit_erasure(user_id).await?;
        let event = AuditEvent::new(EventType::AuditEventsErased, Actor::System, self.now())
            .at("user", user_id)
            .detail("events", events);
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await
    }
}
