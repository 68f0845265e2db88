//! Redeeming an authorization code: once, in time, by whom it was made for (OAuth 2.1 §4.1.3).

use std::time::Duration;

use serde_json::json;

use crate::harness::{
    Answer, ClientAuthentication, Deed, IssuedCode, OAuthClient, TestApp, within_a_second,
};

/// D1: a second use is refused and revokes what the first one got.
#[tokio::test]
async fn a_replayed_code_revokes_the_tokens_it_bought() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let resource_server = acme.resource_credential().await;
    for client in [acme.public_client().await, acme.confidential_client().await] {
        let code = client.code_from(&alice).await;
        let tokens = client.redeem(&code).await.tokens();
        let renewed = client.refresh(tokens.refresh_token()).await.tokens();
        assert!(resource_server.accepts(&tokens.access_token).await);

        client.cannot_redeem(&code).await;

        assert!(!resource_server.accepts(&tokens.access_token).await);
        assert!(!resource_server.accepts(&renewed.access_token).await);
        client.cannot_refresh(renewed.refresh_token()).await;
        client.cannot_refresh(tokens.refresh_token()).await;
    }
    let events = acme.audit_events("code.reused").await;
    assert_eq!(events.len(), 2, "each replay is on record: {events:?}");
    let reuses = "writ_reuses_total{kind=\"code\"}";
    assert_eq!(app.metric(reuses).await, Some(2));
}

/// D1: the replay of a code that has expired by now is a leak all the same, at whichever replica.
#[tokio::test]
async fn a_late_replay_at_another_replica_revokes_too() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;
    let tokens = client.redeem(&code).await.tokens();

    app.clock().advance(Duration::from_mins(5));
    client
        .clone()
        .through(other_replica.wire())
        .cannot_redeem(&code)
        .await;

    client.cannot_refresh(tokens.refresh_token()).await;
    let resource_server = acme.resource_credential().await;
    within_a_second("the access token is dead at the first replica", || async {
        !resource_server.accepts(&tokens.access_token).await
    })
    .await;
}

/// D2: who only has the code, without what proves the client, costs nobody a session.
#[tokio::test]
async fn a_strangers_replay_revokes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.confidential_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;
    let tokens = client.redeem(&code).await.tokens();

    let other_client = acme.public_client().await;
    other_client.cannot_redeem(&code).await;
    let wrong_secret = client
        .clone()
        .with_authentication(ClientAuthentication::Basic("wrong".to_owned()));
    wrong_secret
        .redeem(&code)
        .await
        .is_refused(401, "invalid_client");
    let no_secret = client
        .clone()
        .with_authentication(ClientAuthentication::None);
    no_secret
        .redeem(&code)
        .await
        .is_refused(401, "invalid_client");
    let wrong_verifier = code.with_verifier(&"x".repeat(43));
    client.cannot_redeem(&wrong_verifier).await;
    let no_verifier = [("grant_type", "authorization_code"), ("code", &code.code)];
    client
        .token(&no_verifier)
        .await
        .is_refused(400, "invalid_grant");
    let other_redirect = code.sent_to("https://notes.example/other");
    client.cannot_redeem(&other_redirect).await;

    assert!(resource_server.accepts(&tokens.access_token).await);
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// D4: a code is bound to its tenant, its client and its redirect URI; a try of somebody else
/// does not spend it.
#[tokio::test]
async fn a_code_is_good_only_where_it_was_made_for() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let client = acme.confidential_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;

    acme.confidential_client().await.cannot_redeem(&code).await;
    acme.public_client().await.cannot_redeem(&code).await;
    umbrella
        .confidential_client()
        .await
        .cannot_redeem(&code)
        .await;
    umbrella.public_client().await.cannot_redeem(&code).await;
    for redirect_uri in [
        "https://notes.example/callback/",
        "https://notes.example/Callback",
        "https://evil.example/",
    ] {
        client.cannot_redeem(&code.sent_to(redirect_uri)).await;
    }

    client.redeem(&code).await.tokens();
}

/// D4: OAuth 2.1 §10.2: the redirect URI need not be sent to the token endpoint.
#[tokio::test]
async fn a_redirect_uri_that_is_not_sent_is_not_compared() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;

    redeem_without_redirect_uri(&client, &code).await.tokens();
}

/// D4: RFC 8252 §7.3: at the token endpoint the port counts: it is the one that the code went to.
#[tokio::test]
async fn loopback_port_at_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme
        .public_client()
        .await
        .with_redirect_uri("http://127.0.0.1:51004/callback");
    let code = client.code_from(&acme.browser_of("alice").await).await;

    for redirect_uri in [
        "http://127.0.0.1:51005/callback",
        "http://127.0.0.1/callback",
        "http://localhost:51004/callback",
        "http://[::1]:51004/callback",
    ] {
        client.cannot_redeem(&code.sent_to(redirect_uri)).await;
    }

    client.redeem(&code).await.tokens();
}

/// D5: a code lives for sixty seconds by the one clock, at every replica.
#[tokio::test]
async fn a_code_expires_after_a_minute() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.public_client().await;
    let in_time = client.code_from(&alice).await;
    app.clock().advance(Duration::from_secs(59));
    client.redeem(&in_time).await.tokens();

    let too_late = client.code_from(&alice).await;
    app.clock().advance(Duration::from_mins(1));
    client.cannot_redeem(&too_late).await;
    client
        .through(other_replica.wire())
        .cannot_redeem(&too_late)
        .await;
}

/// D6, M3: what was allowed is no longer good once the person or the client is not.
#[tokio::test]
async fn disablement_between_approval_and_redemption_counts() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for (number, deed) in Deed::IN_A_TENANT.into_iter().enumerate() {
        let username = format!("user-{number}");
        let client = acme.public_client().await;
        let code = client.code_from(&acme.browser_of(&username).await).await;

        deed.is_done(&acme, &acme.user(&username).await, &client)
            .await;

        let answer = client.redeem(&code).await;
        match deed {
            // A removed client is unknown, and registers itself anew.
            Deed::DeleteClient => answer.is_refused(401, "invalid_client"),
            _ => answer.is_refused(400, "invalid_grant"),
        }
    }
}

/// D7: a code cannot be guessed, and no two are alike.
#[tokio::test]
async fn a_code_is_long_random_and_says_its_kind() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let client = acme.public_client().await;
    let one = client.authorize(&alice).await.code().code;
    let other = client.authorize(&alice).await.code().code;

    for code in [&one, &other] {
        let random = code.strip_prefix("writ_ac_").unwrap();
        // 43 digits of base 62 are 256 bits; six more are a check sum.
        assert_eq!(random.len(), 49, "{code}");
        assert!(
            random.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{code}"
        );
    }
    let in_common = one
        .bytes()
        .zip(other.bytes())
        .filter(|(a, b)| a == b)
        .count();
    assert!(in_common < 20, "{one} {other}");
}

/// D7: every handle at every endpoint: each is good for what it is, and for nothing else.
#[tokio::test]
async fn a_handle_of_one_kind_is_nothing_in_the_place_of_another() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.signed_in_browser_of("alice").await;
    let client = acme.confidential_client().await;
    let resource_server = acme.resource_credential().await;
    let code = client.code_from(&browser).await;
    let tokens = client.tokens_of(&browser).await;
    let stranger = acme.public_client().await;
    let pending = browser
        .open(&stranger.authorization_request().url())
        .await
        .consent_form();
    let key = json!({ "name": "a key", "scopes": ["*:write"] });
    let admin_key = acme.admin().create("/admin/v1/admin-keys", &key).await;

    let codes = acme.device_client().await.device_codes().await;
    let pushed = client.authorization_request().push().await;

    let mut handles = vec![
        ("device code", codes.device_code.clone()),
        ("user code", codes.user_code.clone()),
        ("request_uri", pushed.text("request_uri")),
        ("code", code.code.clone()),
        ("refresh token", tokens.refresh_token().to_owned()),
        ("access token", tokens.access_token.clone()),
        ("client secret", client.secret().unwrap().to_owned()),
        ("resource secret", resource_server.client_secret.clone()),
        (
            "admin key",
            admin_key["admin_key"].as_str().unwrap().to_owned(),
        ),
        ("pending", pending.value("pending").to_owned()),
        ("verifier", code.verifier.clone()),
    ];
    handles.extend(
        browser
            .cookies()
            .into_iter()
            .map(|cookie| ("cookie", cookie.value)),
    );

    for (kind, handle) in &handles {
        let kind = *kind;
        if kind != "code" {
            let as_code = code.with_code(handle);
            refused_as(kind, &client.redeem(&as_code).await, 400, "invalid_grant");
        }
        if kind != "refresh token" {
            refused_as(kind, &client.refresh(handle).await, 400, "invalid_grant");
        }
        if kind != "client secret" {
            let as_secret = client
                .clone()
                .with_authentication(ClientAuthentication::Basic(handle.clone()));
            refused_as(
                kind,
                &as_secret.client_credentials(None).await,
                401,
                "invalid_client",
            );
            let as_secret = client
                .clone()
                .with_authentication(ClientAuthentication::Post(handle.clone()));
            refused_as(
                kind,
                &as_secret.client_credentials(None).await,
                401,
                "invalid_client",
            );
        }
        if kind != "access token" {
            let answer = resource_server
                .introspect_answer(handle)
                .await
                .expect_status(200);
            assert_eq!(answer.body, r#"{"active":false}"#, "{kind}");
        }
        if kind != "admin key" {
            acme.admin()
                .with_key(handle)
                .get(&acme.path(""))
                .await
                .expect_status(401);
        }
        if kind != "cookie" {
            let thief = app.browser();
            for cookie in browser.cookies() {
                thief.plant_cookie(&acme.url("authorize"), &cookie.name, handle);
            }
            assert!(
                client.authorization_request().open(&thief).await.is_login(),
                "{kind}"
            );
        }
        // RFC 7009 §2.1: another client's token is none of a stranger's business.
        stranger.revoke(handle).await.expect_status(200);
    }

    client.redeem(&code).await.tokens();
    client.refresh(tokens.refresh_token()).await.tokens();
    assert!(resource_server.accepts(&tokens.access_token).await);
}

#[track_caller]
fn refused_as(kind: &str, answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status.as_u16(), status, "{kind}: {answer:?}");
    answer.is_refused(status, error);
}

/// D8: an exchange that fails before its end leaves the code as it was.
#[tokio::test]
async fn a_failed_exchange_does_not_spend_the_code() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let client = acme.public_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.code.as_str()),
        ("code_verifier", code.verifier.as_str()),
    ];
    let with = |name, value| [fields.as_slice(), &[(name, value)]].concat();

    client
        .token(&with("resource", "https://unknown.example/"))
        .await
        .is_refused(400, "invalid_target");
    client
        .token(&with("resource", &mail.identifier))
        .await
        .is_refused(400, "invalid_target");
    client
        .token(&with("resource", "not a uri"))
        .await
        .is_refused(400, "invalid_target");
    client
        .token(&with("code", &code.code))
        .await
        .is_refused(400, "invalid_request");
    client
        .token(&with("grant_type", "refresh_token"))
        .await
        .is_refused(400, "invalid_request");
    client
        .token(&fields[..1])
        .await
        .is_refused(400, "invalid_request");

    client.redeem(&code).await.tokens();
}

/// F10: what was cut, lengthened or altered is not a code, and is nothing to the server either.
#[tokio::test]
async fn a_mangled_code_is_unknown() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let code = client.code_from(&acme.browser_of("alice").await).await;
    let text = &code.code;
    for mangled in [
        text[..text.len() - 1].to_owned(),
        format!("{text}0"),
        format!("{text} "),
        format!("{text}\u{1f511}"),
        text.to_uppercase(),
        text.replacen("writ_ac_", "writ_rt_", 1),
        text.replacen("writ_ac_", "", 1),
        "writ_ac_".to_owned(),
        "' or 1 = 1 --".to_owned(),
        "../../etc/passwd".to_owned(),
    ] {
        client.cannot_redeem(&code.with_code(&mangled)).await;
    }

    client.redeem(&code).await.tokens();
}

async fn redeem_without_redirect_uri(client: &OAuthClient, code: &IssuedCode) -> Answer {
    client
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code.code),
            ("code_verifier", &code.verifier),
        ])
        .await
}
