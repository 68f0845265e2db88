//! The probes of an orchestrator: what they say, and what they never say.

use std::time::Duration;

use reqwest::Method;

use crate::harness::{Answer, DatabaseLink, TestApp, TestAppOptions, TestDatabase};

async fn probe(app: &TestApp, path: &str) -> Answer {
    app.admin().wire().get(&app.admin().url(path)).await
}

async fn app_with_a_link() -> (TestApp, DatabaseLink) {
    let database = TestDatabase::create().await;
    let link = DatabaseLink::to(database.url()).await;
    let options = TestAppOptions::default().with("DATABASE_URL", link.url());
    (TestApp::start_on(database, options).await, link)
}

/// R4: one word each, to whoever asks, however they ask.
#[tokio::test]
async fn a_probe_says_one_word_and_grants_nothing() {
    let app = TestApp::start().await;
    for (path, said) in [("/livez", "live\n"), ("/readyz", "ready\n")] {
        for user_agent in ["kube-probe/1.33", "GoogleHC/1.0", "curl/8", "writ"] {
            app.clock().set_to_now();
            let request = app
                .admin()
                .wire()
                .request(Method::GET, &app.admin().url(path));
            let answer = Answer::of(request.header("user-agent", user_agent))
                .await
                .expect_status(200);
            assert_eq!(answer.body, said);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(!answer.headers.contains_key("set-cookie"));
            assert!(!answer.headers.contains_key("server"));
        }
    }
    // The same agents elsewhere are strangers.
    let request = app
        .admin()
        .wire()
        .request(Method::GET, &app.admin().url("/admin/v1/tenants"));
    Answer::of(request.header("user-agent", "kube-probe/1.33"))
        .await
        .expect_status(401);
}

/// R4: probes and counters are for the inside: the public port has none.
#[tokio::test]
async fn the_public_port_has_no_probes() {
    let app = TestApp::start().await;
    for path in [
        "/livez",
        "/readyz",
        "/metrics",
        "/admin/v1/tenants",
        "/admin/v1/openapi.json",
        "/admin/docs/",
    ] {
        app.wire()
            .get(&format!("{}{path}", app.public_url()))
            .await
            .expect_status(404);
    }
}

/// Liveness is about the process: restarting it mends no database, so the database is never asked.
#[tokio::test]
async fn a_process_is_live_without_its_database() {
    let (app, link) = app_with_a_link().await;
    link.cut();
    assert_eq!(
        probe(&app, "/livez").await.expect_status(200).body,
        "live\n"
    );
    let unready = probe(&app, "/readyz").await.expect_status(503);
    assert_eq!(unready.body, "not ready: database\n");

    link.fall_silent();
    assert_eq!(
        probe(&app, "/livez").await.expect_status(200).body,
        "live\n"
    );
    // It waits for no answer that does not come.
    probe(&app, "/readyz").await.expect_status(503);

    link.mend();
    app.clock().set_to_now();
    while probe(&app, "/readyz").await.status != 200 {
        app.clock().set_to_now();
    }
}

/// A server may start before its database; until it can be sure of row security, it serves nothing.
#[tokio::test]
async fn a_server_that_starts_before_its_database_waits_for_it() {
    let database = TestDatabase::create().await;
    let link = DatabaseLink::to(database.url()).await;
    link.cut();
    let options = TestAppOptions::default().with("DATABASE_URL", link.url());
    let app = TestApp::start_on(database, options).await;
    probe(&app, "/livez").await.expect_status(200);
    probe(&app, "/readyz").await.expect_status(503);
    let url = format!(
        "{}/t/acme/.well-known/oauth-authorization-server",
        app.public_url()
    );
    let refused = app.wire().get(&url).await;
    refused.is_refused(503, "temporarily_unavailable");
    assert!(!refused.header("retry-after").is_empty());

    link.mend();
    while probe(&app, "/readyz").await.status != 200 {
        app.clock().set_to_now();
    }
    let acme = app.tenant("acme").await;
    acme.metadata().await.expect_status(200);
}

/// D5, F7: codes and tokens live by the clock: a replica whose clock is off by more than 2 s is not ready.
#[tokio::test]
async fn a_clock_that_is_wrong_makes_a_replica_unready() {
    let app = TestApp::start().await;
    app.clock().set_to_now();
    probe(&app, "/readyz").await.expect_status(200);

    app.clock().advance(Duration::from_mins(1));
    let ahead = probe(&app, "/readyz").await.expect_status(503);
    assert_eq!(ahead.body, "not ready: clock\n");
    probe(&app, "/livez").await.expect_status(200);

    app.clock().set_to_now();
    app.clock().set_back(Duration::from_secs(5));
    probe(&app, "/readyz").await.expect_status(503);

    // A second is nothing, and beyond two it ends.
    app.clock().set_to_now();
    app.clock().set_back(Duration::from_secs(1));
    probe(&app, "/readyz").await.expect_status(200);
    app.clock().set_to_now();
    app.clock().advance(Duration::from_secs(4));
    probe(&app, "/readyz").await.expect_status(503);

    app.clock().set_to_now();
    probe(&app, "/readyz").await.expect_status(200);
}

/// D5, Z17: a clock that is weeks ahead would take all that lives for ended.
#[tokio::test]
async fn a_replica_whose_clock_is_wrong_removes_nothing() {
    let app = TestApp::start_with(TestAppOptions {
        job_interval: Some(Duration::from_millis(20)),
        jobs_need_the_right_clock: true,
        ..TestAppOptions::default()
    })
    .await;
    let acme = app.tenant("acme").await;
    let unused = acme.registered_client("http://127.0.0.1/callback").await;
    let until_more = async |outcome: &str, rounds: i64| {
        let name = format!("writ_job_rounds_total{{outcome=\"{outcome}\",round=\"work\"}}");
        let before = app.metric(&name).await.unwrap_or(0);
        let come = async { while app.metric(&name).await.unwrap_or(0) < before + rounds {} };
        tokio::time::timeout(Duration::from_secs(30), come)
            .await
            .unwrap_or_else(|_| panic!("rounds with the outcome {outcome} did not come"));
    };
    app.clock().advance(Duration::from_hours(30 * 24));
    until_more("wrong_clock", 5).await;
    unused.cannot_refresh("writ_rt_garbage").await;
    app.clock().set_to_now();
    until_more("done", 5).await;
    unused.cannot_refresh("writ_rt_garbage").await;

    // By that clock it would have gone.
    app.clock().advance(Duration::from_hours(30 * 24));
    app.run_due_jobs().await;
    assert_eq!(unused.refresh("writ_rt_garbage").await.status, 401);
}
