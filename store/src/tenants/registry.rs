//! The registry: how tenants are made, found, listed and ended. It stands above tenants.

use std::time::Duration;

use protocol::issuer::ROOT_ALIAS_PATH;
use protocol::{Issuer, Slug, TenantId, Timestamp};
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{NewTenant, SoftwareStatementIssuer, Tenant, TenantRow, TenantUpdate, to_seconds};
use crate::changes::{Change, ChangeKind};
use crate::due_work::DueWorkKind;
use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::answer;

/// Swept for the first time when there may be something to sweep.
const FIRST_SWEEP_AFTER: Duration = Duration::from_hours(24);

macro_rules! select_tenants {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            TenantRow,
            r#"select tenant_id, slug, display_name, issuer, state, is_system, registration_policy,
                 registration_redirect_hosts, registration_allows_loopback, registration_scopes,
                 registration_max_clients, registration_unused_lifetime,
                 software_statement_issuers as "software_statement_issuers: Json<Vec<SoftwareStatementIssuer>>",
                 is_software_statement_required, client_document_policy, client_document_domains,
                 tolerates_json_token_body, tolerates_confidential_without_pkce,
                 tolerates_token_endpoint_audience, tolerates_unauthenticated_introspection,
                 access_token_lifetime, refresh_idle_lifetime, refresh_absolute_lifetime,
                 refresh_grace_window, browser_session_lifetime, default_resource_id,
                 private_use_redirect_uris, signing_algorithm, signing_key_rotation_interval,
                 signing_key_lead, signing_key_wait, rotates_confidential_refresh_tokens,
                 is_dpop_nonce_required, is_par_required, device_authorization, deleted_after,
                 created_at, updated_at from tenants "#
                + $rest
            $(, $argument)*
        )
    };
}

mod states;
mod system;

impl PlatformScope {
    /// [`StoreError::Conflict`] when slug or issuer were ever taken, or when one issuer would lie
    /// inside the other's path (`tenants_location_is_nested`).
    pub async fn insert_tenant(
        &mut self,
        new: &NewTenant,
        now: Timestamp,
    ) -> Result<Tenant, StoreError> {
        self.refuse_nested_issuer(&new.issuer).await?;
        let settings = &new.settings;
        let location = new.issuer.location();
        let inserted = sqlx::query!(
            "insert into tenants (tenant_id, slug, display_name, issuer, issuer_host, issuer_path, state,
                 registration_policy, access_token_lifetime, refresh_idle_lifetime,
                 refresh_absolute_lifetime, refresh_grace_window, browser_session_lifetime,
                 private_use_redirect_uris, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, 'active', $7, $8, $9, $10, $11, $12, $13, $14, $14)",
            new.tenant_id.as_uuid(),
            new.slug.as_str(),
            new.display_name,
            new.issuer.as_str(),
            location.host,
            location.path,
            settings.registration_policy.as_str(),
            to_seconds(settings.access_token_lifetime),
            to_seconds(settings.refresh_idle_lifetime),
            to_seconds(settings.refresh_absolute_lifetime),
            to_seconds(settings.refresh_grace_window),
            to_seconds(settings.browser_session_lifetime),
            &settings.private_use_redirect_uris,
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        self.update_client_policies(new.tenant_id, settings).await?;
        self.update_token_settings(new.tenant_id, settings).await?;
        self.insert_due_work(
            new.tenant_id,
            DueWorkKind::Sweep,
            now + FIRST_SWEEP_AFTER,
            now,
        )
        .await?;
        // Its keys are inserted in the same transaction; the job then works out when to look again.
        self.insert_due_work(new.tenant_id, DueWorkKind::SigningKeys, now, now)
            .await?;
        self.note_change(Change::of_tenant(new.tenant_id, ChangeKind::Tenant));
        let inserted = self.find_tenant(new.tenant_id).await?;
        inserted.ok_or_else(|| StoreError::corrupt("a tenant that was just inserted"))
    }

    /// Below a root issuer others may stand; elsewhere one issuer's path never holds another's.
    async fn refuse_nested_issuer(&mut self, issuer: &Issuer) -> Result<(), StoreError> {
        let location = issuer.location();
        // Two issuers that nest are created at once only on one host: in turn, then.
        self.wait_for_issuer_host(&location.host).await?;
        // Of what stands below a root issuer, only that which would take its aliases is in the way.
        let (above, path) = if location.is_root() {
            (vec![ROOT_ALIAS_PATH.to_owned()], ROOT_ALIAS_PATH)
        } else {
            (location.path_prefixes(), location.path.as_str())
        };
        // '0' follows '/': everything between begins with this path and a slash.
        let (from, to) = (format!("{path}/"), format!("{path}0"));
        let nested = sqlx::query_scalar!(
            r#"select exists (select from tenants where issuer_host = $1 and issuer_path = any($2)
                                and issuer_path <> $5)
                   or exists (select from tenants
                              where issuer_host = $1 and issuer_path >= $3 and issuer_path < $4) as "nested!""#,
            location.host,
            &above,
            from,
            to,
            location.path,
        );
        if answer!(self, nested, fetch_one)? {
            return Err(StoreError::Conflict(
                "tenants_location_is_nested".to_owned(),
            ));
        }
        Ok(())
    }

    /// For requests: an active tenant at exactly this place.
    pub async fn find_tenant_by_location(
        &mut self,
        host: &str,
        path: &str,
    ) -> Result<Option<Tenant>, StoreError> {
        let tenant = self
            .find_tenant_by_location_in_any_state(host, path)
            .await?;
        Ok(tenant.filter(Tenant::is_active))
    }

    /// For what outlives a tenant's service, such as its public keys.
    pub async fn find_tenant_by_location_in_any_state(
        &mut self,
        host: &str,
        path: &str,
    ) -> Result<Option<Tenant>, StoreError> {
        let row = select_tenants!("where issuer_host = $1 and issuer_path = $2", host, path);
        answer!(self, row, fetch_optional)?
            .map(Tenant::try_from)
            .transpose()
    }

    /// For operators: suspended tenants too, deleted ones not.
    pub async fn find_tenant_by_slug(&mut self, slug: &Slug) -> Result<Option<Tenant>, StoreError> {
        let row = select_tenants!("where slug = $1 and state <> 'deleted'", slug.as_str());
        answer!(self, row, fetch_optional)?
            .map(Tenant::try_from)
            .transpose()
    }

    /// For jobs, in any state.
    pub async fn find_tenant_by_issuer(
        &mut self,
        issuer: &str,
    ) -> Result<Option<Tenant>, StoreError> {
        let row = select_tenants!("where issuer = $1 and state <> 'deleted'", issuer,);
        answer!(self, row, fetch_optional)?
            .map(Tenant::try_from)
            .transpose()
    }

    /// One of those at this host, suspended or not, and not deleted.
    pub async fn find_tenant_at_host(&mut self, host: &str) -> Result<Option<Tenant>, StoreError> {
        let row = select_tenants!(
            "where issuer_host = $1 and state <> 'deleted' order by issuer_path limit 1",
            host
        );
        answer!(self, row, fetch_optional)?
            .map(Tenant::try_from)
            .transpose()
    }

    pub async fn find_tenant(&mut self, tenant_id: TenantId) -> Result<Option<Tenant>, StoreError> {
        let row = select_tenants!("where tenant_id = $1", tenant_id.as_uuid());
        answer!(self, row, fetch_optional)?
            .map(Tenant::try_from)
            .transpose()
    }

    /// The row is ours until the transaction ends: for a change that depends on what was there.
    /// Suspended tenants too, deleted ones not.
    pub async fn find_tenant_for_update(
        &mut self,
        tenant_id: TenantId,
    ) -> Result<Option<Tenant>, StoreError> {
        let row = select_tenants!(
            "where tenant_id = $1 and state <> 'deleted' for no key update",
            tenant_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(Tenant::try_from)
            .transpose()
    }

    /// In the order in which they were made, without deleted ones.
    pub async fn list_tenants(
        &mut self,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<Tenant>, StoreError> {
        let after = after.map_or(Uuid::nil(), |id| id.as_uuid());
        let rows = select_tenants!(
            "where tenant_id > $1 and state <> 'deleted' order by tenant_id limit $2",
            after,
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(Tenant::try_from)
            .collect()
    }

    /// The tenant as it is now; `None` when it is deleted.
    pub async fn update_tenant(
        &mut self,
        tenant: &Tenant,
        update: &TenantUpdate,
        now: Timestamp,
    ) -> Result<Option<Tenant>, StoreError> {
        let settings = &update.settings;
        if settings.has_other_key_schedule(tenant.settings()) {
            self.insert_due_work(tenant.id(), DueWorkKind::SigningKeys, now, now)
                .await?;
        }
        let updated = sqlx::query!(
            "update tenants
             set display_name = $2, registration_policy = $3, access_token_lifetime = $4,
                 refresh_idle_lifetime = $5, refresh_absolute_lifetime = $6, refresh_grace_window = $7,
                 browser_session_lifetime = $8, default_resource_id = $9,
                 private_use_redirect_uris = $10, updated_at = $11
             where tenant_id = $1 and state <> 'deleted'",
            tenant.id().as_uuid(),
            update.display_name,
            settings.registration_policy.as_str(),
            to_seconds(settings.access_token_lifetime),
            to_seconds(settings.refresh_idle_lifetime),
            to_seconds(settings.refresh_absolute_lifetime),
            to_seconds(settings.refresh_grace_window),
            to_seconds(settings.browser_session_lifetime),
            settings.default_resource.map(|id| id.as_uuid()),
            &settings.private_use_redirect_uris,
            OffsetDateTime::from(now),
        );
        if answer!(self, updated, execute)?.rows_affected() == 0 {
            return Ok(None);
        }
        self.update_client_policies(tenant.id(), settings).await?;
        self.update_token_settings(tenant.id(), settings).await?;
        self.note_change(Change::of_tenant(tenant.id(), ChangeKind::Tenant));
        self.find_tenant(tenant.id()).await
    }
}
