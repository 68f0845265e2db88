//! Issuers of every form beside one another: a root, paths with and without a trailing slash, other hosts.

use serde_json::{Value, json};

use crate::harness::{Answer, TestApp, TestTenant};

/// One beside and inside another, on one host.
const NESTED: [(&str, &str); 4] = [
    ("root", "https://nest.test"),
    ("x", "https://nest.test/t/x"),
    ("acme", "https://nest.test/realms/acme/"),
    ("a", "https://nest.test/a"),
];

async fn nested(app: &TestApp) -> Vec<TestTenant> {
    let mut tenants = Vec::new();
    for (slug, issuer) in NESTED {
        tenants.push(app.tenant_at(slug, issuer).await);
    }
    tenants
}

async fn try_to_create(app: &TestApp, issuer: &str) -> Answer {
    let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let slug = format!(
        "x{}x",
        issuer
            .to_lowercase()
            .replace(|character| !plain(character), "-")
    );
    let body = json!({ "slug": slug, "display_name": "Another", "issuer": issuer });
    app.admin().post("/admin/v1/tenants", &body).await
}

fn kids(jwks: &Value) -> Vec<&str> {
    jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].as_str().unwrap())
        .collect()
}

/// MCP3, A6, G1: the issuer is the same bytes in the metadata, beside the code, in the token and in
/// introspection, whether or not it ends with a slash.
#[tokio::test]
async fn an_issuer_of_any_form_is_the_same_bytes_everywhere() {
    let app = TestApp::start().await;
    let mut tenants = nested(&app).await;
    tenants.push(app.tenant_at("slash", "https://slash.test/").await);
    tenants.push(app.tenant_at("port", "http://localhost:9000/t/acme").await);
    tenants.push(app.tenant_at("oauth", "https://auth.acme.test/oauth").await);

    for tenant in &tenants {
        let resource_server = tenant.resource_credential().await;
        let client = tenant.public_client().await;
        for url in tenant.well_known_urls() {
            let document = app.wire().get(&url).await.expect_status(200).json();
            assert_eq!(document["issuer"], tenant.issuer.as_str(), "{url}");
            assert_eq!(document["token_endpoint"], tenant.url("token"), "{url}");
        }
        // `code()` compares the `iss` that came with it.
        let code = client.code_from(&tenant.browser_of("alice").await).await;
        let tokens = client.redeem(&code).await.tokens();
        assert_eq!(tokens.claims()["iss"], tenant.issuer.as_str());
        let introspected = resource_server.introspect(&tokens.access_token).await;
        assert_eq!(introspected["iss"], tenant.issuer.as_str());
    }
}

/// O2: none of them serves another's keys, clients or tokens.
#[tokio::test]
async fn issuers_on_one_host_do_not_serve_each_other() {
    let app = TestApp::start().await;
    let tenants = nested(&app).await;
    let mut seen = Vec::new();
    for tenant in &tenants {
        let jwks = tenant.jwks().await.expect_status(200).json();
        for kid in kids(&jwks) {
            assert!(
                !seen.contains(&kid.to_owned()),
                "{kid} is another tenant's too"
            );
            seen.push(kid.to_owned());
        }
        let client = tenant.confidential_client().await;
        let tokens = client.client_credentials(None).await.tokens();
        assert!(kids(&jwks).contains(&tokens.header()["kid"].as_str().unwrap()));
        for other in &tenants {
            if other.slug == tenant.slug {
                continue;
            }
            let mut astray = client.clone();
            astray.issuer.clone_from(&other.issuer);
            astray
                .client_credentials(None)
                .await
                .is_refused(401, "invalid_client");
            assert!(
                !other
                    .resource_credential()
                    .await
                    .accepts(&tokens.access_token)
                    .await
            );
        }
    }
}

/// O2: a path belongs to the host that it was created on.
#[tokio::test]
async fn the_same_path_on_another_host_is_another_issuer() {
    let app = TestApp::start().await;
    let one = app.tenant_at("one", "https://one.test/t/same").await;
    let two = app.tenant_at("two", "https://two.test/t/same").await;
    let third = "https://three.test/t/same";

    assert_eq!(one.metadata().await.json()["issuer"], one.issuer.as_str());
    assert_eq!(two.metadata().await.json()["issuer"], two.issuer.as_str());
    assert_ne!(one.jwks().await.body, two.jwks().await.body);
    for endpoint in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
        "/token",
        "/register",
    ] {
        app.wire()
            .get(&format!("{third}{endpoint}"))
            .await
            .is_refused(404, "invalid_request");
    }
    // The letters of a path have a case.
    app.wire()
        .get("https://one.test/t/SAME/.well-known/jwks.json")
        .await
        .expect_status(404);
}

/// A root tenant answers at the host's root, where older clients look first.
#[tokio::test]
async fn a_root_issuer_has_root_documents() {
    let app = TestApp::start().await;
    app.tenant_at("x", "https://nest.test/t/x").await;
    let url = "https://nest.test/.well-known/oauth-authorization-server";
    app.wire().get(url).await.expect_status(404);

    let root = app.tenant_at("root", "https://nest.test").await;
    assert_eq!(
        app.wire().get(url).await.expect_status(200).json()["issuer"],
        root.issuer.as_str()
    );
    let path_form = app
        .wire()
        .get(&format!("{url}/t/x"))
        .await
        .expect_status(200);
    assert_eq!(path_form.json()["issuer"], "https://nest.test/t/x");
    app.wire()
        .get(&format!("{url}/t/y"))
        .await
        .expect_status(404);
}

/// Where one issuer's path would take another's endpoint or alias, the second is refused.
#[tokio::test]
async fn an_issuer_in_the_way_of_another_is_refused() {
    let app = TestApp::start().await;
    nested(&app).await;
    for issuer in [
        // The same place, with and without a slash.
        "https://nest.test",
        "https://nest.test/",
        "https://nest.test/a",
        "https://nest.test/a/",
        "https://nest.test/realms/acme",
        // Inside another, or around it.
        "https://nest.test/a/oauth",
        "https://nest.test/a/b",
        "https://nest.test/a/protocol/openid-connect",
        "https://nest.test/realms/acme/b",
        "https://nest.test/realms",
        "https://nest.test/t/",
        // The root tenant answers at /oauth/token too.
        "https://nest.test/oauth",
        "https://nest.test/oauth/b",
    ] {
        let refused = try_to_create(&app, issuer).await;
        assert_eq!(refused.status, 409, "{issuer}: {refused:?}");
        assert_eq!(
            refused.json()["errors"][0]["field"],
            "issuer",
            "{issuer}: {refused:?}"
        );
    }
    for issuer in [
        "https://nest.test/ab",
        "https://nest.test/t/xy",
        "https://nest.test/A",
        "https://other.test/a",
    ] {
        try_to_create(&app, issuer).await.expect_status(201);
    }
}

/// The other way round: who comes first stays.
#[tokio::test]
async fn a_root_issuer_is_refused_where_its_aliases_are_taken() {
    let app = TestApp::start().await;
    let oauth = app.tenant_at("oauth", "https://auth.acme.test/oauth").await;
    let refused = try_to_create(&app, "https://auth.acme.test").await;
    assert_eq!(refused.status, 409, "{refused:?}");

    let client = oauth.confidential_client().await;
    client.client_credentials(None).await.tokens();
    client
        .post("oauth/token", &[("grant_type", "client_credentials")])
        .await
        .tokens();
}

/// RFC 8414 §2: what clients could not compare byte by byte, or what is ours already.
#[tokio::test]
async fn an_issuer_that_has_two_spellings_or_a_taken_word_is_refused() {
    let app = TestApp::start().await;
    for issuer in [
        "nest.test",
        "ftp://nest.test",
        "http://nest.test/a",
        "http://127.0.0.2/a",
        "https://nest.test/a?b=c",
        "https://nest.test/a#b",
        "https://nest.test/a#",
        "https://alice@nest.test/a",
        "https://NEST.test/a",
        "https://nest.test:443/a",
        "https://nest.test/a//b",
        "https://nest.test/a//",
        "https://nest.test/a/../b",
        "https://nest.test/a%20b",
        "https://nest.test/.well-known/a",
        "https://nest.test/a/.well-known",
        "https://nest.test/token",
        "https://nest.test/authorize/a",
        "https://nest.test/admin",
        "https://nest.test/protocol/openid-connect",
    ] {
        let refused = try_to_create(&app, issuer).await;
        assert_eq!(refused.status, 400, "{issuer}: {refused:?}");
        assert_eq!(
            refused.json()["errors"][0]["field"],
            "issuer",
            "{issuer}: {refused:?}"
        );
    }
}

/// Old tokens and old registrations still name a deleted tenant's issuer.
#[tokio::test]
async fn a_deleted_issuer_is_never_given_out_again() {
    let app = TestApp::start().await;
    let acme = app.tenant_at("acme", "https://nest.test/t/acme").await;
    app.admin()
        .delete(&acme.path("?grace_seconds=0"))
        .await
        .expect_status(204);

    try_to_create(&app, "https://nest.test/t/acme")
        .await
        .expect_status(409);
    try_to_create(&app, "https://nest.test/t/acme/")
        .await
        .expect_status(409);
    let same_slug =
        json!({ "slug": "acme", "display_name": "Acme", "issuer": "https://nest.test/t/new" });
    app.admin()
        .post("/admin/v1/tenants", &same_slug)
        .await
        .expect_status(409);
}
