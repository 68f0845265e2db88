//! All of PostgreSQL is away for a while, or stalled, or takes no writes (row Q3).

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use store::DatabaseSettings;
use tokio::time::Instant;

use super::says_nothing_of_the_cause;
use crate::harness::{
    Answer, ClientAuthentication, IssuedCode, OAuthClient, ResourceServer, TestApp, TestTenant,
};

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
    code: IssuedCode,
    refresh_token: String,
    access_token: String,
    resource_server: ResourceServer,
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
    app.notices_the_outage().await;
    for answer in ask_everything(&acme, &client, &held).await {
        is_an_outage(&answer);
    }
    is_an_outage(&client.client_credentials(None).await);
    let bypasses = app.metric("writ_cache_bypasses_total").await;
    assert!(bypasses.is_some_and(|count| count > 0), "{bypasses:?}");
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

/// What a busy machine may add to an answer.
const OF_A_BUSY_MACHINE: Duration = Duration::from_secs(1);

/// An answer, and how long it took.
async fn timed(asked: impl Future<Output = Answer>) -> (Answer, Duration) {
    let began = Instant::now();
    (asked.await, began.elapsed())
}

/// Q3, Z6: the database answers, but not about this table: a request gives up when it has waited for a connection
/// or for one statement until the store's deadline, so that none waits longer than twice that; and what it asked
/// for may be asked again.
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
    let mut answers = join_all((0..20).map(|_| timed(client.refresh(&token)))).await;
    answers.push(timed(client.redeem(&code)).await);
    let deadline = DatabaseSettings::new("postgres://nowhere").deadline;
    for (answer, waited) in &answers {
        is_an_outage(answer);
        assert!(
            *waited < 2 * deadline + OF_A_BUSY_MACHINE,
            "{waited:?}: {answer:?}"
        );
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
