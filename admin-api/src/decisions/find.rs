//! GET …/decisions/{error_id}.

use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::decisions::{DecisionOut, Sight};
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::SubId;

/// What one request decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionsOfRequest)]
pub struct DecisionsOut {
    #[schema(example = "9f2c41d07ab3")]
    pub error_id: String,
    /// In their order: a request may take several.
    pub decisions: Vec<DecisionOut>,
}

/// As it was told: text that could be one.
pub struct ErrorId(String);

impl FromStr for ErrorId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_plausible =
            (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_plausible.then(|| Self(text.to_owned())).ok_or(())
    }
}

/// Find out why
///
/// By the `error_id` (on pages: the reference) of a refusal: which check, which policy, from which facts. Kept for 30
/// days, and not more than 10,000 of a tenant; a trace is there within a second of the answer.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/decisions/{error_id}",
    tag = "policies",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("error_id" = String, Path, description = "As the refusal said it.", example = "9f2c41d07ab3"),
    ),
    responses((status = 200, description = "The decisions of this request.", body = DecisionsOut)),
)]
pub async fn find_decisions(
    access: TenantRead<Policies>,
    api: Api,
    SubId(ErrorId(error_id)): SubId<ErrorId>,
) -> Result<Found<DecisionsOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.list_decisions_of_error(&error_id).await?;
    scope.end().await?;
    if found.is_empty() {
        let list = format!("/admin/v1/tenants/{}/decisions", access.tenant.slug());
        return Err(Problem::not_found("decision", &list));
    }
    let sight = Sight::of(&access.caller);
    let decisions = found.into_iter().map(|decision| sight.show(decision));
    let decisions = decisions.collect();
    Ok(Found(DecisionsOut {
        error_id,
        decisions,
    }))
}
