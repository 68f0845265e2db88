//! A key leaked: it is gone at once, with everything that it signed.

use serde_json::json;

use super::{DAY, HOUR, Keys, audited, kids, pass, published, remove, rotate, set, signed_by};
use crate::harness::{ResourceServer, TestApp, within_a_second};

/// P3: what it signed is inactive here at once and at the other replica within a second; people stay signed in,
/// and new tokens are signed by a key that nobody else has.
#[tokio::test]
async fn a_leaked_key_takes_its_tokens_with_it_and_nobody_loses_a_session() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let here = acme.resource_credential().await;
    let there = ResourceServer {
        wire: replica.wire(),
        ..here.clone()
    };
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    assert!(here.accepts(&tokens.access_token).await && there.accepts(&tokens.access_token).await);
    let leaked = Keys::of(&acme).await.active().to_owned();

    let removed = remove(&acme, &leaked).await;
    assert_eq!(
        (&removed["kid"], &removed["state"]),
        (&json!(leaked), &json!("active"))
    );
    assert!(!here.accepts(&tokens.access_token).await);
    within_a_second("a removed key", async || {
        !there.accepts(&tokens.access_token).await
    })
    .await;
    assert!(!published(&acme).await.contains(&leaked));

    let renewed = client.refresh(tokens.refresh_token()).await.tokens();
    assert_eq!(renewed.header()["kid"], removed["signs_now"]);
    assert!(
        here.accepts(&renewed.access_token).await && there.accepts(&renewed.access_token).await
    );
    assert_eq!(audited(&acme, "signing_key.removed_in_emergency").await, 1);
    let counted = "writ_signing_key_changes_total{outcome=\"removed_in_emergency\"}";
    assert_eq!(app.metric(counted).await, Some(1));
}

/// P3: the next key takes over, however long it has been published, and has a successor of its own in time.
#[tokio::test]
async fn the_next_key_signs_at_once_when_the_active_one_leaked() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let second = rotate(&acme).await["kid"].as_str().unwrap().to_owned();
    let leaked = Keys::of(&acme).await.active().to_owned();
    let removed = remove(&acme, &leaked).await;
    assert_eq!(removed["signs_now"], second.as_str());
    assert_eq!(signed_by(&acme).await.0, second);
    assert_eq!(published(&acme).await, kids([&second]));
    pass(&app, 30 * DAY).await;
    pass(&app, DAY).await;
    assert_ne!(signed_by(&acme).await.0, second);
}

/// A next key and a retired one may leak as well; what signs is not disturbed.
#[tokio::test]
async fn any_key_can_be_removed_and_none_twice() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let first = Keys::of(&acme).await.active().to_owned();
    let next = rotate(&acme).await["kid"].as_str().unwrap().to_owned();
    assert_eq!(remove(&acme, &next).await["signs_now"], first.as_str());
    assert_eq!(published(&acme).await, kids([&first]));

    rotate(&acme).await;
    pass(&app, HOUR).await;
    let second = Keys::of(&acme).await.active().to_owned();
    assert_eq!(remove(&acme, &first).await["state"], "retired");
    assert_eq!(published(&acme).await, kids([&second]));
    for kid in [
        first.as_str(),
        "unknown",
        "..%2F..%2Fetc%2Fpasswd",
        "%27%20or%201=1",
    ] {
        let path = acme.path(&format!("/signing-keys/{kid}?reason=again"));
        acme.admin().delete(&path).await.expect_status(404);
    }
    assert_eq!(signed_by(&acme).await.0, second);
}

/// The RS256 key of ID tokens likewise: there is another one at once.
#[tokio::test]
async fn the_key_of_id_tokens_is_replaced_at_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    set(&app, &acme, &json!({ "signing_algorithm": "ES256" })).await;
    pass(&app, DAY).await;
    let keys = Keys::of(&acme).await;
    let (own, companion) = (keys.active(), keys.kids_that_sign("id_tokens", "active")[0]);
    assert_eq!(remove(&acme, companion).await["signs_now"], own);
    let after = Keys::of(&acme).await;
    let fresh = after.kids_that_sign("id_tokens", "active");
    assert_eq!(fresh.len(), 1);
    assert_ne!(fresh[0], companion);
    assert_eq!(after.active(), own);
}

/// With everything else that leaked in a tenant that is changing its algorithm: one call leaves both lines whole.
#[tokio::test]
async fn a_removal_during_a_change_of_algorithm_leaves_both_lines_whole() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    set(&app, &acme, &json!({ "signing_algorithm": "ES256" })).await;
    let keys = Keys::of(&acme).await;
    let (leaked, next) = (keys.active(), keys.next());
    assert_eq!(remove(&acme, leaked).await["signs_now"], next);
    assert_eq!(signed_by(&acme).await.1, "ES256");
    let after = Keys::of(&acme).await;
    let companion = after.kids_that_sign("id_tokens", "active");
    assert_eq!(companion.len(), 1);
    assert_eq!(after.find(companion[0])["algorithm"], "RS256");
}
