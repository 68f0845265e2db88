//! GET …/webhooks/{id}.

use protocol::WebhookId;

use crate::api::Api;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Webhooks;
use crate::problem::Problem;
use crate::request::Id;
use crate::webhooks::{self, WebhookOut};

/// Find a webhook
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/webhooks/{id}",
    tag = "webhooks",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The webhook's id."),
    ),
    responses((status = 200, description = "The webhook.", body = WebhookOut)),
)]
pub async fn find_webhook(
    access: TenantRead<Webhooks>,
    api: Api,
    Id(webhook_id): Id<WebhookId>,
) -> Result<Found<WebhookOut>, Problem> {
    let mut scope = access.read(&api).await?;
    let found = scope.find_webhook(webhook_id).await?;
    scope.end().await?;
    let webhook = found.ok_or_else(|| webhooks::unknown(access.tenant.slug()))?;
    Ok(Found(WebhookOut::from(&webhook)))
}
