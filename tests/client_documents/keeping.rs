//! How long a document is kept, when it is asked for again, and what happens when its host is in trouble.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::Semaphore;

use super::{Documents, URL, client_at, document};
use crate::harness::{Served, TestTenant};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// The status of the first page: 200 is the sign-in form.
async fn status(tenant: &TestTenant) -> u16 {
    let request = client_at(tenant, URL).authorization_request();
    request.send().await.status.as_u16()
}

/// Row K10.
#[tokio::test]
async fn parallel_flows_cause_one_fetch() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let gate = Arc::new(Semaphore::new(0));
    world.serve(Served::json(&document(URL, &json!({}))).behind(&gate));
    let asking = async { join_all((0..20).map(|_| status(&acme))).await };
    let opening = async {
        while world.asked() == 0 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(100);
    };
    let (statuses, ()) = tokio::join!(asking, opening);
    assert_eq!(statuses, [200; 20]);
    assert_eq!(world.asked(), 1);
}

/// Row K10: whatever headers say, for a minute at least and a day at most; without any, for an hour.
#[tokio::test]
async fn a_lifetime_is_kept_within_bounds() {
    for (header, at_least, at_most) in [
        (Some("max-age=0"), 59, 61),
        (Some("no-store"), 59, 61),
        (Some("max-age=300"), 299, 301),
        (Some("max-age=1000000000"), DAY - 1, DAY + 1),
        (None, HOUR - 1, HOUR + 1),
    ] {
        let world = Documents::start().await;
        let acme = world.app.tenant("acme").await;
        let served = Served::json(&document(URL, &json!({})));
        world.serve(match header {
            Some(value) => served.with("cache-control", value),
            None => served,
        });
        assert_eq!(status(&acme).await, 200);
        world.later(at_least);
        assert_eq!(status(&acme).await, 200);
        assert_eq!(world.asked(), 1, "{header:?}");
        world.later(at_most - at_least);
        assert_eq!(status(&acme).await, 200);
        assert_eq!(world.asked(), 2, "{header:?}");
    }
}

/// Row K10: an error is asked about again at once.
#[tokio::test]
async fn errors_are_not_kept() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    for (served, expected) in [
        (Served::status(500), 502),
        (Served::text("{}"), 400),
        (Served::json(&document(URL, &json!({}))), 200),
    ] {
        world.serve(served);
        assert_eq!(status(&acme).await, expected);
    }
    assert_eq!(world.asked(), 3);
}

#[tokio::test]
async fn the_last_good_copy_stands_in_for_a_host_in_trouble_for_a_week() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    assert_eq!(status(&acme).await, 200);
    for trouble in [403, 429, 500, 503] {
        world.serve(Served::status(trouble));
        world.later(DAY);
        assert_eq!(status(&acme).await, 200, "{trouble}");
    }
    // The whole way, though the host has not answered for days; and the row has the copy now.
    client_at(&acme, URL).tokens_of(&alice).await;
    let replica = world.app.start_replica().await;
    let elsewhere = acme.through(replica.wire());
    assert_eq!(status(&elsewhere).await, 200, "another replica");
    world.later(3 * DAY);
    assert_eq!(status(&acme).await, 502);
    assert_eq!(status(&elsewhere).await, 502);
}

#[tokio::test]
async fn a_copy_that_its_host_ended_serves_no_more() {
    for end in [
        Served::status(404),
        Served::status(410),
        Served::text("{}"),
        Served::new(200, "text/html", b"{}"),
    ] {
        let world = Documents::start().await;
        let acme = world.app.tenant("acme").await;
        let alice = acme.browser_of("alice").await;
        client_at(&acme, URL).tokens_of(&alice).await;
        world.later(2 * HOUR);
        world.serve(end);
        assert!(status(&acme).await >= 400);
        world.serve(Served::status(503));
        assert_eq!(status(&acme).await, 502, "not even now");
        world.serve_with(&json!({}));
        assert_eq!(status(&acme).await, 200, "until it is back");
    }
}

/// Another replica, or this one after a restart, goes by what the row has.
#[tokio::test]
async fn replicas_share_what_was_stored() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    client_at(&acme, URL).tokens_of(&alice).await;
    let replica = world.app.start_replica().await;
    assert_eq!(status(&acme.through(replica.wire())).await, 200);
    assert_eq!(world.asked(), 1);
}
