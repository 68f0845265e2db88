//! The audit row of a call: who, what, on what, before and after. It is written in the transaction
//! of the change, so that there is no change without its row (row N8).
//!
//! Before and after are made from the types that the API shows, which have no secrets.

use actix_web::{HttpMessage, HttpRequest};
use authority::audit::{AuditEvent, EventType, Origin, Target};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::{NewAuditEvent, Tenant};

use crate::api::Api;
use crate::etag;
use crate::principal::Caller;
use crate::problem::Problem;
use crate::request::Incoming;

/// The server's id of a request; its middleware puts it into the request's extensions.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Where a call came from.
pub fn origin(incoming: &Incoming) -> Origin {
    Origin {
        request_id: request_id(&incoming.http),
        address: incoming.http.peer_addr().map(|address| address.ip()),
    }
}

/// Of what was read and is worth knowing of: nothing is read unrecorded.
pub async fn note(api: &Api, tenant: &Tenant, event: AuditEvent) -> Result<(), Problem> {
    let mut scope = api.database().tenant(tenant).await?;
    scope
        .insert_audit_event(&event.into_row(api.random()))
        .await?;
    Ok(scope.commit().await?)
}

/// What the server calls this request, as its log and `X-Request-Id` do.
pub fn request_id(request: &HttpRequest) -> Option<String> {
    let extensions = request.extensions();
    extensions.get::<RequestId>().map(|id| id.0.clone())
}

/// What changed, as the API shows it.
#[derive(Debug, Default)]
pub struct Changes {
    details: Vec<(&'static str, Value)>,
    /// The thing as a whole, before and after: what its versions are told apart by.
    before: Option<Value>,
    after: Option<Value>,
}

impl Changes {
    pub fn created(after: &impl Serialize) -> Self {
        let after = shown(after);
        Self {
            details: vec![("after", after.clone())],
            before: None,
            after: Some(after),
        }
    }

    pub fn deleted(before: &impl Serialize) -> Self {
        let before = shown(before);
        Self {
            details: vec![("before", before.clone())],
            before: Some(before),
            after: None,
        }
    }

    /// Only the members that differ.
    pub fn updated(before: &impl Serialize, after: &impl Serialize) -> Self {
        let (before, after) = (shown(before), shown(after));
        let mut differing = (members(&before), members(&after));
        differing
            .0
            .retain(|name, value| name != "updated_at" && differing.1.get(name) != Some(value));
        differing.1.retain(|name, _| differing.0.contains_key(name));
        Self {
            details: vec![
                ("before", Value::Object(differing.0)),
                ("after", Value::Object(differing.1)),
            ],
            before: Some(before),
            after: Some(after),
        }
    }

    /// A fact that has no value to show: that a password was set.
    #[must_use]
    pub fn noting(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    /// What `If-Match` is compared with, where only a part of the thing is worth an audit event.
    #[must_use]
    pub fn of_version(mut self, before: &impl Serialize) -> Self {
        self.before = Some(shown(before));
        self
    }

    /// The version that the change made, likewise.
    #[must_use]
    pub fn made_version(mut self, after: &impl Serialize) -> Self {
        self.after = Some(shown(after));
        self
    }

    /// The version that the change found.
    pub fn etag_before(&self) -> Option<String> {
        self.before.as_ref().map(etag::of_value)
    }

    /// The version that there is now.
    pub fn etag_after(&self) -> Option<String> {
        self.after.as_ref().map(etag::of_value)
    }
}

fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn shown(thing: &impl Serialize) -> Value {
    serde_json::to_value(thing).unwrap_or_else(|_| json!({}))
}

/// What an event is about.
pub fn target(kind: &'static str, id: &impl ToString) -> Target {
    Target {
        kind,
        id: id.to_string(),
    }
}

/// The row, ready to be inserted.
pub fn event(
    api: &Api,
    caller: &Caller,
    event_type: EventType,
    target: Target,
    changes: Changes,
) -> NewAuditEvent {
    let event = AuditEvent::new(event_type, caller.actor(), api.now())
        .at(target.kind, target.id)
        .origin(&caller.origin);
    let event = changes
        .details
        .into_iter()
        .fold(event, |event, (name, value)| event.detail_json(name, value));
    event.into_row(api.random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_recorded_as_what_differs() {
        let before = json!({"name": "a", "email": "x", "updated_at": 1});
        let after = json!({"name": "b", "email": "x", "updated_at": 2});
        let changes = Changes::updated(&before, &after);
        assert_eq!(
            changes.details,
            [
                ("before", json!({"name": "a"})),
                ("after", json!({"name": "b"}))
            ]
        );
    }
}
