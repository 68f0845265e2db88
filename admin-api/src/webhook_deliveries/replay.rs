//! POST …/webhooks/{id}/deliveries/{delivery_id}/replay.

use authority::audit::EventType;
use protocol::{EventId, WebhookId};
use serde_json::json;
use store::WebhookState;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Webhooks;
use crate::problem::Problem;
use crate::request::{Id, SubId};
use crate::webhook_deliveries::{self, DeliveryOut};
use crate::webhooks;

/// Replay a delivery
///
/// It is sent again, whatever became of it, with the same `webhook-id`: a receiver that has seen it may leave it. It
/// takes the scope `audit:read` besides.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/webhooks/{id}/deliveries/{delivery_id}/replay",
    tag = "webhooks",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The webhook's id."),
        ("delivery_id" = String, Path, description = "The delivery's id: that of its event."),
    ),
    responses((status = 200, description = "The delivery, pending again.", body = DeliveryOut)),
)]
pub async fn replay_webhook_delivery(
    access: TenantWrite<Webhooks>,
    api: Api,
    Id(webhook_id): Id<WebhookId>,
    SubId(event_id): SubId<EventId>,
) -> Result<Committed<Found<DeliveryOut>>, Problem> {
    let slug = access.tenant.slug();
    webhooks::require_audit(&access.caller)?;
    let mut scope = access.open(&api).await?;
    let webhook = scope.find_webhook_for_update(webhook_id).await?;
    let webhook = webhook.ok_or_else(|| webhooks::unknown(slug))?;
    let unknown = || webhook_deliveries::unknown(slug, webhook_id);
    if webhook.state != WebhookState::Active {
        return Err(webhook_deliveries::not_active());
    }
    let before = scope.find_webhook_delivery(webhook_id, event_id).await?;
    let before = DeliveryOut::from(before.ok_or_else(unknown)?);
    scope
        .replay_webhook_delivery(webhook_id, event_id, api.now())
        .await?;
    let after = scope.find_webhook_delivery(webhook_id, event_id).await?;
    let after = DeliveryOut::from(after.ok_or_else(unknown)?);
    let target = audit::target("webhook", &webhook_id);
    let changes = Changes::updated(&before, &after).noting("delivery", json!(event_id.to_string()));
    let event_type = EventType::WebhookDeliveryReplayed;
    let recorded = scope.record(event_type, target, changes).await?;
    recorded.commit(Found(after)).await
}
