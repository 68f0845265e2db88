//! GET …/tenants/{tenant}/policies/schema.

use authority::policy::SCHEMA_TEXT;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;

/// What policies may speak of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicySchema)]
pub struct SchemaOut {
    /// A schema in Cedar's own form, for editors and for `cedar validate`.
    #[schema(example = "namespace Writ { … }")]
    text: &'static str,
}

/// Show what policies may speak of
///
/// The same for every tenant.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/policies/schema",
    tag = "policies",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    responses((status = 200, description = "The schema.", body = SchemaOut)),
)]
pub async fn find_policy_schema(
    _: TenantRead<Policies>,
    _: Api,
) -> Result<Found<SchemaOut>, Problem> {
    Ok(Found(SchemaOut { text: SCHEMA_TEXT }))
}
