//! How a tenant's settings are written; `row` reads them.

use protocol::{ScopeSet, TenantId};
use sqlx::types::Json;

use super::{SoftwareStatementIssuer, TenantSettings, to_seconds};
use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::answer;

impl PlatformScope {
    /// The part of the settings that is about clients, in the transaction of the others.
    pub(super) async fn update_client_policies(
        &mut self,
        tenant_id: TenantId,
        settings: &TenantSettings,
    ) -> Result<(), StoreError> {
        let registration = &settings.registration;
        let max_clients = i32::try_from(registration.max_clients).unwrap_or(i32::MAX);
        let documents = &settings.client_documents;
        let updated = sqlx::query!(
            "update tenants
             set registration_redirect_hosts = $2, registration_allows_loopback = $3,
                 registration_scopes = $4, registration_max_clients = $5,
                 registration_unused_lifetime = $6, software_statement_issuers = $7,
                 is_software_statement_required = $8, client_document_policy = $9,
                 client_document_domains = $10, tolerates_json_token_body = $11,
                 tolerates_confidential_without_pkce = $12, tolerates_token_endpoint_audience = $13,
                 tolerates_unauthenticated_introspection = $14
             where tenant_id = $1",
            tenant_id.as_uuid(),
            registration.redirect_hosts.as_deref(),
            registration.allows_loopback,
            registration.scopes.as_ref().map(ScopeSet::tokens),
            max_clients,
            to_seconds(registration.unused_lifetime),
            Json::<&[SoftwareStatementIssuer]>(&settings.software_statements) as _,
            settings.is_software_statement_required,
            documents.mode.as_str(),
            &documents.domains,
            settings.tolerances.json_token_body,
            settings.tolerances.confidential_without_pkce,
            settings.tolerances.token_endpoint_audience,
            settings.tolerances.unauthenticated_introspection,
        );
        answer!(self, updated, execute)?;
        Ok(())
    }

    /// The part that is about keys and tokens.
    pub(super) async fn update_token_settings(
        &mut self,
        tenant_id: TenantId,
        settings: &TenantSettings,
    ) -> Result<(), StoreError> {
        let updated = sqlx::query!(
            "update tenants
             set signing_algorithm = $2, signing_key_rotation_interval = $3, signing_key_lead = $4,
                 signing_key_wait = $5, rotates_confidential_refresh_tokens = $6,
                 is_dpop_nonce_required = $7, is_par_required = $8, device_authorization = $9
             where tenant_id = $1",
            tenant_id.as_uuid(),
            settings.signing_algorithm.as_str(),
            to_seconds(settings.signing_key_rotation_interval),
            to_seconds(settings.signing_key_lead),
            to_seconds(settings.signing_key_wait),
            settings.rotates_confidential_refresh_tokens,
            settings.is_dpop_nonce_required,
            settings.is_par_required,
            settings.device_authorization.as_str(),
        );
        answer!(self, updated, execute)?;
        Ok(())
    }
}
