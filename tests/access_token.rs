//! The access token itself: an RFC 9068 JWT that every resource server can verify alone.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::harness::{TestApp, TestTenant};

/// G1: header and claims are complete and of the right types.
#[tokio::test]
async fn an_access_token_is_an_rfc_9068_jwt() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;

    let header = tokens.header();
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["alg"], "RS256");
    let published = acme.jwks().await.json();
    assert_eq!(header["kid"], published["keys"][0]["kid"]);
    assert_eq!(
        header.as_object().unwrap().len(),
        3,
        "nothing that a verifier could stumble on: {header}"
    );

    let claims = tokens.claims();
    assert_eq!(claims["iss"], acme.issuer.as_str());
    assert_eq!(claims["sub"], alice.id.as_str());
    assert_eq!(
        claims["aud"],
        acme.resource.audience.as_str(),
        "one audience is a string, not a list"
    );
    assert_eq!(claims["client_id"], client.client_id.as_str());
    assert_eq!(claims["scope"], "notes:read");
    assert_eq!(claims["iat"], app.clock().unix_seconds());
    assert_eq!(claims["exp"], app.clock().unix_seconds() + 900);
    assert_eq!(claims["auth_time"], app.clock().unix_seconds());
    assert!(claims["jti"].as_str().unwrap().len() >= 22, "{claims}");
    assert!(
        claims
            .as_object()
            .unwrap()
            .values()
            .all(|claim| !claim.is_null()),
        "no nulls: {claims}"
    );
    assert!(
        !claims.to_string().contains("alice"),
        "no name that nobody asked for: {claims}"
    );
    assert_eq!(tokens.body["expires_in"], 900);
}

/// G1: the stock verifier with its defaults, fed with our JWKS alone, accepts it, and refuses it for
/// another audience and issuer.
#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the other side: it verifies what crypto signed"
)]
async fn a_stock_verifier_accepts_it_with_the_jwks_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let tokens = acme
        .public_client()
        .await
        .tokens_of(&acme.browser_of("alice").await)
        .await;
    let keys: JwkSet = serde_json::from_value(acme.jwks().await.json()).unwrap();
    let header = jsonwebtoken::decode_header(&tokens.access_token).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let verify = |issuer: &str, audience: &str| {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        jsonwebtoken::decode::<Value>(&tokens.access_token, &key, &validation)
    };

    assert_eq!(
        verify(&acme.issuer, &acme.resource.audience)
            .unwrap()
            .claims,
        tokens.claims()
    );
    verify(&acme.issuer, "https://other.example/mcp").unwrap_err();
    verify("https://other.example", &acme.resource.audience).unwrap_err();
}

/// G2: the audience is the resource that was granted, as it is registered; never what was sent, never us.
#[tokio::test]
async fn the_audience_is_the_granted_resource_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let client = acme.public_client().await;
    for resource in [&acme.resource, &mail] {
        let tokens = client
            .clone()
            .with_resource(Some(&resource.identifier))
            .tokens_of(&alice)
            .await;
        assert_eq!(tokens.claims()["aud"], resource.audience.as_str());
        let renewed = client.refresh(tokens.refresh_token()).await.tokens();
        assert_eq!(renewed.claims()["aud"], resource.audience.as_str());
    }
}

/// G4: fifteen minutes unless tenant, resource or client say otherwise, and a day at most.
#[tokio::test]
async fn the_lifetime_is_a_setting_within_a_day() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let resource_path = format!("/resources/{}", acme.resource.id);
    let client_path = format!("/clients/{}", client.client_id);
    for (below, lifetime, effective) in [
        ("", 3_600, 3_600),
        ("", 86_400, 86_400),
        (resource_path.as_str(), 7_200, 7_200),
        (client_path.as_str(), 600, 600),
    ] {
        acme.change(below, &json!({ "access_token_lifetime": lifetime }))
            .await;
        let tokens = client.client_credentials(None).await.tokens();
        assert_eq!(tokens.body["expires_in"], effective, "{below}");
        let claims = tokens.claims();
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            effective
        );
    }
    for below in ["", &resource_path, &client_path] {
        let too_long = json!({ "access_token_lifetime": 86_401 });
        let refused = acme.admin().patch(&acme.path(below), &too_long).await;
        assert!(matches!(refused.status.as_u16(), 400 | 422), "{refused:?}");
    }
}

/// G4: at the second at which it expires it is over.
#[tokio::test]
async fn a_token_is_over_when_it_expires() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let tokens = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    app.clock().advance(Duration::from_secs(899));
    assert!(resource_server.accepts(&tokens.access_token).await);
    app.clock().advance(Duration::from_secs(1));
    assert!(!resource_server.accepts(&tokens.access_token).await);
}

/// G5, G6, P4: what was altered, signed otherwise, or is another kind of JWT is nothing; none of it is
/// a fault of ours.
#[tokio::test]
async fn a_forged_token_is_inactive() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let tokens = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    let token = tokens.access_token.as_str();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, claims) = (tokens.header(), tokens.claims());
    let kid = header["kid"].as_str().unwrap();
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let with_header = |name: &str, value: Value| {
        let mut forged = header.clone();
        forged[name] = value;
        format!("{}.{}.{}", encode(&forged), parts[1], parts[2])
    };
    let with_claim = |name: &str, value: Value| {
        let mut forged = claims.clone();
        forged[name] = value;
        format!("{}.{}.{}", parts[0], encode(&forged), parts[2])
    };
    let forged = [
        with_header("alg", json!("none")),
        format!(
            "{}.{}.",
            encode(&json!({ "alg": "none", "typ": "at+jwt", "kid": kid })),
            parts[1]
        ),
        with_header("alg", json!("HS256")),
        with_header("alg", json!("PS256")),
        with_header("typ", json!("JWT")),
        with_header("typ", json!("logout+jwt")),
        with_header("crit", json!(["b64"])),
        with_header("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        with_header("jku", json!("https://evil.example/jwks")),
        with_header("kid", json!("../../../etc/passwd")),
        with_header("kid", json!("' or 1 = 1 --")),
        with_header("kid", json!("unknown")),
        with_header("kid", json!("k".repeat(10_000))),
        with_header("kid", json!("k".repeat(2_000))),
        with_header("kid", json!(7)),
        with_claim("aud", json!("https://other.example/mcp")),
        with_claim("exp", json!(4_000_000_000_i64)),
        with_claim("exp", json!("4000000000")),
        with_claim("scope", json!("notes:read notes:write admin")),
        with_claim("sub", json!(acme.user("alice").await.id)),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}.{}", parts[2]),
        format!("{token}="),
        format!(" {token}"),
        token[..token.len() - 1].to_owned(),
        "a.b.c".to_owned(),
        "...".to_owned(),
        "{}".to_owned(),
    ];
    for forged in forged {
        let answer = resource_server.introspect_answer(&forged).await;
        if forged.len() <= 4_096 {
            assert_eq!(answer.status.as_u16(), 200, "{forged}: {answer:?}");
            assert_eq!(answer.body, r#"{"active":false}"#, "{forged}");
        } else {
            answer.is_refused(400, "invalid_request");
        }
    }
    assert!(
        resource_server.accepts(token).await,
        "and the real one is what it was"
    );
}

/// G8: nothing that an operator or a client sends ends up as a claim.
#[tokio::test]
async fn nobody_writes_claims_of_their_own() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let reserved = [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "jti",
        "client_id",
        "scope",
        "tenant",
        "cnf",
        "act",
    ];
    for name in reserved {
        let metadata =
            json!({ "grant_types": ["client_credentials"], "claims": { name: "forged" } });
        acme.admin()
            .post(&acme.path("/clients"), &metadata)
            .await
            .expect_status(400);
    }
    let client = acme.confidential_client().await;
    let honest = client.client_credentials(None).await.tokens().claims();
    for name in reserved
        .into_iter()
        .filter(|name| !matches!(*name, "scope" | "client_id"))
    {
        let claims = client
            .token(&[("grant_type", "client_credentials"), (name, "forged")])
            .await
            .tokens()
            .claims();
        let names = |claims: &Value| {
            claims
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&claims), names(&honest));
        assert!(!claims.to_string().contains("forged"), "{claims}");
    }
}

/// P1: a private key at rest is ciphertext of its own row: another tenant's does not open there.
#[tokio::test]
async fn a_sealed_key_works_in_its_own_row_only() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let clients = [
        acme.confidential_client().await,
        umbrella.confidential_client().await,
    ];
    for client in &clients {
        client.client_credentials(None).await.tokens();
    }
    let mut database = app.database().db_connect_as_superuser().await;
    let swap = "update signing_keys k set sealed_private_key = o.sealed_private_key \
                from signing_keys o where o.tenant_id <> k.tenant_id";
    assert_eq!(
        sqlx::query(swap)
            .execute(&mut database)
            .await
            .unwrap()
            .rows_affected(),
        2
    );

    // A server that has not opened the keys before.
    let replica = app.start_replica().await;
    for client in clients {
        let refused = client
            .through(replica.wire())
            .client_credentials(None)
            .await;
        refused.is_refused(503, "temporarily_unavailable");
        assert!(
            !refused.body.contains("key"),
            "nothing of the cause: {refused:?}"
        );
    }
    assert!(!app.database().db_dump().await.contains("PRIVATE KEY"));
}

/// P5: a key that was retired signs nothing; it verifies until its last token has ended, and no longer.
#[tokio::test]
async fn a_retired_key_signs_nothing_and_is_forgotten_in_the_end() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "access_token_lifetime": 86_400 }))
        .await;
    let old = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    db_retire_the_key(&app).await;

    let replica = app.start_replica().await;
    let there = acme.through(replica.wire());
    let client = there.confidential_client().await;
    client
        .client_credentials(None)
        .await
        .is_refused(500, "server_error");
    let resource_server = there.resource_credential().await;
    assert!(
        resource_server.accepts(&old.access_token).await,
        "what it signed is still good"
    );
    assert_eq!(published(&there).await, 1);

    app.clock().advance(Duration::from_secs(86_399));
    assert!(resource_server.accepts(&old.access_token).await);
    app.clock().advance(Duration::from_secs(3_602));
    let later = app.start_replica().await;
    assert_eq!(
        published(&acme.through(later.wire())).await,
        0,
        "it is published no longer"
    );
}

/// P5: a key that is published ahead of time does not sign yet.
#[tokio::test]
async fn a_next_key_does_not_sign_yet() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut database = app.database().db_connect_as_superuser().await;
    let demote = "update signing_keys set state = 'next', activated_at = null";
    sqlx::query(demote).execute(&mut database).await.unwrap();

    let replica = app.start_replica().await;
    let there = acme.through(replica.wire());
    there
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .is_refused(500, "server_error");
    assert_eq!(published(&there).await, 1);
}

async fn published(tenant: &TestTenant) -> usize {
    tenant.jwks().await.expect_status(200).json()["keys"]
        .as_array()
        .unwrap()
        .len()
}

async fn db_retire_the_key(app: &TestApp) {
    let mut database = app.database().db_connect_as_superuser().await;
    let retire = "update signing_keys set state = 'retired', retired_at = to_timestamp($1)";
    let now = i32::try_from(app.clock().unix_seconds()).unwrap();
    sqlx::query(retire)
        .bind(f64::from(now))
        .execute(&mut database)
        .await
        .unwrap();
}
