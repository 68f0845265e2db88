//! `private_key_jwt`: clients and resource servers that prove themselves by what their own key has signed
//! (RFC 7523 §2.2).

mod claims;
mod fetched_keys;
mod known_client;
mod once;

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    ASSERTION_TYPE, Answer, AssertionSigner, ClientKey, OAuthClient, TestApp, TestTenant,
};

/// A machine with this key in its metadata.
async fn signing_client(app: &TestApp, tenant: &TestTenant, key: &ClientKey) -> OAuthClient {
    signing_client_with(app, tenant, key, json!({ "jwks": key.jwks() })).await
}

/// The same with more metadata.
async fn signing_client_with(
    app: &TestApp,
    tenant: &TestTenant,
    key: &ClientKey,
    more: Value,
) -> OAuthClient {
    let mut metadata = json!({
        "client_name": "A machine with a key",
        "redirect_uris": ["https://machine.example/callback"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt",
    });
    metadata
        .as_object_mut()
        .unwrap()
        .append(&mut more.as_object().unwrap().clone());
    tenant
        .client(&metadata)
        .await
        .signing(key, app.shared_clock())
}

/// Asks for a token with exactly this assertion. Time goes on a little, so that no limit is reached.
async fn ask(app: &TestApp, client: &OAuthClient, assertion: &str) -> Answer {
    app.clock().advance(Duration::from_secs(2));
    ask_now(client, assertion).await
}

async fn ask_now(client: &OAuthClient, assertion: &str) -> Answer {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", client.client_id.as_str()),
        ("client_assertion", assertion),
        ("client_assertion_type", ASSERTION_TYPE),
    ];
    post(client, "token", &fields).await
}

async fn post(client: &OAuthClient, endpoint: &str, fields: &[(&str, &str)]) -> Answer {
    let url = format!("{}/{endpoint}", client.issuer.trim_end_matches('/'));
    client.wire.post_form(&url, fields).await
}

#[track_caller]
fn says(answer: &Answer, words: &str) {
    let description = answer.text("error_description");
    assert!(description.contains(words), "{words}: {description}");
}

/// RFC 7523 §3: every algorithm that the metadata lists, with and without a `kid`, with and without a
/// `client_id` beside it (RFC 7521 §4.2).
#[tokio::test]
async fn a_client_proves_itself_by_its_own_key() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let key = ClientKey::generate(algorithm, "the key");
        let client = signing_client(&app, &acme, &key).await;
        client.client_credentials(None).await.tokens();
        let signer = client.signer();
        let nameless = key.sign_with(&json!({ "alg": algorithm }), &signer.claims());
        ask(&app, &client, &nameless).await.tokens();
        let without_id = [
            ("grant_type", "client_credentials"),
            ("client_assertion", &signer.assertion()),
            ("client_assertion_type", ASSERTION_TYPE),
        ];
        post(&client, "token", &without_id).await.tokens();
    }
}

/// The metadata say what is accepted where (RFC 8414 §2).
#[tokio::test]
async fn the_metadata_list_the_method_and_its_algorithms() {
    let app = TestApp::start().await;
    let metadata = app.tenant("acme").await.metadata().await.json();
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
        let methods = methods.as_array().unwrap();
        assert!(methods.contains(&json!("private_key_jwt")), "{endpoint}");
        assert_eq!(
            metadata[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")],
            json!(["RS256", "PS256", "ES256", "EdDSA"]),
            "{endpoint}"
        );
    }
}

/// A person's grant to such a client, from the code to the revocation; the audit names the key.
#[tokio::test]
async fn a_whole_grant_by_assertion() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "the key of spring");
    let client = signing_client(&app, &acme, &key).await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let refreshed = client.refresh(tokens.refresh_token()).await.tokens();
    client
        .revoke(refreshed.refresh_token())
        .await
        .expect_status(200);
    client
        .refresh(refreshed.refresh_token())
        .await
        .is_refused(400, "invalid_grant");
    acme.next_audit_event("code.redeemed", |event| {
        event["details"]["client_kid"] == "the key of spring"
    })
    .await;
}

/// A client that registers itself brings its own keys (RFC 7591 §2).
#[tokio::test]
async fn a_client_registers_itself_with_its_keys() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("RS256", "own");
    let metadata = json!({
        "redirect_uris": ["https://stranger.example/callback"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "RS256",
        "jwks": key.jwks(),
    });
    let made = acme.register(&metadata).await.expect_status(201).json();
    assert_eq!(made["jwks"], metadata["jwks"]);
    assert!(made.get("client_secret").is_none(), "{made}");
    let client = acme.client_of(&made).signing(&key, app.shared_clock());
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// E2, E3: one credential, and of the kind that is registered.
#[tokio::test]
async fn an_assertion_is_the_only_credential_and_for_those_who_registered_keys() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let signer = client.signer();
    let (id, assertion) = (client.client_id.as_str(), signer.assertion());
    let with = |more: &[(&'static str, &'static str)]| {
        let own = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_assertion", assertion.as_str()),
        ];
        [&own[..], more].concat()
    };
    for more in [
        &[
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_secret", "x"),
        ][..],
        &[(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        )],
        &[],
    ] {
        post(&client, "token", &with(more))
            .await
            .is_refused(400, "invalid_request");
    }
    let type_alone = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_assertion_type", ASSERTION_TYPE),
    ];
    post(&client, "token", &type_alone)
        .await
        .is_refused(400, "invalid_request");
    // What is only named is not proved, and a secret is no key.
    let unproved = [("grant_type", "client_credentials"), ("client_id", id)];
    post(&client, "token", &unproved)
        .await
        .is_refused(401, "invalid_client");
    let secret = [&unproved[..], &[("client_secret", "x")]].concat();
    post(&client, "token", &secret)
        .await
        .is_refused(401, "invalid_client");
    for other in [acme.public_client().await, acme.confidential_client().await] {
        let posing = other.signing(&key, app.shared_clock());
        posing
            .client_credentials(None)
            .await
            .is_refused(401, "invalid_client");
    }
    // None of that used the assertion up.
    ask(&app, &client, &assertion).await.tokens();
}

/// H1, H2: a resource server introspects by its own key, and by nothing else.
#[tokio::test]
async fn a_resource_server_introspects_by_its_own_key() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let token = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens()
        .access_token;
    let key = ClientKey::generate("EdDSA", "server");
    let path = acme.path(&format!("/resources/{}/credentials", acme.resource.id));
    let made = acme
        .admin()
        .create(&path, &json!({ "jwks": key.jwks() }))
        .await;
    assert!(made["client_secret"].is_null(), "{made}");
    let id = made["client_id"].as_str().unwrap();
    let signer = AssertionSigner::new(&key, &acme.issuer, id, app.shared_clock());
    let introspect = async |assertion: &str| {
        let fields = [
            ("token", token.as_str()),
            ("client_id", id),
            ("client_assertion", assertion),
            ("client_assertion_type", ASSERTION_TYPE),
        ];
        acme.wire()
            .post_form(&acme.url("introspect"), &fields)
            .await
    };
    let assertion = signer.assertion();
    let answer = introspect(&assertion).await.expect_status(200).json();
    assert_eq!(answer["active"], true);
    // E9: used once, here as everywhere.
    introspect(&assertion)
        .await
        .is_refused(401, "invalid_client");
    let stranger = ClientKey::generate("EdDSA", "server");
    introspect(&stranger.sign(&signer.claims()))
        .await
        .is_refused(401, "invalid_client");
    let secret = [
        ("token", token.as_str()),
        ("client_id", id),
        ("client_secret", "x"),
    ];
    acme.wire()
        .post_form(&acme.url("introspect"), &secret)
        .await
        .is_refused(401, "invalid_client");
    // H4: a client's own assertion proves a client, and clients do not introspect.
    let client = signing_client(&app, &acme, &key).await;
    client
        .introspect(&token)
        .await
        .is_refused(401, "invalid_client");
}

/// What was granted to a client that proved itself is not for whoever has come to be called so without a
/// proof.
#[tokio::test]
async fn method_downgrade() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let browser = acme.browser_of("alice").await;
    let tokens = client.tokens_of(&browser).await;
    let code = client.authorize(&browser).await.code();
    app.database()
        .db_execute(
            "update clients set auth_method = 'none', jwks = null where auth_method = 'private_key_jwt'",
        )
        .await;
    // One that remembers nothing of before.
    let replica = app.start_replica().await;
    let public = client
        .clone()
        .with_authentication(crate::harness::ClientAuthentication::None)
        .through(replica.wire());
    for answer in [
        public.refresh(tokens.refresh_token()).await,
        public.redeem(&code).await,
    ] {
        answer.is_refused(401, "invalid_client");
        says(&answer, "weaker method");
    }
    app.database()
        .db_execute(
            "update clients set auth_method = 'private_key_jwt', jwks_uri = 'https://x.example/k' \
             where auth_method = 'none'",
        )
        .await;
    // The grant is as it was: the client that still proves itself goes on.
    client.refresh(tokens.refresh_token()).await.tokens();
    client.redeem(&code).await.tokens();
}

/// Guessing with assertions is limited as guessing with secrets is; nothing else is used up by it.
#[tokio::test]
async fn wrong_assertions_are_limited() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("ES256", "one");
    let client = signing_client(&app, &acme, &key).await;
    let stranger = ClientKey::generate("ES256", "one");
    let mut last = None;
    for _ in 0..31 {
        last = Some(ask_now(&client, &stranger.sign(&client.signer().claims())).await);
    }
    let last = last.unwrap();
    assert_eq!(last.status.as_u16(), 429, "{last:?}");
    // The client itself goes on.
    client.client_credentials(None).await.tokens();
    let failures = "writ_client_authentication_failures_total{reason=\"assertion_signature\"}";
    assert_eq!(app.metric(failures).await, Some(30));
}
