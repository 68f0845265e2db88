//! What a body may say, and what is answered to a slip of the pen.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{is_problem, is_problem_of};
use crate::harness::{Answer, TestApp};

async fn send(app: &TestApp, method: Method, path: &str, media_type: &str, body: &Value) -> Answer {
    let request = app.admin().wire().request(method, &app.admin().url(path));
    let request = request
        .bearer_auth(app.admin().key())
        .header("content-type", media_type);
    Answer::of(request.body(body.to_string())).await
}

/// RFC 7396: what is not named is not touched, at any depth; null takes away.
#[tokio::test]
async fn a_merge_patch_touches_what_it_names() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = acme.path("");
    let merged = |body: Value| {
        let (app, path) = (&app, path.as_str());
        async move {
            let merge = "application/merge-patch+json";
            send(app, Method::PATCH, path, merge, &body)
                .await
                .expect_status(200)
                .json()
        }
    };
    let before = app.admin().get(&path).await.json();
    let first = merged(json!({ "compatibility": { "json_token_body": true } })).await;
    let second = merged(json!({ "compatibility": { "confidential_without_pkce": true } })).await;
    assert_eq!(second["compatibility"]["json_token_body"], true, "{second}");
    assert_eq!(second["compatibility"]["confidential_without_pkce"], true);
    for (name, value) in before.as_object().unwrap() {
        if !["compatibility", "updated_at"].contains(&name.as_str()) {
            assert_eq!(first[name], *value, "{name}");
        }
    }
    let third = merged(json!({ "compatibility": { "json_token_body": null } })).await;
    assert_eq!(third["compatibility"]["json_token_body"], false);
    assert_eq!(third["compatibility"]["confidential_without_pkce"], true);
    assert_eq!(
        merged(json!({ "compatibility": null })).await["compatibility"],
        before["compatibility"]
    );
    // Nothing is named: nothing happens.
    let fourth = merged(json!({})).await;
    assert_eq!(fourth["display_name"], before["display_name"]);
}

/// A merge patch changes what is there; it makes nothing.
#[tokio::test]
async fn a_merge_patch_is_for_patch_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({ "username": "alice", "password": "a password of hers" });
    let merge = "application/merge-patch+json";
    let answer = send(&app, Method::POST, &acme.path("/users"), merge, &body).await;
    is_problem(&answer, 415, "unsupported-media-type");
    let json_patch = "application/json-patch+json";
    let answer = send(&app, Method::PATCH, &acme.path(""), json_patch, &body).await;
    is_problem(&answer, 415, "unsupported-media-type");
}

/// A name that does not exist is answered with the one that was meant.
#[tokio::test]
async fn a_slip_of_the_pen_is_answered_with_what_was_meant() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let users = acme.path("/users");
    let told = |answer: Answer, field: &str| {
        is_problem_of(&answer, 400, "malformed-request", field);
        answer.json()["errors"][0]["detail"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let body = json!({ "username": "alice", "pasword": "a password of hers" });
    let detail = told(app.admin().post(&users, &body).await, "pasword");
    assert!(detail.contains("did you mean `password`?"), "{detail}");
    let detail = told(app.admin().get(&format!("{users}?limt=5")).await, "limt");
    assert!(detail.contains("did you mean `limit`?"), "{detail}");
    let body = json!({ "display_name": "Acme" });
    let detail = told(
        app.admin().patch(&acme.path("?dryrun=true"), &body).await,
        "dryrun",
    );
    assert!(detail.contains("dry_run"), "{detail}");
    let body = json!({ "compatibility": { "json_body": true } });
    let detail = told(
        app.admin().patch(&acme.path(""), &body).await,
        "compatibility.json_body",
    );
    assert!(detail.contains("json_token_body"), "{detail}");
}

/// N3: which thing is meant is said by the path.
#[tokio::test]
async fn a_body_cannot_say_another_id_than_the_path() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (alice, bob) = (acme.user("alice").await, acme.user("bob").await);
    let path = acme.path(&format!("/users/{}", alice.id));
    for field in ["id", "tenant"] {
        let mut body = json!({ "name": "Mallory" });
        body[field] = json!(bob.id);
        let answer = app.admin().patch(&path, &body).await;
        is_problem_of(&answer, 400, "malformed-request", field);
        let detail = answer.json()["errors"][0]["detail"].to_string();
        assert!(detail.contains("path"), "{detail}");
    }
}
