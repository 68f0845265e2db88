//! Nobody gets from less to more: not by a key, a person, a replayed call, or a thing of the system tenant.

use reqwest::Method;
use serde_json::{Value, json};

use super::document::Document;
use super::things::Things;
use super::{id_of, is_problem, key_for};
use crate::harness::{ADMIN_URL, AdminApi, TestApp, TestTenant};

const KEYS: &str = "/admin/v1/admin-keys";
const MEMBERSHIPS: &str = "/admin/v1/memberships";

/// A key of the platform, or of a tenant, with these scopes.
async fn key_with(app: &TestApp, tenant: Option<&str>, scopes: &[&str]) -> AdminApi {
    let body = json!({ "name": "scoped", "tenant": tenant, "scopes": scopes });
    let made = app.admin().create(KEYS, &body).await;
    app.admin().with_key(made["admin_key"].as_str().unwrap())
}

/// Somebody of the system tenant, with a role on the platform or in a tenant.
async fn person_with(
    app: &TestApp,
    name: &str,
    roles: &[(Option<&str>, &str)],
) -> (TestTenant, String) {
    let system = app.system_tenant();
    let id = system.user(name).await.id;
    for (tenant, role) in roles {
        let body = json!({ "user_id": id, "tenant": tenant, "role": role });
        app.admin().create(MEMBERSHIPS, &body).await;
    }
    (system, id)
}

/// The admin API as this person has it, with a token for these scopes.
async fn signed_in(app: &TestApp, system: &TestTenant, name: &str, scope: &str) -> AdminApi {
    let browser = system.browser_of(name).await;
    let tokens = system.writ_cli().tokens_for(&browser, scope).await;
    app.admin().with_key(&tokens.access_token)
}

/// Each scope opens the operations that the document gives it, and no other.
#[tokio::test]
async fn a_scope_is_good_for_its_own_operations_alone() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let operations = Document::of(&app).await.operations();
    let scopes: std::collections::BTreeSet<String> =
        operations.iter().map(|it| it.scope.clone()).collect();
    for scope in &scopes {
        let (kind, verb) = scope.split_once(':').unwrap();
        let key = key_with(&app, None, &[scope]).await;
        for operation in operations.iter().filter(|it| it.scope != *scope) {
            let is_included = verb == "write" && operation.scope == format!("{kind}:read");
            if is_included {
                continue;
            }
            let answer = acme.call(&key, operation, 1).await;
            is_problem(&answer, 403, "forbidden");
            assert!(
                answer.body.contains(&operation.scope),
                "{}: {answer:?}",
                operation.id
            );
        }
        // A list of its kind, where there is one. All of a tenant takes the scopes of all that is in it.
        let lists = operations
            .iter()
            .find(|it| it.scope == *scope && it.method == Method::GET && it.id != "export_tenant");
        if let Some(list) = lists {
            let answer = acme.call(&key, list, 1).await;
            assert_eq!(answer.status.as_u16(), 200, "{scope}: {answer:?}");
        }
    }
}

/// The ladder, step by step: who calls, what they ask for, what they get.
#[tokio::test]
async fn nobody_gives_a_key_more_than_they_have() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let here = "/admin/v1/tenants/acme/admin-keys";
    for (tenant, has, asks, status) in [
        (
            None,
            vec!["admin-keys:write"],
            vec!["admin-keys:write"],
            201,
        ),
        (None, vec!["admin-keys:write"], vec!["admin-keys:read"], 201),
        (None, vec!["admin-keys:write"], vec!["clients:read"], 403),
        (
            None,
            vec!["admin-keys:write", "clients:read"],
            vec!["clients:write"],
            403,
        ),
        (
            None,
            vec!["admin-keys:write", "clients:write"],
            vec!["clients:read"],
            201,
        ),
        (
            None,
            vec!["admin-keys:write", "*:read"],
            vec!["*:write"],
            403,
        ),
        (
            None,
            vec!["admin-keys:write", "*:read"],
            vec!["*:read"],
            201,
        ),
        (None, vec!["*:read"], vec!["*:read"], 403),
        (None, vec!["admin-keys:read"], vec!["admin-keys:read"], 403),
        (Some("acme"), vec!["*:write"], vec!["*:write"], 201),
        (
            Some("acme"),
            vec!["admin-keys:write", "users:read"],
            vec!["users:write"],
            403,
        ),
    ] {
        let key = key_with(&app, tenant, &has).await;
        let body = json!({ "name": "made", "scopes": asks });
        let path = if tenant.is_some() { here } else { KEYS };
        let answer = key.post(path, &body).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{has:?} asks for {asks:?}: {answer:?}"
        );
    }
    // A tenant's key makes none for the platform, nor for another tenant.
    let owner = key_with(&app, Some("acme"), &["*:write"]).await;
    for body in [
        json!({ "name": "made", "scopes": ["clients:read"] }),
        json!({ "name": "made", "scopes": ["clients:read"], "tenant": "acme" }),
    ] {
        is_problem(&owner.post(KEYS, &body).await, 403, "forbidden");
    }
    app.tenant("globex").await;
    let body = json!({ "name": "made", "scopes": ["clients:read"] });
    let there = owner
        .post("/admin/v1/tenants/globex/admin-keys", &body)
        .await;
    is_problem(&there, 404, "not-found");
}

/// To rotate a key is to be given it: so it takes what the key has.
#[tokio::test]
async fn a_stronger_key_is_not_had_by_rotating_it() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let (_, strong) = key_for(&app, None, "write").await;
    let (_, owner) = key_for(&app, Some("acme"), "write").await;
    let weak = key_with(&app, None, &["admin-keys:write", "*:read"]).await;
    let weak_here = key_with(&app, Some("acme"), &["admin-keys:write"]).await;
    let rotate = |id: &str| format!("{KEYS}/{id}/rotate");
    for id in [&strong, &owner] {
        is_problem(&weak.post(&rotate(id), &json!({})).await, 403, "forbidden");
    }
    let here = format!("/admin/v1/tenants/acme/admin-keys/{owner}/rotate");
    is_problem(&weak_here.post(&here, &json!({})).await, 403, "forbidden");
    // To end it is another matter: whoever finds a leaked key can make it useless.
    weak.delete(&format!("{KEYS}/{strong}"))
        .await
        .expect_status(204);
}

/// A key that ends in an hour does not make one that lives for ever, nor itself another hour.
#[tokio::test]
async fn a_key_makes_none_that_outlives_it() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let body =
        json!({ "name": "an hour", "tenant": "acme", "scopes": ["*:write"], "lifetime": 3_600 });
    let made = app.admin().create(KEYS, &body).await;
    let key = app.admin().with_key(made["admin_key"].as_str().unwrap());
    let here = "/admin/v1/tenants/acme/admin-keys";
    let longer = json!({ "name": "longer", "scopes": ["*:read"], "lifetime": 3_601 });
    is_problem(&key.post(here, &longer).await, 403, "forbidden");
    let unsaid = key
        .create(here, &json!({ "name": "as long", "scopes": ["*:read"] }))
        .await;
    assert_eq!(unsaid["expires_at"], made["expires_at"]);
    app.clock().advance(std::time::Duration::from_mins(30));
    let again = format!("{here}/{}/rotate", id_of(&made));
    let again = key.create(&again, &json!({})).await;
    assert_eq!(again["expires_at"], made["expires_at"]);
    let (_, endless) = key_for(&app, Some("acme"), "write").await;
    let taken = key
        .create(&format!("{here}/{endless}/rotate"), &json!({}))
        .await;
    assert_eq!(taken["expires_at"], made["expires_at"]);
}

/// The same for people: an auditor makes no administrator, and somebody of one tenant nobody of another.
#[tokio::test]
async fn nobody_makes_anybody_more_than_they_are() {
    let app = TestApp::start_with_administrators().await;
    app.tenant("acme").await;
    app.tenant("globex").await;
    let (system, _) = person_with(&app, "owner", &[(Some("acme"), "administrator")]).await;
    let (_, friend) = person_with(&app, "friend", &[]).await;
    let owner = signed_in(&app, &system, "owner", "admin:write").await;
    let join = |role: &str| json!({ "user_id": friend, "role": role });
    let at = |tenant: &str| format!("/admin/v1/tenants/{tenant}/memberships");
    is_problem(
        &owner.post(&at("globex"), &join("auditor")).await,
        404,
        "not-found",
    );
    is_problem(
        &owner.post(&at("system"), &join("auditor")).await,
        404,
        "not-found",
    );
    is_problem(
        &owner.post(MEMBERSHIPS, &join("auditor")).await,
        403,
        "forbidden",
    );
    owner.create(&at("acme"), &join("administrator")).await;
    for (scopes, role, status) in [
        (vec!["admin-keys:write"], "auditor", 403),
        (vec!["admin-keys:write", "*:read"], "auditor", 201),
        (vec!["admin-keys:write", "*:read"], "administrator", 403),
    ] {
        let key = key_with(&app, None, &scopes).await;
        let user = system
            .user(&format!("user-{}-{role}", scopes.len()))
            .await
            .id;
        let body = json!({ "user_id": user, "role": role });
        let answer = key.post(MEMBERSHIPS, &body).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{scopes:?} {role}: {answer:?}"
        );
    }
}

/// Who may change the people, clients, keys or rules of the system tenant is whoever they like: so less than
/// everything is not enough, whatever the operation.
#[tokio::test]
async fn the_system_tenant_is_changed_by_whoever_may_do_everything() {
    let app = TestApp::start_with_administrators().await;
    let (system, boss) = person_with(&app, "boss", &[(None, "administrator")]).await;
    let acme = Things::in_tenant(&app, "acme").await;
    let almost: Vec<String> = protocol::AdminObject::ALL
        .map(|kind| format!("{kind}:write"))
        .to_vec();
    let almost: Vec<&str> = almost.iter().map(String::as_str).collect();
    let almost = key_with(&app, None, &almost).await;
    let before = app.database().db_rows().await;
    for operation in Document::of(&app).await.operations() {
        if !operation.is_in_tenant() || !operation.access.ends_with("write") {
            continue;
        }
        let path = acme
            .path_of(&operation)
            .replace("/tenants/acme", "/tenants/system");
        let body = acme.body_of(&operation, 1);
        let answer = almost
            .call(operation.method.clone(), &path, body.as_ref())
            .await;
        is_problem(&answer, 403, "forbidden");
    }
    assert_eq!(
        app.database().db_rows().await.without("admin_keys"),
        before.without("admin_keys")
    );
    // The way that this closes: another password for an administrator.
    let password = json!({ "password": "a password that I know" });
    let path = system.path(&format!("/users/{boss}"));
    is_problem(&almost.patch(&path, &password).await, 403, "forbidden");
    almost.get(&path).await.expect_status(200);
    let everything = key_with(&app, None, &["*:write"]).await;
    everything.patch(&path, &password).await.expect_status(200);
}

/// A tenant's administrator registers a resource that is called like this API: its tokens open nothing here.
#[tokio::test]
async fn another_tenants_resource_of_the_same_name_opens_nothing() {
    let app = TestApp::start_with_administrators().await;
    let acme = app.tenant("acme").await;
    acme.another_resource(ADMIN_URL).await;
    let scopes = json!({ "scopes": [
        { "name": "admin:read", "description": "x", "default": true },
        { "name": "admin:write", "description": "x" },
    ]});
    let listed = acme.admin().get(&acme.path("/resources")).await.json();
    let resources: Vec<Value> = listed["data"].as_array().unwrap().clone();
    let impostor = resources
        .iter()
        .find(|it| it["identifier"] == ADMIN_URL)
        .unwrap();
    acme.change(&format!("/resources/{}", id_of(impostor)), &scopes)
        .await;
    let client = acme.public_client().await.with_resource(Some(ADMIN_URL));
    let tokens = client
        .tokens_for(&acme.browser_of("alice").await, "admin:write")
        .await;
    assert_eq!(tokens.claims()["aud"], ADMIN_URL);
    let api = app.admin().with_key(&tokens.access_token);
    for path in ["/admin/v1/tenants", &acme.path("/users")] {
        is_problem(&api.get(path).await, 401, "unauthorized");
    }
}

/// An answer that is asked for again is no key: who may no longer do it does not get it either.
#[tokio::test]
async fn a_repeated_call_gives_nothing_to_who_may_do_it_no_longer() {
    let app = TestApp::start_with_administrators().await;
    app.tenant("acme").await;
    let (system, id) = person_with(&app, "owner", &[]).await;
    let here = "/admin/v1/tenants/acme/memberships";
    let body = json!({ "user_id": id, "role": "administrator" });
    let membership = app.admin().create(here, &body).await;
    let owner = signed_in(&app, &system, "owner", "admin:write").await;
    let path = "/admin/v1/tenants/acme/admin-keys";
    let body = json!({ "name": "made", "scopes": ["*:write"] });
    let repeated = async |api: &AdminApi| {
        let request = api.wire().request(Method::POST, &api.url(path)).json(&body);
        let request = request
            .bearer_auth(api.key())
            .header("idempotency-key", "the-same");
        crate::harness::Answer::of(request).await
    };
    let first = repeated(&owner).await.expect_status(201);
    let made = first.text("admin_key");
    // Another caller with the same words makes a key of its own.
    assert_ne!(
        repeated(app.admin())
            .await
            .expect_status(201)
            .text("admin_key"),
        made
    );
    app.admin()
        .delete(&format!("{here}/{}", id_of(&membership)))
        .await
        .expect_status(204);
    let later = repeated(&owner).await;
    is_problem(&later, 404, "not-found");
    assert!(!later.body.contains(&made));
}
