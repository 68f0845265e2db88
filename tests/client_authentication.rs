//! Who may ask at the token endpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, ClientAuthentication, OAuthClient, TestApp, TestTenant};

pub const CLIENT_CREDENTIALS: [(&str, &str); 1] = [("grant_type", "client_credentials")];

/// A request of `client_credentials` with exactly this header and these fields besides.
async fn ask(client: &OAuthClient, authorization: Option<&str>, fields: &[(&str, &str)]) -> Answer {
    let mut request = client
        .wire
        .request(Method::POST, &format!("{}/token", client.issuer));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    Answer::of(request.form(&[&CLIENT_CREDENTIALS, fields].concat())).await
}

pub fn basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

/// A client whose id and secret an operator has chosen.
async fn chosen_client(tenant: &TestTenant) -> OAuthClient {
    tenant
        .client(&json!({
            "client_id": "the.chosen-one_1~a",
            "client_secret": "a.chosen-secret_1~a",
            "redirect_uris": ["https://chosen.example/callback"],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic",
        }))
        .await
}

/// E1: RFC 6749 §5.2: a wrong secret is a 401 that says how to authenticate.
#[tokio::test]
async fn a_wrong_secret_is_a_401_with_a_challenge() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for client in [acme.confidential_client().await, chosen_client(&acme).await] {
        for wrong in [
            ClientAuthentication::Basic("wrong".to_owned()),
            ClientAuthentication::Post("wrong".to_owned()),
        ] {
            let refused = client
                .clone()
                .with_authentication(wrong)
                .client_credentials(None)
                .await;
            refused.is_refused(401, "invalid_client");
            assert!(
                refused
                    .header("www-authenticate")
                    .starts_with("Basic realm="),
                "{refused:?}"
            );
        }
    }
}

/// E2: credentials come in one place; a Basic header and a body never name two clients.
#[tokio::test]
async fn two_credentials_at_once_are_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let (id, secret) = (client.client_id.as_str(), client.secret().unwrap());
    let header = basic(&format!("{id}:{secret}"));
    let other = acme.public_client().await;

    let both = ask(
        &client,
        Some(&header),
        &[("client_id", id), ("client_secret", secret)],
    )
    .await;
    both.is_refused(400, "invalid_request");
    let two_ids = ask(&client, Some(&header), &[("client_id", &other.client_id)]).await;
    two_ids.is_refused(400, "invalid_request");
    let twice = ask(
        &client,
        None,
        &[
            ("client_id", id),
            ("client_id", &other.client_id),
            ("client_secret", secret),
        ],
    )
    .await;
    twice.is_refused(400, "invalid_request");
    let secrets = ask(
        &client,
        None,
        &[
            ("client_id", id),
            ("client_secret", secret),
            ("client_secret", secret),
        ],
    )
    .await;
    secrets.is_refused(400, "invalid_request");
}

/// E2: what shipping clients send besides, and what does no harm.
#[tokio::test]
async fn harmless_repetitions_are_fine() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let (id, secret) = (client.client_id.as_str(), client.secret().unwrap());
    let header = basic(&format!("{id}:{secret}"));

    ask(&client, Some(&header), &[("client_id", id)])
        .await
        .tokens();
    ask(&client, Some(&header), &[("client_secret", "")])
        .await
        .tokens();
    ask(
        &client,
        None,
        &[
            ("client_id", id),
            ("client_id", id),
            ("client_secret", secret),
        ],
    )
    .await
    .tokens();

    let public = acme.public_client().await;
    let tokens = public.tokens_of(&acme.browser_of("alice").await).await;
    let empty_secret = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token()),
        ("client_secret", ""),
    ];
    public.token(&empty_secret).await.tokens();
}

/// E3: Basic and post count as one, since real clients mix them; nothing else is exchangeable.
#[tokio::test]
async fn a_client_authenticates_as_it_is_registered() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let basic_client = acme.confidential_client().await;
    let post_client = acme
        .client(&json!({
            "redirect_uris": ["https://post.example/callback"],
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_post",
        }))
        .await;
    for client in [basic_client, post_client] {
        let secret = client.secret().unwrap().to_owned();
        let with = |authentication| client.clone().with_authentication(authentication);
        with(ClientAuthentication::Basic(secret.clone()))
            .client_credentials(None)
            .await
            .tokens();
        with(ClientAuthentication::Post(secret))
            .client_credentials(None)
            .await
            .tokens();
        with(ClientAuthentication::None)
            .client_credentials(None)
            .await
            .is_refused(401, "invalid_client");
        with(ClientAuthentication::Basic(String::new()))
            .client_credentials(None)
            .await
            .is_refused(401, "invalid_client");
        with(ClientAuthentication::Post(String::new()))
            .client_credentials(None)
            .await
            .is_refused(401, "invalid_client");
    }
}

/// E3: a public client has no secret, and whoever sends one is not that client.
#[tokio::test]
async fn a_public_client_that_sends_a_secret_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    for secret in [
        ClientAuthentication::Basic("any".to_owned()),
        ClientAuthentication::Post("any".to_owned()),
    ] {
        let dressed_up = client.clone().with_authentication(secret);
        dressed_up
            .refresh(tokens.refresh_token())
            .await
            .is_refused(401, "invalid_client");
    }

    client.refresh(tokens.refresh_token()).await.tokens();
}

/// E4: RFC 6749 §2.3.1: both parts are form-encoded, which half of the clients do and half do not.
#[tokio::test]
async fn basic_is_read_encoded_and_raw() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let every_byte = |text: &str| {
        text.bytes().fold(String::new(), |encoded, byte| {
            format!("{encoded}%{byte:02X}")
        })
    };
    let form =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    for client in [acme.confidential_client().await, chosen_client(&acme).await] {
        let (id, secret) = (client.client_id.as_str(), client.secret().unwrap());
        let raw = STANDARD.encode(format!("{id}:{secret}"));
        let encoded = STANDARD.encode(format!("{}:{}", form(id), form(secret)));
        let all_encoded = STANDARD.encode(format!("{}:{}", every_byte(id), every_byte(secret)));
        for header in [
            format!("Basic {raw}"),
            format!("basic {raw}"),
            format!("BASIC {encoded}"),
            format!("Basic {all_encoded}"),
            format!("Basic {}", raw.trim_end_matches('=')),
        ] {
            let answer = ask(&client, Some(&header), &[]).await;
            assert_eq!(answer.status.as_u16(), 200, "{header}: {answer:?}");
        }
    }
}

/// E4: what is not Basic is a 401, whatever it is, and never a fault of ours.
#[tokio::test]
async fn a_malformed_authorization_header_is_a_401() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let (id, secret) = (client.client_id.as_str(), client.secret().unwrap());
    for header in [
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic not*base64".to_owned(),
        "Basic =".to_owned(),
        format!("Basic {}", STANDARD.encode(id)),
        format!("Basic {}", STANDARD.encode(format!(":{secret}"))),
        format!("Basic {}", STANDARD.encode([0xff, b':', 0xfe])),
        format!("Basic {}", STANDARD.encode(format!("{id}\0:{secret}"))),
        format!("Basic {}", STANDARD.encode(format!("{id}:{secret}:more"))),
        format!("Bearer {secret}"),
        format!("Digest username=\"{id}\""),
        secret.to_owned(),
    ] {
        let answer = ask(&client, Some(&header), &[]).await;
        assert_eq!(answer.status.as_u16(), 401, "{header}: {answer:?}");
        answer.is_refused(401, "invalid_client");
    }
}

/// E5: nothing tells an unknown client from a wrong secret: neither the answer nor the work done.
#[tokio::test]
async fn an_unknown_client_looks_and_costs_like_a_wrong_secret() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (generated, chosen, public) = (
        acme.confidential_client().await,
        chosen_client(&acme).await,
        acme.public_client().await,
    );
    let stranger = OAuthClient {
        client_id: "nobody-of-this-name".to_owned(),
        ..generated.clone()
    };
    let foreign_secret = app
        .tenant("umbrella")
        .await
        .confidential_client()
        .await
        .secret()
        .unwrap()
        .to_owned();
    for wrong in ["a-wrong-secret-of-somebody", &foreign_secret] {
        let mut seen = Vec::new();
        for client in [&stranger, &generated, &chosen, &public] {
            let before = app.metric("writ_client_secret_computations").await.unwrap();
            let guess = client
                .clone()
                .with_authentication(ClientAuthentication::Basic(wrong.to_owned()));
            let answer = guess.client_credentials(None).await;
            let after = app.metric("writ_client_secret_computations").await.unwrap();
            let body = answer.json();
            let headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            let text = if client.client_id == public.client_id {
                None
            } else {
                body["error_description"].as_str()
            };
            seen.push((
                answer.status,
                body["error"].clone(),
                text.map(str::to_owned),
                headers,
                after - before,
            ));
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[0], seen[2]);
        // That a client is public is no secret; what a guess at it costs is the same.
        assert_eq!(
            (seen[0].0, &seen[0].1, seen[0].4),
            (seen[3].0, &seen[3].1, seen[3].4)
        );
    }
    assert!(
        app.metric("writ_client_secret_computations").await.unwrap() > 0,
        "chosen secrets are hashed"
    );
}

/// E5: a chosen secret that was right once is known again without hashing.
#[tokio::test]
async fn a_chosen_secret_is_hashed_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = chosen_client(&acme).await;
    client.client_credentials(None).await.tokens();
    let after_first = app.metric("writ_client_secret_computations").await.unwrap();
    assert!(after_first > 0);

    client.client_credentials(None).await.tokens();

    assert_eq!(
        app.metric("writ_client_secret_computations").await.unwrap(),
        after_first
    );
}

/// E6: a refresh token alone is worth nothing without its confidential client's secret.
#[tokio::test]
async fn a_confidential_client_authenticates_to_refresh() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;

    let without = client
        .clone()
        .with_authentication(ClientAuthentication::None);
    without
        .refresh(tokens.refresh_token())
        .await
        .is_refused(401, "invalid_client");
    let nobody = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token()),
    ];
    client
        .wire
        .post_form(&acme.url("token"), &nobody)
        .await
        .is_refused(401, "invalid_client");

    client.refresh(tokens.refresh_token()).await.tokens();
}

/// E13: an unknown or removed client is told to register itself; a disabled one is not.
#[tokio::test]
async fn an_unknown_client_is_401_and_a_disabled_one_is_not() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let path = format!("/clients/{}", client.client_id);

    acme.change(&path, &json!({ "is_enabled": false })).await;
    client
        .client_credentials(None)
        .await
        .is_refused(400, "invalid_grant");
    acme.change(&path, &json!({ "is_enabled": true })).await;
    client.client_credentials(None).await.tokens();

    acme.admin()
        .delete(&acme.path(&path))
        .await
        .expect_status(204);
    client
        .client_credentials(None)
        .await
        .is_refused(401, "invalid_client");
    OAuthClient {
        client_id: "x\u{7f}y".to_owned(),
        ..client.clone()
    }
    .client_credentials(None)
    .await
    .is_refused(401, "invalid_client");
    let of_another_tenant = app.tenant("umbrella").await.confidential_client().await;
    OAuthClient {
        issuer: acme.issuer.clone(),
        ..of_another_tenant
    }
    .client_credentials(None)
    .await
    .is_refused(401, "invalid_client");
}
