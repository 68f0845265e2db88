//! POST …/webhooks/{id}/rotate-secret.

use std::time::Duration;

use authority::audit::EventType;
use protocol::WebhookId;
use protocol::webhook::LONGEST_OVERLAP;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Webhooks;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::webhooks::{self, WebhookOut, WithSecret};
use crate::wire;

const DEFAULT_OVERLAP: u64 = 86_400;

/// How the old secret ends; `{}` lets it sign for a day more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookSecretRotation, example = json!({"overlap": 3600}))]
pub struct RotationBody {
    /// Seconds for which messages carry a signature by the old secret as well; 0 ends it at once.
    #[schema(minimum = 0, maximum = 604_800, default = 86_400)]
    overlap: Option<u64>,
}

/// Rotate a webhook's secret
///
/// The new secret is in this answer and nowhere afterwards. Meanwhile messages carry two signatures, and receivers
/// accept whichever they know: no message is lost.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/webhooks/{id}/rotate-secret",
    tag = "webhooks",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The webhook's id."),
    ),
    request_body = RotationBody,
    responses((status = 200, description = "The webhook, with its new secret.", body = WithSecret)),
)]
pub async fn rotate_webhook_secret(
    access: TenantWrite<Webhooks>,
    api: Api,
    Id(webhook_id): Id<WebhookId>,
    Body(body): Body<RotationBody>,
) -> Result<Committed<Found<WithSecret>>, Problem> {
    let unknown = || webhooks::unknown(access.tenant.slug());
    let mut faults = Faults::default();
    let seconds = body.overlap.unwrap_or(DEFAULT_OVERLAP);
    let bounds = 0..=LONGEST_OVERLAP.as_secs();
    let overlap = wire::lifetime(&mut faults, "overlap", seconds, &bounds);
    faults.finish()?;
    let mut scope = access.open(&api).await?;
    let now = api.now();
    let found = scope.find_webhook_for_update(webhook_id).await?;
    let before = WebhookOut::from(&found.ok_or_else(unknown)?);
    let (secret, sealed) = api
        .authority()
        .make_webhook_secret(&access.tenant, webhook_id);
    let ends_at = (overlap > Duration::ZERO).then(|| now + overlap);
    if !scope
        .rotate_webhook_secret(webhook_id, &sealed, ends_at, now)
        .await?
    {
        return Err(unknown());
    }
    let after = scope.find_webhook(webhook_id).await?.ok_or_else(unknown)?;
    let after = WebhookOut::from(&after);
    let target = audit::target("webhook", &webhook_id);
    let changes = Changes::updated(&before, &after);
    let recorded = scope
        .record(EventType::WebhookSecretRotated, target, changes)
        .await?;
    recorded
        .commit(Found(WithSecret {
            webhook: after,
            secret: secret.expose().to_string(),
        }))
        .await
}
