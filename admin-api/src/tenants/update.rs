//! PATCH …/tenants/{tenant}: settings; suspending and resuming.

use std::mem::take;

use authority::audit::EventType;
use protocol::AdminObject;
use serde::Deserialize;
use store::{PlatformScope, StoreError, Tenant, TenantSettings, TenantState, TenantUpdate};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Tenants;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::tenants::policies::{
    CompatibilityChanges, DocumentPolicy, IssuerBody, PolicyChanges, Registration,
};
use crate::tenants::tokens::{Algorithm, DeviceAuthorization, TokenChanges};
use crate::tenants::{self, ChosenState, TenantOut, settings, system};
use crate::text;
use crate::wire;

/// Changes to a tenant. Absent: unchanged; null: back to the default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantChanges, example = json!({"access_token_lifetime": 3600, "default_resource": null}))]
pub struct TenantPatch {
    #[serde(default)]
    #[schema(value_type = text::Words)]
    display_name: Change<String>,
    /// For platform keys only.
    #[serde(default)]
    #[schema(value_type = ChosenState)]
    state: Change<ChosenState>,
    #[serde(default)]
    #[schema(value_type = Option<Registration>)]
    registration_policy: Change<Registration>,
    /// Hosts that https redirect URIs of registered clients may have, exactly; null: any.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    registration_redirect_hosts: Change<Vec<String>>,
    /// Registered clients may have redirect URIs on the person's own machine.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    registration_allows_loopback: Change<bool>,
    /// What registered clients can have at most; null: whatever the resources have.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    registration_scopes: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    registration_max_clients: Change<u32>,
    /// Seconds after which a registration that led to no grant is removed.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 3_600, maximum = 31_536_000)]
    registration_unused_lifetime: Change<u64>,
    /// Whose software statements are believed (RFC 7591 §2.3); at most 10.
    #[serde(default)]
    #[schema(value_type = Option<Vec<IssuerBody>>)]
    software_statement_issuers: Change<Vec<IssuerBody>>,
    /// A registration without a software statement is refused.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_software_statement_required: Change<bool>,
    /// Whose metadata documents are fetched.
    #[serde(default)]
    #[schema(value_type = Option<DocumentPolicy>)]
    client_document_policy: Change<DocumentPolicy>,
    /// The domains of the list, each with its subdomains; no patterns.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    client_document_domains: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<CompatibilityChanges>)]
    compatibility: Change<CompatibilityChanges>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 60, maximum = 86_400)]
    access_token_lifetime: Change<u64>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 300, maximum = 31_536_000)]
    refresh_idle_lifetime: Change<u64>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 300, maximum = 63_072_000)]
    refresh_absolute_lifetime: Change<u64>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 600)]
    refresh_grace_window: Change<u64>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 300, maximum = 2_592_000)]
    browser_session_lifetime: Change<u64>,
    /// The id of one of its resources.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    default_resource: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    private_use_redirect_uris: Change<Vec<String>>,
    /// What access tokens are signed with; ID tokens can be had with RS256 besides.
    /// Another one is in force with the next rotation, which becomes due.
    #[serde(default)]
    #[schema(value_type = Option<Algorithm>)]
    signing_algorithm: Change<Algorithm>,
    /// Seconds that a key signs before the next one does.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 86_400, maximum = 63_072_000)]
    signing_key_rotation_interval: Change<u64>,
    /// Seconds that a key is published before it signs.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 3_600, maximum = 604_800)]
    signing_key_lead: Change<u64>,
    /// Seconds more that a rotation waits for resources that have a JWKS URL of their own and have not
    /// fetched the next key.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 604_800)]
    signing_key_wait: Change<u64>,
    /// Refresh tokens of clients that authenticate are spent by a refresh too, as public clients' always are.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    rotates_confidential_refresh_tokens: Change<bool>,
    /// DPoP proofs carry a nonce of this server's (RFC 9449 §8).
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_dpop_nonce_required: Change<bool>,
    /// Authorization requests come by PAR only (RFC 9126 §5).
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_par_required: Change<bool>,
    /// Whose device requests are taken (RFC 8628).
    #[serde(default)]
    #[schema(value_type = Option<DeviceAuthorization>)]
    device_authorization: Change<DeviceAuthorization>,
}

struct Valid {
    update: TenantUpdate,
    state: Option<ChosenState>,
}

impl TenantPatch {
    fn validate(mut self, tenant: &Tenant) -> Result<Valid, Problem> {
        let mut faults = Faults::default();
        let (now, default) = (tenant.settings().clone(), TenantSettings::default());
        let (policies, tokens) = (self.take_policies(), self.take_token_changes());
        let display_name = self.display_name.required("display_name", &mut faults);
        let display_name = display_name
            .map(|name| wire::words(&mut faults, "display_name", &name, wire::NAME_LIMIT));
        let state = self.state.required("state", &mut faults);
        let mut lifetime =
            |field, change, bounds| wire::lifetime_change(&mut faults, field, change, bounds);
        let access = lifetime(
            "access_token_lifetime",
            self.access_token_lifetime,
            &wire::ACCESS_TOKEN_LIFETIME,
        );
        let idle = lifetime(
            "refresh_idle_lifetime",
            self.refresh_idle_lifetime,
            &wire::REFRESH_IDLE_LIFETIME,
        );
        let absolute = lifetime(
            "refresh_absolute_lifetime",
            self.refresh_absolute_lifetime,
            &wire::REFRESH_ABSOLUTE_LIFETIME,
        );
        let grace = lifetime(
            "refresh_grace_window",
            self.refresh_grace_window,
            &wire::REFRESH_GRACE_WINDOW,
        );
        let session = lifetime(
            "browser_session_lifetime",
            self.browser_session_lifetime,
            &wire::BROWSER_SESSION_LIFETIME,
        );
        let uris = self
            .private_use_redirect_uris
            .map(|uris| settings::private_use_redirect_uris(&mut faults, &uris));
        let resource_id = match self.default_resource {
            Change::Keep => now.default_resource,
            Change::Reset => None,
            Change::Set(id) => {
                let unknown = "Not the id of a resource of this tenant; list its resources.";
                faults.take("default_resource", id.parse().map_err(|_| unknown))
            }
        };
        let settings = TenantSettings {
            access_token_lifetime: access
                .apply_or(now.access_token_lifetime, || default.access_token_lifetime),
            refresh_idle_lifetime: idle
                .apply_or(now.refresh_idle_lifetime, || default.refresh_idle_lifetime),
            refresh_absolute_lifetime: absolute.apply_or(now.refresh_absolute_lifetime, || {
                default.refresh_absolute_lifetime
            }),
            refresh_grace_window: grace
                .apply_or(now.refresh_grace_window, || default.refresh_grace_window),
            browser_session_lifetime: session.apply_or(now.browser_session_lifetime, || {
                default.browser_session_lifetime
            }),
            default_resource: resource_id,
            private_use_redirect_uris: uris
                .apply_or(now.private_use_redirect_uris.clone(), Vec::new),
            ..now
        };
        let settings = policies.apply(&mut faults, settings, tenant.issuer().is_loopback());
        let settings = tokens.apply(&mut faults, settings);
        settings::check_refresh_lifetimes(
            &mut faults,
            settings.refresh_idle_lifetime,
            settings.refresh_absolute_lifetime,
        );
        faults.finish()?;
        let display_name = display_name.unwrap_or_else(|| tenant.display_name().to_owned());
        Ok(Valid {
            update: TenantUpdate {
                display_name,
                settings,
            },
            state,
        })
    }

    fn take_policies(&mut self) -> PolicyChanges {
        PolicyChanges {
            registration_policy: take(&mut self.registration_policy),
            registration_redirect_hosts: take(&mut self.registration_redirect_hosts),
            registration_allows_loopback: take(&mut self.registration_allows_loopback),
            registration_scopes: take(&mut self.registration_scopes),
            registration_max_clients: take(&mut self.registration_max_clients),
            registration_unused_lifetime: take(&mut self.registration_unused_lifetime),
            software_statement_issuers: take(&mut self.software_statement_issuers),
            is_software_statement_required: take(&mut self.is_software_statement_required),
            client_document_policy: take(&mut self.client_document_policy),
            client_document_domains: take(&mut self.client_document_domains),
            compatibility: take(&mut self.compatibility),
        }
    }

    fn take_token_changes(&mut self) -> TokenChanges {
        TokenChanges {
            signing_algorithm: take(&mut self.signing_algorithm),
            signing_key_rotation_interval: take(&mut self.signing_key_rotation_interval),
            signing_key_lead: take(&mut self.signing_key_lead),
            signing_key_wait: take(&mut self.signing_key_wait),
            rotates_confidential_refresh_tokens: take(
                &mut self.rotates_confidential_refresh_tokens,
            ),
            is_dpop_nonce_required: take(&mut self.is_dpop_nonce_required),
            is_par_required: take(&mut self.is_par_required),
            device_authorization: take(&mut self.device_authorization),
        }
    }
}

/// Change a tenant
///
/// `state: "suspended"` makes its issuer answer nothing, at once; `"active"` resumes it.
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenant}",
    tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = TenantPatch,
    responses((status = 200, description = "The tenant as it is now.", body = TenantOut)),
)]
pub async fn update_tenant(
    access: TenantWrite<Tenants>,
    api: Api,
    Body(body): Body<TenantPatch>,
) -> Result<Committed<Found<TenantOut>>, Problem> {
    if !body.state.is_keep() {
        // Whoever administers one tenant neither suspends nor resumes it.
        access
            .caller
            .require_on_platform(AdminObject::Tenants, true)?;
    }
    let now = api.now();
    let mut platform = access.open_platform(&api).await?;
    // Locked, so that what another call changes at the same time is not written back.
    let current = platform.find_tenant_for_update(access.tenant.id()).await?;
    let current = current.ok_or_else(tenants::unknown)?;
    let before = TenantOut::new(&current);
    let valid = body.validate(&current)?;
    system::check_settings(&current, &valid.update.settings)?;
    if matches!(valid.state, Some(ChosenState::Suspended)) {
        system::refuse_to_end(&current)?;
    }
    if valid.state.is_some() && current.state() == TenantState::Deleting {
        let detail = "The tenant is to be deleted: restore it first.";
        return Err(Problem::conflict("state", detail));
    }
    let updated = platform
        .update_tenant(&current, &valid.update, now)
        .await
        .map_err(unknown_resource)?;
    let mut tenant = updated.ok_or_else(tenants::unknown)?;
    let mut event_type = EventType::TenantUpdated;
    if let Some(moved) = move_to(&mut platform, &tenant, valid.state, now).await? {
        event_type = moved;
        tenant = platform
            .find_tenant(tenant.id())
            .await?
            .ok_or_else(tenants::unknown)?;
    }
    let after = TenantOut::new(&tenant);
    let scope = platform.into_tenant(&tenant).await?;
    let target = audit::target("tenant", &tenant.id());
    let recorded = scope
        .record(event_type, target, Changes::updated(&before, &after))
        .await?;

    recorded.commit(Found(after)).await
}

/// Nothing where it is so already.
async fn move_to(
    platform: &mut PlatformScope,
    tenant: &Tenant,
    state: Option<ChosenState>,
    now: protocol::Timestamp,
) -> Result<Option<EventType>, StoreError> {
    let (is_moved, event_type) = match state {
        None => return Ok(None),
        Some(ChosenState::Suspended) => (
            platform.suspend_tenant(tenant, now).await?,
            EventType::TenantSuspended,
        ),
        Some(ChosenState::Active) => (
            platform.resume_tenant(tenant, now).await?,
            EventType::TenantResumed,
        ),
    };
    Ok(is_moved.then_some(event_type))
}

/// The only foreign key in these columns: (tenant, default resource).
fn unknown_resource(error: StoreError) -> Problem {
    if error.conflict().is_some() {
        let mut faults = Faults::default();
        faults.add(
            "default_resource",
            "Not the id of a resource of this tenant; list its resources.",
        );
        return faults.finish().err().unwrap_or_else(tenants::unknown);
    }
    Problem::from(error)
}
