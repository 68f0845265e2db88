//! GET …/token-reuses.

use protocol::token::reuse::ReuseClass;
use protocol::{ClientId, GrantId};
use serde::Deserialize;
use store::TokenReuseFilter;
use utoipa::IntoParams;

use crate::api::Api;
use crate::audit_events::{AuditEventOut, Position};
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Grants;
use crate::problem::{Faults, Problem};
use crate::request::QueryString;

/// A page, and which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokenReuseQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
    /// `lost_answer`, `two_processes`, `stale_copy` or `theft_suspected`.
    #[param(example = "theft_suspected")]
    class: Option<String>,
    /// Shown by the client of this `client_id`.
    #[param(example = "notes-desktop")]
    client: Option<String>,
    /// Of the grant of this id.
    grant: Option<String>,
}

impl TokenReuseQuery {
    fn filter(&self) -> Result<TokenReuseFilter, Problem> {
        let mut faults = Faults::default();
        if let Some(class) = &self.class
            && ReuseClass::parse(class).is_none()
        {
            let names = ReuseClass::ALL.map(ReuseClass::as_str).join(", ");
            faults.add("class", format!("One of {names}."));
        }
        if let Some(client) = &self.client
            && ClientId::parse(client).is_err()
        {
            faults.add("client", "No client_id looks like this.");
        }
        let grant_id = self.grant.as_deref().map(str::parse::<GrantId>);
        if matches!(grant_id, Some(Err(_))) {
            faults.add("grant", "The id of a grant is a UUID.");
        }
        faults.finish()?;
        Ok(TokenReuseFilter {
            class: self.class.clone(),
            client_id: self.client.clone(),
            grant_id: grant_id.and_then(Result::ok).map(|id| id.to_string()),
        })
    }
}

/// List spent tokens that came again
///
/// The newest first. Most are retries of honest applications: `lost_answer`, `two_processes`, `stale_copy`. Look at
/// `theft_suspected`: the grant was revoked, and its timeline says who held what.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/token-reuses",
    tag = "grants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), TokenReuseQuery),
    responses((status = 200, description = "A page of events.", body = Page<AuditEventOut>)),
)]
pub async fn list_token_reuses(
    access: TenantRead<Grants>,
    api: Api,
    QueryString(query): QueryString<TokenReuseQuery>,
) -> Result<Listed<AuditEventOut>, Problem> {
    let filter = query.filter()?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    // Line by line: no value has a line's end in it.
    let named = [
        text(&filter.class),
        text(&filter.client_id),
        text(&filter.grant_id),
    ]
    .join("\n");
    let list = ListOf {
        operation: "list_token_reuses",
        tenant: Some(access.tenant.id()),
        filter: &named,
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let wanted = page.read::<Position>(&api, list)?;
    let (after, limit) = (wanted.after.map(Into::into), wanted.rows_to_read());
    let mut scope = access.read(&api).await?;
    let rows = scope.list_token_reuses(&filter, after, limit).await?;
    scope.end().await?;
    wanted
        .page(&api, list, rows, Position::of, AuditEventOut::from)
        .map(Listed)
}
