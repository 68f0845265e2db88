//! What goes wrong at the token endpoint, and that none of it spends a code or a token.

use reqwest::Method;
use serde_json::json;

use super::Place::Json;
use super::{Scene, holds, raw_form};
use crate::harness::TestApp;

/// Q1: the token endpoint.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn at_the_token_endpoint() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let public_id = scene.public.client_id.as_str();
    let refresh = |client: &'static str| {
        [
            ("grant_type", "refresh_token"),
            ("refresh_token", "x"),
            ("client_id", client),
        ]
    };
    let own = [("grant_type", "client_credentials")];
    let bad_basic = |value: &str| {
        scene
            .post("token", &own)
            .header("authorization", value.to_owned())
    };
    holds(vec![
        (
            "no client",
            scene.post("token", &own),
            401,
            "invalid_client",
            Json,
        ),
        (
            "an unknown client",
            scene.post("token", &refresh("nobody")),
            401,
            "invalid_client",
            Json,
        ),
        (
            "a malformed client_id",
            scene.post("token", &refresh("no\nbody")),
            401,
            "invalid_client",
            Json,
        ),
        (
            "Basic that is none",
            bad_basic("Basic !"),
            401,
            "invalid_client",
            Json,
        ),
        (
            "a bearer token",
            bad_basic("Bearer x"),
            401,
            "invalid_client",
            Json,
        ),
        (
            "an assertion without its type",
            scene.post("token", &[("client_assertion", "x")]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "an assertion that is none",
            scene.post(
                "token",
                &[
                    ("client_assertion", "x"),
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    ),
                ],
            ),
            401,
            "invalid_client",
            Json,
        ),
        (
            "two credentials",
            scene.for_itself(&[("client_secret", "x")]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "two clients",
            scene.for_itself(&[("client_id", "x")]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "no grant type",
            scene.public.post_request("token", &[]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "a repeated grant type",
            scene.refresh(&[("grant_type", "x")]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "an unknown grant type",
            scene.redeem("grant_type", "password"),
            400,
            "unsupported_grant_type",
            Json,
        ),
        (
            "a grant it was not registered for",
            scene.public.post_request("token", &own),
            400,
            "unauthorized_client",
            Json,
        ),
        (
            "no code",
            scene.redeem("code", ""),
            400,
            "invalid_request",
            Json,
        ),
        (
            "an unknown code",
            scene.redeem("code", "writ_ac_x"),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "a wrong verifier",
            scene.redeem("code_verifier", &"x".repeat(43)),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "no verifier",
            scene.redeem("code_verifier", ""),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "another redirect URI",
            scene.redeem("redirect_uri", "http://127.0.0.1/other"),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "an unknown refresh token",
            scene.public.post_request("token", &refresh("x")[..2]),
            400,
            "invalid_grant",
            Json,
        ),
        (
            "more scope than granted",
            scene.refresh(&[("scope", "notes:write")]),
            400,
            "invalid_scope",
            Json,
        ),
        (
            "a malformed scope",
            scene.refresh(&[("scope", "a\"b")]),
            400,
            "invalid_scope",
            Json,
        ),
        (
            "another resource",
            scene.refresh(&[("resource", "https://other.example")]),
            400,
            "invalid_target",
            Json,
        ),
        (
            "an unknown resource",
            scene.for_itself(&[("resource", "https://other.example")]),
            400,
            "invalid_target",
            Json,
        ),
        (
            "a relative resource",
            scene.for_itself(&[("resource", "mcp")]),
            400,
            "invalid_target",
            Json,
        ),
        (
            "a scope that nobody has",
            scene.for_itself(&[("scope", "nothing:here")]),
            400,
            "invalid_scope",
            Json,
        ),
        (
            "another method",
            scene.request(Method::GET, "token"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "no content type",
            scene.request(Method::POST, "token").body("a=b"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "JSON",
            scene
                .request(Method::POST, "token")
                .json(&json!({ "client_id": public_id })),
            400,
            "invalid_request",
            Json,
        ),
        (
            "bad UTF-8",
            raw_form(&scene, "token", "client_id=%ff"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "a NUL",
            raw_form(&scene, "token", "client_id=a%00b"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "too much",
            raw_form(&scene, "token", &"x".repeat(70_000)),
            413,
            "invalid_request",
            Json,
        ),
    ])
    .await;
    // Nothing of that spent anything.
    scene.public.redeem(&scene.code).await.tokens();
    scene
        .public
        .refresh(scene.tokens.refresh_token())
        .await
        .tokens();
}
