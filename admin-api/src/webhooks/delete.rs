//! DELETE …/webhooks/{id}.

use authority::audit::EventType;
use protocol::WebhookId;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Webhooks;
use crate::problem::Problem;
use crate::request::Id;
use crate::webhooks::{self, WebhookOut};

/// Delete a webhook
///
/// It is told nothing any more, and its deliveries go.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/webhooks/{id}",
    tag = "webhooks",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The webhook's id."),
    ),
    responses((status = 204, description = "Deleted.")),
)]
pub async fn delete_webhook(
    access: TenantWrite<Webhooks>,
    api: Api,
    Id(webhook_id): Id<WebhookId>,
) -> Result<Committed<Done>, Problem> {
    let unknown = || webhooks::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let found = scope.find_webhook_for_update(webhook_id).await?;
    let webhook = found.ok_or_else(unknown)?;
    if !scope.delete_webhook(webhook_id, api.now()).await? {
        return Err(unknown());
    }
    let target = audit::target("webhook", &webhook_id);
    let changes = Changes::deleted(&WebhookOut::from(&webhook));
    let recorded = scope
        .record(EventType::WebhookDeleted, target, changes)
        .await?;
    recorded.commit(Done).await
}
