//! Clients that come by themselves: documents, registrations, initial access tokens, assertions; and
//! what is kept of refused resources.

use std::sync::Arc;
use std::time::Duration;

use protocol::client::{AssertionAlgorithm, AuthMethod, Client, ClientKeys, ClientOrigin};
use protocol::{ClientId, RefusedIndicatorId, ResourceId};
use serde_json::json;

use crate::tests::support::{CountingRandom, Things, World, at, client_secret, digest};
use crate::{NewClientDocument, NewConsent, NewRefusedResourceIndicator, UpsertedDocument};

#[tokio::test]
async fn keys_and_lifetimes_of_a_client_are_read_back() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let mut client = Things::new().client;
    client.auth_method = AuthMethod::PrivateKeyJwt;
    client.keys = ClientKeys::Inline(json!({"keys": [{"kty": "OKP"}]}));
    client.assertion_algorithm = Some(AssertionAlgorithm::EdDsa);
    client.refresh_idle_lifetime = Some(Duration::from_hours(1));
    client.refresh_absolute_lifetime = Some(Duration::from_hours(2));
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    scope.insert_client(&client, None, at(0)).await.unwrap();
    let found = scope.find_client_by_key(client.key).await.unwrap().unwrap();
    assert_eq!(found.client, client);
    assert_eq!(found.registration_token, None);
    client.keys = ClientKeys::Uri("https://app.example/jwks".to_owned());
    client.assertion_algorithm = None;
    client.refresh_idle_lifetime = None;
    assert!(scope.update_client(&client, at(1)).await.unwrap());
    let token = digest();
    let is_set = scope.set_client_registration_token(client.key, &token);
    assert!(is_set.await.unwrap());
    let found = scope.find_client_by_key(client.key).await.unwrap().unwrap();
    assert_eq!(found.client, client);
    assert_eq!(found.registration_token, Some(token));
}

/// Row E15: two secrets live at once, and a third waits until one of them has ended.
#[tokio::test]
async fn a_client_has_two_live_secrets_at_most() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let key = things.client.key;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let mut second = client_secret();
    second.expires_at = None;
    assert!(
        scope
            .insert_client_secret(key, &second, at(5))
            .await
            .unwrap()
    );
    let third = client_secret();
    assert!(
        !scope
            .insert_client_secret(key, &third, at(6))
            .await
            .unwrap()
    );
    let ended = scope.set_client_secret_expiry(key, second.credential_id, at(10), at(7));
    assert!(ended.await.unwrap());
    assert!(
        !scope
            .insert_client_secret(key, &third, at(9))
            .await
            .unwrap()
    );
    // An ended one does not come back, by whatever expiry.
    let revived = scope.set_client_secret_expiry(key, second.credential_id, at(99), at(10));
    assert!(!revived.await.unwrap());
    assert!(
        scope
            .insert_client_secret(key, &third, at(10))
            .await
            .unwrap()
    );
    let found = scope.find_client_by_key(key).await.unwrap().unwrap();
    let live: Vec<_> = found.secrets.iter().map(|it| it.credential_id).collect();
    assert_eq!(live.len(), 2);
    assert!(!live.contains(&second.credential_id));
    let (stranger, secret) = (Things::new().client.key, client_secret());
    let strangers = scope.insert_client_secret(stranger, &secret, at(11));
    assert!(strangers.await.unwrap_err().conflict().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn secrets_that_are_added_at_once_count_one_another() {
    let world = Arc::new(World::new().await);
    let tenant = world.tenant("acme").await;
    let key = Things::insert(&world, &tenant).await.client.key;
    let mut additions = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (world, tenant) = (world.clone(), tenant.clone());
        additions.spawn(async move {
            let mut scope = world.database.tenant(&tenant).await.unwrap();
            let secret = client_secret();
            let added = scope.insert_client_secret(key, &secret, at(5));
            let is_added = added.await.unwrap();
            scope.commit().await.unwrap();
            is_added
        });
    }
    let outcomes = additions.join_all().await;
    assert_eq!(outcomes.iter().filter(|is_added| **is_added).count(), 1);
}

/// Row K13: what a document says replaces what the last one said, another guard voids what people
/// allowed, and what an operator set stays.
#[tokio::test]
async fn a_document_is_read_again() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert_all(&world, &tenant).await;
    let described = &things.newcomers.described;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let consent = NewConsent {
        client_key: described.key,
        ..things.consent.clone()
    };
    scope.insert_consent(&consent, at(1)).await.unwrap();
    let mut found = scope
        .find_client_document(&described.client_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.client.client, *described);
    assert_eq!(found.document, things.newcomers.document.document);
    assert_eq!((found.fetched_at, found.expires_at), (at(0), at(3_600)));
    found.client.client.is_enabled = false;
    found.client.client.resources = Some(vec![things.resource.resource_id]);
    found.client.client.refresh_idle_lifetime = Some(Duration::from_hours(1));
    scope
        .update_client(&found.client.client, at(2))
        .await
        .unwrap();

    let mut again = Things::new().newcomers.described;
    again.name = Some("Editor 2".to_owned());
    let mut document = NewClientDocument {
        fetched_at: at(3_600),
        expires_at: at(7_200),
        ..things.newcomers.document.clone()
    };
    let upserted = scope.upsert_document_client(&again, &document, at(3_600));
    let same_guard = UpsertedDocument {
        client_key: described.key,
        changed: false,
        is_new: false,
    };
    assert_eq!(upserted.await.unwrap(), same_guard);
    let consents = scope.list_consents(things.user_id(), described.key);
    assert_eq!(consents.await.unwrap().len(), 1);

    document.guard_digest = [8; 32];
    again.auth_method = AuthMethod::PrivateKeyJwt;
    again.keys = ClientKeys::Uri("https://app.example/jwks".to_owned());
    let upserted = scope.upsert_document_client(&again, &document, at(3_601));
    assert!(upserted.await.unwrap().changed);
    let consents = scope.list_consents(things.user_id(), described.key);
    assert!(consents.await.unwrap().is_empty());
    // Other clients' consents are theirs.
    let consents = scope.list_consents(things.user_id(), things.client.key);
    assert_eq!(consents.await.unwrap().len(), 1);
    let client = scope
        .find_client_document(&again.client_id)
        .await
        .unwrap()
        .unwrap()
        .client
        .client;
    assert_eq!((client.name, client.keys), (again.name, again.keys));
    assert!(!client.is_enabled);
    assert_eq!(client.resources, Some(vec![things.resource.resource_id]));
    assert_eq!(client.refresh_idle_lifetime, Some(Duration::from_hours(1)));
}

/// A client that an operator entered by hand is never taken over by a document of its name.
#[tokio::test]
async fn a_document_does_not_replace_a_static_client() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::new();
    let mut entered = things.newcomers.described.clone();
    entered.origin = ClientOrigin::Static;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    scope.insert_client(&entered, None, at(0)).await.unwrap();
    let new = &things.newcomers;
    let refused = scope
        .upsert_document_client(&new.described, &new.document, at(1))
        .await
        .unwrap_err();
    assert_eq!(refused.conflict(), Some("clients_client_id_is_unique"));
    let found = scope.find_client_document(&entered.client_id).await;
    assert_eq!(found.unwrap(), None);
}

/// Never one with a grant, nor one that an operator has set something for: it would come back without.
#[tokio::test]
async fn documents_that_led_to_nothing_are_removed() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert_all(&world, &tenant).await;
    let described = &things.newcomers.described;
    let long_after = at(1) + Duration::from_hours(8 * 24);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let settings: [fn(&mut Client, ResourceId); 6] = [
        |client, _| client.is_enabled = false,
        |client, resource| client.resources = Some(vec![resource]),
        |client, resource| client.default_resource = Some(resource),
        |client, _| client.access_token_lifetime = Some(Duration::from_mins(5)),
        |client, _| client.refresh_idle_lifetime = Some(Duration::from_hours(1)),
        |client, _| client.refresh_absolute_lifetime = Some(Duration::from_hours(1)),
    ];
    for (number, set) in settings.into_iter().enumerate() {
        let mut changed = described.clone();
        set(&mut changed, things.resource.resource_id);
        scope.update_client(&changed, at(1)).await.unwrap();
        let swept = scope.sweep_expired(long_after, 10).await.unwrap();
        // The registered one, which nobody used.
        let is_first = number == 0;
        assert_eq!(
            (swept.clients.len(), swept.client_assertion_ids),
            (usize::from(is_first), u64::from(is_first)),
            "{number}"
        );
        assert_eq!(scope.count_document_clients(5).await.unwrap(), 1);
    }
    scope.update_client(described, at(1)).await.unwrap();
    let swept = scope.sweep_expired(long_after, 10).await.unwrap();
    assert_eq!(swept.clients.len(), 1);
    assert_eq!(swept.clients[0].origin, "document");
    assert_eq!(scope.count_document_clients(5).await.unwrap(), 0);
}

/// Row J2: a quota is asked for, not a count of everything.
#[tokio::test]
async fn registrations_are_counted_up_to_the_limit() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for number in 0..4 {
        let mut client = Things::new().newcomers.registered;
        client.client_id = ClientId::parse(&format!("c_{number}")).unwrap();
        scope
            .insert_client(&client, None, at(number))
            .await
            .unwrap();
    }
    assert_eq!(scope.count_registered_clients(3).await.unwrap(), 3);
    assert_eq!(scope.count_registered_clients(9).await.unwrap(), 4);
    assert_eq!(scope.count_document_clients(9).await.unwrap(), 0);
}

/// Row J1: used up, ended and revoked tokens are none; a registration that fails gives its use back.
#[tokio::test]
async fn an_initial_access_token_is_used_as_often_as_it_says() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let token = Things::insert_all(&world, &tenant)
        .await
        .newcomers
        .initial_access_token;
    let digests = [digest(), token.digest];
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let used = scope.use_initial_access_token(&digests, at(1));
    assert_eq!(used.await.unwrap(), Some(token.token_id));
    scope.roll_back().await.unwrap();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for expected in [Some(token.token_id), Some(token.token_id), None] {
        let used = scope.use_initial_access_token(&digests, at(1));
        assert_eq!(used.await.unwrap(), expected);
    }
    let found = scope.find_initial_access_token(token.token_id);
    let found = found.await.unwrap().unwrap();
    assert_eq!((found.uses, found.max_uses), (2, Some(2)));
    assert_eq!(
        scope.list_initial_access_tokens(None, 9).await.unwrap(),
        [found]
    );

    let endless = Things::new().newcomers.initial_access_token;
    scope
        .insert_initial_access_token(&endless, at(2))
        .await
        .unwrap();
    let digests = [endless.digest];
    let late = scope.use_initial_access_token(&digests, at(3_600));
    assert_eq!(late.await.unwrap(), None);
    let revoked = scope.revoke_initial_access_token(endless.token_id, at(3));
    assert!(revoked.await.unwrap());
    let again = scope.revoke_initial_access_token(endless.token_id, at(4));
    assert!(!again.await.unwrap());
    let used = scope.use_initial_access_token(&digests, at(5));
    assert_eq!(used.await.unwrap(), None);
}

/// A month after they ended: by their time, revoked, or used up.
#[tokio::test]
async fn initial_access_tokens_that_ended_long_ago_are_removed() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let new = || Things::new().newcomers.initial_access_token;
    let (ended, mut revoked, mut used_up, mut in_use) = (new(), new(), new(), new());
    for token in [&mut revoked, &mut used_up, &mut in_use] {
        token.expires_at = None;
    }
    (used_up.max_uses, in_use.max_uses) = (Some(1), Some(2));
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for token in [&ended, &revoked, &used_up, &in_use] {
        let inserted = scope.insert_initial_access_token(token, at(0));
        inserted.await.unwrap();
    }
    for (token, used_at) in [(&used_up, 7_200), (&in_use, 1)] {
        let digests = [token.digest];
        let used = scope.use_initial_access_token(&digests, at(used_at));
        assert_eq!(used.await.unwrap(), Some(token.token_id));
    }
    let did = scope.revoke_initial_access_token(revoked.token_id, at(1_800));
    assert!(did.await.unwrap());
    let month = Duration::from_hours(30 * 24);
    let moments = [
        (1_800, 0),
        (1_801, 1),
        (3_600, 0),
        (3_601, 1),
        (7_200, 0),
        (7_201, 1),
        (900_000, 0),
    ];
    for (now, removed) in moments {
        let swept = scope.sweep_expired(at(now) + month, 10).await.unwrap();
        assert_eq!(swept.initial_access_tokens, removed, "{now}");
    }
    let left = scope.list_initial_access_tokens(None, 9).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].token_id, in_use.token_id);
}

/// Row E9: of many at once, one is the first; another client's same `jti` is another thing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_assertion_counts_once() {
    let world = Arc::new(World::new().await);
    let tenant = world.tenant("acme").await;
    let client_id = ClientId::parse("machine").unwrap();
    let mut uses = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, tenant, client_id) = (world.clone(), tenant.clone(), client_id.clone());
        uses.spawn(async move {
            let mut scope = world.database.tenant(&tenant).await.unwrap();
            let inserted = scope.insert_client_assertion_id(&client_id, "j-1", at(300), at(0));
            let is_first = inserted.await.unwrap();
            scope.commit().await.unwrap();
            is_first
        });
    }
    let outcomes = uses.join_all().await;
    assert_eq!(outcomes.iter().filter(|is_first| **is_first).count(), 1);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let other = ClientId::parse("other").unwrap();
    for (client_id, jti, now, is_first) in [
        (&other, "j-1", at(1), true),
        (&client_id, "j-2", at(1), true),
        (&client_id, "j-1", at(299), false),
        // Refused for its age alone by now.
        (&client_id, "j-1", at(300), true),
    ] {
        let inserted = scope.insert_client_assertion_id(client_id, jti, at(600), now);
        assert_eq!(inserted.await.unwrap(), is_first, "{client_id} {jti}");
    }
}

#[tokio::test]
async fn a_hundred_refused_resources_are_kept_the_latest_seen() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let new = |client: i64, value: String| NewRefusedResourceIndicator {
        indicator_id: RefusedIndicatorId::generate(&CountingRandom, at(0)),
        value,
        client_id: ClientId::parse(&format!("editor-{client}")).unwrap(),
    };
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for number in 0..100 {
        let one = new(number / 10, format!("https://h/{number}"));
        let inserted = scope.keep_refused_resource_indicator(&one, at(number));
        inserted.await.unwrap();
    }
    // Seen again: another one is the oldest now.
    for value in ["https://h/0", "https://h/100"] {
        let one = new(10, value.to_owned());
        let inserted = scope.keep_refused_resource_indicator(&one, at(200));
        inserted.await.unwrap();
    }
    for unfit in [String::new(), "x".repeat(2_049), "a\0b".to_owned()] {
        let one = new(10, unfit);
        let inserted = scope.keep_refused_resource_indicator(&one, at(300));
        inserted.await.unwrap();
    }
    let kept = scope.list_refused_resource_indicators(None, 500);
    let kept = kept.await.unwrap();
    assert_eq!(kept.len(), 100);
    assert!(!kept.iter().any(|it| it.value == "https://h/1"));
    let first = kept.iter().find(|it| it.value == "https://h/0").unwrap();
    assert_eq!(
        (
            first.times_refused,
            first.first_refused_at,
            first.last_refused_at
        ),
        (2, at(0), at(200))
    );
    let id = first.indicator_id;
    assert!(scope.delete_refused_resource_indicator(id).await.unwrap());
    assert!(!scope.delete_refused_resource_indicator(id).await.unwrap());
    let found = scope.find_refused_resource_indicator(id).await.unwrap();
    assert_eq!(found, None);
}

/// One application's inventions leave everybody else's in place.
#[tokio::test]
async fn a_client_has_a_share_of_the_refused_resources() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for (client, number) in [("editor", 0)]
        .into_iter()
        .chain((1..30).map(|n| ("noisy", n)))
    {
        let one = NewRefusedResourceIndicator {
            indicator_id: RefusedIndicatorId::generate(&CountingRandom, at(0)),
            value: format!("https://h/{number}"),
            client_id: ClientId::parse(client).unwrap(),
        };
        let kept = scope.keep_refused_resource_indicator(&one, at(number));
        kept.await.unwrap();
    }
    let kept = scope.list_refused_resource_indicators(None, 500);
    let mut kept: Vec<_> = kept.await.unwrap().into_iter().map(|it| it.value).collect();
    kept.sort();
    let mut expected: Vec<_> = (20..30)
        .map(|number| format!("https://h/{number}"))
        .collect();
    expected.insert(0, "https://h/0".to_owned());
    assert_eq!(kept, expected);
}
