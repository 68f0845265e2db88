//! How long a revoked token lives on at the other replica, as a figure: of two hundred, ninety-nine in a
//! hundred die within a second, whatever has become of the way by which the replica hears of it (row H5).

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{Scene, every_change_arrives};
use crate::harness::{
    DatabaseLink, OAuthClient, Pooler, Replica, ResourceServer, TestApp, TestAppOptions,
    TestDatabase,
};

const BATCHES: usize = 25;
const BATCH: usize = 8;
/// Far more than any promise: what has not happened by then never does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two hundred access tokens, revoked here while the other replica has each in its memory.
async fn measure(scene: &Scene<'_>, before_each: impl Fn(), after_each: impl AsyncFn()) -> Figures {
    let server = scene.asks_there().await;
    let client = scene.acme.confidential_client().await;
    let mut all = Vec::new();
    for _ in 0..BATCHES {
        let mut tokens = Vec::new();
        for _ in 0..BATCH {
            let token = client.client_credentials(None).await.tokens().access_token;
            assert!(server.accepts(&token).await);
            tokens.push(token);
        }
        before_each();
        let revoked = tokens
            .iter()
            .map(|token| until_dead(&client, &server, token));
        all.extend(join_all(revoked).await);
        after_each().await;
    }
    Figures::of(all)
}

/// From the answer to the revocation to the first time that the other replica says so.
async fn until_dead(client: &OAuthClient, server: &ResourceServer, token: &str) -> Duration {
    client.revoke(token).await.expect_status(200);
    let revoked = Instant::now();
    let is_dead = async {
        while server.accepts(token).await {
            // Not so often that the asking itself is what the replica is busy with.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        revoked.elapsed()
    };
    tokio::time::timeout(PATIENCE, is_dead)
        .await
        .expect("the other replica to hear of a revocation")
}

/// As a scrape reads it: the other replica hears again.
async fn is_fresh(replica: &Replica) {
    let is_fresh = async {
        loop {
            let scraped = replica.admin().get("/metrics").await.expect_status(200);
            if scraped.body.lines().any(|line| line == "writ_is_fresh 1") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, is_fresh)
        .await
        .expect("the replica to hear again");
}

struct Figures {
    number: usize,
    median: Duration,
    p99: Duration,
    slowest: Duration,
}

impl Figures {
    fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        let at = |share: usize| all[(all.len() * share / 100).min(all.len() - 1)];
        Self {
            number: all.len(),
            median: at(50),
            p99: at(99),
            slowest: all[all.len() - 1],
        }
    }

    #[track_caller]
    #[expect(clippy::print_stdout, reason = "figures for docs/reliability.md")]
    fn are_within_a_second(&self, way: &str) {
        println!(
            "{way}: {} revocations, median {:?}, p99 {:?}, slowest {:?}",
            self.number, self.median, self.p99, self.slowest
        );
        assert!(self.number >= 200);
        assert!(self.p99 < Duration::from_secs(1), "{way}: {:?}", self.p99);
    }
}

/// H5: notifications arrive: the usual case.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_felt_there_at_once() {
    let app = TestApp::start().await;
    let there = app.start_replica().await;
    let scene = Scene::of(&app, &there, "acme").await;
    let figures = measure(&scene, || {}, async || {}).await;
    figures.are_within_a_second("whole");
}

/// The other replica hears by this link alone; it answers requests by another way.
async fn measure_with_a_broken_channel(way: &str, break_it: impl Fn(&DatabaseLink)) {
    let app = TestApp::start().await;
    let link = DatabaseLink::to(app.database().url()).await;
    let there = app
        .start_replica_with("WRIT_DATABASE_DIRECT_URL", link.url())
        .await;
    let scene = Scene::of(&app, &there, "acme").await;
    let mend = async || {
        link.mend();
        is_fresh(&there).await;
    };
    let figures = measure(&scene, || break_it(&link), mend).await;
    figures.are_within_a_second(way);
}

/// H5: the channel is cut at the moment of the revocation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_felt_there_in_time_though_the_channel_is_cut() {
    measure_with_a_broken_channel("cut", DatabaseLink::cut).await;
}

/// H5: the channel carries nothing any more, and nobody is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_felt_there_in_time_though_the_channel_is_silent() {
    measure_with_a_broken_channel("silent", DatabaseLink::fall_silent).await;
}

/// H5: statements go through PgBouncer in transaction mode, and only the listening connection past it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_felt_there_in_time_through_a_pooler() {
    let database = TestDatabase::create().await;
    let pooler = Pooler::before(database.url()).await;
    let options = TestAppOptions::default()
        .with("DATABASE_URL", pooler.url())
        .with("WRIT_DATABASE_DIRECT_URL", database.url());
    let app = TestApp::start_on(database, options).await;
    let there = app.start_replica().await;
    let scene = Scene::of(&app, &there, "acme").await;
    let figures = measure(&scene, || {}, async || {}).await;
    figures.are_within_a_second("pooler");
    every_change_arrives(&Scene::of(&app, &there, "globex").await, async || {}).await;
    app.clock().set_to_now();
    for replica in [app.admin(), there.admin()] {
        replica.get("/readyz").await.expect_status(200);
    }
}

/// H5: and the connection past the pooler falls silent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_felt_there_in_time_through_a_pooler_in_silence() {
    let database = TestDatabase::create().await;
    let pooler = Pooler::before(database.url()).await;
    let link = DatabaseLink::to(database.url()).await;
    let options = TestAppOptions::default()
        .with("DATABASE_URL", pooler.url())
        .with("WRIT_DATABASE_DIRECT_URL", database.url());
    let app = TestApp::start_on(database, options).await;
    let there = app
        .start_replica_with("WRIT_DATABASE_DIRECT_URL", link.url())
        .await;
    let scene = Scene::of(&app, &there, "acme").await;
    let mend = async || {
        link.mend();
        is_fresh(&there).await;
    };
    let figures = measure(&scene, || link.fall_silent(), mend).await;
    figures.are_within_a_second("pooler, silent");
}
