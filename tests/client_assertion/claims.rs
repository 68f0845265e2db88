//! What an assertion says, and how its header says it is signed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{ask, ask_now, says, signing_client, signing_client_with};
use crate::harness::{ClientKey, TestApp, TestAppOptions, TestInternet};

/// E7: our issuer, alone; whatever else it is, the assertion could be meant for another server.
#[tokio::test]
async fn the_audience_is_the_issuer_alone() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let signer = client.signer();
    for audience in [json!(acme.issuer), json!([acme.issuer])] {
        let assertion = key.sign(&signer.claims_with("aud", audience));
        ask(&app, &client, &assertion).await.tokens();
    }
    for audience in [
        json!(acme.url("token")),
        json!([acme.url("token")]),
        json!(acme.url("par")),
        json!([acme.issuer, acme.url("token")]),
        json!([acme.issuer, "https://other.example"]),
        json!(umbrella.issuer),
        json!(format!("{}/", acme.issuer)),
        json!(app.public_url()),
        json!([]),
        Value::Null,
    ] {
        let assertion = key.sign(&signer.claims_with("aud", audience.clone()));
        let refused = ask(&app, &client, &assertion).await;
        refused.is_refused(401, "invalid_client");
        says(&refused, &format!("must be {}", acme.issuer));
    }
}

/// E7: the tenant's switch lets the token endpoint pass, by any of its names; it is counted and audited.
#[tokio::test]
async fn the_token_endpoint_passes_for_the_audience_by_the_tenants_switch() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let signer = client.signer();
    acme.change(
        "",
        &json!({ "compatibility": { "token_endpoint_audience": true } }),
    )
    .await;
    for name in ["token", "oauth/token", "protocol/openid-connect/token"] {
        let assertion = key.sign(&signer.claims_with("aud", json!(acme.url(name))));
        ask(&app, &client, &assertion).await.tokens();
    }
    let used = "writ_tolerances_used_total{tolerance=\"token_endpoint_audience\"}";
    assert_eq!(app.metric(used).await, Some(3));
    acme.next_audit_event("client_credentials.issued", |event| {
        event["details"]["tolerances"] == "token_endpoint_audience"
    })
    .await;
    // What is right anyway is no tolerance, and what is wrong anyway is not let pass.
    client.client_credentials(None).await.tokens();
    assert_eq!(app.metric(used).await, Some(3));
    for wrong in [
        json!(acme.url("revoke")),
        json!([acme.issuer, acme.url("token")]),
    ] {
        let assertion = key.sign(&signer.claims_with("aud", wrong));
        ask(&app, &client, &assertion)
            .await
            .is_refused(401, "invalid_client");
    }
}

/// E8: who speaks, of whom, and when.
#[tokio::test]
async fn parties_and_times_are_those_of_the_client_and_of_now() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let other = signing_client(&app, &acme, &key).await;
    let signer = client.signer();
    let from_now = |seconds: i64| json!({ "from_now": seconds });
    // Right when it is asked, since time goes on from row to row.
    let ask_with = async |name: &str, value: &Value| {
        app.clock().advance(Duration::from_secs(2));
        let value = match value["from_now"].as_i64() {
            Some(seconds) => json!(app.clock().unix_seconds() + seconds),
            None => value.clone(),
        };
        ask_now(&client, &key.sign(&signer.claims_with(name, value))).await
    };
    for (name, value, words) in [
        ("iss", json!(other.client_id), "iss and sub"),
        ("sub", json!(other.client_id), "iss and sub"),
        ("iss", Value::Null, "iss and sub"),
        ("sub", Value::Null, "iss and sub"),
        ("exp", Value::Null, "exp is required"),
        ("exp", json!("2000000000"), "must be numbers"),
        ("exp", from_now(-60), "expired"),
        ("exp", from_now(661), "at most 10 minutes"),
        ("exp", from_now(3_600), "at most 10 minutes"),
        ("iat", from_now(61), "in the future"),
        ("nbf", from_now(61), "in the future"),
        ("jti", Value::Null, "needs a jti"),
        ("jti", json!(""), "needs a jti"),
        ("jti", json!("j".repeat(257)), "needs a jti"),
        ("jti", json!(5), "needs a jti"),
    ] {
        let refused = ask_with(name, &value).await;
        refused.is_refused(401, "invalid_client");
        says(&refused, words);
    }
    for (name, value) in [
        ("exp", from_now(-59)),
        ("exp", from_now(660)),
        ("iat", from_now(60)),
        ("iat", Value::Null),
        ("nbf", from_now(60)),
    ] {
        let answer = ask_with(name, &value).await;
        assert_eq!(answer.status.as_u16(), 200, "{name} {value}: {answer:?}");
    }
}

/// E10, G5: a type may be left out; another kind of token is no assertion, and an assertion no other.
#[tokio::test]
async fn a_type_is_optional_and_never_another_kind() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let signer = client.signer();
    let typed = |typ: &str| {
        let mut header = key.header();
        header["typ"] = json!(typ);
        key.sign_with(&header, &signer.claims())
    };
    for typ in ["JWT", "client-authentication+jwt"] {
        ask(&app, &client, &typed(typ)).await.tokens();
    }
    for typ in ["at+jwt", "oauth-id-jag+jwt", "logout+jwt", "dpop+jwt"] {
        let refused = ask(&app, &client, &typed(typ)).await;
        refused.is_refused(401, "invalid_client");
    }
    let access_token = client.client_credentials(None).await.tokens().access_token;
    ask(&app, &client, &access_token)
        .await
        .is_refused(401, "invalid_client");
    let introspected = acme
        .resource_credential()
        .await
        .introspect(&signer.assertion())
        .await;
    assert_eq!(introspected, json!({ "active": false }));
}

/// E11: the header decides nothing: neither the key, nor how it is used, nor where to look for it.
#[tokio::test]
async fn a_header_brings_no_key_and_no_algorithm() {
    let internet = TestInternet::of(&["evil.example"]).await;
    let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("RS256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let own = ClientKey::generate("RS256", "one");
    let claims = || client.signer().claims();
    for (name, value) in [
        ("jwk", own.jwk()),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", json!(["AA=="])),
        ("crit", json!(["x"])),
        ("b64", json!(false)),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("PS256")),
        ("alg", json!("ES256")),
        ("alg", json!("RS512")),
        ("kid", json!("another")),
    ] {
        // Even with the right key; a stranger's is refused for less.
        for key in [&key, &own] {
            let mut header = key.header();
            header[name] = value.clone();
            let refused = ask(&app, &client, &key.sign_with(&header, &claims())).await;
            refused.is_refused(401, "invalid_client");
        }
    }
    let unsigned = key.sign_with(&json!({ "alg": "none" }), &claims());
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    for assertion in [message.to_owned(), format!("{message}.")] {
        ask(&app, &client, &assertion)
            .await
            .is_refused(401, "invalid_client");
    }
    assert_eq!(internet.connections(), 0);
    // RFC 7515 §4: what means nothing to us means nothing.
    let mut header = key.header();
    header["x5t"] = json!("AA");
    ask(&app, &client, &key.sign_with(&header, &claims()))
        .await
        .tokens();
}

/// E11: a client that registered one algorithm uses no other, whatever else its keys could do.
#[tokio::test]
async fn a_registered_algorithm_is_the_only_one() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (elliptic, rsa) = (
        ClientKey::generate("ES256", "one"),
        ClientKey::generate("RS256", "two"),
    );
    let metadata = json!({
        "jwks": { "keys": [elliptic.jwk(), rsa.jwk()] },
        "token_endpoint_auth_signing_alg": "ES256",
    });
    let client = signing_client_with(&app, &acme, &elliptic, metadata).await;
    client.client_credentials(None).await.tokens();
    let refused = ask(&app, &client, &rsa.sign(&client.signer().claims())).await;
    refused.is_refused(401, "invalid_client");
    says(&refused, "must be signed with ES256");
}

/// G7: what is no JWT is refused for its form.
#[tokio::test]
async fn a_form_that_is_no_jwt_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let good = client.signer().assertion();
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = encode(&key.header().to_string());
    for bad in [
        format!("{good}.more"),
        format!(" {good}"),
        format!("{good}="),
        good.replacen('.', "", 1),
        format!("{header}.{}.AA", encode("[]")),
        format!("{header}.{}.AA", encode("{\"sub\":1,\"sub\":2}")),
        "x".to_owned(),
    ] {
        let refused = ask(&app, &client, &bad).await;
        refused.is_refused(401, "invalid_client");
        says(&refused, "is not a signed JWT");
    }
    app.clock().advance(Duration::from_mins(1));
    ask(&app, &client, &good).await.tokens();
}
