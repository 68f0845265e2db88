//! Whom and which client an event is about, or by: the columns that it is looked for by.

use serde_json::Value;
use uuid::Uuid;

use super::AuditEvent;

const MAX_CLIENT_ID_BYTES: usize = 2_048;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Subjects {
    pub user_id: Option<Uuid>,
    pub client_id: Option<String>,
}

impl Subjects {
    /// Who it was done to, before who did it: an administrator is found as the actor. A client acts for itself alone.
    pub fn of(event: &AuditEvent) -> Self {
        let target = |kind: &str| {
            let is_it = event.target_kind.as_deref() == Some(kind);
            event.target_id.as_deref().filter(|_| is_it)
        };
        let actor = |kind: &str| {
            event
                .actor_id
                .as_deref()
                .filter(|_| event.actor_kind == kind)
        };
        let detail = |name: &str| event.details.get(name).and_then(Value::as_str);
        let uuid = |text: &str| Uuid::parse_str(text).ok();
        Self {
            user_id: target("user")
                .and_then(uuid)
                .or_else(|| actor("user").and_then(uuid))
                .or_else(|| detail("user_id").and_then(uuid)),
            client_id: actor("client")
                .or_else(|| target("client"))
                .or_else(|| detail("client_id"))
                .filter(|client_id| client_id.len() <= MAX_CLIENT_ID_BYTES)
                .map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{EventId, Timestamp};
    use serde_json::json;

    use super::*;

    fn event(
        actor: (&str, Option<&str>),
        target: Option<(&str, &str)>,
        details: Value,
    ) -> AuditEvent {
        AuditEvent {
            event_id: EventId::from_uuid(Uuid::nil()),
            occurred_at: Timestamp::from_unix_seconds(0),
            event_type: "x.y".to_owned(),
            actor_kind: actor.0.to_owned(),
            actor_id: actor.1.map(str::to_owned),
            target_kind: target.map(|(kind, _)| kind.to_owned()),
            target_id: target.map(|(_, id)| id.to_owned()),
            request_id: None,
            address: None,
            details,
        }
    }

    #[test]
    fn an_event_is_found_by_whom_it_is_about() {
        let (alice, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (a, b) = (alice.to_string(), bob.to_string());
        let user_of = |event: &AuditEvent| Subjects::of(event).user_id;
        let done_to_bob = event(("user", Some(&a)), Some(("user", &b)), json!({}));
        assert_eq!(user_of(&done_to_bob), Some(bob));
        let done_by_alice = event(
            ("user", Some(&a)),
            Some(("grant", "g")),
            json!({"user_id": b}),
        );
        assert_eq!(user_of(&done_by_alice), Some(alice));
        let told = event(
            ("system", None),
            Some(("client", "c")),
            json!({"user_id": b}),
        );
        assert_eq!(
            Subjects::of(&told),
            Subjects {
                user_id: Some(bob),
                client_id: Some("c".to_owned())
            }
        );
        let strange = event(("user", Some("not a uuid")), None, json!({"client_id": 7}));
        assert_eq!(Subjects::of(&strange), Subjects::default());
        let by_client = event(
            ("client", Some("c")),
            Some(("client", "d")),
            json!({"client_id": "e"}),
        );
        assert_eq!(Subjects::of(&by_client).client_id.as_deref(), Some("c"));
    }
}
