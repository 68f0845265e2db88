//! POST …/webhooks.

use authority::audit::EventType;
use protocol::WebhookId;
use protocol::webhook::MOST_WEBHOOKS;
use serde::Deserialize;
use store::{NewWebhook, Webhook, WebhookState};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Webhooks;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::webhooks::{self, WebhookOut, WithSecret};
use crate::wire;

/// A webhook to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook, example = json!({
    "name": "alarms", "url": "https://hooks.example.com/writ", "events": ["client.*", "grant.revoked"],
}))]
pub struct NewWebhookBody {
    /// What it is for.
    name: String,
    /// Where messages are posted: https, at an address of the public internet.
    #[schema(format = "uri")]
    url: String,
    /// `*`, `client.*`, `client.created`. What is recorded in batches (tokens that are issued) it is told of only if
    /// the event is named in full.
    #[schema(min_items = 1, max_items = 100)]
    events: Vec<String>,
}

/// Create a webhook
///
/// From now on it is told of these events, each in a message that is signed by the rules of Standard Webhooks. The
/// secret is in this answer and nowhere afterwards. A tenant may have 20.
/// Messages are audit events: it takes the scope `audit:read` besides.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/webhooks",
    tag = "webhooks",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = NewWebhookBody,
    responses((status = 201, description = "The webhook.", body = WithSecret)),
)]
pub async fn create_webhook(
    access: TenantWrite<Webhooks>,
    api: Api,
    Body(body): Body<NewWebhookBody>,
) -> Result<Committed<Created<WithSecret>>, Problem> {
    let mut faults = Faults::default();
    let name = wire::words(&mut faults, "name", &body.name, wire::NAME_LIMIT);
    let url = webhooks::url(&mut faults, api.authority(), &access.tenant, &body.url);
    let event_types = webhooks::events(&mut faults, &body.events);
    faults.finish()?;
    webhooks::require_audit(&access.caller)?;
    let mut scope = access.open(&api).await?;
    let now = api.now();
    let there = scope.list_webhooks(None, MOST_WEBHOOKS).await?;
    if there.len() >= usize::try_from(MOST_WEBHOOKS).unwrap_or(usize::MAX) {
        return Err(Problem::conflicting_state(format!(
            "A tenant may have {MOST_WEBHOOKS} webhooks; delete one that is not needed."
        )));
    }
    let webhook_id = WebhookId::generate(api.random(), now);
    let (secret, sealed) = api
        .authority()
        .make_webhook_secret(&access.tenant, webhook_id);
    let new = NewWebhook {
        webhook_id,
        name,
        url,
        event_types,
        secret: sealed,
    };
    let inserted = scope.insert_webhook(&new, now).await;
    inserted.map_err(|error| webhooks::taken(error, &new.name))?;
    let webhook = WebhookOut::from(&Webhook {
        webhook_id,
        name: new.name,
        url: new.url,
        event_types: new.event_types,
        state: WebhookState::Active,
        previous_secret_ends_at: None,
        failing_since: None,
        last_delivered_at: None,
        paused_reason: None,
        created_at: now,
        updated_at: now,
    });
    let target = audit::target("webhook", &webhook_id);
    let recorded = scope
        .record(
            EventType::WebhookCreated,
            target,
            Changes::created(&webhook),
        )
        .await?;
    recorded
        .commit(Created {
            location: webhooks::path(access.tenant.slug(), webhook_id),
            thing: WithSecret {
                webhook,
                secret: secret.expose().to_string(),
            },
        })
        .await
}
