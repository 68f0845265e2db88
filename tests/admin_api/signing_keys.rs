//! Signing keys: the public parts, as the JWKS has them.

use crate::harness::TestApp;

/// N7, P1: the list shows what is published, and of the private part nothing.
#[tokio::test]
async fn the_list_shows_what_is_published() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let answer = app
        .admin()
        .get(&acme.path("/signing-keys"))
        .await
        .expect_status(200);
    let keys = answer.json();
    let published = acme.jwks().await.expect_status(200).json();
    let [key] = keys["data"].as_array().unwrap().as_slice() else {
        panic!("{keys}")
    };
    assert_eq!(published["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(key["public_jwk"], published["keys"][0]);
    assert_eq!(key["kid"], published["keys"][0]["kid"]);
    assert_eq!(
        (key["state"].as_str(), key["algorithm"].as_str()),
        (Some("active"), Some("RS256"))
    );
    for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        assert!(key["public_jwk"].get(member).is_none(), "{member} in {key}");
    }
    let signed_by = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    assert_eq!(signed_by.header()["kid"], key["kid"]);
}
