//! POST …/tenants/{tenant}/policies/revert.

use authority::policy::{PolicyLayer, compile};
use serde::Deserialize;
use store::NewPolicyVersion;
use utoipa::ToSchema;

use crate::api::Api;
use crate::operation::{Committed, Created};
use crate::policies::write::{insert, read_note};
use crate::policies::{self, Named, VersionWithText, author, default_text, refused};
use crate::principal::TenantWrite;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::Body;

/// To which version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PolicyRevert, example = json!({"version": 0, "note": "Back to what comes with Writ."}))]
pub struct RevertBody {
    /// 0: the policies that come with Writ.
    #[schema(minimum = 0)]
    pub version: u32,
    #[schema(max_length = 500)]
    pub note: Option<String>,
}

/// Go back to an earlier version of the policies
///
/// Its text becomes a new version, which decides. It is validated like any other: what the schema of today refuses
/// cannot come back.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/policies/revert",
    tag = "policies",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = RevertBody,
    responses((status = 201, description = "The new version; it decides.", body = VersionWithText)),
)]
pub async fn revert_policies(
    access: TenantWrite<Policies>,
    api: Api,
    Body(body): Body<RevertBody>,
) -> Result<Committed<Created<VersionWithText>>, Problem> {
    let note = read_note(body.note.as_deref())?;
    let version = i64::from(body.version);
    let layer = PolicyLayer::Tenant;
    let mut scope = access.open(&api).await?;
    let found = policies::find(
        &mut scope,
        version,
        Named::By("version"),
        access.tenant.slug(),
    )
    .await?;
    let text = found.and_then(|found| found.policies);
    let compiled = compile(text.as_deref().unwrap_or(default_text(layer)), layer).await;
    let compiled = compiled.map_err(|it| refused(&it))?;
    let new = NewPolicyVersion {
        policies: text,
        note,
        reverts_to: Some(version),
        author: author(&access.caller),
    };
    insert(scope, &api, new, policies::shown(&compiled)).await
}
