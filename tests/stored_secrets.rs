//! What the database knows of secrets: nothing that could be used (row F11).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::harness::TestApp;

/// F11, S1: whoever steals the whole database can use nothing of it.
#[tokio::test]
async fn a_dump_of_the_database_holds_no_usable_secret() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let chosen = acme
        .client(&json!({
            "client_id": "chosen",
            "client_secret": "canary-of-a-chosen-secret",
            "redirect_uris": ["https://chosen.example/callback"],
            "token_endpoint_auth_method": "client_secret_basic",
        }))
        .await;
    let client = acme.confidential_client().await;
    let resource_server = acme.resource_credential().await;
    let admin_key = acme
        .admin()
        .create("/admin/v1/admin-keys", &json!({ "name": "a key" }))
        .await;
    let registration = json!({ "redirect_uris": ["https://registered.example/callback"] });
    let registered = acme.register(&registration).await.expect_status(201);
    let invitation = acme
        .admin()
        .create(
            &acme.path("/initial-access-tokens"),
            &json!({ "name": "a partner" }),
        )
        .await;
    let unused_code = client.code_from(&browser).await;
    let code = client.code_from(&browser).await;
    let first = client.redeem(&code).await.tokens();
    let second = client.refresh(first.refresh_token()).await.tokens();
    chosen.tokens_of(&browser).await;

    let mut canaries = vec![
        unused_code.code,
        code.code,
        code.verifier,
        first.refresh_token().to_owned(),
        second.refresh_token().to_owned(),
        first.access_token,
        second.access_token,
        client.secret().unwrap().to_owned(),
        chosen.secret().unwrap().to_owned(),
        resource_server.client_secret,
        admin_key["admin_key"].as_str().unwrap().to_owned(),
        registered.text("client_secret"),
        registered.text("registration_access_token"),
        invitation["initial_access_token"]
            .as_str()
            .unwrap()
            .to_owned(),
        acme.user("alice").await.password,
    ];
    canaries.extend(browser.cookies().into_iter().map(|cookie| cookie.value));
    let dump = app.database().db_dump().await;
    assert!(
        dump.contains("refresh_families (") && dump.contains("users ("),
        "the dump is one"
    );
    for canary in canaries {
        for spelling in spellings(&canary) {
            assert!(!dump.contains(&spelling), "{canary} is there as {spelling}");
        }
    }
}

/// As text, as bytes, and the random part as the bytes that it stands for.
fn spellings(secret: &str) -> Vec<String> {
    let hexadecimal = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    };
    let mut spellings = vec![secret.to_owned(), hexadecimal(secret.as_bytes())];
    let random = secret
        .strip_prefix("writ_")
        .and_then(|rest| rest.split_once('_'))
        .map_or(secret, |(_, random)| random);
    spellings.extend([random.to_owned(), hexadecimal(random.as_bytes())]);
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(random)
        && bytes.len() >= 16
    {
        spellings.push(hexadecimal(&bytes));
    }
    spellings
}
