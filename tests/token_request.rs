//! What a request to the token endpoint must look like, and what every answer looks like.

use reqwest::Method;
use serde_json::json;

use crate::client_authentication::{CLIENT_CREDENTIALS, basic};
use crate::harness::{Answer, ClientAuthentication, TestApp};

/// E13: a client uses what it is registered for; the password grant never exists.
#[tokio::test]
async fn a_grant_type_must_be_known_and_registered() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let machine = acme
        .client(&json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic" }))
        .await;
    machine.client_credentials(None).await.tokens();
    let code_fields = [
        ("grant_type", "authorization_code"),
        ("code", "any"),
        ("code_verifier", &"x".repeat(43)),
    ];
    machine
        .token(&code_fields)
        .await
        .is_refused(400, "unauthorized_client");
    machine
        .refresh("any")
        .await
        .is_refused(400, "unauthorized_client");

    let public = acme.public_client().await;
    public
        .client_credentials(None)
        .await
        .is_refused(400, "unauthorized_client");
    for grant_type in [
        "password",
        "implicit",
        "AUTHORIZATION_CODE",
        "urn:example:unknown",
        "authorization_code ",
    ] {
        let fields = [
            ("grant_type", grant_type),
            ("username", "alice"),
            ("password", "the password of alice"),
        ];
        public
            .token(&fields)
            .await
            .is_refused(400, "unsupported_grant_type");
    }
    public.token(&[]).await.is_refused(400, "invalid_request");
    public
        .token(&[("grant_type", "")])
        .await
        .is_refused(400, "invalid_request");

    let code_only = acme
        .client(&json!({
            "redirect_uris": ["https://code-only.example/callback"],
            "grant_types": ["authorization_code"],
            "token_endpoint_auth_method": "client_secret_basic",
        }))
        .await;
    let tokens = code_only.tokens_of(&alice).await;
    assert_eq!(tokens.refresh_token, None);
    assert!(
        tokens.body.get("refresh_token").is_none(),
        "no nulls: {}",
        tokens.body
    );
}

/// E14: the token endpoint takes a form by POST, and from nowhere else.
#[tokio::test]
async fn the_token_endpoint_takes_forms_only() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let url = acme.url("token");
    let header = basic(&format!(
        "{}:{}",
        client.client_id,
        client.secret().unwrap()
    ));
    let post = |content_type: Option<&str>, body: &str| {
        let mut request = client
            .wire
            .request(Method::POST, &url)
            .header("authorization", &header)
            .body(body.to_owned());
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        Answer::of(request)
    };
    let form = "grant_type=client_credentials";
    let json = r#"{"grant_type":"client_credentials"}"#;

    let got = Answer::of(
        client
            .wire
            .request(Method::GET, &format!("{url}?{form}"))
            .header("authorization", &header),
    )
    .await;
    assert_eq!(got.status.as_u16(), 405, "{got:?}");
    assert!(got.header("allow").contains("POST"), "{got:?}");
    post(Some("application/x-www-form-urlencoded"), form)
        .await
        .tokens();
    post(
        Some("application/x-www-form-urlencoded; charset=UTF-8"),
        form,
    )
    .await
    .tokens();
    post(
        Some("Application/X-WWW-Form-Urlencoded;charset=utf-8"),
        form,
    )
    .await
    .tokens();
    post(Some("application/json"), json)
        .await
        .is_refused(400, "invalid_request");
    post(Some("multipart/form-data; boundary=x"), form)
        .await
        .is_refused(400, "invalid_request");
    post(Some("text/plain"), form)
        .await
        .is_refused(400, "invalid_request");
    post(None, form).await.is_refused(400, "invalid_request");
    post(
        Some("application/x-www-form-urlencoded"),
        "grant_type=%ff%fe",
    )
    .await
    .is_refused(400, "invalid_request");
    post(
        Some("application/x-www-form-urlencoded"),
        "grant_type=a%00b",
    )
    .await
    .is_refused(400, "invalid_request");

    let in_the_query = client
        .wire
        .request(Method::POST, &format!("{url}?{form}"))
        .header("authorization", &header);
    let empty: [(&str, &str); 0] = [];
    Answer::of(in_the_query.form(&empty))
        .await
        .is_refused(400, "invalid_request");
    let secret_in_the_query = format!(
        "{url}?client_id={}&client_secret={}",
        client.client_id,
        client.secret().unwrap()
    );
    let answer = Answer::of(
        client
            .wire
            .request(Method::POST, &secret_in_the_query)
            .form(&CLIENT_CREDENTIALS),
    )
    .await;
    answer.is_refused(401, "invalid_client");
}

/// R1, `oversize_handles`: what is too large is refused, not read on.
#[tokio::test]
async fn oversize_handles() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    for length in [4_096, 4_097, 60_000] {
        let long = "a".repeat(length);
        let code = [
            ("grant_type", "authorization_code"),
            ("code", &long),
            ("code_verifier", &"x".repeat(43)),
        ];
        let (error, refresh_error) = (client.token(&code).await, client.refresh(&long).await);
        let expected = if length > 4_096 {
            "invalid_request"
        } else {
            "invalid_grant"
        };
        error.is_refused(400, expected);
        refresh_error.is_refused(400, expected);
    }
    client
        .refresh(&"a".repeat(70_000))
        .await
        .is_refused(413, "invalid_request");
    let many: Vec<(String, String)> = (0..65)
        .map(|number| (format!("p{number}"), "v".to_owned()))
        .collect();
    let answer = client.wire.post_form(&acme.url("token"), &many).await;
    answer.is_refused(400, "invalid_request");
}

/// Q1: RFC 6749 §5.1, §5.2: every answer is JSON, none may be stored, descriptions stay within their
/// characters, and the error is a registered one.
#[tokio::test]
async fn every_answer_is_json_that_nobody_stores() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let hostile = "\u{1b}[31m\"\\\r\n<script>\u{e4}";
    let answers = [
        client.client_credentials(None).await,
        client.client_credentials(Some(hostile)).await,
        client.token(&[("grant_type", hostile)]).await,
        client
            .token(&[("grant_type", "client_credentials"), ("resource", hostile)])
            .await,
        client.refresh(hostile).await,
        client
            .clone()
            .with_authentication(ClientAuthentication::Post(hostile.to_owned()))
            .refresh("x")
            .await,
        client.wire.get(&acme.url("token")).await,
        client.wire.post_json(&acme.url("token"), &json!({})).await,
    ];
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
        assert!(
            answer
                .header("content-type")
                .starts_with("application/json"),
            "{answer:?}"
        );
        let body = answer.json();
        assert!(
            body.as_object()
                .unwrap()
                .values()
                .all(|value| !value.is_null()),
            "{answer:?}"
        );
        if let Some(description) = body["error_description"].as_str() {
            let is_allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(description.bytes().all(is_allowed), "{answer:?}");
            assert!(
                !answer.body.contains("<script"),
                "what was sent is not echoed: {answer:?}"
            );
        }
    }
}
