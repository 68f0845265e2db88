//! How often codes may be guessed, and how many a stranger may ask for (RFC 8628 §5.1).

use std::time::Duration;

use crate::harness::{Answer, Browser, OAuthClient, TestApp, TestTenant};

/// A well-formed code that nobody was given.
fn guess(number: usize) -> String {
    let letters: Vec<char> = "BCDFGHJKLMNPQRSTVWXZ".chars().collect();
    let high = letters[number / letters.len() % letters.len()];
    let low = letters[number % letters.len()];
    format!("BCDF-GH{high}{low}")
}

async fn type_from(tenant: &TestTenant, browser: &Browser, address: &str, code: &str) -> Answer {
    let form = tenant.device_form(browser).await.fill("user_code", code);
    browser
        .submit_with(&form, &[("x-forwarded-for", address)])
        .await
}

fn count(answers: &[u16], status: u16) -> usize {
    answers.iter().filter(|it| **it == status).count()
}

/// Row U7: by address, whoever sits there; and a minute later some more.
#[tokio::test]
async fn guesses_from_one_address_are_limited() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let browser = app.browser();
    let mut seen = Vec::new();
    for number in 0..35 {
        let answer = type_from(&acme, &browser, "203.0.113.1", &guess(number)).await;
        seen.push(answer.status.as_u16());
    }
    assert_eq!((count(&seen, 400), count(&seen, 429)), (30, 5));
    // The right one is no better while it lasts, and others are not hindered.
    let codes = acme.device_client().await.device_codes().await;
    let right = type_from(&acme, &browser, "203.0.113.1", &codes.user_code).await;
    right.is_shown(429);
    type_from(&acme, &browser, "203.0.113.2", &codes.user_code)
        .await
        .expect_status(303);
    app.clock().advance(Duration::from_secs(11));
    type_from(&acme, &browser, "203.0.113.1", &codes.user_code)
        .await
        .expect_status(303);
    // What is no code at all is no guess.
    for _ in 0..40 {
        type_from(&acme, &browser, "203.0.113.3", "no code")
            .await
            .expect_status(400);
    }
}

/// Row U7: by person, from wherever.
#[tokio::test]
async fn guesses_of_one_person_are_limited() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;
    let mut seen = Vec::new();
    for number in 0..15 {
        let address = format!("203.0.113.{number}");
        let answer = type_from(&acme, &browser, &address, &guess(number)).await;
        seen.push(answer.status.as_u16());
    }
    assert_eq!((count(&seen, 400), count(&seen, 429)), (10, 5));
}

/// Row U7: by tenant, from everywhere; another tenant does not feel it.
#[tokio::test]
async fn guesses_at_one_tenant_are_limited() {
    let app = TestApp::start_behind_a_proxy().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let browser = app.browser();
    let form = acme.device_form(&browser).await;
    let mut seen = Vec::new();
    for number in 0..310 {
        let address = format!("10.0.{}.{}", number / 250, number % 250);
        let form = form.clone().fill("user_code", &guess(number));
        let headers = [("x-forwarded-for", address.as_str())];
        let answer = browser.submit_with(&form, &headers).await;
        seen.push(answer.status.as_u16());
    }
    assert_eq!((count(&seen, 400), count(&seen, 429)), (300, 10));
    type_from(&umbrella, &browser, "10.9.9.9", &guess(1))
        .await
        .expect_status(400);
}

async fn ask_from(client: &OAuthClient, tenant: &TestTenant, address: &str) -> u16 {
    let fields = [("resource", tenant.resource.identifier.as_str())];
    let request = client
        .post_request("device_authorization", &fields)
        .header("x-forwarded-for", address);
    Answer::of(request).await.status.as_u16()
}

/// Row U7: each request writes a row, so strangers may not ask for ever.
#[tokio::test]
async fn requests_from_one_address_are_limited() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let mut seen = Vec::new();
    for _ in 0..65 {
        seen.push(ask_from(&television, &acme, "203.0.113.1").await);
    }
    assert_eq!((count(&seen, 200), count(&seen, 429)), (60, 5));
    assert_eq!(ask_from(&television, &acme, "203.0.113.2").await, 200);
}

/// Row U6: nothing of it stays: an hour after its end a request is gone, a redeemed one a day after that.
#[tokio::test]
async fn requests_do_not_pile_up() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    for _ in 0..3 {
        television.device_codes().await;
    }
    let left = async || {
        let mut database = app.database().db_connect_as_superuser().await;
        sqlx::query_scalar::<_, i64>("select count(*) from device_authorizations")
            .fetch_one(&mut database)
            .await
            .unwrap()
    };
    assert_eq!(left().await, 3);
    app.clock().advance(Duration::from_hours(25));
    app.run_due_jobs().await;
    assert_eq!(left().await, 0);
}
