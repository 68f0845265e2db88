//! Many at once, over two replicas: one winner, one leaf, no fork.

mod thousands;

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::harness::{Answer, OAuthClient, Replica, TestApp};

/// One after another is no race: each sends from its own task, in turn to either replica.
async fn at_once<F>(
    number: usize,
    client: &OAuthClient,
    replica: &Replica,
    send: impl Fn(OAuthClient) -> F,
) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let elsewhere = client.clone().through(replica.wire());
    let requests = (0..number).map(|at| {
        let client = if at % 2 == 0 {
            client.clone()
        } else {
            elsewhere.clone()
        };
        tokio::spawn(send(client))
    });
    // Collected, so that all are on their way before the first is waited for.
    let under_way: Vec<_> = requests.collect();
    join_all(under_way)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

/// D3: of 64 concurrent redemptions of one code exactly one succeeds; the others prove that the code
/// leaked, so what the one got is dead when they are answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_redemptions_wins_and_its_tokens_die() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.public_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;

    let answers = at_once(64, &client, &replica, |client| {
        let code = code.clone();
        async move { client.redeem(&code).await }
    })
    .await;

    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.status.as_u16() == 200);
    assert_eq!(won.len(), 1, "{won:?}");
    for answer in lost {
        answer.is_refused(400, "invalid_grant");
    }
    let tokens = won[0].tokens();
    client.cannot_refresh(tokens.refresh_token()).await;
    assert!(!resource_server.accepts(&tokens.access_token).await);
}

/// F6: of 32 concurrent refreshes with one token all get the same successor: one live leaf, no fork.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_refreshes_at_once_get_the_same_successor() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    for client in [acme.public_client().await, acme.confidential_client().await] {
        let mut token = client
            .tokens_of(&acme.browser_of("alice").await)
            .await
            .refresh_token()
            .to_owned();
        // The successor is raced for in its turn.
        for _ in 0..3 {
            let answers = at_once(32, &client, &replica, |client| {
                let token = token.clone();
                async move { client.refresh(&token).await }
            })
            .await;
            let tokens: Vec<_> = answers.iter().map(Answer::tokens).collect();
            let successors: BTreeSet<_> = tokens
                .iter()
                .map(|tokens| tokens.refresh_token().to_owned())
                .collect();
            assert_eq!(successors.len(), 1, "{successors:?}");
            let access_tokens: BTreeSet<_> =
                tokens.iter().map(|tokens| &tokens.access_token).collect();
            assert_eq!(access_tokens.len(), 32);
            for access_token in access_tokens {
                assert!(resource_server.accepts(access_token).await);
            }
            token = successors.into_iter().next().unwrap();
        }
        client.refresh(&token).await.tokens();
    }
    let mut database = app.database().db_connect_as_superuser().await;
    let families = "select count(*) from refresh_families where revoked_at is null";
    let live: i64 = sqlx::query_scalar(families)
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(live, 2);
}

/// F4, F6: a spent token among the many: its reuse ends the grant, and no answer after that is alive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reuse_amid_rotations_leaves_nothing_alive() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    let third = client.refresh(second.refresh_token()).await.tokens();

    let spent_and_live = [
        first.refresh_token().to_owned(),
        third.refresh_token().to_owned(),
    ];
    let number = std::sync::atomic::AtomicUsize::new(0);
    let answers = at_once(32, &client, &replica, |client| {
        let at = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let token = spent_and_live[(at / 2) % 2].clone();
        async move { client.refresh(&token).await }
    })
    .await;

    for answer in &answers {
        assert!(matches!(answer.status.as_u16(), 200 | 400), "{answer:?}");
    }
    for answer in answers
        .iter()
        .filter(|answer| answer.status.as_u16() == 200)
    {
        let tokens = answer.tokens();
        client.cannot_refresh(tokens.refresh_token()).await;
        assert!(!resource_server.accepts(&tokens.access_token).await);
    }
    client.cannot_refresh(third.refresh_token()).await;
}

/// I4: revocation in the midst of rotations: when it has answered, no leaf is alive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_amid_rotations_leaves_nothing_alive() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let token = client
        .tokens_of(&acme.browser_of("alice").await)
        .await
        .refresh_token()
        .to_owned();

    let number = std::sync::atomic::AtomicUsize::new(0);
    let answers = at_once(32, &client, &replica, |client| {
        let is_revocation = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 8 == 7;
        let token = token.clone();
        async move {
            if is_revocation {
                client.revoke(&token).await
            } else {
                client.refresh(&token).await
            }
        }
    })
    .await;

    for (at, answer) in answers.iter().enumerate() {
        let expected = if at % 8 == 7 { [200, 200] } else { [200, 400] };
        assert!(
            expected.contains(&answer.status.as_u16()),
            "{at}: {answer:?}"
        );
    }
    client.cannot_refresh(&token).await;
    for successor in answers
        .iter()
        .filter_map(|answer| serde_json::from_str::<serde_json::Value>(&answer.body).ok())
    {
        if let Some(successor) = successor["refresh_token"].as_str() {
            client.cannot_refresh(successor).await;
        }
    }
    let mut database = app.database().db_connect_as_superuser().await;
    let live = "select count(*) from refresh_families where revoked_at is null";
    assert_eq!(
        sqlx::query_scalar::<_, i64>(live)
            .fetch_one(&mut database)
            .await
            .unwrap(),
        0
    );
}
