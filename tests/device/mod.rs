//! Device authorization (RFC 8628): a device asks (`asking`), a person decides (`page`), the device hears it
//! (`polling`), and nobody guesses or steals on the way (`guesses`).

mod asking;
mod guesses;
mod page;
mod polling;

use crate::harness::{Decision, TestApp};

/// The whole way: from the code on the screen to a token that works, and a refresh.
#[tokio::test]
async fn a_device_gets_its_tokens_when_its_person_has_allowed_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let television = acme.device_client().await;
    let browser = acme.browser_of("alice").await;

    let codes = television.device_codes().await;
    television
        .poll(&codes)
        .await
        .is_refused(400, "authorization_pending");
    let done = acme.answer_device(&browser, &codes, Decision::Allow).await;
    assert!(done.html().contains("Your device is connected"), "{done:?}");
    let tokens = television.poll(&codes).await.tokens();
    assert_eq!(tokens.claims()["sub"], acme.user("alice").await.id.as_str());
    assert_eq!(tokens.claims()["aud"], acme.resource.audience.as_str());
    assert!(resource_server.accepts(&tokens.access_token).await);
    let refreshed = television.refresh(tokens.refresh_token()).await.tokens();
    assert!(resource_server.accepts(&refreshed.access_token).await);

    for outcome in ["requested", "approved"] {
        let counted = format!("writ_device_authorizations_total{{outcome=\"{outcome}\"}}");
        assert_eq!(app.metric(&counted).await, Some(1), "{outcome}");
    }
    let event = acme
        .next_audit_event("device_code.redeemed", |_| true)
        .await;
    assert_eq!(event["actor_id"], television.client_id.as_str());
    assert_eq!(event["target_id"], tokens.claims()["grant_id"]);
    assert_eq!(event["details"]["jti"], tokens.claims()["jti"]);
}
