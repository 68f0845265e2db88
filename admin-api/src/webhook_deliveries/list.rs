//! GET …/webhooks/{id}/deliveries.

use protocol::WebhookId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::Api;
use crate::audit_events::Position;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Webhooks;
use crate::problem::Problem;
use crate::request::{Id, QueryString};
use crate::webhook_deliveries::{DeliveryOut, State};
use crate::webhooks;

/// A page, and which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    cursor: Option<String>,
    /// Only these.
    #[param(inline)]
    state: Option<State>,
}

/// List a webhook's deliveries
///
/// The newest event first. What was delivered is kept for 7 days, what was not for 30.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/webhooks/{id}/deliveries",
    tag = "webhooks",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The webhook's id."),
        DeliveriesQuery,
    ),
    responses((status = 200, description = "A page of deliveries.", body = Page<DeliveryOut>)),
)]
pub async fn list_webhook_deliveries(
    access: TenantRead<Webhooks>,
    api: Api,
    Id(webhook_id): Id<WebhookId>,
    QueryString(query): QueryString<DeliveriesQuery>,
) -> Result<Listed<DeliveryOut>, Problem> {
    let filter = format!("{webhook_id} {:?}", query.state);
    let list = ListOf {
        operation: "list_webhook_deliveries",
        tenant: Some(access.tenant.id()),
        filter: &filter,
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let wanted = page.read::<Position>(&api, list)?;
    let (after, limit) = (wanted.after.map(Into::into), wanted.rows_to_read());
    let mut scope = access.read(&api).await?;
    let found = scope.find_webhook(webhook_id).await?;
    found.ok_or_else(|| webhooks::unknown(access.tenant.slug()))?;
    let state = query.state.map(Into::into);
    let rows = scope
        .list_webhook_deliveries(webhook_id, state, after, limit)
        .await?;
    scope.end().await?;
    let position = |row: &store::WebhookDelivery| Position::at(row.cursor());
    wanted
        .page(&api, list, rows, position, DeliveryOut::from)
        .map(Listed)
}
