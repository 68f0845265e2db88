//! Resources with their identifiers and scopes: three tables that are read and written as one thing.

use protocol::resource::{Resource, ResourceScope, normalise};
use protocol::{ResourceId, Timestamp};
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};
use crate::tenants::{from_seconds, to_seconds};

/// A resource and when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRecord {
    pub resource: Resource,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

struct ResourceRow {
    resource_id: Uuid,
    audience: String,
    audience_since: OffsetDateTime,
    name: String,
    access_token_lifetime: Option<i32>,
    identifiers: Vec<String>,
    scopes: Json<Vec<ResourceScope>>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<ResourceRow> for ResourceRecord {
    type Error = StoreError;

    fn try_from(row: ResourceRow) -> Result<Self, StoreError> {
        let resource = Resource {
            resource_id: ResourceId::from_uuid(row.resource_id),
            identifiers: row.identifiers,
            audience: row.audience,
            audience_since: row.audience_since.into(),
            name: row.name,
            scopes: row.scopes.0,
            access_token_lifetime: row.access_token_lifetime.map(from_seconds).transpose()?,
        };
        Ok(Self {
            resource,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

macro_rules! select_resources {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ResourceRow,
            r#"select resource_id, audience, coalesce(audience_since, created_at) as "audience_since!",
                 name, access_token_lifetime, created_at, updated_at,
                 array(select identifier from resource_identifiers i
                       where i.tenant_id = r.tenant_id and i.resource_id = r.resource_id
                       order by position) as "identifiers!",
                 coalesce((select jsonb_agg(jsonb_build_object('name', s.name,
                               'description', s.description, 'is_default', s.is_default) order by position)
                           from resource_scopes s
                           where s.tenant_id = r.tenant_id and s.resource_id = r.resource_id),
                          '[]') as "scopes!: Json<Vec<ResourceScope>>"
               from resources r "#
                + $rest
            $(, $argument)*
        )
    };
}

/// The audience that a resource had before this transaction, if it has it no more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "insert_ended_audience tells the verifiers of its tokens"]
pub struct LeftAudience {
    pub audience: Option<String>,
}

impl TenantScope {
    /// [`StoreError::Conflict`] when an identifier (`resource_identifiers_are_unique`) or the
    /// audience (`resources_audience_is_unique`) is another resource's.
    pub async fn insert_resource(
        &mut self,
        resource: &Resource,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into resources (tenant_id, resource_id, audience, name, access_token_lifetime,
                 created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $6)",
            self.tenant_id(),
            resource.resource_id.as_uuid(),
            resource.audience,
            resource.name,
            resource.access_token_lifetime.map(to_seconds),
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        self.insert_identifiers(resource).await?;
        self.insert_scopes(resource).await?;
        self.note_change(ChangeKind::Resource);
        Ok(())
    }

    /// None: it is not there. Identifiers and scopes are replaced by these. Tokens for an audience that it has no
    /// more are void: `insert_ended_audience`.
    pub async fn update_resource(
        &mut self,
        resource: &Resource,
        now: Timestamp,
    ) -> Result<Option<LeftAudience>, StoreError> {
        let updated = sqlx::query_scalar!(
            "update resources r set audience = $3, name = $4, access_token_lifetime = $5, updated_at = $6,
                 audience_since = case when r.audience = $3 then r.audience_since else $6 end
             from (select audience from resources where tenant_id = $1 and resource_id = $2
                   for no key update) as before
             where r.tenant_id = $1 and r.resource_id = $2
             returning before.audience",
            self.tenant_id(),
            resource.resource_id.as_uuid(),
            resource.audience,
            resource.name,
            resource.access_token_lifetime.map(to_seconds),
            OffsetDateTime::from(now),
        );
        let Some(before) = answer!(self, updated, fetch_optional)? else {
            return Ok(None);
        };
        let identifiers = sqlx::query!(
            "delete from resource_identifiers where tenant_id = $1 and resource_id = $2",
            self.tenant_id(),
            resource.resource_id.as_uuid(),
        );
        answer!(self, identifiers, execute)?;
        let scopes = sqlx::query!(
            "delete from resource_scopes where tenant_id = $1 and resource_id = $2",
            self.tenant_id(),
            resource.resource_id.as_uuid(),
        );
        answer!(self, scopes, execute)?;
        self.insert_identifiers(resource).await?;
        self.insert_scopes(resource).await?;
        self.note_change(ChangeKind::Resource);
        Ok(Some(LeftAudience {
            audience: Some(before).filter(|before| *before != resource.audience),
        }))
    }

    pub async fn find_resource(
        &mut self,
        resource_id: ResourceId,
    ) -> Result<Option<ResourceRecord>, StoreError> {
        let row = select_resources!(
            "where r.tenant_id = $1 and r.resource_id = $2",
            self.tenant_id(),
            resource_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(ResourceRecord::try_from)
            .transpose()
    }

    /// The row is ours until the transaction ends: for a change that depends on what was there.
    pub async fn find_resource_for_update(
        &mut self,
        resource_id: ResourceId,
    ) -> Result<Option<ResourceRecord>, StoreError> {
        let lock = select_resources!(
            "where r.tenant_id = $1 and r.resource_id = $2 for no key update of r",
            self.tenant_id(),
            resource_id.as_uuid(),
        );
        answer!(self, lock, fetch_optional)?;
        // Again: a statement that waited for the lock has read the tables beside as they were before.
        self.find_resource(resource_id).await
    }

    /// In the order in which they were made.
    pub async fn list_resources(
        &mut self,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<ResourceRecord>, StoreError> {
        let rows = select_resources!(
            "where r.tenant_id = $1 and r.resource_id > $2 order by r.resource_id limit $3",
            self.tenant_id(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(ResourceRecord::try_from)
            .collect()
    }

    /// The one that has it, however it is spelled: as identifier or as alias.
    pub async fn find_resource_by_identifier(
        &mut self,
        identifier: &str,
    ) -> Result<Option<ResourceRecord>, StoreError> {
        let Ok(normalised) = normalise(identifier) else {
            return Ok(None);
        };
        let row = select_resources!(
            "where r.tenant_id = $1 and r.resource_id = (
                 select i.resource_id from resource_identifiers i
                 where i.tenant_id = $1 and i.normalised_identifier = $2)",
            self.tenant_id(),
            normalised.to_string(),
        );
        answer!(self, row, fetch_optional)?
            .map(ResourceRecord::try_from)
            .transpose()
    }

    /// None: it was not there. Its credentials and the consents for it go with it. Its tokens are void:
    /// `insert_ended_audience`.
    pub async fn delete_resource(
        &mut self,
        resource_id: ResourceId,
    ) -> Result<Option<LeftAudience>, StoreError> {
        let deleted = sqlx::query_scalar!(
            "delete from resources where tenant_id = $1 and resource_id = $2 returning audience",
            self.tenant_id(),
            resource_id.as_uuid(),
        );
        let audience = answer!(self, deleted, fetch_optional)?;
        if audience.is_some() {
            self.note_change(ChangeKind::Resource);
            // It may have been the tenant's default.
            self.note_change(ChangeKind::Tenant);
        }
        Ok(audience.map(|audience| LeftAudience {
            audience: Some(audience),
        }))
    }

    async fn insert_identifiers(&mut self, resource: &Resource) -> Result<(), StoreError> {
        let normalised = resource
            .identifiers
            .iter()
            .map(|identifier| normalise(identifier).map(|normalised| normalised.to_string()))
            .collect::<Result<Vec<String>, _>>()
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        let inserted = sqlx::query!(
            "insert into resource_identifiers
                 (tenant_id, normalised_identifier, identifier, resource_id, position)
             select $1, normalised, identifier, $2, position - 1
             from unnest($3::text[], $4::text[]) with ordinality as them (normalised, identifier, position)",
            self.tenant_id(),
            resource.resource_id.as_uuid(),
            &normalised,
            &resource.identifiers,
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    async fn insert_scopes(&mut self, resource: &Resource) -> Result<(), StoreError> {
        let names: Vec<String> = resource.scopes.iter().map(|it| it.name.clone()).collect();
        let descriptions: Vec<String> = resource
            .scopes
            .iter()
            .map(|it| it.description.clone())
            .collect();
        let defaults: Vec<bool> = resource.scopes.iter().map(|it| it.is_default).collect();
        let inserted = sqlx::query!(
            "insert into resource_scopes (tenant_id, resource_id, name, description, is_default, position)
             select $1, $2, name, description, is_default, position - 1
             from unnest($3::text[], $4::text[], $5::boolean[])
                 with ordinality as them (name, description, is_default, position)",
            self.tenant_id(),
            resource.resource_id.as_uuid(),
            &names,
            &descriptions,
            &defaults,
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }
}
