//! Before consent, and again when the code is issued.

use std::time::Duration;

use super::{
    CONTRACTORS_STAY_OUT, STRANGERS_ONLY_READ, WRITING_IS_FOR_EDITORS, decisions_of, put_into,
    reference_in, scope_of, verdict_of, write, write_none,
};
use crate::harness::{Decision, TestApp};

/// A client that asks for both scopes of the notes server.
const BOTH: &str = "notes:read notes:write";

/// RFC 6749 §4.1.2.1: refused before anybody is asked, and never as a bad request. The reference leads to the policy.
#[tokio::test]
async fn a_policy_that_denies_refuses_before_consent_and_says_where_to_look() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    write(&acme, CONTRACTORS_STAY_OUT).await;
    let client = acme.confidential_client().await;
    let asking = client.authorization_request().with("scope", BOTH);

    let refused = asking.walk(&acme.browser_of("carol").await).await;
    assert_eq!(refused.error(), "access_denied");
    let reference = reference_in(&refused.parameter("error_description").unwrap());
    let decisions = decisions_of(&acme, &reference).await;
    assert_eq!(decisions[0]["action"], "authorize");
    assert_eq!(decisions[0]["outcome"], "denied");
    assert_eq!(decisions[0]["client_id"], client.client_id.as_str());
    assert_eq!(
        verdict_of(&decisions[0], "notes:read"),
        ("denied".to_owned(), vec!["contractors-stay-out".to_owned()])
    );
    // Others are not concerned.
    asking.walk(&acme.browser_of("alice").await).await.code();
}

/// A client that nobody vouches for: the person reads it on our page, with the reference.
#[tokio::test]
async fn of_a_strangers_client_the_person_reads_it_with_the_reference() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    write(&acme, CONTRACTORS_STAY_OUT).await;
    let client = acme
        .registered_client("https://stranger.example/callback")
        .await;
    let browser = acme.browser_of("carol").await;
    let page = browser.walk(&client.authorization_request().url()).await;
    assert!(page.is_error(), "{page:?}");
    let reference = page.answer().header("x-request-id").to_owned();
    assert!(page.html().contains(&reference), "{page:?}");
    let decisions = decisions_of(&acme, &reference).await;
    assert_eq!(decisions[0]["outcome"], "denied");
}

/// Protocol §4: requested ∩ resource ∩ client ∩ policy ∩ the person's choice.
#[tokio::test]
async fn a_policy_that_narrows_is_seen_at_consent_and_in_the_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "erin", "editors").await;
    write(&acme, WRITING_IS_FOR_EDITORS).await;
    let client = acme.public_client().await;
    let asking = client.authorization_request().with("scope", BOTH);

    let alice = acme.signed_in_browser_of("alice").await;
    let consent = asking.open(&alice).await;
    assert!(consent.is_consent(), "{consent:?}");
    let reference = consent.answer().header("x-request-id").to_owned();
    assert!(consent.html().contains("keeps back"), "{consent:?}");
    assert!(consent.html().contains(&reference), "{consent:?}");
    let decided = alice.decide(&consent, Decision::Allow).await;
    let code = asking.ended_at(decided).code();
    assert_eq!(scope_of(&client.redeem(&code).await), "notes:read");
    let decisions = decisions_of(&acme, &reference).await;
    assert_eq!(decisions[0]["outcome"], "narrowed");
    assert_eq!(
        verdict_of(&decisions[0], "notes:write"),
        (
            "denied".to_owned(),
            vec!["writing-is-for-editors".to_owned()]
        )
    );
    assert_eq!(verdict_of(&decisions[0], "notes:read").0, "allowed");

    let code = asking.walk(&acme.browser_of("erin").await).await.code();
    assert_eq!(scope_of(&client.redeem(&code).await), BOTH);
}

/// Who is asked next may be allowed more than who was asked first.
#[tokio::test]
async fn what_is_kept_back_from_one_person_is_not_kept_back_from_the_next() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "erin", "editors").await;
    write(&acme, WRITING_IS_FOR_EDITORS).await;
    let client = acme.public_client().await;
    let asking = client.authorization_request().with("scope", BOTH);
    let browser = acme.signed_in_browser_of("alice").await;
    let consent = asking.open(&browser).await;
    assert!(!consent.html().contains("value=\"notes:write\""));

    let switch = consent.consent_form().press("decision", "switch_account");
    let login = browser.submit(&switch).await;
    assert!(login.is_login(), "{login:?}");
    let erin = acme.user("erin").await;
    let consent = browser.log_in(&login, &erin.username, &erin.password).await;
    assert!(consent.html().contains("value=\"notes:write\""));
    let decided = browser.decide(&consent, Decision::Allow).await;
    let code = asking.ended_at(decided).code();
    assert_eq!(scope_of(&client.redeem(&code).await), BOTH);
}

#[tokio::test]
async fn a_policy_may_depend_on_how_the_client_registered() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    write(&acme, STRANGERS_ONLY_READ).await;
    let alice = acme.browser_of("alice").await;
    let stranger = acme.registered_client("http://127.0.0.1/callback").await;
    let known = acme.public_client().await;
    for (client, scope) in [(stranger, "notes:read"), (known, BOTH)] {
        let asking = client.authorization_request().with("scope", BOTH);
        let code = asking.walk(&alice).await.code();
        let tokens = client.redeem(&code).await.tokens();
        assert_eq!(tokens.body["scope"], scope);
        let refreshed = client.refresh(tokens.refresh_token()).await;
        assert_eq!(scope_of(&refreshed), scope);
    }
}

/// Decided again between the question and the code.
#[tokio::test]
async fn policies_written_while_the_page_is_open_count_for_the_answer() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    let client = acme.confidential_client().await;
    let carol = acme.signed_in_browser_of("carol").await;
    let asking = client.authorization_request().with("scope", BOTH);
    let consent = asking.open(&carol).await;
    assert!(consent.is_consent(), "{consent:?}");

    write(&acme, WRITING_IS_FOR_EDITORS).await;
    let decided = carol.decide(&consent, Decision::Allow).await;
    let code = asking.ended_at(decided).code();
    assert_eq!(scope_of(&client.redeem(&code).await), "notes:read");

    write_none(&acme).await;
    let consent = asking.open(&carol).await;
    write(&acme, CONTRACTORS_STAY_OUT).await;
    let decided = carol.decide(&consent, Decision::Allow).await;
    assert_eq!(asking.ended_at(decided).error(), "access_denied");
}

/// A consent that is remembered is no way around what was written since.
#[tokio::test]
async fn a_remembered_consent_gives_no_more_than_the_policies() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    let client = acme.confidential_client().await;
    let carol = acme.browser_of("carol").await;
    let asking = client.authorization_request().with("scope", BOTH);
    asking.walk(&carol).await.code();
    let silent = asking.clone().with("prompt", "none");

    write(&acme, WRITING_IS_FOR_EDITORS).await;
    let code = silent.walk(&carol).await.code();
    assert_eq!(scope_of(&client.redeem(&code).await), "notes:read");
    write(&acme, CONTRACTORS_STAY_OUT).await;
    assert_eq!(silent.walk(&carol).await.error(), "access_denied");
}

/// `openid` belongs to the tenant, but its token would be for the resource.
#[tokio::test]
async fn a_scope_of_the_tenant_opens_no_resource_that_is_closed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    write(&acme, CONTRACTORS_STAY_OUT).await;
    let client = acme.confidential_client().await;
    let carol = acme.browser_of("carol").await;
    for scope in ["openid", "openid notes:read"] {
        let asking = client.authorization_request().with("scope", scope);
        assert_eq!(
            asking.walk(&carol).await.error(),
            "access_denied",
            "{scope}"
        );
    }
    let other = acme.another_resource("https://other.acme.test/mcp").await;
    let both = client
        .authorization_request()
        .and("resource", &other.identifier);
    let code = both.walk(&carol).await.code();
    let tokens = client
        .clone()
        .with_resource(None)
        .redeem(&code)
        .await
        .tokens();
    assert_eq!(tokens.claims()["aud"], other.audience.as_str());
}

/// A policy with an obligation sends the person to sign in again, once, and is met by that.
#[tokio::test]
async fn an_obligation_asks_for_a_new_sign_in_and_is_met_by_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let alice = acme.signed_in_browser_of("alice").await;
    let fresh = r#"
@id("writing-needs-a-fresh-sign-in")
@description("Whoever lets a client change notes has just signed in.")
@obligation("fresh-sign-in")
forbid (
  principal is Writ::User,
  action == Writ::Action::"authorize",
  resource == Writ::Scope::"notes:write"
);
"#;
    write(&acme, fresh).await;
    app.clock().advance(Duration::from_secs(5));
    let reading = client.authorization_request().with("scope", "notes:read");
    let writing = client.authorization_request().with("scope", BOTH);

    assert!(reading.open(&alice).await.is_consent());
    let silent = writing.clone().with("prompt", "none");
    assert_eq!(silent.walk(&alice).await.error(), "login_required");
    let login = writing.open(&alice).await;
    assert!(login.is_login(), "{login:?}");
    let reference = login.answer().header("x-request-id").to_owned();
    let decisions = decisions_of(&acme, &reference).await;
    assert_eq!(decisions[0]["outcome"], "stronger_sign_in");
    assert_eq!(verdict_of(&decisions[0], "notes:write").0, "sign_in_needed");

    app.clock().advance(Duration::from_secs(5));
    let user = acme.user("alice").await;
    let consent = alice.log_in(&login, &user.username, &user.password).await;
    assert!(consent.is_consent(), "{consent:?}");
    let decided = alice.decide(&consent, Decision::Allow).await;
    let code = writing.ended_at(decided).code();
    assert_eq!(scope_of(&client.redeem(&code).await), BOTH);
}

/// Protocol §2: a client that holds a grant and asks for what the policies keep back hears so, instead of getting the
/// same token again and again.
#[tokio::test]
async fn a_client_that_holds_all_it_may_have_is_told_so() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    write(&acme, WRITING_IS_FOR_EDITORS).await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    client.tokens_for(&alice, "notes:read").await;

    let refused = client
        .authorization_request()
        .with("scope", BOTH)
        .walk(&alice)
        .await;
    assert_eq!(refused.error(), "access_denied");
    let reference = reference_in(&refused.parameter("error_description").unwrap());
    let decisions = decisions_of(&acme, &reference).await;
    assert_eq!(verdict_of(&decisions[0], "notes:write").0, "denied");
}

/// Row U: the page of a device says no more than that, and the device hears `access_denied`.
#[tokio::test]
async fn a_device_is_denied_and_narrowed_like_any_client() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    put_into(&acme, "carol", "contractors").await;
    let carol = acme.signed_in_browser_of("carol").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let both = format!("{CONTRACTORS_STAY_OUT}{WRITING_IS_FOR_EDITORS}");
    write(&acme, &both).await;
    let television = acme.device_client().await;
    let asked = television.ask_for_device(&[("scope", BOTH)]).await;
    let codes = asked.device_codes();
    let page = acme.type_code(&carol, &codes.user_code).await;
    assert!(!page.is_consent(), "{page:?}");
    let reference = page.answer().header("x-request-id").to_owned();
    assert!(page.html().contains(&reference), "{page:?}");
    television
        .poll(&codes)
        .await
        .is_refused(400, "access_denied");
    let decisions = decisions_of(&acme, &reference).await;
    assert_eq!(decisions[0]["outcome"], "denied");

    let asked = television.ask_for_device(&[("scope", BOTH)]).await;
    let codes = asked.device_codes();
    let page = acme.type_code(&alice, &codes.user_code).await;
    assert!(page.is_consent(), "{page:?}");
    alice.decide(&page, Decision::Allow).await;
    app.clock().advance(Duration::from_secs(10));
    assert_eq!(scope_of(&television.poll(&codes).await), "notes:read");
}
