//! The compatibility switches: off, the rule of the specification holds and the answer names what is
//! missing; on, exactly one thing is let pass, counted, and told in the audit.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Browser, OAuthClient, TestApp, TestAppOptions, TestTenant, VERIFIER};

async fn turn(tenant: &TestTenant, switch: &str, is_on: bool) {
    let switches = json!({ "compatibility": { switch: is_on } });
    tenant.change("", &switches).await;
}

async fn uses(app: &TestApp, tolerance: &str) -> i64 {
    let name = format!("writ_tolerances_used_total{{tolerance=\"{tolerance}\"}}");
    app.metric(&name).await.unwrap_or_default()
}

/// The tolerances of the newest event of this kind, once one has come that names any.
async fn told(tenant: &TestTenant, action: &str) -> String {
    let names_any = |event: &Value| event["details"]["tolerances"].is_string();
    let event = tenant.next_audit_event(action, names_any).await;
    event["details"]["tolerances"].as_str().unwrap().to_owned()
}

async fn post_json(client: &OAuthClient, body: &Value) -> Answer {
    let url = format!("{}/token", client.issuer);
    client.wire.post_json(&url, body).await
}

fn credentials(client: &OAuthClient) -> Value {
    json!({
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.secret().unwrap(),
        "resource": client.resource,
    })
}

/// E14: off: a form, and the answer says so. On: the same members as JSON, at the token endpoint alone.
#[tokio::test]
async fn a_token_request_may_be_json_where_the_tenant_says_so() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let client = acme.confidential_client().await;
    let refused = post_json(&client, &credentials(&client)).await;
    refused.is_refused(400, "invalid_request");
    let reason = refused.text("error_description");
    assert!(
        reason.contains("application/x-www-form-urlencoded"),
        "{reason}"
    );

    turn(&acme, "json_token_body", true).await;
    post_json(&client, &credentials(&client)).await.tokens();
    assert_eq!(
        told(&acme, "client_credentials.issued").await,
        "json_token_body"
    );
    assert_eq!(uses(&app, "json_token_body").await, 1);
    // Forms go on, and are no use of the switch.
    client.client_credentials(None).await.tokens();
    assert_eq!(uses(&app, "json_token_body").await, 1);
    let alice = acme.browser_of("alice").await;
    let code = client.code_from(&alice).await;
    let redeemed = post_json(
        &client,
        &json!({
            "grant_type": "authorization_code", "code": code.code, "code_verifier": code.verifier,
            "redirect_uri": code.redirect_uri, "client_id": client.client_id,
            "client_secret": client.secret().unwrap(),
        }),
    )
    .await
    .tokens();
    assert_eq!(told(&acme, "code.redeemed").await, "json_token_body");

    // One switch of one tenant at one endpoint.
    let other = globex.confidential_client().await;
    post_json(&other, &credentials(&other))
        .await
        .is_refused(400, "invalid_request");
    for endpoint in ["revoke", "introspect"] {
        let body = json!({ "token": redeemed.access_token, "client_id": client.client_id });
        let answer = acme.wire().post_json(&acme.url(endpoint), &body).await;
        answer.is_refused(400, "invalid_request");
    }
}

/// R1, E2: what is no object of strings is refused, and one member twice is as bad as one parameter twice.
#[tokio::test]
async fn an_odd_json_body_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    turn(&acme, "json_token_body", true).await;
    let client = acme.confidential_client().await;
    let secret = client.secret().unwrap();
    let post = |body: String| {
        let request = client.wire.request(Method::POST, &acme.url("token"));
        Answer::of(
            request
                .header("content-type", "application/json")
                .body(body),
        )
    };
    let start = format!(
        "{{\"client_id\":\"{}\",\"client_secret\":\"{secret}\"",
        client.client_id
    );
    for rest in [
        "",
        ",\"grant_type\":5}",
        ",\"grant_type\":null}",
        ",\"grant_type\":[\"client_credentials\"]}",
        ",\"grant_type\":{\"a\":\"client_credentials\"}}",
        ",\"grant_type\":\"client_credentials\",\"grant_type\":\"client_credentials\"}",
        ",\"client_id\":\"other\",\"grant_type\":\"client_credentials\"}",
        ",\"grant_type\":\"client_credentials\",\"scope\":\"\\u0000\"}",
    ] {
        post(format!("{start}{rest}"))
            .await
            .is_refused(400, "invalid_request");
    }
    for body in ["", "[]", "null", "\"grant_type=client_credentials\""] {
        post(body.to_owned())
            .await
            .is_refused(400, "invalid_request");
    }
    let deep = format!("{start},\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    post(deep).await.is_refused(400, "invalid_request");
    let huge = format!("{start},\"a\":\"{}\"}}", "x".repeat(70_000));
    post(huge).await.is_refused(413, "invalid_request");
}

async fn ask_without_pkce(client: &OAuthClient, browser: &Browser) -> crate::harness::Authorized {
    let request = client.authorization_request();
    let request = request.without("code_challenge");
    request.without("code_challenge_method").walk(browser).await
}

async fn redeem_bare(client: &OAuthClient, code: &str, extra: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("grant_type", "authorization_code"), ("code", code)];
    fields.extend_from_slice(extra);
    client.token(&fields).await
}

/// C1: off: nobody goes without PKCE. On: who authenticates with a secret, and nobody else; the code then
/// takes that secret.
#[tokio::test]
async fn a_confidential_client_may_leave_pkce_out_where_the_tenant_says_so() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let confidential = acme.confidential_client().await;
    let public = acme.public_client().await;
    let refused = ask_without_pkce(&confidential, &alice).await;
    assert_eq!(refused.error(), "invalid_request");
    let reason = refused.parameter("error_description").unwrap();
    assert!(reason.contains("code_challenge"), "{reason}");

    turn(&acme, "confidential_without_pkce", true).await;
    assert_eq!(
        ask_without_pkce(&public, &alice).await.error(),
        "invalid_request"
    );
    let code = ask_without_pkce(&confidential, &alice).await.code();
    assert_eq!(
        told(&acme, "consent.granted").await,
        "confidential_without_pkce"
    );
    assert_eq!(uses(&app, "confidential_without_pkce").await, 1);

    // Without the secret, with a wrong one, or by another client the code is worth nothing.
    let anonymous = confidential
        .clone()
        .with_authentication(crate::harness::ClientAuthentication::None);
    redeem_bare(&anonymous, &code.code, &[])
        .await
        .is_refused(401, "invalid_client");
    redeem_bare(&public, &code.code, &[])
        .await
        .is_refused(400, "invalid_grant");
    redeem_bare(&acme.confidential_client().await, &code.code, &[])
        .await
        .is_refused(400, "invalid_grant");
    redeem_bare(&confidential, &code.code, &[]).await.tokens();

    // Who sends a challenge is held to it, and half of one is a mistake.
    let code = confidential.code_from(&alice).await;
    redeem_bare(&confidential, &code.code, &[])
        .await
        .is_refused(400, "invalid_grant");
    confidential.redeem(&code).await.tokens();
    assert_eq!(uses(&app, "confidential_without_pkce").await, 1);
    for left_out in ["code_challenge", "code_challenge_method"] {
        let half = confidential.authorization_request().without(left_out);
        assert_eq!(half.walk(&alice).await.error(), "invalid_request");
    }
    let plain = confidential
        .authorization_request()
        .with("code_challenge_method", "plain");
    assert_eq!(plain.walk(&alice).await.error(), "invalid_request");
}

/// C5: a verifier for a code without a challenge means that somebody took the challenge out on the way.
#[tokio::test]
async fn a_verifier_for_a_code_without_a_challenge_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    turn(&acme, "confidential_without_pkce", true).await;
    let alice = acme.browser_of("alice").await;
    let client = acme.confidential_client().await;
    let code = ask_without_pkce(&client, &alice).await.code();
    client.cannot_redeem(&code.with_verifier(VERIFIER)).await;
    redeem_bare(&client, &code.code, &[]).await.tokens();
}

/// C1: turned off, the switch is off for what is under way as well.
#[tokio::test]
async fn turning_the_switch_off_ends_what_is_under_way() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    turn(&acme, "confidential_without_pkce", true).await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let code = ask_without_pkce(&client, &alice).await.code();
    let request = client
        .authorization_request()
        .without("code_challenge")
        .without("code_challenge_method")
        .with("prompt", "consent");
    let consent = request.open(&alice).await;
    assert!(consent.is_consent());

    turn(&acme, "confidential_without_pkce", false).await;
    redeem_bare(&client, &code.code, &[])
        .await
        .is_refused(400, "invalid_grant");
    let form = consent.consent_form().press("decision", "allow");
    let ended = request.ended_at(alice.submit(&form).await);
    assert_eq!(ended.error(), "invalid_request");
}

/// RFC 7591 §2: under the switch, who names no method authenticates, on a person's machine too.
#[tokio::test]
async fn a_registration_without_a_method_gets_a_secret_under_the_switch() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({ "redirect_uris": ["http://localhost:3001/callback"] });
    let before = acme.register(&body).await.expect_status(201).json();
    assert_eq!(before.get("client_secret"), None);
    turn(&acme, "confidential_without_pkce", true).await;
    let made = acme.register(&body).await.expect_status(201).json();
    assert!(made["client_secret"].is_string());
    assert_eq!(made["client_secret_expires_at"], 0);
    let mut public = body;
    public["token_endpoint_auth_method"] = json!("none");
    let made = acme.register(&public).await.expect_status(201).json();
    assert_eq!(made.get("client_secret"), None);
}

/// H1, H4: off: who asks about a token says who it is. On, on one machine: nobody has to, and who does is
/// held to it.
#[tokio::test]
async fn introspection_without_a_credential_is_for_one_machine() {
    let options = TestAppOptions::default().at("http://localhost:9000");
    let app = TestApp::start_with(options).await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let token = client.client_credentials(None).await.tokens().access_token;
    let introspect = |fields: Vec<(&'static str, String)>| {
        let (wire, url) = (acme.wire().clone(), acme.url("introspect"));
        async move { wire.post_form(&url, &fields).await }
    };
    let bare = introspect(vec![("token", token.clone())]).await;
    bare.is_refused(401, "invalid_client");

    turn(&acme, "unauthenticated_introspection", true).await;
    let seen = introspect(vec![("token", token.clone())]).await;
    let seen = seen.expect_status(200).json();
    assert_eq!(
        (&seen["active"], &seen["aud"]),
        (&json!(true), &json!(acme.resource.audience))
    );
    let unknown = introspect(vec![("token", "nonsense".to_owned())]).await;
    assert_eq!(unknown.expect_status(200).body, "{\"active\":false}");
    introspect(vec![]).await.is_refused(400, "invalid_request");
    assert_eq!(
        told(&acme, "token.introspected").await,
        "unauthenticated_introspection"
    );
    assert_eq!(uses(&app, "unauthenticated_introspection").await, 2);

    for named in [
        ("client_id", client.client_id.clone()),
        ("client_secret", "guess".to_owned()),
    ] {
        let answer = introspect(vec![("token", token.clone()), named]).await;
        answer.is_refused(401, "invalid_client");
    }
    let another = acme.another_resource("http://localhost:9100/mcp").await;
    let other = acme.resource_credential_of(&another).await;
    assert!(!other.accepts(&token).await, "a credential sees its own");
}

/// H4: the switch cannot be turned where the world reaches the issuer, and does nothing there.
#[tokio::test]
async fn introspection_without_a_credential_is_refused_to_the_world() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let switches = json!({ "compatibility": { "unauthenticated_introspection": true } });
    let refused = acme.admin().patch(&acme.path(""), &switches).await;
    assert_eq!(refused.status.as_u16(), 400, "{refused:?}");
    assert!(refused.body.contains("localhost"), "{refused:?}");
    // As an installation would have it that was moved from a laptop.
    let forced = "update tenants set tolerates_unauthenticated_introspection = true";
    app.database().db_execute(forced).await;
    let replica = app.start_replica().await;
    let moved = acme.through(replica.wire());
    let token = [("token", "nonsense")];
    let answer = moved
        .wire()
        .post_form(&moved.url("introspect"), &token)
        .await;
    answer.is_refused(401, "invalid_client");
}
