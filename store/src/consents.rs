//! Decisions of people that are remembered: what need not be asked again.

use protocol::authorization::consent::RememberedConsent;
use protocol::redirect_uri::RedirectUri;
use protocol::{ClientKey, ResourceId, ScopeSet, Timestamp, UserId};
use time::OffsetDateTime;

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
        let consents = rows.into_iter().map(|row| {
            Ok(RememberedConsent {
                redirect_uri: RedirectUri::from_stored(row.redirect_uri),
                resource_id: ResourceId::from_uuid(row.resource_id),
                scopes: scope_set(row.scopes)?,
            })
        });
        consents.collect()
    }
}
