//! An administrator of one tenant, and what the admin API tells them of the others.
//!
//! Every operation with every id of another tenant: `admin_api::isolation`.

use serde_json::json;

use crate::harness::TestApp;

/// O1: an admin key for one tenant sees nothing of another, not even that it is there.
#[tokio::test]
async fn an_admin_key_of_one_tenant_finds_no_other() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let key = json!({ "name": "a script", "tenant": "acme", "scopes": ["*:write"] });
    let key = app.admin().create("/admin/v1/admin-keys", &key).await;
    let script = app.admin().with_key(key["admin_key"].as_str().unwrap());
    script.get(&acme.path("/clients")).await.expect_status(200);
    for below in [
        "",
        "/clients",
        "/users",
        "/resources",
        "/grants",
        "/audit-events",
        "/signing-keys",
    ] {
        let there = script.get(&globex.path(below)).await;
        let nowhere = script
            .get(&globex.path(below).replace("globex", "nobody"))
            .await;
        assert_eq!(there.status, nowhere.status, "{below}: {there:?}");
        assert!(
            [403, 404].contains(&there.status.as_u16()),
            "{below}: {there:?}"
        );
        assert_eq!(there.json()["title"], nowhere.json()["title"], "{below}");
    }
}
