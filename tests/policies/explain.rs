//! What would happen if: every check, in the order of the flow, without anything being issued.

use serde_json::{Value, json};

use super::{CONTRACTORS_STAY_OUT, STRANGERS_ONLY_READ, WRITING_IS_FOR_EDITORS, put_into, write};
use crate::harness::{TestApp, TestTenant};

const BOTH: &str = "notes:read notes:write";

async fn explain(tenant: &TestTenant, body: &Value) -> Value {
    let path = tenant.path("/policies/explain");
    let answer = tenant.admin().post(&path, body).await;
    answer.expect_status(200).json()
}

/// The checks of this name, and how each of them ended.
fn results(explanation: &Value, check: &str) -> Vec<(String, String)> {
    let checks = explanation["checks"].as_array().unwrap();
    let named = checks.iter().filter(|it| it["check"] == check);
    named
        .map(|it| {
            let text = |member: &str| it[member].as_str().unwrap_or_default().to_owned();
            (text("scope"), text("result"))
        })
        .collect()
}

fn last_check(explanation: &Value) -> (String, String) {
    let last = explanation["checks"].as_array().unwrap().last().unwrap();
    let text = |member: &str| last[member].as_str().unwrap_or_default().to_owned();
    (text("check"), text("result"))
}

/// The three worked examples of docs/policies.md, each explained.
#[tokio::test]
async fn it_says_what_would_happen_and_because_of_which_policy() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    put_into(&acme, "erin", "editors").await;
    let all = format!("{CONTRACTORS_STAY_OUT}{WRITING_IS_FOR_EDITORS}{STRANGERS_ONLY_READ}");
    write(&acme, &all).await;
    let known = acme.public_client().await;
    let stranger = acme.registered_client("http://127.0.0.1/callback").await;
    let asking = async |username: &str, client_id: &str| {
        let user = acme.user(username).await;
        let body = json!({ "client_id": client_id, "user_id": user.id, "scope": BOTH });
        explain(&acme, &body).await
    };

    let erin = asking("erin", &known.client_id).await;
    assert_eq!(
        (&erin["outcome"], &erin["scope"]),
        (&json!("allowed"), &json!(BOTH))
    );
    assert_eq!(erin["resources"], json!([acme.resource.identifier]));
    assert_eq!(
        last_check(&erin),
        ("consent".to_owned(), "passed".to_owned())
    );

    let alice = asking("alice", &known.client_id).await;
    assert_eq!(
        (&alice["outcome"], &alice["scope"]),
        (&json!("narrowed"), &json!("notes:read"))
    );
    let failed: Vec<&Value> = alice["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["result"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1, "{alice:#}");
    assert_eq!(failed[0]["scope"], "notes:write");
    assert_eq!(failed[0]["policies"][0]["id"], "writing-is-for-editors");

    let carol = asking("carol", &known.client_id).await;
    assert_eq!(
        (&carol["outcome"], &carol["scope"]),
        (&json!("denied"), &json!(""))
    );
    assert_eq!(
        last_check(&carol),
        ("policies".to_owned(), "failed".to_owned())
    );

    let of_stranger = asking("erin", &stranger.client_id).await;
    assert_eq!(of_stranger["scope"], "notes:read");
}

/// Not the policies alone: whichever check it is that ends the request.
#[tokio::test]
async fn every_check_of_the_flow_is_gone_through() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let alice = acme.user("alice").await;
    let base = json!({ "client_id": client.client_id, "user_id": alice.id });
    let with = |member: &str, value: Value| {
        let mut body = base.clone();
        body[member] = value;
        body
    };
    for (body, check) in [
        (with("client_id", json!("nobody")), "client"),
        (
            with("user_id", json!("01926f7e-8a3c-7c51-9d1e-4f6b2a0c7d11")),
            "user",
        ),
        (
            with(
                "grant_type",
                json!("urn:ietf:params:oauth:grant-type:device_code"),
            ),
            "grant_type",
        ),
        (
            with("redirect_uri", json!("https://evil.example/cb")),
            "redirect_uri",
        ),
        (
            with("resources", json!(["https://unknown.example"])),
            "resource",
        ),
        (with("scope", json!("not:there")), "scopes"),
    ] {
        let explained = explain(&acme, &body).await;
        assert_eq!(explained["outcome"], "denied", "{explained:#}");
        let (last, result) = last_check(&explained);
        assert_eq!(
            (last.as_str(), result.as_str()),
            (check, "failed"),
            "{explained:#}"
        );
    }
    let lost = explain(&acme, &with("scope", json!("notes:read not:there"))).await;
    assert_eq!(lost["outcome"], "narrowed");
    assert_eq!(
        results(&lost, "scopes"),
        [
            ("not:there".to_owned(), "narrowed".to_owned()),
            (String::new(), "passed".to_owned())
        ]
    );
    let own = json!({ "client_id": client.client_id, "grant_type": "client_credentials" });
    let own = explain(&acme, &own).await;
    assert_eq!(own["outcome"], "allowed", "{own:#}");
    acme.disable_user("alice").await;
    assert_eq!(last_check(&explain(&acme, &base).await).0, "user");
}

/// An older sign-in, and what it would be asked for.
#[tokio::test]
async fn it_says_when_a_new_sign_in_would_be_asked_for() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let fresh = r#"
@id("fresh") @description("Whoever decides has just signed in.") @obligation("fresh-sign-in")
forbid (principal is Writ::User, action == Writ::Action::"authorize", resource);
"#;
    write(&acme, fresh).await;
    let client = acme.public_client().await;
    let alice = acme.user("alice").await;
    let mut body = json!({ "client_id": client.client_id, "user_id": alice.id });
    assert_eq!(explain(&acme, &body).await["outcome"], "allowed");
    body["authenticated_at"] = json!("2020-01-01T00:00:00Z");
    let old = explain(&acme, &body).await;
    assert_eq!(old["outcome"], "stronger_sign_in", "{old:#}");
}

#[tokio::test]
async fn nothing_is_issued_or_recorded_and_bad_input_is_named() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.user("alice").await;
    let before = app.database().db_rows().await;
    let body = json!({ "client_id": client.client_id, "user_id": alice.id });
    explain(&acme, &body).await;
    assert_eq!(app.database().db_rows().await, before);
    assert_eq!(app.metric("writ_decisions_total").await, None);

    let path = acme.path("/policies/explain");
    for (member, value) in [
        ("client_id", json!("ü")),
        ("user_id", json!("alice")),
        ("grant_type", json!("password")),
        ("scope", json!("\"")),
        ("address", json!("here")),
        ("authenticated_at", json!("yesterday")),
        ("resources", json!(vec!["x"; 21])),
    ] {
        let mut body = body.clone();
        body[member] = value;
        let refused = acme.admin().post(&path, &body).await.expect_status(400);
        assert_eq!(refused.json()["errors"][0]["field"], member, "{refused:?}");
    }
    let refused = acme.admin().post(&path, &json!({ "client": "x" })).await;
    refused.expect_status(400);
}
