//! Introspection (RFC 7662): what a resource server learns about a token, and what nobody else does.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::harness::{
    Answer, ClientAuthentication, OAuthClient, ResourceServer, TestApp, TestTenant, Tokens,
};

const INACTIVE: &str = r#"{"active":false}"#;

/// A confidential client and what it got for itself.
async fn machine(tenant: &TestTenant) -> (OAuthClient, Tokens) {
    let client = tenant.confidential_client().await;
    let tokens = client.client_credentials(Some("notes:read")).await.tokens();
    (client, tokens)
}

/// Nothing but "no", in the same bytes each time, and not to be kept.
#[track_caller]
fn is_inactive(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body, INACTIVE);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(
        answer.header("cache-control").contains("no-store"),
        "{answer:?}"
    );
}

/// RFC 7662 §2.2: the members and their types; one audience is a string.
#[tokio::test]
async fn a_resource_server_learns_what_its_token_is() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;

    let answer = acme
        .resource_credential()
        .await
        .introspect_answer(&tokens.access_token)
        .await;
    assert!(answer.header("cache-control").contains("no-store"));
    let now = app.clock().unix_seconds();
    let expected = json!({
        "active": true,
        "iss": acme.issuer,
        "sub": alice.id,
        "aud": acme.resource.audience,
        "client_id": client.client_id,
        "scope": "notes:read",
        "iat": now,
        "exp": now + 900,
        "jti": tokens.claims()["jti"],
        "token_type": "Bearer",
        "auth_time": tokens.claims()["auth_time"],
        "acr": tokens.claims()["acr"],
        "username": "alice",
    });
    assert_eq!(answer.json(), expected);
}

/// G3: a client's own token names the client, in a form that no person's id has.
#[tokio::test]
async fn a_clients_own_token_names_the_client() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (client, tokens) = machine(&acme).await;
    let introspected = acme
        .resource_credential()
        .await
        .introspect(&tokens.access_token)
        .await;
    assert_eq!(introspected["sub"], format!("client:{}", client.client_id));
    assert_eq!(introspected["client_id"], client.client_id.as_str());
    assert_eq!(introspected.get("username"), None);
}

/// H1: the caller is asked first, so that garbage tells a stranger nothing.
#[tokio::test]
async fn a_caller_without_a_good_credential_learns_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let (client, tokens) = machine(&acme).await;
    let resource_server = acme.resource_credential().await;
    let foreign = globex.resource_credential().await;
    let (id, secret) = (
        resource_server.client_id.as_str(),
        resource_server.client_secret.as_str(),
    );
    let url = acme.url("introspect");

    let in_the_body: [&[(&str, &str)]; 6] = [
        &[],
        &[("client_id", id)],
        &[("client_id", id), ("client_secret", "")],
        &[("client_id", id), ("client_secret", "wrong")],
        &[("client_id", "nobody"), ("client_secret", secret)],
        &[
            ("client_id", &foreign.client_id),
            ("client_secret", &foreign.client_secret),
        ],
    ];
    for credential in in_the_body {
        for token in [Some(tokens.access_token.as_str()), Some("garbage"), None] {
            let token = token.map(|token| ("token", token));
            let fields: Vec<(&str, &str)> = credential.iter().copied().chain(token).collect();
            let refused = app.wire().post_form(&url, &fields).await;
            refused.is_refused(401, "invalid_client");
            assert!(
                refused.header("www-authenticate").starts_with("Basic "),
                "{refused:?}"
            );
        }
    }
    for authorization in [
        "Basic",
        "Basic !!!",
        "Bearer writ_rs_x",
        "Basic bm9ib2R5",
        "",
        "Digest x",
    ] {
        let request = app
            .wire()
            .request(Method::POST, &url)
            .header("authorization", authorization);
        let refused = Answer::of(request.form(&[("token", &tokens.access_token)])).await;
        refused.is_refused(401, "invalid_client");
    }
    assert!(resource_server.accepts(&tokens.access_token).await);
    client.client_credentials(None).await.tokens();
}

/// H1: RFC 7662 §2.1 wants POST: a token in a URL would be in every log on the way.
#[tokio::test]
async fn introspection_is_a_post() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (_, tokens) = machine(&acme).await;
    let url = format!("{}?token={}", acme.url("introspect"), tokens.access_token);
    let refused = app.wire().get(&url).await;
    refused.is_refused(405, "invalid_request");
    assert_eq!(refused.header("allow"), "POST, OPTIONS");

    // Nor is a token taken from the URL of a POST.
    let resource_server = acme.resource_credential().await;
    let credential = [
        ("client_id", &resource_server.client_id),
        ("client_secret", &resource_server.client_secret),
    ];
    app.wire()
        .post_form(&url, &credential)
        .await
        .is_refused(400, "invalid_request");
}

/// H4: a client is no resource server, with its secret or without one.
#[tokio::test]
async fn clients_may_not_introspect() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (confidential, tokens) = machine(&acme).await;
    let public = acme.public_client().await;
    let secret = confidential.secret().unwrap().to_owned();

    confidential
        .introspect(&tokens.access_token)
        .await
        .is_refused(401, "invalid_client");
    let by_post = confidential
        .clone()
        .with_authentication(ClientAuthentication::Post(secret));
    by_post
        .introspect(&tokens.access_token)
        .await
        .is_refused(401, "invalid_client");
    public
        .introspect(&tokens.access_token)
        .await
        .is_refused(401, "invalid_client");
}

/// H2: a token is the business of its audience alone.
#[tokio::test]
async fn a_token_of_another_audience_is_inactive() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let calendar = acme
        .another_resource("https://calendar.acme.test/mcp")
        .await;
    let (client, for_notes) = machine(&acme).await;
    let for_calendar = client
        .with_resource(Some(&calendar.identifier))
        .client_credentials(None)
        .await
        .tokens();
    let (_, foreign) = machine(&globex).await;
    let notes_server = acme.resource_credential().await;
    let calendar_server = acme.resource_credential_of(&calendar).await;

    assert!(notes_server.accepts(&for_notes.access_token).await);
    assert!(calendar_server.accepts(&for_calendar.access_token).await);
    is_inactive(
        &notes_server
            .introspect_answer(&for_calendar.access_token)
            .await,
    );
    is_inactive(
        &calendar_server
            .introspect_answer(&for_notes.access_token)
            .await,
    );
    is_inactive(&notes_server.introspect_answer(&foreign.access_token).await);
}

/// H3, G5: whatever is wrong with it, and whatever else of ours it is, the answer is the same bytes.
#[tokio::test]
async fn what_is_no_living_access_token_is_inactive() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.public_client().await;
    let browser = acme.browser_of("alice").await;
    let code = client.code_from(&browser).await;
    let unspent = client.code_from(&browser).await;
    let tokens = client.redeem(&code).await.tokens();
    let secret = acme
        .confidential_client()
        .await
        .secret()
        .unwrap()
        .to_owned();

    let access_token = &tokens.access_token;
    let parts: Vec<&str> = access_token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("three parts: {access_token}")
    };
    let none_header = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let made_up = [
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{flipped}{}", &signature[1..]),
        format!("{none_header}.{claims}."),
        format!("{none_header}.{claims}.{signature}"),
        format!("{access_token} "),
        format!("{access_token}="),
        format!("{access_token}."),
        "x".repeat(4096),
        "ünïcode".to_owned(),
        tokens.refresh_token().to_owned(),
        unspent.code,
        secret,
        resource_server.client_secret.clone(),
    ];
    for token in made_up {
        is_inactive(&resource_server.introspect_answer(&token).await);
    }
    assert!(resource_server.accepts(access_token).await);
}

/// H3: expired, revoked, its user or client disabled, deleted: from that moment on.
#[tokio::test]
async fn a_token_dies_with_what_it_depends_on() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let disabled = json!({ "is_enabled": false });

    for username in ["disabled", "deleted"] {
        let user = acme.user(username).await;
        let tokens = acme
            .public_client()
            .await
            .tokens_of(&acme.browser_of(username).await)
            .await;
        assert!(resource_server.accepts(&tokens.access_token).await);
        let path = format!("/users/{}", user.id);
        if username == "disabled" {
            acme.change(&path, &disabled).await;
        } else {
            acme.admin()
                .delete(&acme.path(&path))
                .await
                .expect_status(204);
        }
        is_inactive(
            &resource_server
                .introspect_answer(&tokens.access_token)
                .await,
        );
    }
    for change in ["disable", "delete", "revoke"] {
        let (client, tokens) = machine(&acme).await;
        assert!(resource_server.accepts(&tokens.access_token).await);
        let path = format!("/clients/{}", client.client_id);
        match change {
            "disable" => drop(acme.change(&path, &disabled).await),
            "delete" => drop(
                acme.admin()
                    .delete(&acme.path(&path))
                    .await
                    .expect_status(204),
            ),
            _ => drop(client.revoke(&tokens.access_token).await.expect_status(200)),
        }
        is_inactive(
            &resource_server
                .introspect_answer(&tokens.access_token)
                .await,
        );
    }

    let (_, tokens) = machine(&acme).await;
    app.clock().advance(Duration::from_secs(899));
    assert!(resource_server.accepts(&tokens.access_token).await);
    app.clock().advance(Duration::from_secs(1));
    is_inactive(
        &resource_server
            .introspect_answer(&tokens.access_token)
            .await,
    );
}

/// H3: whoever is given the id of a deleted client is somebody else; what the first one held stays dead.
#[tokio::test]
async fn a_client_id_given_out_again_revives_no_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let metadata = json!({
        "client_id": "backend",
        "client_name": "Backend",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let first = acme.client(&metadata).await;
    let old = first.client_credentials(None).await.tokens();
    assert!(resource_server.accepts(&old.access_token).await);

    app.clock().advance(Duration::from_secs(10));
    acme.admin()
        .delete(&acme.path("/clients/backend"))
        .await
        .expect_status(204);
    let second = acme.client(&metadata).await;
    is_inactive(&resource_server.introspect_answer(&old.access_token).await);
    let new = second.client_credentials(None).await.tokens();
    assert!(resource_server.accepts(&new.access_token).await);
}

/// RFC 7662 §2.1: a hint is a hint, and the token is the one thing that must be there.
#[tokio::test]
async fn a_hint_changes_nothing_and_a_missing_token_is_an_error() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (_, tokens) = machine(&acme).await;
    let resource_server = acme.resource_credential().await;
    let ask = async |fields: &[(&str, &str)]| {
        let ResourceServer {
            client_id,
            client_secret,
            ..
        } = &resource_server;
        let credential = [
            ("client_id", client_id.as_str()),
            ("client_secret", client_secret.as_str()),
        ];
        let fields: Vec<_> = credential.iter().chain(fields).copied().collect();
        app.wire().post_form(&acme.url("introspect"), &fields).await
    };

    let token = ("token", tokens.access_token.as_str());
    for hint in ["access_token", "refresh_token", "unheard_of", ""] {
        let answer = ask(&[token, ("token_type_hint", hint)])
            .await
            .expect_status(200);
        assert_eq!(answer.json()["active"], true, "{hint}");
    }
    ask(&[]).await.is_refused(400, "invalid_request");
    ask(&[("token", "")])
        .await
        .is_refused(400, "invalid_request");
    ask(&[token, token])
        .await
        .is_refused(400, "invalid_request");
}

/// H1: a credential that was taken away opens nothing any more.
#[tokio::test]
async fn a_deleted_credential_is_dead() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (_, tokens) = machine(&acme).await;
    let credentials = acme.path(&format!("/resources/{}/credentials", acme.resource.id));
    let (kept, lost) = (
        acme.resource_credential().await,
        acme.resource_credential().await,
    );
    assert!(lost.accepts(&tokens.access_token).await);

    let listed = acme
        .admin()
        .get(&credentials)
        .await
        .expect_status(200)
        .json();
    let items = listed["data"].as_array().unwrap();
    let id = items
        .iter()
        .find(|one| one["client_id"] == lost.client_id.as_str())
        .unwrap()["id"]
        .clone();
    acme.admin()
        .delete(&format!("{credentials}/{}", id.as_str().unwrap()))
        .await
        .expect_status(204);
    lost.introspect_answer(&tokens.access_token)
        .await
        .is_refused(401, "invalid_client");
    assert!(kept.accepts(&tokens.access_token).await);
}
