//! The schedule, as a tenant's clients and operators see it.

use serde_json::json;

use super::{DAY, HOUR, Keys, audited, kids, pass, published, rotate, set, signed_by};
use crate::harness::TestApp;

/// P2, P5: by default a key signs for thirty days. The next one is published a day before; the old one
/// verifies until the last token that it signed has ended, and is then gone.
#[tokio::test]
async fn keys_change_by_themselves_without_a_token_that_nobody_can_verify() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let a_day = json!({ "access_token_lifetime": 86_400 });
    acme.change("", &a_day).await;
    let (first, _) = signed_by(&acme).await;
    pass(&app, (29 * DAY).saturating_sub(HOUR)).await;
    assert_eq!(published(&acme).await, kids([&first]));

    pass(&app, HOUR).await;
    let keys = Keys::of(&acme).await;
    let second = keys.next().to_owned();
    assert_eq!(published(&acme).await, kids([&first, &second]));
    pass(&app, DAY.saturating_sub(HOUR)).await;
    let client = acme.confidential_client().await;
    let old = client.client_credentials(None).await.tokens();
    assert_eq!(old.header()["kid"], first.as_str());

    pass(&app, HOUR).await;
    assert_eq!(signed_by(&acme).await.0, second);
    assert_eq!(Keys::of(&acme).await.kids("retired"), [first.as_str()]);
    let resource_server = acme.resource_credential().await;
    pass(&app, DAY.saturating_sub(2 * HOUR)).await;
    assert!(resource_server.accepts(&old.access_token).await);
    assert_eq!(published(&acme).await, kids([&first, &second]));

    pass(&app, 3 * HOUR).await;
    assert_eq!(published(&acme).await, kids([&second]));
    assert_eq!(Keys::of(&acme).await.0.len(), 1, "its row is gone too");
    for (event_type, times) in [
        ("signing_key.created", 1),
        ("signing_key.activated", 1),
        ("signing_key.retired", 1),
        ("signing_key.removed", 1),
    ] {
        assert_eq!(audited(&acme, event_type).await, times, "{event_type}");
    }
    for outcome in ["made", "activated", "retired", "removed"] {
        let name = format!("writ_signing_key_changes_total{{outcome=\"{outcome}\"}}");
        assert_eq!(app.metric(&name).await, Some(1), "{outcome}");
    }
    let age = app.metric("writ_oldest_signing_key_age_seconds").await;
    assert!(age.is_some_and(|age| age > 0), "{age:?}");
}

/// P5: a retired key is none any more when its time is over, though no job runs and the server has it in
/// memory.
#[tokio::test]
async fn a_retired_key_ends_on_time_without_any_job() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    rotate(&acme).await;
    pass(&app, HOUR).await;
    assert_eq!(published(&acme).await.len(), 2);
    app.clock()
        .advance((25 * HOUR).saturating_sub(std::time::Duration::from_secs(1)));
    assert_eq!(published(&acme).await.len(), 2);
    app.clock().advance(std::time::Duration::from_secs(1));
    assert_eq!(published(&acme).await.len(), 1);
}

/// P2: on demand a key changes at the earliest moment that breaks no verifier, and it is said when that is.
#[tokio::test]
async fn a_rotation_on_demand_waits_until_the_key_has_been_published_for_an_hour() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (first, _) = signed_by(&acme).await;
    let path = acme.path("/signing-keys/rotate");
    let path = format!("{path}?dry_run=true");
    let dry = acme.admin().post(&path, &json!({})).await;
    let dry = dry.expect_status(200).json();
    assert_eq!(dry["is_active"], false);
    assert_eq!(Keys::of(&acme).await.0.len(), 1, "nothing was done");

    let rotated = rotate(&acme).await;
    let second = rotated["kid"].as_str().unwrap().to_owned();
    assert_eq!(rotated["is_active"], false);
    assert_eq!(rotated["activate_at"], dry["activate_at"]);
    assert_eq!(rotated["replaces"], first.as_str());
    // Impatience makes no other key and no earlier moment.
    assert_eq!(rotate(&acme).await["activate_at"], rotated["activate_at"]);
    assert_eq!(published(&acme).await, kids([&first, &second]));
    pass(&app, HOUR.saturating_sub(std::time::Duration::from_secs(1))).await;
    assert_eq!(signed_by(&acme).await.0, first);
    pass(&app, std::time::Duration::from_secs(1)).await;
    assert_eq!(signed_by(&acme).await.0, second);
}

#[tokio::test]
async fn a_key_that_has_been_published_for_an_hour_signs_at_once_on_demand() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    pass(&app, 29 * DAY).await;
    let next = Keys::of(&acme).await.next().to_owned();
    app.clock().advance(HOUR);
    let rotated = rotate(&acme).await;
    assert_eq!(
        (&rotated["kid"], &rotated["is_active"]),
        (&json!(next), &json!(true))
    );
    assert_eq!(signed_by(&acme).await.0, next);
}

/// Changed settings count from now on, not from the next rotation on.
#[tokio::test]
async fn a_shorter_interval_is_taken_up_at_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    pass(&app, 5 * DAY).await;
    assert!(Keys::of(&acme).await.kids("next").is_empty());
    let settings = json!({ "signing_key_rotation_interval": 86_400, "signing_key_lead": 3_600 });
    set(&app, &acme, &settings).await;
    let next = Keys::of(&acme).await.next().to_owned();
    pass(&app, HOUR).await;
    assert_eq!(signed_by(&acme).await.0, next);
}

/// A suspended tenant's keys change like any other's, so that it goes on with a young one.
#[tokio::test]
async fn keys_of_a_suspended_tenant_change_all_the_same() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (first, _) = signed_by(&acme).await;
    acme.change("", &json!({ "state": "suspended" })).await;
    pass(&app, 29 * DAY).await;
    let second = Keys::of(&acme).await.next().to_owned();
    pass(&app, DAY).await;
    let keys = Keys::of(&acme).await;
    assert_eq!(keys.active(), second);
    assert_eq!(keys.kids("retired"), [first.as_str()]);
    acme.change("", &json!({ "state": "active" })).await;
    assert_eq!(signed_by(&acme).await.0, second);
}

/// A deleted tenant's keys are removed, and none is made in their place.
#[tokio::test]
async fn keys_of_a_deleted_tenant_are_not_rotated_any_more() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.admin()
        .delete(&acme.path("?grace_seconds=0"))
        .await
        .expect_status(204);
    pass(&app, 40 * DAY).await;
    for _ in 0..10 {
        pass(&app, HOUR).await;
    }
    let mut database = app.database().db_connect_as_superuser().await;
    let keys: i64 = sqlx::query_scalar("select count(*) from signing_keys")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(keys, 0);
}
