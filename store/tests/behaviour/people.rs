//! Groups, sessions, hashes of other software, and how many of everything a tenant may have.

use protocol::{GroupName, SecretText, SessionId, UserId};

use crate::tests::support::{CountingRandom, Things, World, at, digest};
use crate::{
    NewBrowserSession, NewGroup, NewUser, PasswordCounts, QuotaKind, StoreError, Tenant,
    TenantQuotas, TenantScope,
};

fn group(name: &str) -> NewGroup {
    NewGroup {
        name: GroupName::parse(name).unwrap(),
        display_name: None,
        description: None,
    }
}

fn person(number: u32) -> NewUser {
    let name = format!("person-{number}");
    NewUser {
        user_id: UserId::generate(&CountingRandom, at(0)),
        username: name.clone(),
        folded_username: name,
        email: Some("shared@example.com".to_owned()),
        folded_email: Some("shared@example.com".to_owned()),
        name: None,
        password_hash: None,
        password_scheme: None,
        is_enabled: true,
        attributes: protocol::UserAttributes::default(),
    }
}

fn session_of(user_id: UserId) -> NewBrowserSession {
    NewBrowserSession {
        session_id: SessionId::generate(&CountingRandom, at(0)),
        digest: digest(),
        user_id,
        authenticated_at: at(0),
        expires_at: at(3_600),
    }
}

async fn allow(world: &World, tenant: &Tenant, quotas: TenantQuotas) {
    let mut platform = world.database.platform().await.unwrap();
    platform
        .set_tenant_quotas(tenant.id(), &quotas, at(0))
        .await
        .unwrap();
    assert_eq!(
        platform.find_tenant_quotas(tenant.id()).await.unwrap(),
        quotas
    );
    platform.commit().await.unwrap();
}

async fn groups_of(scope: &mut TenantScope, user_id: UserId) -> Vec<String> {
    let found = scope.find_user(user_id).await.unwrap().unwrap();
    found.user.groups.into_iter().map(String::from).collect()
}

#[tokio::test]
async fn a_person_is_read_with_their_groups_and_attributes() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let found = scope.find_user(things.user_id()).await.unwrap().unwrap();
    assert_eq!(found.user.attributes, things.user.attributes);
    let (editors, admins) = (things.group.name.clone(), group("admins"));
    assert_eq!(groups_of(&mut scope, things.user_id()).await, ["editors"]);

    scope.insert_group(&admins, at(1)).await.unwrap();
    let twice = scope.insert_group(&admins, at(1)).await.unwrap_err();
    assert_eq!(twice.conflict(), Some("groups_pkey"));
    drop(scope);

    let mut scope = world.database.tenant(&tenant).await.unwrap();
    scope.insert_group(&admins, at(1)).await.unwrap();
    for is_new in [true, false] {
        let inserted = scope.insert_group_member(&admins.name, things.user_id(), at(2));
        assert_eq!(inserted.await.unwrap(), is_new);
    }
    assert_eq!(
        groups_of(&mut scope, things.user_id()).await,
        ["admins", "editors"]
    );
    let listed = scope
        .list_users_of_group(&admins.name, None, 10)
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    let missing = [editors.clone(), GroupName::parse("nobody").unwrap()];
    let missing = scope.list_missing_groups(&missing).await.unwrap();
    assert_eq!(missing, [GroupName::parse("nobody").unwrap()]);

    assert!(scope.delete_group(&editors).await.unwrap());
    assert!(!scope.delete_group(&editors).await.unwrap());
    assert_eq!(groups_of(&mut scope, things.user_id()).await, ["admins"]);
    for was_in in [true, false] {
        let deleted = scope.delete_group_member(&admins.name, things.user_id());
        assert_eq!(deleted.await.unwrap(), was_in);
    }
    assert!(groups_of(&mut scope, things.user_id()).await.is_empty());
}

#[tokio::test]
async fn people_with_one_address_are_listed_page_by_page() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    for number in 0..3 {
        scope.insert_user(&person(number), at(0)).await.unwrap();
    }
    let email = "shared@example.com";
    let page = scope.list_users_by_email(email, None, 2).await.unwrap();
    assert_eq!(page.len(), 2);
    let after = page.last().map(|user| user.user_id);
    let rest = scope.list_users_by_email(email, after, 2).await.unwrap();
    assert_eq!(rest.len(), 1);
    let asked = ["person-1".to_owned(), "nobody".to_owned()];
    let taken = scope.list_taken_usernames(&asked).await.unwrap();
    assert_eq!(taken, ["person-1"]);
}

#[tokio::test]
async fn what_hashes_are_made_with_is_counted_as_they_come_change_and_go() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let hash = things.user.password_hash.clone().unwrap();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let bcrypt = |users, count| PasswordCounts {
        users,
        foreign: (count > 0)
            .then(|| ("bcrypt:10".to_owned(), count))
            .into_iter()
            .collect(),
    };
    let found = scope.find_login("alice").await.unwrap();
    assert_eq!(found.user.unwrap().password_hash, Some(hash.clone()));
    assert_eq!(found.passwords, bcrypt(1, 1));
    let nobody = scope.find_login("no\0body").await.unwrap();
    assert_eq!((nobody.user, nobody.passwords), (None, bcrypt(1, 1)));

    let (new, other) = (SecretText::from("$argon2id$new"), SecretText::from("other"));
    let user_id = things.user_id();
    let stale = scope.replace_password_hash(user_id, &other, &new);
    assert!(!stale.await.unwrap());
    let replaced = scope.replace_password_hash(user_id, &hash, &new);
    assert!(replaced.await.unwrap());
    let found = scope.find_user(user_id).await.unwrap().unwrap();
    // The same password: what it began lives on.
    assert_eq!(found.user.password_changed_at, Some(at(0)));
    assert_eq!(found.password_hash, Some(new));
    let counted = scope.find_login("alice").await.unwrap().passwords;
    assert_eq!(counted, bcrypt(1, 0));

    let imported = NewUser {
        password_hash: Some(SecretText::from("$2b$10$x")),
        password_scheme: Some("bcrypt:10".to_owned()),
        ..person(1)
    };
    scope.insert_user(&imported, at(0)).await.unwrap();
    let counted = scope.find_login("alice").await.unwrap().passwords;
    assert_eq!(counted, bcrypt(2, 1));
    assert!(scope.delete_user(imported.user_id).await.unwrap());
    let counted = scope.find_login("alice").await.unwrap().passwords;
    assert_eq!(counted, bcrypt(1, 0));
}

#[tokio::test]
async fn usage_follows_what_is_made_and_removed_and_cascades_too() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let usage = scope.find_usage().await.unwrap();
    assert_eq!(
        (usage.users, usage.clients, usage.resources, usage.sessions),
        (1, 1, 1, 1)
    );
    assert_eq!(usage.room_for(QuotaKind::Users), None);
    // The session goes with its user, by a cascade.
    assert!(scope.delete_user(things.user_id()).await.unwrap());
    let gone = scope.delete_resource(things.resource.resource_id).await;
    assert!(gone.unwrap().is_some());
    let _ = scope.delete_client(things.client.key).await.unwrap();
    let usage = scope.find_usage().await.unwrap();
    assert_eq!(
        (usage.users, usage.clients, usage.resources, usage.sessions),
        (0, 0, 0, 0)
    );
    scope.roll_back().await.unwrap();
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    assert_eq!(scope.find_usage().await.unwrap().users, 1);
}

#[tokio::test]
async fn nothing_is_made_beyond_a_quota_and_what_is_there_stays() {
    let world = World::new().await;
    let (acme, other) = (world.tenant("acme").await, world.tenant("other").await);
    let quotas = TenantQuotas {
        users: Some(2),
        sessions: Some(1),
        ..TenantQuotas::default()
    };
    allow(&world, &acme, quotas).await;
    let mut scope = world.database.tenant(&acme).await.unwrap();
    let first = person(0);
    scope.insert_user(&first, at(0)).await.unwrap();
    scope.insert_user(&person(1), at(0)).await.unwrap();
    let session = session_of(first.user_id);
    scope.insert_browser_session(&session, at(0)).await.unwrap();
    // The same session with another secret is not one more.
    assert!(scope.renew_browser_session(&session).await.unwrap());
    assert_eq!(
        scope.find_usage().await.unwrap().room_for(QuotaKind::Users),
        Some(0)
    );
    scope.commit().await.unwrap();

    let mut scope = world.database.tenant(&acme).await.unwrap();
    let refused = scope.insert_user(&person(2), at(0)).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::QuotaReached(QuotaKind::Users)),
        "{refused}"
    );
    drop(scope);
    let mut scope = world.database.tenant(&acme).await.unwrap();
    let another = session_of(first.user_id);
    let refused = scope.insert_browser_session(&another, at(0)).await;
    assert!(matches!(
        refused,
        Err(StoreError::QuotaReached(QuotaKind::Sessions))
    ));
    drop(scope);

    // One that is over makes room.
    let mut scope = world.database.tenant(&acme).await.unwrap();
    let expired = scope.delete_expired_browser_sessions(at(3_600), 10);
    assert_eq!(expired.await.unwrap(), 1);
    scope
        .insert_browser_session(&another, at(3_600))
        .await
        .unwrap();
    scope.commit().await.unwrap();

    // Less than there is: nothing goes, and nothing comes.
    let fewer = TenantQuotas {
        users: Some(0),
        ..TenantQuotas::default()
    };
    allow(&world, &acme, fewer).await;
    let mut scope = world.database.tenant(&acme).await.unwrap();
    assert_eq!(scope.find_usage().await.unwrap().users, 2);
    assert!(scope.insert_user(&person(3), at(0)).await.is_err());
    drop(scope);
    let mut scope = world.database.tenant(&other).await.unwrap();
    scope.insert_user(&person(4), at(0)).await.unwrap();
}

/// Near the end of a quota they go one after the other.
#[tokio::test]
async fn many_at_once_do_not_pass_a_quota_together() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let quotas = TenantQuotas {
        users: Some(3),
        ..TenantQuotas::default()
    };
    allow(&world, &acme, quotas).await;
    let calls = (0..8).map(|number| {
        let (database, acme) = (world.database.clone(), acme.clone());
        tokio::spawn(async move {
            let mut scope = database.tenant(&acme).await.unwrap();
            match scope.insert_user(&person(number), at(0)).await {
                Ok(()) => scope.commit().await.map(|()| true),
                Err(StoreError::QuotaReached(_)) => Ok(false),
                Err(error) => Err(error),
            }
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut made = 0;
    for call in calls {
        made += u32::from(call.await.unwrap().unwrap());
    }
    assert_eq!(made, 3);
    let mut scope = world.database.tenant(&acme).await.unwrap();
    assert_eq!(scope.find_usage().await.unwrap().users, 3);
}
