//! Browser sessions of a person: where they are signed in. Grants live on when one ends; they are not sessions.

pub mod end;
pub mod end_all;
pub mod list;

use authority::browser_sessions::EndedBy;
use protocol::{SessionId, Slug};
use serde::Serialize;
use store::UserSession;
use utoipa::ToSchema;

use crate::audit::Changes;
use crate::problem::Problem;
use crate::wire;

/// A browser session as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionOut {
    /// `sid` of ID tokens.
    pub id: String,
    /// When the person last signed in in it.
    #[schema(format = DateTime)]
    pub authenticated_at: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl SessionOut {
    pub fn new(session: &UserSession) -> Self {
        Self {
            id: session.session_id.to_string(),
            authenticated_at: wire::time(session.authenticated_at),
            created_at: wire::time(session.created_at),
            expires_at: wire::time(session.expires_at),
        }
    }
}

fn unknown(tenant: &Slug, user_id: impl std::fmt::Display) -> Problem {
    let list = format!("/admin/v1/tenants/{tenant}/users/{user_id}/sessions");
    Problem::not_found("session", &list)
}

/// As a sign-out of the person's own says it, and who else it was.
fn ended(session: &impl Serialize) -> Changes {
    Changes::deleted(session).noting("by", EndedBy::Operator.as_str())
}

fn count_ended(authority: &authority::Authority, sessions: &[SessionId]) {
    let ended = u64::try_from(sessions.len()).unwrap_or(u64::MAX);
    let logouts = &authority.metrics().logouts;
    logouts
        .with_label_values(&[EndedBy::Operator.as_str()])
        .inc_by(ended);
}
