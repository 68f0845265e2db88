//! PATCH …/webhooks/{id}.

use authority::audit::EventType;
use protocol::WebhookId;
use serde::Deserialize;
use store::{Webhook, WebhookState, WebhookUpdate};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Webhooks;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::webhooks::{self, WebhookOut};
use crate::wire;

/// What an administrator may say of it; `paused` is for Writ to say.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookStateChange)]
pub enum StateChange {
    Active,
    Disabled,
}

/// Changes to a webhook. Absent: unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookChanges, example = json!({"state": "active"}))]
pub struct WebhookPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri")]
    url: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    events: Change<Vec<String>>,
    /// `active` ends a pause.
    #[serde(default)]
    #[schema(value_type = Option<StateChange>)]
    state: Change<StateChange>,
}

impl WebhookPatch {
    fn apply_to(
        self,
        before: &Webhook,
        api: &Api,
        tenant: &store::Tenant,
    ) -> Result<WebhookUpdate, Problem> {
        let mut faults = Faults::default();
        let name = self.name.required("name", &mut faults);
        let name = name.map(|name| wire::words(&mut faults, "name", &name, wire::NAME_LIMIT));
        let url = self.url.required("url", &mut faults);
        let url = url.map(|url| webhooks::url(&mut faults, api.authority(), tenant, &url));
        let events = self.events.required("events", &mut faults);
        let events = events.map(|events| webhooks::events(&mut faults, &events));
        let state = self.state.required("state", &mut faults);
        faults.finish()?;
        let state = state.map(|state| match state {
            StateChange::Active => WebhookState::Active,
            StateChange::Disabled => WebhookState::Disabled,
        });
        Ok(WebhookUpdate {
            name: name.unwrap_or_else(|| before.name.clone()),
            url: url.unwrap_or_else(|| before.url.clone()),
            event_types: events.unwrap_or_else(|| before.event_types.clone()),
            state: state.unwrap_or(before.state),
        })
    }
}

/// Change a webhook
///
/// `"state": "active"` tells one that was disabled or paused what waits for it; of what happened while it was not
/// active it is told nothing. Another `url`, or other `events`, take the scope `audit:read` besides.
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenant}/webhooks/{id}",
    tag = "webhooks",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The webhook's id."),
    ),
    request_body = WebhookPatch,
    responses((status = 200, description = "The webhook as it is now.", body = WebhookOut)),
)]
pub async fn update_webhook(
    access: TenantWrite<Webhooks>,
    api: Api,
    Id(webhook_id): Id<WebhookId>,
    Body(body): Body<WebhookPatch>,
) -> Result<Committed<Found<WebhookOut>>, Problem> {
    let unknown = || webhooks::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let now = api.now();
    let found = scope.find_webhook_for_update(webhook_id).await?;
    let before = found.ok_or_else(unknown)?;
    let update = body.apply_to(&before, &api, &access.tenant)?;
    if (&update.url, &update.event_types) != (&before.url, &before.event_types) {
        webhooks::require_audit(&access.caller)?;
    }
    let updated = scope.update_webhook(webhook_id, &update, now).await;
    if !updated.map_err(|error| webhooks::taken(error, &update.name))? {
        return Err(unknown());
    }
    let after = scope.find_webhook(webhook_id).await?.ok_or_else(unknown)?;
    let (before, after) = (WebhookOut::from(&before), WebhookOut::from(&after));
    let target = audit::target("webhook", &webhook_id);
    let changes = Changes::updated(&before, &after);
    let recorded = scope
        .record(EventType::WebhookUpdated, target, changes)
        .await?;
    recorded.commit(Found(after)).await
}
