//! DELETE …/initial-access-tokens/{id}.

use authority::audit::EventType;
use protocol::TokenId;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::initial_access_tokens::{TokenOut, list_path};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Clients;
use crate::problem::{Problem, ProblemKind};
use crate::request::Id;

/// Revoke an initial access token
///
/// No client is registered with it any more; those that were stay. The token stays in the list.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/initial-access-tokens/{id}",
    tag = "clients",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The token's id."),
    ),
    responses((status = 204, description = "Revoked.")),
)]
pub async fn revoke_initial_access_token(
    access: TenantWrite<Clients>,
    api: Api,
    Id(token_id): Id<TokenId>,
) -> Result<Committed<Done>, Problem> {
    let mut scope = access.open(&api).await?;
    let found = scope.find_initial_access_token(token_id).await?;
    let is_revoked = scope
        .revoke_initial_access_token(token_id, api.now())
        .await?;
    let (Some(before), true) = (found, is_revoked) else {
        let list = list_path(access.tenant.slug());
        let detail = format!(
            "No such initial access token, or it is revoked already. GET {list} lists them."
        );
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    let target = audit::target("initial_access_token", &token_id);
    let recorded = scope
        .record(
            EventType::InitialAccessTokenRevoked,
            target,
            Changes::deleted(&TokenOut::new(&before)),
        )
        .await?;

    recorded.commit(Done).await
}
