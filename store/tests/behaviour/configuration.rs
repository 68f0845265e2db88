//! Resources, clients, users, keys, sessions, consents: written and read back.

use std::time::Duration;

use protocol::client::AuthMethod;
use protocol::{AdminKeyId, AdminRole, ScopeSet, SecretText, SigningAlgorithm};

use crate::tests::support::{CountingRandom, Things, World, at, client_secret, digest};
use crate::{NewAdminKey, NewConsent, NewUser, StoredSecret, Tenant};

#[tokio::test]
async fn a_client_is_read_with_its_secrets_and_resources() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let found = scope
        .find_client(&things.client.client_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.client, things.client);
    let [secret] = &found.secrets[..] else {
        panic!("{:?}", found.secrets)
    };
    assert_eq!(secret.secret, things.client_secret.secret);
    assert_eq!(
        (secret.created_at, secret.expires_at),
        (at(0), Some(at(86_400)))
    );

    let mut changed = things.client.clone();
    changed.resources = Some(vec![things.resource.resource_id]);
    changed.default_resource = Some(things.resource.resource_id);
    changed.auth_method = AuthMethod::None;
    changed.scopes = None;
    changed.is_enabled = false;
    changed.access_token_lifetime = Some(Duration::from_hours(1));
    (changed.is_dpop_bound, changed.is_par_required) = (true, true);
    changed.post_logout_redirect_uris = vec!["https://client.example/bye".to_owned()];
    changed.backchannel_logout_uri = Some("https://client.example/logout".to_owned());
    changed.is_backchannel_session_required = true;
    changed.id_token_algorithm = Some(SigningAlgorithm::Es256);
    assert!(scope.update_client(&changed, at(3)).await.unwrap());
    let mut second = client_secret();
    second.secret = StoredSecret::Chosen {
        hash: SecretText::from("$argon2id$…"),
    };
    second.expires_at = None;
    scope
        .insert_client_secret(changed.key, &second, at(4))
        .await
        .unwrap();
    let found = scope
        .find_client_by_key(changed.key)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&found.client, found.updated_at), (&changed, at(3)));
    assert_eq!(found.secrets.len(), 2);
    assert!(
        found
            .secrets
            .iter()
            .any(|it| it.secret == second.secret && it.expires_at.is_none())
    );
    let first = things.client_secret.credential_id;
    assert!(
        scope
            .delete_client_secret(changed.key, first)
            .await
            .unwrap()
    );

    changed.resources = Some(Vec::new());
    assert!(scope.update_client(&changed, at(5)).await.unwrap());
    let listed = scope.list_clients(None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].client.resources, Some(Vec::new()));
    assert!(
        scope
            .list_clients(Some(changed.key), 10)
            .await
            .unwrap()
            .is_empty()
    );

    let deleted = scope.delete_client(changed.key).await.unwrap();
    assert!(deleted.is_some());
    assert!(
        scope
            .find_grant(things.grant.grant_id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        scope
            .find_refresh_family(things.family.family_id)
            .await
            .unwrap()
            .is_none()
    );
}

/// A client's row is taken from its own tenant's resources only, and a taken name is a conflict.
#[tokio::test]
async fn a_client_cannot_name_what_is_not_there() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let taken = scope
        .insert_client(&Things::new().client, None, at(1))
        .await
        .unwrap_err();
    assert_eq!(taken.conflict(), Some("clients_client_id_is_unique"));
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let mut limited = things.client.clone();
    limited.resources = Some(vec![Things::new().resource.resource_id]);
    assert!(
        scope
            .update_client(&limited, at(1))
            .await
            .unwrap_err()
            .conflict()
            .is_some()
    );
}

#[tokio::test]
async fn a_resource_is_read_back_with_identifiers_and_scopes() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let found = scope
        .find_resource(things.resource.resource_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.resource, things.resource);
    let mut changed = things.resource.clone();
    changed.identifiers.remove(1);
    changed.scopes.reverse();
    changed.scopes.remove(0);
    changed.audience = "mcp_proxy".to_owned();
    let left = scope.update_resource(&changed, at(7)).await.unwrap();
    assert_eq!(
        left.unwrap().audience,
        Some(things.resource.audience.clone())
    );
    changed.audience_since = at(7);
    let listed = scope.list_resources(None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0].resource, listed[0].updated_at),
        (&changed, at(7))
    );
    scope.commit().await.unwrap();

    let mut other = Things::new().resource;
    other.identifiers = vec!["https://mcp.EXAMPLE/mcp".to_owned()];
    other.audience = "other".to_owned();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let taken = scope.insert_resource(&other, at(8)).await.unwrap_err();
    assert_eq!(taken.conflict(), Some("resource_identifiers_are_unique"));
    other.identifiers = vec!["https://else.example".to_owned()];
    other.audience = "mcp_proxy".to_owned();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let taken = scope.insert_resource(&other, at(8)).await.unwrap_err();
    assert_eq!(taken.conflict(), Some("resources_audience_is_unique"));
}

#[tokio::test]
async fn a_resource_credential_lives_and_dies_with_its_resource() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let credential = &things.resource_credential;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let found = scope
        .find_resource_credential(&credential.client_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.resource_id, &found.secret),
        (credential.resource_id, &credential.secret)
    );
    let listed = scope
        .list_resource_credentials(credential.resource_id, None, 10)
        .await
        .unwrap();
    assert_eq!(listed, [found]);
    let is_gone = scope.delete_resource(credential.resource_id);
    assert!(is_gone.await.unwrap().is_some());
    assert!(
        scope
            .find_resource_credential(&credential.client_id)
            .await
            .unwrap()
            .is_none()
    );
}

/// M7: names are compared folded.
#[tokio::test]
async fn a_user_is_found_by_the_folded_name_and_unique_by_it() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let found = scope.find_user_by_username("alice").await.unwrap().unwrap();
    assert_eq!(found.password_hash, things.user.password_hash);
    assert_eq!(found.user.password_changed_at, Some(at(0)));
    assert!(
        scope
            .find_user_by_username("Alice")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        scope
            .find_user_by_username("al\0ice")
            .await
            .unwrap()
            .is_none()
    );
    let hash = SecretText::from("$argon2id$other");
    assert!(
        scope
            .update_password(things.user_id(), &hash, at(5))
            .await
            .unwrap()
    );
    let found = scope.find_user(things.user_id()).await.unwrap().unwrap();
    assert_eq!(
        (found.password_hash, found.user.password_changed_at),
        (Some(hash), Some(at(5)))
    );
    assert_eq!(scope.list_users(None, 10).await.unwrap(), [found.user]);
    let again = NewUser {
        username: "ALICE".to_owned(),
        ..Things::new().user
    };
    let taken = scope.insert_user(&again, at(6)).await.unwrap_err();
    assert_eq!(taken.conflict(), Some("users_username_is_unique"));
}

#[tokio::test]
async fn a_browser_session_ends_when_it_expires_or_is_ended() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let session = &things.session;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let found = scope
        .find_browser_session(&[digest(), session.digest], at(3_599))
        .await
        .unwrap();
    assert_eq!(
        found.map(|it| (it.session_id, it.username)),
        Some((session.session_id, "Alice".to_owned()))
    );
    assert!(
        scope
            .find_browser_session(&[session.digest], at(3_600))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        scope
            .delete_browser_sessions_of_user(things.user_id())
            .await
            .unwrap(),
        [session.session_id]
    );
    assert!(
        !scope
            .delete_browser_session(session.session_id)
            .await
            .unwrap()
    );
}

/// L4: what was allowed adds up, for one client, redirect URI and resource.
#[tokio::test]
async fn consents_add_up() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let more = ScopeSet::parse("tools:list tools:call").unwrap();
    let consent = NewConsent {
        scopes: more.clone(),
        ..things.consent.clone()
    };
    scope.insert_consent(&consent, at(5)).await.unwrap();
    let found = scope
        .list_consents(things.user_id(), things.client.key)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert!(more.is_subset(&found[0].scopes) && found[0].scopes.len() == 2);
}

fn admin_key(tenant: Option<&Tenant>) -> NewAdminKey {
    NewAdminKey {
        admin_key_id: AdminKeyId::generate(&CountingRandom, at(0)),
        tenant: tenant.cloned(),
        name: "deploy".to_owned(),
        digest: digest(),
        scopes: AdminRole::Administrator.scopes(),
        rotated_from: None,
        expires_at: Some(at(100)),
    }
}

#[tokio::test]
async fn an_admin_key_is_found_until_it_is_revoked_and_says_when() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let (ours, platforms) = (admin_key(Some(&tenant)), admin_key(None));
    let mut platform = world.database.platform().await.unwrap();
    platform.insert_admin_key(&ours, at(0)).await.unwrap();
    platform.insert_admin_key(&platforms, at(0)).await.unwrap();
    let found = platform
        .find_admin_key(&[digest(), ours.digest])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.tenant_id, found.scopes),
        (Some(tenant.id()), protocol::AdminScopes::everything())
    );
    platform
        .record_admin_key_use(&[ours.admin_key_id], at(7))
        .await
        .unwrap();
    platform
        .record_admin_key_use(&[ours.admin_key_id], at(6))
        .await
        .unwrap();
    let listed = platform.list_admin_keys(None, 10).await.unwrap();
    assert_eq!(listed.len(), 2);
    let used = listed
        .iter()
        .find(|key| key.admin_key_id == ours.admin_key_id);
    assert_eq!(used.unwrap().last_used_at, Some(at(7)));
    assert!(
        platform
            .revoke_admin_key(ours.admin_key_id, at(8))
            .await
            .unwrap()
    );
    assert!(
        !platform
            .revoke_admin_key(ours.admin_key_id, at(9))
            .await
            .unwrap()
    );
    let found = platform
        .find_admin_key(&[ours.digest])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.revoked_at, Some(at(8)));
    // Whichever end came first: revoked at 8, ended at 100.
    for (first_kept, removed) in [(8, 0), (9, 1), (100, 0), (101, 1)] {
        let swept = platform.sweep_admin_keys(at(first_kept), 10);
        assert_eq!(swept.await.unwrap(), removed, "{first_kept}");
    }
    let left = platform.list_admin_keys(None, 10).await.unwrap();
    assert_eq!(left, []);
}
