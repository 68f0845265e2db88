//! Resources that were refused and are kept, so that an administrator can accept one (RFC 8707 §2).

use serde_json::{Value, json};

use crate::harness::{OAuthClient, TestApp, TestTenant};

const ASKED: &str = "https://mcp.acme.test/v2";

async fn kept(tenant: &TestTenant) -> Vec<Value> {
    let listed = tenant.admin().get(&tenant.path("/refused-resources")).await;
    let listed = listed.expect_status(200).json();
    listed["data"].as_array().unwrap().clone()
}

fn asking(client: &OAuthClient, resource: &str) -> OAuthClient {
    client.clone().with_resource(Some(resource))
}

/// G2: what alice's application asks for is refused, kept, accepted in one step, and then works.
#[tokio::test]
async fn a_refused_resource_is_accepted_in_one_step() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let client = asking(&acme.public_client().await, ASKED);
    let refused = client.authorization_request().walk(&browser).await;
    assert_eq!(refused.error(), "invalid_target");
    // She is signed in by now: again, and without the login page in between.
    let again = client.authorization_request().walk(&browser).await;
    assert_eq!(again.error(), "invalid_target");

    let [entry] = &kept(&acme).await[..] else {
        panic!("one value was refused")
    };
    assert_eq!(entry["value"], ASKED);
    assert_eq!(entry["client_id"], client.client_id.as_str());
    assert_eq!(entry["times_refused"], 2);
    let path = acme.path(&format!(
        "/refused-resources/{}/accept",
        entry["id"].as_str().unwrap()
    ));
    let body = json!({ "resource_id": acme.resource.id });
    let accepted = acme.admin().post(&path, &body).await.expect_status(201);
    assert_eq!(accepted.json()["aliases"], json!([ASKED]));
    assert_eq!(kept(&acme).await, Vec::<Value>::new());
    acme.admin().post(&path, &body).await.expect_status(404);

    let tokens = client.tokens_of(&browser).await;
    assert_eq!(tokens.claims()["aud"], acme.resource.audience.as_str());
    let events = acme.audit_events("refused_resource.accepted").await;
    let [event] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(event["details"]["accepted"], ASKED);
}

/// Strangers write nothing: nobody is signed in, or the client proved nothing.
#[tokio::test]
async fn a_stranger_leaves_no_refused_resource_behind() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let stranger = acme.browser_of("alice").await;
    let asked = asking(&client, ASKED).authorization_request();
    assert!(asked.open(&stranger).await.is_login());
    asked.with("prompt", "none").send().await;
    let code = client.code_from(&stranger).await;
    let answer = client
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code.code),
            ("redirect_uri", &code.redirect_uri),
            ("code_verifier", &code.verifier),
            ("resource", ASKED),
        ])
        .await;
    answer.is_refused(400, "invalid_target");
    assert_eq!(kept(&acme).await, Vec::<Value>::new());
}

/// A client that proved itself is believed at the token endpoint; a value seen twice is one.
#[tokio::test]
async fn what_a_confidential_client_asks_for_is_kept() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    for resource in [ASKED, "https://mcp.acme.test/mcp#part", ASKED] {
        let answer = asking(&client, resource).client_credentials(None).await;
        answer.is_refused(400, "invalid_target");
    }
    // A resource that this client may not use, or that is somebody's, is no unknown one.
    let other = acme.another_resource("https://other.acme.test/mcp").await;
    let limited = json!({ "resources": [acme.resource.id] });
    acme.change(&format!("/clients/{}", client.client_id), &limited)
        .await;
    let answer = asking(&client, &other.identifier)
        .client_credentials(None)
        .await;
    answer.is_refused(400, "invalid_target");
    let too_long = format!("https://mcp.acme.test/{}", "x".repeat(2_100));
    let answer = asking(&client, &too_long).client_credentials(None).await;
    answer.is_refused(400, "invalid_target");

    let kept = kept(&acme).await;
    assert_eq!(kept.len(), 2, "{kept:?}");
    let find = |value| kept.iter().find(|entry| entry["value"] == value).unwrap();
    let malformed = find("https://mcp.acme.test/mcp#part");
    assert_eq!(malformed["times_refused"], 1);
    assert_eq!(find(ASKED)["times_refused"], 2);
    // What could never be a resource's name is shown, and not accepted.
    let path = acme.path(&format!(
        "/refused-resources/{}",
        malformed["id"].as_str().unwrap()
    ));
    let body = json!({ "resource_id": acme.resource.id });
    let answer = acme.admin().post(&format!("{path}/accept"), &body).await;
    let answer = answer.expect_status(400).json();
    let detail = answer["detail"].as_str().unwrap();
    assert!(
        detail.contains("without fragment") && detail.contains("ismiss it"),
        "{detail}"
    );
    acme.admin().delete(&path).await.expect_status(204);
    acme.admin().delete(&path).await.expect_status(404);
}

/// A resource that was named so in the meantime keeps the name; a resource that is not there gets none.
#[tokio::test]
async fn a_refused_resource_is_accepted_for_a_resource_that_may_have_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let answer = asking(&client, ASKED).client_credentials(None).await;
    answer.is_refused(400, "invalid_target");
    let id = kept(&acme).await[0]["id"].as_str().unwrap().to_owned();
    let path = acme.path(&format!("/refused-resources/{id}/accept"));
    for unknown in ["00000000-0000-7000-8000-000000000000", "no id", ASKED] {
        let body = json!({ "resource_id": unknown });
        let answer = acme.admin().post(&path, &body).await;
        assert_eq!(
            answer.expect_status(400).json()["errors"][0]["field"],
            "resource_id"
        );
    }
    acme.another_resource(ASKED).await;
    let body = json!({ "resource_id": acme.resource.id });
    acme.admin().post(&path, &body).await.expect_status(409);
    assert_eq!(kept(&acme).await.len(), 1);
}
