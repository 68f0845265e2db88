//! Claims to hosts that an issuer may be at: pending until the host has shown that it is the claimant's, one verified a
//! host. They stand above tenants, since each comes before its tenant.
//!
//! Whatever decides about a host (a claim, a proof, a release, a tenant that is made there) comes after
//! `wait_for_issuer_host`, in turn.

use protocol::issuer_host::IssuerHost;
use protocol::{IssuerHostId, Slug, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::answer;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerHostClaim {
    pub issuer_host_id: IssuerHostId,
    pub host: IssuerHost,
    /// Of the tenant that it is for, which need not be there.
    pub slug: Slug,
    /// What the host is to show.
    pub challenge: String,
    pub created_at: Timestamp,
    /// When it ends, unless it was verified by then.
    pub expires_at: Timestamp,
    pub verified_at: Option<Timestamp>,
}

impl IssuerHostClaim {
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.verified_at.is_none() && self.expires_at <= now
    }
}

/// What tenants there are, or were, at a host and of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuerHostUse {
    pub is_host_used: bool,
    pub is_slug_used: bool,
}

struct IssuerHostRow {
    issuer_host_id: Uuid,
    host: String,
    slug: String,
    challenge: String,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    verified_at: Option<OffsetDateTime>,
}

impl TryFrom<IssuerHostRow> for IssuerHostClaim {
    type Error = StoreError;

    fn try_from(row: IssuerHostRow) -> Result<Self, StoreError> {
        Ok(Self {
            issuer_host_id: IssuerHostId::from_uuid(row.issuer_host_id),
            host: IssuerHost::parse(&row.host)
                .map_err(|_| StoreError::corrupt("issuer_hosts.host"))?,
            slug: Slug::parse(&row.slug).map_err(|_| StoreError::corrupt("issuer_hosts.slug"))?,
            challenge: row.challenge,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
            verified_at: row.verified_at.map(Into::into),
        })
    }
}

fn claims(rows: Vec<IssuerHostRow>) -> Result<Vec<IssuerHostClaim>, StoreError> {
    rows.into_iter().map(IssuerHostClaim::try_from).collect()
}

macro_rules! select_issuer_hosts {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            IssuerHostRow,
            "select issuer_host_id, host, slug, challenge, created_at, expires_at, verified_at from issuer_hosts "
                + $rest
            $(, $argument)*
        )
    };
}

impl PlatformScope {
    /// Until the end of this transaction nobody else decides about the host.
    pub async fn wait_for_issuer_host(&mut self, host: &str) -> Result<(), StoreError> {
        let lock = sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended($1, 0))",
            host
        );
        answer!(self, lock, fetch_one)?;
        Ok(())
    }

    /// In place of one for the same tenant that is over. [`StoreError::Conflict`] (`issuer_hosts_are_claimed_once`)
    /// when there is one that is not.
    pub async fn insert_issuer_host(
        &mut self,
        new: &IssuerHostClaim,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ended = sqlx::query!(
            "delete from issuer_hosts
             where host = $1 and slug = $2 and verified_at is null and expires_at <= $3",
            new.host.as_str(),
            new.slug.as_str(),
            OffsetDateTime::from(now),
        );
        answer!(self, ended, execute)?;
        let inserted = sqlx::query!(
            "insert into issuer_hosts (issuer_host_id, host, slug, challenge, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6)",
            new.issuer_host_id.as_uuid(),
            new.host.as_str(),
            new.slug.as_str(),
            new.challenge,
            OffsetDateTime::from(new.created_at),
            OffsetDateTime::from(new.expires_at),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    pub async fn find_issuer_host(
        &mut self,
        issuer_host_id: IssuerHostId,
    ) -> Result<Option<IssuerHostClaim>, StoreError> {
        let row = select_issuer_hosts!("where issuer_host_id = $1", issuer_host_id.as_uuid());
        answer!(self, row, fetch_optional)?
            .map(IssuerHostClaim::try_from)
            .transpose()
    }

    /// What this tenant has of the host, in any state.
    pub async fn find_issuer_host_of(
        &mut self,
        host: &IssuerHost,
        slug: &Slug,
    ) -> Result<Option<IssuerHostClaim>, StoreError> {
        let row = select_issuer_hosts!(
            "where host = $1 and slug = $2",
            host.as_str(),
            slug.as_str()
        );
        answer!(self, row, fetch_optional)?
            .map(IssuerHostClaim::try_from)
            .transpose()
    }

    /// Whose host it is.
    pub async fn find_verified_issuer_host(
        &mut self,
        host: &IssuerHost,
    ) -> Result<Option<IssuerHostClaim>, StoreError> {
        let row =
            select_issuer_hosts!("where host = $1 and verified_at is not null", host.as_str());
        answer!(self, row, fetch_optional)?
            .map(IssuerHostClaim::try_from)
            .transpose()
    }

    /// Of tenants in any state: neither a slug nor an issuer is given out again.
    pub async fn find_issuer_host_use(
        &mut self,
        host: &IssuerHost,
        slug: &Slug,
    ) -> Result<IssuerHostUse, StoreError> {
        let found = sqlx::query_as!(
            IssuerHostUse,
            r#"select exists (select from tenants where issuer_host = $1) as "is_host_used!",
                      exists (select from tenants where slug = $2) as "is_slug_used!""#,
            host.as_str(),
            slug.as_str(),
        );
        answer!(self, found, fetch_one)
    }

    /// In the order in which they were claimed.
    pub async fn list_issuer_hosts(
        &mut self,
        after: Option<IssuerHostId>,
        limit: u32,
    ) -> Result<Vec<IssuerHostClaim>, StoreError> {
        let rows = select_issuer_hosts!(
            "where issuer_host_id > $1 order by issuer_host_id limit $2",
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        claims(answer!(self, rows, fetch_all)?)
    }

    /// Who claims this one.
    pub async fn list_claims_of_issuer_host(
        &mut self,
        host: &str,
        after: Option<IssuerHostId>,
        limit: u32,
    ) -> Result<Vec<IssuerHostClaim>, StoreError> {
        let rows = select_issuer_hosts!(
            "where host = $1 and issuer_host_id > $2 order by issuer_host_id limit $3",
            host,
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        claims(answer!(self, rows, fetch_all)?)
    }

    /// Whether it was pending. [`StoreError::Conflict`] (`issuer_hosts_one_is_verified`) when the host is another's.
    pub async fn verify_issuer_host(
        &mut self,
        issuer_host_id: IssuerHostId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let verified = sqlx::query!(
            "update issuer_hosts set verified_at = $2
             where issuer_host_id = $1 and verified_at is null and expires_at > $2",
            issuer_host_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, verified, execute)?.rows_affected() > 0)
    }

    /// Whether it was there.
    pub async fn delete_issuer_host(
        &mut self,
        issuer_host_id: IssuerHostId,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from issuer_hosts where issuer_host_id = $1",
            issuer_host_id.as_uuid()
        );
        Ok(answer!(self, deleted, execute)?.rows_affected() > 0)
    }

    /// Removes up to `limit` that ended unverified before this.
    pub async fn sweep_issuer_hosts(
        &mut self,
        ended_before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from issuer_hosts where ctid = any (array(
                 select ctid from issuer_hosts
                 where verified_at is null and expires_at < $1 order by expires_at limit $2
                 for update skip locked))",
            OffsetDateTime::from(ended_before),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}
