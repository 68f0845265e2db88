//! POST …/tenants: an issuer that signs from its first moment.

use std::mem::take;

use authority::audit::EventType;
use protocol::{Issuer, Slug, TenantId};
use serde::Deserialize;
use store::{NewTenant, StoreError, TenantSettings};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::issuer_hosts::proof::require_proof;
use crate::operation::{Committed, Created};
use crate::principal::PlatformWrite;
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

/// A tenant to be made. Slug and issuer are for ever.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTenant, example = json!({"slug": "acme", "display_name": "Acme"}))]
pub struct NewTenantBody {
    /// Its name in this API, in the default issuer, in cookie names.
    #[schema(value_type = text::SlugText)]
    slug: String,
    /// What people read when they sign in.
    #[schema(value_type = text::Words)]
    display_name: String,
    /// Absent: `{WRIT_PUBLIC_URL}/t/{slug}`. At another host than that: one that was verified for this slug, unless you
    /// have the scope `installation:write`.
    #[schema(example = "https://auth.example.com/t/acme")]
    issuer: Option<String>,
    /// Absent: `open`.
    #[serde(default)]
    #[schema(value_type = Option<Registration>)]
    registration_policy: Change<Registration>,
    /// Hosts that https redirect URIs of registered clients may have, exactly; absent: any.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    registration_redirect_hosts: Change<Vec<String>>,
    /// Registered clients may have redirect URIs on the person's own machine.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    registration_allows_loopback: Change<bool>,
    /// What registered clients can have at most; absent: whatever the resources have.
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
    /// What access tokens are signed with; ID tokens can be had with RS256 besides.
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
    /// Of a document only (`tenant_documents`), which has the resource too.
    #[schema(ignore)]
    pub(crate) default_resource: Option<String>,
    /// Of a document only.
    #[schema(ignore)]
    pub(crate) state: Option<ChosenState>,
}

impl NewTenantBody {
    pub(crate) fn validate(mut self, api: &Api, tenant_id: TenantId) -> Result<NewTenant, Problem> {
        let mut faults = Faults::default();
        let slug = faults.take("slug", Slug::parse(&self.slug));
        if let Some(slug) = &slug {
            system::check_slug(&mut faults, "slug", slug);
        }
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
        // Told for the issuer, where that is what is wrong.
        let settings = self.settings(&mut faults, is_for_this_machine);
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

    fn settings(&mut self, faults: &mut Faults, has_loopback_issuer: bool) -> TenantSettings {
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
        let lifetimes = TenantSettings {
            access_token_lifetime: access,
            refresh_idle_lifetime: idle,
            refresh_absolute_lifetime: absolute,
            refresh_grace_window: grace,
            browser_session_lifetime: session,
            private_use_redirect_uris: settings::private_use_redirect_uris(
                faults,
                &self.private_use_redirect_uris,
            ),
            ..default
        };
        let settings = self.take_token_changes().apply(faults, lifetimes);
        self.take_policies()
            .apply(faults, settings, has_loopback_issuer)
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
    access: PlatformWrite<Tenants>,
    api: Api,
    Body(body): Body<NewTenantBody>,
) -> Result<Committed<Created<TenantOut>>, Problem> {
    for (member, is_said) in [
        ("default_resource", body.default_resource.is_some()),
        ("state", body.state.is_some()),
    ] {
        if is_said {
            let detail =
                "A new tenant is active and has no resources yet: change this once it is there.";
            return Err(Problem::malformed_field(member, detail));
        }
    }
    let now = api.now();
    let new = body.validate(&api, TenantId::generate(api.random(), now))?;
    // Before the transaction: making a key takes a while, and locks should not.
    let keys = api
        .authority()
        .key_ring()
        .make_first_keys(new.tenant_id, new.settings.signing_algorithm)
        .await
        .map_err(Problem::internal)?;
    let mut platform = access.open(&api).await?;
    require_proof(&mut platform, &api, &access.caller, &new).await?;
    let tenant = platform
        .insert_tenant(&new, now)
        .await
        .map_err(|error| taken(error, &new))?;
    let mut scope = platform.into_tenant(&tenant).await?;
    for key in &keys {
        scope.insert_signing_key(key, now).await?;
    }
    let thing = TenantOut::new(&tenant);
    let target = audit::target("tenant", &tenant.id());
    let recorded = scope
        .record(EventType::TenantCreated, target, Changes::created(&thing))
        .await?;

    recorded
        .commit(Created {
            location: tenants::location(tenant.slug()),
            thing,
        })
        .await
}

pub(crate) fn taken(error: StoreError, new: &NewTenant) -> Problem {
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

#[cfg(test)]
mod tests {
    use protocol::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    fn faults_of(api: &Api, mut body: Value) -> Vec<String> {
        body["display_name"] = json!("Acme");
        let body: NewTenantBody = serde_json::from_value(body).unwrap();
        let tenant_id = TenantId::generate(api.random(), Timestamp::from_unix_seconds(0));
        let refused = body.validate(api, tenant_id).err();
        let errors = refused.iter().flat_map(Problem::errors);
        errors.map(|error| error.field.clone()).collect()
    }

    /// What everybody can open seals no keys that others rely on.
    #[actix_web::test]
    async fn well_known_development_keys_refuse_issuers_of_other_machines() {
        let (known, own) = (testing::api_with_development_keys(), testing::api());
        let of = |api, issuer: &str| faults_of(api, json!({"slug": "acme", "issuer": issuer}));
        for issuer in [
            "https://auth.example",
            "https://auth.example/t/acme",
            "https://localhost.auth.example",
        ] {
            assert_eq!(of(&known, issuer), ["issuer"], "{issuer}");
            assert!(of(&own, issuer).is_empty(), "{issuer}");
        }
        for issuer in [
            "http://localhost:9000/t/acme",
            "https://localhost",
            "http://127.0.0.1:9000",
        ] {
            assert!(of(&known, issuer).is_empty(), "{issuer}");
        }
        // The default issuer is below the public URL, which is on localhost here.
        assert!(faults_of(&known, json!({"slug": "acme"})).is_empty());
    }

    /// RFC 7662 §4.
    #[actix_web::test]
    async fn unauthenticated_introspection_is_for_localhost() {
        let api = testing::api();
        let of = |issuer: &str| {
            let switches = json!({"unauthenticated_introspection": true});
            faults_of(
                &api,
                json!({"slug": "acme", "issuer": issuer, "compatibility": switches}),
            )
        };
        assert_eq!(
            of("https://auth.example"),
            ["compatibility.unauthenticated_introspection"]
        );
        assert!(of("http://localhost:9000/t/acme").is_empty());
        // One fault is told once: the issuer that is none.
        assert_eq!(of("auth.example"), ["issuer"]);
    }
}
