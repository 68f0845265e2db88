//! A secret is in the answer that made it, and nowhere afterwards.

use serde_json::{Value, json};

use super::document::Document;
use super::things::Things;
use crate::harness::TestApp;

/// One of every kind of secret that is made here.
async fn made_secrets(app: &TestApp, acme: &Things, confidential: &Value) -> Vec<String> {
    let path = |below: &str| acme.tenant.path(below);
    let credentials = path(&format!("/resources/{}/credentials", acme.resource));
    let mut secrets = Vec::new();
    for (path, body, member) in [
        (
            "/admin/v1/admin-keys".to_owned(),
            json!({ "name": "made", "scopes": ["*:write"] }),
            "admin_key",
        ),
        (credentials, json!({}), "client_secret"),
        (path("/clients"), confidential.clone(), "client_secret"),
        (
            path(&format!("/clients/{}/secrets", acme.client)),
            json!({}),
            "client_secret",
        ),
        (
            path("/initial-access-tokens"),
            json!({ "name": "made" }),
            "initial_access_token",
        ),
        (
            path("/webhooks"),
            json!({ "name": "made", "url": "https://hooks.example/made", "events": ["*"] }),
            "secret",
        ),
    ] {
        let made = app.admin().create(&path, &body).await;
        secrets.push(made[member].as_str().unwrap().to_owned());
    }
    secrets
}

/// N7: no list, object, event or table ever shows a secret again; the database keeps digests.
#[tokio::test]
async fn a_secret_is_shown_once() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let path = |below: &str| acme.tenant.path(below);
    let credentials = path(&format!("/resources/{}/credentials", acme.resource));
    let confidential = json!({
        "redirect_uris": ["https://made.example/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let mut secrets = made_secrets(&app, &acme, &confidential).await;
    let mut chosen = confidential;
    chosen["client_secret"] = json!("chosen-by-the-operator");
    let made = app.admin().create(&path("/clients"), &chosen).await;
    assert_eq!(made["client_secret"], "chosen-by-the-operator");
    let client = path(&format!("/clients/{}", made["client_id"].as_str().unwrap()));
    let chosen = json!({ "client_secret": "chosen-for-introspection" });
    assert_eq!(
        app.admin().create(&credentials, &chosen).await["client_secret"],
        "chosen-for-introspection"
    );
    let user = json!({ "username": "dora", "password": "carols first password" });
    let user = app
        .admin()
        .post(&path("/users"), &user)
        .await
        .expect_status(201);
    assert!(!user.body.contains("carols first password"), "{user:?}");
    let user = path(&format!("/users/{}", super::id_of(&user.json())));
    secrets.extend(
        [
            "chosen-by-the-operator",
            "chosen-for-introspection",
            "carols first password",
            "carols second password",
        ]
        .map(str::to_owned),
    );

    let mut answers = vec![
        app.admin()
            .patch(&user, &json!({ "password": "carols second password" }))
            .await
            .expect_status(200),
        app.admin()
            .patch(&client, &json!({ "client_name": "Renamed" }))
            .await
            .expect_status(200),
        app.admin().get(&user).await.expect_status(200),
        app.admin().get(&client).await.expect_status(200),
    ];
    for operation in Document::of(&app)
        .await
        .operations()
        .iter()
        .filter(|operation| !operation.is_write())
    {
        answers.push(
            acme.call(app.admin(), operation, 1)
                .await
                .expect_status(200),
        );
    }
    let tables = app.database().db_dump().await;
    for secret in &secrets {
        assert!(secret.len() > 15, "{secret}");
        for answer in &answers {
            assert!(!answer.body.contains(secret), "{secret} is in {answer:?}");
        }
        assert!(!tables.contains(secret), "{secret} is in the database");
    }
    for answer in &answers {
        for hidden in [
            "writ_ak_",
            "writ_cs_",
            "writ_rs_",
            "writ_iat_",
            "$argon2",
            "_digest",
            "password_hash",
            "\"d\"",
        ] {
            assert!(!answer.body.contains(hidden), "{hidden} is in {answer:?}");
        }
    }
    // The dump is a dump: what is no secret is in it.
    assert!(tables.contains("dora") && tables.contains("$argon2id$"));
}
