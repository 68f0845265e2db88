//! The same names in two tenants: users, clients, resources and secrets that are called alike.

use serde_json::json;

use super::Place;
use crate::harness::{ClientAuthentication, TestApp, Tokens};

/// O3: the same names in two tenants are different people and different things.
#[tokio::test]
async fn the_same_names_in_two_tenants_never_interact() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let globex = Place::of(app.tenant("globex").await).await;
    // The very same resource, known to both.
    let same = "https://shared.test/mcp";
    let (of_acme, of_globex) = (
        acme.tenant.another_resource(same).await,
        globex.tenant.another_resource(same).await,
    );
    let (here, there) = (haul_for(&acme, same).await, haul_for(&globex, same).await);
    assert_ne!(here.claims()["sub"], there.claims()["sub"]);
    assert_eq!(here.claims()["aud"], there.claims()["aud"]);
    assert!(
        !acme
            .tenant
            .resource_credential_of(&of_acme)
            .await
            .accepts(&there.access_token)
            .await
    );
    let guard = globex.tenant.resource_credential_of(&of_globex).await;
    assert!(guard.accepts(&there.access_token).await);

    // The same name and the same secret: a secret that both chose.
    let chosen = json!({
        "client_id": "chosen", "client_secret": "a-secret-that-both-tenants-chose-0123456789",
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post",
    });
    let (one, two) = (
        acme.tenant.client(&chosen).await,
        globex.tenant.client(&chosen).await,
    );
    let own = one.client_credentials(None).await.tokens();
    assert_eq!(own.claims()["iss"], acme.tenant.issuer.as_str());
    two.revoke(&own.access_token).await.expect_status(200);
    assert!(acme.resource_server.accepts(&own.access_token).await);

    // What happens to acme's happens to acme's alone.
    acme.tenant.disable_user("alice").await;
    for client in ["notes-desktop", "notes-web", "chosen"] {
        acme.tenant
            .admin()
            .delete(&acme.tenant.path(&format!("/clients/{client}")))
            .await
            .expect_status(204);
    }
    acme.tenant
        .admin()
        .delete(&acme.tenant.path(&format!("/resources/{}", of_acme.id)))
        .await
        .expect_status(204);
    assert!(guard.accepts(&there.access_token).await);
    globex.public.refresh(there.refresh_token()).await.tokens();
    two.client_credentials(None).await.tokens();
    globex.public.tokens_of(&globex.browser).await;
}

async fn haul_for(place: &Place, resource: &str) -> Tokens {
    place
        .public
        .clone()
        .with_resource(Some(resource))
        .tokens_of(&place.browser)
        .await
}

/// E6, O1: authentication is never skipped because the name is known elsewhere.
#[tokio::test]
async fn a_client_that_is_public_elsewhere_must_still_authenticate_here() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let metadata = |method: &str| {
        json!({
            "client_id": "notes",
            "redirect_uris": ["https://notes.example/callback"],
            "token_endpoint_auth_method": method,
        })
    };
    let public = acme.client(&metadata("none")).await;
    let confidential = globex.client(&metadata("client_secret_basic")).await;
    let tokens = confidential
        .tokens_of(&globex.browser_of("alice").await)
        .await;

    let without = confidential
        .clone()
        .with_authentication(ClientAuthentication::None);
    without
        .refresh(tokens.refresh_token())
        .await
        .is_refused(401, "invalid_client");
    public.cannot_refresh(tokens.refresh_token()).await;
    confidential.refresh(tokens.refresh_token()).await.tokens();
}
