//! When the database fails: nothing half-done, nothing spent, and never `invalid_grant`, since a client
//! that reads that throws its tokens away (rows D8, Q3).
//!
//! Here one statement fails, or a commit (the faults are made with triggers); in `silence` all of PostgreSQL does.

mod silence;

use serde_json::Value;

use crate::harness::{Answer, TestApp, with_the_next_batch};

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
    assert_eq!(app.metric("writ_database_errors_total").await, Some(4));

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

/// Tokens do not wait for their record; a record that cannot be written is counted, for an alert.
#[tokio::test]
async fn events_that_are_lost_are_counted() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let dropped = "writ_audit_events_dropped_total";
    assert_eq!(app.metric(dropped).await, Some(0));

    let fault = app.database().db_fail_on("insert", "audit_events").await;
    for _ in 0..3 {
        client.client_credentials(None).await.tokens();
    }
    with_the_next_batch("what is lost is counted", async || {
        app.metric(dropped).await == Some(3)
    })
    .await;
    fault.mend().await;

    let kept = client.client_credentials(None).await.tokens();
    let jti = kept.claims()["jti"].clone();
    let is_kept = |event: &Value| event["details"]["jti"] == jti;
    acme.next_audit_event("client_credentials.issued", is_kept)
        .await;
    assert_eq!(
        acme.audit_events("client_credentials.issued").await.len(),
        1
    );
    assert_eq!(app.metric(dropped).await, Some(3));
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
