//! A tenant that is to be deleted: silent, its names taken, and as it was when it is restored in time.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::conventions::call_with;
use super::tenants::statuses;
use super::{is_problem, is_problem_of, key_for};
use crate::harness::{Answer, TestApp, TestTenant, within_a_second};

const WEEK: Duration = Duration::from_hours(7 * 24);

async fn delete(tenant: &TestTenant, grace: &str) {
    let path = tenant.path(grace);
    tenant.admin().delete(&path).await.expect_status(204);
}

async fn restore(tenant: &TestTenant) -> Answer {
    let path = tenant.path("/restore");
    tenant.admin().call(Method::POST, &path, None).await
}

async fn shown(tenant: &TestTenant) -> Value {
    let answer = tenant.admin().get(&tenant.path("")).await;
    answer.expect_status(200).json()
}

async fn steps(app: &TestApp, step: &str) -> Option<i64> {
    let name = format!("writ_tenant_deletions_total{{step=\"{step}\"}}");
    app.metric(&name).await
}

async fn platform_events(app: &TestApp) -> Vec<Value> {
    let page = app.admin().get("/admin/v1/audit-events").await;
    page.expect_status(200).json()["data"]
        .as_array()
        .unwrap()
        .clone()
}

/// O6: from the first moment it answers as one that never was, on every replica, and it is shown as what it is.
#[tokio::test]
async fn a_tenant_that_is_to_be_deleted_answers_nothing_and_is_shown_with_its_time() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let replica = app.start_replica().await;
    acme.through(replica.wire())
        .metadata()
        .await
        .expect_status(200);
    let now = app.clock().unix_seconds();
    delete(&acme, "").await;
    for (endpoint, status) in statuses(&acme).await {
        assert_eq!(status, 404, "{endpoint}");
    }
    let keys = acme.wire().get(&acme.url(".well-known/jwks.json")).await;
    keys.expect_status(404);
    within_a_second("a replica answers nothing", || async {
        let elsewhere = acme.through(replica.wire());
        elsewhere.metadata().await.status.as_u16() == 404
    })
    .await;
    globex.metadata().await.expect_status(200);
    let tenant = shown(&acme).await;
    assert_eq!(tenant["state"], "deleting");
    let after = tenant["deleted_after"].as_str().unwrap();
    let after = seconds_of(after);
    assert_eq!(after - now, i64::try_from(WEEK.as_secs()).unwrap());
    let listed = app.admin().get("/admin/v1/tenants").await.json();
    assert!(listed["data"].as_array().unwrap().contains(&tenant));
    // What is its own can be looked at, and its names are taken.
    let users = app.admin().get(&acme.path("/users")).await;
    users.expect_status(200);
    let again = json!({ "slug": "acme", "display_name": "Acme" });
    let taken = app.admin().post("/admin/v1/tenants", &again).await;
    is_problem_of(&taken, 409, "conflict", "slug");
    // There is one way back, and it is not this one.
    for state in ["active", "suspended"] {
        let change = json!({ "state": state });
        let refused = app.admin().patch(&acme.path(""), &change).await;
        is_problem_of(&refused, 409, "conflict", "state");
    }
    let change = json!({ "state": "deleting" });
    let refused = app.admin().patch(&acme.path(""), &change).await;
    is_problem(&refused, 400, "malformed-request");
}

fn seconds_of(text: &str) -> i64 {
    time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
        .unwrap()
        .unix_timestamp()
}

/// What people and clients hold of it works again; one that was suspended is suspended.
#[tokio::test]
async fn a_restored_tenant_is_what_it_was() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let resource_server = acme.resource_credential().await;
    let (owner, _) = key_for(&app, Some("acme"), "write").await;
    globex.change("", &json!({ "state": "suspended" })).await;
    let before = (shown(&acme).await, statuses(&acme).await);
    for tenant in [&acme, &globex] {
        delete(tenant, "").await;
        assert_eq!(shown(tenant).await["state"], "deleting");
    }
    client
        .refresh(tokens.refresh_token())
        .await
        .expect_status(404);
    app.clock().advance(Duration::from_mins(1));
    app.run_due_jobs().await;

    let mut restored = restore(&acme).await.expect_status(200).json();
    restored["updated_at"] = before.0["updated_at"].clone();
    assert_eq!((restored, statuses(&acme).await), before);
    assert!(resource_server.accepts(&tokens.access_token).await);
    client.refresh(tokens.refresh_token()).await.tokens();
    owner.get(&acme.path("/users")).await.expect_status(200);
    let other = restore(&globex).await.expect_status(200).json();
    assert_eq!(
        (&other["state"], &other["deleted_after"]),
        (&json!("suspended"), &Value::Null)
    );
    // Its old time is over, and nothing comes of it.
    app.clock().advance(WEEK);
    app.run_due_jobs().await;
    assert_eq!(shown(&acme).await["state"], "active");
    // And what is not to be deleted stays as it is.
    let again = restore(&acme).await.expect_status(200).json();
    assert_eq!(again["updated_at"], shown(&acme).await["updated_at"]);
    assert_eq!(acme.audit_events("tenant.restored").await.len(), 1);
    assert_eq!(steps(&app, "scheduled").await, Some(2));
    assert_eq!(steps(&app, "restored").await, Some(2));
}

/// When its time is over a job deletes it, as a deletion at once does: keys and rows go, the names stay taken.
#[tokio::test]
async fn a_tenant_is_gone_when_its_time_of_grace_is_over() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (owner, _) = key_for(&app, Some("acme"), "write").await;
    let tenant_id = shown(&acme).await["id"].clone();
    delete(&acme, "?grace_seconds=3600").await;
    app.clock().advance(Duration::from_secs(3_599));
    app.run_due_jobs().await;
    assert_eq!(shown(&acme).await["state"], "deleting");
    app.clock().advance(Duration::from_secs(1));
    app.run_due_jobs().await;
    is_problem(&app.admin().get(&acme.path("")).await, 404, "not-found");
    is_problem(&restore(&acme).await, 404, "not-found");
    let refused = owner.get(&acme.path("/users")).await;
    is_problem(&refused, 401, "unauthorized");
    let again = json!({ "slug": "acme", "display_name": "Acme" });
    let taken = app.admin().post("/admin/v1/tenants", &again).await;
    is_problem_of(&taken, 409, "conflict", "slug");
    for _ in 0..20 {
        app.clock().advance(Duration::from_mins(1));
        app.run_due_jobs().await;
    }
    let sizes = app.database().db_sizes().await;
    assert_eq!((sizes["users"], sizes["signing_keys"]), (0, 0), "{sizes:?}");
    assert_eq!(steps(&app, "deleted").await, Some(1));
    let events = platform_events(&app).await;
    let of = |action: &str| events.iter().find(|event| event["action"] == action);
    let (asked, done) = (of("tenant.deletion_scheduled"), of("tenant.deleted"));
    let (asked, done) = (asked.unwrap(), done.unwrap());
    assert_eq!(asked["tenant_id"], tenant_id);
    assert_eq!(asked["actor_kind"], "bootstrap_key");
    assert_eq!(asked["details"]["after"]["state"], "deleting");
    assert_eq!(done["tenant_id"], tenant_id);
    assert_eq!(done["actor_kind"], "system");
    assert_eq!(done["details"]["slug"], "acme");
}

/// Said again without a time it changes nothing; with one, that is in force; with none left, it is gone.
#[tokio::test]
async fn the_time_of_grace_can_be_said_anew() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    delete(&acme, "?grace_seconds=60").await;
    let first = shown(&acme).await;
    app.clock().advance(Duration::from_secs(30));
    delete(&acme, "").await;
    assert_eq!(shown(&acme).await, first);
    delete(&acme, "?grace_seconds=2592000").await;
    assert_ne!(shown(&acme).await["deleted_after"], first["deleted_after"]);
    app.clock().advance(WEEK);
    app.run_due_jobs().await;
    assert_eq!(shown(&acme).await["state"], "deleting");
    restore(&acme).await.expect_status(200);
    delete(&acme, "").await;
    delete(&acme, "?grace_seconds=0").await;
    is_problem(&app.admin().get(&acme.path("")).await, 404, "not-found");
}

#[tokio::test]
async fn a_time_of_grace_has_bounds_and_is_the_platforms_to_choose() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let before = app.database().db_rows().await;
    for (query, kind) in [
        ("?grace_seconds=2592001", "invalid-value"),
        ("?grace_seconds=-1", "malformed-request"),
        ("?grace_seconds=a", "malformed-request"),
        ("?grace_second=1", "malformed-request"),
    ] {
        let answer = app.admin().delete(&acme.path(query)).await;
        is_problem(&answer, 400, kind);
    }
    let path = acme.path("?grace_seconds=60&dry_run=true");
    app.admin().delete(&path).await.expect_status(204);
    let header = ("if-match", "\"another\"");
    for path in [acme.path(""), acme.path("?grace_seconds=0")] {
        let call = call_with(app.admin(), &Method::DELETE, &path, None, header);
        is_problem(&call.await, 412, "precondition-failed");
    }
    assert_eq!(app.database().db_rows().await, before);
    let (owner, _) = key_for(&app, Some("acme"), "write").await;
    is_problem(&owner.delete(&acme.path("")).await, 403, "forbidden");
    delete(&acme, "").await;
    let refused = owner.call(Method::POST, &acme.path("/restore"), None).await;
    is_problem(&refused, 403, "forbidden");
}
