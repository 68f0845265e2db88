//! Webhooks: where a tenant wants to be told of what happens in it, signed by the rules of Standard Webhooks. What
//! each was told is in `webhook_deliveries`.

pub mod create;
pub mod delete;
pub mod find;
pub mod list;
pub mod rotate_secret;
pub mod status;
pub mod test;
pub mod update;

use authority::Authority;
use authority::audit::EventType;
use protocol::webhook::EventPattern;
use protocol::{AdminObject, Slug, WebhookId};
use serde::{Deserialize, Serialize};
use store::{StoreError, Tenant, Webhook, WebhookState};
use utoipa::ToSchema;

use crate::principal::Caller;
use crate::problem::{Faults, Problem};
use crate::wire;

const MOST_PATTERNS: usize = 100;

/// A webhook as it is shown; its secret is not.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookOut {
    pub id: String,
    #[schema(example = "alarms")]
    pub name: String,
    #[schema(format = "uri", example = "https://hooks.example.com/writ")]
    pub url: String,
    /// `*`, `client.*`, `client.created`: everything, everything about a thing, one event.
    #[schema(example = json!(["client.*", "grant.revoked"]))]
    pub events: Vec<String>,
    pub state: State,
    /// Why it is paused: `failing` (for five days), or `gone` (it answered 410).
    #[schema(example = json!(null))]
    pub paused_reason: Option<String>,
    /// Until then the secret before this one signs too.
    #[schema(format = DateTime, example = json!(null))]
    pub previous_secret_ends_at: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// Whether it is told. One that is not is told nothing later of what happened meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookState)]
pub enum State {
    Active,
    /// By an administrator.
    Disabled,
    /// By Writ, after long failure.
    Paused,
}

impl From<WebhookState> for State {
    fn from(state: WebhookState) -> Self {
        match state {
            WebhookState::Active => Self::Active,
            WebhookState::Disabled => Self::Disabled,
            WebhookState::Paused => Self::Paused,
        }
    }
}

impl From<&Webhook> for WebhookOut {
    fn from(webhook: &Webhook) -> Self {
        Self {
            id: webhook.webhook_id.to_string(),
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            events: webhook.event_types.clone(),
            state: webhook.state.into(),
            paused_reason: webhook.paused_reason.clone(),
            previous_secret_ends_at: webhook.previous_secret_ends_at.map(wire::time),
            created_at: wire::time(webhook.created_at),
            updated_at: wire::time(webhook.updated_at),
        }
    }
}

/// A webhook, with its secret: the only time that it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
pub struct WithSecret {
    #[serde(flatten)]
    pub webhook: WebhookOut,
    /// What its messages are signed with. Libraries of Standard Webhooks take it as it is.
    #[schema(example = "whsec_…")]
    pub secret: String,
}

pub fn list_path(tenant: &Slug) -> String {
    format!("/admin/v1/tenants/{tenant}/webhooks")
}

pub fn path(tenant: &Slug, webhook_id: WebhookId) -> String {
    format!("{}/{webhook_id}", list_path(tenant))
}

/// Messages are audit events in full: whoever says where they go, or which, could as well read them.
pub fn require_audit(caller: &Caller) -> Result<(), Problem> {
    caller.require_scope(AdminObject::Audit, false)
}

/// Of two with one name nobody would know which is meant.
pub fn taken(error: StoreError, name: &str) -> Problem {
    Problem::from_conflict(error, |constraint| {
        (constraint == "webhooks_by_name").then(|| {
            let detail = format!("There is a webhook {name} already; choose another name.");
            ("name", detail)
        })
    })
}

pub fn unknown(tenant: &Slug) -> Problem {
    Problem::not_found("webhook", &list_path(tenant))
}

/// Where messages may go, as far as the URL tells.
pub(crate) fn url(
    faults: &mut Faults,
    authority: &Authority,
    tenant: &Tenant,
    url: &str,
) -> String {
    if let Err(fault) = authority.check_webhook_url(tenant, url) {
        faults.add("url", format!("{fault}."));
    }
    url.to_owned()
}

/// Patterns that stand for an event each, every one once.
pub(crate) fn events(faults: &mut Faults, patterns: &[String]) -> Vec<String> {
    if !(1..=MOST_PATTERNS).contains(&patterns.len()) {
        faults.add(
            "events",
            format!("From 1 to {MOST_PATTERNS}; [\"*\"] is every event."),
        );
    }
    for (position, pattern) in patterns.iter().take(MOST_PATTERNS).enumerate() {
        // Of events that are recorded in batches it is told where it names them in full.
        let is_told = |pattern: &EventPattern, event_type: EventType| {
            let is_named = pattern.as_str() == event_type.as_str();
            is_named || !event_type.is_recorded_in_batches() && pattern.matches(event_type.as_str())
        };
        let is_known = pattern.parse::<EventPattern>().is_ok_and(|pattern| {
            let mut all = EventType::ALL.iter();
            all.any(|event_type| is_told(&pattern, *event_type))
        });
        if !is_known {
            let detail = "There is no such event, or it has to be named in full. Say client.created, client.* or *; \
                docs/operations.md lists them.";
            faults.add(format!("events[{position}]"), detail);
        }
    }
    let mut events = patterns.to_vec();
    events.sort();
    events.dedup();
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_stands_for_no_event_is_refused() {
        let fits = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|it| (*it).to_owned()).collect();
            let mut faults = Faults::default();
            events(&mut faults, &patterns);
            faults.finish().is_ok()
        };
        assert!(fits(&["*"]) && fits(&["client.*", "client.created", "webhook.tested"]));
        assert!(fits(&["client_credentials.issued"]) && !fits(&["client_credentials.*"]));
        for bad in [
            "client.create",
            "clients.*",
            "client",
            "",
            "*.*",
            "client.created ",
        ] {
            assert!(!fits(&[bad]), "{bad}");
        }
        assert!(!fits(&[]));
    }
}
