//! POST /admin/v1/installation/void-refresh-tokens.

use authority::audit::EventType;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Found};
use crate::principal::PlatformWrite;
use crate::principal::kinds::Installation;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::text;
use crate::wire;

/// Why every refresh token there is ends now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VoidRefreshTokens, example = json!({"reason": "restored the back-up of 3 May"}))]
pub struct VoidRefreshTokensBody {
    /// For the audit.
    #[schema(value_type = text::Words)]
    reason: String,
}

/// What holds from now on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VoidedRefreshTokens)]
pub struct VoidedOut {
    /// Refresh tokens of an earlier one are void.
    #[schema(example = 2)]
    pub security_epoch: i64,
}

/// Void every refresh token
///
/// Of every tenant, at once: for the moment after a back-up was restored, whose refresh tokens were spent or revoked
/// since. Everybody signs in again. Access tokens live on until they expire; grants are not revoked.
#[utoipa::path(
    post,
    path = "/admin/v1/installation/void-refresh-tokens",
    tag = "installation",
    request_body = VoidRefreshTokensBody,
    responses((status = 200, description = "Done.", body = VoidedOut)),
)]
pub async fn void_refresh_tokens(
    access: PlatformWrite<Installation>,
    api: Api,
    Body(body): Body<VoidRefreshTokensBody>,
) -> Result<Committed<Found<VoidedOut>>, Problem> {
    let mut faults = Faults::default();
    let reason = wire::words(&mut faults, "reason", &body.reason, wire::NAME_LIMIT);
    faults.finish()?;
    let mut platform = access.open(&api).await?;
    let security_epoch = platform.raise_security_epoch().await?;
    let target = audit::target("installation", &"installation");
    let changes = Changes::updated(
        &json!({"security_epoch": security_epoch - 1}),
        &json!({"security_epoch": security_epoch}),
    )
    .noting("reason", reason);
    let recorded = platform
        .record_about(None, EventType::RefreshTokensVoided, target, changes)
        .await?;

    let revocations = &api.authority().metrics().revocations;
    revocations.with_label_values(&["all_refresh_tokens"]).inc();
    recorded.commit(Found(VoidedOut { security_epoch })).await
}
