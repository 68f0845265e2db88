//! Users: the people of a tenant. A password goes in and never comes out.

mod attributes;
pub mod create;
pub mod delete;
pub mod export;
pub mod find;
pub mod import;
pub mod list;
mod names;
mod password;
pub mod sessions;
pub mod update;

use std::collections::BTreeMap;

use protocol::{GroupName, Slug, UserId};
use serde::Serialize;
use store::{StoreError, TenantScope, User};
use utoipa::ToSchema;

use crate::problem::{Faults, Problem};
use crate::users::attributes::AttributeOut;
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
    /// For policies: names to true or false, a whole number, a text, or a list of texts.
    #[schema(example = json!({"department": "sales", "regions": ["eu"]}))]
    pub attributes: BTreeMap<String, AttributeOut>,
    /// Names of the groups that they are in.
    #[schema(example = json!(["engineers"]))]
    pub groups: Vec<String>,
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
            attributes: attributes::shown(&user.attributes),
            groups: user.groups.iter().map(ToString::to_string).collect(),
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

/// Everybody is put into groups that there are.
async fn require_groups(scope: &mut TenantScope, groups: &[GroupName]) -> Result<(), Problem> {
    if groups.is_empty() {
        return Ok(());
    }
    let mut faults = Faults::default();
    for name in scope.list_missing_groups(groups).await? {
        faults.add(
            "groups",
            format!("There is no group {name}; create it first."),
        );
    }
    faults.finish()
}
