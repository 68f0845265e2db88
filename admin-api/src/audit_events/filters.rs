//! What events are looked for by, as a query says it. Each leads along an index (`store::AuditFilter`).

use protocol::{ClientId, Timestamp, UserId};
use store::{AuditActor, AuditFilter};

use crate::problem::{Faults, Problem};

const LENGTH_LIMIT: usize = 2_048;

/// As they came.
#[derive(Debug, Default)]
pub struct Filters {
    pub action: Option<String>,
    pub actor: Option<String>,
    pub target: Option<String>,
    pub client: Option<String>,
    pub user: Option<String>,
    pub request_id: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
}

impl Filters {
    pub fn read(self) -> Result<AuditFilter, Problem> {
        let mut faults = Faults::default();
        let filter = AuditFilter {
            event_type: self.action.map(|name| action(&mut faults, name)),
            actor: self.actor.map(|text| actor(&mut faults, &text)),
            target: self.target.map(|text| target(&mut faults, &text)),
            client_id: self
                .client
                .and_then(|text| faults.take("client", ClientId::parse(&text))),
            user_id: self.user.and_then(|text| user(&mut faults, &text)),
            request_id: self.request_id.map(|text| request_id(&mut faults, text)),
            from: self
                .from
                .and_then(|text| moment(&mut faults, "from", &text)),
            to: self.to.and_then(|text| moment(&mut faults, "to", &text)),
        };
        if filter
            .from
            .zip(filter.to)
            .is_some_and(|(from, to)| from >= to)
        {
            faults.add("to", "A moment after from.");
        }
        faults.finish().map(|()| filter)
    }
}

fn action(faults: &mut Faults, name: String) -> String {
    let is_name = !name.is_empty()
        && name.len() <= 100
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || b"_.".contains(&byte));
    if !is_name {
        faults.add("action", "A name like client.created.");
    }
    name
}

fn is_kind(kind: &str) -> bool {
    (1..=50).contains(&kind.len())
        && kind
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_lowercase())
}

fn is_id(id: &str) -> bool {
    (1..=LENGTH_LIMIT).contains(&id.len()) && !id.contains('\0')
}

fn actor(faults: &mut Faults, text: &str) -> AuditActor {
    let (kind, id) = match text.split_once(':') {
        Some((kind, id)) => (kind, Some(id)),
        None => (text, None),
    };
    let has_no_id = matches!(kind, "bootstrap_key" | "command_line" | "system");
    let fits = is_kind(kind) && id.map_or(has_no_id, |id| is_id(id) && !has_no_id);
    if !fits {
        let detail = "kind:id, such as admin_key:0192… or user:0192…; or bootstrap_key, command_line or system alone.";
        faults.add("actor", detail);
    }
    AuditActor {
        kind: kind.to_owned(),
        id: id.map(str::to_owned),
    }
}

fn target(faults: &mut Faults, text: &str) -> (String, String) {
    let (kind, id) = text.split_once(':').unwrap_or((text, ""));
    if !is_kind(kind) || !is_id(id) {
        faults.add("target", "kind:id, such as client:notes-desktop.");
    }
    (kind.to_owned(), id.to_owned())
}

fn user(faults: &mut Faults, text: &str) -> Option<UserId> {
    let parsed = text.parse().ok();
    if parsed.is_none() {
        faults.add("user", "The id of a person, as GET …/users shows it.");
    }
    parsed
}

fn request_id(faults: &mut Faults, text: String) -> String {
    if !(1..=200).contains(&text.len()) || text.contains('\0') {
        faults.add("request_id", "As the X-Request-Id of an answer has it.");
    }
    text
}

fn moment(faults: &mut Faults, field: &str, text: &str) -> Option<Timestamp> {
    let moment = Timestamp::parse_rfc3339(text);
    if moment.is_none() {
        faults.add(field, "A moment, such as 2026-01-31T12:00:00Z.");
    }
    moment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(change: impl FnOnce(&mut Filters)) -> bool {
        let mut filters = Filters::default();
        change(&mut filters);
        filters.read().is_ok()
    }

    fn words(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn an_actor_is_a_kind_and_an_id_where_there_is_one() {
        for good in [
            "admin_key:1",
            "client:https://app.example/client.json",
            "system",
            "bootstrap_key",
        ] {
            assert!(fits(|it| it.actor = Some(words(good))), "{good}");
        }
        for bad in [
            "admin_key",
            "system:1",
            "",
            ":1",
            "client:",
            "Client:x",
            "a\0b",
        ] {
            assert!(!fits(|it| it.actor = Some(words(bad))), "{bad}");
        }
        let read = Filters {
            target: Some(words("client:a:b")),
            ..Filters::default()
        }
        .read()
        .unwrap();
        assert_eq!(
            read.target.unwrap(),
            ("client".to_owned(), "a:b".to_owned())
        );
    }

    #[test]
    fn times_are_moments_in_their_order() {
        assert!(fits(|it| it.from = Some(words("2026-01-31T12:00:00Z"))));
        assert!(!fits(|it| it.from = Some(words("yesterday"))));
        assert!(!fits(|it| {
            it.from = Some(words("2026-01-31T12:00:00Z"));
            it.to = Some(words("2026-01-31T12:00:00Z"));
        }));
        assert!(!fits(|it| it.user = Some(words("alice"))));
        assert!(!fits(|it| it.action = Some(words("Client.Created"))));
        assert!(!fits(|it| it.request_id = Some(words(""))));
    }
}
