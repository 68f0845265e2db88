//! Consents: what a person allowed a client and need not be asked again.
//!
//! What came of a decision is a grant (`grants`); withdrawing takes both.

pub mod list;
pub mod withdraw;

use std::collections::HashMap;

use protocol::resource::Resources;
use protocol::{ClientId, ClientKey};
use serde::Serialize;
use store::{StoreError, StoredConsent, TenantScope};
use utoipa::ToSchema;

use crate::wire;

/// A remembered decision as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentOut {
    #[schema(example = "notes-web")]
    pub client_id: Option<String>,
    #[schema(example = "Notes on the web")]
    pub client_name: Option<String>,
    /// The identifier of the resource.
    #[schema(example = "https://mcp.example/mcp")]
    pub resource: String,
    /// Where the answer went; elsewhere the person is asked again.
    #[schema(example = "https://notes.example/callback")]
    pub redirect_uri: String,
    #[schema(example = "notes:read")]
    pub scope: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When something was last added to it.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// What ids are called.
struct Names {
    resources: Resources,
    clients: HashMap<ClientKey, (ClientId, Option<String>)>,
}

impl Names {
    /// One look-up for each client among the consents.
    async fn of(scope: &mut TenantScope, consents: &[StoredConsent]) -> Result<Self, StoreError> {
        let resources = crate::clients::all_resources(scope).await?;
        let mut clients = HashMap::new();
        for consent in consents {
            if clients.contains_key(&consent.client_key) {
                continue;
            }
            if let Some(record) = scope.find_client_by_key(consent.client_key).await? {
                let named = (record.client.client_id, record.client.name);
                clients.insert(consent.client_key, named);
            }
        }
        Ok(Self { resources, clients })
    }
}

impl ConsentOut {
    fn new(consent: &StoredConsent, names: &Names) -> Self {
        let client = names.clients.get(&consent.client_key);
        let resource = names.resources.find(consent.resource_id);
        Self {
            client_id: client.map(|(client_id, _)| client_id.to_string()),
            client_name: client.and_then(|(_, name)| name.clone()),
            resource: resource.map_or_else(
                || consent.resource_id.to_string(),
                |resource| resource.identifier().to_owned(),
            ),
            redirect_uri: consent.redirect_uri.as_str().to_owned(),
            scope: consent.scopes.to_string(),
            created_at: wire::time(consent.created_at),
            updated_at: wire::time(consent.updated_at),
        }
    }
}
