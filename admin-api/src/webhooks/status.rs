//! GET …/webhooks/{id}/status.

use protocol::WebhookId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Webhooks;
use crate::problem::Problem;
use crate::request::Id;
use crate::webhooks::{self, State};
use crate::wire;

/// No more are counted.
const MOST_COUNTED: u32 = 1_000;

/// How a webhook fares.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookStatus)]
pub struct StatusOut {
    state: State,
    #[schema(example = json!(null))]
    paused_reason: Option<String>,
    /// Since the first attempt that failed after the last one that did not; null: it is well.
    #[schema(format = DateTime, example = json!(null))]
    failing_since: Option<String>,
    #[schema(format = DateTime)]
    last_delivered_at: Option<String>,
    /// Deliveries that wait; 1000 stands for any number from there.
    #[schema(example = 0, maximum = 1000)]
    pending: u32,
}

/// Find a webhook's status
///
/// Apart from the webhook, since it changes with every message.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/webhooks/{id}/status",
    tag = "webhooks",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The webhook's id."),
    ),
    responses((status = 200, description = "Its status.", body = StatusOut)),
)]
pub async fn find_webhook_status(
    access: TenantRead<Webhooks>,
    api: Api,
    Id(webhook_id): Id<WebhookId>,
) -> Result<Found<StatusOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.find_webhook(webhook_id).await?;
    let pending = scope
        .count_pending_deliveries(webhook_id, MOST_COUNTED)
        .await?;
    scope.end().await?;
    let webhook = found.ok_or_else(|| webhooks::unknown(access.tenant.slug()))?;
    Ok(Found(StatusOut {
        state: webhook.state.into(),
        paused_reason: webhook.paused_reason,
        failing_since: webhook.failing_since.map(wire::time),
        last_delivered_at: webhook.last_delivered_at.map(wire::time),
        pending,
    }))
}
