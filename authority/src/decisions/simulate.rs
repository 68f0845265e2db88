//! A draft of the policies, tried on what was decided before.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::ids::{DecisionId, TenantId, UserId};
use protocol::{ClientId, Timestamp};
use store::{Decision, DecisionFilter, StoreError, Tenant};

use super::trace::{PolicyCheck, TraceCheck, policy_checks, request_of};
use crate::Authority;
use crate::directory::PoliciesInForce;
use crate::policy::{CompiledPolicies, Engine, Verdict};

use super::settled::Answered;

/// So many decisions are tried at the most, the newest.
pub const MAX_SIMULATED: u32 = 5_000;
/// So many that would change are listed.
const MOST_LISTED: usize = 200;
/// A decision about hundreds of scopes has tens of kilobytes.
const PAGE: u32 = 50;
/// What is not looked at by then is not.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Whose drafts are being tried. Each takes a core for seconds: one of a tenant at a time, and few in all.
#[derive(Debug, Default)]
pub struct Simulations(Arc<Mutex<HashSet<TenantId>>>);

const MOST_AT_ONCE: usize = 2;

/// The right to try a draft. It goes back when this is dropped, so it goes along with the work.
#[must_use]
#[derive(Debug)]
pub struct SimulationPlace {
    running: Arc<Mutex<HashSet<TenantId>>>,
    tenant_id: TenantId,
}

impl Simulations {
    fn enter(&self, tenant_id: TenantId) -> Option<SimulationPlace> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = running.len() < MOST_AT_ONCE && running.insert(tenant_id);
        // Not made where there is none: what is dropped gives the tenant's own place back.
        is_free.then(|| SimulationPlace {
            running: Arc::clone(&self.0),
            tenant_id,
        })
    }
}

impl Drop for SimulationPlace {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.tenant_id);
    }
}

/// What a draft would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// Since when decisions were looked at.
    pub since: Timestamp,
    pub examined: u32,
    /// There are more in this time than were looked at.
    pub is_cut_off: bool,
    pub changed: u32,
    /// The newest first; not all of them, where there are many.
    pub differences: Vec<Difference>,
}

/// One decision that would be another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub decision_id: DecisionId,
    pub error_id: String,
    pub decided_at: Timestamp,
    pub action: String,
    pub user_id: Option<UserId>,
    pub client_id: ClientId,
    /// Those that change.
    pub scopes: Vec<ScopeDifference>,
}

/// None for `scope`: the request as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeDifference {
    pub scope: Option<String>,
    pub resource: Option<String>,
    pub before: Verdict,
    pub after: Verdict,
    /// The draft's, which would make it so.
    pub policies: Vec<PolicyCheck>,
}

impl Authority {
    /// None: one of this tenant is under way, or as many as there may be.
    pub fn enter_simulation(&self, tenant: &Tenant) -> Option<SimulationPlace> {
        self.simulations().enter(tenant.id())
    }

    /// Tries `draft` on the tenant's decisions of the last days.
    pub async fn simulate(
        &self,
        mut place: SimulationPlace,
        tenant: &Tenant,
        draft: Arc<CompiledPolicies>,
        window: Duration,
    ) -> Result<Simulation, StoreError> {
        let ends_at = tokio::time::Instant::now() + TIME_LIMIT;
        let in_force = self.directory().find_policies(tenant).await?;
        let guard_rails = Arc::clone(in_force.engine.guard_rails());
        let draft = Arc::new(PoliciesInForce {
            engine: Engine::new(guard_rails, draft),
            version: None,
            guard_rails_version: in_force.guard_rails_version,
        });
        let since = self.now() - window;
        let filter = DecisionFilter {
            since: Some(since),
            is_by_policies: true,
            ..DecisionFilter::default()
        };
        let mut simulation = Simulation {
            since,
            examined: 0,
            is_cut_off: false,
            changed: 0,
            differences: Vec::new(),
        };
        let mut after = None;
        loop {
            let mut scope = self.database().tenant(tenant).await?;
            let page = scope.list_decisions(&filter, after, PAGE).await?;
            scope.commit().await?;
            let read = u32::try_from(page.len()).unwrap_or(u32::MAX);
            after = page.last().map(|decision| decision.decision_id);
            let draft = Arc::clone(&draft);
            // Some hundred evaluations each: not beside the requests that wait for this thread.
            let work = tokio::task::spawn_blocking(move || (try_all(&draft, page, ends_at), place));
            let done = work.await;
            let (tried, place_again) =
                done.map_err(|error| StoreError::Internal(error.to_string()))?;
            place = place_again;
            let examined = u32::try_from(tried.len()).unwrap_or(u32::MAX);
            simulation.examined += examined;
            let tried = tried.into_iter().flatten();
            for difference in tried {
                simulation.changed += 1;
                if simulation.differences.len() < MOST_LISTED {
                    simulation.differences.push(difference);
                }
            }
            if read < PAGE && examined == read {
                return Ok(simulation);
            }
            if simulation.examined >= MAX_SIMULATED || examined < read {
                simulation.is_cut_off = true;
                return Ok(simulation);
            }
        }
    }
}

/// Of each that there was time for, what would be different.
fn try_all(
    draft: &PoliciesInForce,
    decisions: Vec<Decision>,
    ends_at: tokio::time::Instant,
) -> Vec<Option<Difference>> {
    let in_time = decisions
        .into_iter()
        .take_while(|_| tokio::time::Instant::now() < ends_at);
    in_time.map(|decision| try_one(draft, decision)).collect()
}

/// None: it would be the same, or its facts are of a version that is not read any more.
fn try_one(draft: &PoliciesInForce, decision: Decision) -> Option<Difference> {
    let request = request_of(decision.inputs)?;
    let before: Vec<TraceCheck> = serde_json::from_value(decision.checks).ok()?;
    let answered = Answered {
        decision: draft.engine.decide(&request),
        request,
    };
    let mut seen = BTreeSet::new();
    let scopes: Vec<ScopeDifference> = policy_checks(draft, &answered)
        .into_iter()
        .filter_map(|after| {
            let was = before.iter().find(|was| {
                was.check == after.check
                    && was.scope == after.scope
                    && was.resource == after.resource
            })?;
            let is_new = seen.insert((after.scope.clone(), after.resource.clone()));
            (is_new && was.verdict != after.verdict).then_some(ScopeDifference {
                scope: after.scope,
                resource: after.resource,
                before: was.verdict,
                after: after.verdict,
                policies: after.policies,
            })
        })
        .collect();
    (!scopes.is_empty()).then_some(Difference {
        decision_id: decision.decision_id,
        error_id: decision.error_id,
        decided_at: decision.decided_at,
        action: decision.action,
        user_id: decision.user_id,
        client_id: decision.client_id,
        scopes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_tries_one_draft_at_a_time_and_all_together_few() {
        let id = |number| TenantId::from_uuid(uuid::Uuid::from_u128(number));
        let simulations = Simulations::default();
        let first = simulations.enter(id(1));
        assert!(first.is_some() && simulations.enter(id(1)).is_none());
        let second = simulations.enter(id(2));
        assert!(second.is_some() && simulations.enter(id(3)).is_none());
        drop(first);
        assert!(simulations.enter(id(3)).is_some());
        assert!(simulations.enter(id(2)).is_none());
    }
}
