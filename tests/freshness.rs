//! Two replicas, one truth: what one changes, the other knows within a second, also when the way by which
//! it would hear of it is dead.

mod latency;

use serde_json::json;
use sqlx::Row as _;

use crate::harness::{
    DatabaseLink, OAuthClient, Replica, ResourceServer, TestApp, TestTenant, Tokens,
    within_a_second,
};

/// A tenant as both replicas see it; both have everything warm in memory.
struct Scene<'a> {
    app: &'a TestApp,
    there: &'a Replica,
    acme: TestTenant,
    acme_there: TestTenant,
}

impl<'a> Scene<'a> {
    async fn of(app: &'a TestApp, there: &'a Replica, slug: &str) -> Self {
        let acme = app.tenant(slug).await;
        let acme_there = acme.through(there.wire());
        Self {
            app,
            there,
            acme,
            acme_there,
        }
    }

    /// A resource server that asks the other replica.
    async fn asks_there(&self) -> ResourceServer {
        ResourceServer {
            wire: self.there.wire(),
            ..self.acme.resource_credential().await
        }
    }

    /// Signed in here, and accepted there.
    async fn signed_in(
        &self,
        resource_server: &ResourceServer,
        username: &str,
    ) -> (OAuthClient, Tokens) {
        let client = self.acme.public_client().await;
        let tokens = client
            .tokens_of(&self.acme.browser_of(username).await)
            .await;
        for _ in 0..2 {
            assert!(resource_server.accepts(&tokens.access_token).await);
        }
        (client, tokens)
    }

    async fn machine(&self, resource_server: &ResourceServer) -> (OAuthClient, Tokens) {
        let client = self.acme.confidential_client().await;
        let tokens = client
            .clone()
            .through(self.there.wire())
            .client_credentials(None)
            .await
            .tokens();
        assert!(resource_server.accepts(&tokens.access_token).await);
        (client, tokens)
    }
}

/// Everything that the other replica remembers, changed here one thing after the other.
async fn every_change_arrives(scene: &Scene<'_>, before_each: impl AsyncFn()) {
    revocations_arrive(scene, &before_each).await;
    disabled_things_arrive(scene, &before_each).await;
    changed_resources_arrive(scene, &before_each).await;
    changed_tenants_arrive(scene, &before_each).await;
}

async fn revocations_arrive(scene: &Scene<'_>, before_each: &impl AsyncFn()) {
    let server = scene.asks_there().await;
    let (client, tokens) = scene.signed_in(&server, "alice").await;
    before_each().await;
    client
        .revoke(tokens.refresh_token())
        .await
        .expect_status(200);
    // On this replica at once.
    let here = ResourceServer {
        wire: scene.app.wire(),
        ..server.clone()
    };
    assert!(!here.accepts(&tokens.access_token).await);
    within_a_second("a revoked grant", async || {
        !server.accepts(&tokens.access_token).await
    })
    .await;

    let (client, tokens) = scene.machine(&server).await;
    before_each().await;
    client.revoke(&tokens.access_token).await.expect_status(200);
    assert!(!here.accepts(&tokens.access_token).await);
    within_a_second("a revoked access token", async || {
        !server.accepts(&tokens.access_token).await
    })
    .await;
}

async fn disabled_things_arrive(scene: &Scene<'_>, before_each: &impl AsyncFn()) {
    let disabled = json!({ "is_enabled": false });
    let server = scene.asks_there().await;

    let (client, tokens) = scene.machine(&server).await;
    let there = client.clone().through(scene.there.wire());
    before_each().await;
    scene
        .acme
        .change(&format!("/clients/{}", client.client_id), &disabled)
        .await;
    within_a_second("a disabled client's token", async || {
        !server.accepts(&tokens.access_token).await
    })
    .await;
    there
        .client_credentials(None)
        .await
        .is_refused(400, "invalid_grant");

    let (client, tokens) = scene.machine(&server).await;
    let there = client.clone().through(scene.there.wire());
    before_each().await;
    let path = scene.acme.path(&format!("/clients/{}", client.client_id));
    scene.acme.admin().delete(&path).await.expect_status(204);
    within_a_second("a deleted client", async || {
        there.client_credentials(None).await.status == 401
    })
    .await;
    assert!(!server.accepts(&tokens.access_token).await);

    let (_, tokens) = scene.signed_in(&server, "bob").await;
    let bob = scene.acme.user("bob").await;
    before_each().await;
    scene
        .acme
        .change(&format!("/users/{}", bob.id), &disabled)
        .await;
    within_a_second("a disabled user's token", async || {
        !server.accepts(&tokens.access_token).await
    })
    .await;
}

async fn changed_resources_arrive(scene: &Scene<'_>, before_each: &impl AsyncFn()) {
    let server = scene.asks_there().await;
    let (client, _) = scene.machine(&server).await;
    let there = client.through(scene.there.wire());
    let lifetime =
        async || there.client_credentials(None).await.tokens().body["expires_in"].clone();
    assert_eq!(lifetime().await, 900);
    before_each().await;
    let path = format!("/resources/{}", scene.acme.resource.id);
    scene
        .acme
        .change(&path, &json!({ "access_token_lifetime": 300 }))
        .await;
    within_a_second("a resource's lifetime", async || lifetime().await == 300).await;
    scene
        .acme
        .change(&path, &json!({ "access_token_lifetime": null }))
        .await;
    within_a_second("a resource's lifetime", async || lifetime().await == 900).await;

    let credentials = scene.acme.path(&format!("{path}/credentials"));
    let lost = scene.asks_there().await;
    lost.introspect_answer("x").await.expect_status(200);
    let listed = scene
        .acme
        .admin()
        .get(&credentials)
        .await
        .expect_status(200)
        .json();
    let items = listed["data"].as_array().unwrap();
    let credential = items
        .iter()
        .find(|one| one["client_id"] == lost.client_id.as_str())
        .unwrap();
    before_each().await;
    let path = format!("{credentials}/{}", credential["id"].as_str().unwrap());
    scene.acme.admin().delete(&path).await.expect_status(204);
    within_a_second("a deleted credential", async || {
        lost.introspect_answer("x").await.status == 401
    })
    .await;
}

async fn changed_tenants_arrive(scene: &Scene<'_>, before_each: &impl AsyncFn()) {
    let register = async || {
        let body = json!({ "redirect_uris": ["https://client.example/callback"] });
        scene.acme_there.register(&body).await.status
    };
    assert_eq!(register().await, 201);
    before_each().await;
    scene
        .acme
        .change("", &json!({ "registration_policy": "off" }))
        .await;
    within_a_second("a tenant's policy", async || register().await == 403).await;
    let listed = async || {
        scene
            .acme_there
            .metadata()
            .await
            .json()
            .get("registration_endpoint")
            .is_some()
    };
    assert!(!listed().await);

    let metadata = async || scene.acme_there.metadata().await.status;
    before_each().await;
    scene
        .acme
        .change("", &json!({ "state": "suspended" }))
        .await;
    within_a_second("a suspended tenant", async || metadata().await == 404).await;
    before_each().await;
    scene.acme.change("", &json!({ "state": "active" })).await;
    within_a_second("a resumed tenant", async || metadata().await == 200).await;

    // Who asked too early must not wait for the answer to be forgotten.
    let newcomer = format!("{}-new", scene.acme.slug);
    let url = format!(
        "{}/t/{newcomer}/.well-known/jwks.json",
        scene.app.public_url()
    );
    scene.there.wire().get(&url).await.expect_status(404);
    before_each().await;
    scene.app.tenant(&newcomer).await;
    within_a_second("a new tenant", async || {
        scene.there.wire().get(&url).await.status == 200
    })
    .await;
}

/// H5, F8: notifications arrive: the usual case.
#[tokio::test]
async fn a_change_here_holds_there_within_a_second() {
    let app = TestApp::start().await;
    let there = app.start_replica().await;
    let scene = Scene::of(&app, &there, "acme").await;
    every_change_arrives(&scene, async || {}).await;
}

/// H5: the listening connections are killed just before each change; what was missed is not missing.
#[tokio::test]
async fn a_killed_listener_misses_nothing() {
    let app = TestApp::start().await;
    let there = app.start_replica().await;
    let scene = Scene::of(&app, &there, "acme").await;
    let killed = std::sync::atomic::AtomicI64::new(0);
    every_change_arrives(&scene, async || {
        let mut connection = app.database().db_connect().await;
        let row = sqlx::query(
            "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
             where datname = current_database() and query ilike 'listen%'",
        );
        let row = row.fetch_one(&mut connection).await.unwrap();
        killed.fetch_add(row.get::<i64, _>(0), std::sync::atomic::Ordering::Relaxed);
    })
    .await;
    assert!(killed.into_inner() > 0, "there was nothing to kill");
}

/// H5: the channel dies without a word: a firewall forgot it, the other end is gone. Answers are then read
/// from the database.
#[tokio::test]
async fn a_channel_that_falls_silent_is_not_believed() {
    let app = TestApp::start().await;
    let link = DatabaseLink::to(app.database().url()).await;
    let there = app
        .start_replica_with("WRIT_DATABASE_DIRECT_URL", link.url())
        .await;
    let scene = Scene::of(&app, &there, "acme").await;
    every_change_arrives(&scene, async || link.fall_silent()).await;

    link.mend();
    let scene = Scene::of(&app, &there, "globex").await;
    every_change_arrives(&scene, async || {}).await;
}

/// H5: and when it cannot be had again at all, service goes on, slower and still right.
#[tokio::test]
async fn a_channel_that_cannot_be_had_costs_only_time() {
    let app = TestApp::start().await;
    let link = DatabaseLink::to(app.database().url()).await;
    let there = app
        .start_replica_with("WRIT_DATABASE_DIRECT_URL", link.url())
        .await;
    let scene = Scene::of(&app, &there, "acme").await;
    every_change_arrives(&scene, async || link.cut()).await;
}

/// N9: an admin key that was taken away at one replica opens nothing at the other.
#[tokio::test]
async fn a_revoked_admin_key_is_dead_everywhere() {
    let app = TestApp::start().await;
    let there = app.start_replica().await;
    let body = json!({ "name": "a script", "scopes": ["*:write"] });
    let made = app.admin().create("/admin/v1/admin-keys", &body).await;
    let with_key = there.admin().with_key(made["admin_key"].as_str().unwrap());
    with_key.get("/admin/v1/tenants").await.expect_status(200);

    let path = format!("/admin/v1/admin-keys/{}", made["id"].as_str().unwrap());
    app.admin().delete(&path).await.expect_status(204);
    let is_dead = async || with_key.get("/admin/v1/tenants").await.status == 401;
    within_a_second("a revoked admin key", is_dead).await;
}
