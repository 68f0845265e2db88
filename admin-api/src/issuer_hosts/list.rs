//! GET /admin/v1/issuer-hosts.

use protocol::IssuerHostId;
use serde::Deserialize;
use store::IssuerHostClaim;
use utoipa::IntoParams;

use crate::api::Api;
use crate::issuer_hosts::IssuerHostOut;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::PlatformRead;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::request::QueryString;

/// A page, and which host's.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IssuerHostQuery {
    /// Only claims to this one.
    #[param(example = "auth.initech.example")]
    host: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
}

/// List claims to hosts
///
/// In the order in which they were made. One that ended unverified is listed for another week.
#[utoipa::path(
    get,
    path = "/admin/v1/issuer-hosts",
    tag = "issuer-hosts",
    params(IssuerHostQuery),
    responses((status = 200, description = "A page of claims.", body = Page<IssuerHostOut>)),
)]
pub async fn list_issuer_hosts(
    access: PlatformRead<Tenants>,
    api: Api,
    QueryString(query): QueryString<IssuerHostQuery>,
) -> Result<Listed<IssuerHostOut>, Problem> {
    let list = ListOf {
        operation: "list_issuer_hosts",
        tenant: None,
        filter: query.host.as_deref().unwrap_or_default(),
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let wanted = page.read::<IssuerHostId>(&api, list)?;
    let (after, limit) = (wanted.after, wanted.rows_to_read());
    let mut platform = access.read(&api).await?;
    let rows = match &query.host {
        Some(host) => {
            let rows = platform.list_claims_of_issuer_host(host, after, limit);
            rows.await?
        }
        None => platform.list_issuer_hosts(after, limit).await?,
    };
    platform.end().await?;
    let now = api.now();
    let show = |claim: IssuerHostClaim| IssuerHostOut::new(&claim, now);
    wanted
        .page(&api, list, rows, |claim| claim.issuer_host_id, show)
        .map(Listed)
}
