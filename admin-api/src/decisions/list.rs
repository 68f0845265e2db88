//! GET …/decisions.

use protocol::{ClientId, DecisionId, UserId};
use serde::Deserialize;
use store::DecisionFilter;
use utoipa::IntoParams;

use crate::api::Api;
use crate::decisions::{DecisionOut, Sight};
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Policies;
use crate::problem::{Faults, Problem};
use crate::request::QueryString;

const ACTIONS: &[&str] = &["authorize", "issue", "register"];
const OUTCOMES: &[&str] = &[
    "allowed",
    "narrowed",
    "denied",
    "stronger_sign_in",
    "refused",
];

/// A page, and which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DecisionsQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
    /// `authorize`, `issue` or `register`.
    #[param(example = "issue")]
    action: Option<String>,
    /// `allowed`, `narrowed`, `denied`, `stronger_sign_in` or `refused`.
    #[param(example = "denied")]
    outcome: Option<String>,
    /// About the user of this id.
    user: Option<String>,
    /// Of the client of this `client_id`.
    #[param(example = "notes-desktop")]
    client: Option<String>,
}

impl DecisionsQuery {
    fn filter(&self) -> Result<DecisionFilter, Problem> {
        let mut faults = Faults::default();
        let named = [
            ("action", &self.action, ACTIONS),
            ("outcome", &self.outcome, OUTCOMES),
        ];
        for (field, value, known) in named {
            if value
                .as_deref()
                .is_some_and(|value| !known.contains(&value))
            {
                faults.add(field, format!("One of {}.", known.join(", ")));
            }
        }
        let user_id = self.user.as_deref().map(str::parse::<UserId>);
        if matches!(user_id, Some(Err(_))) {
            faults.add("user", "The id of a user is a UUID.");
        }
        let client_id = self.client.as_deref().map(ClientId::parse);
        if matches!(client_id, Some(Err(_))) {
            faults.add("client", "No client_id looks like this.");
        }
        faults.finish()?;
        Ok(DecisionFilter {
            action: self.action.clone(),
            outcome: self.outcome.clone(),
            user_id: user_id.and_then(Result::ok),
            client_id: client_id.and_then(Result::ok),
            since: None,
            is_by_policies: false,
        })
    }
}

/// List decisions
///
/// The newest first: everything that was refused or narrowed, and a sample of what was allowed.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/decisions",
    tag = "policies",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), DecisionsQuery),
    responses((status = 200, description = "A page of decisions.", body = Page<DecisionOut>)),
)]
pub async fn list_decisions(
    access: TenantRead<Policies>,
    api: Api,
    QueryString(query): QueryString<DecisionsQuery>,
) -> Result<Listed<DecisionOut>, Problem> {
    let filter = query.filter()?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    // Line by line: no value has a line's end in it.
    let named = [
        text(&filter.action),
        text(&filter.outcome),
        text(&query.user),
        text(&query.client),
    ]
    .join("\n");
    let list = ListOf {
        operation: "list_decisions",
        tenant: Some(access.tenant.id()),
        filter: &named,
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let wanted = page.read::<DecisionId>(&api, list)?;
    let sight = Sight::of(&access.caller);
    let mut scope = access.read(&api).await?;
    let rows = scope
        .list_decisions(&filter, wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |decision| decision.decision_id,
            |decision| sight.show(decision),
        )
        .map(Listed)
}
