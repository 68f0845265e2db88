//! POST …/webhooks/{id}/test.

use authority::audit::EventType;
use protocol::WebhookId;
use serde_json::json;
use store::WebhookState;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Webhooks;
use crate::problem::Problem;
use crate::request::Id;
use crate::webhook_deliveries::{self, DeliveryOut};
use crate::webhooks;

/// Test a webhook
///
/// Tells it of an event `webhook.tested`, whether it wants such events or not. The answer is the delivery: look at it
/// again in a few seconds.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/webhooks/{id}/test",
    tag = "webhooks",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The webhook's id."),
    ),
    responses((status = 201, description = "The delivery.", body = DeliveryOut)),
)]
pub async fn test_webhook(
    access: TenantWrite<Webhooks>,
    api: Api,
    Id(webhook_id): Id<WebhookId>,
) -> Result<Committed<Created<DeliveryOut>>, Problem> {
    let unknown = || webhooks::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let found = scope.find_webhook_for_update(webhook_id).await?;
    let webhook = found.ok_or_else(unknown)?;
    if webhook.state != WebhookState::Active {
        return Err(webhook_deliveries::not_active());
    }
    let event_type = EventType::WebhookTested;
    let target = audit::target("webhook", &webhook_id);
    let changes = Changes::created(&json!({"id": webhook_id.to_string(), "name": webhook.name}));
    let mut recorded = scope.record(event_type, target, changes).await?;
    let gone = || Problem::internal("the event that was just written is not there");
    let event = recorded.event().ok_or_else(gone)?;
    let event_id = event.event_id;
    recorded
        .insert_own_webhook_delivery(webhook_id, event, event_type.as_str(), api.now())
        .await?;
    let delivery = recorded
        .find_webhook_delivery(webhook_id, event_id)
        .await?
        .ok_or_else(|| Problem::internal("the delivery that was just written is not there"))?;
    let delivery = DeliveryOut::from(delivery);
    recorded
        .commit(Created {
            location: webhook_deliveries::path(access.tenant.slug(), webhook_id, event_id),
            thing: delivery,
        })
        .await
}
