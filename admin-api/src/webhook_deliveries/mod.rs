//! What a webhook was told, and is still to be told. The id of a delivery is its event's: it is told of each once.

pub mod find;
pub mod list;
pub mod replay;

use protocol::{EventId, Slug, WebhookId};
use serde::{Deserialize, Serialize};
use store::{DeliveryState, WebhookDelivery};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::{webhooks, wire};

/// A delivery as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct DeliveryOut {
    /// The event's id, and the `webhook-id` of its messages.
    pub id: String,
    pub webhook_id: String,
    #[schema(example = "client.created")]
    pub action: String,
    #[schema(format = DateTime)]
    pub occurred_at: String,
    pub state: State,
    /// How often it was tried since it was last played again.
    #[schema(example = 1)]
    pub attempts: u32,
    /// When it is tried next; null: it is settled.
    #[schema(format = DateTime)]
    pub next_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    pub last_attempted_at: Option<String>,
    /// What the last attempt was answered with, if it was answered.
    #[schema(example = 200)]
    pub last_status: Option<u16>,
    /// Why the last attempt failed: `status`, `timeout`, `tls`, …
    #[schema(example = json!(null))]
    pub last_error: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookDeliveryState)]
pub enum State {
    Pending,
    Delivered,
    /// Tried ten times over three days, or its event is gone.
    Failed,
}

impl From<State> for DeliveryState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Delivered => Self::Delivered,
            State::Failed => Self::Failed,
        }
    }
}

impl From<DeliveryState> for State {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Failed => Self::Failed,
        }
    }
}

impl From<WebhookDelivery> for DeliveryOut {
    fn from(delivery: WebhookDelivery) -> Self {
        let is_pending = delivery.state == DeliveryState::Pending;
        Self {
            id: delivery.event_id.to_string(),
            webhook_id: delivery.webhook_id.to_string(),
            action: delivery.event_type,
            occurred_at: wire::time(delivery.occurred_at),
            state: delivery.state.into(),
            attempts: delivery.attempts,
            next_attempt_at: is_pending.then(|| wire::time(delivery.due_at)),
            last_attempted_at: delivery.last_attempted_at.map(wire::time),
            last_status: delivery.last_status,
            last_error: delivery.last_error,
        }
    }
}

pub fn list_path(tenant: &Slug, webhook_id: WebhookId) -> String {
    format!("{}/deliveries", webhooks::path(tenant, webhook_id))
}

pub fn path(tenant: &Slug, webhook_id: WebhookId, event_id: EventId) -> String {
    format!("{}/{event_id}", list_path(tenant, webhook_id))
}

pub fn unknown(tenant: &Slug, webhook_id: WebhookId) -> Problem {
    Problem::not_found("delivery", &list_path(tenant, webhook_id))
}

/// Nothing is sent to one that is disabled or paused.
pub fn not_active() -> Problem {
    Problem::conflicting_state(
        "This webhook is disabled or paused, so it is told nothing: PATCH it with {\"state\": \"active\"} first.",
    )
}
