//! What ends a grant or a client, and who hears of it: the timeline, the list of reuses, the revocation feed.

use protocol::{ClientId, EventId};
use serde_json::json;

use crate::tests::support::{CountingRandom, Things, World, at};
use crate::{
    AuditEvent, EndedAudience, EndedClient, NewAuditEvent, RevokedThing, TokenReuseFilter,
};

#[tokio::test]
async fn a_withdrawn_consent_is_forgotten_and_its_grants_are_revoked() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let (user_id, client_key) = (things.user_id(), things.client.key);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let consents = scope
        .list_consents_of_user(user_id, None, 10)
        .await
        .unwrap();
    assert_eq!(consents.len(), 1);
    let cursor = consents[0].cursor();
    let rest = scope.list_consents_of_user(user_id, Some(&cursor), 10);
    assert!(rest.await.unwrap().is_empty());

    assert_eq!(scope.delete_consents(user_id, client_key).await.unwrap(), 1);
    let revoked = scope.revoke_grants_of_consent(user_id, client_key, at(5), at(900));
    assert_eq!(revoked.await.unwrap(), 2, "the third was revoked before");
    let again = scope.revoke_grants_of_consent(user_id, client_key, at(6), at(901));
    assert_eq!(again.await.unwrap(), 0);

    let grant_id = things.grant.grant_id;
    let ending = scope.find_grant_ending(grant_id).await.unwrap().unwrap();
    assert_eq!(ending.reason, "consent_withdrawn");
    assert_eq!(
        (ending.revoked_at, ending.lives_until),
        (at(5), Some(at(900)))
    );
    let family = scope.find_refresh_family_of_grant(grant_id).await.unwrap();
    assert_eq!(family.unwrap().revoked_at, Some(at(5)));
    scope.commit().await.unwrap();
}

#[tokio::test]
async fn a_feed_lists_what_lives_longest_first_and_nothing_that_is_over() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let mut revoked = async |now, limit| {
        let listed = scope.list_revocations_of_tenant(at(now), limit).await;
        listed
            .unwrap()
            .into_iter()
            .map(|revocation| revocation.revoked)
            .collect::<Vec<_>>()
    };
    let both = [
        RevokedThing::Grant(things.revoked_grant),
        RevokedThing::AccessToken(things.jti),
    ];
    assert_eq!(revoked(5, 10).await, both);
    assert_eq!(revoked(5, 1).await, both[..1]);
    assert!(revoked(900, 10).await.is_empty());
}

#[tokio::test]
async fn clients_that_ended_are_named_while_a_token_of_theirs_may_live() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert_all(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let mut disabled = things.client.clone();
    disabled.is_enabled = false;
    assert!(scope.update_client(&disabled, at(50)).await.unwrap());
    let gone = EndedClient {
        client_id: ClientId::parse("gone").unwrap(),
        ended_at: Some(at(1)),
    };
    let off = EndedClient {
        client_id: disabled.client_id.clone(),
        ended_at: None,
    };
    let listed = scope.list_ended_clients(at(60), at(40), 10).await.unwrap();
    assert_eq!(listed, [off, gone.clone()]);
    let listed = scope.list_ended_clients(at(60), at(50), 10).await.unwrap();
    assert_eq!(listed, [gone], "it was disabled too long ago to matter");
    let listed = scope.list_ended_clients(at(900), at(50), 10).await.unwrap();
    assert_eq!(listed, []);

    // The name is given again, and its bearer goes too: later.
    let again = protocol::client::Client {
        key: protocol::ClientKey::generate(&CountingRandom, at(100)),
        client_id: ClientId::parse("gone").unwrap(),
        ..things.client.clone()
    };
    scope.insert_client(&again, None, at(100)).await.unwrap();
    let deleted = scope.delete_client(again.key).await.unwrap().unwrap();
    let told = scope.insert_ended_client(&deleted, at(200), at(1_100));
    told.await.unwrap();
    let listed = scope.list_ended_clients(at(900), at(50), 10).await.unwrap();
    assert_eq!(listed[0].ended_at, Some(at(200)));
    let swept = scope.sweep_ended_clients(at(1_099), 10).await.unwrap();
    assert_eq!(swept, 0);
    let swept = scope.sweep_ended_clients(at(1_100), 10).await.unwrap();
    assert_eq!(swept, 1);
}

#[tokio::test]
async fn an_audience_that_ended_is_named_while_a_token_of_before_may_live() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let mut resource = things.resource;
    let first = resource.audience.clone();
    resource.name = "Other tools".to_owned();
    let left = scope.update_resource(&resource, at(3)).await.unwrap();
    assert_eq!(left.unwrap().audience, None);
    let since = |record: Option<crate::ResourceRecord>| record.unwrap().resource.audience_since;
    let found = scope.find_resource(resource.resource_id).await.unwrap();
    assert_eq!(since(found), at(0));
    "https://elsewhere.example".clone_into(&mut resource.audience);
    let left = scope.update_resource(&resource, at(5)).await.unwrap();
    let left = left.unwrap();
    assert_eq!(left.audience.as_ref(), Some(&first));
    let told = scope.insert_ended_audience(&left, at(5), at(900));
    told.await.unwrap();
    let found = scope.find_resource(resource.resource_id).await.unwrap();
    assert_eq!(since(found), at(5));
    let left = scope.delete_resource(resource.resource_id).await.unwrap();
    let told = scope.insert_ended_audience(left.as_ref().unwrap(), at(7), at(950));
    told.await.unwrap();
    let ended = |audience: &str, ended_at| EndedAudience {
        audience: audience.to_owned(),
        ended_at,
    };
    let (old, new) = (ended(&first, at(5)), ended(&resource.audience, at(7)));
    for (now, expected) in [
        (5, vec![new.clone(), old.clone()]),
        (899, vec![new.clone(), old]),
        (900, vec![new.clone()]),
        (950, vec![]),
    ] {
        let listed = scope.list_ended_audiences(at(now), 10).await.unwrap();
        assert_eq!(listed, expected, "{now}");
    }
    // It is made again: what was issued before stays void.
    scope.insert_resource(&resource, at(10)).await.unwrap();
    assert_eq!(
        scope.list_ended_audiences(at(900), 10).await.unwrap(),
        [new]
    );
    // And goes again, later.
    let left = scope.delete_resource(resource.resource_id).await.unwrap();
    let told = scope.insert_ended_audience(left.as_ref().unwrap(), at(20), at(1_000));
    told.await.unwrap();
    let listed = scope.list_ended_audiences(at(999), 10).await.unwrap();
    assert_eq!(listed, [ended(&resource.audience, at(20))]);
    assert_eq!(scope.sweep_ended_audiences(at(999), 10).await.unwrap(), 1);
    assert_eq!(scope.sweep_ended_audiences(at(1_000), 10).await.unwrap(), 1);
}

fn reuse(second: i64, class: &str, client_id: &str, grant_id: &str) -> NewAuditEvent {
    NewAuditEvent {
        event_id: EventId::generate(&CountingRandom, at(second)),
        occurred_at: at(second),
        event_type: "refresh_token.stale".to_owned(),
        actor_kind: "client".to_owned(),
        actor_id: Some(client_id.to_owned()),
        target_kind: Some("grant".to_owned()),
        target_id: Some(grant_id.to_owned()),
        details: json!({ "class": class }),
        ..Things::new().event
    }
}

#[tokio::test]
async fn reuses_are_found_by_class_client_and_grant_and_a_grants_events_in_their_order() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let other = NewAuditEvent {
        event_type: "refresh_token.rotated".to_owned(),
        ..reuse(0, "", "a", "g1")
    };
    let events = [
        other,
        reuse(1, "stale_copy", "a", "g1"),
        reuse(2, "lost_answer", "a", "g2"),
        reuse(3, "stale_copy", "b", "g1"),
    ];
    for event in &events {
        scope.insert_audit_event(event).await.unwrap();
    }
    let some = |text: &str| Some(text.to_owned());
    let none = TokenReuseFilter::default();
    for (filter, expected) in [
        (none.clone(), &[3, 2, 1][..]),
        (
            TokenReuseFilter {
                class: some("stale_copy"),
                ..none.clone()
            },
            &[3, 1],
        ),
        (
            TokenReuseFilter {
                client_id: some("a"),
                ..none.clone()
            },
            &[2, 1],
        ),
        (
            TokenReuseFilter {
                grant_id: some("g1"),
                class: some("stale_copy"),
                client_id: some("b"),
            },
            &[3],
        ),
        (
            TokenReuseFilter {
                class: some("theft_suspected"),
                ..none.clone()
            },
            &[],
        ),
    ] {
        let listed = scope.list_token_reuses(&filter, None, 10).await.unwrap();
        let expected: Vec<_> = expected.iter().map(|at| events[*at].clone()).collect();
        assert_eq!(listed, expected, "{filter:?}");
    }
    let (mut after, mut listed) = (None, Vec::new());
    loop {
        let page = scope.list_audit_events_of_target("grant", "g1", after, 2);
        let page = page.await.unwrap();
        after = page.last().map(AuditEvent::cursor);
        listed.extend(page);
        if listed.len() >= 3 || after.is_none() {
            break;
        }
    }
    assert_eq!(
        listed,
        [events[0].clone(), events[1].clone(), events[3].clone()]
    );
}
