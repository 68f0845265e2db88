//! Writing a document client down: with its first code, and whenever its document says something new.

use protocol::ids::ClientKey;
use protocol::redirect_uri::RedirectUri;
use store::{StoreError, Tenant, TenantScope};

use super::DocumentInForce;
use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType, Origin};
use crate::directory::KnownClient;

/// A client on its way into the database, if it came by a document, and who brought it.
pub(crate) struct DocumentToStore<'a> {
    pub client: &'a KnownClient,
    pub document: Option<&'a DocumentInForce>,
    pub origin: Origin,
}

/// Why it is not written down.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreDocumentError {
    #[error("the tenant holds as many clients with a metadata document as it may")]
    TooManyClients,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authority {
    /// In the transaction of the code, or of a device's request; the key of the client's row. What people allowed a client whose
    /// document now leads elsewhere goes (row K13); its grants stay.
    pub(crate) async fn store_document_in(
        &self,
        scope: &mut TenantScope,
        tenant: &Tenant,
        to_store: &DocumentToStore<'_>,
    ) -> Result<ClientKey, StoreDocumentError> {
        let client = &to_store.client.client;
        let new = to_store.document.and_then(DocumentInForce::to_store);
        let Some(new) = new else {
            return Ok(client.key);
        };
        let now = self.now();
        let upserted = scope.upsert_document_client(client, &new, now).await;
        let upserted = upserted.map_err(|error| self.as_refusal(error))?;
        if upserted.is_new {
            let most = tenant.settings().registration.max_clients;
            if scope.count_document_clients(most.saturating_add(1)).await? > most {
                return Err(StoreDocumentError::TooManyClients);
            }
        }
        let event_type = match (upserted.is_new, upserted.changed) {
            (true, _) => EventType::ClientRegistered,
            (false, true) => EventType::ClientDocumentChanged,
            (false, false) => return Ok(upserted.client_key),
        };
        let redirect_uris: Vec<&str> = client
            .redirect_uris
            .iter()
            .map(RedirectUri::as_str)
            .collect();
        let event = AuditEvent::new(event_type, Actor::Client(client.client_id.clone()), now)
            .at("client", &client.client_id)
            .origin(&to_store.origin)
            .detail("origin", client.origin)
            .detail("redirect_uris", redirect_uris.join(" "))
            .detail("auth_method", client.auth_method)
            .detail("jwks_uri", client.keys.uri().unwrap_or_default());
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await?;
        Ok(upserted.client_key)
    }

    fn as_refusal(&self, error: StoreError) -> StoreDocumentError {
        let StoreError::QuotaReached(quota) = error else {
            return error.into();
        };
        let refusals = &self.metrics().quota_refusals;
        refusals.with_label_values(&[quota.as_str()]).inc();
        StoreDocumentError::TooManyClients
    }
}
