//! Keys behind a `jwks_uri`: fetched through the guard, kept, fetched again when they were rotated.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{ask_now, says, signing_client_with};
use crate::harness::{
    ClientKey, OAuthClient, Served, TestApp, TestAppOptions, TestInternet, TestTenant,
};

const URL: &str = "https://keys.example/jwks.json";

struct World {
    internet: TestInternet,
    app: TestApp,
    acme: TestTenant,
}

impl World {
    async fn new() -> Self {
        let internet = TestInternet::of(&["keys.example"]).await;
        let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
        let acme = app.tenant("acme").await;
        Self {
            internet,
            app,
            acme,
        }
    }

    async fn client(&self, key: &ClientKey) -> OAuthClient {
        let metadata = json!({ "jwks_uri": URL });
        signing_client_with(&self.app, &self.acme, key, metadata).await
    }

    fn serve(&self, keys: &[&ClientKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        let served = Served::json(&json!({ "keys": keys }));
        self.internet
            .serve(URL, served.with("cache-control", "max-age=600"));
    }

    fn fetches(&self) -> usize {
        self.internet.requests_of(URL)
    }

    fn wait(&self, seconds: u64) {
        self.app.clock().advance(Duration::from_secs(seconds));
    }
}

/// E12: nothing is fetched when a client is made; then once for as long as HTTP allows.
#[tokio::test]
async fn keys_are_fetched_when_they_are_needed_and_kept() {
    let world = World::new().await;
    let key = ClientKey::generate("RS256", "one");
    world.serve(&[&key]);
    let client = world.client(&key).await;
    assert_eq!(world.internet.connections(), 0);
    for _ in 0..3 {
        client.client_credentials(None).await.tokens();
    }
    assert_eq!(world.fetches(), 1);
    world.wait(601);
    client.client_credentials(None).await.tokens();
    assert_eq!(world.fetches(), 2);
    let fetched = "writ_outbound_fetches_total{kind=\"jwks\",outcome=\"fetched\"}";
    assert_eq!(world.app.metric(fetched).await, Some(2));
}

/// E12: a host that forbids keeping, or allows it for ever, is kept within 5 min and 24 h.
#[tokio::test]
async fn what_the_host_says_holds_within_bounds() {
    let world = World::new().await;
    let key = ClientKey::generate("ES256", "one");
    let client = world.client(&key).await;
    for (said, kept) in [("no-store", 300), ("max-age=1000000000", 86_400)] {
        let served = Served::json(&key.jwks()).with("cache-control", said);
        world.internet.serve(URL, served);
        world.wait(86_400);
        let before = world.fetches();
        client.client_credentials(None).await.tokens();
        world.wait(kept - 1);
        client.client_credentials(None).await.tokens();
        assert_eq!(world.fetches(), before + 1, "{said}");
        world.wait(1);
        client.client_credentials(None).await.tokens();
        assert_eq!(world.fetches(), before + 2, "{said}");
    }
}

/// E12: a new name of a key is looked for at once; names that nobody has buy one fetch a minute.
#[tokio::test]
async fn rotated_keys_are_found_and_guessed_names_are_not_looked_for() {
    let world = World::new().await;
    let (old, new) = (
        ClientKey::generate("ES256", "old"),
        ClientKey::generate("ES256", "new"),
    );
    world.serve(&[&old]);
    let client = world.client(&old).await;
    client.client_credentials(None).await.tokens();
    assert_eq!(world.fetches(), 1);
    world.serve(&[&old, &new]);
    let rotated = client.clone().signing(&new, world.app.shared_clock());
    rotated.client_credentials(None).await.tokens();
    assert_eq!(world.fetches(), 2);
    let guess = |name: &str| {
        let stranger = ClientKey::generate("ES256", name);
        stranger.sign(&client.signer().claims())
    };
    for number in 0..5 {
        let refused = ask_now(&client, &guess(&format!("guess {number}"))).await;
        refused.is_refused(401, "invalid_client");
        says(&refused, "names no key of the client");
    }
    assert_eq!(world.fetches(), 2);
    world.wait(60);
    for number in 0..5 {
        ask_now(&client, &guess(&format!("guess {number}")))
            .await
            .is_refused(401, "invalid_client");
    }
    assert_eq!(world.fetches(), 3);
    // A wrong signature under a known name is no reason to look.
    world.wait(60);
    ask_now(&client, &guess("old"))
        .await
        .is_refused(401, "invalid_client");
    assert_eq!(world.fetches(), 3);
    client.client_credentials(None).await.tokens();
    rotated.client_credentials(None).await.tokens();
}

/// E12: all who wait for a set share one fetch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_share_one_fetch() {
    let world = World::new().await;
    let key = ClientKey::generate("ES256", "one");
    world.serve(&[&key]);
    let client = world.client(&key).await;
    let answers = join_all((0..20).map(|_| client.client_credentials(None))).await;
    for answer in answers {
        answer.tokens();
    }
    assert_eq!(world.fetches(), 1);
}

/// A host that does not answer is an outage: try again, and nobody passes without a proof.
#[tokio::test]
async fn a_host_that_does_not_answer_is_an_outage_and_no_way_in() {
    let world = World::new().await;
    let key = ClientKey::generate("ES256", "one");
    world.serve(&[&key]);
    let client = world.client(&key).await;
    world.internet.set_down(true);
    for _ in 0..2 {
        let refused = client.client_credentials(None).await;
        refused.is_refused(503, "temporarily_unavailable");
        assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    }
    // It is left alone for a moment.
    assert_eq!(world.internet.connections(), 1);
    for unproved in [
        crate::harness::ClientAuthentication::None,
        crate::harness::ClientAuthentication::Post("x".to_owned()),
    ] {
        client
            .clone()
            .with_authentication(unproved)
            .client_credentials(None)
            .await
            .is_refused(401, "invalid_client");
    }
    world.internet.set_down(false);
    world.wait(10);
    client.client_credentials(None).await.tokens();
    // Keys that are past their time are not used, whatever the host does.
    world.internet.set_down(true);
    world.wait(601);
    client
        .client_credentials(None)
        .await
        .is_refused(503, "temporarily_unavailable");
    for status in [500, 403, 429] {
        world.internet.set_down(false);
        world
            .internet
            .serve(URL, Served::new(status, "text/html", "no"));
        world.wait(10);
        client
            .client_credentials(None)
            .await
            .is_refused(503, "temporarily_unavailable");
    }
}

/// A key that was put up a moment ago, while the host is away: it may be there, so it is not refused.
#[tokio::test]
async fn a_new_key_is_not_refused_while_nobody_can_look() {
    let world = World::new().await;
    let (old, new) = (
        ClientKey::generate("ES256", "old"),
        ClientKey::generate("ES256", "new"),
    );
    world.serve(&[&old]);
    let client = world.client(&old).await;
    client.client_credentials(None).await.tokens();
    world.serve(&[&old, &new]);
    world.internet.set_down(true);
    let rotated = client.clone().signing(&new, world.app.shared_clock());
    for _ in 0..2 {
        rotated
            .client_credentials(None)
            .await
            .is_refused(503, "temporarily_unavailable");
    }
    // What is known is as good as before.
    client.client_credentials(None).await.tokens();
    world.internet.set_down(false);
    world.wait(60);
    rotated.client_credentials(None).await.tokens();
}

/// What is there and no key set is the client's own mistake.
#[tokio::test]
async fn a_wrong_answer_is_no_key_set() {
    let world = World::new().await;
    let key = ClientKey::generate("ES256", "one");
    let client = world.client(&key).await;
    let set = key.jwks();
    let mut private = set.clone();
    private["keys"][0]["d"] = json!("AQAB");
    for served in [
        Served::new(404, "text/html", "no"),
        Served::new(302, "application/json", set.to_string()).with("location", URL),
        Served::new(200, "text/html", set.to_string()),
        Served::new(200, "application/json", "{"),
        Served::json(&json!([])),
        Served::json(&json!({ "keys": [] })),
        Served::json(&json!({ "keys": [{ "kty": "oct", "k": "AQAB" }] })),
        Served::json(&private),
        Served::json(&json!({ "keys": [], "padding": "x".repeat(70_000) })),
    ] {
        world.internet.serve(URL, served.clone());
        world.wait(60);
        let refused = client.client_credentials(None).await;
        refused.is_refused(401, "invalid_client");
        says(&refused, "jwks_uri did not give a usable key set");
    }
}

/// K2: an address that is not on the public internet is refused before anybody connects.
#[tokio::test]
async fn a_special_use_address_is_refused_without_a_connection() {
    let world = World::new().await;
    let key = ClientKey::generate("ES256", "one");
    world.serve(&[&key]);
    let client = world.client(&key).await;
    for addresses in [
        &["127.0.0.1"][..],
        &["169.254.169.254"],
        &["93.184.215.14", "10.0.0.1"],
    ] {
        world.internet.locate("keys.example", addresses);
        world.wait(60);
        client
            .client_credentials(None)
            .await
            .is_refused(401, "invalid_client");
    }
    for uri in [
        "https://127.0.0.1/jwks",
        "https://[::1]/jwks",
        "https://2130706433/jwks",
        "https://localhost/jwks",
        "https://keys.example:9443/jwks",
    ] {
        let metadata = json!({ "jwks_uri": uri });
        let client = signing_client_with(&world.app, &world.acme, &key, metadata).await;
        client
            .client_credentials(None)
            .await
            .is_refused(401, "invalid_client");
    }
    assert_eq!(world.internet.connections(), 0);
}

/// Row E12: each fetch that failed counts against the address that caused it; what is remembered of one
/// does not.
#[tokio::test]
async fn fetches_that_fail_are_limited_by_address() {
    let world = World::new().await;
    let key = ClientKey::generate("ES256", "one");
    world.internet.set_down(true);
    let first = world.client(&key).await;
    for _ in 0..70 {
        let refused = first.client_credentials(None).await;
        refused.is_refused(503, "temporarily_unavailable");
    }
    assert_eq!(world.internet.connections(), 1);
    for number in 2..=61 {
        let other = world.client(&key).await;
        let refused = other.client_credentials(None).await;
        let status = if number <= 60 { 503 } else { 429 };
        refused.is_refused(status, "temporarily_unavailable");
    }
}
