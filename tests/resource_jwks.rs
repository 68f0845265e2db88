//! The JWKS URL of one resource's own: the same keys, and a note of who has fetched them.

use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    DatabaseLink, TestApp, TestAppOptions, TestDatabase, TestTenant, with_the_next_batch,
};

const HOUR: u64 = 3_600;

/// The URL as an operator reads it.
async fn jwks_uri_of(tenant: &TestTenant, resource_id: &str) -> String {
    let path = tenant.path(&format!("/resources/{resource_id}"));
    let shown = tenant.admin().get(&path).await.expect_status(200).json();
    shown["issuer_jwks_uri"].as_str().unwrap().to_owned()
}

#[track_caller]
fn key_in<'a>(keys: &'a [Value], state: &str) -> &'a Value {
    let mut keys = keys.iter().filter(|key| key["state"] == state);
    let key = keys.next();
    assert!(keys.next().is_none(), "two are {state}");
    key.unwrap_or_else(|| panic!("none is {state}"))
}

#[track_caller]
fn ids(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    list.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

/// P6: byte for byte what the issuer's own JWKS URL answers.
#[tokio::test]
async fn a_resource_reads_the_issuers_keys_at_a_url_of_its_own() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let uri = jwks_uri_of(&acme, &acme.resource.id).await;
    let expected = acme.url(&format!(".well-known/jwks/{}", acme.resource.id));
    assert_eq!(uri, expected);
    let (own, issuers) = (acme.wire().get(&uri).await, acme.jwks().await);
    assert_eq!(own.status.as_u16(), 200);
    assert_eq!(own.body, issuers.body);
    for name in [
        "content-type",
        "cache-control",
        "etag",
        "access-control-allow-origin",
    ] {
        assert_eq!(own.header(name), issuers.header(name), "{name}");
    }
    let again = acme.wire().request(reqwest::Method::GET, &uri);
    let again = again.header("if-none-match", own.header("etag"));
    let again = crate::harness::Answer::of(again).await;
    assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));
}

/// O1: another tenant's resource, and what is none, are unknown alike.
#[tokio::test]
async fn there_is_no_url_of_a_resource_that_is_not_there() {
    let app = TestApp::start().await;
    let (acme, other) = (app.tenant("acme").await, app.tenant("other").await);
    let own = acme.resource.id.as_str();
    for id in [
        other.resource.id.as_str(),
        "00000000-0000-0000-0000-000000000000",
        "x",
        &own.to_uppercase(),
        &own.replace('-', ""),
    ] {
        let url = acme.url(&format!(".well-known/jwks/{id}"));
        acme.wire().get(&url).await.expect_status(404);
    }
    let url = acme.url(&format!(".well-known/jwks/{own}/x"));
    acme.wire().get(&url).await.expect_status(404);
}

/// Which resources have seen a key is told only of those that use their URL.
#[tokio::test]
async fn an_operator_sees_who_has_fetched_a_key() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let silent = acme.another_resource("https://silent.acme.test/mcp").await;
    let late = acme.another_resource("https://late.acme.test/mcp").await;
    for id in [&acme.resource.id, &late.id] {
        let uri = jwks_uri_of(&acme, id).await;
        acme.wire().get(&uri).await.expect_status(200);
    }
    let rotate = acme.path("/signing-keys/rotate");
    acme.admin()
        .post(&rotate, &json!({}))
        .await
        .expect_status(200);
    let uri = jwks_uri_of(&acme, &acme.resource.id).await;
    acme.wire().get(&uri).await.expect_status(200);
    app.run_due_jobs().await;

    let keys = acme.signing_keys().await;
    let active = key_in(&keys, "active");
    let mut seen_by = ids(&active["seen_by"]);
    seen_by.sort_unstable();
    let mut both = [acme.resource.id.as_str(), late.id.as_str()];
    both.sort_unstable();
    assert_eq!(seen_by, both);
    assert_eq!(ids(&active["not_seen_by"]), Vec::<&str>::new());
    let next = key_in(&keys, "next");
    assert_eq!(ids(&next["seen_by"]), [acme.resource.id.as_str()]);
    assert_eq!(ids(&next["not_seen_by"]), [late.id.as_str()]);
    assert!(!ids(&next["not_seen_by"]).contains(&silent.id.as_str()));
    assert_eq!(next["seen_by"][0]["identifier"], acme.resource.identifier);
    assert!(next["seen_by"][0]["first_seen_at"].is_string());

    // Two saw the first key, one the next; who looks again sees nothing new.
    acme.wire().get(&uri).await.expect_status(200);
    app.run_due_jobs().await;
    let sightings = app.metric("writ_signing_key_sightings_total").await;
    assert_eq!(sightings, Some(3));
}

/// P6: a rotation waits for a resource that uses its URL, within the tenant's bound.
#[tokio::test]
async fn a_rotation_waits_for_the_resources_that_use_their_url() {
    let app = TestApp::start().await;
    let (acme, other) = (app.tenant("acme").await, app.tenant("other").await);
    for tenant in [&acme, &other] {
        let changes = json!({ "signing_key_lead": HOUR, "signing_key_wait": 4 * HOUR });
        tenant.change("", &changes).await;
        let uri = jwks_uri_of(tenant, &tenant.resource.id).await;
        tenant.wire().get(&uri).await.expect_status(200);
        app.run_due_jobs().await;
        let rotate = tenant.path("/signing-keys/rotate");
        tenant
            .admin()
            .post(&rotate, &json!({}))
            .await
            .expect_status(200);
    }
    let next = key_in(&acme.signing_keys().await, "next")["kid"].clone();
    app.clock().advance(Duration::from_secs(2 * HOUR));
    app.run_due_jobs().await;
    assert_eq!(key_in(&acme.signing_keys().await, "next")["kid"], next);

    // One comes, and its tenant's key changes; the other's changes when the bound is over.
    let uri = jwks_uri_of(&acme, &acme.resource.id).await;
    acme.wire().get(&uri).await.expect_status(200);
    app.clock().advance(Duration::from_secs(HOUR));
    app.run_due_jobs().await;
    assert_eq!(key_in(&acme.signing_keys().await, "active")["kid"], next);
    assert_eq!(key_in(&other.signing_keys().await, "next")["state"], "next");
    app.clock().advance(Duration::from_secs(3 * HOUR));
    app.run_due_jobs().await;
    let keys = other.signing_keys().await;
    assert!(keys.iter().all(|key| key["state"] != "next"), "{keys:?}");
}

/// Q3: while PostgreSQL is silent the keys come from memory, to a resource that had not asked before as well;
/// what it was shown is noted afterwards.
#[tokio::test]
async fn a_resource_does_not_wait_for_a_silent_database() {
    let database = TestDatabase::create().await;
    let link = DatabaseLink::to(database.url()).await;
    let options = TestAppOptions::default().with("DATABASE_URL", link.url());
    let app = TestApp::start_on(database, options).await;
    let acme = app.tenant("acme").await;
    let late = acme.another_resource("https://late.acme.test/mcp").await;
    let early = jwks_uri_of(&acme, &acme.resource.id).await;
    let uri = jwks_uri_of(&acme, &late.id).await;
    let shown = acme.wire().get(&early).await.expect_status(200);

    link.fall_silent();
    app.notices_the_outage().await;
    // Whoever needs the database waits until it is given up, and asked first.
    let newcomer = json!({ "redirect_uris": ["https://new.example/callback"] });
    let mut waiting = pin!(acme.register(&newcomer));
    let answer = tokio::select! {
        biased;
        refused = &mut waiting => panic!("the keys came after {refused:?}"),
        answer = async { acme.wire().get(&uri).await } => answer.expect_status(200),
    };
    assert_eq!(answer.body, shown.body);
    waiting.await.is_refused(503, "temporarily_unavailable");

    link.mend();
    with_the_next_batch("a sighting", async || {
        acme.wire().get(&uri).await;
        let keys = acme.signing_keys().await;
        ids(&key_in(&keys, "active")["seen_by"]).contains(&late.id.as_str())
    })
    .await;
}
