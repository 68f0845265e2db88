//! The policies of a tenant, version by version; the newest one decides. Texts are opaque here.
//!
//! `guard_rails` has the same for the platform.

mod guard_rails;

use protocol::Timestamp;
use time::OffsetDateTime;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// Older ones go when a new one is written: nobody reads back so far, and texts are large.
pub const KEPT_POLICY_VERSIONS: u32 = 200;

/// A version with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    pub version: i64,
    /// None: the policies that every tenant begins with; for guard rails none at all.
    pub policies: Option<String>,
    pub note: Option<String>,
    /// The version whose text this one repeats.
    pub reverts_to: Option<i64>,
    pub author: PolicyAuthor,
    pub created_at: Timestamp,
}

/// Who wrote it, as the audit names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyAuthor {
    pub kind: String,
    pub id: Option<String>,
}

/// A version to be.
#[derive(Clone, Debug)]
pub struct NewPolicyVersion {
    pub policies: Option<String>,
    pub note: Option<String>,
    pub reverts_to: Option<i64>,
    pub author: PolicyAuthor,
}

/// Before the first version there is none; versions count from 1.
const BEFORE_ALL: i64 = 0;

struct PolicyVersionRow {
    version: i64,
    policies: Option<String>,
    note: Option<String>,
    reverts_to: Option<i64>,
    author_kind: String,
    author_id: Option<String>,
    created_at: OffsetDateTime,
}

impl From<PolicyVersionRow> for PolicyVersion {
    fn from(row: PolicyVersionRow) -> Self {
        Self {
            version: row.version,
            policies: row.policies,
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

fn before(version: Option<i64>) -> i64 {
    version.unwrap_or(i64::MAX)
}

macro_rules! select_policy_versions {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            PolicyVersionRow,
            "select version, policies, note, reverts_to, author_kind, author_id, created_at \
             from policy_versions "
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    /// The newest one: what decides. None: the policies that every tenant begins with.
    pub async fn find_active_policy_version(
        &mut self,
    ) -> Result<Option<PolicyVersion>, StoreError> {
        let row = select_policy_versions!(
            "where tenant_id = $1 order by version desc limit 1",
            self.tenant_id(),
        );
        Ok(answer!(self, row, fetch_optional)?.map(Into::into))
    }

    /// Which one decides, without its text; 0 where none was written.
    pub async fn find_active_policy_number(&mut self) -> Result<i64, StoreError> {
        let version = sqlx::query_scalar!(
            "select version from policy_versions where tenant_id = $1 order by version desc limit 1",
            self.tenant_id(),
        );
        let version = answer!(self, version, fetch_optional)?;
        Ok(version.unwrap_or(BEFORE_ALL))
    }

    pub async fn find_policy_version(
        &mut self,
        version: i64,
    ) -> Result<Option<PolicyVersion>, StoreError> {
        let row = select_policy_versions!(
            "where tenant_id = $1 and version = $2",
            self.tenant_id(),
            version,
        );
        Ok(answer!(self, row, fetch_optional)?.map(Into::into))
    }

    /// The newest first.
    pub async fn list_policy_versions(
        &mut self,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<PolicyVersion>, StoreError> {
        let rows = select_policy_versions!(
            "where tenant_id = $1 and version < $2 order by version desc limit $3",
            self.tenant_id(),
            before(after),
            i64::from(limit),
        );
        let rows = answer!(self, rows, fetch_all)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// It decides from now on. [`StoreError::Conflict`] when another one was written at the same moment.
    pub async fn insert_policy_version(
        &mut self,
        new: &NewPolicyVersion,
        now: Timestamp,
    ) -> Result<PolicyVersion, StoreError> {
        let version = self.find_active_policy_number().await? + 1;
        let inserted = sqlx::query!(
            "insert into policy_versions (tenant_id, version, policies, note, reverts_to, author_kind,
                 author_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            self.tenant_id(),
            version,
            new.policies,
            new.note,
            new.reverts_to,
            new.author.kind,
            new.author.id,
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        let forgotten = sqlx::query!(
            "delete from policy_versions where tenant_id = $1 and version <= $2",
            self.tenant_id(),
            version - i64::from(KEPT_POLICY_VERSIONS),
        );
        answer!(self, forgotten, execute)?;
        self.note_change(ChangeKind::Policy);
        Ok(written(version, new, now))
    }
}

fn written(version: i64, new: &NewPolicyVersion, now: Timestamp) -> PolicyVersion {
    PolicyVersion {
        version,
        policies: new.policies.clone(),
        note: new.note.clone(),
        reverts_to: new.reverts_to,
        author: new.author.clone(),
        created_at: now,
    }
}
