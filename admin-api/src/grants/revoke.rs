//! DELETE …/grants/{id}.

use authority::audit::EventType;
use authority::grants::last_token_ends;
use protocol::GrantId;
use serde_json::json;
use store::RevokedReason;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::grants;
use crate::operation::Done;
use crate::principal::TenantWrite;
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
    access: TenantWrite,
    api: Api,
    Id(grant_id): Id<GrantId>,
) -> Result<Done, Problem> {
    let now = api.now();
    let mut scope = access.open(&api).await?;
    let found = scope.find_grant(grant_id).await?;
    found.ok_or_else(|| grants::unknown(access.tenant.slug()))?;
    let was_live = scope
        .revoke_grant(grant_id, RevokedReason::Operator, now, last_token_ends(now))
        .await?;
    if was_live {
        let target = audit::target("grant", &grant_id);
        let changes = Changes::updated(&json!({"is_revoked": false}), &json!({"is_revoked": true}));
        let event = audit::event(
            &api,
            &access.caller,
            EventType::GrantRevoked,
            target,
            changes,
        );
        scope.insert_audit_event(&event).await?;
    }
    scope.commit().await?;
    if was_live {
        let revocations = &api.authority().metrics().revocations;
        revocations.with_label_values(&["operator_grant"]).inc();
    }
    Ok(Done)
}
