//! Decision traces: why a request was refused or got less than it asked, and a sample of what was allowed.
//!
//! Added in batches of many tenants, read by administrators, removed by age, by number and with their person. The
//! two JSON columns are `authority`'s: here they are carried.

use std::time::Duration;

use protocol::{ClientId, DecisionId, TenantId, Timestamp, UserId};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::{TenantScope, answer};
use crate::tenants::Tenant;

/// How long a trace is kept.
pub const DECISIONS_KEPT_FOR: Duration = Duration::from_hours(30 * 24);
/// So many are kept of a tenant; the oldest go.
pub const DECISIONS_KEPT: u32 = 10_000;
/// So many of them may be refusals by rules, which strangers can bring about.
pub const RULE_REFUSALS_KEPT: u32 = 2_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub decision_id: DecisionId,
    /// Of the request; it may have taken several decisions.
    pub error_id: String,
    pub decided_at: Timestamp,
    pub action: String,
    pub outcome: String,
    pub user_id: Option<UserId>,
    pub client_id: ClientId,
    /// None: the policies that every tenant begins with.
    pub policy_version: Option<i64>,
    /// A JSON object without secrets.
    pub inputs: Value,
    /// A JSON array.
    pub checks: Value,
}

/// What is to be recorded has the same fields as what was.
pub type NewDecision = Decision;

/// Which of them; what is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    pub action: Option<String>,
    pub outcome: Option<String>,
    pub user_id: Option<UserId>,
    pub client_id: Option<ClientId>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Those that policies were asked for, and not what rules refused before.
    pub is_by_policies: bool,
}

struct DecisionRow {
    decision_id: Uuid,
    error_id: String,
    decided_at: OffsetDateTime,
    action: String,
    outcome: String,
    user_id: Option<Uuid>,
    client_id: String,
    policy_version: Option<i64>,
    inputs: Value,
    checks: Value,
}

impl TryFrom<DecisionRow> for Decision {
    type Error = StoreError;

    fn try_from(row: DecisionRow) -> Result<Self, StoreError> {
        Ok(Self {
            decision_id: DecisionId::from_uuid(row.decision_id),
            error_id: row.error_id,
            decided_at: row.decided_at.into(),
            action: row.action,
            outcome: row.outcome,
            user_id: row.user_id.map(UserId::from_uuid),
            client_id: ClientId::parse(&row.client_id).map_err(StoreError::corrupt)?,
            policy_version: row.policy_version,
            inputs: row.inputs,
            checks: row.checks,
        })
    }
}

macro_rules! select_decisions {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            DecisionRow,
            "select decision_id, error_id, decided_at, action, outcome, user_id, client_id, policy_version, \
             inputs, checks from decisions "
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    /// What one request decided, in its order.
    pub async fn list_decisions_of_error(
        &mut self,
        error_id: &str,
    ) -> Result<Vec<Decision>, StoreError> {
        let rows = select_decisions!(
            "where tenant_id = $1 and error_id = $2 order by decision_id limit 50",
            self.tenant_id(),
            error_id,
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(Decision::try_from)
            .collect()
    }

    /// The newest first.
    pub async fn list_decisions(
        &mut self,
        filter: &DecisionFilter,
        after: Option<DecisionId>,
        limit: u32,
    ) -> Result<Vec<Decision>, StoreError> {
        let rows = select_decisions!(
            "where tenant_id = $1 and decision_id < $2
               and ($3::text is null or action = $3)
               and ($4::text is null or outcome = $4)
               and ($5::uuid is null or user_id = $5)
               and ($6::text is null or client_id = $6)
               and ($7::timestamptz is null or decided_at >= $7)
               and (outcome <> 'refused' or not $8)
             order by decision_id desc limit $9",
            self.tenant_id(),
            after.map_or(Uuid::max(), |id| id.as_uuid()),
            filter.action,
            filter.outcome,
            filter.user_id.map(|id| id.as_uuid()),
            filter.client_id.as_ref().map(ClientId::as_str),
            filter.since.map(OffsetDateTime::from),
            filter.is_by_policies,
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(Decision::try_from)
            .collect()
    }

    /// Everything that was decided about one person.
    pub async fn delete_decisions_of_user(&mut self, user_id: UserId) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from decisions where tenant_id = $1 and user_id = $2",
            self.tenant_id(),
            user_id.as_uuid(),
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }

    /// Removes up to `limit` that are too old, and up to `limit` that are too many.
    pub(crate) async fn sweep_decisions(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let old = sqlx::query!(
            "delete from decisions where tenant_id = $1 and decision_id = any (array(
                 select decision_id from decisions
                 where tenant_id = $1 and decided_at < $2 order by decided_at limit $3
                 for update skip locked))",
            self.tenant_id(),
            OffsetDateTime::from(now - DECISIONS_KEPT_FOR),
            i64::from(limit),
        );
        let old = answer!(self, old, execute)?.rows_affected();
        let surplus = sqlx::query!(
            "delete from decisions where tenant_id = $1 and decision_id = any (array(
                 select decision_id from decisions
                 where tenant_id = $1 and decision_id <= (
                     select decision_id from decisions
                     where tenant_id = $1 order by decision_id desc offset $2 limit 1)
                 order by decision_id limit $3
                 for update skip locked))",
            self.tenant_id(),
            i64::from(DECISIONS_KEPT),
            i64::from(limit),
        );
        let surplus = answer!(self, surplus, execute)?.rows_affected();
        let ruled = sqlx::query!(
            "delete from decisions where tenant_id = $1 and decision_id = any (array(
                 select decision_id from decisions
                 where tenant_id = $1 and outcome = 'refused' and decision_id <= (
                     select decision_id from decisions
                     where tenant_id = $1 and outcome = 'refused' order by decision_id desc offset $2 limit 1)
                 order by decision_id limit $3
                 for update skip locked))",
            self.tenant_id(),
            i64::from(RULE_REFUSALS_KEPT),
            i64::from(limit),
        );
        let ruled = answer!(self, ruled, execute)?.rows_affected();
        Ok(old + surplus + ruled)
    }
}

/// Decisions turned on their side: one array per column, for one statement.
#[derive(Default)]
struct DecisionColumns {
    tenant_id: Vec<Uuid>,
    decision_id: Vec<Uuid>,
    error_id: Vec<String>,
    decided_at: Vec<OffsetDateTime>,
    action: Vec<String>,
    outcome: Vec<String>,
    user_id: Vec<Option<Uuid>>,
    client_id: Vec<String>,
    policy_version: Vec<Option<i64>>,
    inputs: Vec<Value>,
    checks: Vec<Value>,
}

impl DecisionColumns {
    fn of<'a>(decisions: impl Iterator<Item = (TenantId, &'a NewDecision)>) -> Self {
        let mut columns = Self::default();
        for (tenant_id, decision) in decisions {
            columns.tenant_id.push(tenant_id.as_uuid());
            columns.decision_id.push(decision.decision_id.as_uuid());
            columns.error_id.push(decision.error_id.clone());
            columns.decided_at.push(decision.decided_at.into());
            columns.action.push(decision.action.clone());
            columns.outcome.push(decision.outcome.clone());
            columns
                .user_id
                .push(decision.user_id.map(|id| id.as_uuid()));
            columns.client_id.push(decision.client_id.to_string());
            columns.policy_version.push(decision.policy_version);
            columns.inputs.push(decision.inputs.clone());
            columns.checks.push(decision.checks.clone());
        }
        columns
    }
}

impl PlatformScope {
    /// A batch of many tenants' in one statement. Those that are there already are left as they are: a batch comes
    /// again when the answer to its commit was lost.
    pub async fn insert_decisions_of_tenants(
        &mut self,
        decisions: &[(Tenant, NewDecision)],
    ) -> Result<(), StoreError> {
        let columns = DecisionColumns::of(decisions.iter().map(|(tenant, it)| (tenant.id(), it)));
        let inserted = sqlx::query!(
            "insert into decisions (tenant_id, decision_id, error_id, decided_at, action, outcome, user_id,
                 client_id, policy_version, inputs, checks)
             select tenant_id, decision_id, error_id, decided_at, action, outcome, user_id, client_id,
                 policy_version, inputs, checks
             from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
                 $7::uuid[], $8::text[], $9::bigint[], $10::jsonb[], $11::jsonb[])
                 as them (tenant_id, decision_id, error_id, decided_at, action, outcome, user_id, client_id,
                     policy_version, inputs, checks)
             on conflict do nothing",
            &columns.tenant_id,
            &columns.decision_id,
            &columns.error_id,
            &columns.decided_at,
            &columns.action,
            &columns.outcome,
            &columns.user_id as &[Option<Uuid>],
            &columns.client_id,
            &columns.policy_version as &[Option<i64>],
            &columns.inputs,
            &columns.checks,
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }
}
