//! How many calls one caller may make, told with every answer (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use super::super::{is_problem, key_for};
use crate::harness::{TestApp, TestAppOptions};

#[tokio::test]
async fn a_caller_is_told_what_is_left_and_then_to_wait() {
    let options = TestAppOptions::default().with("WRIT_ADMIN_CALLS_PER_MINUTE", "12");
    let app = TestApp::start_with(options).await;
    let (api, _) = key_for(&app, None, "read").await;
    let path = "/admin/v1/tenants";
    for left in (0..12).rev() {
        let answer = api.get(path).await.expect_status(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"calls\";q=12;w=60");
        let said = answer.header("ratelimit");
        assert!(
            said.starts_with(&format!("\"calls\";r={left};t=")),
            "{said}"
        );
    }
    let refused = api.get(path).await;
    is_problem(&refused, 429, "too-many-requests");
    assert!(refused.header("ratelimit").starts_with("\"calls\";r=0;t="));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    // Nobody else waits for it.
    app.admin().get(path).await.expect_status(200);
    app.clock().advance(Duration::from_secs(wait));
    api.get(path).await.expect_status(200);
}

/// Refusals count and say so as well; who is nobody is told nothing.
#[tokio::test]
async fn refusals_say_it_too() {
    let app = TestApp::start().await;
    let (reader, _) = key_for(&app, None, "read").await;
    let refused = reader.delete("/admin/v1/tenants/acme").await;
    assert!(
        refused.header("ratelimit").starts_with("\"calls\";r="),
        "{refused:?}"
    );
    let nobody = reader
        .with_key("writ_ak_nothing")
        .get("/admin/v1/tenants")
        .await;
    assert_eq!(nobody.expect_status(401).header("ratelimit"), "");
}
