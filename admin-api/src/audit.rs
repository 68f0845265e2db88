//! The audit row of a call: who, what, on what, before and after. It is written in the transaction
//! of the change, so that there is no change without its row (row N8).
//!
//! Before and after are made from the types that the API shows, which have no secrets.

use actix_web::HttpMessage;
use authority::audit::{Actor, AuditEvent, EventType, Origin, Target};
use serde::Serialize;
use serde_json::{Value, json};
use store::NewAuditEvent;

use crate::api::Api;
use crate::principal::Caller;
use crate::request::Incoming;

/// The server's id of a request; its middleware puts it into the request's extensions.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Where a call came from.
pub fn origin(incoming: &Incoming) -> Origin {
    let extensions = incoming.http.extensions();
    Origin {
        request_id: extensions.get::<RequestId>().map(|id| id.0.clone()),
        address: incoming.http.peer_addr().map(|address| address.ip()),
    }
}

/// What changed, as the API shows it.
#[derive(Debug)]
pub struct Changes(Vec<(&'static str, Value)>);

impl Changes {
    pub fn created(after: &impl Serialize) -> Self {
        Self(vec![("after", shown(after))])
    }

    pub fn deleted(before: &impl Serialize) -> Self {
        Self(vec![("before", shown(before))])
    }

    /// Only the members that differ.
    pub fn updated(before: &impl Serialize, after: &impl Serialize) -> Self {
        let (Value::Object(mut before), Value::Object(mut after)) = (shown(before), shown(after))
        else {
            return Self(Vec::new());
        };
        before.retain(|name, value| name != "updated_at" && after.get(name) != Some(value));
        after.retain(|name, _| before.contains_key(name));
        Self(vec![
            ("before", Value::Object(before)),
            ("after", Value::Object(after)),
        ])
    }

    /// A fact that has no value to show: that a password was set.
    #[must_use]
    pub fn noting(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
    }
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

pub fn actor(caller: &Caller) -> Actor {
    caller.key_id.map_or(Actor::BootstrapKey, Actor::AdminKey)
}

/// The row, ready to be inserted.
pub fn event(
    api: &Api,
    caller: &Caller,
    event_type: EventType,
    target: Target,
    changes: Changes,
) -> NewAuditEvent {
    let event = AuditEvent::new(event_type, actor(caller), api.now())
        .at(target.kind, target.id)
        .origin(&caller.origin);
    let event = changes
        .0
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
        let Changes(changes) = Changes::updated(&before, &after);
        assert_eq!(
            changes,
            [
                ("before", json!({"name": "a"})),
                ("after", json!({"name": "b"}))
            ]
        );
    }
}
