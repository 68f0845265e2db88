//! Removing grants of which nothing lives any more, window by window.
//!
//! Live grants are as old as removable ones, so the oldest rows say nothing: each call looks at the next few
//! and removes those that have ended, and whoever calls goes on from there. No call reads all of a tenant.

use std::time::Duration;

use protocol::{GrantId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// Between the end of everything in a grant and its removal, for whoever looks into what happened.
const GRANTS_KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// Where a window ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantCursor {
    created_at: Timestamp,
    grant_id: GrantId,
}

/// What one window came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantSweep {
    pub removed: u64,
    /// Where the next window begins; `None` when this was the last.
    pub next: Option<GrantCursor>,
}

impl TenantScope {
    /// Looks at `limit` grants and removes those whose refresh token has ended, by whatever end comes first,
    /// and those that never had one. Codes and families go with them; a live leaf never goes.
    pub async fn sweep_grants(
        &mut self,
        after: Option<GrantCursor>,
        now: Timestamp,
        limit: u32,
    ) -> Result<GrantSweep, StoreError> {
        let (created_at, grant_id) = after
            .map_or((Timestamp::from_unix_seconds(0), Uuid::nil()), |cursor| {
                (cursor.created_at, cursor.grant_id.as_uuid())
            });
        // A family's times only ever move on while it lives: what has ended for a month stays ended.
        let swept = sqlx::query!(
            r#"with looked_at as materialized (
                 select grant_id, created_at, revoked_at from grants
                 where tenant_id = $1 and created_at < $2 and (created_at, grant_id) > ($3, $4)
                 order by created_at, grant_id limit $5),
             removed as (
                 delete from grants where tenant_id = $1 and grant_id = any (array(
                     select g.grant_id from looked_at l
                     join grants g on g.tenant_id = $1 and g.grant_id = l.grant_id
                     where (l.revoked_at is null or l.revoked_at < $2)
                       and not exists (select from refresh_families f
                                       where f.tenant_id = $1 and f.grant_id = l.grant_id
                                         and least(f.idle_expires_at, f.absolute_expires_at,
                                                   f.revoked_at) >= $2)
                     for update of g skip locked))
                 returning grant_id)
             select (select count(*) from removed) as "removed!",
                    (select count(*) from looked_at) as "looked_at!",
                    last.created_at as "created_at?", last.grant_id as "grant_id?"
             from (select) as one
             left join (select l.created_at, l.grant_id from looked_at l
                        order by l.created_at desc, l.grant_id desc limit 1) as last on true"#,
            self.tenant_id(),
            OffsetDateTime::from(now - GRANTS_KEPT_FOR),
            OffsetDateTime::from(created_at),
            grant_id,
            i64::from(limit),
        );
        let swept = answer!(self, swept, fetch_one)?;
        let is_last = swept.looked_at < i64::from(limit);
        let next = swept
            .created_at
            .zip(swept.grant_id)
            .filter(|_| !is_last)
            .map(|(created_at, grant_id)| GrantCursor {
                created_at: created_at.into(),
                grant_id: GrantId::from_uuid(grant_id),
            });
        Ok(GrantSweep {
            removed: u64::try_from(swept.removed).unwrap_or(0),
            next,
        })
    }
}
