//! The platform's policies above all tenants, version by version; the newest one decides.

use protocol::Timestamp;
use time::OffsetDateTime;

use super::{
    BEFORE_ALL, KEPT_POLICY_VERSIONS, NewPolicyVersion, PolicyAuthor, PolicyVersion, before,
    written,
};
use crate::changes::{Change, ChangeKind};
use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::answer;

struct GuardRailVersionRow {
    version: i64,
    policies: String,
    note: Option<String>,
    reverts_to: Option<i64>,
    author_kind: String,
    author_id: Option<String>,
    created_at: OffsetDateTime,
}

impl From<GuardRailVersionRow> for PolicyVersion {
    fn from(row: GuardRailVersionRow) -> Self {
        Self {
            version: row.version,
            policies: Some(row.policies),
            note: row.note,
            reverts_to: row.reverts_to,
            author: PolicyAuthor {
                kind: row.author_kind,
                id: row.author_id,
            },
            created_at: row.created_at.into(),
        }
    }
}

macro_rules! select_guard_rail_versions {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            GuardRailVersionRow,
            "select version, policies, note, reverts_to, author_kind, author_id, created_at \
             from guard_rail_versions "
                + $rest
            $(, $argument)*
        )
    };
}

impl PlatformScope {
    /// The newest one: what forbids. None: nothing does.
    pub async fn find_active_guard_rails(&mut self) -> Result<Option<PolicyVersion>, StoreError> {
        let row = select_guard_rail_versions!("order by version desc limit 1");
        Ok(answer!(self, row, fetch_optional)?.map(Into::into))
    }

    pub async fn find_guard_rail_version(
        &mut self,
        version: i64,
    ) -> Result<Option<PolicyVersion>, StoreError> {
        let row = select_guard_rail_versions!("where version = $1", version);
        Ok(answer!(self, row, fetch_optional)?.map(Into::into))
    }

    /// The newest first.
    pub async fn list_guard_rail_versions(
        &mut self,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<PolicyVersion>, StoreError> {
        let rows = select_guard_rail_versions!(
            "where version < $1 order by version desc limit $2",
            before(after),
            i64::from(limit),
        );
        let rows = answer!(self, rows, fetch_all)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// It forbids from now on. [`StoreError::Conflict`] when another one was written at the same moment.
    pub async fn insert_guard_rail_version(
        &mut self,
        new: &NewPolicyVersion,
        now: Timestamp,
    ) -> Result<PolicyVersion, StoreError> {
        let newest = sqlx::query_scalar!(
            "select version from guard_rail_versions order by version desc limit 1"
        );
        let newest = answer!(self, newest, fetch_optional)?;
        let version = newest.unwrap_or(BEFORE_ALL) + 1;
        let inserted = sqlx::query!(
            "insert into guard_rail_versions (version, policies, note, reverts_to, author_kind,
                 author_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
            version,
            new.policies.as_deref().unwrap_or_default(),
            new.note,
            new.reverts_to,
            new.author.kind,
            new.author.id,
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        let forgotten = sqlx::query!(
            "delete from guard_rail_versions where version <= $1",
            version - i64::from(KEPT_POLICY_VERSIONS),
        );
        answer!(self, forgotten, execute)?;
        self.note_change(Change::of_platform(ChangeKind::Policy));
        Ok(written(version, new, now))
    }
}
