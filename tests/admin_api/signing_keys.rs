//! Signing keys: the public parts, as the JWKS has them; changed before their time, removed when one leaked,
//! sealed anew.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{is_problem, is_problem_of, key_for};
use crate::harness::{AdminApi, TestApp, TestTenant, within_a_second};

const HOUR: Duration = Duration::from_hours(1);
const RESEAL: &str = "/admin/v1/signing-keys/reseal";

/// The one key in this state.
async fn key_in(tenant: &TestTenant, state: &str) -> Value {
    let mut keys = tenant.signing_keys().await;
    keys.retain(|key| key["state"] == state);
    let [key] = keys.try_into().unwrap();
    key
}

async fn rotate(tenant: &TestTenant) -> Value {
    let path = tenant.path("/signing-keys/rotate");
    let answer = tenant.admin().call(Method::POST, &path, None).await;
    answer.expect_status(200).json()
}

/// What it would do.
async fn try_to_rotate(tenant: &TestTenant) -> Value {
    let path = tenant.path("/signing-keys/rotate?dry_run=true");
    let answer = tenant.admin().call(Method::POST, &path, None).await;
    assert_eq!(answer.header("writ-dry-run"), "true");
    answer.expect_status(200).json()
}

async fn published_kids(tenant: &TestTenant) -> Vec<String> {
    let jwks = tenant.jwks().await.expect_status(200).json();
    let keys = jwks["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

async fn signing_kid(tenant: &TestTenant) -> String {
    let client = tenant.confidential_client().await;
    let tokens = client.client_credentials(None).await.tokens();
    tokens.header()["kid"].as_str().unwrap().to_owned()
}

async fn newest_event(tenant: &TestTenant, action: &str) -> Value {
    let newest = tenant.audit_events(action).await.into_iter().next();
    newest.unwrap_or_default()
}

fn seconds_between(from: &Value, to: &Value) -> i64 {
    let read = |at: &Value| {
        let format = &time::format_description::well_known::Rfc3339;
        time::OffsetDateTime::parse(at.as_str().unwrap(), format).unwrap()
    };
    (read(to) - read(from)).whole_seconds()
}

/// N7, P1: the list shows what is published, and of the private part nothing.
#[tokio::test]
async fn the_list_shows_what_is_published() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let answer = app
        .admin()
        .get(&acme.path("/signing-keys"))
        .await
        .expect_status(200);
    let keys = answer.json();
    let published = acme.jwks().await.expect_status(200).json();
    let [key] = keys["data"].as_array().unwrap().as_slice() else {
        panic!("{keys}")
    };
    assert_eq!(published["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(key["public_jwk"], published["keys"][0]);
    assert_eq!(key["kid"], published["keys"][0]["kid"]);
    assert_eq!(
        (key["state"].as_str(), key["algorithm"].as_str()),
        (Some("active"), Some("RS256"))
    );
    for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        assert!(key["public_jwk"].get(member).is_none(), "{member} in {key}");
    }
    let signed_by = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    assert_eq!(signed_by.header()["kid"], key["kid"]);
}

/// P2: a dry run says what would happen, and does nothing.
#[tokio::test]
async fn a_dry_run_says_when_the_key_would_change() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let before = app.database().db_rows().await;
    let foreseen = try_to_rotate(&acme).await;
    assert_eq!(
        app.database().db_rows().await.without("admin_keys"),
        before.without("admin_keys")
    );
    let [active] = acme.signing_keys().await.try_into().unwrap();
    assert_eq!(foreseen["replaces"], active["kid"]);
    assert_ne!(foreseen["kid"], active["kid"]);
    assert_eq!(foreseen["is_active"], false);
    assert_eq!(
        seconds_between(&active["created_at"], &foreseen["activate_at"]),
        3_600
    );
}

/// P2, P5: the next key is published for an hour before it signs; the old one verifies as long as its tokens live.
#[tokio::test]
async fn a_key_is_rotated_on_demand_without_a_token_that_fails() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let server = acme.resource_credential().await;
    let client = acme.confidential_client().await;
    let old_token = client.client_credentials(None).await.tokens().access_token;
    let [old] = acme.signing_keys().await.try_into().unwrap();
    assert_eq!(
        (&old["signs"], &old["activate_at"], &old["removed_at"]),
        (&json!("tokens"), &Value::Null, &Value::Null)
    );
    assert_eq!(old["kek_id"].as_str().map(str::len), Some(8));

    let planned = rotate(&acme).await;
    assert_eq!(
        (&planned["is_active"], &planned["replaces"]),
        (&json!(false), &old["kid"])
    );
    let next = key_in(&acme, "next").await;
    assert_eq!(next["kid"], planned["kid"]);
    assert_eq!(
        seconds_between(&next["created_at"], &next["activate_at"]),
        3_600
    );
    // Asked for again, it is the same key at the same moment.
    assert_eq!(rotate(&acme).await, planned);
    let mut kids = published_kids(&acme).await;
    kids.sort_unstable();
    assert_eq!(kids.len(), 2);
    assert_eq!(json!(signing_kid(&acme).await), old["kid"]);
    let event = newest_event(&acme, "signing_key.created").await;
    assert_eq!(event["actor_kind"], "bootstrap_key", "{event}");

    app.clock().advance(HOUR);
    app.run_due_jobs().await;
    assert_eq!(json!(signing_kid(&acme).await), planned["kid"]);
    let old = key_in(&acme, "retired").await;
    assert!(seconds_between(&old["retired_at"], &old["removed_at"]) >= 86_400);
    let mut still = published_kids(&acme).await;
    still.sort_unstable();
    assert_eq!(still, kids);
    let fresh = client.client_credentials(None).await.tokens().access_token;
    assert!(server.accepts(&fresh).await);
    // The old token ended by itself meanwhile; the key that signed it is still published.
    assert!(!server.accepts(&old_token).await);

    app.clock().advance(26 * HOUR);
    app.run_due_jobs().await;
    assert_eq!(json!(published_kids(&acme).await), json!([planned["kid"]]));
    assert_eq!(acme.signing_keys().await.len(), 1);
    assert_eq!(
        newest_event(&acme, "signing_key.removed").await["target_id"],
        old["kid"]
    );
}

/// P2: once a key has been published for an hour, the demand is met at once.
#[tokio::test]
async fn a_next_key_that_is_long_published_signs_at_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    // The schedule publishes the next one a day before the month is over.
    app.clock().advance(29 * 24 * HOUR + 2 * HOUR);
    app.run_due_jobs().await;
    app.clock().advance(2 * HOUR);
    let (old, next) = (key_in(&acme, "active").await, key_in(&acme, "next").await);
    let foreseen = try_to_rotate(&acme).await;
    assert_eq!(
        (&foreseen["kid"], &foreseen["is_active"]),
        (&next["kid"], &json!(true))
    );
    let done = rotate(&acme).await;
    assert_eq!(
        (&done["kid"], &done["is_active"]),
        (&next["kid"], &json!(true))
    );
    assert_eq!(done["replaces"], old["kid"]);
    assert_eq!(json!(signing_kid(&acme).await), next["kid"]);
}

/// P3: what leaked is worth nothing, at once and everywhere; something else signs from then on.
#[tokio::test]
async fn a_key_that_leaked_is_removed_at_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let replica = app.start_replica().await;
    let elsewhere = acme.through(replica.wire());
    let server = elsewhere.resource_credential().await;
    let client = acme.confidential_client().await;
    let token = client.client_credentials(None).await.tokens().access_token;
    assert!(server.accepts(&token).await);
    let [leaked] = acme.signing_keys().await.try_into().unwrap();
    let leaked = leaked["kid"].as_str().unwrap().to_owned();
    let path = acme.path(&format!("/signing-keys/{leaked}"));

    let (owner, key_id) = key_for(&app, Some("acme"), "write").await;
    is_problem_of(&owner.delete(&path).await, 400, "invalid-value", "reason");
    let empty = owner.delete(&format!("{path}?reason=%20")).await;
    is_problem_of(&empty, 400, "invalid-value", "reason");
    let other = owner.delete(&format!("{path}?reason=a&force=b")).await;
    is_problem_of(&other, 400, "malformed-request", "force");
    let unknown = acme.path("/signing-keys/nobodys?reason=a");
    is_problem(&owner.delete(&unknown).await, 404, "not-found");
    assert!(server.accepts(&token).await);

    let removed = owner
        .delete(&format!("{path}?reason=found+in+a+backup"))
        .await;
    let removed = removed.expect_status(200).json();
    assert_eq!(
        (&removed["kid"], &removed["state"]),
        (&json!(leaked), &json!("active"))
    );
    let successor = removed["signs_now"].as_str().unwrap().to_owned();
    assert_eq!(signing_kid(&acme).await, successor);
    assert_eq!(
        published_kids(&acme).await,
        std::slice::from_ref(&successor)
    );
    within_a_second("the token is inactive at the other replica", async || {
        !server.accepts(&token).await
    })
    .await;
    assert_eq!(published_kids(&elsewhere).await, [successor]);
    let event = newest_event(&acme, "signing_key.removed_in_emergency").await;
    assert_eq!(
        (&event["actor_id"], &event["target_id"]),
        (&json!(key_id), &json!(leaked))
    );
    assert_eq!(event["details"]["reason"], "found in a backup");
    is_problem(
        &owner.delete(&format!("{path}?reason=a")).await,
        404,
        "not-found",
    );
}

/// P3: a next key that leaked never signs.
#[tokio::test]
async fn a_next_key_that_leaked_goes_before_it_signs() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let planned = rotate(&acme).await;
    let leaked = planned["kid"].as_str().unwrap();
    let path = acme.path(&format!("/signing-keys/{leaked}?reason=a"));
    let removed = acme.admin().delete(&path).await.expect_status(200).json();
    assert_eq!(
        (&removed["state"], &removed["signs_now"]),
        (&json!("next"), &planned["replaces"])
    );
    app.clock().advance(2 * HOUR);
    app.run_due_jobs().await;
    assert!(!published_kids(&acme).await.contains(&leaked.to_owned()));
    assert_eq!(json!(signing_kid(&acme).await), planned["replaces"]);
}

/// N1: what concerns every tenant is for platform keys; what is no tenant is told.
#[tokio::test]
async fn keys_are_sealed_anew_under_the_first_key_of_the_list() {
    const NEWER: &str = "bmV3ZXItZW5jcnlwdGlvbi1rZXktb2YtdGVzdHMtMDI=";
    const OLDER: &str = "ZW5jcnlwdGlvbi1rZXktb2YtdGhlLXRlc3RzLTAwMDE=";
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let (owner, _) = key_for(&app, Some("acme"), "write").await;
    is_problem(&owner.post(RESEAL, &json!({})).await, 403, "forbidden");
    let unknown = app
        .admin()
        .post(RESEAL, &json!({ "tenant": "nobody" }))
        .await;
    is_problem_of(&unknown, 400, "invalid-value", "tenant");
    let nothing = app
        .admin()
        .post(RESEAL, &json!({}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&nothing["resealed"], &nothing["left"]),
        (&json!(0), &json!(0))
    );

    let keys = format!("{NEWER},{OLDER}");
    let replica = app.start_replica_with("WRIT_ENCRYPTION_KEYS", &keys).await;
    let reseal =
        async |api: &AdminApi, body: Value| api.post(RESEAL, &body).await.expect_status(200).json();
    let done = reseal(replica.admin(), json!({ "tenant": "acme" })).await;
    assert_eq!(
        (&done["resealed"], &done["tenants"], &done["left"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_ne!(done["kek_id"], nothing["kek_id"]);
    let done = reseal(replica.admin(), json!({})).await;
    assert_eq!(
        (&done["resealed"], &done["left"], &done["failed"]),
        (&json!(1), &json!(0), &json!([]))
    );
    for tenant in [&acme, &globex] {
        let [key] = tenant.signing_keys().await.try_into().unwrap();
        assert_eq!(key["kek_id"], done["kek_id"]);
        let event = newest_event(tenant, "signing_key.resealed").await;
        assert_eq!(event["target_id"], key["kid"]);
        let elsewhere = tenant.through(replica.wire());
        assert_eq!(json!(signing_kid(&elsewhere).await), key["kid"]);
    }
}
