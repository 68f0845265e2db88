//! The policies of a tenant: what decides now, the versions before it, and how they differ. Texts are Cedar.
//!
//! `guard_rails` shows the platform's in the same form. Who asks the policies, and what they answered, is under
//! `decisions`.

pub mod diff;
pub mod find;
pub mod find_version;
pub mod list_versions;
pub mod revert;
pub mod schema;
pub mod write;

use authority::audit::{EventType, Target};
use authority::policy::{
    CompiledPolicies, DEFAULT_POLICIES, PolicyErrors, PolicyLayer, PolicySummary, compile,
};
use protocol::Slug;
use serde::Serialize;
use store::{PolicyAuthor, PolicyVersion, StoreError, TenantScope};
use utoipa::ToSchema;

use crate::audit::{self, Changes};
use crate::principal::Caller;
use crate::problem::{FieldProblem, Problem, ProblemKind};
use crate::wire;

pub const NOTE_LIMIT: usize = 500;

/// One policy of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Policy)]
pub struct PolicyOut {
    #[schema(example = "interns-only-read")]
    pub id: String,
    #[schema(example = "Interns get no scope that writes.")]
    pub description: Option<String>,
    /// `permit` or `forbid`.
    #[schema(example = "forbid")]
    pub effect: String,
    /// What lifts it: `fresh-sign-in`, where a person signs in again. Null: nothing does.
    #[schema(example = "fresh-sign-in")]
    pub obligation: Option<String>,
    /// As it stands in the text.
    #[schema(
        example = "@id(\"interns-only-read\") forbid (principal in Writ::Group::\"interns\", action, resource == Writ::Scope::\"write\");"
    )]
    pub text: String,
}

/// Who wrote a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicyAuthor)]
pub struct AuthorOut {
    /// As in the audit: `admin_key`, `administrator`, `bootstrap_key`.
    #[schema(example = "admin_key")]
    pub kind: String,
    #[schema(example = "0199c2a4-5e0e-7d54-8d4a-3c1f6f0b7a13")]
    pub id: Option<String>,
}

/// A version in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicyVersion)]
pub struct VersionOut {
    /// Counted from 1; 0 is what there is before the first one.
    #[schema(example = 3, minimum = 0)]
    pub version: i64,
    /// The policies that come with Writ: those of every tenant that has no other.
    pub is_default: bool,
    #[schema(example = "Interns only read.")]
    pub note: Option<String>,
    /// The version whose text it repeats.
    #[schema(example = 1)]
    pub reverts_to: Option<i64>,
    /// Null for what comes with Writ.
    pub created_by: Option<AuthorOut>,
    #[schema(format = DateTime)]
    pub created_at: Option<String>,
}

/// A version with its text, and the policies in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicyVersionWithText)]
pub struct VersionWithText {
    #[serde(flatten)]
    pub version: VersionOut,
    /// Policies in Cedar.
    #[schema(example = "@id(\"people\") permit (principal is Writ::User, action, resource);")]
    pub text: String,
    /// In the order of the text.
    pub policies: Vec<PolicyOut>,
}

impl PolicyOut {
    pub fn new(policy: &PolicySummary) -> Self {
        Self {
            id: policy.id.clone(),
            description: policy.description.clone(),
            effect: policy.effect.as_str().to_owned(),
            obligation: policy.obligation.map(|it| it.as_str().to_owned()),
            text: policy.text.clone(),
        }
    }
}

impl VersionOut {
    /// What there is before the first version.
    pub const fn of_nothing_written() -> Self {
        Self {
            version: 0,
            is_default: true,
            note: None,
            reverts_to: None,
            created_by: None,
            created_at: None,
        }
    }

    pub fn new(version: &PolicyVersion) -> Self {
        Self {
            version: version.version,
            is_default: version.policies.is_none(),
            note: version.note.clone(),
            reverts_to: version.reverts_to,
            created_by: Some(AuthorOut {
                kind: version.author.kind.clone(),
                id: version.author.id.clone(),
            }),
            created_at: Some(wire::time(version.created_at)),
        }
    }
}

/// A text, and what came of it. `None` stands for what there is before the first version.
pub struct Readable {
    pub shown: VersionWithText,
}

impl Readable {
    /// An old text may be one that the schema of today refuses: it is shown without its policies.
    pub async fn new(version: Option<&PolicyVersion>, layer: PolicyLayer) -> Self {
        let head = version.map_or_else(VersionOut::of_nothing_written, VersionOut::new);
        let written = version.and_then(|version| version.policies.as_deref());
        let text = written.unwrap_or_else(|| default_text(layer)).to_owned();
        let policies = match compile(&text, layer).await {
            Ok(compiled) => shown(&compiled),
            Err(_) => Vec::new(),
        };
        Self {
            shown: VersionWithText {
                version: head,
                text,
                policies,
            },
        }
    }
}

pub const fn default_text(layer: PolicyLayer) -> &'static str {
    match layer {
        PolicyLayer::Tenant => DEFAULT_POLICIES,
        PolicyLayer::Platform => "",
    }
}

pub fn shown(compiled: &CompiledPolicies) -> Vec<PolicyOut> {
    compiled.policies().iter().map(PolicyOut::new).collect()
}

/// Every fault of a text, each with its place.
pub fn refused(errors: &PolicyErrors) -> Problem {
    let faults = errors.0.iter().map(|error| {
        let policy = error.policy_id.as_ref();
        let policy = policy.map_or_else(String::new, |id| format!(" in {id}"));
        let help = error.help.as_ref();
        let help = help.map_or_else(String::new, |help| format!(" ({help})"));
        FieldProblem {
            field: "text".to_owned(),
            detail: format!(
                "line {}, column {}{policy}: {}{help}",
                error.line, error.column, error.message
            ),
        }
    });
    Problem::invalid(faults.collect())
}

pub fn author(caller: &Caller) -> PolicyAuthor {
    let actor = caller.actor();
    PolicyAuthor {
        kind: actor.kind().to_owned(),
        id: actor.id(),
    }
}

/// Two administrators of the platform at one moment; a tenant's change one after the other.
pub fn conflicting(error: StoreError) -> Problem {
    if error.conflict().is_some() {
        let detail =
            "Another version was written at the same moment; look at it, and send yours again.";
        return Problem::conflicting_state(detail).because(error);
    }
    Problem::from(error)
}

/// Where a call says which version it means.
#[derive(Debug, Clone, Copy)]
pub enum Named {
    InPath,
    /// A member of the body, or of the query.
    By(&'static str),
}

impl Named {
    pub fn unknown(self, list: &str) -> Problem {
        let detail = format!(
            "No such version, or it is too old to be kept. GET {list} lists those that exist."
        );
        match self {
            Self::InPath => Problem::new(ProblemKind::NotFound, detail),
            Self::By(member) => Problem::invalid_field(member, detail),
        }
    }
}

/// What the audit says of a new version: its number, not its text, which stays where it is.
pub fn changes(before: &VersionWithText, after: &VersionWithText) -> Changes {
    let difference = diff::Difference::of(&before.policies, &after.policies);
    Changes::updated(&before.version, &after.version)
        .noting("added", difference.added_ids())
        .noting("removed", difference.removed_ids())
        .noting("changed", difference.changed_ids())
        .of_version(before)
        .made_version(after)
}

pub fn target(version: i64) -> (EventType, Target) {
    let target = audit::target("policy_version", &version);
    (EventType::PolicyVersionCreated, target)
}

fn list_path(tenant: &Slug) -> String {
    format!("/admin/v1/tenants/{tenant}/policies/versions")
}

/// Version 0 is what there is before the first one.
async fn find(
    scope: &mut TenantScope,
    version: i64,
    named: Named,
    tenant: &Slug,
) -> Result<Option<PolicyVersion>, Problem> {
    if version == 0 {
        return Ok(None);
    }
    let found = scope.find_policy_version(version).await?;
    found
        .map(Some)
        .ok_or_else(|| named.unknown(&list_path(tenant)))
}
