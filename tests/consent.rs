//! Consent: what a person is asked, whose answer counts, and when it is asked again.

use serde_json::json;

use crate::harness::{Browser, Decision, IssuedCode, OAuthClient, Page, TestApp};

/// Who asks, who vouches for it, for what, in words, and where the answer goes.
#[tokio::test]
async fn the_page_says_who_asks_and_for_what() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let metadata = json!({
        "client_name": "Notes & more",
        "client_uri": "https://home.example/about",
        "redirect_uris": ["https://return.example/callback"],
        "token_endpoint_auth_method": "none",
    });
    let entered = acme.client(&metadata).await;
    let registered = acme.client_of(&acme.register(&metadata).await.expect_status(201).json());

    for (client, voucher, other) in [
        (
            entered,
            "An administrator of Acme added this application.",
            "Unverified",
        ),
        (registered, "Unverified", "An administrator of Acme added"),
    ] {
        let request = client
            .authorization_request()
            .with("scope", "notes:read notes:write openid");
        let page = request.open(&alice).await;
        for said in [
            "Notes &#38; more",
            "home.example",
            "return.example",
            "alice",
            "Notes",
            &acme.resource.identifier,
            "Read your notes",
            "Change your notes",
            "Know which account you signed in with",
            voucher,
        ] {
            assert!(page.html().contains(said), "{said}: {}", page.html());
        }
        assert!(!page.html().contains(other), "{}", page.html());
        assert!(
            !page.html().contains("Any program on this device"),
            "{}",
            page.html()
        );
    }
}

/// Whoever listens on this device can pose as such a client, and the page says so.
#[tokio::test]
async fn the_page_warns_of_clients_that_live_on_the_device() {
    const PRIVATE: &str = "cursor://anysphere.cursor-mcp/oauth/callback";
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "private_use_redirect_uris": [PRIVATE] }))
        .await;
    let alice = acme.signed_in_browser_of("alice").await;

    let loopback = acme.public_client().await;
    let private = acme.registered_client(PRIVATE).await;
    for (client, shown) in [(loopback, "127.0.0.1:51004"), (private, PRIVATE)] {
        let page = client.authorization_request().open(&alice).await;
        assert!(
            page.html().contains("Any program on this device"),
            "{}",
            page.html()
        );
        assert!(page.html().contains(shown), "{}", page.html());
        assert!(page.html().contains("asked every time"), "{}", page.html());
    }
}

/// The person may give less than was asked, and not more.
#[tokio::test]
async fn a_person_may_narrow_and_never_widen() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let request = client.authorization_request();

    let page = request
        .clone()
        .with("scope", "notes:read notes:write")
        .open(&alice)
        .await;
    let form = page
        .consent_form()
        .untick("scope", "notes:write")
        .press("decision", "allow");
    let tokens = client
        .redeem(&code_of(&client, &alice.submit(&form).await))
        .await
        .tokens();
    assert_eq!(tokens.body["scope"], "notes:read");

    let page = request
        .with("scope", "notes:read")
        .with("prompt", "consent")
        .open(&alice)
        .await;
    let mut form = page.consent_form().press("decision", "allow");
    form.fields
        .push(("scope".to_owned(), "notes:write".to_owned()));
    let tokens = client
        .redeem(&code_of(&client, &alice.submit(&form).await))
        .await
        .tokens();
    assert_eq!(tokens.body["scope"], "notes:read");
}

/// Nothing ticked is no answer: the page says so, and can still be answered.
#[tokio::test]
async fn an_allowed_nothing_is_asked_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;

    let page = client.authorization_request().open(&alice).await;
    let nothing = page
        .consent_form()
        .without("scope")
        .press("decision", "allow");
    let again = alice.submit(&nothing).await;
    assert_eq!(again.answer().status, 400);
    assert!(again.is_consent());
    let form = again
        .consent_form()
        .fill("scope", "notes:read")
        .press("decision", "allow");
    alice.submit(&form).await.location();
}

/// L3: an answer without the token of its page, with another session's, or from another site, gives
/// no code, and the page that was really shown still works.
#[tokio::test]
async fn a_forged_consent_gives_no_code() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let elsewhere = acme.signed_in_browser_of("alice").await;
    let mallory = acme.signed_in_browser_of("mallory").await;
    let client = acme.confidential_client().await;
    let request = client.authorization_request();
    let shown = async |browser: &Browser| {
        request
            .open(browser)
            .await
            .consent_form()
            .press("decision", "allow")
    };
    let form = shown(&alice).await;
    let own = form.value("pending").to_owned();
    let ours = [
        ("origin", "https://writ.test"),
        ("sec-fetch-site", "same-origin"),
    ];

    let altered = format!("{}{}", &own[..own.len() - 4], "AAAA");
    for forged in [
        form.clone().without("pending"),
        form.clone().fill("pending", ""),
        form.clone().fill("pending", "AAAA"),
        form.clone().fill("pending", &altered),
        shown(&mallory).await,
        shown(&elsewhere).await,
    ] {
        alice.submit_with(&forged, &ours).await.is_shown(403);
    }
    for headers in [
        [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ],
        [
            ("origin", "https://evil.writ.test"),
            ("sec-fetch-site", "same-site"),
        ],
        [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "same-origin"),
        ],
        [
            ("origin", "https://writ.test"),
            ("sec-fetch-site", "cross-site"),
        ],
        [("origin", "null"), ("sec-fetch-site", "same-origin")],
        [
            ("origin", "https://writ.test:444"),
            ("sec-fetch-site", "same-origin"),
        ],
        [
            ("origin", "http://writ.test"),
            ("sec-fetch-site", "same-origin"),
        ],
    ] {
        alice.submit_with(&form, &headers).await.is_shown(403);
    }
    app.browser().submit_with(&form, &ours).await.is_shown(403);
    mallory.submit_with(&form, &ours).await.is_shown(403);

    assert_eq!(alice.submit_with(&form, &ours).await.status, 303);
}

/// L3: one page, one answer: the second gives nothing.
#[tokio::test]
async fn a_consent_counts_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;

    let page = client.authorization_request().open(&alice).await;
    let form = page.consent_form().press("decision", "allow");
    assert_eq!(alice.submit_once(&form).await.status, 303);
    alice.submit_once(&form).await.is_shown(403);
}

/// L3: a double click sends the answer twice at once: one code, and no failure but the page.
#[tokio::test]
async fn of_two_answers_at_once_one_counts() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;

    let page = client.authorization_request().open(&alice).await;
    let form = page.consent_form().press("decision", "allow");
    let answers = futures_util::future::join_all((0..8).map(|_| alice.submit_once(&form))).await;
    let (given, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.status == 303);
    assert_eq!(given.len(), 1);
    for one in refused {
        one.is_shown(403);
    }
}

/// L3: the address of a form is no page, and a link to it decides nothing.
#[tokio::test]
async fn a_consent_is_posted() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;

    let page = client.authorization_request().open(&alice).await;
    let form = page.consent_form().press("decision", "allow");
    let link = url::Url::parse_with_params(form.action.as_str(), &form.fields).unwrap();
    alice.open(link.as_str()).await.answer().is_shown(400);
    alice.open(&acme.url("login")).await.answer().is_shown(400);
}

/// One grant for each code: what came before stays as it was.
#[tokio::test]
async fn a_second_authorization_leaves_the_first_grant_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.confidential_client().await;
    let with_scope = |scope: &str| client.authorization_request().with("scope", scope);

    let wide = with_scope("notes:read notes:write")
        .walk(&alice)
        .await
        .code();
    let wide = client.redeem(&wide).await.tokens();
    let narrow = with_scope("notes:read").walk(&alice).await.code();
    let narrow = client.redeem(&narrow).await.tokens();
    client
        .revoke(narrow.refresh_token())
        .await
        .expect_status(200);

    let renewed = client.refresh(wide.refresh_token()).await.tokens();
    assert_eq!(renewed.body["scope"], "notes:read notes:write");
}

/// The answer of somebody who is not who was asked: another account begins anew.
#[tokio::test]
async fn another_account_may_be_used_instead() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;
    let bob = acme.user("bob").await;
    let client = acme.confidential_client().await;

    let page = client.authorization_request().open(&browser).await;
    let form = page.consent_form();
    let login = browser
        .submit(&form.clone().press("decision", "switch_account"))
        .await;
    assert!(login.is_login(), "{login:?}");
    let consent = browser.log_in(&login, &bob.username, &bob.password).await;
    assert!(consent.html().contains("bob"), "{consent:?}");
    let as_alice = browser.submit_once(&form.press("decision", "allow")).await;
    as_alice.is_shown(403);
    let left = browser.decide(&consent, Decision::Allow).await;
    let tokens = client.redeem(&code_of(&client, &left)).await.tokens();
    assert_eq!(tokens.claims()["sub"], bob.id.as_str());
}

fn code_of(client: &OAuthClient, page: &Page) -> IssuedCode {
    client.authorization_request().ended_at(page.clone()).code()
}

/// What the tenant took back while the page was open is not given by the answer.
#[tokio::test]
async fn what_went_in_the_meantime_is_not_given() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let request = client
        .authorization_request()
        .with("scope", "notes:read notes:write");
    let allow = async || {
        request
            .open(&alice)
            .await
            .consent_form()
            .press("decision", "allow")
    };

    let form = allow().await;
    let client_path = format!("/clients/{}", client.client_id);
    acme.change(&client_path, &json!({ "scope": "notes:read" }))
        .await;
    let code = code_of(&client, &alice.submit(&form).await);
    assert_eq!(
        client.redeem(&code).await.tokens().body["scope"],
        "notes:read"
    );

    acme.change(&client_path, &json!({ "scope": null })).await;
    let form = request
        .clone()
        .with("prompt", "consent")
        .open(&alice)
        .await
        .consent_form();
    let resource_path = acme.path(&format!("/resources/{}", acme.resource.id));
    acme.admin().delete(&resource_path).await.expect_status(204);
    let left = alice.submit(&form.press("decision", "allow")).await;
    assert_eq!(request.ended_at(left).error(), "invalid_target");
}
