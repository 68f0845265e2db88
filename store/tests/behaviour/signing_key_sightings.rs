//! Who was shown which key: kept once, for as long as resource and key are there.

use protocol::ResourceId;
use protocol::random::Random as _;
use protocol::signing_key_schedule::SigningKeyState;

use crate::SigningKeySighting;
use crate::tests::support::{CountingRandom, Things, World, at};

#[tokio::test]
async fn a_sighting_is_kept_once_and_of_what_is_there() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let first = things.sighting();
    let mut bytes = [0; 16];
    CountingRandom.fill(&mut bytes);
    let again = SigningKeySighting {
        first_seen_at: at(9),
        ..first.clone()
    };
    let next = SigningKeySighting {
        kid: things.next_signing_key.kid.clone(),
        ..again.clone()
    };
    let of_no_key = SigningKeySighting {
        kid: "gone".to_owned(),
        ..again.clone()
    };
    let of_no_resource = SigningKeySighting {
        resource_id: ResourceId::from_uuid(uuid::Uuid::from_bytes(bytes)),
        ..again.clone()
    };
    let all = [again, next.clone(), of_no_key, of_no_resource, next.clone()];
    let inserted = scope.insert_signing_key_sightings(&all).await.unwrap();
    assert_eq!(inserted, 1);
    let listed = scope.list_signing_key_sightings().await.unwrap();
    assert_eq!(listed, [first, next]);
}

/// A rotation waits for those that use their URL: they were shown a key that signs.
#[tokio::test]
async fn a_next_key_is_awaited_until_it_was_seen_or_nobody_looks() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let (active, next) = (&things.signing_key.kid, &things.next_signing_key.kid);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let awaited = scope.list_awaited_signing_keys().await.unwrap();
    assert_eq!(awaited, std::slice::from_ref(next));
    let seen = SigningKeySighting {
        kid: next.clone(),
        ..things.sighting()
    };
    scope.insert_signing_key_sightings(&[seen]).await.unwrap();
    assert!(scope.list_awaited_signing_keys().await.unwrap().is_empty());

    // With its key a sighting goes; of a retired one it does not count.
    assert!(scope.delete_signing_key(next).await.unwrap());
    assert_eq!(scope.list_signing_key_sightings().await.unwrap().len(), 1);
    let mut another = things.next_signing_key.clone();
    another.kid = "key-3".to_owned();
    assert_eq!(another.state, SigningKeyState::Next);
    scope.insert_signing_key(&another, at(0)).await.unwrap();
    assert_eq!(scope.list_awaited_signing_keys().await.unwrap(), ["key-3"]);
    assert!(scope.retire_signing_key(active, at(2)).await.unwrap());
    assert!(scope.list_awaited_signing_keys().await.unwrap().is_empty());

    // And with its resource.
    let resource_id = things.resource.resource_id;
    let is_gone = scope.delete_resource(resource_id);
    assert!(is_gone.await.unwrap().is_some());
    assert!(scope.list_signing_key_sightings().await.unwrap().is_empty());
}
