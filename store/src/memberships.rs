//! Who administers what: people of the system tenant, each in a tenant or on the platform. They are read at every
//! call, so whoever loses one has lost it everywhere with the commit. They end with the person (the foreign key) and
//! with the tenant (`delete_tenant`).

use protocol::{AdminRole, MembershipId, TenantId, Timestamp, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::{TenantScope, answer};
use crate::tenants::Tenant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub membership_id: MembershipId,
    /// `None`: the platform, and with it every tenant.
    pub tenant_id: Option<TenantId>,
    /// Of the system tenant.
    pub user_id: UserId,
    pub role: AdminRole,
    pub created_at: Timestamp,
}

/// One to be made; where, is the scope's or said beside it.
#[derive(Clone, Debug)]
pub struct NewMembership {
    pub membership_id: MembershipId,
    /// Whose user it is.
    pub system_tenant: Tenant,
    pub user_id: UserId,
    pub role: AdminRole,
}

impl NewMembership {
    /// As it will be listed.
    pub fn as_of(&self, tenant_id: Option<TenantId>, now: Timestamp) -> Membership {
        Membership {
            membership_id: self.membership_id,
            tenant_id,
            user_id: self.user_id,
            role: self.role,
            created_at: now,
        }
    }
}

struct MembershipRow {
    membership_id: Uuid,
    tenant_id: Option<Uuid>,
    user_id: Uuid,
    role: String,
    created_at: OffsetDateTime,
}

impl TryFrom<MembershipRow> for Membership {
    type Error = StoreError;

    fn try_from(row: MembershipRow) -> Result<Self, StoreError> {
        Ok(Self {
            membership_id: MembershipId::from_uuid(row.membership_id),
            tenant_id: row.tenant_id.map(TenantId::from_uuid),
            user_id: UserId::from_uuid(row.user_id),
            role: AdminRole::parse(&row.role)
                .ok_or_else(|| StoreError::corrupt("memberships.role"))?,
            created_at: row.created_at.into(),
        })
    }
}

fn memberships(rows: Vec<MembershipRow>) -> Result<Vec<Membership>, StoreError> {
    rows.into_iter().map(Membership::try_from).collect()
}

macro_rules! select_memberships {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            MembershipRow,
            "select membership_id, tenant_id, user_id, role, created_at from memberships " + $rest
            $(, $argument)*
        )
    };
}

impl PlatformScope {
    /// [`StoreError::Conflict`] when the person has one there already (`memberships_are_unique`), or is nobody of
    /// the system tenant (`memberships_have_a_user`).
    pub async fn insert_membership(
        &mut self,
        new: &NewMembership,
        tenant: Option<&Tenant>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into memberships (membership_id, tenant_id, user_tenant_id, user_id, role, created_at)
             values ($1, $2, $3, $4, $5, $6)",
            new.membership_id.as_uuid(),
            tenant.map(|tenant| tenant.id().as_uuid()),
            new.system_tenant.id().as_uuid(),
            new.user_id.as_uuid(),
            new.role.as_str(),
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    pub async fn find_membership(
        &mut self,
        membership_id: MembershipId,
    ) -> Result<Option<Membership>, StoreError> {
        let row = select_memberships!("where membership_id = $1", membership_id.as_uuid());
        answer!(self, row, fetch_optional)?
            .map(Membership::try_from)
            .transpose()
    }

    /// Every one, in the order in which they were made.
    pub async fn list_memberships(
        &mut self,
        after: Option<MembershipId>,
        limit: u32,
    ) -> Result<Vec<Membership>, StoreError> {
        let rows = select_memberships!(
            "where membership_id > $1 order by membership_id limit $2",
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        memberships(answer!(self, rows, fetch_all)?)
    }

    /// What one person of the system tenant administers, in the order in which they were given it.
    pub async fn list_memberships_of_user(
        &mut self,
        system_tenant: &Tenant,
        user_id: UserId,
        after: Option<MembershipId>,
        limit: u32,
    ) -> Result<Vec<Membership>, StoreError> {
        let rows = select_memberships!(
            "where user_tenant_id = $1 and user_id = $2 and membership_id > $3
             order by membership_id limit $4",
            system_tenant.id().as_uuid(),
            user_id.as_uuid(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        memberships(answer!(self, rows, fetch_all)?)
    }

    /// What one person of the system tenant has on the platform, and in this tenant: at most one of each.
    pub async fn list_memberships_that_count(
        &mut self,
        system_tenant: &Tenant,
        user_id: UserId,
        tenant: Option<&Tenant>,
    ) -> Result<Vec<Membership>, StoreError> {
        let rows = select_memberships!(
            "where user_tenant_id = $1 and user_id = $2 and (tenant_id is null or tenant_id = $3)",
            system_tenant.id().as_uuid(),
            user_id.as_uuid(),
            tenant.map(|tenant| tenant.id().as_uuid()),
        );
        memberships(answer!(self, rows, fetch_all)?)
    }

    /// Whether it was there.
    pub async fn delete_membership(
        &mut self,
        membership_id: MembershipId,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from memberships where membership_id = $1",
            membership_id.as_uuid()
        );
        Ok(answer!(self, deleted, execute)?.rows_affected() > 0)
    }

    pub(crate) async fn delete_memberships_of_tenant(
        &mut self,
        tenant_id: TenantId,
    ) -> Result<(), StoreError> {
        let deleted = sqlx::query!(
            "delete from memberships where tenant_id = $1",
            tenant_id.as_uuid()
        );
        answer!(self, deleted, execute)?;
        Ok(())
    }
}

impl TenantScope {
    /// In this tenant; otherwise as on the platform.
    pub async fn insert_membership(
        &mut self,
        new: &NewMembership,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into memberships (tenant_id, membership_id, user_tenant_id, user_id, role, created_at)
             values ($1, $2, $3, $4, $5, $6)",
            self.tenant_id(),
            new.membership_id.as_uuid(),
            new.system_tenant.id().as_uuid(),
            new.user_id.as_uuid(),
            new.role.as_str(),
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    pub async fn find_membership(
        &mut self,
        membership_id: MembershipId,
    ) -> Result<Option<Membership>, StoreError> {
        let row = select_memberships!(
            "where tenant_id = $1 and membership_id = $2",
            self.tenant_id(),
            membership_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(Membership::try_from)
            .transpose()
    }

    /// Who administers this tenant and perhaps not others, in the order in which they came.
    pub async fn list_memberships(
        &mut self,
        after: Option<MembershipId>,
        limit: u32,
    ) -> Result<Vec<Membership>, StoreError> {
        let rows = select_memberships!(
            "where tenant_id = $1 and membership_id > $2 order by membership_id limit $3",
            self.tenant_id(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        memberships(answer!(self, rows, fetch_all)?)
    }

    /// Whether it was there.
    pub async fn delete_membership(
        &mut self,
        membership_id: MembershipId,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from memberships where tenant_id = $1 and membership_id = $2",
            self.tenant_id(),
            membership_id.as_uuid(),
        );
        Ok(answer!(self, deleted, execute)?.rows_affected() > 0)
    }
}
