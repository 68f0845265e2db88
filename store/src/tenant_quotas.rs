//! How many people, clients, resources and sessions a tenant may have, and how many it has.
//!
//! Triggers count, and refuse what goes beyond ([`StoreError::QuotaReached`]): no insert can forget to ask. Who
//! answers it: the admin API (`admin_api::problem`), registration, clients with a document, and sign-ins. To add one
//! more kind: a variant, its name in the table's check, its two triggers.

use protocol::{TenantId, Timestamp};
use time::OffsetDateTime;

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuotaKind {
    Users,
    /// However they came.
    Clients,
    Resources,
    /// People signed in in browsers; each browser counts.
    Sessions,
}

/// What is allowed. None: as many as they like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TenantQuotas {
    pub users: Option<u32>,
    pub clients: Option<u32>,
    pub resources: Option<u32>,
    pub sessions: Option<u32>,
}

/// What is allowed and what there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub quotas: TenantQuotas,
    pub users: u64,
    pub clients: u64,
    pub resources: u64,
    pub sessions: u64,
}

impl QuotaKind {
    pub const ALL: [Self; 4] = [Self::Users, Self::Clients, Self::Resources, Self::Sessions];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Clients => "clients",
            Self::Resources => "resources",
            Self::Sessions => "sessions",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub(crate) fn of_constraint(name: &str) -> Option<Self> {
        Self::parse(name.strip_suffix("_quota")?)
    }
}

impl TenantQuotas {
    pub const fn of(&self, kind: QuotaKind) -> Option<u32> {
        match kind {
            QuotaKind::Users => self.users,
            QuotaKind::Clients => self.clients,
            QuotaKind::Resources => self.resources,
            QuotaKind::Sessions => self.sessions,
        }
    }

    const fn set(&mut self, kind: QuotaKind, maximum: u32) {
        let quota = match kind {
            QuotaKind::Users => &mut self.users,
            QuotaKind::Clients => &mut self.clients,
            QuotaKind::Resources => &mut self.resources,
            QuotaKind::Sessions => &mut self.sessions,
        };
        *quota = Some(maximum);
    }
}

impl Usage {
    /// How many of the kind may still be made; none is any number.
    pub fn room_for(&self, kind: QuotaKind) -> Option<u64> {
        let used = match kind {
            QuotaKind::Users => self.users,
            QuotaKind::Clients => self.clients,
            QuotaKind::Resources => self.resources,
            QuotaKind::Sessions => self.sessions,
        };
        let maximum = self.quotas.of(kind)?;
        Some(u64::from(maximum).saturating_sub(used))
    }

    fn add(&mut self, kind: &str, used: i64) {
        let used = u64::try_from(used).unwrap_or(0);
        match QuotaKind::parse(kind) {
            Some(QuotaKind::Users) => self.users = used,
            Some(QuotaKind::Clients) => self.clients = used,
            Some(QuotaKind::Resources) => self.resources = used,
            Some(QuotaKind::Sessions) => self.sessions = used,
            // A scheme of password hashes.
            None => {}
        }
    }
}

impl TenantScope {
    pub async fn find_usage(&mut self) -> Result<Usage, StoreError> {
        let quotas = sqlx::query!(
            "select kind, maximum from tenant_quotas where tenant_id = $1 order by kind",
            self.tenant_id(),
        );
        let quotas = answer!(self, quotas, fetch_all)?;
        let counts = sqlx::query!(
            r#"select kind, sum(used)::bigint as "used!" from tenant_usage
               where tenant_id = $1 group by kind order by kind"#,
            self.tenant_id(),
        );
        let counts = answer!(self, counts, fetch_all)?;
        let mut usage = Usage::default();
        for row in quotas {
            if let Some(kind) = QuotaKind::parse(&row.kind) {
                let maximum = u32::try_from(row.maximum).map_err(StoreError::corrupt)?;
                usage.quotas.set(kind, maximum);
            }
        }
        for row in counts {
            usage.add(&row.kind, row.used);
        }
        Ok(usage)
    }

    /// Sessions that are over and were not swept yet. How many.
    pub async fn delete_expired_browser_sessions(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.sweep_browser_sessions(now, limit).await
    }
}

impl PlatformScope {
    /// In place of those that were. What there is already stays, even where it is more.
    pub async fn set_tenant_quotas(
        &mut self,
        tenant_id: TenantId,
        quotas: &TenantQuotas,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let set: Vec<(QuotaKind, u32)> = QuotaKind::ALL
            .into_iter()
            .filter_map(|kind| Some((kind, quotas.of(kind)?)))
            .collect();
        let kinds: Vec<String> = set
            .iter()
            .map(|(kind, _)| kind.as_str().to_owned())
            .collect();
        let maxima: Vec<i32> = set
            .iter()
            .map(|(_, maximum)| i32::try_from(*maximum).unwrap_or(i32::MAX))
            .collect();
        let removed = sqlx::query!(
            "delete from tenant_quotas where tenant_id = $1",
            tenant_id.as_uuid(),
        );
        answer!(self, removed, execute)?;
        let written = sqlx::query!(
            "insert into tenant_quotas (tenant_id, kind, maximum, updated_at)
             select $1, kind, maximum, $4 from unnest($2::text[], $3::integer[]) as them (kind, maximum)",
            tenant_id.as_uuid(),
            &kinds,
            &maxima,
            OffsetDateTime::from(now),
        );
        answer!(self, written, execute)?;
        Ok(())
    }

    pub async fn find_tenant_quotas(
        &mut self,
        tenant_id: TenantId,
    ) -> Result<TenantQuotas, StoreError> {
        let rows = sqlx::query!(
            "select kind, maximum from tenant_quotas where tenant_id = $1 order by kind",
            tenant_id.as_uuid(),
        );
        let mut quotas = TenantQuotas::default();
        for row in answer!(self, rows, fetch_all)? {
            if let Some(kind) = QuotaKind::parse(&row.kind) {
                let maximum = u32::try_from(row.maximum).map_err(StoreError::corrupt)?;
                quotas.set(kind, maximum);
            }
        }
        Ok(quotas)
    }
}
