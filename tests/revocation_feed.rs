//! The revocation feed: what a resource server that verifies tokens by itself learns by polling.

use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Deed, TestApp, TestTenant, Tokens, within_a_second};

/// A JWT of ours as somebody else reads it: by the JWKS alone. Expiry aside: the clock is the tests'.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the other side: it verifies what crypto signed"
)]
pub async fn verified(tenant: &TestTenant, token: &str, token_type: &str) -> Value {
    let keys: JwkSet = serde_json::from_value(tenant.jwks().await.json()).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some(token_type));
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[&tenant.issuer]);
    validation.set_required_spec_claims(&["iss"]);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    jsonwebtoken::decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation)
        .unwrap()
        .claims
}

/// The recipe of `docs/revocation.md`, for a token whose signature, issuer, audience and times are right.
fn is_void(feed: &Value, token: &Tokens) -> bool {
    let claims = token.claims();
    let names = |list: &str, value: &Value| {
        value.is_string() && feed[list].as_array().unwrap().contains(value)
    };
    let is_ended = |list: &str, name: &str, value: &Value| {
        feed[list].as_array().unwrap().iter().any(|ended| {
            ended[name] == *value
                && ended["issued_before"]
                    .as_i64()
                    .is_none_or(|moment| claims["iat"].as_i64().unwrap() < moment)
        })
    };
    names("grants", &claims["grant_id"])
        || names("tokens", &claims["jti"])
        || is_ended("audiences", "audience", &claims["aud"])
        || is_ended("clients", "client_id", &claims["client_id"])
}

async fn poll(tenant: &TestTenant) -> Answer {
    tenant
        .wire()
        .get(&tenant.url("revocations"))
        .await
        .expect_status(200)
}

async fn feed(tenant: &TestTenant) -> Value {
    verified(tenant, &poll(tenant).await.body, "revocations+jwt").await
}

async fn signatures(app: &TestApp) -> i64 {
    app.metric("writ_revocation_feeds_signed_total")
        .await
        .unwrap_or_default()
}

/// The form of it: signed, with an end, cacheable for a moment, and nothing about anybody.
#[tokio::test]
async fn the_feed_is_a_signed_document_that_may_be_kept_for_ten_seconds() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let answer = poll(&acme).await;
    assert_eq!(answer.header("content-type"), "application/jwt");
    assert_eq!(answer.header("cache-control"), "public, max-age=10");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let now = app.clock().unix_seconds();
    let expected = json!({
        "iss": acme.issuer,
        "iat": now,
        "exp": now + 900,
        "grants": [],
        "tokens": [],
        "clients": [],
        "audiences": [],
        "complete": true,
    });
    let claims = verified(&acme, &answer.body, "revocations+jwt").await;
    assert_eq!(claims, expected);
}

/// H5: whatever ends a token is in the feed at the next poll: here at once, there within a second.
#[tokio::test]
async fn every_way_to_end_a_token_is_seen_in_the_feed() {
    let app = TestApp::start().await;
    let there = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let acme_there = acme.through(there.wire());
    let browser = acme.browser_of("bystander").await;
    let bystander = acme.public_client().await.tokens_of(&browser).await;
    for (number, deed) in Deed::IN_A_TENANT.into_iter().enumerate() {
        if deed == Deed::RevokeGrants {
            continue;
        }
        let username = format!("user-{number}");
        let client = acme.public_client().await;
        let tokens = client.tokens_of(&acme.browser_of(&username).await).await;
        assert!(!is_void(&feed(&acme).await, &tokens), "{deed:?}");
        assert!(!is_void(&feed(&acme_there).await, &tokens), "{deed:?}");

        deed.is_done(&acme, &acme.user(&username).await, &client)
            .await;

        assert!(is_void(&feed(&acme).await, &tokens), "{deed:?}");
        within_a_second(&format!("{deed:?} in the other feed"), async || {
            is_void(&feed(&acme_there).await, &tokens)
        })
        .await;
    }
    assert!(!is_void(&feed(&acme).await, &bystander));
    let client = acme.confidential_client().await;
    let own = client.client_credentials(None).await.tokens();
    let other = client.client_credentials(None).await.tokens();
    client.revoke(&own.access_token).await.expect_status(200);
    let now = feed(&acme).await;
    assert!(is_void(&now, &own) && !is_void(&now, &other), "{now}");
}

/// The moment is read when nothing is waited for any more: what was issued until then is void.
#[tokio::test]
async fn what_was_issued_while_a_deletion_waited_is_void() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for (statement, folder) in [
        ("select from clients for key share", "clients"),
        ("select from resources for key share", "resources"),
    ] {
        let client = acme.confidential_client().await;
        let id = match folder {
            "clients" => &client.client_id,
            _ => &acme.resource.id,
        };
        let path = acme.path(&format!("/{folder}/{id}"));
        let holding = app.database().db_hold(statement).await;
        let issue = async {
            app.database().db_until_waiting(1).await;
            app.clock().advance(Duration::from_secs(10));
            let tokens = client.client_credentials(None).await.tokens();
            holding.commit_once_awaited_by(1).await;
            tokens
        };
        let (deleted, tokens) = tokio::join!(acme.admin().delete(&path), issue);
        deleted.expect_status(204);
        let feed = feed(&acme).await;
        assert!(is_void(&feed, &tokens), "{folder}: {feed}");
    }
}

/// A client whose id is given to another one: tokens of the first are void, those of the second are not.
#[tokio::test]
async fn a_deleted_clients_name_is_void_for_its_own_tokens_only() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let metadata = json!({
        "client_id": "machine",
        "client_name": "A machine",
        "redirect_uris": [],
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let first = acme.client(&metadata).await;
    let of_first = first.client_credentials(None).await.tokens();
    let path = acme.path("/clients/machine");
    acme.admin().delete(&path).await.expect_status(204);
    app.clock().advance(Duration::from_secs(5));
    let second = acme.client(&metadata).await;
    let of_second = second.client_credentials(None).await.tokens();

    let now = feed(&acme).await;

    assert!(is_void(&now, &of_first), "{now}");
    assert!(!is_void(&now, &of_second), "{now}");
    acme.change("/clients/machine", &json!({ "is_enabled": false }))
        .await;
    assert!(is_void(&feed(&acme).await, &of_second));
    acme.change("/clients/machine", &json!({ "is_enabled": true }))
        .await;
    assert!(!is_void(&feed(&acme).await, &of_second));
}

/// A deleted resource's own verifier learns here that its tokens are void, since nobody introspects for it any more.
/// A resource that has its audience afterwards has new tokens only.
#[tokio::test]
async fn tokens_for_a_deleted_resource_are_void() {
    let app = TestApp::start().await;
    let there = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let acme_there = acme.through(there.wire());
    let identifier = "https://calendar.acme.test/mcp";
    let calendar = acme.another_resource(identifier).await;
    let client = acme.confidential_client().await;
    let bystander = client.client_credentials(None).await.tokens();
    let client = client.with_resource(Some(identifier));
    let own = client.client_credentials(None).await.tokens();
    assert_eq!(own.claims()["aud"], identifier);
    for tenant in [&acme, &acme_there] {
        assert!(!is_void(&feed(tenant).await, &own));
    }

    let path = acme.path(&format!("/resources/{}", calendar.id));
    acme.admin().delete(&path).await.expect_status(204);

    let now = feed(&acme).await;
    assert!(is_void(&now, &own) && !is_void(&now, &bystander), "{now}");
    within_a_second("the end of a resource", async || {
        is_void(&feed(&acme_there).await, &own)
    })
    .await;

    app.clock().advance(Duration::from_secs(5));
    let again = acme.another_resource(identifier).await;
    let credential = acme.resource_credential_of(&again).await;
    let fresh = client.client_credentials(None).await.tokens();
    assert!(!credential.accepts(&own.access_token).await);
    assert!(credential.accepts(&fresh.access_token).await);
    let now = feed(&acme).await;
    assert!(is_void(&now, &own) && !is_void(&now, &fresh), "{now}");

    // Another audience: what was for the old one is void, and stays so when it comes back.
    app.clock().advance(Duration::from_secs(5));
    let path = format!("/resources/{}", again.id);
    for audience in ["https://elsewhere.acme.test", identifier] {
        acme.change(&path, &json!({ "audience": audience })).await;
        assert!(!credential.accepts(&fresh.access_token).await, "{audience}");
        let now = feed(&acme).await;
        assert!(is_void(&now, &fresh), "{audience}: {now}");
        app.clock().advance(Duration::from_secs(5));
    }
    let newest = client.client_credentials(None).await.tokens();
    assert!(credential.accepts(&newest.access_token).await);
    assert!(!is_void(&feed(&acme).await, &newest));
    app.clock().advance(Duration::from_hours(24));
    app.clock().advance(Duration::from_secs(61));
    assert_eq!(feed(&acme).await["audiences"], json!([]));
}

/// Whoever had to wait for their turn begins when it has come: what was issued before is the past. A change that is
/// none of the audience ends nothing.
#[tokio::test]
async fn an_audience_that_comes_back_after_a_wait_has_new_tokens_only() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let identifier = "https://calendar.acme.test/mcp";
    let calendar = acme.another_resource(identifier).await;
    let credential = acme.resource_credential_of(&calendar).await;
    let client = acme.confidential_client().await;
    let client = client.with_resource(Some(identifier));
    let own = client.client_credentials(None).await.tokens();
    let path = format!("/resources/{}", calendar.id);
    acme.change(&path, &json!({ "name": "The calendar" })).await;
    assert_eq!(feed(&acme).await["audiences"], json!([]));
    assert!(credential.accepts(&own.access_token).await);
    acme.change(&path, &json!({ "audience": "https://elsewhere.acme.test" }))
        .await;

    let line =
        "select pg_advisory_xact_lock(hashtextextended('changes:' || tenant_id, 0)) from tenants";
    let line = app.database().db_hold(line).await;
    let wait = async {
        app.database().db_until_waiting(1).await;
        app.clock().advance(Duration::from_secs(5));
        line.commit_once_awaited_by(1).await;
    };
    let (path, back) = (acme.path(&path), json!({ "audience": identifier }));
    let (changed, ()) = tokio::join!(acme.admin().patch(&path, &back), wait);
    changed.expect_status(200);
    assert!(!credential.accepts(&own.access_token).await);
    assert!(is_void(&feed(&acme).await, &own));
}

/// Only what could still be presented: a day after the last token, nothing is named any more.
#[tokio::test]
async fn what_no_living_token_names_is_left_out() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    client
        .revoke(tokens.refresh_token())
        .await
        .expect_status(200);
    let gone = acme.public_client().await;
    let path = acme.path(&format!("/clients/{}", gone.client_id));
    acme.admin().delete(&path).await.expect_status(204);
    let off = acme.public_client().await;
    let path = format!("/clients/{}", off.client_id);
    acme.change(&path, &json!({ "is_enabled": false })).await;
    let before = feed(&acme).await;
    assert_eq!(before["grants"].as_array().map(Vec::len), Some(1));
    assert_eq!(before["clients"].as_array().map(Vec::len), Some(2));

    app.clock().advance(Duration::from_hours(24));
    app.clock().advance(Duration::from_secs(61));

    let after = feed(&acme).await;
    assert_eq!(after["grants"], json!([]));
    assert_eq!(after["clients"], json!([]));
}

/// One signature for a change, however many poll; none for a poll that finds nothing new.
#[tokio::test]
async fn a_change_costs_one_signature_and_a_poll_none() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let first = poll(&acme).await;
    let before = signatures(&app).await;
    assert_eq!(poll(&acme).await.body, first.body);
    let request = acme
        .wire()
        .request(Method::GET, &acme.url("revocations"))
        .header("if-none-match", first.header("etag"));
    let unchanged = Answer::of(request).await.expect_status(304);
    assert_eq!(unchanged.body, "");
    // A change of a client that voids nothing.
    let path = format!("/clients/{}", client.client_id);
    acme.change(&path, &json!({ "client_name": "Renamed" }))
        .await;
    assert_eq!(poll(&acme).await.body, first.body);
    assert_eq!(signatures(&app).await, before);

    client
        .revoke(tokens.refresh_token())
        .await
        .expect_status(200);
    let polls = futures_util::future::join_all((0..20).map(|_| poll(&acme))).await;

    assert!(polls.iter().all(|answer| answer.body == polls[0].body));
    assert_ne!(polls[0].header("etag"), first.header("etag"));
    assert_eq!(signatures(&app).await, before + 1);

    // Unchanged, and signed anew before the old one ends.
    app.clock().advance(Duration::from_mins(5));
    let renewed = feed(&acme).await;
    assert_eq!(renewed["iat"], app.clock().unix_seconds());
    assert_eq!(signatures(&app).await, before + 2);
}

/// O1, G5: a feed is nobody else's, and no access token.
#[tokio::test]
async fn a_feed_is_of_its_tenant_and_no_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    client
        .revoke(tokens.refresh_token())
        .await
        .expect_status(200);
    assert_eq!(feed(&globex).await["grants"], json!([]));
    let body = poll(&acme).await.body;
    assert!(!acme.resource_credential().await.accepts(&body).await);
    let nobody = app.public_url().to_owned() + "/t/nobody/revocations";
    app.wire().get(&nobody).await.expect_status(404);
    acme.change("", &json!({ "state": "suspended" })).await;
    let suspended = acme.wire().get(&acme.url("revocations")).await;
    suspended.expect_status(404);
}

/// More than fits is said to be more.
#[tokio::test]
async fn a_feed_that_cannot_hold_all_says_so() {
    const MANY: &str = "insert into revocations
        select tenant_id, 'access_token', gen_random_uuid(), now(), now() + interval '1 day'
        from tenants, generate_series(1, 5001) where slug = 'acme'";
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    app.database().db_execute(MANY).await;
    let feed = feed(&acme).await;
    assert_eq!(feed["complete"], false);
    assert_eq!(feed["tokens"].as_array().map(Vec::len), Some(5_000));
}
