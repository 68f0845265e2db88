//! From the authorization request to a refresh, without anybody having entered the client anywhere.

use serde_json::json;

use super::{CALLBACK, Documents, URL, client_at};
use crate::harness::{ClientKey, OAuthClient, Served};

fn signing(world: &Documents, client: OAuthClient, key: &ClientKey) -> OAuthClient {
    client.signing(key, world.app.shared_clock())
}

/// Client ID Metadata Documents §3, §4: one fetch, and then none.
#[tokio::test]
async fn a_public_client_brings_its_document_and_nothing_else() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = client_at(&acme, URL);

    let tokens = client.tokens_of(&alice).await;
    assert_eq!(tokens.claims()["client_id"], URL);
    assert_eq!(world.asked(), 1);

    let tokens = client.refresh(tokens.refresh_token()).await.tokens();
    assert_eq!(world.asked(), 1);

    // The host is gone: who holds tokens does not notice.
    world.serve(Served::status(410));
    world.later(2 * 24 * 3_600);
    client.refresh(tokens.refresh_token()).await.tokens();
    assert_eq!(world.asked(), 1, "the token endpoint fetches nothing");
}

#[tokio::test]
async fn a_loopback_redirect_of_a_document_may_have_any_port() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = client_at(&acme, URL).with_redirect_uri("http://127.0.0.1:51004/callback");
    client.tokens_of(&alice).await;
    let elsewhere = client.with_redirect_uri("https://other.test/callback");
    let page = elsewhere.authorization_request().open(&alice).await;
    page.answer().is_shown(400);
}

/// RFC 7523 §2.2 with the keys in the document.
#[tokio::test]
async fn a_client_signs_with_a_key_of_its_document() {
    let world = Documents::start().await;
    let signer = ClientKey::generate("ES256", "one");
    world.serve_with(&json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": signer.jwks(),
    }));
    let acme = world.app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let silent = client_at(&acme, URL);
    let client = signing(&world, silent.clone(), &signer);
    let stranger = signing(&world, silent.clone(), &ClientKey::generate("ES256", "one"));

    for impostor in [silent, stranger] {
        let code = client.code_from(&alice).await;
        let refused = impostor.redeem(&code).await;
        refused.is_refused(401, "invalid_client");
    }
    let tokens = client.tokens_of(&alice).await;
    client.refresh(tokens.refresh_token()).await.tokens();
    assert_eq!(world.asked(), 1);
}

/// As ChatGPT has it: a list of methods, and the keys at an address of their own.
#[tokio::test]
async fn a_client_signs_with_a_key_that_its_document_points_to() {
    const KEYS: &str = "https://keys.test/jwks.json";
    let world = Documents::start().await;
    let signer = ClientKey::generate("ES256", "one");
    world.internet.serve(KEYS, Served::json(&signer.jwks()));
    world.serve_with(&json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks_uri": KEYS,
    }));
    let acme = world.app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = signing(&world, client_at(&acme, URL), &signer);

    let tokens = client.tokens_of(&alice).await;
    client.refresh(tokens.refresh_token()).await.tokens();
    assert_eq!((world.asked(), world.internet.requests_of(KEYS)), (1, 1));
}

/// Row K12: who it is by its host, and where the answer goes by its host.
#[tokio::test]
async fn consent_names_the_host_of_the_document_and_of_the_redirect() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    world.serve_with(&json!({"redirect_uris": [CALLBACK, "https://app.client.test/cb"]}));
    let client = client_at(&acme, URL).with_redirect_uri("https://app.client.test/cb");
    let page = client.authorization_request().open(&alice).await;
    assert!(page.is_consent(), "{page:?}");
    let html = page.html();
    assert!(
        html.contains("Published at <bdi class=\"host\">client.test</bdi>"),
        "{html}"
    );
    assert!(html.contains(">app.client.test</bdi>"), "{html}");
    assert!(html.contains("Unverified"), "{html}");
    assert!(!html.contains("Did you start this yourself?"), "{html}");

    let local = "https://other.test/local.json";
    let members = json!({"redirect_uris": ["http://localhost/callback"]});
    world
        .internet
        .serve(local, Served::json(&super::document(local, &members)));
    let client = client_at(&acme, local).with_redirect_uri("http://localhost:9/callback");
    let request = client.authorization_request();
    request.walk(&alice).await.code();
    let page = request.open(&alice).await;
    assert!(page.is_consent(), "asked every time: {page:?}");
    assert!(page.html().contains("Did you start this yourself?"));
}

/// Consent for an https redirect is remembered like anybody's.
#[tokio::test]
async fn consent_to_a_document_client_is_remembered() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let request = client_at(&acme, URL).authorization_request();
    assert!(request.open(&alice).await.is_consent());
    request.walk(&alice).await.code();
    request.open(&alice).await.location();
}
