//! DELETE …/users/{id}/sessions.

use authority::audit::EventType;
use protocol::UserId;
use serde_json::json;

use crate::api::Api;
use crate::audit;
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::Id;
use crate::user_sessions;
use crate::users;

/// Sign a user out everywhere
///
/// Every session ends, and clients with a back-channel logout URI are told. What they allowed lives on; grants are
/// revoked as grants. Disabling the user, or another password, ends both.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/users/{id}/sessions",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id."),
    ),
    responses((status = 204, description = "They are signed in nowhere, now or before.")),
)]
pub async fn end_user_sessions(
    access: TenantWrite<Users>,
    api: Api,
    Id(user_id): Id<UserId>,
) -> Result<Committed<Done>, Problem> {
    let mut scope = access.open(&api).await?;
    let now = api.now();
    let user = scope.find_user_for_update(user_id).await?;
    user.ok_or_else(|| users::unknown(access.tenant.slug()))?;
    let sessions = scope.delete_browser_sessions_of_user(user_id).await?;
    let ended = json!({ "sessions": sessions });
    if sessions.is_empty() {
        return scope.leave(&ended, Done).await;
    }
    scope.insert_logout_notices(&sessions, now).await?;
    let recorded = scope
        .record(
            EventType::BrowserSessionEnded,
            audit::target("user", &user_id),
            user_sessions::ended(&ended),
        )
        .await?;
    let counted =
        recorded.after_commit(move |authority| user_sessions::count_ended(authority, &sessions));
    counted.commit(Done).await
}
