//! POST …/signing-keys/rotate.

use authority::Authority;
use authority::key_ring::KeyRingError;
use authority::signing_key_rotation::{ActedBy, KeyAttempt, RotationReport};
use crypto::SealedSigningKey;
use serde::Serialize;
use store::TenantScope;
use utoipa::ToSchema;

use crate::api::Api;
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::SigningKeys;
use crate::problem::Problem;
use crate::signing_keys::acted_by;
use crate::signing_keys::attempts::{Attempt, change_keys};
use crate::wire;

/// What a rotation comes to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKeyRotation)]
pub struct RotationOut {
    /// The key that signs, or will; in a dry run, where it is yet to be made, one that nobody will see again.
    pub kid: String,
    #[schema(example = "RS256")]
    pub algorithm: String,
    /// Whether it signs already.
    pub is_active: bool,
    /// When it is due to sign, or since when it does. Resources that are waited for may put it off, within
    /// signing_key_wait of the tenant.
    #[schema(format = DateTime)]
    pub activate_at: String,
    /// The kid that signed, or signs until then.
    pub replaces: Option<String>,
}

/// Rotate the signing key
///
/// As soon as that breaks no verifier: at once if the next key has been published for an hour, else when it will
/// have been. The old key verifies what it signed for as long as any token of it lives.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/signing-keys/rotate",
    tag = "signing-keys",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    responses((status = 200, description = "What happened, or will, and when.", body = RotationOut)),
)]
pub async fn rotate_signing_key(
    access: TenantWrite<SigningKeys>,
    api: Api,
) -> Result<Committed<Found<RotationOut>>, Problem> {
    // What resources were shown until now counts.
    api.authority().flush_sightings().await?;
    let by = acted_by(&access.caller, None);
    let (scope, change) = change_keys(&access, &api, &by, &Rotation).await?;
    let outcomes = change.outcomes();
    let recorded = scope.record_events(change.events, None::<&()>).await?;
    let counted = recorded.after_commit(move |authority| authority.count_changed_keys(&outcomes));
    counted
        .commit(Found(RotationOut::from(change.report)))
        .await
}

struct Rotation;

impl Attempt<RotationReport> for Rotation {
    async fn run(
        &self,
        authority: &Authority,
        scope: &mut TenantScope,
        by: &ActedBy,
        made: Vec<SealedSigningKey>,
    ) -> Result<KeyAttempt<RotationReport>, KeyRingError> {
        authority.rotate_signing_key_in(scope, by, made).await
    }
}

impl From<RotationReport> for RotationOut {
    fn from(report: RotationReport) -> Self {
        Self {
            kid: report.kid,
            algorithm: report.algorithm,
            is_active: report.is_active,
            activate_at: wire::time(report.activate_at),
            replaces: report.replaces,
        }
    }
}
