//! One browser at two tenants of one host.

use super::Place;
use crate::harness::TestApp;

/// O1, L4: one browser, two tenants on one host: neither the session nor the remembered consent goes over.
#[tokio::test]
async fn a_session_and_a_consent_stay_at_their_tenant() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let globex = Place::of(app.tenant("globex").await).await;
    acme.confidential.tokens_of(&acme.browser).await;
    // Remembered: no page.
    let again = acme
        .confidential
        .authorization_request()
        .with("prompt", "none")
        .open(&acme.browser)
        .await;
    assert!(again.location().as_str().contains("code="), "{again:?}");

    let abroad = globex.confidential.authorization_request();
    assert!(abroad.open(&acme.browser).await.is_login());
    let quiet = abroad.with("prompt", "none").open(&acme.browser).await;
    assert!(
        quiet.location().as_str().contains("error=login_required"),
        "{quiet:?}"
    );
    // Alice of globex is signed in, and was never asked about this client there.
    assert!(
        globex
            .confidential
            .authorization_request()
            .open(&globex.browser)
            .await
            .is_consent()
    );
}
