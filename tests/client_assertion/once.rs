//! An assertion counts once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{ask, ask_now, post, says, signing_client};
use crate::harness::{ASSERTION_TYPE, ClientKey, TestApp};

/// E9: at another endpoint and another replica too, for as long as it would otherwise be good.
#[tokio::test]
async fn an_assertion_counts_once_wherever_it_comes() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let assertion = client.signer().assertion();
    ask_now(&client, &assertion).await.tokens();
    let elsewhere = client.clone().through(replica.wire());
    for client in [&client, &elsewhere] {
        let refused = ask(&app, client, &assertion).await;
        refused.is_refused(401, "invalid_client");
        says(&refused, "used before");
        let revocation = [
            ("token", "anything"),
            ("client_id", client.client_id.as_str()),
            ("client_assertion", &assertion),
            ("client_assertion_type", ASSERTION_TYPE),
        ];
        post(client, "revoke", &revocation)
            .await
            .is_refused(401, "invalid_client");
    }
    // To the last second of it, the skew included.
    app.clock().advance(Duration::from_secs(350));
    ask_now(&client, &assertion)
        .await
        .is_refused(401, "invalid_client");
    client.client_credentials(None).await.tokens();
}

/// E9: of many at once at two replicas one is the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_counts() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let elsewhere = client.clone().through(replica.wire());
    for _ in 0..3 {
        let assertion = client.signer().assertion();
        let asking = (0..10).map(|number| {
            let client = if number % 2 == 0 { &client } else { &elsewhere };
            ask_now(client, &assertion)
        });
        let answers = join_all(asking).await;
        let won = answers
            .iter()
            .filter(|answer| answer.status.as_u16() == 200);
        assert_eq!(won.count(), 1, "{answers:?}");
        for lost in answers
            .iter()
            .filter(|answer| answer.status.as_u16() != 200)
        {
            lost.is_refused(401, "invalid_client");
        }
        app.clock().advance(Duration::from_secs(30));
    }
}

/// E9: a `jti` is the client's own word: another client's, and another tenant's, is another.
#[tokio::test]
async fn a_jti_is_the_clients_own() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let key = ClientKey::generate("ES256", "one");
    for tenant in [&acme, &umbrella] {
        for client in [
            signing_client(&app, tenant, &key).await,
            signing_client(&app, tenant, &key).await,
        ] {
            let claims = client.signer().claims_with("jti", json!("the same word"));
            ask_now(&client, &key.sign(&claims)).await.tokens();
        }
    }
}

/// E9: what is refused for anything else is not used up, so a stranger who saw an assertion can spoil
/// nothing by spelling it wrong.
#[tokio::test]
async fn what_proves_nothing_uses_nothing_up() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let claims = client.signer().claims();
    let stranger = ClientKey::generate("ES256", "one");
    ask(&app, &client, &stranger.sign(&claims))
        .await
        .is_refused(401, "invalid_client");
    ask(&app, &client, &key.sign(&claims)).await.tokens();
}

/// E9: remembered for longer than any replica would take it, however their clocks differ.
#[tokio::test]
async fn a_jti_is_remembered_beyond_what_clocks_differ_by() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let ends = app.clock().unix_seconds() + 300;
    let mut claims = client.signer().claims();
    claims["exp"] = json!(ends);
    ask_now(&client, &key.sign(&claims)).await.tokens();
    let mut connection = app.database().db_connect_as_superuser().await;
    let kept: i64 = sqlx::query_scalar(
        "select extract(epoch from max(expires_at))::bigint from client_assertion_ids",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    // The skew that is let pass, and a minute.
    assert_eq!(kept - ends, 120);
}
