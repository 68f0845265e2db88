//! Where an error of the authorization endpoint is shown: by what is wrong, who the client is, and
//! who is there.

use crate::harness::{OAuthClient, TestApp, TestTenant};

/// The application that an administrator entered, and the one that registered itself.
async fn clients(tenant: &TestTenant) -> [(OAuthClient, bool); 2] {
    let stranger = tenant
        .registered_client("https://stranger.example/callback")
        .await;
    [
        (tenant.confidential_client().await, true),
        (stranger, false),
    ]
}

/// A7: a signed-out person signs in before anything is sent anywhere; then a client that somebody
/// vouches for is told by itself, and a stranger by a button that the person may leave alone.
#[tokio::test]
async fn a_signed_out_person_signs_in_before_a_client_hears_of_an_error() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;

    for (client, is_vouched_for) in clients(&acme).await {
        for (name, value, error) in [
            ("scope", "nothing:here", "invalid_scope"),
            ("response_type", "token", "unsupported_response_type"),
            ("resource", "https://unknown.example/mcp", "invalid_target"),
        ] {
            let browser = acme.browser_of("alice").await;
            let request = client.authorization_request().with(name, value);
            let login = request.open(&browser).await;
            assert_eq!(login.answer().status, 200);
            assert!(login.is_login(), "{login:?}");

            let after = browser
                .log_in(&login, &alice.username, &alice.password)
                .await;
            let told = if is_vouched_for {
                after.location().clone()
            } else {
                after.answer().is_shown(400);
                after.back_link().unwrap()
            };
            is_error_for(&told, &client, error);
        }
    }
}

/// A7: somebody is signed in: the same, without the first step.
#[tokio::test]
async fn a_signed_in_person_sees_a_strangers_error_before_it_goes_back() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;

    for (client, is_vouched_for) in clients(&acme).await {
        let page = client
            .authorization_request()
            .with("scope", "nothing:here")
            .open(&browser)
            .await;
        if is_vouched_for {
            is_error_for(page.location(), &client, "invalid_scope");
        } else {
            page.answer().is_shown(400);
            assert!(
                page.html().contains("stranger.example"),
                "it says where the button leads"
            );
            is_error_for(&page.back_link().unwrap(), &client, "invalid_scope");
        }
    }
}

/// A12: with `prompt=none` no page ever appears, whoever asks and whoever is there.
#[tokio::test]
async fn prompt_none_redirects_every_error_at_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signed_out = acme.browser_of("alice").await;
    let signed_in = acme.signed_in_browser_of("alice").await;

    for (client, _) in clients(&acme).await {
        for browser in [&signed_out, &signed_in] {
            let request = client.authorization_request().with("prompt", "none");
            let refused = request.with("scope", "nothing:here").open(browser).await;
            is_error_for(refused.location(), &client, "invalid_scope");
        }
    }
}

/// A2: an unknown client and a foreign redirect URI are pages in every case, `prompt=none` too, and
/// without a way back.
#[tokio::test]
async fn what_nobody_can_answer_is_a_page_for_everybody() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signed_out = acme.browser_of("alice").await;
    let signed_in = acme.signed_in_browser_of("alice").await;

    for (client, _) in clients(&acme).await {
        for browser in [&signed_out, &signed_in] {
            for prompt in ["", "none"] {
                let request = client.authorization_request().with("prompt", prompt);
                let unknown = request
                    .clone()
                    .with("client_id", "unknown")
                    .open(browser)
                    .await;
                let foreign = request
                    .with("redirect_uri", "https://evil.example/")
                    .open(browser)
                    .await;
                for page in [unknown, foreign] {
                    page.answer().is_shown(400);
                    assert_eq!(page.back_link(), None);
                    assert!(!page.html().contains("evil.example"), "{page:?}");
                }
            }
        }
    }
}

/// A7: who presses Deny goes back to the application at once, whoever vouches for it: it was their
/// own click.
#[tokio::test]
async fn a_refusal_by_the_person_goes_straight_back() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;

    for (client, _) in clients(&acme).await {
        let denied = client.authorization_request().walk_and_deny(&browser).await;
        assert_eq!(denied.error(), "access_denied");
        is_error_for(denied.page.location(), &client, "access_denied");
    }
}

#[track_caller]
fn is_error_for(told: &url::Url, client: &OAuthClient, error: &str) {
    let value = |name: &str| {
        told.query_pairs()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    };
    assert!(told.as_str().starts_with(&client.redirect_uri), "{told}");
    assert_eq!(value("error").as_deref(), Some(error), "{told}");
    assert_eq!(
        value("state").as_deref(),
        Some("state of the tests"),
        "{told}"
    );
    assert_eq!(
        value("iss").as_deref(),
        Some(client.issuer.as_str()),
        "{told}"
    );
    assert_eq!(value("code"), None, "{told}");
}
