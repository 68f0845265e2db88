//! Before a client registers itself, changes its registration, or is taken by its document.

use serde_json::json;

use super::{decisions_of, reference_in, write, write_none};
use crate::client_documents::{Documents, URL, client_at};
use crate::harness::{TestApp, Wire};

const ONLY_OUR_HOSTS: &str = r#"
@id("only-our-hosts")
@description("Clients that register themselves answer at our own hosts.")
forbid (
  principal is Writ::Client,
  action == Writ::Action::"register",
  resource
)
unless { ["good.example", "127.0.0.1"].containsAll(context.redirect_hosts) };
"#;

/// RFC 7591 §3.2.2: 403 with a reason that a person can act on.
#[tokio::test]
async fn a_registration_that_the_policies_refuse_is_told_where_to_look() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    write(&acme, ONLY_OUR_HOSTS).await;
    let good = json!({ "redirect_uris": ["https://good.example/cb", "http://127.0.0.1/cb"] });
    // One that may not be is not hidden behind one that may.
    let bad = json!({ "redirect_uris": ["https://good.example/cb", "https://bad.example/cb"] });

    let refused = acme.register(&bad).await;
    refused.is_refused(403, "access_denied");
    let reference = refused.text("error_id");
    assert_eq!(reference_in(&refused.text("error_description")), reference);
    let decisions = decisions_of(&acme, &reference).await;
    assert_eq!(decisions[0]["action"], "register");
    assert_eq!(decisions[0]["outcome"], "denied");
    assert_eq!(
        decisions[0]["checks"][0]["policies"][0]["id"],
        "only-our-hosts"
    );
    acme.register(&good).await.expect_status(201);
}

/// RFC 7592 §2.2: a change goes through the policies again.
#[tokio::test]
async fn an_update_goes_through_the_policies_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({ "redirect_uris": ["https://bad.example/cb"] });
    let made = acme.register(&body).await.expect_status(201).json();
    let url = made["registration_client_uri"].as_str().unwrap();
    let token = made["registration_access_token"].as_str().unwrap();
    let mut update = body.clone();
    update["client_id"] = made["client_id"].clone();

    write(&acme, ONLY_OUR_HOSTS).await;
    let put = async |wire: &Wire| {
        let request = wire.request(reqwest::Method::PUT, url);
        let request = request.bearer_auth(token).json(&update);
        crate::harness::Answer::of(request).await
    };
    put(acme.wire()).await.is_refused(403, "access_denied");
    write_none(&acme).await;
    put(acme.wire()).await.expect_status(200);
}

/// What a client names it is registered for as far as the policies give it.
#[tokio::test]
async fn a_registration_is_narrowed_to_the_scopes_that_it_may_have() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let reading = r#"
@id("registrations-are-for-reading")
@description("Clients register themselves for reading.")
forbid (
  principal is Writ::Client,
  action == Writ::Action::"register",
  resource == Writ::Scope::"notes:write"
);
"#;
    write(&acme, reading).await;
    let asking =
        |scope: &str| json!({ "redirect_uris": ["http://127.0.0.1/callback"], "scope": scope });
    let made = acme.register(&asking("notes:read notes:write")).await;
    assert_eq!(made.expect_status(201).json()["scope"], "notes:read");
    acme.register(&asking("notes:write"))
        .await
        .is_refused(403, "access_denied");
}

/// By the domain of its document; the person reads the reference on our page.
#[tokio::test]
async fn a_client_with_a_document_is_refused_by_its_domain() {
    let documents = Documents::start().await;
    let acme = documents.app.tenant("acme").await;
    let only_ours = r#"
@id("no-documents-of-client-test")
@description("Clients of client.test are not taken.")
forbid (principal is Writ::Client, action == Writ::Action::"register", resource)
when { principal has domain && principal.domain == "client.test" };
"#;
    let alice = acme.browser_of("alice").await;
    let client = client_at(&acme, URL);
    client.code_from(&alice).await;

    write(&acme, only_ours).await;
    let page = alice.walk(&client.authorization_request().url()).await;
    assert!(page.is_error(), "{page:?}");
    let reference = page.answer().header("x-request-id").to_owned();
    assert!(page.html().contains(&reference), "{page:?}");
    let decisions = decisions_of(&acme, &reference).await;
    assert_eq!(decisions[0]["action"], "register");
    assert_eq!(decisions[0]["client_id"], URL);
    write_none(&acme).await;
    client.code_from(&alice).await;
}
