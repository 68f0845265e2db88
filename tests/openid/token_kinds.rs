//! Row G5: each kind of JWT that we sign is one thing, and refused wherever another is expected.

use super::*;
use crate::harness::{Served, TestApp, TestAppOptions, TestInternet, basic};

const TOLD: &str = "https://notes.example/told";

#[tokio::test]
async fn no_jwt_of_ours_is_taken_for_another() {
    let internet = TestInternet::of(&["notes.example"]).await;
    internet.serve(TOLD, Served::new(200, "text/plain", ""));
    let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
    let acme = app.tenant("acme").await;
    let client = client_with(&acme, &json!({ "backchannel_logout_uri": TOLD })).await;
    let resource_server = acme.resource_credential().await;
    let tokens = tokens_with(&acme, &client, "openid notes:read").await;
    let browser = acme.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid notes:read");
    let code = asked.walk(&browser).await.code();
    client.redeem(&code).await.tokens();
    browser.sign_out(&acme).await;
    app.run_due_jobs().await;
    let posted = internet.posted_to(TOLD);

    let feed = acme.wire().get(&acme.url("revocations")).await;
    let introspected = {
        let request = acme
            .wire()
            .request(Method::POST, &acme.url("introspect"))
            .header("accept", "application/token-introspection+jwt")
            .header(
                "authorization",
                basic(&resource_server.client_id, &resource_server.client_secret),
            )
            .form(&[("token", &tokens.access_token)]);
        Answer::of(request).await.expect_status(200).body
    };
    let others = [
        ("JWT", id_token_of(&tokens)),
        (
            "logout+jwt",
            posted[0].strip_prefix("logout_token=").unwrap().to_owned(),
        ),
        ("revocations+jwt", feed.expect_status(200).body),
        ("token-introspection+jwt", introspected),
    ];
    for (typ, token) in &others {
        assert_eq!(part(token, 0)["typ"], *typ);
        // Introspection, userinfo, revocation: an access token, or nothing.
        assert!(!resource_server.accepts(token).await, "{typ}");
        let refused = userinfo(&acme, token).await;
        refused.is_refused(401, "invalid_token");
        client.revoke(token).await.expect_status(200);
        // As a code, a refresh token, a client's assertion.
        client
            .token(&[("grant_type", "authorization_code"), ("code", token)])
            .await
            .is_refused(400, "invalid_grant");
        client.cannot_refresh(token).await;
        let assertion = acme
            .wire()
            .post_form(
                &acme.url("token"),
                &[
                    ("grant_type", "client_credentials"),
                    ("client_id", &client.client_id),
                    ("client_assertion", token),
                    ("client_assertion_type", crate::harness::ASSERTION_TYPE),
                ],
            )
            .await;
        assertion.is_refused(401, "invalid_client");
    }
    // And the reverse: only the ID token is a hint (`logout.rs` has the access token).
    let browser = acme.browser_of("alice").await;
    client.code_from(&browser).await;
    for (typ, token) in &others[1..] {
        let url = format!("{}?id_token_hint={token}", acme.url("logout"));
        let page = browser.open(&url).await;
        assert!(
            page.html().contains("no ID token of this"),
            "{typ}: {page:?}"
        );
    }
    assert!(
        resource_server.accepts(&tokens.access_token).await,
        "the access token is what it was"
    );
}
