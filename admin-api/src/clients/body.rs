//! What an operator sends about a client, new or to be changed.

use protocol::client::Client;
use protocol::client::registration::RegistrationRequest;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::change::Change;

/// A client to be made. What is absent is inferred from the redirect URIs, as in a registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewClient, example = json!({
    "client_id": "notes-desktop",
    "client_name": "Notes for the desktop",
    "redirect_uris": ["http://127.0.0.1/callback"],
    "token_endpoint_auth_method": "none",
}))]
pub struct NewClientBody {
    /// Chosen; absent: one is made.
    pub client_id: Option<String>,
    /// Chosen; absent: one is made if the client authenticates by secret.
    #[schema(value_type = Option<String>, write_only)]
    pub client_secret: Option<SecretString>,
    pub client_name: Option<String>,
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Absent: `authorization_code` and `refresh_token`.
    pub grant_types: Option<Vec<String>>,
    pub response_types: Option<Vec<String>>,
    /// `none`, `client_secret_basic` or `client_secret_post`.
    pub token_endpoint_auth_method: Option<String>,
    /// `web` or `native`.
    pub application_type: Option<String>,
    /// The scopes it may have at most, separated by spaces; absent: those of its resources.
    pub scope: Option<String>,
    /// Ids or identifiers of the resources it may use; absent: all of the tenant.
    pub resources: Option<Vec<String>>,
    /// The resource that it means when it names none.
    pub default_resource: Option<String>,
    #[serde(default = "enabled")]
    #[schema(default = true)]
    pub is_enabled: bool,
    /// Seconds; absent: the resource's, or the tenant's.
    #[schema(minimum = 60, maximum = 86_400)]
    pub access_token_lifetime: Option<u64>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
}

const fn enabled() -> bool {
    true
}

impl NewClientBody {
    pub fn request(&self) -> RegistrationRequest {
        let has_client_secret = self.client_secret.is_some();
        let method = self.token_endpoint_auth_method.clone();
        RegistrationRequest {
            redirect_uris: Some(self.redirect_uris.clone()),
            grant_types: self.grant_types.clone(),
            response_types: self.response_types.clone(),
            // Whoever chooses a secret means it to be used.
            token_endpoint_auth_method: method
                .or_else(|| has_client_secret.then(|| "client_secret_basic".to_owned())),
            application_type: self.application_type.clone(),
            client_name: self.client_name.clone(),
            client_uri: self.client_uri.clone(),
            logo_uri: self.logo_uri.clone(),
            policy_uri: self.policy_uri.clone(),
            tos_uri: self.tos_uri.clone(),
            scope: self.scope.clone(),
            software_id: self.software_id.clone(),
            software_version: self.software_version.clone(),
            jwks: None,
            jwks_uri: None,
            has_client_secret,
        }
    }
}

/// Changes to a client. Absent: unchanged; null: back to the default.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClientChanges, example = json!({"is_enabled": false}))]
pub struct ClientPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub client_name: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub redirect_uris: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub grant_types: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub application_type: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub scope: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub resources: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub default_resource: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub is_enabled: Change<bool>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 60, maximum = 86_400)]
    pub access_token_lifetime: Change<u64>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub client_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub logo_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub policy_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub tos_uri: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub software_id: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub software_version: Change<String>,
}

impl ClientPatch {
    /// Whether the rules of registration have something to say.
    pub fn touches_metadata(&self) -> bool {
        let texts = [
            &self.client_name,
            &self.application_type,
            &self.scope,
            &self.client_uri,
            &self.logo_uri,
            &self.policy_uri,
            &self.tos_uri,
            &self.software_id,
            &self.software_version,
        ];
        texts.into_iter().any(|change| !change.is_keep())
            || !self.redirect_uris.is_keep()
            || !self.grant_types.is_keep()
    }

    /// The client as it would be, to go through the whole of the rules again. How it authenticates
    /// stays: another method is another client.
    pub fn request(&self, client: &Client) -> RegistrationRequest {
        let redirect_uris = client
            .redirect_uris
            .iter()
            .map(|uri| uri.as_str().to_owned())
            .collect();
        let grant_types = client
            .grant_types
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect();
        RegistrationRequest {
            redirect_uris: self.redirect_uris.clone().apply(Some(redirect_uris)),
            grant_types: self.grant_types.clone().apply(Some(grant_types)),
            response_types: None,
            token_endpoint_auth_method: Some(client.auth_method.as_str().to_owned()),
            application_type: match &self.application_type {
                // What was inferred is inferred again when the redirect URIs change.
                Change::Keep if !self.redirect_uris.is_keep() => None,
                change => change
                    .clone()
                    .apply(Some(client.application_type.as_str().to_owned())),
            },
            client_name: self.client_name.clone().apply(client.name.clone()),
            client_uri: self.client_uri.clone().apply(client.client_uri.clone()),
            logo_uri: self.logo_uri.clone().apply(client.logo_uri.clone()),
            policy_uri: self.policy_uri.clone().apply(client.policy_uri.clone()),
            tos_uri: self.tos_uri.clone().apply(client.tos_uri.clone()),
            scope: self
                .scope
                .clone()
                .apply(client.scopes.as_ref().map(ToString::to_string)),
            software_id: self.software_id.clone().apply(client.software_id.clone()),
            software_version: self
                .software_version
                .clone()
                .apply(client.software_version.clone()),
            jwks: None,
            jwks_uri: None,
            has_client_secret: false,
        }
    }
}
