//! A tenant's algorithm is changed by rotation; RS256 is always to be had for ID tokens.

use serde_json::{Value, json};

use super::verifier::CachingVerifier;
use super::{DAY, HOUR, Keys, pass, published, rotate, set, signed_by};
use crate::harness::{TestApp, TestTenant, within_a_second};

/// Every algorithm from the first token on, with RS256 beside it (OpenID Connect Core §15.1).
#[tokio::test]
async fn a_tenant_begins_with_the_algorithm_that_it_was_made_with() {
    let app = TestApp::start().await;
    for (slug, algorithm) in [
        ("acme", "RS256"),
        ("beta", "PS256"),
        ("gamma", "ES256"),
        ("delta", "EdDSA"),
    ] {
        let body = json!({ "slug": slug, "display_name": slug, "signing_algorithm": algorithm });
        let tenant = app.tenant_with(body).await;
        assert_eq!(signed_by(&tenant).await.1, algorithm);
        let keys = Keys::of(&tenant).await;
        let companions = keys.kids_that_sign("id_tokens", "active");
        assert_eq!(companions.len(), usize::from(algorithm != "RS256"));
        for kid in companions {
            assert_eq!(keys.find(kid)["algorithm"], "RS256");
        }
        // Settled from the start: the job has nothing to do.
        app.run_due_jobs().await;
        assert_eq!(Keys::of(&tenant).await.0.len(), keys.0.len());
        // JWKS: each key says what it is for (agentgateway refuses the whole set over one that does not).
        for key in tenant.jwks().await.json()["keys"].as_array().unwrap() {
            assert!(
                ["kid", "alg", "use"]
                    .iter()
                    .all(|name| key[name].is_string()),
                "{key}"
            );
        }
    }
}

/// P2, P4: to ES256 and back, with a verifier that keeps the JWKS throughout; each key keeps its one algorithm.
#[tokio::test]
async fn a_changed_algorithm_comes_with_the_next_key() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut verifier = CachingVerifier::new(acme.through(app.wire()), app.shared_clock());
    let client = acme.confidential_client().await;
    let mut sign_and_verify = async || {
        let token = client.client_credentials(None).await.tokens();
        verifier.verify(&token.access_token).await.unwrap();
        token.header()["alg"].as_str().unwrap().to_owned()
    };
    let (first, _) = signed_by(&acme).await;
    assert_eq!(sign_and_verify().await, "RS256");

    set(&app, &acme, &json!({ "signing_algorithm": "ES256" })).await;
    assert_eq!(
        sign_and_verify().await,
        "RS256",
        "not before it was published"
    );
    assert_eq!(published(&acme).await.len(), 2);
    pass(&app, DAY).await;
    assert_eq!(sign_and_verify().await, "ES256");
    let keys = Keys::of(&acme).await;
    assert_eq!(keys.kids_that_sign("id_tokens", "active"), [first.as_str()]);
    assert_eq!(
        keys.0.len(),
        2,
        "the old key goes on for ID tokens, and does not retire"
    );

    // An operator who is in a hurry: an hour.
    acme.change("", &json!({ "signing_algorithm": "RS256" }))
        .await;
    rotate(&acme).await;
    assert_eq!(sign_and_verify().await, "ES256");
    pass(&app, HOUR).await;
    assert_eq!(sign_and_verify().await, "RS256");
    let keys = Keys::of(&acme).await;
    assert!(keys.kids_that_sign("id_tokens", "active").is_empty());
    let retired = keys.kids_that_sign("id_tokens", "retired");
    assert_eq!(retired, [first.as_str()]);
    pass(&app, 2 * DAY).await;
    assert_eq!(Keys::of(&acme).await.0.len(), 1);
}

/// What the metadata say of ID tokens and of introspection answers.
async fn offered(tenant: &TestTenant) -> [Value; 2] {
    let metadata = tenant.metadata().await.expect_status(200).json();
    ["id_token", "introspection"]
        .map(|what| metadata[format!("{what}_signing_alg_values_supported")].clone())
}

/// Discovery §3, RFC 9701 §7, RFC 7591 §2: what is offered is what signs, not what is going to.
#[tokio::test]
async fn an_algorithm_is_offered_when_a_key_of_it_signs() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let there = acme.through(replica.wire());
    let of_rsa = [json!(["RS256"]), json!(["RS256"])];
    let of_curve = [json!(["RS256", "ES256"]), json!(["ES256"])];
    let wish = json!({
        "redirect_uris": ["https://client.example/callback"],
        "id_token_signed_response_alg": "ES256",
    });
    for tenant in [&acme, &there] {
        assert_eq!(offered(tenant).await, of_rsa);
    }

    set(&app, &acme, &json!({ "signing_algorithm": "ES256" })).await;
    within_a_second("a next key", async || published(&there).await.len() == 2).await;
    for tenant in [&acme, &there] {
        assert_eq!(offered(tenant).await, of_rsa);
        let refused = tenant.register(&wish).await;
        refused.is_refused(400, "invalid_client_metadata");
    }
    let clients = acme.path("/clients");
    let refused = acme.admin().post(&clients, &wish).await;
    refused.expect_status(400);

    pass(&app, DAY).await;
    assert_eq!(signed_by(&acme).await.1, "ES256");
    assert_eq!(offered(&acme).await, of_curve);
    let is_heard = async || offered(&there).await == of_curve;
    within_a_second("the metadata of an active key", is_heard).await;
    for tenant in [&acme, &there] {
        tenant.register(&wish).await.expect_status(201);
    }
    acme.admin().create(&clients, &wish).await;

    set(&app, &acme, &json!({ "signing_algorithm": "RS256" })).await;
    assert_eq!(offered(&acme).await, of_curve);
    pass(&app, DAY).await;
    assert_eq!(offered(&acme).await, of_rsa);

    // Also while PostgreSQL is away: RS256 still signs, and ES256 is the setting.
    set(&app, &acme, &json!({ "signing_algorithm": "ES256" })).await;
    assert_eq!(offered(&acme).await, of_rsa);
    app.database().db_go_away().await;
    app.notices_the_outage().await;
    for _ in 0..3 {
        assert_eq!(offered(&acme).await, of_rsa);
    }
    app.database().db_come_back().await;
}

/// A change of mind: the key that was published for the other algorithm never signs.
#[tokio::test]
async fn a_next_key_of_an_algorithm_that_is_not_wanted_any_more_is_removed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    set(&app, &acme, &json!({ "signing_algorithm": "ES256" })).await;
    let unwanted = Keys::of(&acme).await.next().to_owned();
    set(&app, &acme, &json!({ "signing_algorithm": "EdDSA" })).await;
    let keys = Keys::of(&acme).await;
    assert_ne!(keys.next(), unwanted);
    assert_eq!(keys.find(keys.next())["algorithm"], "EdDSA");
    set(&app, &acme, &json!({ "signing_algorithm": "RS256" })).await;
    assert_eq!(published(&acme).await.len(), 1);
}
