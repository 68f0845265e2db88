//! How many people, clients, resources and sessions a tenant may have: a clear refusal, whichever way it comes.

use serde_json::{Value, json};

use super::{is_problem, is_problem_of, key_for};
use crate::harness::{TestApp, TestTenant};
use crate::login::{log_in, login_page};

async fn allow(tenant: &TestTenant, quotas: Value) -> Value {
    tenant.change("/quotas", &quotas).await
}

async fn usage(tenant: &TestTenant) -> Value {
    let answer = tenant.admin().get(&tenant.path("/usage")).await;
    answer.expect_status(200).json()
}

async fn refusals(app: &TestApp, quota: &str) -> Option<i64> {
    let name = format!("writ_quota_refusals_total{{quota=\"{quota}\"}}");
    app.metric(&name).await
}

#[tokio::test]
async fn quotas_are_the_platforms_to_set_and_the_tenants_to_see() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (owner, _) = key_for(&app, Some("acme"), "write").await;
    let path = acme.path("/quotas");
    let none = json!({ "users": null, "clients": null, "resources": null, "sessions": null });
    assert_eq!(owner.get(&path).await.expect_status(200).json(), none);
    let refused = owner.patch(&path, &json!({ "users": 5 })).await;
    is_problem(&refused, 403, "forbidden");
    let set = allow(&acme, json!({ "users": 5, "resources": 1 })).await;
    assert_eq!((&set["users"], &set["resources"]), (&json!(5), &json!(1)));
    let lifted = allow(&acme, json!({ "users": null })).await;
    assert_eq!(
        (&lifted["users"], &lifted["resources"]),
        (&Value::Null, &json!(1))
    );
    for value in [json!(-1), json!(1.5), json!("5"), json!(1_000_000_001)] {
        let refused = app.admin().patch(&path, &json!({ "users": value })).await;
        assert_eq!(refused.status.as_u16(), 400, "{refused:?}");
    }
    let used = owner
        .get(&acme.path("/usage"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(used["resources"], json!({ "used": 1, "quota": 1 }));
}

#[tokio::test]
async fn a_call_beyond_a_quota_is_refused_and_says_which() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    acme.user("alice").await;
    acme.public_client().await;
    allow(&acme, json!({ "users": 1, "clients": 1, "resources": 1 })).await;
    for (kind, below, body) in [
        (
            "users",
            "/users",
            json!({ "username": "bob", "password": "a good password" }),
        ),
        (
            "clients",
            "/clients",
            json!({ "redirect_uris": ["https://made.example/callback"] }),
        ),
        (
            "resources",
            "/resources",
            json!({ "identifier": "https://made.test/mcp", "name": "Made" }),
        ),
    ] {
        let refused = app.admin().post(&acme.path(below), &body).await;
        is_problem(&refused, 409, "quota-reached");
        assert!(refused.text("detail").contains(kind), "{refused:?}");
        assert_eq!(refusals(&app, kind).await, Some(1));
        app.admin().create(&globex.path(below), &body).await;
        // There is room again, and what is there was never touched.
        allow(&acme, json!({ kind: 2 })).await;
        app.admin().create(&acme.path(below), &body).await;
        assert_eq!(usage(&acme).await[kind], json!({ "used": 2, "quota": 2 }));
    }
}

/// RFC 7591 §3.2.2: clients that register themselves count too.
#[tokio::test]
async fn a_registration_beyond_the_quota_is_refused_for_now() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    allow(&acme, json!({ "clients": 1 })).await;
    let metadata = json!({
        "redirect_uris": ["http://127.0.0.1/callback"], "token_endpoint_auth_method": "none",
    });
    acme.register(&metadata).await.expect_status(201);
    let refused = acme.register(&metadata).await;
    assert_eq!(refused.status.as_u16(), 429, "{refused:?}");
    assert_eq!(refused.text("error"), "temporarily_unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refusals(&app, "clients").await, Some(1));
}

/// The person whose password is right is told; whoever guesses is told what they are always told.
#[tokio::test]
async fn a_sign_in_beyond_the_quota_gets_a_page_and_a_session_that_is_over_makes_room() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "browser_session_lifetime": 600 }))
        .await;
    let (alice, bob) = (acme.user("alice").await, acme.user("bob").await);
    acme.signed_in_browser_of("alice").await;
    allow(&acme, json!({ "sessions": 1 })).await;
    let (browser, form) = login_page(&acme).await;
    log_in(&browser, &form, &bob.username, "wrong")
        .await
        .expect_status(400);
    let refused = log_in(&browser, &form, &bob.username, &bob.password).await;
    assert_eq!(refused.status.as_u16(), 503, "{refused:?}");
    assert!(
        refused.body.contains("No more people can sign in"),
        "{refused:?}"
    );
    assert_eq!(refusals(&app, "sessions").await, Some(1));
    assert_eq!(
        usage(&acme).await["sessions"],
        json!({ "used": 1, "quota": 1 })
    );

    app.clock().advance(std::time::Duration::from_secs(601));
    let (browser, form) = login_page(&acme).await;
    let answer = log_in(&browser, &form, &bob.username, &bob.password).await;
    assert!(answer.status.is_redirection(), "{answer:?}");
    assert_eq!(
        usage(&acme).await["sessions"],
        json!({ "used": 1, "quota": 1 })
    );
    let path = acme.path(&format!("/users/{}", alice.id));
    app.admin().delete(&path).await.expect_status(204);
    assert_eq!(usage(&acme).await["users"]["used"], 1);
}

#[tokio::test]
async fn an_import_takes_what_there_is_room_for() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    allow(&acme, json!({ "users": 2 })).await;
    let import = acme.path("/users/import");
    let rows = |names: &[&str]| {
        let rows: Vec<Value> = names
            .iter()
            .map(|name| json!({ "username": name }))
            .collect();
        json!({ "users": rows })
    };
    let report = app.admin().post(&import, &rows(&["a", "b", "c"])).await;
    let report = report.expect_status(200).json();
    assert_eq!(
        (&report["created"], &report["refused"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(report["users"][2]["outcome"], "refused");
    // Nothing fits: refused as one user would be.
    is_problem(
        &app.admin().post(&import, &rows(&["d"])).await,
        409,
        "quota-reached",
    );
    // Those who are there are no more of them.
    let report = app.admin().post(&import, &rows(&["a", "b"])).await;
    assert_eq!(report.expect_status(200).json()["existing"], 2);
    is_problem_of(
        &app.admin().post(&import, &rows(&[])).await,
        400,
        "invalid-value",
        "users",
    );
}
