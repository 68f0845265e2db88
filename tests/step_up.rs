//! A client that comes back for more scopes than it holds.

use std::time::Duration;

use crate::harness::TestApp;

/// A client that is told 403 asks for the scope that was missing. Where it cannot have it, it hears so
/// instead of getting the same token again: otherwise it would go round in circles.
#[tokio::test]
async fn a_client_that_would_gain_nothing_is_told_so() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let granted = client.tokens_of(&alice).await.claims()["scope"].clone();
    let more = format!("{} not:to:be:had", granted.as_str().unwrap());
    let more = client.authorization_request().with("scope", &more);

    let refused = more.walk(&alice).await;

    assert_eq!(refused.error(), "access_denied");
    assert!(
        refused
            .parameter("error_description")
            .unwrap()
            .contains("no more than the client holds already"),
        "{refused:?}"
    );
}

/// The same request as before is how a client that lost its tokens comes back; and what is held by a
/// token that has ended is not held.
#[tokio::test]
async fn a_client_that_lost_its_tokens_signs_in_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let asking = |scope| client.authorization_request().with("scope", scope);
    let greedy = asking("notes:read not:to:be:had");
    greedy.walk(&alice).await.code();
    greedy.walk(&alice).await.code();

    let greedier = asking("notes:read not:to:be:had nor:this");
    assert_eq!(greedier.walk(&alice).await.error(), "access_denied");
    app.clock().advance(Duration::from_mins(16));
    greedier.walk(&alice).await.code();
}
