//! DELETE …/users/{id}/consents/{client_id}.

use authority::audit::EventType;
use authority::grants::last_token_ends;
use protocol::{ClientId, UserId};
use serde_json::json;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::{Id, SubId};
use crate::{clients, users};

/// Withdraw a user's consent to a client
///
/// What the user allowed this client is forgotten, and every grant that came of it is revoked: its refresh tokens
/// are refused, its access tokens inactive within a second everywhere. Next time the user is asked again.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/users/{id}/consents/{client_id}",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id."),
        ("client_id" = String, Path, description = "The client_id, percent-encoded.", example = "notes-web"),
    ),
    responses((status = 204, description = "Withdrawn, now or before.")),
)]
pub async fn withdraw_consent(
    access: TenantWrite<Users>,
    api: Api,
    Id(user_id): Id<UserId>,
    SubId(client_id): SubId<ClientId>,
) -> Result<Committed<Done>, Problem> {
    let now = api.now();
    let mut scope = access.open(&api).await?;
    // Locked: deleting the user takes the same rows in another order.
    let found = scope.find_user_for_update(user_id).await?;
    found.ok_or_else(|| users::unknown(access.tenant.slug()))?;
    let found = scope.find_client(&client_id).await?;
    let client = found.ok_or_else(|| clients::unknown(access.tenant.slug()))?;
    let client_key = client.client.key;
    let consents = scope.delete_consents(user_id, client_key).await?;
    let grants = scope
        .revoke_grants_of_consent(user_id, client_key, now, last_token_ends(now))
        .await?;
    let withdrawn = json!({
        "client_id": client_id,
        "consents": consents,
        "grants": grants,
    });
    if consents + grants == 0 {
        return scope.leave(&withdrawn, Done).await;
    }
    let changes = Changes::deleted(&withdrawn);
    let target = audit::target("user", &user_id);
    let recorded = scope
        .record(EventType::ConsentWithdrawn, target, changes)
        .await?;
    let counted = recorded.after_commit(|authority| {
        let consents = &authority.metrics().consents;
        consents.with_label_values(&["withdrawn"]).inc();
    });
    counted.commit(Done).await
}
