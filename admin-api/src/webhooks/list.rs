//! GET …/webhooks.

use protocol::WebhookId;
use store::Webhook;

use crate::api::Api;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Webhooks;
use crate::problem::Problem;
use crate::request::QueryString;
use crate::webhooks::WebhookOut;

/// List webhooks
///
/// In the order in which they were made, disabled and paused ones too.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/webhooks",
    tag = "webhooks",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), PageQuery),
    responses((status = 200, description = "A page of webhooks.", body = Page<WebhookOut>)),
)]
pub async fn list_webhooks(
    access: TenantRead<Webhooks>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<WebhookOut>, Problem> {
    let list = ListOf {
        operation: "list_webhooks",
        tenant: Some(access.tenant.id()),
        filter: "",
    };
    let wanted = query.read::<WebhookId>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let rows = scope
        .list_webhooks(wanted.after, wanted.rows_to_read())
        .await?;
    scope.end().await?;
    let show = |webhook: Webhook| WebhookOut::from(&webhook);
    wanted
        .page(&api, list, rows, |webhook| webhook.webhook_id, show)
        .map(Listed)
}
