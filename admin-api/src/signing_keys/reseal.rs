//! POST /admin/v1/signing-keys/reseal.

use authority::signing_key_rotation::{FailedReseal, ResealReport};
use protocol::Slug;
use serde::{Deserialize, Serialize};
use store::Tenant;
use utoipa::ToSchema;

use crate::api::Api;
use crate::operation::{Deed, Found};
use crate::principal::PlatformWrite;
use crate::principal::kinds::SigningKeys;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::signing_keys::{acted_by, failed};

/// So many at a call, about: it answers before anybody's patience ends.
const AT_ONCE: u32 = 1_000;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResealRequest, example = json!({"tenant": "acme"}))]
pub struct ResealBody {
    /// A tenant's slug; absent: every tenant.
    tenant: Option<String>,
}

/// What was sealed anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reseal)]
pub struct ResealOut {
    /// The key-encryption key that keys are sealed under now: the first of the list.
    pub kek_id: String,
    pub resealed: u64,
    /// Of how many tenants.
    pub tenants: u64,
    /// Still under other keys, of all tenants: call again, or see `failed`.
    pub left: u64,
    pub failed: Vec<FailedOut>,
}

/// A key that could not be opened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedReseal)]
pub struct FailedOut {
    #[schema(example = "acme")]
    pub tenant: String,
    pub kid: String,
    pub kek_id: String,
    pub reason: String,
}

/// Seal signing keys anew
///
/// Under the first key of WRIT_ENCRYPTION_KEYS, after one was put in front and before an old one is taken away. A
/// thousand keys a call, about: call again while `left` is not zero. `writ keys reseal` does the same.
#[utoipa::path(
    post,
    path = "/admin/v1/signing-keys/reseal",
    tag = "signing-keys",
    request_body = ResealBody,
    responses((status = 200, description = "What was sealed anew.", body = ResealOut)),
)]
pub async fn reseal_signing_keys(
    access: PlatformWrite<SigningKeys>,
    api: Api,
    Body(body): Body<ResealBody>,
) -> Result<Deed<Found<ResealOut>>, Problem> {
    let deed = access.irreversible(&api)?;
    let tenant = match &body.tenant {
        Some(slug) => Some(find_tenant(&access, &api, slug).await?),
        None => None,
    };
    let by = acted_by(&access.caller, None);
    let report = api
        .authority()
        .reseal_signing_keys(tenant.as_ref(), by, AT_ONCE)
        .await
        .map_err(failed)?;
    deed.done(Found(ResealOut::from(report))).await
}

async fn find_tenant(
    access: &PlatformWrite<SigningKeys>,
    api: &Api,
    slug: &str,
) -> Result<Tenant, Problem> {
    let mut platform = access.read(api).await?;
    let found = match Slug::parse(slug) {
        Ok(slug) => platform.find_tenant_by_slug(&slug).await?,
        Err(_) => None,
    };
    platform.end().await?;
    let mut faults = Faults::default();
    let unknown = "Not the slug of a tenant; GET /admin/v1/tenants lists them.";
    let tenant = faults.take("tenant", found.ok_or(unknown));
    faults.finish()?;
    tenant.ok_or_else(|| Problem::internal("a fault was not named"))
}

impl From<ResealReport> for ResealOut {
    fn from(report: ResealReport) -> Self {
        Self {
            kek_id: report.kek_id,
            resealed: report.resealed,
            tenants: report.tenants,
            left: report.left,
            failed: report.failed.into_iter().map(FailedOut::from).collect(),
        }
    }
}

impl From<FailedReseal> for FailedOut {
    fn from(failed: FailedReseal) -> Self {
        Self {
            tenant: failed.tenant,
            kid: failed.kid,
            kek_id: failed.kek_id,
            reason: failed.reason,
        }
    }
}
