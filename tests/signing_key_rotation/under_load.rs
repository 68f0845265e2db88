//! P2: a hundred rotations under load, and a verifier that keeps the JWKS for as long as it may.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::verifier::CachingVerifier;
use super::{HOUR, Keys, published, rotate};
use crate::harness::{OAuthClient, Replica, ResourceServer, TestApp, TestTenant, within_a_second};

const ROTATIONS: usize = 100;
const TOKENS_PER_PHASE: usize = 6;
const PHASES: usize = 3;

/// Gets tokens at one replica and verifies them by itself and at the other, as often as it is allowed to.
struct Load {
    client: OAuthClient,
    verifier: CachingVerifier,
    introspects_elsewhere: ResourceServer,
    allowed: Arc<Semaphore>,
    verified: Arc<Semaphore>,
}

/// Whoever waits for it hears that it failed.
impl Drop for Load {
    fn drop(&mut self) {
        self.verified.close();
    }
}

impl Load {
    async fn run(mut self) {
        let allowed = Arc::clone(&self.allowed);
        while let Ok(permit) = allowed.acquire().await {
            permit.forget();
            let tokens = self.client.client_credentials(None).await.tokens();
            let kid = tokens.header()["kid"].clone();
            let verified = self.verifier.verify(&tokens.access_token).await;
            assert!(verified.is_ok(), "{kid}: {verified:?}");
            let expires_at = tokens.claims()["exp"].as_i64().unwrap();
            let is_active = self
                .introspects_elsewhere
                .accepts(&tokens.access_token)
                .await;
            // The clock may have been moved past its end meanwhile.
            let is_over = expires_at <= self.verifier.now();
            assert!(is_active || is_over, "{kid} at the other replica");
            self.verified.add_permits(1);
        }
    }
}

struct Scene {
    app: TestApp,
    replica: Replica,
    acme: TestTenant,
    there: TestTenant,
    allowed: Arc<Semaphore>,
    verified: Arc<Semaphore>,
    running: Vec<JoinHandle<()>>,
}

impl Scene {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let replica = app.start_replica().await;
        let acme = app.tenant("acme").await;
        let there = acme.through(replica.wire());
        let (allowed, verified) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let mut running = Vec::new();
        for number in 0..4 {
            let (one, other) = if number % 2 == 0 {
                (app.wire(), replica.wire())
            } else {
                (replica.wire(), app.wire())
            };
            let load = Load {
                client: acme.confidential_client().await.through(one.clone()),
                verifier: CachingVerifier::new(acme.through(one), app.shared_clock()),
                introspects_elsewhere: ResourceServer {
                    wire: other,
                    ..acme.resource_credential().await
                },
                allowed: Arc::clone(&allowed),
                verified: Arc::clone(&verified),
            };
            running.push(tokio::spawn(load.run()));
        }
        Self {
            app,
            replica,
            acme,
            there,
            allowed,
            verified,
            running,
        }
    }

    /// Lets the load go on, and does not wait for it.
    fn allow(&self) {
        self.allowed.add_permits(TOKENS_PER_PHASE);
    }

    /// Until everything that was allowed was verified.
    async fn catch_up(&self) {
        let all = u32::try_from(PHASES * TOKENS_PER_PHASE).unwrap();
        let verified = self.verified.acquire_many(all).await;
        verified.expect("no verification failed").forget();
    }

    /// Published, then an hour, then it signs: while tokens are issued and verified.
    async fn rotate(&self) {
        self.allow();
        let next = rotate(&self.acme).await["kid"].as_str().unwrap().to_owned();
        // A second in the world is none on this clock.
        within_a_second("a next key", async || {
            published(&self.there).await.contains(&next)
        })
        .await;
        self.allow();
        self.app.clock().advance(HOUR);
        tokio::join!(self.app.run_due_jobs(), self.replica.run_due_jobs());
        self.allow();
        assert_eq!(Keys::of(&self.acme).await.active(), next);
    }
}

/// P2: zero failed verifications.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_rotations_fail_no_verification() {
    let scene = Scene::start().await;
    for _ in 0..ROTATIONS {
        scene.rotate().await;
        scene.catch_up().await;
    }
    let kept = Keys::of(&scene.acme).await;
    assert!(kept.0.len() <= 28, "{} keys: the old ones go", kept.0.len());
    for running in &scene.running {
        assert!(!running.is_finished(), "none gave up");
        running.abort();
    }
}
