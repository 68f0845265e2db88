//! Memberships: which people of the system tenant administer what, on the platform or in one tenant, as an
//! administrator or an auditor. They sign in with code and PKCE, or from a device, for an access token of this API.
//!
//! Nobody makes anybody more than they are themselves. To take a membership away needs no more than the scope
//! `admin-keys:write`, as with keys.

pub mod create;
pub mod delete;
pub mod find;
pub mod list;

use protocol::{AdminRole, MembershipId, Slug, UserId};
use serde::{Deserialize, Serialize};
use store::{Membership, StoreError, Tenant};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::problem::{FieldProblem, Problem};
use crate::wire;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MembershipRole)]
pub enum Role {
    /// Does everything there: `*:write`.
    Administrator,
    /// Reads everything there and changes nothing: `*:read`.
    Auditor,
}

impl From<Role> for AdminRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Administrator => Self::Administrator,
            Role::Auditor => Self::Auditor,
        }
    }
}

impl From<AdminRole> for Role {
    fn from(role: AdminRole) -> Self {
        match role {
            AdminRole::Administrator => Self::Administrator,
            AdminRole::Auditor => Self::Auditor,
        }
    }
}

/// A membership as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Membership, example = json!({
    "id": "0199c2a4-5e0e-7d54-8d4a-3c1f6f0b7a12",
    "user_id": "0199c2a4-5e0e-7d54-8d4a-3c1f6f0b7a13",
    "username": "alice",
    "tenant": "acme",
    "role": "administrator",
    "created_at": "2026-11-22T10:00:00Z",
}))]
pub struct MembershipOut {
    pub id: String,
    /// The person: a user of the system tenant.
    pub user_id: String,
    /// What they sign in with; null while they are disabled.
    pub username: Option<String>,
    /// The slug of the tenant that they administer; null: the platform, and with it every tenant.
    pub tenant: Option<String>,
    pub role: Role,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// Of one that was given.
pub fn given(membership: &MembershipOut) -> Changes {
    Changes::created(&membership.without_name()).made_version(membership)
}

/// Of one that was taken away.
pub fn taken_away(membership: &MembershipOut) -> Changes {
    Changes::deleted(&membership.without_name()).of_version(membership)
}

impl MembershipOut {
    /// For the audit: a name would stay there after its person is erased.
    fn without_name(&self) -> Self {
        Self {
            username: None,
            ..self.clone()
        }
    }

    pub(crate) fn new(
        membership: &Membership,
        username: Option<String>,
        tenant: Option<&Slug>,
    ) -> Self {
        Self {
            id: membership.membership_id.to_string(),
            user_id: membership.user_id.to_string(),
            username,
            tenant: tenant.map(ToString::to_string),
            role: membership.role.into(),
            created_at: wire::time(membership.created_at),
        }
    }
}

/// Without it nobody can be a member.
pub(crate) async fn system_tenant(api: &Api) -> Result<std::sync::Arc<Tenant>, Problem> {
    let found = api.authority().directory().find_system_tenant().await?;
    found.ok_or_else(|| {
        Problem::conflicting_state(
            "There is no system tenant, whose users could administer: set WRIT_ADMIN_URL and start again.",
        )
    })
}

/// What the person signs in with, from memory where it is fresh.
pub(crate) async fn username(api: &Api, user_id: UserId) -> Result<Option<String>, StoreError> {
    let directory = api.authority().directory();
    let Some(system_tenant) = directory.find_system_tenant().await? else {
        return Ok(None);
    };
    let person = directory.find_person(&system_tenant, user_id).await?;
    Ok(person.map(|person| person.username.to_string()))
}

pub(crate) fn read_user_id(text: &str) -> Result<UserId, Problem> {
    text.parse().map_err(|_| nobody())
}

/// One answer, whether the id is malformed, of another tenant's user, or of nobody.
fn nobody() -> Problem {
    Problem::invalid(vec![FieldProblem {
        field: "user_id".to_owned(),
        detail: "Not the id of a user of the system tenant.".to_owned(),
    }])
}

pub(crate) fn refused(error: StoreError) -> Problem {
    match error.conflict() {
        Some("memberships_have_a_user") => nobody(),
        _ => Problem::from_conflict(error, |constraint| {
            (constraint == "memberships_are_unique").then(|| {
                let detail = "This person is a member there already; delete that membership to change the role.";
                ("user_id", detail.to_owned())
            })
        }),
    }
}

pub(crate) fn unknown(tenant: Option<&Slug>) -> Problem {
    Problem::not_found("membership", &list_path(tenant))
}

fn list_path(tenant: Option<&Slug>) -> String {
    tenant.map_or_else(
        || "/admin/v1/memberships".to_owned(),
        |slug| format!("/admin/v1/tenants/{slug}/memberships"),
    )
}

pub(crate) fn location(tenant: Option<&Slug>, membership_id: MembershipId) -> String {
    format!("{}/{membership_id}", list_path(tenant))
}

pub(crate) fn target(membership: &Membership) -> authority::audit::Target {
    audit::target("membership", &membership.membership_id)
}
