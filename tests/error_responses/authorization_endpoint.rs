//! What goes wrong at the authorization endpoint and at the pages of a sign-in: who is told, and where.

use reqwest::Method;
use serde_json::json;

use super::Place::{Json, Page, Redirect};
use super::{Scene, holds};
use crate::harness::TestApp;

/// Q1, A1, A2, A3: the authorization endpoint and the pages of a sign-in.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn at_the_authorization_endpoint() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let url = scene.confidential.authorization_request();
    let get = |url: &str| scene.acme.wire().request(Method::GET, url);
    let nobody = get(&url.clone().with("client_id", "nobody").url());
    let nobody_in_json =
        get(&url.clone().with("client_id", "nobody").url()).header("accept", "application/json");
    let elsewhere = format!("{}/t/nobody/authorize?client_id=x", app.public_url());
    holds(vec![
        (
            "no client",
            get(&url.clone().without("client_id").url()),
            400,
            "",
            Page,
        ),
        ("an unknown client", nobody, 400, "", Page),
        (
            "an unknown client, to a program",
            nobody_in_json,
            400,
            "invalid_client",
            Json,
        ),
        (
            "two clients",
            get(&url.clone().and("client_id", "x").url()),
            400,
            "",
            Page,
        ),
        (
            "an unknown redirect URI",
            scene.authorize("redirect_uri", "https://evil.example"),
            400,
            "",
            Page,
        ),
        (
            "two redirect URIs",
            get(&url.clone().and("redirect_uri", "x").url()),
            400,
            "",
            Page,
        ),
        (
            "bad UTF-8",
            get(&format!("{}&x=%ff", url.url())),
            400,
            "",
            Page,
        ),
        ("an unknown tenant", get(&elsewhere), 404, "", Page),
        (
            "another method",
            scene.request(Method::DELETE, "authorize"),
            405,
            "",
            Page,
        ),
        (
            "a post that is no form",
            scene.request(Method::POST, "authorize").json(&json!({})),
            400,
            "",
            Page,
        ),
        (
            "an unknown pending",
            scene.request(Method::GET, "authorize/continue?pending=x"),
            400,
            "",
            Page,
        ),
        (
            "no pending",
            scene.request(Method::GET, "authorize/continue"),
            400,
            "",
            Page,
        ),
        (
            "a login without a form",
            scene.request(Method::GET, "login"),
            400,
            "",
            Page,
        ),
        (
            "a consent without a form",
            scene.request(Method::GET, "consent"),
            400,
            "",
            Page,
        ),
        (
            "nobody signed in",
            scene.authorize("state", "x"),
            303,
            "login_required",
            Redirect,
        ),
        (
            "another response type",
            scene.authorize("response_type", "token"),
            303,
            "unsupported_response_type",
            Redirect,
        ),
        (
            "no response type",
            scene.authorize("response_type", ""),
            303,
            "invalid_request",
            Redirect,
        ),
        (
            "no challenge",
            scene.authorize("code_challenge", ""),
            303,
            "invalid_request",
            Redirect,
        ),
        (
            "a plain challenge",
            scene.authorize("code_challenge_method", "plain"),
            303,
            "invalid_request",
            Redirect,
        ),
        (
            "a scope that nobody has",
            scene.authorize("scope", "nothing:here"),
            303,
            "invalid_scope",
            Redirect,
        ),
        (
            "an unknown resource",
            scene.authorize("resource", "https://other.example"),
            303,
            "invalid_target",
            Redirect,
        ),
        (
            "a request object",
            scene.authorize("request", "x.y.z"),
            303,
            "request_not_supported",
            Redirect,
        ),
        (
            "a request by reference",
            scene.authorize("request_uri", "https://a.example"),
            303,
            "request_uri_not_supported",
            Redirect,
        ),
    ])
    .await;
}
