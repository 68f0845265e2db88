//! Clients: chosen or made ids and secrets, the rules of registration, disabling and deleting.

use serde_json::{Value, json};

use super::{is_problem, is_problem_of};
use crate::harness::{ClientAuthentication, TestApp};

/// A chosen id and secret are the client's; the id is unique in the tenant.
#[tokio::test]
async fn a_chosen_id_and_secret_are_the_clients() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({
        "client_id": "notes-web",
        "client_secret": "a-secret-of-our-own",
        "redirect_uris": ["https://notes.example/callback"],
        "grant_types": ["client_credentials"],
    });
    let client = acme.client(&body).await;
    assert_eq!(client.client_id, "notes-web");
    client.client_credentials(None).await.tokens();
    let wrong = client
        .clone()
        .with_authentication(ClientAuthentication::Basic("another-secret".to_owned()));
    wrong
        .client_credentials(None)
        .await
        .is_refused(401, "invalid_client");
    is_problem_of(
        &app.admin().post(&acme.path("/clients"), &body).await,
        409,
        "conflict",
        "client_id",
    );
    for (name, value) in [
        ("client_id", "a:b"),
        ("client_id", ""),
        ("client_secret", "short"),
        ("client_secret", "ü".repeat(9).as_str()),
    ] {
        let mut unfit = body.clone();
        unfit[name] = json!(value);
        is_problem_of(
            &app.admin().post(&acme.path("/clients"), &unfit).await,
            400,
            "invalid-value",
            name,
        );
    }
}

/// J4, J5: the rules for a client that registers itself hold for an operator too, each fault by its name.
#[tokio::test]
async fn a_client_that_could_not_work_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for (changes, field) in [
        (json!({ "redirect_uris": [] }), "redirect_uris"),
        (
            json!({ "redirect_uris": ["http://notes.example/callback"] }),
            "redirect_uris",
        ),
        (
            json!({ "redirect_uris": ["javascript:alert(1)"] }),
            "redirect_uris",
        ),
        (
            json!({ "redirect_uris": ["https://notes.example/callback#a"] }),
            "redirect_uris",
        ),
        (json!({ "grant_types": ["password"] }), "grant_types[0]"),
        (
            json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
            "token_endpoint_auth_method",
        ),
        (
            json!({ "token_endpoint_auth_method": "none", "client_secret": "a-secret" }),
            "token_endpoint_auth_method",
        ),
        (
            json!({ "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"] }),
            "token_endpoint_auth_method",
        ),
        (json!({ "application_type": "toaster" }), "application_type"),
        (
            json!({ "client_uri": "http://notes.example" }),
            "client_uri",
        ),
        (json!({ "logo_uri": "javascript:alert(1)" }), "logo_uri"),
        (json!({ "client_name": "a\u{202e}b" }), "client_name"),
        (json!({ "scope": "a\"b" }), "scope"),
        (
            json!({ "access_token_lifetime": 59 }),
            "access_token_lifetime",
        ),
        (
            json!({ "resources": ["https://nowhere.test"] }),
            "resources[0]",
        ),
        (
            json!({ "resources": [], "default_resource": acme.resource.id }),
            "default_resource",
        ),
    ] {
        let mut body = json!({ "redirect_uris": ["https://notes.example/callback"] });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = app.admin().post(&acme.path("/clients"), &body).await;
        is_problem_of(&answer, 400, "invalid-value", field);
    }
}

/// RFC 7396: what is absent stays, null is the default; how it authenticates and its id never change.
#[tokio::test]
async fn absent_stays_and_null_is_the_default() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let path = format!("/clients/{}", client.client_id);
    let fresh = app.admin().get(&acme.path(&path)).await.json();
    let changes = json!({
        "client_name": "Renamed",
        "redirect_uris": ["https://notes.example/callback", "https://notes.example/other"],
        "scope": "notes:read",
        "resources": [acme.resource.id],
        "default_resource": acme.resource.identifier,
        "access_token_lifetime": 120,
        "client_uri": "https://notes.example/",
        "logo_uri": "https://notes.example/logo.png",
        "policy_uri": "https://notes.example/policy",
        "tos_uri": "https://notes.example/tos",
        "software_id": "notes",
        "software_version": "1.2",
    });
    let after = acme.change(&path, &changes).await;
    for (name, value) in changes.as_object().unwrap() {
        let expected = if name == "resources" {
            json!([acme.resource.identifier])
        } else {
            value.clone()
        };
        assert_eq!(after[name], expected, "{name}");
    }
    assert_eq!(acme.change(&path, &json!({})).await, after);
    assert_eq!(
        acme.change(&path, &json!({ "is_enabled": true })).await,
        after
    );
    for name in changes
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| *name != "redirect_uris")
    {
        assert_eq!(
            acme.change(&path, &json!({ name: null })).await[name],
            Value::Null,
            "{name}"
        );
    }
    let now = app.admin().get(&acme.path(&path)).await.json();
    for name in [
        "client_id",
        "token_endpoint_auth_method",
        "grant_types",
        "application_type",
        "created_at",
    ] {
        assert_eq!(now[name], fresh[name], "{name}");
    }
    for (changes, field) in [
        (json!({ "is_enabled": null }), "is_enabled"),
        (json!({ "redirect_uris": null }), "redirect_uris"),
        (json!({ "redirect_uris": [] }), "redirect_uris"),
    ] {
        is_problem_of(
            &app.admin().patch(&acme.path(&path), &changes).await,
            400,
            "invalid-value",
            field,
        );
    }
    client.client_credentials(None).await.tokens();
}

/// J9: changed metadata goes through the whole of the rules again.
#[tokio::test]
async fn a_change_does_not_get_around_the_rules() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let public = format!("/clients/{}", acme.public_client().await.client_id);
    for (changes, field) in [
        (
            json!({ "redirect_uris": ["http://notes.example/callback"] }),
            "redirect_uris",
        ),
        (
            json!({ "redirect_uris": ["cursor://not.allowed"] }),
            "redirect_uris",
        ),
        (
            json!({ "grant_types": ["client_credentials"] }),
            "token_endpoint_auth_method",
        ),
        (json!({ "grant_types": ["implicit"] }), "grant_types[0]"),
        (json!({ "client_uri": "data:text/html,x" }), "client_uri"),
        (
            json!({ "access_token_lifetime": 86_401 }),
            "access_token_lifetime",
        ),
    ] {
        is_problem_of(
            &app.admin().patch(&acme.path(&public), &changes).await,
            400,
            "invalid-value",
            field,
        );
    }
}

/// D6, F9: a disabled client gets nothing, at once; enabled again, it goes on where it was.
#[tokio::test]
async fn a_disabled_client_gets_nothing_until_it_is_enabled() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let path = format!("/clients/{}", client.client_id);
    acme.change(&path, &json!({ "is_enabled": false })).await;
    // After `invalid_client` it would register itself anew, and undo it.
    client
        .client_credentials(None)
        .await
        .is_refused(400, "invalid_grant");
    client.cannot_refresh(tokens.refresh_token()).await;
    assert!(!resource_server.accepts(&tokens.access_token).await);
    acme.change(&path, &json!({ "is_enabled": true })).await;
    client.client_credentials(None).await.tokens();
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// F8: with a client go its grants and tokens.
#[tokio::test]
async fn a_deleted_client_takes_its_tokens_with_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let path = acme.path(&format!("/clients/{}", client.client_id));
    app.admin().delete(&path).await.expect_status(204);
    client
        .refresh(tokens.refresh_token())
        .await
        .is_refused(401, "invalid_client");
    assert!(!resource_server.accepts(&tokens.access_token).await);
    assert_eq!(
        app.admin().get(&acme.path("/grants")).await.json()["data"],
        json!([])
    );
    is_problem(&app.admin().get(&path).await, 404, "not-found");
    is_problem(&app.admin().delete(&path).await, 404, "not-found");
}

/// J8: a client that registers itself sets nothing that only an operator or the server may.
#[tokio::test]
async fn a_registration_gains_nothing_by_privileged_members() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let plain = json!({ "redirect_uris": ["https://stranger.example/callback"], "client_name": "A stranger" });
    let shown = async |body: &Value| {
        let made = acme.register(body).await.expect_status(201).json();
        let path = acme.path(&format!("/clients/{}", made["client_id"].as_str().unwrap()));
        app.admin().get(&path).await.expect_status(200).json()
    };
    let expected = shown(&plain).await;
    assert_eq!(expected["origin"], "registered");
    for (name, value) in [
        ("tenant_id", json!("globex")),
        ("tenant", json!(globex.slug)),
        ("id", json!("00000000-0000-7000-8000-000000000001")),
        ("client_id", json!("chosen-by-a-stranger")),
        ("client_secret", Value::Null),
        ("origin", json!("static")),
        ("trusted", json!(true)),
        ("skip_consent", json!(true)),
        ("first_party", json!(true)),
        ("is_enabled", json!(false)),
        ("resources", json!([])),
        ("default_resource", json!(acme.resource.id)),
        ("access_token_lifetime", json!(86_400)),
        ("created_at", json!("2001-01-01T00:00:00Z")),
        ("role", json!("admin")),
    ] {
        let mut body = plain.clone();
        body[name] = value;
        let mut client = shown(&body).await;
        assert_ne!(client["client_id"], "chosen-by-a-stranger");
        for member in ["client_id", "created_at"] {
            client[member] = expected[member].clone();
        }
        assert_eq!(client, expected, "{name}");
    }
    assert_eq!(
        app.admin().get(&globex.path("/clients")).await.json()["data"],
        json!([])
    );
    let client = acme.client_of(
        &acme
            .register(&json!({
                "redirect_uris": ["https://stranger.example/callback"],
                "scope": "admin notes:read",
            }))
            .await
            .expect_status(201)
            .json(),
    );
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    assert!(
        !tokens.body["scope"]
            .as_str()
            .unwrap_or_default()
            .contains("admin"),
        "{}",
        tokens.body
    );
}
