//! A tenant that is suspended or deleted, seen from outside: like one that never was.

use reqwest::Method;
use serde_json::json;

use super::{Place, seen};
use crate::harness::{Answer, TestApp, Tokens};

/// O6: a suspended tenant answers nothing, like one that never was; resumed, it goes on where it stood.
#[tokio::test]
async fn a_suspended_tenant_answers_nothing_and_goes_on_afterwards() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let globex = Place::of(app.tenant("globex").await).await;
    let tokens = acme.public.tokens_of(&acme.browser).await;

    acme.tenant
        .change("", &json!({ "state": "suspended" }))
        .await;
    answers_nothing(&app, &acme, &tokens).await;
    assert!(
        globex
            .confidential
            .client_credentials(None)
            .await
            .tokens()
            .refresh_token
            .is_none()
    );

    acme.tenant.change("", &json!({ "state": "active" })).await;
    assert!(acme.resource_server.accepts(&tokens.access_token).await);
    acme.public.refresh(tokens.refresh_token()).await.tokens();
}

/// O6: a deleted one never answers again.
#[tokio::test]
async fn a_deleted_tenant_answers_nothing_for_ever() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let globex = Place::of(app.tenant("globex").await).await;
    let tokens = acme.public.tokens_of(&acme.browser).await;
    let theirs = globex.public.tokens_of(&globex.browser).await;

    app.admin()
        .delete(&acme.tenant.path("?grace_seconds=0"))
        .await
        .expect_status(204);
    answers_nothing(&app, &acme, &tokens).await;
    for below in ["", "/clients", "/users"] {
        app.admin()
            .get(&acme.tenant.path(below))
            .await
            .expect_status(404);
    }
    globex.public.refresh(theirs.refresh_token()).await.tokens();
}

async fn answers_nothing(app: &TestApp, place: &Place, tokens: &Tokens) {
    let nobody = |endpoint: &str| format!("{}/t/nobody/{endpoint}", app.public_url());
    for url in place.tenant.well_known_urls() {
        app.wire()
            .get(&url)
            .await
            .is_refused(404, "invalid_request");
    }
    for endpoint in [
        ".well-known/jwks.json",
        "token",
        "introspect",
        "revoke",
        "register",
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let there = Answer::of(
                place
                    .tenant
                    .wire()
                    .request(method.clone(), &place.tenant.url(endpoint)),
            )
            .await;
            let nowhere = Answer::of(app.wire().request(method, &nobody(endpoint))).await;
            assert_eq!(
                seen(&there, "nothing"),
                seen(&nowhere, "nothing"),
                "{endpoint}"
            );
        }
    }
    place
        .public
        .authorization_request()
        .open(&place.browser)
        .await
        .answer()
        .is_shown(404);
    for answer in [
        place.public.refresh(tokens.refresh_token()).await,
        place.public.revoke(tokens.refresh_token()).await,
        place.confidential.client_credentials(None).await,
        place
            .resource_server
            .introspect_answer(&tokens.access_token)
            .await,
    ] {
        answer.is_refused(404, "invalid_request");
    }
}
