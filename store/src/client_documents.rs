//! Clients that came by their metadata documents: what was read last, beside the client it describes.

use protocol::client::{AssertionAlgorithm, Client, ClientOrigin};
use protocol::{ClientId, ClientKey, ScopeSet, SigningAlgorithm, Timestamp};
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::ChangeKind;
use crate::client_keys::key_columns;
use crate::clients::{ClientRecord, SelfDescription, as_texts};
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// A document that was fetched and found good.
#[derive(Clone, Debug)]
pub struct NewClientDocument {
    /// As it was served, at most 5 KB.
    pub document: String,
    pub fetched_at: Timestamp,
    /// When it is to be fetched again.
    pub expires_at: Timestamp,
    /// Of what people's consents rest on; another one voids them.
    pub guard_digest: [u8; 32],
}

/// The last good copy, and the client as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientDocumentRecord {
    pub client: ClientRecord,
    pub document: String,
    pub fetched_at: Timestamp,
    pub expires_at: Timestamp,
    pub guard_digest: [u8; 32],
}

/// When the last good copy of a client's document was fetched, and until when it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientDocumentTimes {
    pub client_key: ClientKey,
    pub fetched_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What a document did to what was known of its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpsertedDocument {
    /// The client's own, which may be older than the one that was offered.
    pub client_key: ClientKey,
    /// The guard is another one: remembered consents were deleted.
    pub changed: bool,
    pub is_new: bool,
}

impl TenantScope {
    /// The client as its document says, and the document. What an operator set for the client (whether
    /// it is enabled, its resources and lifetimes) stays. [`StoreError::Conflict`]
    /// (`clients_client_id_is_unique`) when an operator entered a client of this name by hand.
    pub async fn upsert_document_client(
        &mut self,
        client: &Client,
        new: &NewClientDocument,
        now: Timestamp,
    ) -> Result<UpsertedDocument, StoreError> {
        let taken = || StoreError::Conflict("clients_client_id_is_unique".to_owned());
        let client_key = self.upsert_described_client(client, now).await?;
        // From here on the client's row is ours, and with it its document's.
        let client_key = client_key.ok_or_else(taken)?;
        let guard_before = self.find_guard(client_key).await?;
        self.upsert_document(client_key, new).await?;
        let is_new = guard_before.is_none();
        let changed = guard_before.is_some_and(|before| before != new.guard_digest);
        if changed {
            self.delete_consents_of_client(client_key).await?;
        }
        let client_key = ClientKey::from_uuid(client_key);
        self.note_change(ChangeKind::Client(client_key));
        Ok(UpsertedDocument {
            client_key,
            changed,
            is_new,
        })
    }

    /// `None` where the name is another kind of client's.
    async fn upsert_described_client(
        &mut self,
        client: &Client,
        now: Timestamp,
    ) -> Result<Option<Uuid>, StoreError> {
        let keys = key_columns(&client.keys);
        let upserted = sqlx::query_scalar!(
            "insert into clients (tenant_id, client_key, client_id, origin, name, redirect_uris,
                 grant_types, auth_method, application_type, scopes, self_description, jwks, jwks_uri,
                 assertion_algorithm, created_at, updated_at, is_dpop_bound, is_par_required,
                 post_logout_redirect_uris, backchannel_logout_uri,
                 is_backchannel_session_required, id_token_algorithm, is_enabled,
                 is_limited_to_listed_resources)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15,
                 $16, $17, $18, $19, $20, $21, true, false)
             on conflict (tenant_id, client_id) do update
             set name = excluded.name, redirect_uris = excluded.redirect_uris,
                 grant_types = excluded.grant_types, auth_method = excluded.auth_method,
                 application_type = excluded.application_type, scopes = excluded.scopes,
                 self_description = excluded.self_description, jwks = excluded.jwks,
                 jwks_uri = excluded.jwks_uri, assertion_algorithm = excluded.assertion_algorithm,
                 updated_at = excluded.updated_at, is_dpop_bound = excluded.is_dpop_bound,
                 is_par_required = excluded.is_par_required,
                 post_logout_redirect_uris = excluded.post_logout_redirect_uris,
                 backchannel_logout_uri = excluded.backchannel_logout_uri,
                 is_backchannel_session_required = excluded.is_backchannel_session_required,
                 id_token_algorithm = excluded.id_token_algorithm
             where clients.origin = excluded.origin
             returning client_key",
            self.tenant_id(),
            client.key.as_uuid(),
            client.client_id.as_str(),
            ClientOrigin::Document.as_str(),
            client.name,
            &as_texts(&client.redirect_uris, |uri| uri.as_str()),
            &as_texts(&client.grant_types, |grant_type| grant_type.as_str()),
            client.auth_method.as_str(),
            client.application_type.as_str(),
            client.scopes.as_ref().map(ScopeSet::tokens),
            Json(SelfDescription::of(client)) as _,
            keys.jwks,
            keys.jwks_uri,
            client.assertion_algorithm.map(AssertionAlgorithm::as_str),
            OffsetDateTime::from(now),
            client.is_dpop_bound,
            client.is_par_required,
            &client.post_logout_redirect_uris,
            client.backchannel_logout_uri,
            client.is_backchannel_session_required,
            client.id_token_algorithm.map(SigningAlgorithm::as_str),
        );
        answer!(self, upserted, fetch_optional)
    }

    async fn find_guard(&mut self, client_key: Uuid) -> Result<Option<[u8; 32]>, StoreError> {
        let found = sqlx::query_scalar!(
            "select guard_digest from client_documents where tenant_id = $1 and client_key = $2",
            self.tenant_id(),
            client_key,
        );
        let found = answer!(self, found, fetch_optional)?;
        found.as_deref().map(guard_digest).transpose()
    }

    async fn upsert_document(
        &mut self,
        client_key: Uuid,
        new: &NewClientDocument,
    ) -> Result<(), StoreError> {
        let upserted = sqlx::query!(
            "insert into client_documents (tenant_id, client_key, document, fetched_at, expires_at,
                 guard_digest)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant_id, client_key) do update
             set document = excluded.document, fetched_at = excluded.fetched_at,
                 expires_at = excluded.expires_at, guard_digest = excluded.guard_digest",
            self.tenant_id(),
            client_key,
            new.document,
            OffsetDateTime::from(new.fetched_at),
            OffsetDateTime::from(new.expires_at),
            &new.guard_digest,
        );
        answer!(self, upserted, execute)?;
        Ok(())
    }

    async fn delete_consents_of_client(&mut self, client_key: Uuid) -> Result<(), StoreError> {
        let deleted = sqlx::query!(
            // In the order in which people's answers take them.
            "with held as materialized (
                 select user_id, resource_id, redirect_uri from consents
                 where tenant_id = $1 and client_key = $2
                 order by user_id, resource_id, redirect_uri for update)
             delete from consents c using held
             where c.tenant_id = $1 and c.client_key = $2 and c.user_id = held.user_id
               and c.resource_id = held.resource_id and c.redirect_uri = held.redirect_uri",
            self.tenant_id(),
            client_key,
        );
        answer!(self, deleted, execute)?;
        Ok(())
    }

    /// Of these clients, those that came by a document; in no order.
    pub async fn list_client_document_times(
        &mut self,
        client_keys: &[ClientKey],
    ) -> Result<Vec<ClientDocumentTimes>, StoreError> {
        let keys: Vec<Uuid> = client_keys.iter().map(ClientKey::as_uuid).collect();
        let found = sqlx::query!(
            "select client_key, fetched_at, expires_at from client_documents
             where tenant_id = $1 and client_key = any($2)",
            self.tenant_id(),
            &keys,
        );
        let rows = answer!(self, found, fetch_all)?;
        let times = rows.into_iter().map(|row| ClientDocumentTimes {
            client_key: ClientKey::from_uuid(row.client_key),
            fetched_at: row.fetched_at.into(),
            expires_at: row.expires_at.into(),
        });
        Ok(times.collect())
    }

    /// `None` for a client that came another way.
    pub async fn find_client_document(
        &mut self,
        client_id: &ClientId,
    ) -> Result<Option<ClientDocumentRecord>, StoreError> {
        let found = sqlx::query!(
            "select d.document, d.fetched_at, d.expires_at, d.guard_digest
             from clients c
             join client_documents d on d.tenant_id = c.tenant_id and d.client_key = c.client_key
             where c.tenant_id = $1 and c.client_id = $2",
            self.tenant_id(),
            client_id.as_str(),
        );
        let Some(row) = answer!(self, found, fetch_optional)? else {
            return Ok(None);
        };
        // Removed in between: then there is none.
        let Some(client) = self.find_client(client_id).await? else {
            return Ok(None);
        };
        Ok(Some(ClientDocumentRecord {
            client,
            document: row.document,
            fetched_at: row.fetched_at.into(),
            expires_at: row.expires_at.into(),
            guard_digest: guard_digest(&row.guard_digest)?,
        }))
    }
}

fn guard_digest(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes
        .try_into()
        .map_err(|_| StoreError::corrupt("client_documents.guard_digest"))
}
