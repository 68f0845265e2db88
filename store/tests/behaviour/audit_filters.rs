//! Audit events by what they are looked for by, and taking a person's data out of them.

use std::net::IpAddr;

use protocol::{ClientId, EventId, UserId};
use serde_json::json;

use crate::tests::support::{CountingRandom, Things, World, at};
use crate::{AuditActor, AuditEvent, AuditFilter, NewAuditEvent, Tenant};

struct Happened {
    world: World,
    acme: Tenant,
    alice: UserId,
    events: Vec<NewAuditEvent>,
}

fn event(
    seconds: i64,
    name: &str,
    actor: (&str, Option<&str>),
    target: (&str, &str),
) -> NewAuditEvent {
    NewAuditEvent {
        event_id: EventId::generate(&CountingRandom, at(seconds)),
        occurred_at: at(seconds),
        event_type: name.to_owned(),
        actor_kind: actor.0.to_owned(),
        actor_id: actor.1.map(str::to_owned),
        target_kind: Some(target.0.to_owned()),
        target_id: Some(target.1.to_owned()),
        request_id: Some(format!("r{seconds}")),
        address: Some(IpAddr::from([192, 0, 2, 1])),
        ..Things::new().event
    }
}

impl Happened {
    /// What happens to and by alice, half of it in a batch.
    async fn new() -> Self {
        let world = World::new().await;
        let acme = world.tenant("acme").await;
        let alice = UserId::generate(&CountingRandom, at(0));
        let a = alice.to_string();
        let named = json!({"after": {"username": "alice", "email": "a@x"}, "why": "asked"});
        let issued = json!({"user_id": a, "client_id": "editor", "jti": "j"});
        let events = vec![
            NewAuditEvent {
                details: named,
                ..event(0, "user.created", ("admin_key", Some("k1")), ("user", &a))
            },
            event(
                1,
                "login.succeeded",
                ("user", Some(&a)),
                ("browser_session", "s"),
            ),
            event(
                2,
                "client.created",
                ("bootstrap_key", None),
                ("client", "editor"),
            ),
            NewAuditEvent {
                details: issued,
                ..event(
                    3,
                    "code.redeemed",
                    ("client", Some("editor")),
                    ("grant", "g"),
                )
            },
            event(
                4,
                "client.updated",
                ("admin_key", Some("k1")),
                ("client", "other"),
            ),
            event(5, "login.limited", ("system", None), ("user", &a)),
        ];
        let mut scope = world.database.tenant(&acme).await.unwrap();
        for event in &events[..3] {
            scope.insert_audit_event(event).await.unwrap();
        }
        scope.commit().await.unwrap();
        let batch: Vec<_> = events[3..]
            .iter()
            .map(|it| (acme.clone(), it.clone()))
            .collect();
        let mut platform = world.database.platform().await.unwrap();
        let written = platform.insert_audit_events_of_tenants(&batch).await;
        written.unwrap();
        platform.commit().await.unwrap();
        Self {
            world,
            acme,
            alice,
            events,
        }
    }

    /// The positions of the events that are found.
    async fn found(&self, filter: AuditFilter) -> Vec<usize> {
        let mut scope = self.world.database.tenant(&self.acme).await.unwrap();
        // Page by page, as whoever reads on does.
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = scope.list_audit_events(&filter, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.cursor());
            found.extend(page);
        }
        let position = |found: &AuditEvent| {
            let mut all = self.events.iter();
            all.position(|it| it.event_id == found.event_id).unwrap()
        };
        found.iter().map(position).collect()
    }
}

fn by_actor(kind: &str, id: Option<&str>) -> AuditFilter {
    AuditFilter {
        actor: Some(AuditActor {
            kind: kind.to_owned(),
            id: id.map(str::to_owned),
        }),
        ..AuditFilter::default()
    }
}

fn between(from: Option<i64>, to: Option<i64>) -> AuditFilter {
    AuditFilter {
        from: from.map(at),
        to: to.map(at),
        ..AuditFilter::default()
    }
}

#[tokio::test]
async fn each_filter_finds_its_events_newest_first() {
    let happened = Happened::new().await;
    let all = AuditFilter::default;
    let editor = ClientId::parse("editor").unwrap();
    let cases: Vec<(&str, AuditFilter, &[usize])> = vec![
        ("all", all(), &[5, 4, 3, 2, 1, 0]),
        (
            "type",
            AuditFilter {
                event_type: Some("client.created".to_owned()),
                ..all()
            },
            &[2],
        ),
        ("key", by_actor("admin_key", Some("k1")), &[4, 0]),
        ("nobody", by_actor("bootstrap_key", None), &[2]),
        ("acting client", by_actor("client", Some("editor")), &[3]),
        (
            "client",
            AuditFilter {
                client_id: Some(editor.clone()),
                ..all()
            },
            &[3, 2],
        ),
        (
            "user",
            AuditFilter {
                user_id: Some(happened.alice),
                ..all()
            },
            &[5, 3, 1, 0],
        ),
        (
            "target",
            AuditFilter {
                target: Some(("client".to_owned(), "other".to_owned())),
                ..all()
            },
            &[4],
        ),
        (
            "request",
            AuditFilter {
                request_id: Some("r3".to_owned()),
                ..all()
            },
            &[3],
        ),
        ("from", between(Some(4), None), &[5, 4]),
        ("to", between(None, Some(2)), &[1, 0]),
        ("both ends", between(Some(1), Some(4)), &[3, 2, 1]),
        (
            "two",
            AuditFilter {
                user_id: Some(happened.alice),
                client_id: Some(editor),
                ..all()
            },
            &[3],
        ),
        ("none", by_actor("admin_key", Some("k2")), &[]),
    ];
    for (name, filter, expected) in cases {
        assert_eq!(happened.found(filter).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_persons_data_goes_and_what_happened_stays() {
    let happened = Happened::new().await;
    let mut scope = happened
        .world
        .database
        .tenant(&happened.acme)
        .await
        .unwrap();
    let (mut erased, mut after) = (0, None);
    loop {
        let window = scope
            .erase_from_audit_events(happened.alice, after, 2)
            .await
            .unwrap();
        erased += window.erased;
        after = window.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(erased, 4);
    let again = scope
        .erase_from_audit_events(happened.alice, None, 10)
        .await
        .unwrap();
    assert_eq!(again.erased, 0);
    let listed = scope
        .list_audit_events(&AuditFilter::default(), None, 10)
        .await
        .unwrap();
    let at_position = |position: usize| {
        let wanted = &happened.events[position];
        listed
            .iter()
            .find(|it| it.event_id == wanted.event_id)
            .unwrap()
    };
    let created = at_position(0);
    assert_eq!(
        created.details,
        json!({"after": {}, "why": "asked", "erased": true})
    );
    // The administrator's own address is not the person's.
    assert!(created.address.is_some());
    assert_eq!(at_position(1).address, None);
    assert_eq!(at_position(3).address, None);
    assert_eq!(at_position(3).details["jti"], "j");
    for untouched in [2, 4] {
        assert_eq!(at_position(untouched), &happened.events[untouched]);
    }
    let told: Vec<_> = listed.iter().map(|it| &it.event_type).collect();
    let happened: Vec<_> = happened
        .events
        .iter()
        .rev()
        .map(|it| &it.event_type)
        .collect();
    assert_eq!(told, happened);
}
