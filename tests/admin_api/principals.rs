//! Who may call what: no operation answers without a key that is good for it.

use std::time::Duration;

use serde_json::json;

use super::document::Document;
use super::things::Things;
use super::{is_problem, key_for};
use crate::harness::{Answer, TestApp};

/// N1: missing, garbage, expired, revoked, and every other kind of secret: the same 401 at every route.
#[tokio::test]
async fn nobody_gets_in_without_a_good_key() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let client = acme.tenant.confidential_client().await;
    let tokens = client
        .tokens_of(&acme.tenant.browser_of("alice").await)
        .await;
    let expiring = app
        .admin()
        .create(
            "/admin/v1/admin-keys",
            &json!({ "name": "short", "scopes": ["*:write"], "lifetime": 60 }),
        )
        .await;
    let revoked = app
        .admin()
        .create(
            "/admin/v1/admin-keys",
            &json!({ "name": "gone", "scopes": ["*:write"] }),
        )
        .await;
    let revoked_path = format!("/admin/v1/admin-keys/{}", revoked["id"].as_str().unwrap());
    app.admin().delete(&revoked_path).await.expect_status(204);
    app.clock().advance(Duration::from_mins(1));
    let bearer = |secret: &str| Some(format!("Bearer {secret}"));
    let credentials = [
        None,
        bearer("writ_ak_garbage"),
        bearer(expiring["admin_key"].as_str().unwrap()),
        bearer(revoked["admin_key"].as_str().unwrap()),
        bearer(&tokens.access_token),
        bearer(tokens.refresh_token()),
        bearer(client.secret().unwrap()),
        Some(format!("Basic {}", app.admin().key())),
    ];
    for operation in Document::of(&app).await.operations() {
        let url = app.admin().url(&acme.path_of(&operation));
        for credential in &credentials {
            let mut request = app.admin().wire().request(operation.method.clone(), &url);
            if let Some(body) = super::cases::body_of(&operation, 1) {
                request = request.json(&body);
            }
            if let Some(credential) = credential {
                request = request.header("authorization", credential);
            }
            let answer = Answer::of(request).await;
            is_problem(&answer, 401, "unauthorized");
            assert!(
                answer.header("www-authenticate").starts_with("Bearer"),
                "{}: {answer:?}",
                operation.id
            );
        }
        // Thirty failures a minute are answered with 401.
        app.clock().advance(Duration::from_secs(16));
    }
}

/// N1: a tenant's key finds nothing at another tenant, and may not do what is for platform keys.
#[tokio::test]
async fn a_key_of_another_tenant_finds_nothing() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    app.tenant("globex").await;
    let (stranger, _) = key_for(&app, Some("globex"), "write").await;
    let before = app.database().db_rows().await;
    for operation in Document::of(&app).await.operations() {
        let answer = acme.call(&stranger, &operation, 1).await;
        if operation.is_in_tenant() {
            is_problem(&answer, 404, "not-found");
        } else {
            is_problem(&answer, 403, "forbidden");
        }
    }
    assert_eq!(
        app.database().db_rows().await.without("admin_keys"),
        before.without("admin_keys")
    );
}

/// N9: a key that may only read reads everything of its tenant and changes nothing.
#[tokio::test]
async fn a_reading_key_changes_nothing() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    acme.reader
        .get(&acme.tenant.path(""))
        .await
        .expect_status(200);
    let (platform_reader, _) = key_for(&app, None, "read").await;
    platform_reader
        .get("/admin/v1/tenants")
        .await
        .expect_status(200);
    // That all of a person or of a tenant was read is recorded, whoever it was.
    let rows = async || app.database().db_rows().await.without("audit_events");
    let before = rows().await;
    for operation in Document::of(&app).await.operations() {
        for (api, is_platform) in [(&acme.reader, false), (&platform_reader, true)] {
            let answer = acme.call(api, &operation, 1).await;
            let may_read = is_platform || !operation.access.starts_with("platform");
            if operation.is_write() || !may_read {
                is_problem(&answer, 403, "forbidden");
            } else {
                assert_eq!(answer.status.as_u16(), 200, "{}: {answer:?}", operation.id);
            }
        }
    }
    assert_eq!(rows().await, before);
}

/// N1: an owner does not decide about its tenant as a whole.
#[tokio::test]
async fn a_tenants_key_neither_suspends_nor_deletes_its_tenant() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let path = acme.tenant.path("");
    is_problem(
        &acme
            .owner
            .patch(&path, &json!({ "state": "suspended" }))
            .await,
        403,
        "forbidden",
    );
    is_problem(&acme.owner.delete(&path).await, 403, "forbidden");
    assert_eq!(app.admin().get(&path).await.json()["state"], "active");
}

/// M2: guesses from one address run into a limit; a good key from there still works.
#[tokio::test]
async fn guesses_from_one_address_are_limited() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    let guess = app.admin().with_key("writ_ak_a_guess");
    for _ in 0..30 {
        is_problem(&guess.get("/admin/v1/tenants").await, 401, "unauthorized");
    }
    let limited = guess.get("/admin/v1/tenants").await;
    is_problem(&limited, 429, "too-many-requests");
    document.check(&document.operation("list_tenants"), &limited);
    let wait: u64 = limited.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{limited:?}");

    app.admin()
        .get("/admin/v1/tenants")
        .await
        .expect_status(200);
    app.clock().advance(Duration::from_secs(wait));
    is_problem(&guess.get("/admin/v1/tenants").await, 401, "unauthorized");
}
