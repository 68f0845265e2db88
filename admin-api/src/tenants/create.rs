//! POST …/tenants: an issuer that signs from its first moment.

use authority::audit::EventType;
use protocol::{Issuer, Slug, TenantId};
use serde::Deserialize;
use store::{NewTenant, StoreError, TenantSettings};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::Created;
use crate::principal::PlatformWrite;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::tenants::{self, Registration, TenantOut, settings};
use crate::wire;

/// A tenant to be made. Slug and issuer are for ever.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTenant, example = json!({"slug": "acme", "display_name": "Acme"}))]
pub struct NewTenantBody {
    /// Its name in this API, in the default issuer, in cookie names.
    slug: String,
    /// What people read when they sign in.
    display_name: String,
    /// Absent: `{WRIT_PUBLIC_URL}/t/{slug}`.
    #[schema(example = "https://auth.example.com/t/acme")]
    issuer: Option<String>,
    /// Absent: `open`.
    registration_policy: Option<Registration>,
    #[schema(minimum = 60, maximum = 86_400, default = 900)]
    access_token_lifetime: Option<u64>,
    #[schema(minimum = 300, maximum = 31_536_000)]
    refresh_idle_lifetime: Option<u64>,
    #[schema(minimum = 300, maximum = 63_072_000)]
    refresh_absolute_lifetime: Option<u64>,
    #[schema(minimum = 0, maximum = 600, default = 60)]
    refresh_grace_window: Option<u64>,
    #[schema(minimum = 300, maximum = 2_592_000)]
    browser_session_lifetime: Option<u64>,
    #[serde(default)]
    private_use_redirect_uris: Vec<String>,
}

impl NewTenantBody {
    fn validate(&self, api: &Api, tenant_id: TenantId) -> Result<NewTenant, Problem> {
        let mut faults = Faults::default();
        let slug = faults.take("slug", Slug::parse(&self.slug));
        let issuer = match &self.issuer {
            Some(issuer) => issuer.clone(),
            None => format!("{}/t/{}", api.public_url(), self.slug),
        };
        // Without an issuer of its own, a fault of the slug is told once, as that.
        let issuer = match (self.issuer.is_some(), &slug) {
            (false, None) => None,
            _ => faults.take("issuer", Issuer::parse(&issuer)),
        };
        let is_for_this_machine = issuer.as_ref().is_none_or(Issuer::is_loopback);
        if api.has_development_keys() && !is_for_this_machine {
            faults.add(
                "issuer",
                "Its keys would be sealed under a key that everybody knows. \
                 Set WRIT_ENCRYPTION_KEYS and WRIT_SECRET_PEPPERS first, or use an issuer on localhost.",
            );
        }
        let display_name = wire::words(
            &mut faults,
            "display_name",
            &self.display_name,
            wire::NAME_LIMIT,
        );
        let settings = self.settings(&mut faults);
        faults.finish()?;
        match (slug, issuer) {
            (Some(slug), Some(issuer)) => Ok(NewTenant {
                tenant_id,
                slug,
                display_name,
                issuer,
                settings,
            }),
            _ => Err(Problem::internal("a fault was not named")),
        }
    }

    fn settings(&self, faults: &mut Faults) -> TenantSettings {
        let default = TenantSettings::default();
        let mut or = |field, seconds: Option<u64>, bounds, default| {
            seconds.map_or(default, |seconds| {
                wire::lifetime(faults, field, seconds, bounds)
            })
        };
        let access = or(
            "access_token_lifetime",
            self.access_token_lifetime,
            &wire::ACCESS_TOKEN_LIFETIME,
            default.access_token_lifetime,
        );
        let idle = or(
            "refresh_idle_lifetime",
            self.refresh_idle_lifetime,
            &wire::REFRESH_IDLE_LIFETIME,
            default.refresh_idle_lifetime,
        );
        let absolute = or(
            "refresh_absolute_lifetime",
            self.refresh_absolute_lifetime,
            &wire::REFRESH_ABSOLUTE_LIFETIME,
            default.refresh_absolute_lifetime,
        );
        let grace = or(
            "refresh_grace_window",
            self.refresh_grace_window,
            &wire::REFRESH_GRACE_WINDOW,
            default.refresh_grace_window,
        );
        let session = or(
            "browser_session_lifetime",
            self.browser_session_lifetime,
            &wire::BROWSER_SESSION_LIFETIME,
            default.browser_session_lifetime,
        );
        // A short absolute lifetime alone shortens the idle one with it.
        let idle = if self.refresh_idle_lifetime.is_none() {
            idle.min(absolute)
        } else {
            idle
        };
        settings::check_refresh_lifetimes(faults, idle, absolute);
        TenantSettings {
            registration_policy: self
                .registration_policy
                .map_or(default.registration_policy, Into::into),
            access_token_lifetime: access,
            refresh_idle_lifetime: idle,
            refresh_absolute_lifetime: absolute,
            refresh_grace_window: grace,
            browser_session_lifetime: session,
            default_resource: None,
            private_use_redirect_uris: settings::private_use_redirect_uris(
                faults,
                &self.private_use_redirect_uris,
            ),
        }
    }
}

/// Create a tenant
///
/// Makes its issuer and its first signing key. Slug and issuer can never be changed, and never be used
/// again after the tenant is deleted: old tokens still name them.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants",
    tag = "tenants",
    request_body = NewTenantBody,
    responses((status = 201, description = "The tenant.", body = TenantOut)),
)]
pub async fn create_tenant(
    access: PlatformWrite,
    api: Api,
    Body(body): Body<NewTenantBody>,
) -> Result<Created<TenantOut>, Problem> {
    let now = api.now();
    let new = body.validate(&api, TenantId::generate(api.random(), now))?;
    // Before the transaction: making a key takes a while, and locks should not.
    let key = api
        .authority()
        .key_ring()
        .generate_signing_key(new.tenant_id)
        .await
        .map_err(Problem::internal)?;
    let mut platform = api.database().platform().await?;
    let tenant = platform
        .insert_tenant(&new, now)
        .await
        .map_err(|error| taken(error, &new))?;
    let mut scope = platform.into_tenant(&tenant).await?;
    scope.insert_signing_key(&key, now).await?;
    let thing = TenantOut::new(&tenant);
    let target = audit::target("tenant", &tenant.id());
    let event = audit::event(
        &api,
        &access.caller,
        EventType::TenantCreated,
        target,
        Changes::created(&thing),
    );
    scope.insert_audit_event(&event).await?;
    scope.commit().await?;
    Ok(Created {
        location: tenants::location(tenant.slug()),
        thing,
    })
}

fn taken(error: StoreError, new: &NewTenant) -> Problem {
    Problem::from_conflict(error, |constraint| match constraint {
        "tenants_slug_is_unique" => Some((
            "slug",
            format!(
                "{} was given out before; slugs are never used again. Choose another.",
                new.slug
            ),
        )),
        "tenants_issuer_is_unique" | "tenants_location_is_unique" => Some((
            "issuer",
            format!(
                "{} was given out before (a trailing slash makes no difference); issuers are never used again. \
                 Choose another.",
                new.issuer.as_str()
            ),
        )),
        "tenants_location_is_nested" => Some((
            "issuer",
            format!(
                "{} lies inside another issuer's path, or another inside it. Choose another.",
                new.issuer.as_str()
            ),
        )),
        _ => None,
    })
}
