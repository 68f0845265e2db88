//! Users: the people of a tenant. A password goes in and never comes out.

pub mod create;
pub mod delete;
pub mod find;
pub mod list;
mod names;
mod password;
pub mod sessions;
pub mod update;

use protocol::{Slug, UserId};
use serde::Serialize;
use store::{StoreError, User};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::wire;

/// A user as shown: nothing of the password, not even its hash.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserOut {
    /// `sub` of their tokens.
    pub id: String,
    #[schema(example = "alice")]
    pub username: String,
    #[schema(example = "alice@example.com")]
    pub email: Option<String>,
    #[schema(example = "Alice Liddell")]
    pub name: Option<String>,
    pub is_enabled: bool,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

impl UserOut {
    pub fn new(user: &User) -> Self {
        Self {
            id: user.user_id.to_string(),
            username: user.username.clone(),
            email: user.email.clone(),
            name: user.name.clone(),
            is_enabled: user.is_enabled,
            created_at: wire::time(user.created_at),
            updated_at: wire::time(user.updated_at),
        }
    }
}

pub fn location(tenant: &Slug, user_id: UserId) -> String {
    format!("/admin/v1/tenants/{tenant}/users/{user_id}")
}

pub fn unknown(tenant: &Slug) -> Problem {
    Problem::not_found("user", &format!("/admin/v1/tenants/{tenant}/users"))
}

pub fn taken(error: StoreError, username: &str) -> Problem {
    Problem::from_conflict(error, |constraint| match constraint {
        "users_username_is_unique" => Some((
            "username",
            format!(
                "{username} is taken in this tenant (case makes no difference); choose another."
            ),
        )),
        _ => None,
    })
}
