//! Ending what a user has going on: browser sessions, grants, and all tokens that came of them.

use std::time::Duration;

use protocol::{Timestamp, UserId};
use store::{RevokedReason, StoreError, TenantScope};

use crate::wire;

/// security.md F8: the next refresh is refused, on every replica within a second.
pub async fn end(
    scope: &mut TenantScope,
    user_id: UserId,
    reason: RevokedReason,
    now: Timestamp,
) -> Result<(), StoreError> {
    scope.delete_browser_sessions_of_user(user_id).await?;
    scope
        .revoke_grants_of_user(user_id, reason, now, last_token_ends(now))
        .await?;
    Ok(())
}

/// When no access token that is out today can be valid any more.
pub fn last_token_ends(now: Timestamp) -> Timestamp {
    now + Duration::from_secs(*wire::ACCESS_TOKEN_LIFETIME.end())
}
