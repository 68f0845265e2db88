//! DELETE …/grants/{id}.

use authority::audit::EventType;
use authority::grants::last_token_ends;
use protocol::GrantId;
use serde_json::json;
use store::RevokedReason;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::grants::{self, GrantOut};
use crate::names::Names;
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Grants;
use crate::problem::Problem;
use crate::request::Id;

/// Revoke a grant
///
/// Its refresh token and its access tokens are dead: introspection says so within a second everywhere. A
/// resource server that only checks signatures accepts an access token until it expires.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/grants/{id}",
    tag = "grants",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The grant's id."),
    ),
    responses((status = 204, description = "Revoked, now or before.")),
)]
pub async fn revoke_grant(
    access: TenantWrite<Grants>,
    api: Api,
    Id(grant_id): Id<GrantId>,
) -> Result<Committed<Done>, Problem> {
    let now = api.now();
    let mut scope = access.open(&api).await?;
    let found = scope.find_grant(grant_id).await?;
    let found = found.ok_or_else(|| grants::unknown(access.tenant.slug()))?;
    let names = Names::of(&mut scope, [found.client_key]).await?;
    let before = GrantOut::new(&found, &names);
    let was_live = scope
        .revoke_grant(grant_id, RevokedReason::Operator, now, last_token_ends(now))
        .await?;
    if !was_live {
        return scope.leave(&before, Done).await;
    }
    let target = audit::target("grant", &grant_id);
    let changes = Changes::updated(&json!({"is_revoked": false}), &json!({"is_revoked": true}));
    let recorded = scope
        .record(EventType::GrantRevoked, target, changes.of_version(&before))
        .await?;
    let counted = recorded.after_commit(|authority| {
        let revocations = &authority.metrics().revocations;
        revocations.with_label_values(&["operator_grant"]).inc();
    });
    counted.commit(Done).await
}
