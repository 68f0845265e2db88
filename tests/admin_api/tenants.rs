//! Tenants: made, changed within bounds, suspended, deleted; slug and issuer are for ever.

use reqwest::Method;
use serde_json::{Value, json};

use super::things::Things;
use super::{is_problem, is_problem_of};
use crate::harness::{Answer, TestApp, TestTenant};

const TENANTS: &str = "/admin/v1/tenants";

/// A tenant is found, listed and answers at its issuer from its first moment.
#[tokio::test]
async fn a_tenant_answers_from_its_first_moment() {
    let app = TestApp::start().await;
    let made = app
        .admin()
        .post(TENANTS, &json!({ "slug": "acme", "display_name": "Acme" }))
        .await
        .expect_status(201);
    assert_eq!(made.header("location"), "/admin/v1/tenants/acme");
    let tenant = made.json();
    assert_eq!(tenant["issuer"], "https://writ.test/t/acme");
    assert_eq!(tenant["state"], "active");
    assert_eq!(tenant["registration_policy"], "open");
    assert_eq!(tenant["access_token_lifetime"], 900);
    assert_eq!(
        app.admin().get(made.header("location")).await.json(),
        tenant
    );
    assert_eq!(
        app.admin().get(TENANTS).await.json()["data"],
        json!([tenant])
    );
    let jwks = app
        .wire()
        .get("https://writ.test/t/acme/.well-known/jwks.json")
        .await
        .expect_status(200)
        .json();
    assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(1), "{jwks}");
}

/// O2: no issuer stands where another does, inside of another, or in the place of our own pages.
#[tokio::test]
async fn an_issuer_never_stands_in_anothers_place() {
    let app = TestApp::start().await;
    app.tenant_at("acme", "https://auth.acme.test/oauth").await;
    let make = async |slug: &str, issuer: &str| {
        let body = json!({ "slug": slug, "display_name": "Other", "issuer": issuer });
        app.admin().post(TENANTS, &body).await
    };
    for taken in [
        "https://auth.acme.test/oauth",
        "https://auth.acme.test/oauth/",
        "https://auth.acme.test/oauth/inner",
    ] {
        is_problem_of(&make("other", taken).await, 409, "conflict", "issuer");
    }
    for unfit in [
        "http://auth.other.test/oauth",
        "https://auth.other.test/oauth?a=b",
        "https://auth.other.test/oauth#a",
        "https://user@auth.other.test/oauth",
        "https://auth.other.test/authorize",
        "https://auth.other.test/a/../b",
        "not a url",
    ] {
        is_problem_of(&make("other", unfit).await, 400, "invalid-value", "issuer");
    }
    is_problem_of(
        &make("acme", "https://auth.other.test").await,
        409,
        "conflict",
        "slug",
    );
    make("other", "https://auth.acme.test/oauthentic")
        .await
        .expect_status(201);
}

/// RFC 7396: what is absent stays, null is the default, a list is replaced.
#[tokio::test]
async fn absent_stays_and_null_is_the_default() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let fresh = app.admin().get(&acme.path("")).await.json();
    let settings = json!({
        "registration_policy": "off",
        "access_token_lifetime": 600,
        "refresh_idle_lifetime": 3_600,
        "refresh_absolute_lifetime": 7_200,
        "refresh_grace_window": 0,
        "browser_session_lifetime": 300,
        "default_resource": acme.resource.id,
        "private_use_redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"],
    });
    let changed = acme.change("", &settings).await;
    for (name, value) in settings.as_object().unwrap() {
        assert_eq!(changed[name], *value, "{name}");
        assert_eq!(acme.change("", &json!({})).await[name], *value, "{name}");
    }
    assert_eq!(changed["display_name"], "Acme");
    // The absolute lifetime first: the idle one is never longer.
    for name in ["refresh_absolute_lifetime"]
        .into_iter()
        .chain(settings.as_object().unwrap().keys().map(String::as_str))
    {
        let reset = acme.change("", &json!({ name: null })).await;
        assert_eq!(reset[name], fresh[name], "{name}");
    }
    for name in ["display_name", "state"] {
        let answer = app
            .admin()
            .patch(&acme.path(""), &json!({ name: null }))
            .await;
        is_problem_of(&answer, 400, "invalid-value", name);
    }
    let now = app.admin().get(&acme.path("")).await.json();
    assert_eq!(now, fresh);
}

/// G4: a lifetime has bounds, the same when a tenant is made and when it is changed.
#[tokio::test]
async fn a_lifetime_has_bounds() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "refresh_absolute_lifetime": 63_072_000 }))
        .await;
    let bounds = [
        ("access_token_lifetime", 60, 86_400),
        ("refresh_idle_lifetime", 300, 31_536_000),
        ("refresh_grace_window", 0, 600),
        ("browser_session_lifetime", 300, 2_592_000),
        ("refresh_absolute_lifetime", 300, 63_072_000),
    ];
    for (name, least, most) in bounds {
        let idle = json!({ "refresh_idle_lifetime": 300 });
        for seconds in [least, most] {
            acme.change("", &idle).await;
            assert_eq!(
                acme.change("", &json!({ name: seconds })).await[name],
                seconds
            );
        }
        for seconds in [least - 1, most + 1] {
            let answer = app
                .admin()
                .patch(&acme.path(""), &json!({ name: seconds }))
                .await;
            is_problem(
                &answer,
                400,
                if seconds < 0 {
                    "malformed-request"
                } else {
                    "invalid-value"
                },
            );
            assert_eq!(answer.json()["errors"][0]["field"], name, "{answer:?}");
            let new = json!({ "slug": "other", "display_name": "Other", name: seconds });
            let answer = app.admin().post(TENANTS, &new).await;
            assert_eq!(answer.status.as_u16(), 400, "{answer:?}");
        }
    }
    let longer = json!({ "refresh_idle_lifetime": 7_200, "refresh_absolute_lifetime": 3_600 });
    let answer = app.admin().patch(&acme.path(""), &longer).await;
    is_problem_of(&answer, 400, "invalid-value", "refresh_idle_lifetime");
}

/// Every endpoint of an issuer, asked as its clients ask.
pub(super) async fn statuses(tenant: &TestTenant) -> Vec<(&'static str, u16)> {
    let mut statuses = Vec::new();
    for (method, endpoint) in [
        (Method::GET, "authorize"),
        (Method::POST, "token"),
        (Method::POST, "register"),
        (Method::POST, "introspect"),
        (Method::POST, "revoke"),
        (Method::GET, ".well-known/oauth-authorization-server"),
    ] {
        let answer = Answer::of(tenant.wire().request(method, &tenant.url(endpoint))).await;
        statuses.push((endpoint, answer.status.as_u16()));
    }
    statuses.push(("metadata", tenant.metadata().await.status.as_u16()));
    statuses
}

/// O6: a suspended tenant answers nothing, at once and at every endpoint; resumed, all is as before.
#[tokio::test]
async fn a_suspended_tenant_answers_nothing_until_it_is_resumed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let resource_server = acme.resource_credential().await;
    let replica = app.start_replica().await;
    assert!(resource_server.accepts(&tokens.access_token).await);
    let before = statuses(&acme).await;

    acme.change("", &json!({ "state": "suspended" })).await;
    for (endpoint, status) in statuses(&acme).await {
        assert_eq!(status, 404, "{endpoint}");
    }
    resource_server
        .introspect_answer(&tokens.access_token)
        .await
        .expect_status(404);
    client
        .refresh(tokens.refresh_token())
        .await
        .expect_status(404);
    crate::harness::within_a_second("a replica answers nothing", || async {
        let elsewhere = acme.through(replica.wire());
        elsewhere.metadata().await.status.as_u16() == 404
    })
    .await;
    globex.metadata().await.expect_status(200);
    let shown = app
        .admin()
        .get(&acme.path(""))
        .await
        .expect_status(200)
        .json();
    assert_eq!(shown["state"], "suspended");
    // It can still be managed, and being suspended again changes nothing.
    app.admin()
        .get(&acme.path("/users"))
        .await
        .expect_status(200);
    assert_eq!(
        acme.change("", &json!({ "state": "suspended" })).await["state"],
        "suspended"
    );

    acme.change("", &json!({ "state": "active" })).await;
    assert_eq!(statuses(&acme).await, before);
    assert!(resource_server.accepts(&tokens.access_token).await);
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// O6: a deleted tenant is gone from everywhere at once; its slug and its issuer are never given out again.
#[tokio::test]
async fn a_deleted_tenant_is_gone_and_leaves_its_names_taken() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let path = acme.tenant.path("");
    let at_once = acme.tenant.path("?grace_seconds=0");
    app.admin().delete(&at_once).await.expect_status(204);
    for (endpoint, status) in statuses(&acme.tenant).await {
        assert_eq!(status, 404, "{endpoint}");
    }
    is_problem(&app.admin().get(&path).await, 404, "not-found");
    is_problem(
        &app.admin()
            .patch(&path, &json!({ "state": "active" }))
            .await,
        404,
        "not-found",
    );
    is_problem(&app.admin().delete(&path).await, 404, "not-found");
    // Its keys have ended with it.
    let users = acme.owner.get(&acme.tenant.path("/users")).await;
    is_problem(&users, 401, "unauthorized");
    let left = app.admin().get(TENANTS).await.json();
    let left: Vec<&Value> = left["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["slug"])
        .collect();
    assert_eq!(left, ["system"]);

    let again = json!({ "slug": "acme", "display_name": "Acme" });
    is_problem_of(
        &app.admin().post(TENANTS, &again).await,
        409,
        "conflict",
        "slug",
    );
    let elsewhere =
        json!({ "slug": "other", "display_name": "Other", "issuer": acme.tenant.issuer });
    is_problem_of(
        &app.admin().post(TENANTS, &elsewhere).await,
        409,
        "conflict",
        "issuer",
    );
    let key = json!({ "name": "late", "tenant": "acme", "scopes": ["*:read"] });
    is_problem_of(
        &app.admin().post("/admin/v1/admin-keys", &key).await,
        400,
        "invalid-value",
        "tenant",
    );
}

/// B8: a private scheme is allowed by its exact URI, and only such are taken into the list.
#[tokio::test]
async fn a_private_scheme_is_allowed_by_its_exact_uri() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let allow = async |uris: Value| {
        app.admin()
            .patch(
                &acme.path(""),
                &json!({ "private_use_redirect_uris": uris }),
            )
            .await
    };
    for unfit in [
        "javascript:alert(1)",
        "https://a.example/callback",
        "cursor://a/b#c",
        "data:text/html,x",
        "%",
    ] {
        let answer = allow(json!(["cursor://fine/callback", unfit])).await;
        is_problem_of(
            &answer,
            400,
            "invalid-value",
            "private_use_redirect_uris[1]",
        );
    }
    let many: Vec<String> = (0..51)
        .map(|number| format!("cursor://a/{number}"))
        .collect();
    is_problem_of(
        &allow(json!(many)).await,
        400,
        "invalid-value",
        "private_use_redirect_uris",
    );
    let twice = allow(json!(["cursor://a/b", "cursor://a/b"]))
        .await
        .expect_status(200)
        .json();
    assert_eq!(twice["private_use_redirect_uris"], json!(["cursor://a/b"]));
}
