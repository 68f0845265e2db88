//! The pending authorization on its way through the browser: several at once, to this browser and
//! tenant alone, unaltered, in time, and of any size that is allowed.

use std::time::Duration;

use crate::browser_session::{BROWSER, SESSION};
use crate::harness::{
    Browser, ClientAuthentication, Decision, OAuthClient, Page, TestApp, TestTenant, VERIFIER,
};

/// L3: two tabs, begun before anybody signed in: whatever the order of their steps, both end with
/// their own code.
#[tokio::test]
async fn two_tabs_do_not_disturb_each_other() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let one = acme.confidential_client().await;
    let two = acme.public_client().await;
    let log_in = async |browser: &Browser, page: &Page| {
        browser.log_in(page, &alice.username, &alice.password).await
    };

    // Both sign in before either answers.
    let browser = acme.browser_of("alice").await;
    let left = one
        .authorization_request()
        .with("state", "left")
        .open(&browser)
        .await;
    let right = two
        .authorization_request()
        .with("state", "right")
        .open(&browser)
        .await;
    let left = log_in(&browser, &left).await;
    let right = log_in(&browser, &right).await;
    let left = browser.decide(&left, Decision::Allow).await;
    let right = browser.decide(&right, Decision::Allow).await;
    is_answered(&left, &one, "left").await;
    is_answered(&right, &two, "right").await;

    // One is through before the other signs in; that one is reloaded, and needs no password.
    let browser = acme.browser_of("alice").await;
    let left = one
        .authorization_request()
        .with("state", "left")
        .with("prompt", "consent");
    let right = two.authorization_request().with("state", "right");
    let left_login = left.open(&browser).await;
    right.open(&browser).await;
    let consent = log_in(&browser, &left_login).await;
    let reloaded = right.open(&browser).await;
    let right = browser.decide(&reloaded, Decision::Allow).await;
    let left = browser.decide(&consent, Decision::Allow).await;
    is_answered(&left, &one, "left").await;
    is_answered(&right, &two, "right").await;
}

/// L3: the same request in two tabs is two requests.
#[tokio::test]
async fn one_request_in_two_tabs_may_be_answered_twice() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;
    let client = acme.public_client().await;
    let request = client.authorization_request();

    let (left, right) = (request.open(&browser).await, request.open(&browser).await);
    let allowed = browser.decide(&left, Decision::Allow).await;
    let denied = browser.decide(&right, Decision::Deny).await;
    is_answered(&allowed, &client, "state of the tests").await;
    assert_eq!(request.ended_at(denied).error(), "access_denied");
}

/// O1: what one tenant gave a browser is garbage to another: cookies, the sealed request, the form.
#[tokio::test]
async fn what_one_tenant_gave_is_garbage_to_another() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let client = acme.confidential_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    for (ours, theirs) in [(SESSION, "session"), (BROWSER, "browser")] {
        let value = browser.cookie(ours).unwrap().value;
        browser.plant_cookie(
            &umbrella.issuer,
            &format!("__Host-writ_{theirs}_umbrella"),
            &value,
        );
    }
    let there = umbrella.confidential_client().await.authorization_request();
    let login_there = there.open(&browser).await;
    assert!(login_there.is_login(), "{login_there:?}");

    let login = client
        .authorization_request()
        .open(&signed_out_here(&browser, &acme))
        .await;
    let consent = client.authorization_request().open(&browser).await;
    let mut sign_in = login
        .login_form()
        .fill("username", "alice")
        .fill("password", "x");
    sign_in.action = url::Url::parse(&umbrella.url("login")).unwrap();
    let garbage = sign_in.clone().fill("pending", "garbage");
    let (answer, expected) = (
        browser.submit_once(&sign_in).await,
        browser.submit_once(&garbage).await,
    );
    answer.is_shown(400);
    assert_eq!(words_of(&answer.body), words_of(&expected.body));

    let mut allow = consent.consent_form().press("decision", "allow");
    allow.action = url::Url::parse(&umbrella.url("consent")).unwrap();
    let garbage = allow.clone().fill("pending", "garbage");
    let (answer, expected) = (
        browser.submit_once(&allow).await,
        browser.submit_once(&garbage).await,
    );
    answer.is_shown(403);
    assert_eq!(words_of(&answer.body), words_of(&expected.body));

    let sealed = login.login_form().value("pending").to_owned();
    let on = format!("{}?pending={sealed}", umbrella.url("authorize/continue"));
    browser.open(&on).await.answer().is_shown(400);
}

/// A sign-in that began in one browser cannot be carried on in another: neither by its form nor by
/// our own URL.
#[tokio::test]
async fn a_sign_in_stays_in_its_browser() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let client = acme.confidential_client().await;
    let victim = acme.signed_in_browser_of("alice").await;
    let login = client.authorization_request().open(&app.browser()).await;
    let form = login
        .login_form()
        .fill("username", "alice")
        .fill("password", &alice.password);

    let stolen = format!(
        "{}?pending={}",
        acme.url("authorize/continue"),
        form.value("pending")
    );
    victim.open(&stolen).await.answer().is_shown(403);
    app.browser().open(&stolen).await.answer().is_shown(403);
    victim.submit_once(&form).await.is_shown(403);
    let without_cookies = app.browser().submit_once(&form).await;
    without_cookies.is_shown(403);
    assert!(!without_cookies.headers.contains_key("set-cookie"));
}

/// A sealed request that was altered, or is older than half an hour, carries nobody on.
#[tokio::test]
async fn an_altered_or_old_request_is_shown() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let client = acme.confidential_client().await;
    let browser = acme.browser_of("alice").await;
    let login = client.authorization_request().open(&browser).await;
    let form = login
        .login_form()
        .fill("username", "alice")
        .fill("password", &alice.password);
    let sealed = form.value("pending").to_owned();
    let url = |pending: &str| format!("{}?pending={pending}", acme.url("authorize/continue"));

    let middle = sealed.len() / 2;
    let flipped = if &sealed[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    let altered = format!("{}{flipped}{}", &sealed[..middle], &sealed[middle + 1..]);
    for pending in [
        "",
        "garbage",
        &altered,
        &sealed[..middle],
        &format!("{sealed}AAAA"),
    ] {
        browser.open(&url(pending)).await.answer().is_shown(400);
    }
    let twice = format!("{}&pending={sealed}", url(&sealed));
    browser.open(&twice).await.answer().is_shown(400);

    app.clock().advance(Duration::from_mins(30));
    browser.open(&url(&sealed)).await.answer().is_shown(400);
    browser.submit_once(&form).await.is_shown(400);
}

/// A state of 4 KB and a client_id of 2 KB survive the whole sign-in, a wrong
/// password, and either answer.
#[tokio::test]
async fn oversize_handles() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let long_id = format!("https://client.example/{}", "c".repeat(2025));
    let client = db_rename(&app, acme.confidential_client().await, &long_id).await;

    // Four kilobytes each: as they are, and thrice as long when they are percent-encoded.
    for state in [
        "s".repeat(4096),
        "\u{fc}\"".repeat(1365),
        "\r\n;&=%+ ?".repeat(455),
    ] {
        let request = client.authorization_request().with("state", &state);
        for (decision, parameter) in [(Decision::Allow, "code"), (Decision::Deny, "error")] {
            let browser = app.browser();
            let login = request
                .clone()
                .with("prompt", "consent")
                .open(&browser)
                .await;
            let again = browser.log_in(&login, &alice.username, "wrong").await;
            assert!(again.is_login(), "{again:?}");
            let consent = browser
                .log_in(&again, &alice.username, &alice.password)
                .await;
            assert!(consent.is_consent(), "{consent:?}");
            let left = browser.decide(&consent, decision).await;
            let pairs: Vec<_> = left.location().query_pairs().into_owned().collect();
            assert!(pairs.contains(&("state".to_owned(), state.clone())));
            assert!(pairs.iter().any(|(name, _)| name == parameter), "{pairs:?}");
        }
        app.clock().advance(Duration::from_mins(1));
    }
    let browser = acme.browser_of("alice").await;
    let tokens = client.tokens_of(&browser).await;
    assert_eq!(tokens.claims()["client_id"], long_id.as_str());

    let longer = client
        .authorization_request()
        .with("state", &"s".repeat(4097));
    longer.open(&browser).await.answer().is_shown(400);
}

/// Only a client that is found by its document has such a long id; here one is made by hand.
async fn db_rename(app: &TestApp, mut client: OAuthClient, client_id: &str) -> OAuthClient {
    let mut database = app.database().db_connect_as_superuser().await;
    let renamed = sqlx::query("update clients set client_id = $1 where client_id = $2")
        .bind(client_id)
        .bind(&client.client_id)
        .execute(&mut database)
        .await
        .unwrap();
    assert_eq!(renamed.rows_affected(), 1);
    client_id.clone_into(&mut client.client_id);
    // The id has a colon, which HTTP Basic would have to encode.
    let secret = client.secret().unwrap().to_owned();
    client.with_authentication(ClientAuthentication::Post(secret))
}

/// A browser with this one's binding to the tenant, and nobody signed in.
fn signed_out_here(browser: &Browser, tenant: &TestTenant) -> Browser {
    let signed_out = Browser::new(tenant.wire().clone());
    signed_out.plant_cookie(
        &tenant.issuer,
        BROWSER,
        &browser.cookie(BROWSER).unwrap().value,
    );
    signed_out
}

async fn is_answered(page: &Page, client: &OAuthClient, state: &str) {
    let location = page.location();
    let pairs: Vec<_> = location.query_pairs().into_owned().collect();
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .clone()
    };
    assert!(
        location.as_str().starts_with(&client.redirect_uri),
        "{location}"
    );
    assert_eq!(value("state"), state);
    let redeemed = client
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &value("code")),
            ("code_verifier", VERIFIER),
        ])
        .await;
    redeemed.tokens();
}

/// A page without its reference.
fn words_of(html: &str) -> String {
    let (before, after) = html.split_once("<dt>Reference</dt>").unwrap();
    let (_, after) = after.split_once("</div>").unwrap();
    format!("{before}{after}")
        .replace("Umbrella", "")
        .replace("Acme", "")
}
