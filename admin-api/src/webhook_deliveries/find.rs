//! GET …/webhooks/{id}/deliveries/{delivery_id}.

use protocol::{EventId, WebhookId};

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Webhooks;
use crate::problem::Problem;
use crate::request::{Id, SubId};
use crate::webhook_deliveries::{self, DeliveryOut};
use crate::webhooks;

/// Find a delivery
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/webhooks/{id}/deliveries/{delivery_id}",
    tag = "webhooks",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The webhook's id."),
        ("delivery_id" = String, Path, description = "The delivery's id: that of its event."),
    ),
    responses((status = 200, description = "The delivery.", body = DeliveryOut)),
)]
pub async fn find_webhook_delivery(
    access: TenantRead<Webhooks>,
    api: Api,
    Id(webhook_id): Id<WebhookId>,
    SubId(event_id): SubId<EventId>,
) -> Result<Found<DeliveryOut>, Problem> {
    let slug = access.tenant.slug();
    let mut scope = access.read(&api).await?;
    let webhook = scope.find_webhook(webhook_id).await?;
    webhook.ok_or_else(|| webhooks::unknown(slug))?;
    let found = scope.find_webhook_delivery(webhook_id, event_id).await?;
    scope.end().await?;
    let delivery = found.ok_or_else(|| webhook_deliveries::unknown(slug, webhook_id))?;
    Ok(Found(DeliveryOut::from(delivery)))
}
