//! The person's side: type the code, sign in, see who asks from where, decide.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Browser, Decision, TestApp};

/// Row U4: RFC 8628 §6.1: in any case and spacing.
#[tokio::test]
async fn a_code_is_typed_in_any_case_and_spacing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let codes = television.device_codes().await;
    let bare = codes.user_code.replace('-', "");
    for typed in [
        codes.user_code.clone(),
        bare.to_lowercase(),
        format!("  {} {} ", &bare[..4].to_lowercase(), &bare[4..]),
        format!("{}.{}", &bare[..2], &bare[2..]),
    ] {
        let page = acme.type_code(&browser, &typed).await;
        assert!(page.is_consent(), "{typed}: {page:?}");
    }
}

/// Row U4: RFC 8628 §3.3.1: the link with the code in it fills the form and presses nothing.
#[tokio::test]
async fn the_complete_link_fills_the_form_and_presses_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let codes = television.device_codes().await;
    let link = codes.body["verification_uri_complete"].as_str().unwrap();
    let page = browser.open(link).await;
    assert!(page.html().contains("shows this very code"), "{page:?}");
    let form = page.device_form();
    assert_eq!(form.value("user_code"), codes.user_code);
    let consent = browser.submit(&form).await;
    assert!(consent.is_consent(), "{consent:?}");
    let hostile = format!("{}?user_code=%22%3E%3Cscript%3E", acme.url("device"));
    let page = browser.open(&hostile).await;
    assert_eq!(page.device_form().value("user_code"), "");
}

/// Row U4: RFC 8628 §5.4: who asks, for what, from where and when; and that somebody else's code is a trap.
#[tokio::test]
async fn the_person_sees_who_asks_for_what_from_where() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let fields = [("resource", acme.resource.identifier.as_str())];
    let asked = television
        .post_request("device_authorization", &fields)
        .header("x-forwarded-for", "203.0.113.9");
    let codes = crate::harness::Answer::of(asked).await.device_codes();
    app.clock().advance(Duration::from_mins(3));
    let browser = acme.browser_of("alice").await;
    let login = acme.type_code(&browser, &codes.user_code).await;
    assert!(login.is_login(), "{login:?}");
    assert!(login.html().contains("Notes on the television"));
    let consent = browser.sign_in(&login).await;
    for words in [
        "Notes on the television",
        "203.0.113.9",
        "3 minutes ago",
        "from another address",
        "Read your notes",
        &acme.resource.identifier,
        "If somebody sent you the code",
        "alice",
    ] {
        assert!(consent.html().contains(words), "{words}: {consent:?}");
    }
    assert!(!consent.html().contains("Returns to"), "{consent:?}");
}

/// Row U4: a device's consent is never remembered, whatever the client is.
#[tokio::test]
async fn every_device_is_asked_about() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let kiosk = acme
        .client(&json!({
            "client_name": "Kiosk",
            "redirect_uris": ["https://kiosk.example/callback"],
            "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
            "token_endpoint_auth_method": "client_secret_basic",
        }))
        .await;
    let browser = acme.signed_in_browser_of("alice").await;
    // What was allowed to the application in a browser says nothing about a device, nor the reverse.
    kiosk.authorize(&browser).await.code();
    for _ in 0..2 {
        let codes = kiosk.device_codes().await;
        let page = acme.type_code(&browser, &codes.user_code).await;
        assert!(page.is_consent(), "{page:?}");
        assert!(page.html().contains("You will be asked every time"));
        browser.decide(&page, Decision::Allow).await;
        kiosk.poll(&codes).await.tokens();
    }
}

/// Row U4: one answer; the other tab, Back, and whoever else typed the code come too late.
#[tokio::test]
async fn a_device_is_answered_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let alice = acme.signed_in_browser_of("alice").await;
    let bob = acme.signed_in_browser_of("bob").await;
    for (first, last) in [
        (Decision::Allow, Decision::Deny),
        (Decision::Deny, Decision::Allow),
    ] {
        let codes = television.device_codes().await;
        let left = acme.type_code(&alice, &codes.user_code).await;
        let right = acme.type_code(&bob, &codes.user_code).await;
        alice.decide(&left, first).await;
        bob.decide(&right, last).await.answer().is_shown(403);
        alice.decide(&left, first).await.answer().is_shown(403);
        let retyped = acme
            .device_form(&bob)
            .await
            .fill("user_code", &codes.user_code);
        bob.submit_once(&retyped).await.expect_status(400);
        let polled = television.poll(&codes).await;
        match first {
            Decision::Allow => {
                let claims = polled.tokens().claims();
                assert_eq!(claims["sub"], acme.user("alice").await.id.as_str());
            }
            Decision::Deny => polled.is_refused(400, "access_denied"),
        }
    }
}

/// The person says no: the page says so, and the device hears it.
#[tokio::test]
async fn a_refusal_reaches_the_device() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let browser = acme.browser_of("alice").await;
    let codes = television.device_codes().await;
    let done = acme.answer_device(&browser, &codes, Decision::Deny).await;
    assert!(done.html().contains("Access was not given"), "{done:?}");
    for _ in 0..2 {
        let polled = television.poll(&codes).await;
        polled.is_refused(400, "access_denied");
    }
    let denied = acme.audit_events("consent.denied").await;
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!(denied[0]["details"]["device_requested_from"], "127.0.0.1");
}

/// Another account: the request goes on, with whoever signs in.
#[tokio::test]
async fn the_account_may_be_switched() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let codes = television.device_codes().await;
    let consent = acme.type_code(&browser, &codes.user_code).await;
    let form = consent.consent_form().press("decision", "switch_account");
    let login = browser.submit(&form).await;
    let bob = acme.user("bob").await;
    let consent = browser.log_in(&login, &bob.username, &bob.password).await;
    browser.decide(&consent, Decision::Allow).await;
    let tokens = television.poll(&codes).await.tokens();
    assert_eq!(tokens.claims()["sub"], bob.id.as_str());
}

/// L3: a form of another site neither types a code nor answers.
#[tokio::test]
async fn another_sites_form_counts_for_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let codes = television.device_codes().await;
    let typed = [("user_code".to_owned(), codes.user_code.clone())];
    let page = browser
        .post_from_another_site(&acme.url("device"), &typed)
        .await;
    page.answer().is_shown(403);
    let consent = acme.type_code(&browser, &codes.user_code).await;
    let form = consent.consent_form().press("decision", "allow");
    let forged = browser
        .submit_with(&form, &[("sec-fetch-site", "cross-site")])
        .await;
    forged.is_shown(403);
    let polled = television.poll(&codes).await;
    polled.is_refused(400, "authorization_pending");
}

/// A sign-in for a device stays in the browser that the code was typed into.
#[tokio::test]
async fn a_sign_in_for_a_device_stays_in_its_browser() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let alice = acme.signed_in_browser_of("alice").await;
    let codes = television.device_codes().await;
    let form = acme.device_form(&alice).await;
    let form = form.fill("user_code", &codes.user_code);
    let sent_on = alice.submit_once(&form).await.expect_status(303);
    let page = url::Url::parse(&acme.url("device")).unwrap();
    let stolen = page.join(sent_on.header("location")).unwrap();
    let victim: Browser = acme.signed_in_browser_of("bob").await;
    victim.open(stolen.as_str()).await.answer().is_shown(403);
    assert!(alice.open(stolen.as_str()).await.is_consent());
}

/// What the device asked for may be gone when the person comes: then it hears so.
#[tokio::test]
async fn what_is_gone_is_not_given() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let codes = television.device_codes().await;
    let consent = acme.type_code(&browser, &codes.user_code).await;
    let path = acme.path(&format!("/resources/{}", acme.resource.id));
    acme.admin().delete(&path).await.expect_status(204);
    let page = browser.decide(&consent, Decision::Allow).await;
    assert!(page.html().contains("Access was not given"), "{page:?}");
    let polled = television.poll(&codes).await;
    polled.is_refused(400, "access_denied");
}

/// Ten minutes, for the code and for the decision.
#[tokio::test]
async fn a_code_and_the_decision_about_it_expire_together() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    let codes = television.device_codes().await;
    app.clock().advance(Duration::from_secs(599));
    let consent = acme.type_code(&browser, &codes.user_code).await;
    app.clock().advance(Duration::from_secs(1));
    let late = browser.decide(&consent, Decision::Allow).await;
    late.answer().is_shown(400);
    let form = acme.device_form(&browser).await;
    let form = form.fill("user_code", &codes.user_code);
    browser.submit_once(&form).await.expect_status(400);
    television
        .poll(&codes)
        .await
        .is_refused(400, "expired_token");
}
