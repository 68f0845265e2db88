//! Discovery: a client finds everything from the issuer alone, whatever form of the URL it knows.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, DatabaseLink, TestApp, TestAppOptions, TestDatabase, TestTenant};

/// What the metadata say now.
async fn metadata(tenant: &TestTenant) -> Value {
    tenant.metadata().await.expect_status(200).json()
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect()
}

/// MCP4, RFC 8414 §3.1: four forms, each with a trailing slash too, are one document: 200, never a redirect.
#[tokio::test]
async fn every_form_of_the_well_known_url_answers_with_the_same_bytes() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let canonical = acme.metadata().await.expect_status(200);

    let urls = acme.well_known_urls();
    assert_eq!(urls.len(), 8);
    for url in urls {
        let answer = app.wire().get(&url).await.expect_status(200);
        assert_eq!(answer.header("content-type"), "application/json", "{url}");
        assert_eq!(answer.body, canonical.body, "{url}");
        assert_eq!(answer.header("etag"), canonical.header("etag"), "{url}");
    }
}

/// O2, MCP4: clients probe one form after the other; 404 sends them on, anything else would stop them.
#[tokio::test]
async fn what_is_not_there_is_a_404_and_never_an_outage() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let origin = app.public_url();

    let absent: Vec<String> = acme
        .well_known_urls()
        .iter()
        .map(|url| url.replace("acme", "nobody"))
        .collect();
    let others = [
        // Root documents: older clients ask for these first, and would sign in at the wrong tenant.
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server/t",
        "/.well-known/oauth-authorization-server/t/acm",
        "/.well-known/oauth-authorization-server/t/acme/mcp",
        "/.well-known/oauth-authorization-server/T/acme",
        "/.well-known/oauth-authorization-servers/t/acme",
        "/.well-known/oauth-authorization-server/t%2Facme",
        // Resources keep their own documents.
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/t/acme",
        "/t/acme/.well-known/oauth-protected-resource",
        "/t/acme/.well-known/jwks",
        "/t/acme",
        "/t/acme/",
        "/nothing",
    ];
    let others = others.iter().map(|path| format!("{origin}{path}"));
    for url in absent.into_iter().chain(others) {
        let answer = app.wire().get(&url).await;
        answer.is_refused(404, "invalid_request");
    }
}

/// MCP2, MCP5, MCP7: the members that shipping clients insist on, each with the value they insist on.
#[tokio::test]
async fn the_document_says_what_clients_look_for() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let document = metadata(&acme).await;

    assert_eq!(document["issuer"], acme.issuer.as_str());
    for (member, endpoint) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("registration_endpoint", "register"),
        ("revocation_endpoint", "revoke"),
        ("introspection_endpoint", "introspect"),
        ("jwks_uri", ".well-known/jwks.json"),
        ("pushed_authorization_request_endpoint", "par"),
        ("device_authorization_endpoint", "device_authorization"),
        ("userinfo_endpoint", "userinfo"),
        ("end_session_endpoint", "logout"),
        ("writ_revocation_feed", "revocations"),
    ] {
        assert_eq!(document[member], acme.url(endpoint), "{member}");
    }
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(document["response_modes_supported"], json!(["query"]));
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(document["subject_types_supported"], json!(["public"]));
    assert_eq!(document["request_parameter_supported"], false);
    assert_eq!(document["request_uri_parameter_supported"], false);
    assert!(texts(&document["id_token_signing_alg_values_supported"]).contains("RS256"));
    assert!(texts(&document["dpop_signing_alg_values_supported"]).contains("ES256"));
    assert_eq!(document["require_pushed_authorization_requests"], false);
    assert_eq!(document["backchannel_logout_supported"], true);
    assert_eq!(document["backchannel_logout_session_supported"], true);
    assert!(texts(&document["claims_supported"]).contains("sub"));
    let grant_types = texts(&document["grant_types_supported"]);
    assert_eq!(
        grant_types,
        BTreeSet::from([
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ])
    );
    // Clients without a secret look for `none`, and go away where it is not listed.
    let proofs = [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ];
    let with_none: BTreeSet<&str> = proofs.into_iter().chain(["none"]).collect();
    assert_eq!(
        texts(&document["token_endpoint_auth_methods_supported"]),
        with_none
    );
    assert_eq!(
        texts(&document["revocation_endpoint_auth_methods_supported"]),
        with_none
    );
    let introspection = texts(&document["introspection_endpoint_auth_methods_supported"]);
    assert_eq!(introspection, BTreeSet::from(proofs));
}

/// MCP2: SDKs that check types refuse a `null`; command injection by way of a URL has happened to clients.
#[tokio::test]
async fn no_member_is_null_and_every_url_is_plain_and_our_own() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let document = metadata(&acme).await;

    for (member, value) in document.as_object().unwrap() {
        assert!(
            !value.is_null() && *value != json!([]) && *value != json!(""),
            "{member}"
        );
        let is_url = ["_endpoint", "_uri", "_feed"]
            .iter()
            .any(|end| member.ends_with(end));
        if let (true, Some(url)) = (is_url, value.as_str()) {
            assert!(
                url.starts_with(&format!("{}/", acme.issuer)),
                "{member}: {url}"
            );
            let is_plain =
                |character: char| character.is_ascii_alphanumeric() || "-._~/:".contains(character);
            assert!(url.chars().all(is_plain), "{member}: {url}");
        }
    }
}

/// MCP2: only what answers is listed, and it answers where the document says.
#[tokio::test]
async fn every_endpoint_in_the_document_is_there() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let document = metadata(&acme).await;
    for (member, value) in document.as_object().unwrap() {
        let is_place = ["jwks_uri", "writ_revocation_feed"].contains(&member.as_str());
        if !(member.ends_with("_endpoint") || is_place) {
            continue;
        }
        let answer = Answer::of(app.wire().request(Method::OPTIONS, value.as_str().unwrap())).await;
        assert_eq!(answer.status, 204, "{member}: {answer:?}");
        assert!(!answer.header("allow").is_empty(), "{member}");
    }
}

/// MCP2: paths that older servers had, and clients were built with, lead to the same endpoints.
#[tokio::test]
async fn paths_built_into_clients_reach_the_same_endpoints() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let resource_server = acme.resource_credential().await;
    let keycloak = "protocol/openid-connect";

    let browser = acme.signed_in_browser_of("alice").await;
    for authorize in ["oauth/authorize", "protocol/openid-connect/auth"] {
        let url = client
            .authorization_request()
            .url()
            .replace("/authorize?", &format!("/{authorize}?"));
        let page = browser.open(&url).await;
        assert!(page.is_consent(), "{authorize}: {page:?}");
    }
    for token in ["oauth/token", "protocol/openid-connect/token"] {
        let answer = client
            .post(token, &[("grant_type", "client_credentials")])
            .await;
        let access_token = answer.tokens().access_token;
        let fields = [
            ("token", access_token.as_str()),
            ("client_id", &resource_server.client_id),
            ("client_secret", &resource_server.client_secret),
        ];
        let url = acme.url(&format!("{keycloak}/token/introspect"));
        let introspected = app
            .wire()
            .post_form(&url, &fields)
            .await
            .expect_status(200)
            .json();
        assert_eq!(introspected["active"], true, "{token}");
        client
            .post(&format!("{keycloak}/revoke"), &[("token", &access_token)])
            .await
            .expect_status(200);
        assert!(!resource_server.accepts(&access_token).await, "{token}");
    }
    let certificates = app
        .wire()
        .get(&acme.url(&format!("{keycloak}/certs")))
        .await
        .expect_status(200);
    assert_eq!(certificates.body, acme.jwks().await.body);
}

/// MCP2: a listed `offline_access` would make TypeScript clients ask for consent each time.
#[tokio::test]
async fn the_scopes_listed_are_those_of_the_resources() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    assert_eq!(
        metadata(&acme).await["scopes_supported"],
        json!(["notes:read", "notes:write"])
    );

    let calendar = json!({
        "identifier": "https://calendar.acme.test/mcp",
        "name": "Calendar",
        "scopes": [{ "name": "calendar:read", "description": "Read your calendar", "default": true }],
    });
    acme.admin()
        .create(&acme.path("/resources"), &calendar)
        .await;
    let document = metadata(&acme).await;
    let scopes = texts(&document["scopes_supported"]);
    assert_eq!(
        scopes,
        BTreeSet::from(["notes:read", "notes:write", "calendar:read"])
    );
}

/// RFC 9110 §13.1.2: a cached copy is confirmed by its ETag until something changes.
#[tokio::test]
async fn a_cached_document_is_confirmed_until_it_changes() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let again = async |url: &str, etag: &str| {
        Answer::of(
            app.wire()
                .request(Method::GET, url)
                .header("if-none-match", etag),
        )
        .await
    };
    let urls = [
        acme.well_known_urls().remove(0),
        acme.url(".well-known/jwks.json"),
    ];
    for (url, max_age) in urls
        .iter()
        .zip(["public, max-age=60", "public, max-age=300"])
    {
        let first = app.wire().get(url).await.expect_status(200);
        assert_eq!(first.header("cache-control"), max_age);
        let confirmed = again(url, first.header("etag")).await.expect_status(304);
        assert_eq!(confirmed.body, "");
        assert_eq!(confirmed.header("etag"), first.header("etag"));
        again(url, "\"something-else\"").await.expect_status(200);
    }

    let before = app.wire().get(&urls[0]).await;
    acme.change("", &json!({ "registration_policy": "off" }))
        .await;
    let after = again(&urls[0], before.header("etag"))
        .await
        .expect_status(200);
    assert_ne!(after.header("etag"), before.header("etag"));
}

/// Q5: what a cache or a probe asks: the same answer without its body.
#[tokio::test]
async fn head_answers_as_get_does_without_the_body() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for url in [
        acme.well_known_urls().remove(0),
        acme.url(".well-known/jwks.json"),
    ] {
        let get = app.wire().get(&url).await.expect_status(200);
        let head = Answer::of(app.wire().request(Method::HEAD, &url))
            .await
            .expect_status(200);
        assert_eq!(head.body, "");
        for header in [
            "content-type",
            "etag",
            "cache-control",
            "content-length",
            "access-control-allow-origin",
        ] {
            assert_eq!(head.header(header), get.header(header), "{header}");
        }
    }
}

/// RFC 7517 §4: one gateway refuses the whole set over a key without `kid` or `alg`, or of another kind.
#[tokio::test]
async fn every_key_says_which_it_is_and_holds_nothing_private() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let jwks = acme.jwks().await.expect_status(200);
    assert_eq!(jwks.header("content-type"), "application/json");

    let jwks = jwks.json();
    let keys = jwks["keys"].as_array().unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        assert_eq!(
            (&key["kty"], &key["use"], &key["alg"]),
            (&json!("RSA"), &json!("sig"), &json!("RS256"))
        );
        assert!(
            key["kid"].as_str().is_some_and(|kid| kid.len() >= 16),
            "{key}"
        );
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
    let signed_by = client.client_credentials(None).await.tokens().header()["kid"].clone();
    assert!(keys.iter().any(|key| key["kid"] == signed_by));
}

/// Q3: verifiers and clients go on with what we last said while our database is away.
#[tokio::test]
async fn metadata_and_keys_are_published_while_the_database_is_away() {
    let database = TestDatabase::create().await;
    let link = DatabaseLink::to(database.url()).await;
    let options = TestAppOptions::default().with("DATABASE_URL", link.url());
    let app = TestApp::start_on(database, options).await;
    let acme = app.tenant("acme").await;
    let (metadata, jwks) = (acme.metadata().await, acme.jwks().await);

    link.cut();
    // As long as it takes the server to notice, and once more after that.
    let client = acme.client_of(&json!({ "client_id": "anybody", "redirect_uris": [] }));
    while client.refresh("writ_rt_garbage").await.status != 503 {}
    for _ in 0..3 {
        assert_eq!(acme.metadata().await.expect_status(200).body, metadata.body);
        assert_eq!(acme.jwks().await.expect_status(200).body, jwks.body);
    }
}
