//! What goes wrong at the other endpoints that programs call, and where there is none.

use reqwest::Method;
use serde_json::json;

use super::Place::Json;
use super::{Scene, holds, raw_form};
use crate::harness::TestApp;

/// Q1: the other endpoints that programs call, and what is none.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn at_the_other_endpoints_that_programs_call() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let (public, confidential) = (&scene.public, &scene.confidential);
    let uri = |uri: &str| json!({ "redirect_uris": [uri] });
    let named =
        |name: &str| json!({ "redirect_uris": ["https://a.example/b"], "client_name": name });
    let elsewhere = |path: &str| {
        app.wire()
            .request(Method::GET, &format!("{}{path}", app.public_url()))
    };
    holds(vec![
        (
            "introspecting without a credential",
            scene.post("introspect", &[("token", "x")]),
            401,
            "invalid_client",
            Json,
        ),
        (
            "introspecting as a client",
            confidential.post_request("introspect", &[("token", "x")]),
            401,
            "invalid_client",
            Json,
        ),
        (
            "introspecting by GET",
            scene.request(Method::GET, "introspect"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "introspecting JSON",
            scene.request(Method::POST, "introspect").json(&json!({})),
            400,
            "invalid_request",
            Json,
        ),
        (
            "introspecting bad UTF-8",
            raw_form(&scene, "introspect", "token=%ff"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "revoking as nobody",
            scene.post("revoke", &[("token", "x")]),
            401,
            "invalid_client",
            Json,
        ),
        (
            "revoking nothing",
            public.post_request("revoke", &[]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "revoking two",
            public.post_request("revoke", &[("token", "x"), ("token", "y")]),
            400,
            "invalid_request",
            Json,
        ),
        (
            "revoking by GET",
            scene.request(Method::GET, "revoke"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "revoking bad UTF-8",
            raw_form(&scene, "revoke", "token=%ff"),
            400,
            "invalid_request",
            Json,
        ),
        (
            "registering nothing",
            scene.register(&json!(null)),
            400,
            "invalid_client_metadata",
            Json,
        ),
        (
            "registering bad UTF-8",
            raw_form(&scene, "register", "\u{fffd}"),
            400,
            "invalid_client_metadata",
            Json,
        ),
        (
            "registering no redirect URI",
            scene.register(&json!({})),
            400,
            "invalid_redirect_uri",
            Json,
        ),
        (
            "registering http",
            scene.register(&uri("http://a.example")),
            400,
            "invalid_redirect_uri",
            Json,
        ),
        (
            "registering a script",
            scene.register(&uri("javascript:alert(\"x\")")),
            400,
            "invalid_redirect_uri",
            Json,
        ),
        (
            "registering a false name",
            scene.register(&named("a\u{202e}")),
            400,
            "invalid_client_metadata",
            Json,
        ),
        (
            "registering by GET",
            scene.request(Method::GET, "register"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "registering by PUT",
            scene.request(Method::PUT, "register"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "metadata by POST",
            scene.request(Method::POST, ".well-known/openid-configuration"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "keys by DELETE",
            scene.request(Method::DELETE, ".well-known/jwks.json"),
            405,
            "invalid_request",
            Json,
        ),
        (
            "an unknown endpoint",
            scene.request(Method::GET, "nothing"),
            404,
            "invalid_request",
            Json,
        ),
        (
            "an unknown tenant",
            elsewhere("/t/nobody/token"),
            404,
            "invalid_request",
            Json,
        ),
        (
            "an unknown path",
            elsewhere("/nothing"),
            404,
            "invalid_request",
            Json,
        ),
        (
            "a large header",
            scene
                .request(Method::GET, "token")
                .header("x", "y".repeat(17_000)),
            400,
            "invalid_request",
            Json,
        ),
    ])
    .await;

    scene
        .acme
        .change("", &json!({ "registration_policy": "off" }))
        .await;
    let off = (
        "registering where it is off",
        scene.register(&uri("https://a.example")),
        403,
        "access_denied",
        Json,
    );
    holds(vec![off]).await;
}
