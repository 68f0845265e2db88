//! POST …/tenants/{tenant}/policies/versions.

use authority::policy::{PolicyLayer, compile};
use serde::Deserialize;
use store::{NewPolicyVersion, TenantScope};
use utoipa::ToSchema;

use crate::api::Api;
use crate::mutation::Mutation;
use crate::operation::{Committed, Created};
use crate::policies::{
    self, NOTE_LIMIT, Readable, VersionOut, VersionWithText, author, changes, conflicting,
    default_text, list_path, refused,
};
use crate::principal::TenantWrite;
use crate::principal::kinds::Policies;
use crate::problem::{Faults, Problem};
use crate::request::LargeBody;
use crate::wire;

/// A version to be written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPolicyVersion, example = json!({
    "text": "@id(\"people\") permit (principal is Writ::User, action, resource);",
    "note": "Nobody but people."
}))]
pub struct NewVersionBody {
    /// Policies in Cedar, 64 KB and 200 policies at most. Null: the policies that come with Writ, as the running
    /// version has them.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(max_length = 65_536, required = true)]
    pub(crate) text: Option<String>,
    /// What it is for.
    #[schema(max_length = 500)]
    pub(crate) note: Option<String>,
}

/// A note that says something, or none.
pub fn read_note(note: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(note) = note else { return Ok(None) };
    let mut faults = Faults::default();
    let note = wire::words(&mut faults, "note", note, NOTE_LIMIT);
    faults.finish()?;
    Ok(Some(note))
}

/// Write a version of the policies
///
/// It is validated as a whole: against Cedar's grammar, the schema in strict mode, and the limits; every fault is
/// told with its line and column. Then it decides, everywhere within a second. `dry_run=true` validates and changes
/// nothing. Send `If-Match` with the `ETag` of what decides now, and nobody's work is written over.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/policies/versions",
    tag = "policies",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = NewVersionBody,
    responses((status = 201, description = "The version; it decides.", body = VersionWithText)),
)]
pub async fn create_policy_version(
    access: TenantWrite<Policies>,
    api: Api,
    LargeBody(body): LargeBody<NewVersionBody>,
) -> Result<Committed<Created<VersionWithText>>, Problem> {
    let note = read_note(body.note.as_deref())?;
    let layer = PolicyLayer::Tenant;
    let text = body.text.as_deref().unwrap_or_else(|| default_text(layer));
    let compiled = compile(text, layer).await.map_err(|it| refused(&it))?;
    let new = NewPolicyVersion {
        policies: body.text,
        note,
        reverts_to: None,
        author: author(&access.caller),
    };
    let scope = access.open(&api).await?;
    insert(scope, &api, new, policies::shown(&compiled)).await
}

/// The version in force from now on, and its audit event.
pub(super) async fn insert(
    mut scope: Mutation<TenantScope>,
    api: &Api,
    new: NewPolicyVersion,
    shown: Vec<policies::PolicyOut>,
) -> Result<Committed<Created<VersionWithText>>, Problem> {
    let layer = PolicyLayer::Tenant;
    let before = scope.find_active_policy_version().await?;
    let before = Readable::new(before.as_ref(), layer).await.shown;
    // Before it is written: of two who saw the same version the second is told so.
    scope.require_match(&before)?;
    let written = scope.insert_policy_version(&new, api.now()).await;
    let written = written.map_err(conflicting)?;
    let after = VersionWithText {
        version: VersionOut::new(&written),
        text: new
            .policies
            .unwrap_or_else(|| default_text(layer).to_owned()),
        policies: shown,
    };
    let location = format!("{}/{}", list_path(scope.tenant().slug()), written.version);
    let (event_type, target) = policies::target(written.version);
    let recorded = scope
        .record(event_type, target, changes(&before, &after))
        .await?;
    recorded
        .commit(Created {
            location,
            thing: after,
        })
        .await
}
