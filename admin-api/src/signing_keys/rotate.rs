//! POST …/signing-keys/rotate.

use authority::signing_key_rotation::RotationReport;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantWrite;
use crate::problem::Problem;
use crate::request::Body;
use crate::signing_keys::{acted_by, failed};
use crate::wire;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SigningKeyRotationRequest, example = json!({"dry_run": true}))]
pub struct RotationBody {
    /// Only say what would happen, and when.
    #[serde(default)]
    dry_run: bool,
}

/// What a rotation comes to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKeyRotation)]
pub struct RotationOut {
    /// The key that signs, or will; null in a dry run where it is yet to be made.
    pub kid: Option<String>,
    #[schema(example = "RS256")]
    pub algorithm: String,
    /// Whether it signs already.
    pub is_active: bool,
    /// When it is due to sign, or since when it does. Resources that are waited for may put it off, within
    /// signing_key_wait of the tenant.
    #[schema(format = DateTime)]
    pub activate_at: String,
    /// The kid that signed, or signs until then.
    pub replaces: Option<String>,
    /// Nothing was changed.
    pub is_dry_run: bool,
}

/// Rotate the signing key
///
/// As soon as that breaks no verifier: at once if the next key has been published for an hour, else when it will
/// have been. The old key verifies what it signed for as long as any token of it lives.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/signing-keys/rotate",
    tag = "signing-keys",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = RotationBody,
    responses((status = 200, description = "What happened, or will, and when.", body = RotationOut)),
)]
pub async fn rotate_signing_key(
    access: TenantWrite,
    api: Api,
    Body(body): Body<RotationBody>,
) -> Result<Found<RotationOut>, Problem> {
    let authority = api.authority();
    let report = if body.dry_run {
        authority.foresee_signing_key_rotation(&access.tenant).await
    } else {
        // What resources were shown until now counts.
        authority.flush_sightings().await?;
        let by = acted_by(&access.caller, None);
        authority.rotate_signing_key(&access.tenant, by).await
    };
    let report = report.map_err(failed)?;
    Ok(Found(RotationOut::new(report, body.dry_run)))
}

impl RotationOut {
    fn new(report: RotationReport, is_dry_run: bool) -> Self {
        Self {
            kid: report.kid,
            algorithm: report.algorithm,
            is_active: report.is_active,
            activate_at: wire::time(report.activate_at),
            replaces: report.replaces,
            is_dry_run,
        }
    }
}
