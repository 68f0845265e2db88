//! Consents: what a person allowed a client and need not be asked again.
//!
//! What came of a decision is a grant (`grants`); withdrawing takes both.

pub mod list;
pub mod withdraw;

use serde::Serialize;
use store::StoredConsent;
use utoipa::ToSchema;

use crate::names::Names;
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

impl ConsentOut {
    pub fn new(consent: &StoredConsent, names: &Names) -> Self {
        Self {
            client_id: names.client_id(consent.client_key),
            client_name: names.client_name(consent.client_key),
            resource: names.resource(consent.resource_id),
            redirect_uri: consent.redirect_uri.as_str().to_owned(),
            scope: consent.scopes.to_string(),
            created_at: wire::time(consent.created_at),
            updated_at: wire::time(consent.updated_at),
        }
    }
}
