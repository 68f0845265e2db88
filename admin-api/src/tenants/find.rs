//! GET …/tenants/{tenant}.

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::tenants::TenantOut;

/// Show a tenant
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}",
    tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    responses((status = 200, description = "The tenant.", body = TenantOut)),
)]
pub async fn find_tenant(access: TenantRead<Tenants>, _: Api) -> Result<Found<TenantOut>, Problem> {
    Ok(Found(TenantOut::new(&access.tenant)))
}
