//! GET …/users/{id}/consents.

use protocol::{ClientKey, ResourceId, UserId};
use serde::{Deserialize, Serialize};
use store::{ConsentCursor, StoredConsent};

use crate::api::Api;
use crate::consents::ConsentOut;
use crate::names::Names;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::{Id, QueryString};
use crate::users;

/// Where a page ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Position {
    client_key: ClientKey,
    resource_id: ResourceId,
    redirect_uri: String,
}

impl Position {
    fn of(consent: &StoredConsent) -> Self {
        let cursor = consent.cursor();
        Self {
            client_key: cursor.client_key,
            resource_id: cursor.resource_id,
            redirect_uri: cursor.redirect_uri,
        }
    }
}

/// List what a user allowed
///
/// The decisions that are remembered, client by client. A public client with a loopback or private-use redirect is
/// asked for each time, so nothing of it is remembered; its grants are in the list of grants.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/users/{id}/consents",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id."),
        PageQuery,
    ),
    responses((status = 200, description = "A page of consents.", body = Page<ConsentOut>)),
)]
pub async fn list_consents(
    access: TenantRead<Users>,
    api: Api,
    Id(user_id): Id<UserId>,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<ConsentOut>, Problem> {
    let filter = user_id.to_string();
    let list = ListOf {
        operation: "list_consents",
        tenant: Some(access.tenant.id()),
        filter: &filter,
    };
    let wanted = query.read::<Position>(&api, list)?;
    let after = wanted.after.clone().map(|position| ConsentCursor {
        client_key: position.client_key,
        resource_id: position.resource_id,
        redirect_uri: position.redirect_uri,
    });
    let mut scope = access.read(&api).await?;
    let found = scope.find_user(user_id).await?;
    found.ok_or_else(|| users::unknown(access.tenant.slug()))?;
    let rows = scope
        .list_consents_of_user(user_id, after.as_ref(), wanted.rows_to_read())
        .await?;
    let names = Names::of(&mut scope, rows.iter().map(|consent| consent.client_key)).await?;
    scope.end().await?;
    wanted
        .page(&api, list, rows, Position::of, |consent| {
            ConsentOut::new(&consent, &names)
        })
        .map(Listed)
}
