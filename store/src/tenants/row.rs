//! The row of a tenant, and the way from there to [`Tenant`].

use std::sync::Arc;
use std::time::Duration;

use protocol::client::DeviceAuthorizationMode;
use protocol::client::registration::RegistrationPolicy;
use protocol::{Issuer, ResourceId, Slug, TenantId};
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    ClientDocumentPolicy, DocumentMode, RegistrationRules, SoftwareStatementIssuer, Tenant,
    TenantRecord, TenantSettings, TenantState, TenantTolerances,
};
use crate::clients::scope_set;
use crate::error::StoreError;

pub(super) struct TenantRow {
    pub tenant_id: Uuid,
    pub slug: String,
    pub display_name: String,
    pub issuer: String,
    pub state: String,
    pub is_system: bool,
    pub registration_policy: String,
    pub registration_redirect_hosts: Option<Vec<String>>,
    pub registration_allows_loopback: bool,
    pub registration_scopes: Option<Vec<String>>,
    pub registration_max_clients: i32,
    pub registration_unused_lifetime: i32,
    pub software_statement_issuers: Json<Vec<SoftwareStatementIssuer>>,
    pub is_software_statement_required: bool,
    pub client_document_policy: String,
    pub client_document_domains: Vec<String>,
    pub tolerates_json_token_body: bool,
    pub tolerates_confidential_without_pkce: bool,
    pub tolerates_token_endpoint_audience: bool,
    pub tolerates_unauthenticated_introspection: bool,
    pub access_token_lifetime: i32,
    pub refresh_idle_lifetime: i32,
    pub refresh_absolute_lifetime: i32,
    pub refresh_grace_window: i32,
    pub browser_session_lifetime: i32,
    pub default_resource_id: Option<Uuid>,
    pub private_use_redirect_uris: Vec<String>,
    pub signing_algorithm: String,
    pub signing_key_rotation_interval: i32,
    pub signing_key_lead: i32,
    pub signing_key_wait: i32,
    pub rotates_confidential_refresh_tokens: bool,
    pub is_dpop_nonce_required: bool,
    pub is_par_required: bool,
    pub device_authorization: String,
    pub deleted_after: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = StoreError;

    fn try_from(row: TenantRow) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(TenantRecord {
            settings: row.settings()?,
            state: row.state()?,
            deleted_after: row.deleted_after.map(Into::into),
            tenant_id: TenantId::from_uuid(row.tenant_id),
            slug: Slug::parse(&row.slug).map_err(StoreError::corrupt)?,
            display_name: row.display_name,
            issuer: Issuer::parse(&row.issuer).map_err(StoreError::corrupt)?,
            is_system: row.is_system,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })))
    }
}

impl TenantRow {
    /// To be deleted is a way of being suspended, in the table.
    fn state(&self) -> Result<TenantState, StoreError> {
        let state = TenantState::parse(&self.state);
        match state.ok_or_else(|| StoreError::corrupt("tenants.state"))? {
            TenantState::Suspended if self.deleted_after.is_some() => Ok(TenantState::Deleting),
            state => Ok(state),
        }
    }

    fn settings(&self) -> Result<TenantSettings, StoreError> {
        let corrupt = |column: &str| StoreError::corrupt(format!("tenants.{column}"));
        let scopes = self.registration_scopes.clone();
        Ok(TenantSettings {
            registration_policy: RegistrationPolicy::parse(&self.registration_policy)
                .ok_or_else(|| corrupt("registration_policy"))?,
            registration: RegistrationRules {
                redirect_hosts: self.registration_redirect_hosts.clone(),
                allows_loopback: self.registration_allows_loopback,
                scopes: scopes.map(scope_set).transpose()?,
                max_clients: u32::try_from(self.registration_max_clients)
                    .map_err(|_| corrupt("registration_max_clients"))?,
                unused_lifetime: from_seconds(self.registration_unused_lifetime)?,
            },
            software_statements: self.software_statement_issuers.0.clone(),
            is_software_statement_required: self.is_software_statement_required,
            client_documents: ClientDocumentPolicy {
                mode: DocumentMode::parse(&self.client_document_policy)
                    .ok_or_else(|| corrupt("client_document_policy"))?,
                domains: self.client_document_domains.clone(),
            },
            tolerances: TenantTolerances {
                json_token_body: self.tolerates_json_token_body,
                confidential_without_pkce: self.tolerates_confidential_without_pkce,
                token_endpoint_audience: self.tolerates_token_endpoint_audience,
                unauthenticated_introspection: self.tolerates_unauthenticated_introspection,
            },
            access_token_lifetime: from_seconds(self.access_token_lifetime)?,
            refresh_idle_lifetime: from_seconds(self.refresh_idle_lifetime)?,
            refresh_absolute_lifetime: from_seconds(self.refresh_absolute_lifetime)?,
            refresh_grace_window: from_seconds(self.refresh_grace_window)?,
            browser_session_lifetime: from_seconds(self.browser_session_lifetime)?,
            default_resource: self.default_resource_id.map(ResourceId::from_uuid),
            private_use_redirect_uris: self.private_use_redirect_uris.clone(),
            signing_algorithm: self
                .signing_algorithm
                .parse()
                .map_err(|_| corrupt("signing_algorithm"))?,
            signing_key_rotation_interval: from_seconds(self.signing_key_rotation_interval)?,
            signing_key_lead: from_seconds(self.signing_key_lead)?,
            signing_key_wait: from_seconds(self.signing_key_wait)?,
            rotates_confidential_refresh_tokens: self.rotates_confidential_refresh_tokens,
            is_dpop_nonce_required: self.is_dpop_nonce_required,
            is_par_required: self.is_par_required,
            device_authorization: DeviceAuthorizationMode::parse(&self.device_authorization)
                .ok_or_else(|| corrupt("device_authorization"))?,
        })
    }
}

/// A duration as columns keep it: whole seconds.
pub(crate) fn to_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

pub(crate) fn from_seconds(seconds: i32) -> Result<Duration, StoreError> {
    u64::try_from(seconds)
        .map(Duration::from_secs)
        .map_err(|_| StoreError::corrupt("a duration below zero"))
}
