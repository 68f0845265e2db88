//! DELETE …/signing-keys/{id}.

use authority::Authority;
use authority::key_ring::KeyRingError;
use authority::signing_key_rotation::{ActedBy, KeyAttempt, RemovalReport};
use crypto::SealedSigningKey;
use serde::{Deserialize, Serialize};
use store::TenantScope;
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::SigningKeys;
use crate::problem::{Faults, Problem};
use crate::request::{Id, QueryString};
use crate::signing_keys::attempts::{Attempt, change_keys};
use crate::signing_keys::{self, KeyState, Kid, SigningKeyOut, acted_by};
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
    access: TenantWrite<SigningKeys>,
    api: Api,
    Id(Kid(kid)): Id<Kid>,
    QueryString(query): QueryString<RemovalQuery>,
) -> Result<Committed<Found<RemovalOut>>, Problem> {
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
    let mut reading = access.read(&api).await?;
    let (keys, known) = signing_keys::read(&mut reading).await?;
    reading.end().await?;
    let before = keys.into_iter().find(|key| key.kid == kid);
    let before = SigningKeyOut::new(before.ok_or_else(unknown)?, &known.view());
    let by = acted_by(&access.caller, Some(reason));
    let (scope, change) = change_keys(&access, &api, &by, &Removal(&kid)).await?;
    let removed = change.report.as_ref().ok_or_else(unknown)?;
    let answer = RemovalOut {
        kid: removed.kid.clone(),
        state: KeyState::from(removed.state),
        signs_now: removed.signs_now.clone(),
    };
    let outcomes = change.outcomes();
    let recorded = scope.record_events(change.events, Some(&before)).await?;
    let counted = recorded.after_commit(move |authority| authority.count_changed_keys(&outcomes));
    counted.commit(Found(answer)).await
}

struct Removal<'a>(&'a str);

impl Attempt<Option<RemovalReport>> for Removal<'_> {
    async fn run(
        &self,
        authority: &Authority,
        scope: &mut TenantScope,
        by: &ActedBy,
        made: Vec<SealedSigningKey>,
    ) -> Result<KeyAttempt<Option<RemovalReport>>, KeyRingError> {
        authority
            .remove_signing_key_in(scope, self.0, by, made)
            .await
    }
}
