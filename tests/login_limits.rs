//! How often somebody may try to sign in: by account, by address, by tenant. The clock is the test's,
//! so a limit is counted exactly. The count that replicas share in Redis is tested in `store`.

use std::time::Duration;

use futures_util::future::join_all;

use crate::harness::{Answer, Browser, Form, TestApp};
use crate::login::{log_in, login_page};

async fn log_in_from(address: &str, browser: &Browser, form: &Form, password: &str) -> Answer {
    let form = form
        .clone()
        .fill("username", "alice")
        .fill("password", password);
    browser
        .submit_with(&form, &[("x-forwarded-for", address)])
        .await
}

/// M2: an account takes ten tries, whoever makes them, and one more with every half minute.
#[tokio::test]
async fn an_account_takes_a_bounded_number_of_tries() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let (browser, form) = login_page(&acme).await;

    for _ in 0..10 {
        log_in(&browser, &form, "alice", "wrong")
            .await
            .expect_status(400);
    }
    log_in(&browser, &form, "alice", &alice.password)
        .await
        .expect_status(400);
    app.clock().advance(Duration::from_secs(29));
    log_in(&browser, &form, "alice", &alice.password)
        .await
        .expect_status(400);
    app.clock().advance(Duration::from_secs(1));
    log_in(&browser, &form, "alice", &alice.password)
        .await
        .expect_status(303);
    log_in(&browser, &form, "alice", &alice.password)
        .await
        .expect_status(400);

    let bob = acme.user("bob").await;
    log_in(&browser, &form, "bob", &bob.password)
        .await
        .expect_status(303);

    let limited = "writ_rate_limited_total{limit=\"login_account\"}";
    assert_eq!(app.metric(limited).await, Some(3));
    // Whoever it was is not known.
    let event = acme.next_audit_event("login.limited", |_| true).await;
    assert_eq!(event["target_id"], alice.id.as_str());
    assert_eq!(event["actor_kind"], "system");
}

/// M2: the same number holds when the tries come all at once.
#[tokio::test]
async fn parallel_tries_are_counted_one_by_one() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let (browser, form) = login_page(&acme).await;

    let tries = (0..50).map(|_| log_in(&browser, &form, "alice", &alice.password));
    let answers = join_all(tries).await;
    let accepted = answers.iter().filter(|answer| answer.status == 303).count();
    let refused = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!((accepted, refused), (10, 40));
    assert_eq!(
        app.metric("writ_logins_total{outcome=\"succeeded\"}").await,
        Some(10)
    );
}

/// M2: an address takes a hundred tries in a minute, at whatever accounts; then it hears so, and
/// when to come back. Passwords that are too long cost nothing, and count.
#[tokio::test]
async fn an_address_takes_a_bounded_number_of_tries() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let (browser, form) = login_page(&acme).await;
    let too_long = "x".repeat(1025);

    for _ in 0..100 {
        log_in_from("203.0.113.1", &browser, &form, &too_long)
            .await
            .expect_status(400);
    }
    let before = app.password_computations().await;
    let limited = log_in_from("203.0.113.1", &browser, &form, &alice.password).await;
    limited.is_shown(429);
    assert!(
        limited
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| seconds >= 1)
    );
    assert_eq!(
        app.password_computations().await,
        before,
        "a refused try costs nothing"
    );
    log_in_from("203.0.113.2", &browser, &form, &alice.password)
        .await
        .expect_status(303);

    app.clock().advance(Duration::from_mins(1));
    log_in_from("203.0.113.1", &browser, &form, &alice.password)
        .await
        .expect_status(303);
}

/// M2: forwarded addresses of somebody who is no proxy of ours count as what they are: made up.
#[tokio::test]
async fn a_made_up_address_makes_no_new_allowance() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (browser, form) = login_page(&acme).await;
    let too_long = "x".repeat(1025);

    for number in 0..100 {
        let address = format!("203.0.113.{number}");
        log_in_from(&address, &browser, &form, &too_long)
            .await
            .expect_status(400);
    }
    log_in_from("198.51.100.1", &browser, &form, &too_long)
        .await
        .is_shown(429);
}

/// M2: a tenant takes a thousand tries in a minute from everywhere together; the next tenant does
/// not notice.
#[tokio::test]
async fn a_tenant_takes_a_bounded_number_of_tries() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    acme.user("alice").await;
    let too_long = "x".repeat(1025);
    let (browser, form) = login_page(&acme).await;
    let (elsewhere, other_form) = login_page(&umbrella).await;

    for address in 0..10 {
        let address = format!("203.0.113.{address}");
        let tries = (0..100).map(|_| log_in_from(&address, &browser, &form, &too_long));
        let answers = join_all(tries).await;
        assert!(answers.iter().all(|answer| answer.status == 400));
    }
    log_in_from("198.51.100.1", &browser, &form, &too_long)
        .await
        .is_shown(429);
    let next_door = log_in_from("198.51.100.1", &elsewhere, &other_form, &too_long).await;
    assert_eq!(next_door.status, 400);
}

/// M2: each replica has its own floor under the shared count, and one replica's is never passed.
#[tokio::test]
async fn another_replica_does_not_multiply_what_one_allows() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let (browser, form) = login_page(&acme).await;
    let replica = app.start_replica().await;
    let there = browser.through(replica.wire());

    let here = (0..20).map(|_| log_in(&browser, &form, "alice", &alice.password));
    let there = (0..20).map(|_| log_in(&there, &form, "alice", &alice.password));
    let (here, there) = futures_util::future::join(join_all(here), join_all(there)).await;
    for answers in [here, there] {
        let accepted = answers.iter().filter(|answer| answer.status == 303).count();
        assert!(accepted <= 10, "{accepted}");
    }
}
