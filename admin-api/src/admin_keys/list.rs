//! GET /admin/v1/admin-keys.

use protocol::{AdminKeyId, Slug};
use serde::Deserialize;
use store::AdminKey;
use utoipa::IntoParams;

use crate::admin_keys::AdminKeyOut;
use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::PlatformRead;
use crate::principal::kinds::AdminKeys;
use crate::problem::{FieldProblem, Problem};
use crate::request::QueryString;
use crate::tenant_names;

/// The query of the list: a page, perhaps of one tenant's keys.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AdminKeyQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
    /// The slug of a tenant: only its keys.
    #[param(example = "acme")]
    tenant: Option<String>,
}

/// List admin keys
///
/// In the order in which they were made, expired and revoked ones too. The bootstrap key of the
/// configuration is not among them.
#[utoipa::path(
    get,
    path = "/admin/v1/admin-keys",
    tag = "admin-keys",
    params(AdminKeyQuery),
    responses((status = 200, description = "A page of keys.", body = Page<AdminKeyOut>)),
)]
pub async fn list_admin_keys(
    access: PlatformRead<AdminKeys>,
    api: Api,
    QueryString(query): QueryString<AdminKeyQuery>,
) -> Result<Listed<AdminKeyOut>, Problem> {
    let filter = query.tenant.unwrap_or_default();
    let list = ListOf {
        operation: "list_admin_keys",
        tenant: None,
        filter: &filter,
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let wanted = page.read::<AdminKeyId>(&api, list)?;
    let mut platform = access.read(&api).await?;
    let rows = if filter.is_empty() {
        platform
            .list_admin_keys(wanted.after, wanted.rows_to_read())
            .await?
    } else {
        let slug = Slug::parse(&filter).map_err(|_| unknown_tenant())?;
        let tenant = platform.find_tenant_by_slug(&slug).await?;
        let tenant = tenant.ok_or_else(unknown_tenant)?;
        platform
            .list_admin_keys_of_tenant(&tenant, wanted.after, wanted.rows_to_read())
            .await?
    };
    let tenant_ids = rows.iter().filter_map(|key| key.tenant_id);
    let slugs = tenant_names::slugs_of(&mut platform, tenant_ids).await?;
    platform.end().await?;
    let show = |key: AdminKey| {
        let slug = key.tenant_id.and_then(|tenant_id| slugs.get(&tenant_id));
        AdminKeyOut::new(&key, slug)
    };
    wanted
        .page(&api, list, rows, |key| key.admin_key_id, show)
        .map(Listed)
}

fn unknown_tenant() -> Problem {
    Problem::invalid(vec![FieldProblem {
        field: "tenant".to_owned(),
        detail: "Not the slug of a tenant; GET /admin/v1/tenants lists them.".to_owned(),
    }])
}
