//! What PostgreSQL and Redis know of secrets: nothing that could be used (row F11). The flow below uses every
//! kind of secret once; `harness/leaks.rs` looks at what every other test left, by the form of secrets.

use serde_json::json;

use crate::harness::{
    Browser, ClientKey, Decision, DpopSigner, MISTYPED_PASSWORD, OAuthClient, RedisServer, Secrets,
    TestApp, TestAppOptions, TestTenant,
};

/// F11, S1: whoever steals the whole storage can use nothing of it.
#[tokio::test]
async fn dumps_of_postgresql_and_redis_hold_no_usable_secret() {
    let redis = RedisServer::start().await;
    let options = TestAppOptions::default().with("REDIS_URL", &redis.url());
    let app = TestApp::start_with(options).await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "is_dpop_nonce_required": true }))
        .await;
    let browser = acme.browser_of("alice").await;
    let mut secrets = Secrets::default();
    for (name, value) in app.secret_settings() {
        secrets.keep(name, &value);
    }
    secrets.keep("password", &acme.user("alice").await.password);
    operator_makes_keys(&acme, &mut secrets).await;
    client_lives(&app, &acme, &browser, &mut secrets).await;
    newcomer_registers(&acme, &mut secrets).await;
    television_is_connected(&acme, &browser, &mut secrets).await;
    for cookie in browser.cookies() {
        secrets.keep(&cookie.name, &cookie.value);
    }
    secrets.keep("mistyped password", MISTYPED_PASSWORD);
    let client = acme.public_client().await;
    redis.until_a_slip_counts(&client).await;
    let (_, endless) = redis.count_keys();
    assert_eq!(endless, 0, "a key of Redis that never goes");
    let redis = redis.dump();
    let rows = app.database().db_dump().await;
    assert!(
        rows.contains("refresh_families (") && rows.contains("users ("),
        "the dump is one"
    );
    let dumps = [
        ("the rows", rows),
        ("pg_dump", app.database().db_pg_dump()),
        ("Redis", redis),
    ];
    for (place, dump) in dumps {
        secrets.are_not_in(place, &dump);
        for form in ["PRIVATE KEY", "\"d\":", "\"d\" :"] {
            assert!(!dump.contains(form), "{form} in {place}");
        }
    }
}

async fn operator_makes_keys(acme: &TestTenant, secrets: &mut Secrets) {
    let key = json!({ "name": "a key", "scopes": ["*:write"] });
    let key = acme.admin().create("/admin/v1/admin-keys", &key).await;
    secrets.keep("admin key", key["admin_key"].as_str().unwrap());
    let resource_server = acme.resource_credential().await;
    secrets.keep("resource secret", &resource_server.client_secret);
}

/// A sign-in by way of PAR, with tokens bound to a key, and everything that a client is told on the way.
async fn client_lives(app: &TestApp, acme: &TestTenant, browser: &Browser, secrets: &mut Secrets) {
    let chosen = json!({
        "client_id": "chosen",
        "client_secret": "canary-of-a-chosen-secret",
        "redirect_uris": ["https://chosen.example/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let chosen = acme.client(&chosen).await;
    secrets.keep("chosen secret", chosen.secret().unwrap());
    secrets.keep_tokens("of a chosen client", &chosen.tokens_of(browser).await.body);

    let client = acme.confidential_client().await;
    secrets.keep("client secret", client.secret().unwrap());
    let unused = client.code_from(browser).await;
    secrets.keep("unused code", &unused.code);
    let request = client
        .authorization_request()
        .with("scope", "openid notes:read")
        .with("nonce", "canary-of-a-nonce");
    let code = request.walk(browser).await.code();
    secrets.keep("code", &code.code);
    secrets.keep("verifier", &code.verifier);
    let signer = DpopSigner::new(app);
    let bound = client.proving(&signer);
    let told = bound.redeem(&code).await;
    told.is_refused(400, "use_dpop_nonce");
    signer.take_nonce(&told);
    secrets.keep("DPoP nonce", &signer.nonce().unwrap());
    let first = bound.redeem(&code).await.expect_status(200).json();
    let second = bound.refresh(first["refresh_token"].as_str().unwrap());
    let second = second.await.expect_status(200).json();
    secrets.keep_tokens("at first", &first);
    secrets.keep_tokens("renewed", &second);
    pushed(&client, browser, secrets).await;

    let key = ClientKey::generate("ES256", "a key");
    let signing = json!({
        "client_id": "signing", "jwks": key.jwks(),
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
    });
    let signing = acme
        .client(&signing)
        .await
        .signing(&key, app.shared_clock());
    let assertion = signing.signer().assertion();
    secrets.keep("assertion", &assertion);
    let tokens = signing.client_credentials(None).await.tokens();
    secrets.keep_tokens("of a service", &tokens.body);
}

async fn pushed(client: &OAuthClient, browser: &Browser, secrets: &mut Secrets) {
    let request = client.authorization_request();
    let pushed = request.push().await.expect_status(201);
    let request_uri = pushed.text("request_uri");
    secrets.keep("request_uri", &request_uri);
    let authorized = request.referring_to(&request_uri).walk(browser).await;
    secrets.keep("code of a pushed request", &authorized.code().code);
}

async fn newcomer_registers(acme: &TestTenant, secrets: &mut Secrets) {
    let registration = json!({ "redirect_uris": ["https://registered.example/callback"] });
    let registered = acme.register(&registration).await.expect_status(201);
    for member in ["client_secret", "registration_access_token"] {
        secrets.keep(member, &registered.text(member));
    }
    let path = acme.path("/initial-access-tokens");
    let invitation = json!({ "name": "a partner" });
    let invitation = acme.admin().create(&path, &invitation).await;
    let token = invitation["initial_access_token"].as_str().unwrap();
    secrets.keep("initial access token", token);
}

async fn television_is_connected(acme: &TestTenant, browser: &Browser, secrets: &mut Secrets) {
    let television = acme.device_client().await;
    // One that waits, one that is connected.
    for is_allowed in [false, true] {
        let codes = television.device_codes().await;
        secrets.keep("device code", &codes.device_code);
        secrets.keep("user code", &codes.user_code);
        let bare = codes.user_code.replace('-', "");
        secrets.keep("user code without its hyphen", &bare);
        if is_allowed {
            acme.answer_device(browser, &codes, Decision::Allow).await;
            let tokens = television.poll(&codes).await.tokens();
            secrets.keep_tokens("of a television", &tokens.body);
        }
    }
}
