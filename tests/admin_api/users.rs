//! Users: names that are unique after folding, passwords that go in and never come out, and what ends
//! with a user.

use serde_json::{Value, json};

use super::{id_of, is_problem, is_problem_of};
use crate::harness::{Browser, OAuthClient, ResourceServer, TestApp, TestTenant, TestUser, Tokens};

/// M7: a name is taken in every spelling that folds to the same.
#[tokio::test]
async fn a_name_is_taken_in_every_spelling() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.user("Straße").await;
    acme.user("bob").await;
    let bob = acme.path(&format!("/users/{}", acme.user("bob").await.id));
    for spelling in ["Straße", "straße", "STRASSE", "strasse", "\u{ff33}trasse"] {
        let body = json!({ "username": spelling, "password": "another password" });
        is_problem_of(
            &app.admin().post(&acme.path("/users"), &body).await,
            409,
            "conflict",
            "username",
        );
        let answer = app
            .admin()
            .patch(&bob, &json!({ "username": spelling }))
            .await;
        is_problem_of(&answer, 409, "conflict", "username");
    }
    // One's own name in another spelling is no conflict.
    assert_eq!(
        acme.change(
            &bob.replace(&acme.path(""), ""),
            &json!({ "username": "Bob" })
        )
        .await["username"],
        "Bob"
    );
}

/// M4: what cannot be a name, an address or a password is refused before anything is hashed.
#[tokio::test]
async fn an_unfit_user_is_refused_before_hashing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.user("bob").await;
    let bob = acme.path(&format!("/users/{}", acme.user("bob").await.id));
    let before = app.password_computations().await;
    let long = "x".repeat(1_025);
    let longer_than_a_name = "x".repeat(129);
    for (name, value) in [
        ("username", ""),
        ("username", " alice"),
        ("username", "ali\u{200b}ce"),
        ("username", longer_than_a_name.as_str()),
        ("email", "alice"),
        ("email", "a b@example.com"),
        ("name", "\u{202e}"),
        ("password", "short"),
        ("password", long.as_str()),
    ] {
        let mut body = json!({ "username": "alice", "password": "a good password" });
        body[name] = json!(value);
        is_problem_of(
            &app.admin().post(&acme.path("/users"), &body).await,
            400,
            "invalid-value",
            name,
        );
        is_problem_of(
            &app.admin().patch(&bob, &json!({ name: value })).await,
            400,
            "invalid-value",
            name,
        );
    }
    assert_eq!(app.password_computations().await, before);
}

/// RFC 7396: what is absent stays, null empties what may be empty.
#[tokio::test]
async fn absent_stays_and_null_empties() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({
        "username": "alice",
        "email": "alice@example.com",
        "name": "Alice Liddell",
        "password": "a good password",
    });
    let made = app.admin().create(&acme.path("/users"), &body).await;
    assert_eq!(made["is_enabled"], true);
    let path = format!("/users/{}", id_of(&made));
    let unchanged = acme.change(&path, &json!({})).await;
    for name in ["username", "email", "name", "is_enabled", "created_at"] {
        assert_eq!(unchanged[name], made[name], "{name}");
    }
    let emptied = acme
        .change(&path, &json!({ "email": null, "name": null }))
        .await;
    assert_eq!(
        (&emptied["email"], &emptied["name"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(emptied["username"], "alice");
    for name in ["username", "password", "is_enabled"] {
        let answer = app
            .admin()
            .patch(&acme.path(&path), &json!({ name: null }))
            .await;
        is_problem_of(&answer, 400, "invalid-value", name);
    }
}

/// A user may be made disabled: there, and not signing in until enabled.
#[tokio::test]
async fn a_user_made_disabled_signs_in_once_enabled() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({ "username": "carol", "password": "carols password", "is_enabled": false });
    let made = app.admin().create(&acme.path("/users"), &body).await;
    assert_eq!(made["is_enabled"], false);
    let path = format!("/users/{}", id_of(&made));
    assert_eq!(app.admin().get(&acme.path(&path)).await.json(), made);
    let client = acme.public_client().await;
    let browser = app.browser();
    let login = client.authorization_request().open(&browser).await;
    let refused = browser.log_in(&login, "carol", "carols password").await;
    assert!(refused.is_login(), "{refused:?}");
    acme.change(&path, &json!({ "is_enabled": true })).await;
    assert!(
        browser
            .log_in(&refused, "carol", "carols password")
            .await
            .is_consent()
    );
}

/// Someone who is signed in, with tokens.
struct SignedIn {
    acme: TestTenant,
    user: TestUser,
    browser: Browser,
    client: OAuthClient,
    tokens: Tokens,
    resource_server: ResourceServer,
}

impl SignedIn {
    async fn at(app: &TestApp) -> Self {
        let acme = app.tenant("acme").await;
        let user = acme.user("alice").await;
        let client = acme.confidential_client().await;
        let browser = acme.browser_of("alice").await;
        let tokens = client.tokens_of(&browser).await;
        let resource_server = acme.resource_credential().await;
        assert!(resource_server.accepts(&tokens.access_token).await);
        Self {
            acme,
            user,
            browser,
            client,
            tokens,
            resource_server,
        }
    }

    fn path(&self) -> String {
        format!("/users/{}", self.user.id)
    }

    /// F8: refresh, access token and browser session are dead, at once where it was done.
    async fn has_ended(&self) {
        self.client
            .cannot_refresh(self.tokens.refresh_token())
            .await;
        assert!(
            !self
                .resource_server
                .accepts(&self.tokens.access_token)
                .await
        );
        let page = self
            .client
            .authorization_request()
            .open(&self.browser)
            .await;
        assert!(page.is_login(), "{page:?}");
    }
}

/// F8: disabling ends everything; enabling brings nothing back but the sign-in.
#[tokio::test]
async fn a_disabled_user_is_signed_out_everywhere() {
    let app = TestApp::start().await;
    let alice = SignedIn::at(&app).await;
    alice
        .acme
        .change(&alice.path(), &json!({ "is_enabled": false }))
        .await;
    alice.has_ended().await;
    alice
        .acme
        .change(&alice.path(), &json!({ "is_enabled": true }))
        .await;
    alice.has_ended().await;
    alice.client.tokens_of(&alice.browser).await;
}

/// F8: a new password ends everything, and the old one signs in no more.
#[tokio::test]
async fn a_new_password_ends_what_the_old_one_began() {
    let app = TestApp::start().await;
    let alice = SignedIn::at(&app).await;
    alice
        .acme
        .change(&alice.path(), &json!({ "password": "a new password" }))
        .await;
    alice.has_ended().await;
    let login = alice
        .client
        .authorization_request()
        .open(&alice.browser)
        .await;
    let refused = alice
        .browser
        .log_in(&login, "alice", &alice.user.password)
        .await;
    assert!(refused.is_login(), "{refused:?}");
    let next = alice
        .browser
        .log_in(&refused, "alice", "a new password")
        .await;
    assert!(!next.is_login(), "{next:?}");
}

/// F8: other changes end nothing.
#[tokio::test]
async fn a_new_name_ends_nothing() {
    let app = TestApp::start().await;
    let alice = SignedIn::at(&app).await;
    let changes = json!({ "username": "alicia", "email": "a@example.com", "name": "Alicia", "is_enabled": true });
    alice.acme.change(&alice.path(), &changes).await;
    assert!(
        alice
            .resource_server
            .accepts(&alice.tokens.access_token)
            .await
    );
    alice
        .client
        .refresh(alice.tokens.refresh_token())
        .await
        .tokens();
}

/// F8: a deleted user's sessions, grants and tokens go too; the name is free for somebody else.
#[tokio::test]
async fn a_deleted_user_leaves_nothing_but_a_free_name() {
    let app = TestApp::start().await;
    let alice = SignedIn::at(&app).await;
    let path = alice.acme.path(&alice.path());
    app.admin().delete(&path).await.expect_status(204);
    alice.has_ended().await;
    assert_eq!(
        app.admin().get(&alice.acme.path("/grants")).await.json()["data"],
        json!([])
    );
    is_problem(&app.admin().get(&path).await, 404, "not-found");
    is_problem(&app.admin().delete(&path).await, 404, "not-found");
    let again = json!({ "username": "alice", "password": "another password" });
    let other = app.admin().create(&alice.acme.path("/users"), &again).await;
    assert_ne!(id_of(&other), alice.user.id);
    alice.has_ended().await;
}
