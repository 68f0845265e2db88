//! The row of a client, and the way from there to [`Client`] and back.

use protocol::client::{
    ApplicationType, AssertionAlgorithm, AuthMethod, Client, ClientOrigin, GrantType,
};
use protocol::redirect_uri::RedirectUri;
use protocol::{ClientId, ClientKey, CredentialId, ResourceId, ScopeSet, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::ClientRecord;
use crate::client_keys::keys_from_columns;
use crate::client_secrets::ClientSecret;
use crate::error::StoreError;
use crate::secret_digest::{SecretDigest, StoredSecret};
use crate::tenants::from_seconds;

pub(super) struct ClientRow {
    pub client_key: Uuid,
    pub client_id: String,
    pub origin: String,
    pub name: Option<String>,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<String>,
    pub auth_method: String,
    pub application_type: String,
    pub scopes: Option<Vec<String>>,
    pub is_limited_to_listed_resources: bool,
    pub default_resource_id: Option<Uuid>,
    pub is_enabled: bool,
    pub access_token_lifetime: Option<i32>,
    pub refresh_idle_lifetime: Option<i32>,
    pub refresh_absolute_lifetime: Option<i32>,
    pub jwks: Option<Value>,
    pub jwks_uri: Option<String>,
    pub assertion_algorithm: Option<String>,
    pub is_dpop_bound: bool,
    pub is_par_required: bool,
    pub post_logout_redirect_uris: Vec<String>,
    pub backchannel_logout_uri: Option<String>,
    pub is_backchannel_session_required: bool,
    pub id_token_algorithm: Option<String>,
    pub registration_token_digest: Option<Vec<u8>>,
    pub registration_token_pepper_id: Option<i16>,
    pub self_description: Json<SelfDescription>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub resources: Vec<Uuid>,
    pub secrets: Json<Vec<SecretRow>>,
}

/// What a client says about itself and nothing is decided by.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SelfDescription {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tos_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    software_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    software_version: Option<String>,
}

impl SelfDescription {
    pub fn of(client: &Client) -> Self {
        Self {
            client_uri: client.client_uri.clone(),
            logo_uri: client.logo_uri.clone(),
            policy_uri: client.policy_uri.clone(),
            tos_uri: client.tos_uri.clone(),
            software_id: client.software_id.clone(),
            software_version: client.software_version.clone(),
        }
    }
}

/// A secret as the statement's JSON has it: times in microseconds, the digest in hexadecimal.
#[derive(Debug, Deserialize)]
pub(super) struct SecretRow {
    credential_id: Uuid,
    digest: Option<String>,
    pepper_id: Option<i16>,
    hash: Option<String>,
    created_at: i64,
    expires_at: Option<i64>,
}

impl TryFrom<SecretRow> for ClientSecret {
    type Error = StoreError;

    fn try_from(row: SecretRow) -> Result<Self, StoreError> {
        let digest = row.digest.as_deref().map(from_hexadecimal).transpose()?;
        Ok(Self {
            credential_id: CredentialId::from_uuid(row.credential_id),
            secret: StoredSecret::from_columns(digest.as_deref(), row.pepper_id, row.hash)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_unix_micros),
        })
    }
}

fn from_hexadecimal(text: &str) -> Result<Vec<u8>, StoreError> {
    let corrupt = || StoreError::corrupt("a digest's encoding");
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).map_err(|_| corrupt())?;
        u8::from_str_radix(pair, 16).map_err(|_| corrupt())
    };
    text.as_bytes().chunks(2).map(byte).collect()
}

impl TryFrom<ClientRow> for ClientRecord {
    type Error = StoreError;

    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        let corrupt = |column: &str| StoreError::corrupt(format!("clients.{column}"));
        let about = row.self_description.0;
        let resources = row
            .resources
            .into_iter()
            .map(ResourceId::from_uuid)
            .collect();
        let client = Client {
            key: ClientKey::from_uuid(row.client_key),
            client_id: ClientId::parse(&row.client_id).map_err(StoreError::corrupt)?,
            origin: ClientOrigin::parse(&row.origin).ok_or_else(|| corrupt("origin"))?,
            name: row.name,
            redirect_uris: row
                .redirect_uris
                .into_iter()
                .map(RedirectUri::from_stored)
                .collect(),
            // A grant type that a newer version wrote is none of this version's.
            grant_types: row
                .grant_types
                .iter()
                .filter_map(|it| GrantType::parse(it))
                .collect(),
            auth_method: AuthMethod::parse(&row.auth_method)
                .ok_or_else(|| corrupt("auth_method"))?,
            application_type: ApplicationType::parse(&row.application_type)
                .ok_or_else(|| corrupt("application_type"))?,
            scopes: row.scopes.map(scope_set).transpose()?,
            resources: row.is_limited_to_listed_resources.then_some(resources),
            default_resource: row.default_resource_id.map(ResourceId::from_uuid),
            is_enabled: row.is_enabled,
            access_token_lifetime: row.access_token_lifetime.map(from_seconds).transpose()?,
            refresh_idle_lifetime: row.refresh_idle_lifetime.map(from_seconds).transpose()?,
            refresh_absolute_lifetime: row
                .refresh_absolute_lifetime
                .map(from_seconds)
                .transpose()?,
            keys: keys_from_columns(row.jwks, row.jwks_uri)?,
            assertion_algorithm: row
                .assertion_algorithm
                .map(|name| {
                    AssertionAlgorithm::parse(&name).ok_or_else(|| corrupt("assertion_algorithm"))
                })
                .transpose()?,
            is_dpop_bound: row.is_dpop_bound,
            is_par_required: row.is_par_required,
            post_logout_redirect_uris: row.post_logout_redirect_uris,
            backchannel_logout_uri: row.backchannel_logout_uri,
            is_backchannel_session_required: row.is_backchannel_session_required,
            id_token_algorithm: row
                .id_token_algorithm
                .map(|name| name.parse().map_err(|_| corrupt("id_token_algorithm")))
                .transpose()?,
            client_uri: about.client_uri,
            logo_uri: about.logo_uri,
            policy_uri: about.policy_uri,
            tos_uri: about.tos_uri,
            software_id: about.software_id,
            software_version: about.software_version,
            created_at: row.created_at.into(),
        };
        let registration_token = match (
            row.registration_token_digest,
            row.registration_token_pepper_id,
        ) {
            (Some(digest), Some(pepper_id)) => Some(SecretDigest::from_row(&digest, pepper_id)?),
            _ => None,
        };
        let secrets = row.secrets.0.into_iter().map(ClientSecret::try_from);
        Ok(Self {
            client,
            secrets: secrets.collect::<Result<_, _>>()?,
            registration_token,
            updated_at: row.updated_at.into(),
        })
    }
}

pub(crate) fn scope_set(tokens: Vec<String>) -> Result<ScopeSet, StoreError> {
    ScopeSet::from_tokens(tokens).map_err(StoreError::corrupt)
}

pub(crate) fn as_texts<T>(values: &[T], text: impl Fn(&T) -> &str) -> Vec<String> {
    values.iter().map(|value| text(value).to_owned()).collect()
}

/// The rows of `client_resources`: none for a client without a limit.
pub(super) fn limited_to(client: &Client) -> Vec<Uuid> {
    client
        .resources
        .iter()
        .flatten()
        .map(ResourceId::as_uuid)
        .collect()
}
