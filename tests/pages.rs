//! The pages as documents: their headers, and what may never become part of them.
//!
//! Not here: which page comes when (`error_placement`, `consent`, `login`).

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Decision, TestApp};

/// One of each page that a person can come to.
async fn every_page(app: &TestApp) -> Vec<(&'static str, Answer)> {
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let alice = acme.user("alice").await;
    let client = acme.confidential_client().await;
    let stranger = acme
        .registered_client("https://stranger.example/callback")
        .await;
    let request = client.authorization_request();

    let login = request.open(&browser).await;
    let wrong = browser.log_in(&login, &alice.username, "wrong").await;
    let consent = browser
        .log_in(&wrong, &alice.username, &alice.password)
        .await;
    let form = consent.consent_form();
    let nothing = browser
        .submit(&form.clone().without("scope").press("decision", "allow"))
        .await;
    let with_button = stranger.authorization_request().with("response_type", "x");
    let with_button = with_button.open(&browser).await;
    let unknown = request.with("client_id", "unknown").open(&browser).await;
    let forged = browser
        .submit(&form.fill("pending", "x").press("decision", "allow"))
        .await;
    let television = acme.device_client().await;
    let device = browser.open(&acme.url("device")).await;
    let no_code = acme.type_code(&browser, "BCDF-GHJK").await;
    let codes = television.device_codes().await;
    let asked = acme.type_code(&browser, &codes.user_code).await;
    let done = browser.decide(&asked, Decision::Allow).await;
    let codes = television.device_codes().await;
    let refused = acme.answer_device(&browser, &codes, Decision::Deny).await;
    let nowhere = browser.open("https://writ.test/t/nobody/authorize").await;
    let by_itself = browser.open(&acme.url("consent")).await;
    let wrong_method = acme.wire().request(Method::DELETE, &acme.url("authorize"));
    vec![
        ("login", login.answer().clone()),
        ("a wrong password", wrong.answer().clone()),
        ("consent", consent.answer().clone()),
        ("nothing ticked", nothing.answer().clone()),
        ("an error with a button", with_button.answer().clone()),
        ("an error", unknown.answer().clone()),
        ("a forged form", forged.answer().clone()),
        ("device", device.answer().clone()),
        ("an unknown code", no_code.answer().clone()),
        ("consent for a device", asked.answer().clone()),
        ("a connected device", done.answer().clone()),
        ("a refused device", refused.answer().clone()),
        ("an unknown tenant", nowhere.answer().clone()),
        ("a form's address", by_itself.answer().clone()),
        ("a wrong method", Answer::of(wrong_method).await),
    ]
}

/// L1: every page says the same about itself: no frames, no scripts, nothing from elsewhere, and no
/// `form-action`, which browsers would hold against the redirect to the application.
#[tokio::test]
async fn every_page_protects_itself() {
    let app = TestApp::start().await;
    for (name, page) in every_page(&app).await {
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{name}: {page:?}"
        );
        assert_eq!(page.header("x-frame-options"), "DENY", "{name}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{name}");
        assert!(
            page.header("strict-transport-security")
                .starts_with("max-age="),
            "{name}"
        );
        let policy = page.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(directive), "{name}: {policy}");
        }
        for hole in [
            "form-action",
            "unsafe",
            "script-src",
            "*",
            "http:",
            "https:",
            "data:",
        ] {
            assert!(!policy.contains(hole), "{name}: {policy}");
        }
        assert!(
            !page.body.contains("<script") && !page.body.contains(" style="),
            "{name}"
        );
    }
}

/// L7: no page is kept by anybody, nor is a redirect on the way.
#[tokio::test]
async fn no_page_is_kept() {
    let app = TestApp::start().await;
    for (name, page) in every_page(&app).await {
        assert!(
            page.header("cache-control").contains("no-store"),
            "{name}: {page:?}"
        );
    }
    let umbrella = app.tenant("umbrella").await;
    let browser = umbrella.browser_of("bob").await;
    let request = umbrella.confidential_client().await.authorization_request();
    let bob = umbrella.user("bob").await;
    let login = request.open(&browser).await.login_form();
    let on = browser
        .submit_once(
            &login
                .fill("username", "bob")
                .fill("password", &bob.password),
        )
        .await;
    let consent = request.open(&browser).await;
    let left = browser.decide(&consent, Decision::Allow).await;
    let sent_on = umbrella
        .wire()
        .post_form(&umbrella.url("authorize"), request.parameters())
        .await;
    for redirect in [on, left.answer().clone(), sent_on] {
        assert_eq!(redirect.status, 303);
        assert!(
            redirect.header("cache-control").contains("no-store"),
            "{redirect:?}"
        );
    }
}

/// L1: the page works without anything but itself and our own style sheet and icon, and says what
/// language it is in.
#[tokio::test]
async fn pages_load_nothing_but_our_own_assets() {
    let app = TestApp::start().await;
    for (name, page) in every_page(&app).await {
        let document = scraper::Html::parse_document(&page.body);
        let all = |text: &str| scraper::Selector::parse(text).unwrap();
        assert_eq!(document.select(&all("html[lang=en]")).count(), 1, "{name}");
        assert_eq!(
            document.select(&all("title, h1")).count(),
            2,
            "{name}: one title, one heading"
        );
        assert_eq!(
            document
                .select(&all("img, iframe, object, embed, script"))
                .count(),
            0,
            "{name}"
        );
        for link in document.select(&all("link")) {
            let href = link.attr("href").unwrap();
            assert!(href.starts_with("/assets/"), "{name}: {href}");
            app.wire()
                .get(&format!("https://writ.test{href}"))
                .await
                .expect_status(200);
        }
    }
}

/// L8: no parameter but a verified redirect URI says where a browser goes.
#[tokio::test]
async fn return_addresses_of_strangers_are_ignored() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let client = acme.public_client().await;

    for evil in [
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "https://evil.example/",
    ] {
        let browser = acme.browser_of("alice").await;
        let mut request = client.authorization_request();
        let names = [
            "return_to",
            "next",
            "continue",
            "redirect",
            "returnUrl",
            "target",
            "back",
        ];
        for name in names {
            request = request.with(name, evil);
        }
        let login = request.open(&browser).await;
        assert!(!login.html().contains("evil.example"), "{login:?}");
        let mut form = login.login_form();
        for name in names {
            form = form.fill(name, evil);
        }
        form.action
            .set_query(Some(&format!("next={evil}&return_to={evil}")));
        let form = form
            .fill("username", &alice.username)
            .fill("password", &alice.password);
        let on = browser.submit_once(&form).await.expect_status(303);
        assert!(
            on.header("location")
                .starts_with("/t/acme/authorize/continue?pending="),
            "{on:?}"
        );
        let on = format!(
            "https://writ.test{}&next={evil}&return_to={evil}",
            on.header("location")
        );
        let consent = browser.open(&on).await;
        assert!(
            consent.is_consent() && !consent.html().contains("evil.example"),
            "{consent:?}"
        );
        let left = browser.decide(&consent, Decision::Allow).await;
        assert_eq!(left.location().host_str(), Some("127.0.0.1"));
    }
}

/// L8: a host of the sender's choosing gets into no page and no redirect.
#[tokio::test]
async fn a_forged_forwarded_host_changes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let url = client.authorization_request().url();

    for header in [
        "x-forwarded-host",
        "forwarded",
        "x-original-url",
        "x-rewrite-url",
    ] {
        let request = acme
            .wire()
            .request(Method::GET, &url)
            .header(header, "evil.example");
        let answer = Answer::of(request).await.expect_status(200);
        assert!(
            !answer.body.contains("evil.example"),
            "{header}: {answer:?}"
        );
    }
}

/// L9: what a client, an administrator or a person writes is text on every page.
#[tokio::test]
async fn names_never_become_markup() {
    const HOSTILE: &str = "<script>alert('x')</script>\"><img src=x>&amp;";
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "display_name": HOSTILE })).await;
    let resource = json!({
        "identifier": "https://hostile.example/mcp",
        "name": HOSTILE,
        "scopes": [{ "name": "<b>&\u{27}", "description": HOSTILE, "default": true }],
    });
    acme.admin()
        .create(&acme.path("/resources"), &resource)
        .await;
    let metadata = json!({
        "client_name": HOSTILE,
        "client_uri": "https://home.example/%3Cscript%3E?\u{27}",
        "redirect_uris": ["https://stranger.example/callback?x=y"],
        "token_endpoint_auth_method": "none",
    });
    let stranger = acme.client_of(&acme.register(&metadata).await.expect_status(201).json());
    let stranger = stranger.with_resource(Some("https://hostile.example/mcp"));
    let alice = acme.user("alice").await;
    let browser = acme.browser_of("alice").await;
    let request = stranger
        .authorization_request()
        .with("state", HOSTILE)
        .with("login_hint", HOSTILE);

    let login = request.open(&browser).await;
    let wrong = browser.log_in(&login, HOSTILE, HOSTILE).await;
    assert_eq!(wrong.login_form().value("username"), HOSTILE);
    let consent = browser
        .log_in(&wrong, &alice.username, &alice.password)
        .await;
    assert_eq!(consent.consent_form().value("scope"), "<b>&'");
    let refused = request
        .clone()
        .with("response_type", HOSTILE)
        .open(&browser)
        .await;
    let unknown = request.with("client_id", HOSTILE).open(&browser).await;
    for page in [&login, &wrong, &consent, &refused, &unknown] {
        let document = scraper::Html::parse_document(page.html());
        let found = scraper::Selector::parse("script, img, b").unwrap();
        assert_eq!(document.select(&found).count(), 0, "{}", page.html());
        assert!(
            document
                .root_element()
                .text()
                .any(|text| text.contains(HOSTILE)),
            "it is shown as text"
        );
    }
    let back = refused.back_link().unwrap();
    assert!(back.as_str().starts_with(&stranger.redirect_uri), "{back}");
    let state = back
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(state, HOSTILE);
}

/// L9: a state is percent-encoded into the redirect, whatever it is; no header is ever split.
#[tokio::test]
async fn a_state_never_becomes_a_header() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let request = client.authorization_request();

    for state in [
        "x\r\nSet-Cookie: stolen=1\r\n\r\n<script>",
        "\"'><script>alert(1)</script>",
        "a=b&code=stolen&iss=https://evil.example#fragment",
        "%0d%0aX: y",
        "\u{1}\u{7f}\u{85}\u{2028}ü😀",
        " ",
    ] {
        let request = request.clone().with("state", state);
        for walked in [
            request.clone().walk(&alice).await,
            request
                .clone()
                .with("prompt", "consent")
                .walk_and_deny(&alice)
                .await,
            request.with("response_type", "token").walk(&alice).await,
        ] {
            let answer = walked.page.answer();
            assert_eq!(walked.parameter("state").as_deref(), Some(state));
            assert_eq!(
                walked.parameter("iss").as_deref(),
                Some(acme.issuer.as_str())
            );
            assert!(!answer.headers.contains_key("x"), "{answer:?}");
            assert!(
                !answer.header("set-cookie").contains("stolen"),
                "{answer:?}"
            );
            assert!(
                answer
                    .header("location")
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic())
            );
            assert_eq!(walked.page.location().fragment(), None);
        }
    }
}
