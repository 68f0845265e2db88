//! DELETE …/users/{id}/sessions/{session_id}.

use authority::audit::EventType;
use protocol::{SessionId, UserId};

use crate::api::Api;
use crate::audit;
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::{Id, SubId};
use crate::user_sessions::{self, SessionOut};
use crate::users;

/// End a session of a user
///
/// As if they had signed out there: clients with a back-channel logout URI are told. What they allowed lives on;
/// grants are revoked as grants.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/users/{id}/sessions/{session_id}",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id."),
        ("session_id" = String, Path, description = "The session's id."),
    ),
    responses((status = 204, description = "Ended.")),
)]
pub async fn end_user_session(
    access: TenantWrite<Users>,
    api: Api,
    Id(user_id): Id<UserId>,
    SubId(session_id): SubId<SessionId>,
) -> Result<Committed<Done>, Problem> {
    let slug = access.tenant.slug();
    let mut scope = access.open(&api).await?;
    let now = api.now();
    // Locked, as everything that ends a user's sessions begins: who signs in meanwhile waits.
    let user = scope.find_user_for_update(user_id).await?;
    user.ok_or_else(|| users::unknown(slug))?;
    let unknown = || user_sessions::unknown(slug, user_id);
    let session = scope
        .find_browser_session_of_user(user_id, session_id, now)
        .await?;
    let session = session.ok_or_else(unknown)?;
    if !scope.delete_browser_session(session_id).await? {
        return Err(unknown());
    }
    scope.insert_logout_notices(&[session_id], now).await?;
    let recorded = scope
        .record(
            EventType::BrowserSessionEnded,
            audit::target("browser_session", &session_id),
            user_sessions::ended(&SessionOut::new(&session)).noting("user_id", user_id.to_string()),
        )
        .await?;
    let counted = recorded
        .after_commit(move |authority| user_sessions::count_ended(authority, &[session_id]));
    counted.commit(Done).await
}
