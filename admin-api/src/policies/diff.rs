//! GET …/tenants/{tenant}/policies/diff.

use std::collections::BTreeMap;

use authority::policy::PolicyLayer;
use serde::{Deserialize, Serialize};
use store::PolicyVersion;
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::operation::Found;
use crate::policies::{self, Named, PolicyOut, Readable, VersionWithText};
use crate::principal::TenantRead;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::QueryString;

/// Which two.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// The number of the earlier version; 0 is what there is before the first one. Absent: the one before `to`.
    #[param(minimum = 0)]
    pub from: Option<u32>,
    /// The number of the later one; absent: the version that decides now.
    #[param(minimum = 0)]
    pub to: Option<u32>,
}

impl DiffQuery {
    pub fn from(&self, to: Option<&PolicyVersion>) -> i64 {
        let before = || to.map_or(0, |to| to.version - 1);
        self.from.map_or_else(before, i64::from)
    }
}

/// A policy that two versions have, with one `@id`, and not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChangedPolicy)]
pub struct ChangedPolicy {
    #[schema(example = "interns-only-read")]
    pub id: String,
    pub from: PolicyOut,
    pub to: PolicyOut,
}

/// How two versions differ, policy by policy, by `@id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicyDiff)]
pub struct DiffOut {
    #[schema(example = 1)]
    pub from: i64,
    #[schema(example = 3)]
    pub to: i64,
    #[serde(flatten)]
    pub difference: Difference,
}

/// What was added, what went, what is another now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicyDifference)]
pub struct Difference {
    pub added: Vec<PolicyOut>,
    pub removed: Vec<PolicyOut>,
    pub changed: Vec<ChangedPolicy>,
}

impl Difference {
    pub fn of(before: &[PolicyOut], after: &[PolicyOut]) -> Self {
        let mut old: BTreeMap<&str, &PolicyOut> =
            before.iter().map(|it| (it.id.as_str(), it)).collect();
        let mut difference = Self::default();
        for policy in after {
            match old.remove(policy.id.as_str()) {
                None => difference.added.push(policy.clone()),
                Some(was) if was == policy => {}
                Some(was) => difference.changed.push(ChangedPolicy {
                    id: policy.id.clone(),
                    from: was.clone(),
                    to: policy.clone(),
                }),
            }
        }
        let removed = before.iter().filter(|it| old.contains_key(it.id.as_str()));
        difference.removed = removed.cloned().collect();
        difference
    }

    pub fn added_ids(&self) -> Vec<String> {
        self.added.iter().map(|it| it.id.clone()).collect()
    }

    pub fn removed_ids(&self) -> Vec<String> {
        self.removed.iter().map(|it| it.id.clone()).collect()
    }

    pub fn changed_ids(&self) -> Vec<String> {
        self.changed.iter().map(|it| it.id.clone()).collect()
    }
}

impl DiffOut {
    pub fn new(from: &VersionWithText, to: &VersionWithText) -> Self {
        Self {
            from: from.version.version,
            to: to.version.version,
            difference: Difference::of(&from.policies, &to.policies),
        }
    }
}

/// Compare two versions of the policies
///
/// Policies are told apart by their `@id`, so that what was only moved is no difference.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/policies/diff",
    tag = "policies",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), DiffQuery),
    responses((status = 200, description = "The differences.", body = DiffOut)),
)]
pub async fn diff_policies(
    access: TenantRead<Policies>,
    api: Api,
    QueryString(query): QueryString<DiffQuery>,
) -> Result<Found<DiffOut>, Problem> {
    let slug = access.tenant.slug();
    let mut scope = access.read(&api).await?;
    let to = match query.to {
        Some(version) => policies::find(&mut scope, version.into(), Named::By("to"), slug).await?,
        None => scope.find_active_policy_version().await?,
    };
    let from = policies::find(&mut scope, query.from(to.as_ref()), Named::By("from"), slug).await?;
    scope.end().await?;
    let from = Readable::new(from.as_ref(), PolicyLayer::Tenant).await;
    let to = Readable::new(to.as_ref(), PolicyLayer::Tenant).await;
    Ok(Found(DiffOut::new(&from.shown, &to.shown)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(id: &str, text: &str) -> PolicyOut {
        PolicyOut {
            id: id.to_owned(),
            description: None,
            effect: "permit".to_owned(),
            obligation: None,
            text: text.to_owned(),
        }
    }

    #[test]
    fn policies_are_told_apart_by_their_id() {
        let before = [policy("a", "1"), policy("b", "1"), policy("c", "1")];
        let after = [policy("c", "1"), policy("b", "2"), policy("d", "1")];
        let difference = Difference::of(&before, &after);
        assert_eq!(difference.added_ids(), ["d"]);
        assert_eq!(difference.removed_ids(), ["a"]);
        assert_eq!(difference.changed_ids(), ["b"]);
        assert_eq!(Difference::of(&after, &after), Difference::default());
    }
}
