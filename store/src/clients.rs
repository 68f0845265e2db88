//! OAuth clients, read together with their secrets and the resources they are limited to.

mod registered;
mod row;

use protocol::client::{AssertionAlgorithm, Client, ClientOrigin};
use protocol::{ClientId, ClientKey, ScopeSet, SigningAlgorithm, Timestamp};
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::ChangeKind;
use crate::client_keys::key_columns;
use crate::client_secrets::{ClientSecret, NewClientSecret};
use crate::error::StoreError;
use crate::secret_digest::{SecretColumns, SecretDigest};
use crate::tenant_scope::{TenantScope, answer};
use crate::tenants::to_seconds;
use row::{ClientRow, SecretRow, limited_to};
pub(crate) use row::{SelfDescription, as_texts, scope_set};

/// A client as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRecord {
    pub client: Client,
    /// Expired ones too.
    pub secrets: Vec<ClientSecret>,
    /// What it manages itself with (RFC 7592), where it was given one.
    pub registration_token: Option<SecretDigest>,
    pub updated_at: Timestamp,
}

macro_rules! select_clients {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ClientRow,
            r#"select client_key, client_id, origin, name, redirect_uris, grant_types, auth_method,
                 application_type, scopes, is_limited_to_listed_resources, default_resource_id,
                 is_enabled, access_token_lifetime, refresh_idle_lifetime,
                 refresh_absolute_lifetime, jwks, jwks_uri, assertion_algorithm,
                 is_dpop_bound, is_par_required, post_logout_redirect_uris, backchannel_logout_uri,
                 is_backchannel_session_required, id_token_algorithm,
                 registration_token_digest, registration_token_pepper_id,
                 self_description as "self_description: Json<SelfDescription>", created_at, updated_at,
                 array(select resource_id from client_resources r
                       where r.tenant_id = c.tenant_id and r.client_key = c.client_key
                       order by resource_id) as "resources!",
                 coalesce((select jsonb_agg(jsonb_build_object('credential_id', s.credential_id,
                               'digest', encode(s.secret_digest, 'hex'), 'pepper_id', s.pepper_id,
                               'hash', s.secret_hash,
                               'created_at', (extract(epoch from s.created_at) * 1000000)::bigint,
                               'expires_at', (extract(epoch from s.expires_at) * 1000000)::bigint)
                               order by s.credential_id)
                           from client_secrets s
                           where s.tenant_id = c.tenant_id and s.client_key = c.client_key),
                          '[]') as "secrets!: Json<Vec<SecretRow>>"
               from clients c "#
                + $rest
            $(, $argument)*
        )
    };
}

/// A client that this transaction has deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "insert_ended_client tells the verifiers of its tokens"]
pub struct DeletedClient {
    pub client_id: String,
    /// One that registered itself and never got a grant has none, and nobody need be told that it has ended:
    /// otherwise strangers could fill the list.
    pub may_have_tokens: bool,
}

impl TenantScope {
    /// The client, its secret and its resources in one statement. [`StoreError::Conflict`] when the
    /// `client_id` is taken (`clients_client_id_is_unique`) or a resource is not there.
    pub async fn insert_client(
        &mut self,
        client: &Client,
        secret: Option<&NewClientSecret>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let columns = SecretColumns::of(secret.map(|secret| &secret.secret));
        let keys = key_columns(&client.keys);
        let inserted = sqlx::query!(
            "with inserted as (
                 insert into clients (tenant_id, client_key, client_id, origin, name, redirect_uris,
                     grant_types, auth_method, application_type, scopes,
                     is_limited_to_listed_resources, default_resource_id, is_enabled,
                     access_token_lifetime, self_description, created_at, updated_at,
                     refresh_idle_lifetime, refresh_absolute_lifetime, jwks, jwks_uri,
                     assertion_algorithm, is_dpop_bound, is_par_required,
                     post_logout_redirect_uris, backchannel_logout_uri,
                     is_backchannel_session_required, id_token_algorithm)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16,
                     $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)
                 returning tenant_id, client_key),
             secret as (
                 insert into client_secrets (tenant_id, client_key, credential_id, secret_digest,
                     pepper_id, secret_hash, created_at, expires_at)
                 select tenant_id, client_key, $17, $18, $19, $20, $16, $21 from inserted
                 where $17::uuid is not null)
             insert into client_resources (tenant_id, client_key, resource_id)
             select tenant_id, client_key, resource_id from inserted, unnest($22::uuid[]) as resource_id",
            self.tenant_id(),
            client.key.as_uuid(),
            client.client_id.as_str(),
            client.origin.as_str(),
            client.name,
            &as_texts(&client.redirect_uris, |uri| uri.as_str()),
            &as_texts(&client.grant_types, |grant_type| grant_type.as_str()),
            client.auth_method.as_str(),
            client.application_type.as_str(),
            client.scopes.as_ref().map(ScopeSet::tokens),
            client.resources.is_some(),
            client.default_resource.map(|id| id.as_uuid()),
            client.is_enabled,
            client.access_token_lifetime.map(to_seconds),
            Json(SelfDescription::of(client)) as _,
            OffsetDateTime::from(now),
            secret.map(|secret| secret.credential_id.as_uuid()),
            columns.digest,
            columns.pepper_id,
            columns.hash,
            secret.and_then(|secret| secret.expires_at).map(OffsetDateTime::from),
            &limited_to(client),
            client.refresh_idle_lifetime.map(to_seconds),
            client.refresh_absolute_lifetime.map(to_seconds),
            keys.jwks,
            keys.jwks_uri,
            client.assertion_algorithm.map(AssertionAlgorithm::as_str),
            client.is_dpop_bound,
            client.is_par_required,
            &client.post_logout_redirect_uris,
            client.backchannel_logout_uri,
            client.is_backchannel_session_required,
            client.id_token_algorithm.map(SigningAlgorithm::as_str),
        );
        answer!(self, inserted, execute)?;
        // Nobody can have asked for a `client_id` that was random until now; and registrations come
        // by the thousand, where a notification in each commit would halve the rate.
        if client.origin != ClientOrigin::Registered {
            self.note_change(ChangeKind::Client(client.key));
        }
        Ok(())
    }

    /// Whether it was there. `client_id` and origin never change.
    pub async fn update_client(
        &mut self,
        client: &Client,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = key_columns(&client.keys);
        let updated = sqlx::query!(
            "update clients
             set name = $3, redirect_uris = $4, grant_types = $5, auth_method = $6,
                 application_type = $7, scopes = $8, is_limited_to_listed_resources = $9,
                 default_resource_id = $10, is_enabled = $11, access_token_lifetime = $12,
                 self_description = $13, updated_at = $14, refresh_idle_lifetime = $15,
                 refresh_absolute_lifetime = $16, jwks = $17, jwks_uri = $18,
                 assertion_algorithm = $19, is_dpop_bound = $20, is_par_required = $21,
                 post_logout_redirect_uris = $22, backchannel_logout_uri = $23,
                 is_backchannel_session_required = $24, id_token_algorithm = $25
             where tenant_id = $1 and client_key = $2",
            self.tenant_id(),
            client.key.as_uuid(),
            client.name,
            &as_texts(&client.redirect_uris, |uri| uri.as_str()),
            &as_texts(&client.grant_types, |grant_type| grant_type.as_str()),
            client.auth_method.as_str(),
            client.application_type.as_str(),
            client.scopes.as_ref().map(ScopeSet::tokens),
            client.resources.is_some(),
            client.default_resource.map(|id| id.as_uuid()),
            client.is_enabled,
            client.access_token_lifetime.map(to_seconds),
            Json(SelfDescription::of(client)) as _,
            OffsetDateTime::from(now),
            client.refresh_idle_lifetime.map(to_seconds),
            client.refresh_absolute_lifetime.map(to_seconds),
            keys.jwks,
            keys.jwks_uri,
            client.assertion_algorithm.map(AssertionAlgorithm::as_str),
            client.is_dpop_bound,
            client.is_par_required,
            &client.post_logout_redirect_uris,
            client.backchannel_logout_uri,
            client.is_backchannel_session_required,
            client.id_token_algorithm.map(SigningAlgorithm::as_str),
        );
        if answer!(self, updated, execute)?.rows_affected() == 0 {
            return Ok(false);
        }
        self.replace_client_resources(client).await?;
        self.note_change(ChangeKind::Client(client.key));
        Ok(true)
    }

    async fn replace_client_resources(&mut self, client: &Client) -> Result<(), StoreError> {
        let resources = limited_to(client);
        let deleted = sqlx::query!(
            "delete from client_resources
             where tenant_id = $1 and client_key = $2 and resource_id <> all($3)",
            self.tenant_id(),
            client.key.as_uuid(),
            &resources,
        );
        answer!(self, deleted, execute)?;
        let inserted = sqlx::query!(
            "insert into client_resources (tenant_id, client_key, resource_id)
             select $1, $2, resource_id from unnest($3::uuid[]) as resource_id
             on conflict do nothing",
            self.tenant_id(),
            client.key.as_uuid(),
            &resources,
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    /// By what the client calls itself.
    pub async fn find_client(
        &mut self,
        client_id: &ClientId,
    ) -> Result<Option<ClientRecord>, StoreError> {
        let row = select_clients!(
            "where c.tenant_id = $1 and c.client_id = $2",
            self.tenant_id(),
            client_id.as_str(),
        );
        answer!(self, row, fetch_optional)?
            .map(ClientRecord::try_from)
            .transpose()
    }

    /// The row is ours until the transaction ends: for a change that depends on what was there.
    pub async fn find_client_for_update(
        &mut self,
        client_id: &ClientId,
    ) -> Result<Option<ClientRecord>, StoreError> {
        let lock = select_clients!(
            "where c.tenant_id = $1 and c.client_id = $2 for no key update of c",
            self.tenant_id(),
            client_id.as_str(),
        );
        answer!(self, lock, fetch_optional)?;
        // Again: a statement that waited for the lock has read the tables beside as they were before.
        self.find_client(client_id).await
    }

    pub async fn find_client_by_key(
        &mut self,
        client_key: ClientKey,
    ) -> Result<Option<ClientRecord>, StoreError> {
        let row = select_clients!(
            "where c.tenant_id = $1 and c.client_key = $2",
            self.tenant_id(),
            client_key.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(ClientRecord::try_from)
            .transpose()
    }

    /// In the order in which they were made.
    pub async fn list_clients(
        &mut self,
        after: Option<ClientKey>,
        limit: u32,
    ) -> Result<Vec<ClientRecord>, StoreError> {
        let rows = select_clients!(
            "where c.tenant_id = $1 and c.client_key > $2 order by c.client_key limit $3",
            self.tenant_id(),
            after.map_or(Uuid::nil(), |key| key.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(ClientRecord::try_from)
            .collect()
    }

    /// Those that came this way, in the order in which they were made.
    /// Those that call themselves so, in the order in which they were made.
    pub async fn list_clients_of_name(
        &mut self,
        name: &str,
        after: Option<ClientKey>,
        limit: u32,
    ) -> Result<Vec<ClientRecord>, StoreError> {
        let rows = select_clients!(
            "where c.tenant_id = $1 and c.name = $2 and c.client_key > $3
             order by c.client_key limit $4",
            self.tenant_id(),
            name,
            after.map_or(Uuid::nil(), |key| key.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(ClientRecord::try_from)
            .collect()
    }

    pub async fn list_clients_of_origin(
        &mut self,
        origin: ClientOrigin,
        after: Option<ClientKey>,
        limit: u32,
    ) -> Result<Vec<ClientRecord>, StoreError> {
        let rows = select_clients!(
            "where c.tenant_id = $1 and c.origin = $2 and c.client_key > $3
             order by c.client_key limit $4",
            self.tenant_id(),
            origin.as_str(),
            after.map_or(Uuid::nil(), |key| key.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(ClientRecord::try_from)
            .collect()
    }

    /// Whether it is there, and until this transaction ends it stays. For what takes other rows of the client
    /// afterwards: whoever deletes it takes its row first and those then.
    pub async fn hold_client(&mut self, client_key: ClientKey) -> Result<bool, StoreError> {
        let held = sqlx::query_scalar!(
            "select client_key from clients where tenant_id = $1 and client_key = $2 for key share",
            self.tenant_id(),
            client_key.as_uuid(),
        );
        Ok(answer!(self, held, fetch_optional)?.is_some())
    }

    /// Secrets, consents, grants, codes and refresh tokens go with it; its access tokens name a client that is no
    /// more, so say it to their verifiers (`insert_ended_client`). None where it was not there.
    pub async fn delete_client(
        &mut self,
        client_key: ClientKey,
    ) -> Result<Option<DeletedClient>, StoreError> {
        // In a statement of its own: the next one sees the grants of those whom this one has waited for.
        let lock = sqlx::query_scalar!(
            "select client_key from clients where tenant_id = $1 and client_key = $2 for update",
            self.tenant_id(),
            client_key.as_uuid(),
        );
        answer!(self, lock, fetch_optional)?;
        let deleted = sqlx::query!(
            r#"with deleted as (
                 delete from clients where tenant_id = $1 and client_key = $2 returning client_id, origin)
               select client_id, (origin = 'static'
                   or exists (select from grants where tenant_id = $1 and client_key = $2)) as "may_have_tokens!"
               from deleted"#,
            self.tenant_id(),
            client_key.as_uuid(),
        );
        let Some(row) = answer!(self, deleted, fetch_optional)? else {
            return Ok(None);
        };
        self.note_change(ChangeKind::Client(client_key));
        Ok(Some(DeletedClient {
            client_id: row.client_id,
            may_have_tokens: row.may_have_tokens,
        }))
    }
}
