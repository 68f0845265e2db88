//! GET …/initial-access-tokens.

use protocol::TokenId;
use store::InitialAccessToken;

use crate::api::Api;
use crate::initial_access_tokens::TokenOut;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Clients;
use crate::problem::Problem;
use crate::request::QueryString;

/// List initial access tokens
///
/// In the order in which they were made; used up, expired and revoked ones too.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/initial-access-tokens",
    tag = "clients",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), PageQuery),
    responses((status = 200, description = "A page of tokens.", body = Page<TokenOut>)),
)]
pub async fn list_initial_access_tokens(
    access: TenantRead<Clients>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<TokenOut>, Problem> {
    let list = ListOf {
        operation: "list_initial_access_tokens",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<TokenId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = scope
        .list_initial_access_tokens(wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    let show = |token: InitialAccessToken| TokenOut::new(&token);
    wanted
        .page(&api, list, rows, |token| token.token_id, show)
        .map(Listed)
}
