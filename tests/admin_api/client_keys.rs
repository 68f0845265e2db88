//! Clients and resource servers that sign assertions: their public keys, entered and changed.

use serde_json::{Value, json};

use super::{is_problem, is_problem_of};
use crate::harness::{TestApp, TestTenant};

const JWKS_URI: &str = "https://notes.example/jwks.json";

fn jwks(kid: &str) -> Value {
    let key =
        json!({"kty": "EC", "crv": "P-256", "x": "x".repeat(43), "y": "y".repeat(43), "kid": kid});
    json!({ "keys": [key] })
}

fn body(more: &Value) -> Value {
    let mut body = json!({ "redirect_uris": ["https://notes.example/callback"] });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn make(tenant: &TestTenant, more: &Value) -> (String, Value) {
    let made = tenant
        .admin()
        .create(&tenant.path("/clients"), &body(more))
        .await;
    let path = format!("/clients/{}", made["client_id"].as_str().unwrap());
    (path, made)
}

/// A client with keys has no secret; its keys are shown as they are kept.
#[tokio::test]
async fn a_client_with_keys_has_no_secret() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut padded = jwks("one");
    padded["keys"][0]["x5c"] = json!(["a certificate"]);
    let keys = json!({ "jwks": padded, "token_endpoint_auth_signing_alg": "ES256" });
    let (path, made) = make(&acme, &keys).await;
    assert_eq!(made["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!(made["token_endpoint_auth_signing_alg"], "ES256");
    assert_eq!(made["jwks"], jwks("one"));
    assert!(made.get("client_secret").is_none(), "{made}");
    assert_eq!(app.admin().get(&acme.path(&path)).await.json(), made);

    let moved = acme.change(&path, &json!({ "jwks_uri": JWKS_URI })).await;
    assert_eq!(
        [&moved["jwks"], &moved["jwks_uri"]],
        [&Value::Null, &json!(JWKS_URI)]
    );
    let renamed = acme
        .change(&path, &json!({ "client_name": "Renamed" }))
        .await;
    assert_eq!(renamed["jwks_uri"], JWKS_URI);
    let back = acme.change(&path, &json!({ "jwks": jwks("two") })).await;
    assert_eq!(
        [&back["jwks"], &back["jwks_uri"]],
        [&jwks("two"), &Value::Null]
    );
}

/// J4: private and symmetric keys, two places, no place, and keys that nothing would use are refused by name.
#[tokio::test]
async fn keys_that_could_not_work_are_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut private = jwks("one");
    private["keys"][0]["d"] = json!("d".repeat(43));
    let symmetric = json!({ "keys": [{ "kty": "oct", "k": "AQAB" }] });
    let mut endless = jwks("one");
    endless["keys"][0]["x5c"] = json!(["A".repeat(20_000)]);
    for (more, field) in [
        (json!({ "jwks": private }), "jwks"),
        (json!({ "jwks": symmetric }), "jwks"),
        (json!({ "jwks": {} }), "jwks"),
        (json!({ "jwks": endless }), "jwks"),
        (json!({ "jwks": jwks("one"), "jwks_uri": JWKS_URI }), "jwks"),
        (
            json!({ "jwks_uri": "http://notes.example/jwks.json" }),
            "jwks_uri",
        ),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            "jwks",
        ),
        (
            json!({ "token_endpoint_auth_method": "none", "jwks": jwks("one") }),
            "jwks",
        ),
        (
            json!({ "jwks": jwks("one"), "token_endpoint_auth_signing_alg": "HS256" }),
            "token_endpoint_auth_signing_alg",
        ),
        (
            json!({ "token_endpoint_auth_signing_alg": "ES256" }),
            "token_endpoint_auth_signing_alg",
        ),
    ] {
        let refused = app.admin().post(&acme.path("/clients"), &body(&more)).await;
        is_problem_of(&refused, 400, "invalid-value", field);
    }
    let (path, _) = make(&acme, &json!({ "jwks": jwks("one") })).await;
    let refused = app
        .admin()
        .patch(&acme.path(&path), &json!({ "jwks": null }))
        .await;
    is_problem_of(&refused, 400, "invalid-value", "jwks");
}

/// How a client proves itself can be changed, but a public client stays public; keys that have no use go.
#[tokio::test]
async fn a_client_may_prove_itself_another_way() {
    const METHOD: &str = "token_endpoint_auth_method";
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let secret = json!({ METHOD: "client_secret_basic" });
    let (path, made) = make(&acme, &secret).await;
    let keys = json!({ METHOD: "private_key_jwt", "jwks": jwks("one") });
    assert_eq!(acme.change(&path, &keys).await["jwks"], jwks("one"));
    let client = acme.client_of(&made);
    let with_secret = client.client_credentials(None).await;
    with_secret.is_refused(401, "invalid_client");
    let back = acme
        .change(&path, &json!({ METHOD: "client_secret_post" }))
        .await;
    assert_eq!(
        [&back["jwks"], &back["jwks_uri"]],
        [&Value::Null, &Value::Null]
    );

    let prove_by = async |path: &str, method: Value| {
        let changes = json!({ METHOD: method });
        app.admin().patch(&acme.path(path), &changes).await
    };
    let (keyed, _) = make(&acme, &json!({ "jwks": jwks("one") })).await;
    let (public, _) = make(&acme, &json!({ METHOD: "none" })).await;
    for (path, method) in [
        (&path, json!("none")),
        (&path, Value::Null),
        (&path, json!("client_secret_jwt")),
        (&public, json!("client_secret_basic")),
        // It has no secret yet.
        (&keyed, json!("client_secret_basic")),
    ] {
        is_problem_of(&prove_by(path, method).await, 400, "invalid-value", METHOD);
    }
    is_problem_of(
        &prove_by(&path, json!("private_key_jwt")).await,
        400,
        "invalid-value",
        "jwks",
    );
    let secrets = acme.path(&format!("{keyed}/secrets"));
    app.admin().create(&secrets, &json!({})).await;
    prove_by(&keyed, json!("client_secret_basic"))
        .await
        .expect_status(200);
}

/// H1: a resource server may have keys in place of a secret; one or the other.
#[tokio::test]
async fn a_resource_server_has_a_secret_or_keys() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = acme.path(&format!("/resources/{}/credentials", acme.resource.id));
    for (body, kept) in [
        (json!({ "jwks": jwks("one") }), [jwks("one"), Value::Null]),
        (
            json!({ "jwks_uri": JWKS_URI }),
            [Value::Null, json!(JWKS_URI)],
        ),
    ] {
        let made = app.admin().create(&path, &body).await;
        assert_eq!([&made["jwks"], &made["jwks_uri"]], [&kept[0], &kept[1]]);
        assert!(made.get("client_secret").is_none(), "{made}");
        let listed = app.admin().get(&path).await.json()["data"].clone();
        assert!(listed.as_array().unwrap().contains(&made), "{listed}");
    }
    for (body, field) in [
        (json!({ "jwks": jwks("one"), "jwks_uri": JWKS_URI }), "jwks"),
        (json!({ "jwks": { "keys": [] } }), "jwks"),
        (json!({ "jwks_uri": "notes.example" }), "jwks_uri"),
        (
            json!({ "jwks_uri": JWKS_URI, "client_secret": "a-secret-of-our-own" }),
            "client_secret",
        ),
    ] {
        is_problem_of(
            &app.admin().post(&path, &body).await,
            400,
            "invalid-value",
            field,
        );
    }
    let made = app
        .admin()
        .create(&path, &json!({ "jwks_uri": JWKS_URI }))
        .await;
    let path = format!("{path}/{}", super::id_of(&made));
    app.admin().delete(&path).await.expect_status(204);
    is_problem(&app.admin().delete(&path).await, 404, "not-found");
}
