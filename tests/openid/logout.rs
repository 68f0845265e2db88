//! Signing out at a client's wish (OpenID Connect RP-Initiated Logout).

use std::time::Duration;

use url::Url;

use super::*;
use crate::harness::TestApp;

/// Alice, signed in at the web client, with the ID token that it got.
async fn signed_in(tenant: &TestTenant, client: &OAuthClient) -> (Browser, String) {
    let browser = tenant.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid notes:read");
    let code = asked.walk(&browser).await.code();
    let tokens = client.redeem(&code).await.tokens();
    (browser, id_token_of(&tokens))
}

fn logout_url(tenant: &TestTenant, parameters: &[(&str, &str)]) -> String {
    Url::parse_with_params(&tenant.url("logout"), parameters)
        .unwrap()
        .into()
}

fn asks(page: &Page) -> bool {
    page.find_button("decision", "sign_out").is_some()
}

async fn is_signed_in(client: &OAuthClient, browser: &Browser) -> bool {
    let silent = client
        .authorization_request()
        .with("scope", "openid notes:read")
        .with("prompt", "none");
    let ended = silent.walk(browser).await;
    ended.parameter("code").is_some()
}

/// §2: a hint that names this very session is the word of a client that the person signed in to.
#[tokio::test]
async fn a_hint_of_this_very_session_signs_out_at_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let (browser, hint) = signed_in(&acme, &client).await;
    assert!(is_signed_in(&client, &browser).await);
    // Long after the ID token has expired.
    app.clock().advance(Duration::from_hours(10));
    let secret = browser.cookie(SESSION).unwrap().value;

    let url = logout_url(
        &acme,
        &[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", BACK),
            ("state", "a b&c=\"d\""),
        ],
    );
    let page = browser.open_from_another_site(&url).await;
    assert_eq!(
        page.location().as_str(),
        format!("{BACK}&state=a+b%26c%3D%22d%22")
    );
    assert_eq!(page.answer().status.as_u16(), 303);
    assert_eq!(browser.cookie(SESSION), None);
    assert!(!is_signed_in(&client, &browser).await);
    let thief = app.browser();
    thief.plant_cookie(&acme.issuer, SESSION, &secret);
    assert!(!is_signed_in(&client, &thief).await, "it ended here too");
}

/// Any site can send a browser here: without such a hint the person says whether they want it.
#[tokio::test]
async fn without_such_a_hint_the_person_is_asked() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let (browser, _) = signed_in(&acme, &client).await;
    let (_, hint_of_another_browser) = signed_in(&acme, &client).await;
    let client_id = client.client_id.as_str();
    let back = ("post_logout_redirect_uri", BACK);

    for parameters in [
        vec![],
        vec![("client_id", client_id), back],
        vec![("id_token_hint", hint_of_another_browser.as_str()), back],
        vec![("id_token_hint", "garbage")],
    ] {
        let page = browser
            .open_from_another_site(&logout_url(&acme, &parameters))
            .await;
        assert!(asks(&page), "{parameters:?}: {page:?}");
        assert!(page.html().contains("alice"));
        assert!(is_signed_in(&client, &browser).await, "{parameters:?}");
    }

    let url = logout_url(&acme, &[("client_id", client_id), back, ("state", "s")]);
    let page = browser.open(&url).await;
    assert!(page.html().contains("Notes on the web"));
    let form = page.find_button("decision", "stay").unwrap();
    let stayed = browser.submit(&form.press("decision", "stay")).await;
    assert!(stayed.html().contains("still signed in"), "{stayed:?}");
    assert!(is_signed_in(&client, &browser).await);

    let page = browser.open(&url).await;
    let gone = browser.press_sign_out(&page).await;
    assert_eq!(gone.location().as_str(), format!("{BACK}&state=s"));
    assert!(!is_signed_in(&client, &browser).await);
}

/// L3: the answer counts from our own page, in the browser and session that it was shown to.
#[tokio::test]
async fn a_forged_answer_signs_nobody_out() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let (browser, _) = signed_in(&acme, &client).await;
    let (mallory, _) = signed_in(&acme, &client).await;
    let page = browser.open(&acme.url("logout")).await;
    let form = page.sign_out_form();
    let foreign = mallory.open(&acme.url("logout")).await.sign_out_form();

    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("origin", "https://evil.example")],
        vec![("sec-fetch-site", "same-site")],
    ] {
        let refused = browser.submit_with(&form, &headers).await;
        refused.is_shown(403);
    }
    let own = [("sec-fetch-site", "same-origin")];
    browser.submit_with(&foreign, &own).await.is_shown(403);
    let made_up = form.clone().fill("pending", "AAAA");
    browser.submit_with(&made_up, &own).await.is_shown(403);
    app.clock().advance(Duration::from_mins(10));
    browser.submit_with(&form, &own).await.is_shown(403);
    assert!(is_signed_in(&client, &browser).await);
}

/// §3: the address is registered, byte for byte; whatever it is otherwise, the browser stays here, and
/// signing out is possible all the same.
#[tokio::test]
async fn nobody_is_sent_where_the_client_has_not_registered() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let (browser, hint) = signed_in(&acme, &client).await;
    let other = web_client(&acme).await;
    let client_id = client.client_id.as_str();

    for uri in [
        "https://notes.example/signed-out",
        "https://notes.example/signed-out?from=acme#",
        "https://notes.example/signed-out?from=acme&x=1",
        "https://notes.example:443/signed-out?from=acme",
        "https://NOTES.example/signed-out?from=acme",
        "https://notes.example/signed-out/../signed-out?from=acme",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "https://notes.example/callback",
    ] {
        let parameters = [("client_id", client_id), ("post_logout_redirect_uri", uri)];
        let page = browser.open(&logout_url(&acme, &parameters)).await;
        assert!(asks(&page), "{uri}: {page:?}");
        assert!(page.html().contains("not registered"), "{uri}: {page:?}");
        let form = page.find_button("decision", "stay").unwrap();
        browser.submit(&form.press("decision", "stay")).await;
    }
    // Said by nobody, by somebody unknown, or by two.
    let back = ("post_logout_redirect_uri", BACK);
    for parameters in [
        vec![back],
        vec![("client_id", "nobody"), back],
        vec![
            ("client_id", &other.client_id),
            ("id_token_hint", &hint),
            back,
        ],
    ] {
        let page = browser.open(&logout_url(&acme, &parameters)).await;
        assert!(asks(&page), "{parameters:?}: {page:?}");
        let gone = browser.press_sign_out(&page).await;
        assert!(gone.html().contains("You are signed out"), "{gone:?}");
        assert!(gone.back_link().is_none(), "{gone:?}");
        is_signed_in(&client, &browser).await;
        client
            .code_from(&browser.clone().for_user(acme.user("alice").await))
            .await;
    }
    for twice in [
        format!("{}&state=b", logout_url(&acme, &[("state", "a")])),
        format!(
            "{}&id_token_hint=b",
            logout_url(&acme, &[("id_token_hint", "a")])
        ),
    ] {
        browser.open(&twice).await.answer().is_shown(400);
    }
}

/// OAuth 2.1 §7.13.2: nobody may use us to send people elsewhere unseen, by registering and a link.
#[tokio::test]
async fn a_stranger_does_not_make_us_an_open_redirector() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let metadata = json!({
        "client_name": "A stranger",
        "redirect_uris": ["https://stranger.example/callback"],
        "post_logout_redirect_uris": ["https://stranger.example/bye"],
        "token_endpoint_auth_method": "none",
    });
    let made = acme.register(&metadata).await.expect_status(201).json();
    let stranger = acme.client_of(&made);
    let parameters = [
        ("client_id", stranger.client_id.as_str()),
        ("post_logout_redirect_uri", "https://stranger.example/bye"),
    ];
    let url = logout_url(&acme, &parameters);
    let nobody = app.browser();
    let page = nobody.open(&url).await;
    assert!(page.html().contains("You are signed out"), "{page:?}");
    let back = page.back_link().unwrap();
    assert_eq!(back.as_str(), "https://stranger.example/bye");
    assert!(page.html().contains("stranger.example"));

    // Whoever really signs out of it is sent back.
    let (browser, hint) = signed_in(&acme, &stranger).await;
    let mut parameters = parameters.to_vec();
    parameters.push(("id_token_hint", &hint));
    let gone = browser.open(&logout_url(&acme, &parameters)).await;
    assert_eq!(gone.location().as_str(), "https://stranger.example/bye");
    // A client that somebody vouches for is, even when nobody was there.
    let web = web_client(&acme).await;
    let parameters = [
        ("client_id", web.client_id.as_str()),
        ("post_logout_redirect_uri", BACK),
    ];
    let gone = nobody.open(&logout_url(&acme, &parameters)).await;
    assert_eq!(gone.location().as_str(), BACK);
}

/// L8, A7: signing out is what the person chose, not where to go then; and the redirect URIs of a known client,
/// which anybody may list, prove nothing of other places.
#[tokio::test]
async fn whoever_signs_out_on_our_page_is_led_nowhere_unseen() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let web = web_client(&acme).await;
    for (name, redirect_uri) in [
        ("A stranger", "https://stranger.example/callback"),
        ("Claude", "https://claude.ai/api/mcp/auth_callback"),
    ] {
        let metadata = json!({
            "client_name": name,
            "redirect_uris": [redirect_uri],
            "post_logout_redirect_uris": ["https://stranger.example/bye"],
            "token_endpoint_auth_method": "none",
        });
        let made = acme.register(&metadata).await.expect_status(201).json();
        let parameters = [
            ("client_id", made["client_id"].as_str().unwrap()),
            ("post_logout_redirect_uri", "https://stranger.example/bye"),
        ];
        let url = logout_url(&acme, &parameters);
        let (browser, _) = signed_in(&acme, &web).await;
        let page = browser.open_from_another_site(&url).await;
        assert!(page.html().contains("Unverified"), "{page:?}");
        let gone = browser.press_sign_out(&page).await;
        assert!(gone.html().contains("stranger.example"), "{gone:?}");
        let back = gone.back_link().unwrap();
        assert_eq!(back.as_str(), "https://stranger.example/bye");
        assert!(!is_signed_in(&web, &browser).await);
        let page = app.browser().open(&url).await;
        assert!(page.back_link().is_some(), "{page:?}");
    }
}

/// §2: GET and POST. A post of another site comes without cookies, so it is taken up again by our own GET.
#[tokio::test]
async fn a_post_of_another_site_finds_the_session() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let (browser, hint) = signed_in(&acme, &client).await;
    let long = "s".repeat(4_000);
    let fields: Vec<(String, String)> = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", BACK),
        ("state", &long),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();

    let page = browser
        .post_from_another_site(&acme.url("logout"), &fields)
        .await;
    assert_eq!(page.location().as_str(), format!("{BACK}&state={long}"));
    assert!(!is_signed_in(&client, &browser).await);

    let (browser, _) = signed_in(&acme, &client).await;
    let page = browser
        .post_from_another_site(&acme.url("logout"), &fields)
        .await;
    assert!(asks(&page), "the hint is of another session: {page:?}");
}

/// Row G5, O1: nothing but an ID token of this tenant is a hint.
#[tokio::test]
async fn only_our_own_id_tokens_are_hints() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let client = web_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid notes:read");
    let code = asked.walk(&browser).await.code();
    let tokens = client.redeem(&code).await.tokens();
    let id_token = id_token_of(&tokens);
    let (_, of_umbrella) = signed_in(&umbrella, &web_client(&umbrella).await).await;
    let [header, claims, signature] = [0, 1, 2].map(|at| id_token.split('.').nth(at).unwrap());
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);

    for hint in [
        tokens.access_token.clone(),
        of_umbrella,
        format!("{none}.{claims}."),
        format!("{header}.{claims}.{}", &signature[..signature.len() - 4]),
        format!("{header}.{claims}"),
    ] {
        let url = logout_url(
            &acme,
            &[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK)],
        );
        let page = browser.open(&url).await;
        assert!(asks(&page), "{hint}: {page:?}");
    }
    assert!(is_signed_in(&client, &browser).await);
}

/// Grants are not sessions: an MCP client goes on working when its person signs out of the browser.
#[tokio::test]
async fn grants_outlive_the_session() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let browser = acme.browser_of("alice").await;
    let asked = client
        .authorization_request()
        .with("scope", "openid notes:read");
    let code = asked.walk(&browser).await.code();
    let tokens = client.redeem(&code).await.tokens();
    let hint = id_token_of(&tokens);
    browser
        .open(&logout_url(&acme, &[("id_token_hint", &hint)]))
        .await;
    assert!(!is_signed_in(&client, &browser).await);
    let resource_server = acme.resource_credential().await;
    assert!(resource_server.accepts(&tokens.access_token).await);
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// L1, L7: the pages are like every other of ours.
#[tokio::test]
async fn the_pages_carry_what_every_page_carries() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = web_client(&acme).await;
    let (browser, hint) = signed_in(&acme, &client).await;
    let asking = browser.open(&acme.url("logout")).await;
    let done = browser
        .open(&logout_url(&acme, &[("id_token_hint", &hint)]))
        .await;
    for page in [asking, done] {
        let answer = page.answer();
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}
