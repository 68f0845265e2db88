//! GET …/quotas.

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::quotas::QuotasOut;

/// Show a tenant's quotas
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/quotas",
    tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    responses((status = 200, description = "The quotas.", body = QuotasOut)),
)]
pub async fn find_quotas(
    access: TenantRead<Tenants>,
    api: Api,
) -> Result<Found<QuotasOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let usage = scope.find_usage().await?;
    scope.end().await?;
    Ok(Found(QuotasOut::new(&usage.quotas)))
}
