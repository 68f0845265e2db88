//! What clients asked for as `resource` and is none (RFC 8707): the hundred that were seen last, when
//! somebody authenticated asked. An operator accepts one as an alias of a resource, or lets it go.

pub mod accept;
pub mod dismiss;
pub mod list;

use protocol::Slug;
use serde::Serialize;
use store::RefusedResourceIndicator;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::wire;

/// A value that was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedResource)]
pub struct RefusedOut {
    pub id: String,
    /// As it was sent.
    #[schema(example = "https://notes.example.com/v2/mcp")]
    pub value: String,
    /// Who sent it last.
    #[schema(example = "c_Zr1cXnR0bVt3")]
    pub client_id: String,
    #[schema(example = 3)]
    pub times_refused: u64,
    #[schema(format = DateTime)]
    pub first_refused_at: String,
    #[schema(format = DateTime)]
    pub last_refused_at: String,
}

impl RefusedOut {
    pub fn new(refused: &RefusedResourceIndicator) -> Self {
        Self {
            id: refused.indicator_id.to_string(),
            value: refused.value.clone(),
            client_id: refused.client_id.to_string(),
            times_refused: refused.times_refused,
            first_refused_at: wire::time(refused.first_refused_at),
            last_refused_at: wire::time(refused.last_refused_at),
        }
    }
}

fn unknown(tenant: &Slug) -> Problem {
    Problem::not_found(
        "refused resource",
        &format!("/admin/v1/tenants/{tenant}/refused-resources"),
    )
}
