//! What ends a grant from outside: the next refresh feels it, at every replica (row F8).

use serde_json::json;

use crate::harness::{Deed, TestApp, within_a_second};

/// F8, F9, M3: what ends a grant is felt by the next refresh, at the replica that knows of it by
/// hearsay too; and an SDK is never told to register itself anew unless the client is really gone.
#[tokio::test]
async fn what_an_operator_ends_is_refused_at_every_replica() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    for (number, deed) in Deed::IN_A_TENANT.into_iter().enumerate() {
        let username = format!("user-{number}");
        let client = acme.public_client().await;
        let elsewhere = client.clone().through(other_replica.wire());
        let first = client.tokens_of(&acme.browser_of(&username).await).await;
        // Both replicas have seen client and user, and remember what they may.
        let tokens = elsewhere.refresh(first.refresh_token()).await.tokens();

        deed.is_done(&acme, &acme.user(&username).await, &client)
            .await;

        let (status, error) = match deed {
            Deed::DeleteClient => (401, "invalid_client"),
            _ => (400, "invalid_grant"),
        };
        client
            .refresh(tokens.refresh_token())
            .await
            .is_refused(status, error);
        within_a_second(&format!("{deed:?} at the other replica"), || async {
            let answer = elsewhere.refresh(tokens.refresh_token()).await;
            assert_ne!(
                answer.status.as_u16(),
                200,
                "{deed:?}: grants and families are always read"
            );
            answer.status.as_u16() == status
        })
        .await;
        elsewhere
            .refresh(tokens.refresh_token())
            .await
            .is_refused(status, error);
    }
}

/// F8, D6: a suspended tenant answers nothing at any replica. Its grants are not dead, so that it is
/// not `invalid_grant`: when the tenant is resumed its clients go on.
#[tokio::test]
async fn a_suspended_tenant_refreshes_nothing_until_it_is_resumed() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;
    let elsewhere = client.clone().through(other_replica.wire());
    let first = client.tokens_of(&alice).await;
    let tokens = elsewhere.refresh(first.refresh_token()).await.tokens();
    let code = client.code_from(&alice).await;

    Deed::SuspendTenant
        .is_done(&acme, &acme.user("alice").await, &client)
        .await;

    client
        .refresh(tokens.refresh_token())
        .await
        .is_refused(404, "invalid_request");
    client
        .redeem(&code)
        .await
        .is_refused(404, "invalid_request");
    within_a_second("suspended at the other replica", || async {
        elsewhere
            .refresh(tokens.refresh_token())
            .await
            .status
            .as_u16()
            == 404
    })
    .await;
    elsewhere
        .redeem(&code)
        .await
        .is_refused(404, "invalid_request");

    acme.change("", &json!({ "state": "active" })).await;
    client.redeem(&code).await.tokens();
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// F8: a password that was changed and a user who was enabled again bring nothing back to life.
#[tokio::test]
async fn a_revoked_grant_stays_revoked() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let alice = acme.user("alice").await;
    Deed::DisableUser.is_done(&acme, &alice, &client).await;
    acme.change(
        &format!("/users/{}", alice.id),
        &json!({ "is_enabled": true }),
    )
    .await;

    client.cannot_refresh(tokens.refresh_token()).await;

    assert!(
        !acme
            .resource_credential()
            .await
            .accepts(&tokens.access_token)
            .await
    );
}

/// F8: a client that was disabled for a while goes on where it was.
#[tokio::test]
async fn a_client_that_is_enabled_again_keeps_its_grants() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let path = format!("/clients/{}", client.client_id);
    acme.change(&path, &json!({ "is_enabled": false })).await;
    client.cannot_refresh(tokens.refresh_token()).await;

    acme.change(&path, &json!({ "is_enabled": true })).await;

    client.refresh(tokens.refresh_token()).await.tokens();
}

/// Z4: after a back-up was restored, the installation's epoch is raised, and tokens that may have
/// been spent since are dead.
#[tokio::test]
async fn a_restored_back_up_revives_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let mut database = app.database().db_connect_as_superuser().await;
    sqlx::query("update installation set security_epoch = security_epoch + 1")
        .execute(&mut database)
        .await
        .unwrap();

    client.cannot_refresh(tokens.refresh_token()).await;
    let anew = client.tokens_of(&acme.browser_of("alice").await).await;
    client.refresh(anew.refresh_token()).await.tokens();
}

/// F8, H2: with a resource go its credentials and what was granted for it alone; the rest of a grant goes on.
#[tokio::test]
async fn a_deleted_resource_takes_what_was_granted_for_it_alone() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let mail_server = acme.resource_credential_of(&mail).await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;
    let for_mail = client.clone().with_resource(Some(&mail.identifier));
    let mail_alone = for_mail.tokens_of(&alice).await;
    let request = client
        .authorization_request()
        .and("resource", &mail.identifier);
    let code = request.walk(&alice).await.code();
    let at_first = [
        ("grant_type", "authorization_code"),
        ("code", &code.code),
        ("code_verifier", &code.verifier),
        ("resource", &acme.resource.identifier),
    ];
    let both = client.token(&at_first).await.tokens();
    assert!(mail_server.accepts(&mail_alone.access_token).await);

    let path = acme.path(&format!("/resources/{}", mail.id));
    acme.admin().delete(&path).await.expect_status(204);

    mail_server
        .introspect_answer(&mail_alone.access_token)
        .await
        .is_refused(401, "invalid_client");
    for wire in [app.wire(), other_replica.wire()] {
        let client = client.clone().through(wire);
        within_a_second("a deleted resource", async || {
            let answer = client.refresh(mail_alone.refresh_token()).await;
            answer.status.as_u16() == 400
        })
        .await;
        client
            .refresh(mail_alone.refresh_token())
            .await
            .is_refused(400, "invalid_target");
    }
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", both.refresh_token()),
        ("resource", &acme.resource.identifier),
    ];
    let renewed = client.token(&fields).await.tokens();
    assert_eq!(renewed.claims()["aud"], acme.resource.audience.as_str());
}
