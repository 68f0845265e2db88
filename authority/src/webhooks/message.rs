//! What a webhook is told: an audit event, as the admin API shows it, in the envelope of Standard Webhooks.

use crypto::WebhookSecret;
use outbound::Message;
use protocol::Timestamp;
use protocol::webhook::signed_content;
use serde::Serialize;
use serde_json::Value;
use store::{AuditEvent, Tenant};

/// The body. `type` and `timestamp` are the event's own.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

/// The members of an event in the admin API, and whose it is.
#[derive(Serialize)]
struct Data<'a> {
    /// The slug.
    tenant: &'a str,
    issuer: &'a str,
    id: String,
    occurred_at: String,
    action: &'a str,
    actor_kind: &'a str,
    actor_id: Option<&'a str>,
    target_kind: Option<&'a str>,
    target_id: Option<&'a str>,
    request_id: Option<&'a str>,
    address: Option<String>,
    details: &'a Value,
}

pub(super) fn of(
    tenant: &Tenant,
    event: &AuditEvent,
    secrets: &[WebhookSecret],
    now: Timestamp,
) -> Message {
    let body = Body {
        r#type: &event.event_type,
        timestamp: event.occurred_at.to_rfc3339(),
        data: Data {
            tenant: tenant.slug().as_str(),
            issuer: tenant.issuer().as_str(),
            id: event.event_id.to_string(),
            occurred_at: event.occurred_at.to_rfc3339(),
            action: &event.event_type,
            actor_kind: &event.actor_kind,
            actor_id: event.actor_id.as_deref(),
            target_kind: event.target_kind.as_deref(),
            target_id: event.target_id.as_deref(),
            request_id: event.request_id.as_deref(),
            address: event.address.map(|address| address.to_string()),
            details: &event.details,
        },
    };
    // Text, numbers and what came out of JSON: that cannot fail.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let content = signed_content(event.event_id, now, &body);
    let signatures: Vec<String> = secrets.iter().map(|it| it.sign(&content)).collect();
    Message {
        body,
        headers: vec![
            ("webhook-id", event.event_id.to_string()),
            ("webhook-timestamp", now.unix_seconds().to_string()),
            ("webhook-signature", signatures.join(" ")),
        ],
    }
}
