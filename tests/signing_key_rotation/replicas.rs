//! Two replicas, no leader: whoever comes first does it, the other sees that it is done.

use futures_util::future::join_all;

use super::{DAY, HOUR, Keys, audited, kids, published, remove, rotate};
use crate::harness::{TestApp, within_a_second};

/// P2: both jobs at once, again and again: each step is taken once.
#[tokio::test]
async fn replicas_that_run_their_jobs_at_once_rotate_once() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    for (time, retired) in [(29 * DAY, 0), (DAY, 1)] {
        app.clock().advance(time);
        for _ in 0..3 {
            tokio::join!(app.run_due_jobs(), replica.run_due_jobs());
        }
        let keys = Keys::of(&acme).await;
        assert_eq!(keys.kids("active").len(), 1);
        assert_eq!(keys.kids("retired").len(), retired);
        assert_eq!(keys.0.len(), 2);
    }
    for event_type in [
        "signing_key.created",
        "signing_key.activated",
        "signing_key.retired",
    ] {
        assert_eq!(audited(&acme, event_type).await, 1, "{event_type}");
    }
}

/// The lease of a claim keeps two jobs apart; operators have none. Sixteen at once, at both replicas.
#[tokio::test]
async fn operators_who_rotate_at_once_get_one_key() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    for _ in 0..2 {
        let before = Keys::of(&acme).await.active().to_owned();
        let calls = (0..16).map(|number| {
            let admin = if number % 2 == 0 {
                app.admin()
            } else {
                replica.admin()
            };
            let path = acme.path("/signing-keys/rotate");
            async move {
                let answer = admin.post(&path, &serde_json::json!({})).await;
                answer.expect_status(200).json()["kid"].clone()
            }
        });
        let kids = join_all(calls).await;
        assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
        assert_eq!(Keys::of(&acme).await.next(), kids[0]);
        app.clock().advance(HOUR);
        tokio::join!(app.run_due_jobs(), replica.run_due_jobs());
        let keys = Keys::of(&acme).await;
        assert_eq!(keys.active(), kids[0]);
        assert_eq!(keys.kids("active").len(), 1);
        assert!(keys.kids("retired").contains(&before.as_str()));
    }
}

/// P3: two who remove a key at once, while a third rotates: one key signs in the end, and it is not that one.
#[tokio::test]
async fn removals_and_rotations_at_once_leave_one_key_that_signs() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    for _ in 0..4 {
        let leaked = Keys::of(&acme).await.active().to_owned();
        let path = acme.path(&format!("/signing-keys/{leaked}?reason=leaked"));
        let rotate_path = acme.path("/signing-keys/rotate");
        let nothing = serde_json::json!({});
        let (one, other, rotated) = tokio::join!(
            app.admin().delete(&path),
            replica.admin().delete(&path),
            replica.admin().post(&rotate_path, &nothing),
        );
        let statuses = [one.status.as_u16(), other.status.as_u16()];
        assert!(
            statuses.contains(&200) && statuses.iter().all(|status| [200, 404].contains(status)),
            "{statuses:?}"
        );
        rotated.expect_status(200);
        let keys = Keys::of(&acme).await;
        assert_ne!(keys.active(), leaked);
        assert!(keys.0.iter().all(|key| key["kid"] != leaked.as_str()));
    }
}

/// What one replica does to the keys, the other publishes within a second.
#[tokio::test]
async fn every_step_reaches_the_other_replica() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let there = acme.through(replica.wire());
    let client = there.confidential_client().await;
    let signed_by = async || {
        let tokens = client.client_credentials(None).await.tokens();
        tokens.header()["kid"].as_str().unwrap().to_owned()
    };
    let first = signed_by().await;
    let second = rotate(&acme).await["kid"].as_str().unwrap().to_owned();
    within_a_second("a next key", async || {
        published(&there).await == kids([&first, &second])
    })
    .await;
    app.clock().advance(HOUR);
    app.run_due_jobs().await;
    within_a_second("an active key", async || signed_by().await == second).await;
    remove(&acme, &first).await;
    within_a_second("a removed key", async || {
        published(&there).await == kids([&second])
    })
    .await;
}
