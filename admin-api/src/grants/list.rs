//! GET …/grants.

use protocol::{ClientId, ClientKey, GrantId, UserId};
use serde::Deserialize;
use store::{Grant, StoreError, TenantScope};
use utoipa::IntoParams;

use crate::api::Api;
use crate::grants::GrantOut;
use crate::names::Names;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Grants;
use crate::problem::Problem;
use crate::request::QueryString;

/// A page, and which grants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GrantQuery {
    /// What this person allowed.
    user_id: Option<String>,
    /// What was allowed to this client.
    #[param(example = "notes-desktop")]
    client_id: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
}

impl GrantQuery {
    /// Who or what nobody has allowed nothing.
    async fn rows(
        &self,
        scope: &mut TenantScope,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<Grant>, StoreError> {
        let user_id = match self.user_id.as_deref().map(str::parse::<UserId>) {
            Some(Ok(user_id)) => Some(user_id),
            Some(Err(_)) => return Ok(Vec::new()),
            None => None,
        };
        let client_key = match &self.client_id {
            Some(client_id) => match find_client_key(scope, client_id).await? {
                Some(client_key) => Some(client_key),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        match (user_id, client_key) {
            (Some(user_id), Some(client_key)) => {
                let listed =
                    scope.list_grants_of_user_and_client(user_id, client_key, after, limit);
                listed.await
            }
            (Some(user_id), None) => scope.list_grants_of_user(user_id, after, limit).await,
            (None, Some(client_key)) => scope.list_grants_of_client(client_key, after, limit).await,
            (None, None) => scope.list_grants(after, limit).await,
        }
    }
}

async fn find_client_key(
    scope: &mut TenantScope,
    client_id: &str,
) -> Result<Option<ClientKey>, StoreError> {
    let Ok(client_id) = ClientId::parse(client_id) else {
        return Ok(None);
    };
    let found = scope.find_client(&client_id).await?;
    Ok(found.map(|record| record.client.key))
}

/// List grants
///
/// In the order in which they were made, revoked ones too while they are kept.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/grants",
    tag = "grants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), GrantQuery),
    responses((status = 200, description = "A page of grants.", body = Page<GrantOut>)),
)]
pub async fn list_grants(
    access: TenantRead<Grants>,
    api: Api,
    QueryString(query): QueryString<GrantQuery>,
) -> Result<Listed<GrantOut>, Problem> {
    let filter = format!("{:?} {:?}", query.user_id, query.client_id);
    let list = ListOf {
        operation: "list_grants",
        tenant: Some(access.tenant.id()),
        filter: &filter,
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let wanted = page.read::<GrantId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = query
        .rows(&mut scope, wanted.after, wanted.rows_to_read())
        .await?;
    let names = Names::of(&mut scope, rows.iter().map(|grant| grant.client_key)).await?;
    scope.end().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |grant| grant.grant_id,
            |grant| GrantOut::new(&grant, &names),
        )
        .map(Listed)
}
