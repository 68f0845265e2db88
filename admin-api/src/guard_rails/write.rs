//! POST /admin/v1/guard-rails/versions.

use authority::policy::{PolicyLayer, compile};
use serde::Deserialize;
use store::{NewPolicyVersion, PlatformScope};
use utoipa::ToSchema;

use crate::api::Api;
use crate::guard_rails::{LIST_PATH, target};
use crate::mutation::Mutation;
use crate::operation::{Committed, Created};
use crate::policies::write::read_note;
use crate::policies::{
    self, PolicyOut, Readable, VersionOut, VersionWithText, author, changes, conflicting, refused,
};
use crate::principal::PlatformWrite;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::LargeBody;

/// A version of the guard rails to be written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGuardRailVersion, example = json!({
    "text": "@id(\"nobody-gets-root\") forbid (principal, action, resource == Writ::Scope::\"root\");",
    "note": "Not before the audit."
}))]
pub struct NewGuardRailsBody {
    /// Policies in Cedar that forbid, 64 KB and 200 policies at most. Empty: none.
    #[schema(max_length = 65_536)]
    text: String,
    /// What it is for.
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// Write a version of the guard rails
///
/// Validated like a tenant's policies, and a permit is refused. Then it forbids in every tenant, everywhere within a
/// second. `dry_run=true` validates and changes nothing.
#[utoipa::path(
    post,
    path = "/admin/v1/guard-rails/versions",
    tag = "policies",
    request_body = NewGuardRailsBody,
    responses((status = 201, description = "The version; it forbids.", body = VersionWithText)),
)]
pub async fn create_guard_rail_version(
    access: PlatformWrite<Policies>,
    api: Api,
    LargeBody(body): LargeBody<NewGuardRailsBody>,
) -> Result<Committed<Created<VersionWithText>>, Problem> {
    let note = read_note(body.note.as_deref())?;
    let compiled = compile(&body.text, PolicyLayer::Platform).await;
    let compiled = compiled.map_err(|it| refused(&it))?;
    let new = NewPolicyVersion {
        policies: Some(body.text),
        note,
        reverts_to: None,
        author: author(&access.caller),
    };
    let scope = access.open(&api).await?;
    insert(scope, &api, new, policies::shown(&compiled)).await
}

/// The version in force from now on, and its audit event.
pub(super) async fn insert(
    mut scope: Mutation<PlatformScope>,
    api: &Api,
    new: NewPolicyVersion,
    shown: Vec<PolicyOut>,
) -> Result<Committed<Created<VersionWithText>>, Problem> {
    let before = scope.find_active_guard_rails().await?;
    let before = Readable::new(before.as_ref(), PolicyLayer::Platform).await;
    let before = before.shown;
    // Before it is written: of two who saw the same version the second is told so.
    scope.require_match(&before)?;
    let written = scope.insert_guard_rail_version(&new, api.now()).await;
    let written = written.map_err(conflicting)?;
    let after = VersionWithText {
        version: VersionOut::new(&written),
        text: new.policies.unwrap_or_default(),
        policies: shown,
    };
    let (event_type, target) = target(written.version);
    let recorded = scope
        .record(event_type, target, changes(&before, &after))
        .await?;
    recorded
        .commit(Created {
            location: format!("{LIST_PATH}/{}", written.version),
            thing: after,
        })
        .await
}
