//! Decisions of people that are remembered: what need not be asked again.

use protocol::authorization::consent::RememberedConsent;
use protocol::redirect_uri::RedirectUri;
use protocol::{ClientKey, ResourceId, ScopeSet, Timestamp, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::clients::scope_set;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Debug)]
pub struct NewConsent {
    pub user_id: UserId,
    pub client_key: ClientKey,
    pub resource_id: ResourceId,
    pub redirect_uri: RedirectUri,
    pub scopes: ScopeSet,
}

/// A decision as it is remembered, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredConsent {
    pub client_key: ClientKey,
    pub resource_id: ResourceId,
    pub redirect_uri: RedirectUri,
    pub scopes: ScopeSet,
    pub created_at: Timestamp,
    /// When something was last added to it.
    pub updated_at: Timestamp,
}

/// Where a page of one person's consents ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentCursor {
    pub client_key: ClientKey,
    pub resource_id: ResourceId,
    pub redirect_uri: String,
}

impl StoredConsent {
    pub fn cursor(&self) -> ConsentCursor {
        ConsentCursor {
            client_key: self.client_key,
            resource_id: self.resource_id,
            redirect_uri: self.redirect_uri.as_str().to_owned(),
        }
    }
}

fn remembered(
    redirect_uri: String,
    resource_id: Uuid,
    scopes: Vec<String>,
) -> Result<RememberedConsent, StoreError> {
    Ok(RememberedConsent {
        redirect_uri: RedirectUri::from_stored(redirect_uri),
        resource_id: ResourceId::from_uuid(resource_id),
        scopes: scope_set(scopes)?,
    })
}

impl TenantScope {
    /// Adds these scopes to what was allowed before at the same place.
    pub async fn insert_consent(
        &mut self,
        new: &NewConsent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into consents (tenant_id, user_id, client_key, resource_id, redirect_uri, scopes,
                 created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $7)
             on conflict (tenant_id, user_id, client_key, resource_id, redirect_uri) do update
             set scopes = array(select distinct scope
                                from unnest(consents.scopes || excluded.scopes) as scope order by scope),
                 updated_at = excluded.updated_at",
            self.tenant_id(),
            new.user_id.as_uuid(),
            new.client_key.as_uuid(),
            new.resource_id.as_uuid(),
            new.redirect_uri.as_str(),
            new.scopes.tokens(),
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    /// What a person allowed a client so far.
    pub async fn list_consents(
        &mut self,
        user_id: UserId,
        client_key: ClientKey,
    ) -> Result<Vec<RememberedConsent>, StoreError> {
        let rows = sqlx::query!(
            "select resource_id, redirect_uri, scopes from consents
             where tenant_id = $1 and user_id = $2 and client_key = $3
             order by resource_id, redirect_uri",
            self.tenant_id(),
            user_id.as_uuid(),
            client_key.as_uuid(),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let consents = rows
            .into_iter()
            .map(|row| remembered(row.redirect_uri, row.resource_id, row.scopes));
        consents.collect()
    }

    /// The same, and until this transaction ends it stays: whoever withdraws it waits, and then finds the grant
    /// that this transaction has made. After that grant, not before it: a client that is deleted takes its row
    /// first and its consents then.
    pub async fn hold_consents(
        &mut self,
        user_id: UserId,
        client_key: ClientKey,
    ) -> Result<Vec<RememberedConsent>, StoreError> {
        let rows = sqlx::query!(
            "select resource_id, redirect_uri, scopes from consents
             where tenant_id = $1 and user_id = $2 and client_key = $3
             order by resource_id, redirect_uri
             for key share",
            self.tenant_id(),
            user_id.as_uuid(),
            client_key.as_uuid(),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let consents = rows
            .into_iter()
            .map(|row| remembered(row.redirect_uri, row.resource_id, row.scopes));
        consents.collect()
    }

    /// Everything that a person allowed, client by client.
    pub async fn list_consents_of_user(
        &mut self,
        user_id: UserId,
        after: Option<&ConsentCursor>,
        limit: u32,
    ) -> Result<Vec<StoredConsent>, StoreError> {
        let rows = sqlx::query!(
            "select client_key, resource_id, redirect_uri, scopes, created_at, updated_at from consents
             where tenant_id = $1 and user_id = $2
               and (client_key, resource_id, redirect_uri) > ($3, $4, $5)
             order by client_key, resource_id, redirect_uri limit $6",
            self.tenant_id(),
            user_id.as_uuid(),
            after.map_or(Uuid::nil(), |cursor| cursor.client_key.as_uuid()),
            after.map_or(Uuid::nil(), |cursor| cursor.resource_id.as_uuid()),
            after.map_or("", |cursor| cursor.redirect_uri.as_str()),
            i64::from(limit),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let consents = rows.into_iter().map(|row| {
            Ok(StoredConsent {
                client_key: ClientKey::from_uuid(row.client_key),
                resource_id: ResourceId::from_uuid(row.resource_id),
                redirect_uri: RedirectUri::from_stored(row.redirect_uri),
                scopes: scope_set(row.scopes)?,
                created_at: row.created_at.into(),
                updated_at: row.updated_at.into(),
            })
        });
        consents.collect()
    }

    /// Forgets what a person allowed a client; says how many decisions. Grants are revoked beside it
    /// (`revoke_grants_of_consent`).
    pub async fn delete_consents(
        &mut self,
        user_id: UserId,
        client_key: ClientKey,
    ) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            // In the order in which whoever allows several resources at once takes them.
            "with held as materialized (
                 select resource_id, redirect_uri from consents
                 where tenant_id = $1 and user_id = $2 and client_key = $3
                 order by resource_id, redirect_uri for update)
             delete from consents c using held
             where c.tenant_id = $1 and c.user_id = $2 and c.client_key = $3
               and c.resource_id = held.resource_id and c.redirect_uri = held.redirect_uri",
            self.tenant_id(),
            user_id.as_uuid(),
            client_key.as_uuid(),
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }
}
