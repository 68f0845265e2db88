//! When the database fails: nothing half-done, nothing spent, and never `invalid_grant`, since a client
//! that reads that throws its tokens away (rows D8, Q3; the faults are made with triggers).

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Answer, ClientAuthentication, OAuthClient, TestApp, TestTenant};

/// Q3: try again later, and nothing of the cause.
#[track_caller]
fn is_an_outage(answer: &Answer) {
    answer.is_refused(503, "temporarily_unavailable");
    assert!(
        answer.header("retry-after").parse::<u64>().unwrap() > 0,
        "{answer:?}"
    );
    says_nothing_of_the_cause(answer);
}

/// Q2: a fault of ours is a 500 with a reference.
#[track_caller]
fn is_a_fault(answer: &Answer) {
    answer.is_refused(500, "server_error");
    assert!(answer.json()["error_id"].is_string(), "{answer:?}");
    says_nothing_of_the_cause(answer);
}

#[track_caller]
fn says_nothing_of_the_cause(answer: &Answer) {
    for word in [
        "fault of the tests",
        "refresh_families",
        "sql",
        "postgres",
        "P0001",
        "database",
        "token\":",
    ] {
        assert!(!answer.body.contains(word), "{word}: {answer:?}");
    }
}

/// D8, Q3: the refresh family cannot be written: no tokens, no code spent, nothing left behind.
#[tokio::test]
async fn a_code_survives_a_failing_insert() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;

    for fault in [
        app.database()
            .db_fail_on("insert", "refresh_families")
            .await,
        app.database()
            .db_fail_on("update", "authorization_codes")
            .await,
    ] {
        is_a_fault(&client.redeem(&code).await);
        is_a_fault(&client.redeem(&code).await);
        fault.mend().await;
    }
    assert_eq!(families(&app).await, 0);

    let tokens = client.redeem(&code).await.tokens();
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// D8, Q3: all statements went through and the commit is refused: the tokens were never issued.
#[tokio::test]
async fn a_code_survives_a_failing_commit() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;

    let fault = app
        .database()
        .db_fail_at_commit_after("insert", "refresh_families")
        .await;
    is_a_fault(&client.redeem(&code).await);
    assert_eq!(families(&app).await, 0);
    fault.mend().await;

    client.redeem(&code).await.tokens();
}

/// D8: a write that silently touches no row is no success (NocoDB CVE-2026-126280).
#[tokio::test]
async fn a_write_that_touches_nothing_is_no_success() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;
    let code = client.code_from(&alice).await;
    let first = client.tokens_of(&alice).await;

    for (event, table) in [
        ("update", "authorization_codes"),
        ("insert", "refresh_families"),
    ] {
        let fault = app.database().db_ignore(event, table).await;
        is_a_fault(&client.redeem(&code).await);
        fault.mend().await;
    }
    let fault = app.database().db_ignore("update", "refresh_families").await;
    is_a_fault(&client.refresh(first.refresh_token()).await);
    fault.mend().await;

    client.redeem(&code).await.tokens();
    client.refresh(first.refresh_token()).await.tokens();
}

/// F3, Q3: a rotation that fails, in its statement or at its commit, leaves the live leaf where it was.
#[tokio::test]
async fn a_refresh_token_survives_a_failing_rotation() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;

    let in_statement = app
        .database()
        .db_fail_on("update", "refresh_families")
        .await;
    is_a_fault(&client.refresh(first.refresh_token()).await);
    in_statement.mend().await;
    let at_commit = app
        .database()
        .db_fail_at_commit_after("update", "refresh_families")
        .await;
    is_a_fault(&client.refresh(first.refresh_token()).await);
    at_commit.mend().await;

    let second = client.refresh(first.refresh_token()).await.tokens();
    let third = client.refresh(second.refresh_token()).await.tokens();
    assert!(
        acme.resource_credential()
            .await
            .accepts(&third.access_token)
            .await
    );
}

/// F4, N8: the record of a reuse and what it does are one: without the one there is not the other, the
/// answer is a fault, and the next try does both.
#[tokio::test]
async fn a_reuse_that_cannot_be_recorded_revokes_nothing_yet() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;
    let code = client.code_from(&alice).await;
    let bought = client.redeem(&code).await.tokens();
    let first = client.tokens_of(&alice).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    let third = client.refresh(second.refresh_token()).await.tokens();

    for is_at_commit in [false, true] {
        for table in ["audit_events", "revocations"] {
            let fault = match (is_at_commit, table) {
                (false, _) => app.database().db_fail_on("insert", table).await,
                (true, _) => {
                    app.database()
                        .db_fail_at_commit_after("insert", table)
                        .await
                }
            };
            is_a_fault(&client.refresh(first.refresh_token()).await);
            is_a_fault(&client.redeem(&code).await);
            is_a_fault(&client.revoke(third.refresh_token()).await);
            fault.mend().await;
        }
    }
    assert_eq!(revoked_grants(&app).await, 0);
    let resource_server = acme.resource_credential().await;
    assert!(resource_server.accepts(&third.access_token).await);

    client.cannot_refresh(first.refresh_token()).await;
    client.cannot_redeem(&code).await;
    assert_eq!(revoked_grants(&app).await, 2);
    assert!(!resource_server.accepts(&third.access_token).await);
    assert!(!resource_server.accepts(&bought.access_token).await);
}

/// D8: an authorization that cannot be written gives no code, and may be answered again.
#[tokio::test]
async fn a_consent_that_cannot_be_written_gives_no_code() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let request = client.authorization_request();
    let consent = request.open(&browser).await;
    for (event, table) in [
        ("insert", "grants"),
        ("insert", "authorization_codes"),
        ("insert", "consents"),
    ] {
        let fault = app.database().db_fail_on(event, table).await;
        let answer = browser
            .submit_once(&consent.consent_form().press("decision", "allow"))
            .await;
        assert!(
            !answer.header("location").contains("code="),
            "{table}: {answer:?}"
        );
        assert!(
            !answer.body.contains("fault of the tests"),
            "{table}: {answer:?}"
        );
        fault.mend().await;
    }
    let nothing =
        "select (select count(*) from grants) + (select count(*) from authorization_codes)";
    let mut database = app.database().db_connect_as_superuser().await;
    assert_eq!(
        sqlx::query_scalar::<_, i64>(nothing)
            .fetch_one(&mut database)
            .await
            .unwrap(),
        0
    );

    client.tokens_of(&browser).await;
}

/// Everything that a client may send to the back channel, with what is alive.
async fn ask_everything(acme: &TestTenant, client: &OAuthClient, held: &Held) -> Vec<Answer> {
    let resource_server = held.resource_server.clone();
    let stranger = OAuthClient {
        client_id: "never-seen-before".to_owned(),
        ..client.clone()
    };
    vec![
        client.redeem(&held.code).await,
        client.refresh(&held.refresh_token).await,
        client.revoke(&held.access_token).await,
        client
            .clone()
            .with_authentication(ClientAuthentication::Basic("wrong".to_owned()))
            .refresh(&held.refresh_token)
            .await,
        resource_server.introspect_answer(&held.access_token).await,
        stranger.refresh(&held.refresh_token).await,
        acme.register(&json!({ "redirect_uris": ["https://new.example/callback"] }))
            .await,
    ]
}

struct Held {
    code: crate::harness::IssuedCode,
    refresh_token: String,
    access_token: String,
    resource_server: crate::harness::ResourceServer,
}

async fn held(acme: &TestTenant, client: &OAuthClient) -> Held {
    let alice = acme.browser_of("alice").await;
    let tokens = client.tokens_of(&alice).await;
    Held {
        code: client.authorize(&alice).await.code(),
        refresh_token: tokens.refresh_token().to_owned(),
        access_token: tokens.access_token,
        resource_server: acme.resource_credential().await,
    }
}

/// Q3: the database is gone: 503 with `Retry-After` for everything that needs it; discovery and keys
/// go on; and when it is back, everything is as it was, without a restart.
#[tokio::test]
async fn a_database_that_went_away_is_a_503_and_comes_back() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let held = held(&acme, &client).await;
    let (metadata, jwks) = (acme.metadata().await.json(), acme.jwks().await.json());
    let resources = acme.url(&format!(".well-known/jwks/{}", acme.resource.id));
    acme.wire().get(&resources).await.expect_status(200);

    app.database().db_go_away().await;
    // Until the replica has noticed, it may answer from memory what it may answer from memory.
    app_notices(&app).await;
    for answer in ask_everything(&acme, &client, &held).await {
        is_an_outage(&answer);
    }
    is_an_outage(&client.client_credentials(None).await);
    assert_eq!(acme.metadata().await.expect_status(200).json(), metadata);
    assert_eq!(acme.jwks().await.expect_status(200).json(), jwks);
    let resources = acme.wire().get(&resources).await;
    assert_eq!(resources.expect_status(200).json(), jwks);
    let page = client.authorization_request().send().await;
    page.is_shown(503);
    assert!(!page.header("retry-after").is_empty(), "{page:?}");

    app.database().db_come_back().await;
    client.redeem(&held.code).await.tokens();
    let renewed = client.refresh(&held.refresh_token).await.tokens();
    assert!(held.resource_server.accepts(&renewed.access_token).await);
    client.client_credentials(None).await.tokens();
}

/// Q3: the connections are cut and new ones are let in, as after a restart: nobody notices.
#[tokio::test]
async fn cut_connections_are_replaced_without_an_error() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let mut token = client
        .tokens_of(&acme.browser_of("alice").await)
        .await
        .refresh_token()
        .to_owned();
    for _ in 0..3 {
        app.database().db_go_away().await;
        app.database().db_come_back().await;
        token = client
            .refresh(&token)
            .await
            .tokens()
            .refresh_token()
            .to_owned();
    }
}

/// Q3, Z6: the database answers, but not about this table: no request waits longer than three seconds,
/// and what it asked for may be asked again.
#[tokio::test]
async fn a_stalled_database_is_a_503_in_time() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;
    let code = client.code_from(&alice).await;
    let token = client.tokens_of(&alice).await.refresh_token().to_owned();

    let stall = app.database().db_lock("refresh_families").await;
    // More of them than the pool has connections: those that wait for one are answered in time too.
    let refreshes = join_all((0..20).map(|_| client.refresh(&token)));
    let all = async { (refreshes.await, client.redeem(&code).await) };
    let (mut answers, redeemed) = tokio::time::timeout(Duration::from_secs(7), all)
        .await
        .expect("an answer in time");
    answers.push(redeemed);
    for answer in &answers {
        is_an_outage(answer);
    }
    stall.mend().await;

    client.refresh(&token).await.tokens();
    client.redeem(&code).await.tokens();
}

/// Z7: a database that takes no writes: 503, reads go on, and it recovers by itself.
#[tokio::test]
async fn a_read_only_database_is_a_503() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;
    let code = client.code_from(&alice).await;
    let tokens = client.tokens_of(&alice).await;
    let resource_server = acme.resource_credential().await;

    app.database().db_read_only(true).await;
    is_an_outage(&client.redeem(&code).await);
    is_an_outage(&client.refresh(tokens.refresh_token()).await);
    assert!(resource_server.accepts(&tokens.access_token).await);
    app.database().db_read_only(false).await;

    client.redeem(&code).await.tokens();
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// Without a heartbeat for a while the replica stops answering from memory.
async fn app_notices(app: &TestApp) {
    let noticing = async {
        while app.metric("writ_is_fresh").await != Some(0) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), noticing)
        .await
        .expect("the replica to notice");
}

async fn families(app: &TestApp) -> i64 {
    let mut database = app.database().db_connect_as_superuser().await;
    sqlx::query_scalar("select count(*) from refresh_families")
        .fetch_one(&mut database)
        .await
        .unwrap()
}

async fn revoked_grants(app: &TestApp) -> i64 {
    let mut database = app.database().db_connect_as_superuser().await;
    let revoked = "select count(*) from grants where revoked_at is not null";
    sqlx::query_scalar(revoked)
        .fetch_one(&mut database)
        .await
        .unwrap()
}
