//! GET …/tenants.

use protocol::TenantId;
use serde::Deserialize;
use store::Tenant;
use utoipa::IntoParams;

use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::PlatformRead;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::request::QueryString;
use crate::tenants::TenantOut;

/// A page, and which tenants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TenantQuery {
    /// The one whose tokens say this.
    #[param(example = "https://auth.example.com/t/acme")]
    issuer: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
}

/// List tenants
///
/// In the order in which they were made, suspended ones too.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants",
    tag = "tenants",
    params(TenantQuery),
    responses((status = 200, description = "A page of tenants.", body = Page<TenantOut>)),
)]
pub async fn list_tenants(
    access: PlatformRead<Tenants>,
    api: Api,
    QueryString(query): QueryString<TenantQuery>,
) -> Result<Listed<TenantOut>, Problem> {
    let list = ListOf {
        operation: "list_tenants",
        tenant: None,
        filter: query.issuer.as_deref().unwrap_or_default(),
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let wanted = page.read::<TenantId>(&api, list)?;
    let mut platform = access.read(&api).await?;
    let rows = if let Some(issuer) = &query.issuer {
        let found = platform.find_tenant_by_issuer(issuer).await?;
        found.into_iter().collect()
    } else {
        let listed = platform.list_tenants(wanted.after, wanted.rows_to_read());
        listed.await?
    };
    platform.end().await?;
    wanted
        .page(&api, list, rows, Tenant::id, |tenant| {
            TenantOut::new(&tenant)
        })
        .map(Listed)
}
