//! The same by the thousand: codes and refresh tokens, each sent eight times at once over two replicas,
//! with and without Redis (row Z2).
//!
//! `WRIT_TEST_RACES` says how many of each; `make soak` asks for ten thousand.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use sqlx::Row as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::harness::{
    Answer, Browser, IssuedCode, OAuthClient, RedisServer, Replica, TestApp, TestAppOptions,
};

const AT_ONCE: usize = 8;
/// So many things are raced for side by side: their requests get in each other's way.
const SIDE_BY_SIDE: usize = 8;

fn how_many() -> usize {
    std::env::var("WRIT_TEST_RACES").map_or(1_000, |text| text.parse().expect("a number"))
}

/// One client as the two replicas see it.
#[derive(Clone)]
struct Racer {
    here: OAuthClient,
    there: OAuthClient,
}

impl Racer {
    fn new(client: &OAuthClient, replica: &Replica) -> Self {
        Self {
            here: client.clone(),
            there: client.clone().through(replica.wire()),
        }
    }

    fn at(&self, turn: usize) -> &OAuthClient {
        if turn.is_multiple_of(2) {
            &self.here
        } else {
            &self.there
        }
    }

    /// Sent from eight tasks, so that all are on their way before one is answered.
    async fn race<F>(&self, send: impl Fn(OAuthClient) -> F) -> Vec<Answer>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let under_way: Vec<_> = (0..AT_ONCE)
            .map(|turn| tokio::spawn(send(self.at(turn).clone())))
            .collect();
        join_all(under_way)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect()
    }
}

/// Does it for each thing, some side by side, and gives what came of them.
async fn for_each<T, R, F>(things: Vec<T>, deed: impl Fn(usize, T) -> F) -> Vec<R>
where
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let mut under_way = JoinSet::new();
    let mut results = Vec::with_capacity(things.len());
    for (turn, thing) in things.into_iter().enumerate() {
        if under_way.len() == SIDE_BY_SIDE {
            results.push(under_way.join_next().await.unwrap().unwrap());
        }
        under_way.spawn(deed(turn, thing));
    }
    while let Some(done) = under_way.join_next().await {
        results.push(done.unwrap());
    }
    results
}

/// A code each time that the signed-in browser asks: the consent is remembered.
async fn codes(racer: &Racer, browser: &Browser, number: usize) -> Vec<IssuedCode> {
    for_each((0..number).collect(), |turn, _| {
        let client = racer.at(turn).clone();
        let browser = browser.through(client.wire.clone());
        async move { client.code_from(&browser).await }
    })
    .await
}

async fn every_code_has_one_winner(racer: &Racer, codes: Vec<IssuedCode>) {
    let won = for_each(codes, |_, code| {
        let racer = racer.clone();
        async move {
            let answers = racer
                .race(|client| {
                    let code = code.clone();
                    async move { client.redeem(&code).await }
                })
                .await;
            let (won, lost): (Vec<_>, Vec<_>) = answers
                .into_iter()
                .partition(|answer| answer.status.as_u16() == 200);
            assert_eq!(won.len(), 1, "{won:?}");
            for answer in lost {
                answer.is_refused(400, "invalid_grant");
            }
            won[0].tokens().refresh_token().to_owned()
        }
    })
    .await;
    // The seven others prove that the code leaked: what the one got is dead by now.
    for_each(won, |turn, token| {
        let client = racer.at(turn).clone();
        async move { client.cannot_refresh(&token).await }
    })
    .await;
}

async fn every_token_has_one_successor(racer: &Racer, tokens: Vec<String>) {
    let successors = for_each(tokens, |_, token| {
        let racer = racer.clone();
        async move {
            let answers = racer
                .race(|client| {
                    let token = token.clone();
                    async move { client.refresh(&token).await }
                })
                .await;
            let tokens: Vec<_> = answers.iter().map(Answer::tokens).collect();
            let successors: BTreeSet<_> = tokens.iter().map(|one| one.refresh_token()).collect();
            assert_eq!(successors.len(), 1, "{successors:?}");
            let access: BTreeSet<_> = tokens.iter().map(|one| &one.access_token).collect();
            assert_eq!(access.len(), AT_ONCE);
            successors.into_iter().next().unwrap().to_owned()
        }
    })
    .await;
    for_each(successors, |turn, token| {
        let client = racer.at(turn).clone();
        async move { client.refresh(&token).await.tokens() }
    })
    .await;
}

/// What the database holds: all families, live ones, and how often the live ones were rotated.
async fn families(app: &TestApp) -> (usize, usize, usize) {
    let mut database = app.database().db_connect_as_superuser().await;
    let row = sqlx::query(
        "select count(*), count(*) filter (where revoked_at is null),
             coalesce(sum(generation) filter (where revoked_at is null), 0)
         from refresh_families",
    );
    let row = row.fetch_one(&mut database).await.unwrap();
    let number = |index: usize| usize::try_from(row.get::<i64, _>(index)).unwrap();
    (number(0), number(1), number(2))
}

async fn thousands(options: TestAppOptions) {
    let number = how_many();
    let app = TestApp::start_with(options).await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let racer = Racer::new(&acme.confidential_client().await, &replica);
    let browser = acme.browser_of("alice").await;
    // The first time the person is asked; and this grant is the one that nobody fights about.
    racer.here.tokens_of(&browser).await;

    let whole = Instant::now();
    let contested = codes(&racer, &browser, number).await;
    let began = Instant::now();
    every_code_has_one_winner(&racer, contested).await;
    let redeeming = began.elapsed();
    assert_eq!(families(&app).await, (number + 1, 1, 0));

    let tokens = codes(&racer, &browser, number).await;
    let tokens = for_each(tokens, |turn, code| {
        let client = racer.at(turn).clone();
        async move {
            let tokens = client.redeem(&code).await.tokens();
            tokens.refresh_token().to_owned()
        }
    })
    .await;
    let began = Instant::now();
    every_token_has_one_successor(&racer, tokens).await;
    let refreshing = began.elapsed();
    // Twice each: by the race, and by the use of what it gave.
    assert_eq!(
        families(&app).await,
        (2 * number + 1, number + 1, 2 * number)
    );
    tell(&format!(
        "{number} codes {AT_ONCE}-way in {redeeming:?}, {number} refresh tokens {AT_ONCE}-way in \
         {refreshing:?}; {:?} with making them",
        whole.elapsed()
    ));
}

#[expect(clippy::print_stdout, reason = "a figure for docs/reliability.md")]
fn tell(figures: &str) {
    println!("{figures}");
}

/// Z2, D3, F6: one winner per code, one successor per refresh token, no 5xx.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_codes_and_tokens_have_one_winner_each() {
    thousands(TestAppOptions::default()).await;
}

/// Z2: the same with the limits shared by way of Redis: it decides nothing here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_have_one_winner_each_with_redis_too() {
    let redis = RedisServer::start().await;
    thousands(TestAppOptions::default().with("REDIS_URL", &redis.url())).await;
}
