//! Groups of people: what policies ask for. Who is in one: `members`, `add_member`, `remove_member`.
//!
//! A group is known by its name, which never changes: under another one a policy that forbids would no longer do so.

pub mod add_member;
pub mod create;
pub mod delete;
pub mod find;
pub mod list;
pub mod members;
pub mod remove_member;
pub mod update;

use protocol::Slug;
use serde::Serialize;
use store::Group;
use utoipa::ToSchema;

use crate::problem::{Faults, Problem};
use crate::wire;

/// A group as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Group)]
pub struct GroupOut {
    /// What policies call it.
    #[schema(example = "engineers")]
    pub name: String,
    #[schema(example = "Engineers")]
    pub display_name: Option<String>,
    #[schema(example = "Whoever may deploy.")]
    pub description: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

impl GroupOut {
    pub fn new(group: &Group) -> Self {
        Self {
            name: group.name.to_string(),
            display_name: group.display_name.clone(),
            description: group.description.clone(),
            created_at: wire::time(group.created_at),
            updated_at: wire::time(group.updated_at),
        }
    }
}

pub fn unknown(tenant: &Slug) -> Problem {
    Problem::not_found("group", &format!("/admin/v1/tenants/{tenant}/groups"))
}

/// Words for people, in both bodies.
fn check_words(faults: &mut Faults, display_name: Option<&str>, description: Option<&str>) {
    if let Some(display_name) = display_name {
        wire::words(faults, "display_name", display_name, wire::NAME_LIMIT);
    }
    if let Some(description) = description {
        wire::words(faults, "description", description, wire::DESCRIPTION_LIMIT);
    }
}
