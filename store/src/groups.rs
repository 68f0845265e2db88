//! Groups of people. Who is in which: `group_members`.

use protocol::{GroupName, Timestamp, UserId};
use time::OffsetDateTime;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: GroupName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewGroup {
    pub name: GroupName,
    pub display_name: Option<String>,
    pub description: Option<String>,
}

/// All that can change about a group: its name cannot.
#[derive(Clone, Debug)]
pub struct GroupUpdate {
    pub display_name: Option<String>,
    pub description: Option<String>,
}

struct GroupRow {
    name: String,
    display_name: Option<String>,
    description: Option<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<GroupRow> for Group {
    type Error = StoreError;

    fn try_from(row: GroupRow) -> Result<Self, StoreError> {
        Ok(Self {
            name: GroupName::try_from(row.name).map_err(StoreError::corrupt)?,
            display_name: row.display_name,
            description: row.description,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

macro_rules! select_groups {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            GroupRow,
            "select name, display_name, description, created_at, updated_at from groups "
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    /// [`StoreError::Conflict`] (`groups_pkey`) when there is one of this name.
    pub async fn insert_group(&mut self, new: &NewGroup, now: Timestamp) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into groups (tenant_id, name, display_name, description, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $5)",
            self.tenant_id(),
            new.name.as_str(),
            new.display_name,
            new.description,
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    pub async fn find_group(&mut self, name: &GroupName) -> Result<Option<Group>, StoreError> {
        let row = select_groups!(
            "where tenant_id = $1 and name = $2",
            self.tenant_id(),
            name.as_str(),
        );
        answer!(self, row, fetch_optional)?
            .map(Group::try_from)
            .transpose()
    }

    /// The row is ours until the transaction ends: for a change that depends on what was there.
    pub async fn find_group_for_update(
        &mut self,
        name: &GroupName,
    ) -> Result<Option<Group>, StoreError> {
        let row = select_groups!(
            "where tenant_id = $1 and name = $2 for no key update",
            self.tenant_id(),
            name.as_str(),
        );
        answer!(self, row, fetch_optional)?
            .map(Group::try_from)
            .transpose()
    }

    /// In the order of their names.
    pub async fn list_groups(
        &mut self,
        after: Option<&GroupName>,
        limit: u32,
    ) -> Result<Vec<Group>, StoreError> {
        let rows = select_groups!(
            "where tenant_id = $1 and name > $2 order by name limit $3",
            self.tenant_id(),
            after.map_or("", GroupName::as_str),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(Group::try_from)
            .collect()
    }

    /// How many there are, counted no further than `limit`.
    pub async fn count_groups(&mut self, limit: u32) -> Result<u32, StoreError> {
        let counted = sqlx::query_scalar!(
            r#"select count(*) as "count!" from (
                   select from groups where tenant_id = $1 order by name limit $2) as counted"#,
            self.tenant_id(),
            i64::from(limit),
        );
        let count = answer!(self, counted, fetch_one)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Which of these there are not.
    pub async fn list_missing_groups(
        &mut self,
        names: &[GroupName],
    ) -> Result<Vec<GroupName>, StoreError> {
        let texts: Vec<String> = names.iter().map(|name| name.as_str().to_owned()).collect();
        let found = sqlx::query_scalar!(
            "select name from groups where tenant_id = $1 and name = any($2)",
            self.tenant_id(),
            &texts,
        );
        let found = answer!(self, found, fetch_all)?;
        let is_missing = |name: &&GroupName| !found.iter().any(|it| it == name.as_str());
        Ok(names.iter().filter(is_missing).cloned().collect())
    }

    /// Whether it was there.
    pub async fn update_group(
        &mut self,
        name: &GroupName,
        update: &GroupUpdate,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query!(
            "update groups set display_name = $3, description = $4, updated_at = $5
             where tenant_id = $1 and name = $2",
            self.tenant_id(),
            name.as_str(),
            update.display_name,
            update.description,
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, updated, execute)?.rows_affected() > 0)
    }

    /// Whether it was there. Nobody is in it any more.
    pub async fn delete_group(&mut self, name: &GroupName) -> Result<bool, StoreError> {
        let left = sqlx::query_scalar!(
            "delete from group_members where tenant_id = $1 and group_name = $2 returning user_id",
            self.tenant_id(),
            name.as_str(),
        );
        let left = answer!(self, left, fetch_all)?;
        let deleted = sqlx::query!(
            "delete from groups where tenant_id = $1 and name = $2",
            self.tenant_id(),
            name.as_str(),
        );
        let is_deleted = answer!(self, deleted, execute)?.rows_affected() > 0;
        // What is known of a tenant's people is forgotten together: one stands for all of them.
        if let Some(user_id) = left.first() {
            self.note_change(ChangeKind::User(UserId::from_uuid(*user_id)));
        }
        Ok(is_deleted)
    }
}
