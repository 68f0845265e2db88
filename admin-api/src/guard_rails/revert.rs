//! POST /admin/v1/guard-rails/revert.

use authority::policy::{PolicyLayer, compile};
use store::NewPolicyVersion;

use crate::api::Api;
use crate::guard_rails;
use crate::guard_rails::write::insert;
use crate::operation::{Committed, Created};
use crate::policies::revert::RevertBody;
use crate::policies::write::read_note;
use crate::policies::{self, Named, VersionWithText, author, refused};
use crate::principal::PlatformWrite;
use crate::principal::kinds::Policies;
use crate::problem::Problem;
use crate::request::Body;

/// Go back to an earlier version of the guard rails
///
/// Its text becomes a new version, which forbids; 0: nothing does.
#[utoipa::path(
    post,
    path = "/admin/v1/guard-rails/revert",
    tag = "policies",
    request_body = RevertBody,
    responses((status = 201, description = "The new version; it forbids.", body = VersionWithText)),
)]
pub async fn revert_guard_rails(
    access: PlatformWrite<Policies>,
    api: Api,
    Body(body): Body<RevertBody>,
) -> Result<Committed<Created<VersionWithText>>, Problem> {
    let note = read_note(body.note.as_deref())?;
    let version = i64::from(body.version);
    let mut scope = access.open(&api).await?;
    let found = guard_rails::find(&mut scope, version, Named::By("version")).await?;
    let text = found.and_then(|found| found.policies).unwrap_or_default();
    let compiled = compile(&text, PolicyLayer::Platform).await;
    let compiled = compiled.map_err(|it| refused(&it))?;
    let new = NewPolicyVersion {
        policies: Some(text),
        note,
        reverts_to: Some(version),
        author: author(&access.caller),
    };
    insert(scope, &api, new, policies::shown(&compiled)).await
}
