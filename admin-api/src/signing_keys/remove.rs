//! DELETE …/signing-keys/{id}.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantWrite;
use crate::problem::{Faults, Problem};
use crate::request::{Id, QueryString};
use crate::signing_keys::{KeyState, Kid, acted_by, failed};
use crate::wire;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemovalQuery {
    /// Why, for the audit: this is for emergencies.
    #[param(example = "leaked in a backup")]
    reason: Option<String>,
}

/// What was removed, and what signs now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKeyRemoval)]
pub struct RemovalOut {
    pub kid: String,
    /// What the removed key was.
    pub state: KeyState,
    /// The kid that signs access tokens now.
    pub signs_now: Option<String>,
}

/// Remove a signing key that leaked
///
/// At once, on every replica: what it signed is worth nothing from then on, introspection says so, and the JWKS
/// lists it no more. If it signs, the next key signs from now, or a fresh one. Verifiers that keep the JWKS go on
/// believing it until they fetch the set anew, five minutes as it says itself. To change a key that did not leak,
/// rotate.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/signing-keys/{id}",
    tag = "signing-keys",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The key's kid."),
        RemovalQuery,
    ),
    responses((status = 200, description = "Removed.", body = RemovalOut)),
)]
pub async fn remove_signing_key(
    access: TenantWrite,
    api: Api,
    Id(Kid(kid)): Id<Kid>,
    QueryString(query): QueryString<RemovalQuery>,
) -> Result<Found<RemovalOut>, Problem> {
    let mut faults = Faults::default();
    let reason = if let Some(reason) = &query.reason {
        wire::words(&mut faults, "reason", reason, wire::DESCRIPTION_LIMIT)
    } else {
        faults.add("reason", "Say why (?reason=…): it is kept in the audit.");
        String::new()
    };
    faults.finish()?;
    let unknown = || {
        let tenant = access.tenant.slug();
        Problem::not_found(
            "signing key",
            &format!("/admin/v1/tenants/{tenant}/signing-keys"),
        )
    };
    // Before anything is locked: what is not there leaves nothing behind.
    let mut scope = access.open(&api).await?;
    let keys = scope.list_signing_keys().await?;
    scope.commit().await?;
    if !keys.iter().any(|key| key.kid == kid) {
        return Err(unknown());
    }
    let by = acted_by(&access.caller, Some(reason));
    let removed = api
        .authority()
        .remove_signing_key(&access.tenant, &kid, by)
        .await
        .map_err(failed)?;
    let removed = removed.ok_or_else(unknown)?;
    Ok(Found(RemovalOut {
        kid: removed.kid,
        state: KeyState::from(removed.state),
        signs_now: removed.signs_now,
    }))
}
