//! A grant and what it hangs on, both at once: either the end waits and finds the grant, or there is no grant.

use protocol::SessionId;

use crate::tests::support::{Things, World, at, device_of, grant_and_code, grant_of};
use crate::{NewAuthorizationCode, NewGrant, Tenant, TenantScope, Waiting};

struct Meanwhile {
    world: World,
    tenant: Tenant,
    things: Things,
}

impl Meanwhile {
    async fn new() -> Self {
        let world = World::new().await;
        let tenant = world.tenant("acme").await;
        let things = Things::insert(&world, &tenant).await;
        Self {
            world,
            tenant,
            things,
        }
    }

    async fn scope(&self) -> TenantScope {
        self.world.database.tenant(&self.tenant).await.unwrap()
    }

    fn session_id(&self) -> SessionId {
        self.things.session.session_id
    }

    /// In the session that is there.
    fn grant_and_code(&self) -> (NewGrant, NewAuthorizationCode) {
        let things = &self.things;
        let (grant, code) = grant_and_code(things.user_id(), &things.client, &things.resource);
        let session_id = Some(self.session_id());
        (
            NewGrant {
                session_id,
                ..grant
            },
            code,
        )
    }

    async fn until_somebody_waits(&self) {
        self.world.db_until_waiting(1).await;
    }

    /// Ends the session; how many clients are to be told.
    async fn sign_out(&self) -> u64 {
        let mut scope = self.scope().await;
        let session_id = self.session_id();
        let is_deleted = scope.delete_browser_session(session_id).await;
        assert!(is_deleted.unwrap());
        let ended = [session_id];
        let told = scope.insert_logout_notices(&ended, at(5));
        let told = told.await.unwrap();
        scope.commit().await.unwrap();
        told
    }
}

/// Who is to be told of the session's end is read after the code's transaction, not before it.
#[tokio::test]
async fn whoever_signs_out_while_a_code_is_issued_tells_its_client() {
    let both = Meanwhile::new().await;
    let (grant, code) = both.grant_and_code();
    let mut issuing = both.scope().await;
    let held = issuing.hold_browser_session(both.session_id()).await;
    assert!(held.unwrap());
    let issue = async {
        both.until_somebody_waits().await;
        let inserted = issuing.insert_grant_with_code(&grant, &code, at(5)).await;
        inserted.unwrap();
        issuing.commit().await.unwrap();
    };
    let (told, ()) = tokio::join!(both.sign_out(), issue);
    assert_eq!(told, 1);
}

#[tokio::test]
async fn whoever_signs_out_while_a_device_is_approved_tells_its_client() {
    let both = Meanwhile::new().await;
    let device = device_of(&both.things);
    let mut scope = both.scope().await;
    let inserted = scope.insert_device_authorization(&device, at(0)).await;
    assert!(inserted.unwrap());
    scope.commit().await.unwrap();
    let grant = grant_of(&both.grant_and_code().0);
    let mut approving = both.scope().await;
    let held = approving.hold_browser_session(both.session_id()).await;
    assert!(held.unwrap());
    let approve = async {
        both.until_somebody_waits().await;
        let approved = approving.approve_device_authorization(device.pending_id, &grant, at(5));
        assert!(approved.await.unwrap());
        approving.commit().await.unwrap();
    };
    let (told, ()) = tokio::join!(both.sign_out(), approve);
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_session_that_is_being_ended_is_waited_for_and_gone() {
    let both = Meanwhile::new().await;
    let mut ending = both.scope().await;
    let ended = ending.delete_browser_sessions_of_user(both.things.user_id());
    assert_eq!(ended.await.unwrap(), [both.session_id()]);
    let end = async {
        both.until_somebody_waits().await;
        ending.commit().await.unwrap();
    };
    let mut issuing = both.scope().await;
    let (held, ()) = tokio::join!(issuing.hold_browser_session(both.session_id()), end);
    assert!(!held.unwrap());
}

/// Two codes of one session at once do not wait for one another.
#[tokio::test]
async fn a_session_is_held_by_many() {
    let both = Meanwhile::new().await;
    let (mut one, mut other) = (both.scope().await, both.scope().await);
    for scope in [&mut one, &mut other] {
        let held = scope.hold_browser_session(both.session_id()).await;
        assert!(held.unwrap());
        let held = scope.hold_consents(both.things.user_id(), both.things.client.key);
        assert_eq!(held.await.unwrap().len(), 1);
    }
}

/// Row F8.
#[tokio::test]
async fn whoever_withdraws_a_consent_while_a_code_is_issued_revokes_its_grant() {
    let both = Meanwhile::new().await;
    let (user_id, client_key) = (both.things.user_id(), both.things.client.key);
    let (grant, code) = both.grant_and_code();
    let mut issuing = both.scope().await;
    let inserted = issuing.insert_grant_with_code(&grant, &code, at(5)).await;
    inserted.unwrap();
    let held = issuing.hold_consents(user_id, client_key).await.unwrap();
    assert_eq!(held[0].scopes, both.things.consent.scopes);
    let issue = async {
        both.until_somebody_waits().await;
        issuing.commit().await.unwrap();
    };
    let withdraw = async {
        let mut scope = both.scope().await;
        let deleted = scope.delete_consents(user_id, client_key).await;
        assert_eq!(deleted.unwrap(), 1);
        let revoked = scope.revoke_grants_of_consent(user_id, client_key, at(5), at(900));
        assert_eq!(revoked.await.unwrap(), 3, "the new one as well");
        scope.commit().await.unwrap();
    };
    tokio::join!(withdraw, issue);
    let live = format!(
        "grants where grant_id = '{}' and revoked_at is null",
        grant.grant_id
    );
    assert_eq!(both.world.db_count(&live).await, 0);
}

#[tokio::test]
async fn a_consent_that_is_being_withdrawn_is_waited_for_and_gone() {
    let both = Meanwhile::new().await;
    let (user_id, client_key) = (both.things.user_id(), both.things.client.key);
    let mut withdrawing = both.scope().await;
    let deleted = withdrawing.delete_consents(user_id, client_key).await;
    assert_eq!(deleted.unwrap(), 1);
    let withdraw = async {
        both.until_somebody_waits().await;
        withdrawing.commit().await.unwrap();
    };
    let mut issuing = both.scope().await;
    let (held, ()) = tokio::join!(issuing.hold_consents(user_id, client_key), withdraw);
    assert_eq!(held.unwrap(), []);
}

/// Whoever registered by themselves, and is deleted while a person allows them for the first time, has tokens.
#[tokio::test]
async fn a_client_that_gets_its_first_grant_while_it_is_deleted_is_named() {
    let both = Meanwhile::new().await;
    let registered = both.things.newcomers.registered.clone();
    let mut scope = both.scope().await;
    scope.insert_client(&registered, None, at(0)).await.unwrap();
    scope.commit().await.unwrap();
    let (grant, code) = both.grant_and_code();
    let grant = NewGrant {
        client_key: registered.key,
        ..grant
    };
    let mut allowing = both.scope().await;
    let inserted = allowing.insert_grant_with_code(&grant, &code, at(5)).await;
    inserted.unwrap();
    let allow = async {
        both.until_somebody_waits().await;
        allowing.commit().await.unwrap();
    };
    let mut deleting = both.scope().await;
    let (deleted, ()) = tokio::join!(deleting.delete_client(registered.key), allow);
    assert!(deleted.unwrap().unwrap().may_have_tokens);
}

/// Who is signed out of a client that is being deleted is signed out; the client is told nothing.
#[tokio::test]
async fn a_client_that_is_being_deleted_is_not_told_of_a_sign_out() {
    let both = Meanwhile::new().await;
    let (grant, code) = both.grant_and_code();
    let mut scope = both.scope().await;
    let inserted = scope.insert_grant_with_code(&grant, &code, at(5)).await;
    inserted.unwrap();
    scope.commit().await.unwrap();
    let mut deleting = both.scope().await;
    let deleted = deleting.delete_client(both.things.client.key).await;
    assert!(deleted.unwrap().is_some());
    let delete = async {
        both.until_somebody_waits().await;
        deleting.commit().await.unwrap();
    };
    let (told, ()) = tokio::join!(both.sign_out(), delete);
    assert_eq!(told, 0);
}

/// What administrators change in one tenant they change one after the other; other tenants do not wait.
#[tokio::test]
async fn changes_of_a_tenants_administrators_wait_in_line() {
    let both = Meanwhile::new().await;
    let other = both.world.tenant("umbrella").await;
    let database = &both.world.database;
    let first = database
        .tenant_in_line(&both.tenant, Waiting::Administrator)
        .await
        .unwrap();
    let elsewhere = database
        .tenant_in_line(&other, Waiting::Administrator)
        .await
        .unwrap();
    elsewhere.commit().await.unwrap();
    both.scope().await.commit().await.unwrap();
    let end = async {
        both.until_somebody_waits().await;
        first.commit().await.unwrap();
    };
    // Another replica: the same database, and nothing else in common.
    let replica = both.world.connect_with(|_| {});
    let (second, ()) = tokio::join!(
        replica.tenant_in_line(&both.tenant, Waiting::Administrator),
        end
    );
    second.unwrap().commit().await.unwrap();
}

/// However many wait for their turn, they do not use up the connections of a replica.
#[tokio::test]
async fn whoever_waits_in_line_waits_without_a_connection() {
    let both = Meanwhile::new().await;
    let database = &both.world.database;
    let first = database
        .tenant_in_line(&both.tenant, Waiting::Administrator)
        .await
        .unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (database, tenant) = (database.clone(), both.tenant.clone());
        waiting.spawn(async move {
            let scope = database
                .tenant_in_line(&tenant, Waiting::Administrator)
                .await
                .unwrap();
            scope.commit().await.unwrap();
        });
    }
    tokio::task::yield_now().await;
    both.scope().await.commit().await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(waiting.join_all().await.len(), 100);
}

/// Whoever waits for the sweep is not waited for: what somebody has stays until the next one.
#[tokio::test]
async fn a_sweep_waits_for_nobody() {
    let both = Meanwhile::new().await;
    let (session, long_ago) = (both.session_id(), at(20 * 86_400));
    let mut holding = both.scope().await;
    assert!(holding.hold_browser_session(session).await.unwrap());
    let mut sweeping = both.scope().await;
    let swept = sweeping.sweep_expired(long_ago, 100).await.unwrap();
    assert_eq!(swept.browser_sessions, 0);
    assert!(swept.authorization_codes > 0);
    holding.commit().await.unwrap();
    let swept = sweeping.sweep_expired(long_ago, 100).await.unwrap();
    assert_eq!(swept.browser_sessions, 1);
}
