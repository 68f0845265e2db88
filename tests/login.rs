//! Signing in: what an attacker learns from it, and what it costs us.
//!
//! Not here: how often they may try (`login_limits`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Answer, Browser, Form, Page, TestApp, TestTenant};

/// A sign-in page in a browser of its own.
pub async fn login_page(tenant: &TestTenant) -> (Browser, Form) {
    let browser = Browser::new(tenant.wire().clone());
    let client = tenant.public_client().await;
    let page = client.authorization_request().open(&browser).await;
    (browser, page.login_form())
}

pub async fn log_in(browser: &Browser, form: &Form, username: &str, password: &str) -> Answer {
    let form = form
        .clone()
        .fill("username", username)
        .fill("password", password);
    browser.submit_once(&form).await
}

/// What is left of an answer when what the person typed and what is random are taken out.
fn without_what_was_typed(answer: &Answer, form: &Form, username: &str) -> String {
    let page = Page::Ours {
        url: form.action.clone(),
        answer: answer.clone(),
    };
    let sealed = page.login_form().value("pending").to_owned();
    answer
        .body
        .replace(&sealed, "")
        .replace(&format!("value=\"{username}\""), "")
}

/// M1: an unknown name, a wrong password, a locked and a disabled account answer alike and cost one
/// password computation each.
#[tokio::test]
async fn nobody_learns_whether_an_account_exists() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (browser, form) = login_page(&acme).await;
    for username in ["alice", "disabled", "locked"] {
        acme.user(username).await;
    }
    acme.disable_user("disabled").await;
    for _ in 0..10 {
        log_in(&browser, &form, "locked", "wrong")
            .await
            .expect_status(400);
    }

    let mut seen = Vec::new();
    for (username, password) in [
        ("nobody", "the password of nobody"),
        ("alice", "the password of bob"),
        ("alice", ""),
        ("locked", "the password of locked"),
        ("locked", "wrong"),
        ("disabled", "the password of disabled"),
        ("disabled", "wrong"),
        ("", ""),
    ] {
        let before = app.password_computations().await;
        let answer = log_in(&browser, &form, username, password)
            .await
            .expect_status(400);
        assert_eq!(
            app.password_computations().await - before,
            1,
            "{username} {password}"
        );
        assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        seen.push((without_what_was_typed(&answer, &form, username), names));
    }
    // The cursor waits where something is still to be typed; that hangs on what was typed alone.
    let (cursor_in_name, _) = seen.pop().unwrap();
    assert!(cursor_in_name.contains("Not signed in"));
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
}

/// M3: who is disabled after allowing and before the code is redeemed gets nothing, nor does who was
/// disabled before answering.
#[tokio::test]
async fn a_user_disabled_in_between_blocks_the_redemption() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.browser_of("alice").await;
    let code = client.code_from(&browser).await;
    let again = client
        .authorization_request()
        .with("prompt", "consent")
        .open(&browser)
        .await;

    acme.disable_user("alice").await;
    client.cannot_redeem(&code).await;
    let late = again.consent_form().press("decision", "allow");
    browser.submit_once(&late).await.is_shown(403);
    let login = client.authorization_request().open(&browser).await;
    assert!(login.is_login(), "the session is gone too: {login:?}");
}

/// M3: a new password is what one sets when somebody else knew the old one.
#[tokio::test]
async fn a_password_changed_in_between_blocks_the_redemption() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let browser = acme.browser_of("alice").await;
    let alice = acme.user("alice").await;
    let code = client.code_from(&browser).await;

    app.clock().advance(Duration::from_secs(1));
    let changes = json!({ "password": "another password" });
    acme.change(&format!("/users/{}", alice.id), &changes).await;
    client.cannot_redeem(&code).await;
    let login = client.authorization_request().open(&browser).await;
    let refused = browser.log_in(&login, "alice", &alice.password).await;
    assert!(refused.is_login(), "{refused:?}");
    browser
        .log_in(&refused, "alice", "another password")
        .await
        .location();
}

/// M4: a password beyond 1,024 bytes is refused before any of it is hashed.
#[tokio::test]
async fn a_password_that_is_too_long_is_never_hashed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.user("alice").await;
    let (browser, form) = login_page(&acme).await;
    let before = app.password_computations().await;

    for (username, password) in [
        ("alice", "x".repeat(1025)),
        ("nobody", "x".repeat(1025)),
        ("alice", "ü".repeat(513)),
        ("alice", "x".repeat(60_000)),
        (&"n".repeat(1001), "x".to_owned()),
    ] {
        let answer = log_in(&browser, &form, username, &password)
            .await
            .expect_status(400);
        assert!(answer.body.contains("Not signed in"));
    }
    assert_eq!(app.password_computations().await, before);
    log_in(&browser, &form, "alice", &"x".repeat(1024))
        .await
        .expect_status(400);
    assert_eq!(app.password_computations().await, before + 1);
}

/// M4: names that differ in their last letter only are two accounts, in the table and in the count.
#[tokio::test]
async fn long_names_are_never_cut_into_one_another() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (one, two) = (
        format!("{}1", "n".repeat(100)),
        format!("{}2", "n".repeat(100)),
    );
    let (_, second) = (acme.user(&one).await, acme.user(&two).await);
    let (browser, form) = login_page(&acme).await;

    for _ in 0..11 {
        log_in(&browser, &form, &one, "wrong")
            .await
            .expect_status(400);
    }
    log_in(&browser, &form, &two, &acme.user(&one).await.password)
        .await
        .expect_status(400);
    log_in(&browser, &form, &two, &second.password)
        .await
        .expect_status(303);
}

/// M7: spellings of one name are one account: to sign in, to register, and to count.
#[tokio::test]
async fn spellings_of_a_name_are_one_account() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let street = acme.user("Straße").await;
    let (browser, form) = login_page(&acme).await;

    for spelling in ["Straße", "STRASSE", "strasse", "ＳＴＲＡＳＳＥ", " straße "] {
        let answer = log_in(&browser, &form, spelling, &street.password).await;
        assert_eq!(answer.status, 303, "{spelling}");
    }
    for taken in ["STRASSE", "ｓｔｒａｓｓｅ"] {
        let body = json!({ "username": taken, "password": "long enough" });
        let refused = acme.admin().post(&acme.path("/users"), &body).await;
        assert_eq!(refused.status, 409, "{taken}: {refused:?}");
    }
    for spelling in ["strasse", "STRASSE", "Straße", "ＳＴＲＡＳＳＥ", "strasse"] {
        log_in(&browser, &form, spelling, "wrong")
            .await
            .expect_status(400);
    }
    log_in(&browser, &form, "straße", &street.password)
        .await
        .expect_status(400);
}

/// M7: the same name in another tenant is somebody else.
#[tokio::test]
async fn a_name_belongs_to_its_tenant() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let here = acme.user("alice").await;
    let body = json!({ "username": "ALICE", "password": "quite another one" });
    umbrella
        .admin()
        .create(&umbrella.path("/users"), &body)
        .await;
    let (browser, form) = login_page(&umbrella).await;

    log_in(&browser, &form, "alice", &here.password)
        .await
        .expect_status(400);
    log_in(&browser, &form, "alice", "quite another one")
        .await
        .expect_status(303);
}

/// M9: while forty people sign in, applications go on getting their tokens.
#[tokio::test]
async fn a_burst_of_logins_does_not_starve_the_token_endpoint() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    client.client_credentials(None).await.tokens();
    let (browser, form) = login_page(&acme).await;
    let answered = AtomicUsize::new(0);

    let logins = (0..40).map(|number| {
        let (browser, form, answered) = (&browser, &form, &answered);
        async move {
            let username = format!("somebody-{number}");
            log_in(browser, form, &username, "wrong")
                .await
                .expect_status(400);
            answered.fetch_add(1, Ordering::SeqCst);
        }
    });
    let tokens = async {
        for _ in 0..5 {
            client.client_credentials(None).await.tokens();
        }
        answered.load(Ordering::SeqCst)
    };
    let (_, answered_before) = futures_util::future::join(join_all(logins), tokens).await;
    assert!(answered_before < 40, "the tokens came after the last login");
}

/// L3: signing somebody in against their will (login CSRF) needs a page of ours.
#[tokio::test]
async fn a_forged_sign_in_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mallory = acme.user("mallory").await;
    let (browser, form) = login_page(&acme).await;
    let (elsewhere, _) = login_page(&acme).await;
    let form = form
        .fill("username", "mallory")
        .fill("password", &mallory.password);
    let ours = [
        ("origin", "https://writ.test"),
        ("sec-fetch-site", "same-origin"),
    ];

    for headers in [
        [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ],
        [("origin", "null"), ("sec-fetch-site", "cross-site")],
        [
            ("origin", "https://evil.writ.test"),
            ("sec-fetch-site", "same-site"),
        ],
    ] {
        let answer = browser.submit_with(&form, &headers).await;
        answer.is_shown(403);
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    elsewhere.submit_with(&form, &ours).await.is_shown(403);
    browser
        .submit_with(&form.clone().without("pending"), &ours)
        .await
        .is_shown(400);
    assert_eq!(browser.submit_with(&form, &ours).await.status, 303);
}

/// M7: the page asks for what it takes: a name. An e-mail address need not be anybody's alone.
#[tokio::test]
async fn an_email_address_is_no_name_to_sign_in_with() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body =
        json!({ "username": "alice", "email": "alice@acme.test", "password": "long enough" });
    acme.admin().create(&acme.path("/users"), &body).await;
    let (browser, form) = login_page(&acme).await;

    let refused = log_in(&browser, &form, "alice@acme.test", "long enough").await;
    assert!(
        !refused.expect_status(400).body.contains("mail"),
        "the page promises nothing else"
    );
    log_in(&browser, &form, "alice", "long enough")
        .await
        .expect_status(303);
}
