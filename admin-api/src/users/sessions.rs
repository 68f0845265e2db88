//! Ending what a user has going on: browser sessions, grants, and all tokens that came of them.

use authority::grants::last_token_ends;
use protocol::{Timestamp, UserId};
use store::{RevokedReason, StoreError, TenantScope};

/// Row F8: the next refresh is refused, on every replica within a second.
pub async fn end(
    scope: &mut TenantScope,
    user_id: UserId,
    reason: RevokedReason,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sessions = scope.delete_browser_sessions_of_user(user_id).await?;
    scope.insert_logout_notices(&sessions, now).await?;
    scope
        .revoke_grants_of_user(user_id, reason, now, last_token_ends(now))
        .await?;
    Ok(())
}
