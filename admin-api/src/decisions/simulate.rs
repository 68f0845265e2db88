//! POST …/policies/simulate.

use std::time::Duration;

use authority::decisions::{Difference, MAX_SIMULATED, ScopeDifference, Simulation};
use authority::policy::{PolicyLayer, compile};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::decisions::{PolicyOut, word_of};
use crate::operation::Found;
use crate::policies::refused;
use crate::principal::TenantRead;
use crate::principal::kinds::Policies;
use crate::problem::{Problem, ProblemKind};
use crate::request::LargeBody;
use crate::wire;

const MOST_DAYS: u64 = 30;
const DAYS: u64 = 7;
const DAY: Duration = Duration::from_hours(24);
const EXAMPLE: &str = "@id(\"people\") @description(\"People get what they ask for; nothing else does.\") permit (principal is Writ::User, action, resource);";

/// A draft, and how far to look back.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Simulate, example = json!({"text": EXAMPLE, "days": 7}))]
#[serde(deny_unknown_fields)]
pub struct SimulateIn {
    /// The text of the draft, in Cedar: all policies of the tenant.
    text: String,
    /// So many days back; 7 where it is left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 30, default = 7)]
    days: Option<u64>,
}

/// What the draft would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Simulation)]
pub struct SimulationOut {
    /// Decisions since then were tried.
    #[schema(format = DateTime)]
    pub since: String,
    /// So many.
    pub examined: u32,
    /// There are more, older ones: the newest were tried.
    pub is_cut_off: bool,
    /// So many would be others.
    pub changed: u32,
    /// The newest of them, up to 200.
    pub differences: Vec<DifferenceOut>,
}

/// A decision that would be another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionDifference)]
pub struct DifferenceOut {
    pub decision_id: String,
    #[schema(example = "9f2c41d07ab3")]
    pub error_id: String,
    #[schema(format = DateTime)]
    pub decided_at: String,
    #[schema(example = "issue")]
    pub action: String,
    pub user_id: Option<String>,
    #[schema(example = "notes-desktop")]
    pub client_id: String,
    /// Those that change.
    pub scopes: Vec<ScopeDifferenceOut>,
}

/// One scope of a decision that would be another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScopeDifference)]
pub struct ScopeDifferenceOut {
    /// Null: the request as a whole.
    #[schema(example = "notes:write")]
    pub scope: Option<String>,
    pub resource: Option<String>,
    /// `allowed`, `denied` or `sign_in_needed`.
    #[schema(example = "allowed")]
    pub before: &'static str,
    #[schema(example = "denied")]
    pub after: &'static str,
    /// The draft's, which would make it so.
    pub policies: Vec<PolicyOut>,
}

impl From<Simulation> for SimulationOut {
    fn from(simulation: Simulation) -> Self {
        let differences = simulation.differences.into_iter();
        Self {
            since: wire::time(simulation.since),
            examined: simulation.examined,
            is_cut_off: simulation.is_cut_off,
            changed: simulation.changed,
            differences: differences.map(DifferenceOut::from).collect(),
        }
    }
}

impl From<Difference> for DifferenceOut {
    fn from(difference: Difference) -> Self {
        let scopes = difference.scopes.into_iter();
        Self {
            decision_id: difference.decision_id.to_string(),
            error_id: difference.error_id,
            decided_at: wire::time(difference.decided_at),
            action: difference.action,
            user_id: difference.user_id.map(|id| id.to_string()),
            client_id: difference.client_id.to_string(),
            scopes: scopes.map(ScopeDifferenceOut::from).collect(),
        }
    }
}

impl From<ScopeDifference> for ScopeDifferenceOut {
    fn from(difference: ScopeDifference) -> Self {
        let policies = difference.policies.into_iter();
        Self {
            scope: difference.scope,
            resource: difference.resource,
            before: word_of(difference.before),
            after: word_of(difference.after),
            policies: policies.map(PolicyOut::from).collect(),
        }
    }
}

/// Try a draft
///
/// Decides again what was decided in the last days, by the draft, and lists what would be different: refusals, and the
/// sample of what was allowed, up to 5,000 of them and for 20 seconds. One draft of a tenant is tried at a time.
/// Nothing changes.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/policies/simulate",
    tag = "policies",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = SimulateIn,
    responses((status = 200, description = "What would be different.", body = SimulationOut)),
)]
pub async fn simulate_policies(
    access: TenantRead<Policies>,
    api: Api,
    LargeBody(body): LargeBody<SimulateIn>,
) -> Result<Found<SimulationOut>, Problem> {
    let days = body.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        let detail = format!("From 1 to {MOST_DAYS}.");
        return Err(Problem::invalid_field("days", detail));
    }
    let place = api.authority().enter_simulation(&access.tenant);
    let place = place.ok_or_else(|| {
        let detail = "A draft of this tenant is being tried already, or too many of others; try again in a moment.";
        Problem::new(ProblemKind::Busy, detail)
    })?;
    let compiled = compile(&body.text, PolicyLayer::Tenant).await;
    let draft = compiled.map_err(|errors| refused(&errors))?;
    let window = DAY * u32::try_from(days).unwrap_or(u32::MAX);
    let authority = api.authority();
    let simulated = authority.simulate(place, &access.tenant, draft, window);
    Ok(Found(simulated.await?.into()))
}

const _: () = assert!(MAX_SIMULATED == 5_000, "the description says so");
