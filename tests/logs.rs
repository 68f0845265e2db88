//! What is written down about requests: enough to find them again, and no secret.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use reqwest::Method;
use serde_json::{Value, json};
use server::config::{LogConfig, LogFormat};

use crate::harness::{Answer, ClientAuthentication, Decision, DpopSigner, TestApp, TestTenant};

/// What this process has logged so far.
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything is logged from now on, as JSON; the requests' own side, which runs in this process too, is not.
fn capture() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let filter =
            "trace,reqwest=off,hyper=off,hyper_util=off,html5ever=off,selectors=off".to_owned();
        let log = LogConfig {
            format: LogFormat::Json,
            filter,
        };
        server::telemetry::start_writing_to(&log, || Lines).unwrap();
    });
}

fn captured() -> String {
    String::from_utf8(LINES.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
}

/// Everything that an operator can read: logs, metrics, audit.
async fn everything_written(app: &TestApp, tenant: &TestTenant) -> Vec<(&'static str, String)> {
    let admin = app.admin();
    let metrics = admin.get("/metrics").await.expect_status(200).body;
    let mut audit = admin
        .get("/admin/v1/audit-events?limit=200")
        .await
        .expect_status(200)
        .body;
    let mut next = tenant.path("/audit-events?limit=200");
    loop {
        let page = admin.get(&next).await.expect_status(200);
        audit.push_str(&page.body);
        match page.json()["next_cursor"].as_str() {
            Some(cursor) => next = tenant.path(&format!("/audit-events?limit=200&cursor={cursor}")),
            None => break,
        }
    }
    vec![
        ("the log", captured()),
        ("the metrics", metrics),
        ("the audit", audit),
    ]
}

/// A part of a secret that is its own: no prefix, no header that all tokens share.
fn heart_of(secret: &str) -> &str {
    let secret = secret.rsplit('.').next().unwrap();
    let middle = secret.len() / 2;
    if secret.len() < 24 {
        secret
    } else {
        &secret[middle - 8..middle + 8]
    }
}

/// S1: a whole life of a grant, with everything that goes wrong on the way, and not one secret in what was
/// written at the most talkative setting.
#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "the whole life of a grant is one story"
)]
async fn no_secret_is_written_anywhere() {
    capture();
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut secrets: Vec<(String, String)> = Vec::new();
    let mut keep = |kind: &str, secret: &str| secrets.push((kind.to_owned(), secret.to_owned()));

    // People, clients, keys.
    let alice = acme.user("alice").await;
    let resource_server = acme.resource_credential().await;
    let confidential = acme.confidential_client().await;
    let chosen = "chosen-secret-canary-0123456789-abcdefgh";
    let by_choice = acme
        .client(&json!({
            "client_id": "chosen", "client_secret": chosen, "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_post",
        }))
        .await;
    let registered = acme
        .register(&json!({
            "redirect_uris": ["https://client.example/callback"], "token_endpoint_auth_method": "client_secret_basic",
        }))
        .await
        .expect_status(201);
    let key = app
        .admin()
        .create(
            "/admin/v1/admin-keys",
            &json!({ "name": "a script", "scopes": ["*:write"] }),
        )
        .await;
    let script = app.admin().with_key(key["admin_key"].as_str().unwrap());
    script.get("/admin/v1/tenants").await.expect_status(200);
    keep("password", &alice.password);
    keep("resource secret", &resource_server.client_secret);
    keep("client secret", confidential.secret().unwrap());
    keep("chosen secret", chosen);
    keep("registered secret", &registered.text("client_secret"));
    keep("admin key", key["admin_key"].as_str().unwrap());
    by_choice.client_credentials(None).await.tokens();

    // A sign-in with a slip of the finger.
    let browser = acme.browser_of("alice").await;
    let request = confidential.authorization_request();
    let login = request.open(&browser).await;
    keep("pending", login.login_form().value("pending"));
    browser
        .log_in(&login, "alice", "mistyped-password-canary")
        .await;
    keep("mistyped password", "mistyped-password-canary");
    let consent = browser.log_in(&login, "alice", &alice.password).await;
    keep(
        "pending of the consent",
        consent.consent_form().value("pending"),
    );
    let code = request.walk(&browser).await.code();
    for cookie in browser.cookies() {
        keep("cookie", &cookie.value);
    }
    keep("code", &code.code);
    keep("verifier", &code.verifier);

    // Tokens, used rightly and wrongly.
    let tokens = confidential.redeem(&code).await.tokens();
    let renewed = confidential.refresh(tokens.refresh_token()).await.tokens();
    resource_server.introspect(&renewed.access_token).await;
    for tokens in [&tokens, &renewed] {
        keep("access token", &tokens.access_token);
        keep("refresh token", tokens.refresh_token());
    }
    let guesser = |secret: &str| {
        confidential
            .clone()
            .with_authentication(ClientAuthentication::Post(secret.to_owned()))
    };
    guesser("guessed-secret-canary-0123")
        .refresh(renewed.refresh_token())
        .await
        .expect_status(401);
    keep("guessed secret", "guessed-secret-canary-0123");
    // Everything in the wrong place: an error must not quote what it did not understand.
    for secret in [
        &code.code,
        renewed.refresh_token(),
        &renewed.access_token,
        &alice.password,
        chosen,
    ] {
        confidential
            .token(&[("grant_type", secret)])
            .await
            .expect_status(400);
        confidential
            .token(&[("grant_type", "authorization_code"), ("code", secret)])
            .await
            .expect_status(400);
        confidential
            .refresh(&format!("{secret}x"))
            .await
            .expect_status(400);
        confidential
            .token(&[("grant_type", "client_credentials"), ("scope", secret)])
            .await;
        resource_server
            .introspect_answer(&format!("{secret}x"))
            .await;
        confidential.revoke(&format!("{secret}x")).await;
        app.admin()
            .with_key(secret)
            .get("/admin/v1/tenants")
            .await
            .expect_status(401);
        let url = format!(
            "{}?pending={secret}&code={secret}",
            acme.url("authorize/continue")
        );
        app.wire().get(&url).await;
        let url = format!(
            "{}?access_token={secret}&client_secret={secret}",
            acme.url("token")
        );
        Answer::of(
            app.wire()
                .request(Method::POST, &url)
                .bearer_auth(secret)
                .body(secret.to_owned()),
        )
        .await;
        app.wire()
            .get(&format!(
                "{}/nothing/{}",
                acme.issuer,
                secret.replace(' ', "%20")
            ))
            .await;
    }
    confidential.cannot_redeem(&code).await;
    confidential
        .revoke(renewed.refresh_token())
        .await
        .expect_status(200);

    // A device, a pushed request, a key that is proved with our nonce, and the sign-out.
    acme.change("", &json!({ "is_dpop_nonce_required": true }))
        .await;
    let television = acme.device_client().await;
    let codes = television.device_codes().await;
    keep("device code", &codes.device_code);
    keep("user code", &codes.user_code);
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    let connected = television.poll(&codes).await.tokens();
    keep("access token of a device", &connected.access_token);
    keep("refresh token of a device", connected.refresh_token());
    television.poll(&codes).await.expect_status(400);
    let request = confidential
        .authorization_request()
        .with("scope", "openid notes:read");
    let pushed = request.push().await.expect_status(201);
    let request_uri = pushed.text("request_uri");
    keep("request_uri", &request_uri);
    let code = request.referring_to(&request_uri).walk(&browser).await;
    let code = code.code();
    keep("code of a pushed request", &code.code);
    let signer = DpopSigner::new(&app);
    let bound = confidential.proving(&signer);
    signer.take_nonce(&bound.redeem(&code).await.expect_status(400));
    keep("DPoP nonce", &signer.nonce().unwrap());
    let bound = bound.redeem(&code).await.expect_status(200).json();
    for member in ["access_token", "refresh_token", "id_token"] {
        keep(member, bound[member].as_str().unwrap());
    }
    let url = format!(
        "{}?id_token_hint={}&state={request_uri}",
        acme.url("logout"),
        bound["id_token"].as_str().unwrap()
    );
    browser.open(&url).await;

    // What the server itself holds: as written in the settings.
    for (name, value) in app.secret_settings() {
        keep(name, &value);
    }

    for (where_, text) in everything_written(&app, &acme).await {
        assert!(!text.is_empty(), "{where_} is empty: nothing was looked at");
        for (kind, secret) in &secrets {
            for part in [secret.as_str(), heart_of(secret)] {
                if let Some(at) = text.find(part) {
                    let from = text[..at].rfind('\n').map_or(0, |at| at + 1);
                    let line = text[from..].lines().next().unwrap_or_default();
                    panic!("{kind} in {where_}: {line}");
                }
            }
        }
    }
    assert!(captured().contains("\"refused\""), "errors are in the log");
}

/// S2: what callers send stays inside its field: no line and no colour of theirs.
#[tokio::test]
async fn nobody_writes_a_line_of_their_own_into_the_log() {
    capture();
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let forged =
        "evil\r\n{\"level\":\"ERROR\",\"message\":\"forged line\"}\u{1b}[31m\u{85}\u{2028}";
    let client = acme.client_of(&json!({ "client_id": "nobody", "redirect_uris": [] }));

    app.wire()
        .post_form(
            &acme.url("token"),
            &[("grant_type", forged), ("client_id", forged)],
        )
        .await
        .expect_status(401);
    client.token(&[("grant_type", forged)]).await;
    acme.public_client()
        .await
        .token(&[("grant_type", forged), ("scope", forged)])
        .await;
    acme.register(&json!({ "redirect_uris": [forged], "client_name": forged }))
        .await
        .expect_status(400);
    let honest =
        json!({ "redirect_uris": ["https://client.example/callback"], "software_version": forged });
    acme.register(&honest).await;
    let request = acme.public_client().await.authorization_request();
    request
        .with("state", forged)
        .with("scope", forged)
        .send()
        .await;
    let browser = acme.browser_of("alice").await;
    let login = acme
        .public_client()
        .await
        .authorization_request()
        .open(&browser)
        .await;
    browser.log_in(&login, forged, forged).await;
    app.wire()
        .get(&format!("{}/t/evil%0d%0a%1b%5b31m/token", app.public_url()))
        .await
        .expect_status(404);
    for header in [
        "user-agent",
        "referer",
        "x-forwarded-for",
        "x-request-id",
        "traceparent",
    ] {
        // Header values cannot hold a line's end; the rest they can.
        let request = app
            .wire()
            .request(Method::GET, &acme.url("token"))
            .header(header, "evil \\r\\n \u{85} [31m");
        Answer::of(request).await.expect_status(405);
    }
    app.admin()
        .post(
            "/admin/v1/tenants",
            &json!({ "slug": forged, "display_name": forged }),
        )
        .await
        .expect_status(400);

    let text = captured();
    assert!(!text.contains('\u{1b}'), "an escape sequence is in the log");
    let mut lines = 0;
    for line in text.lines() {
        let parsed: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            parsed["timestamp"].is_string() && parsed["level"].is_string(),
            "{line}"
        );
        assert_ne!(parsed["message"], "forged line", "{line}");
        lines += 1;
    }
    assert!(lines > 10);
}

/// An error that somebody reports is found in the log by its reference.
#[tokio::test]
async fn a_reference_leads_to_its_line() {
    capture();
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let refused = client.refresh("writ_rt_x").await;
    let shown = client
        .authorization_request()
        .with("client_id", "nobody")
        .send()
        .await;
    for answer in [refused, shown] {
        let reference = answer.header("x-request-id").to_owned();
        assert!(answer.body.contains(&reference), "{answer:?}");
        let text = captured();
        let is_it = |line: &str| line.contains(&reference) && line.contains("acme");
        assert!(text.lines().any(is_it), "{reference} is not in the log");
    }
    // Nobody chooses their own.
    let request = app
        .wire()
        .request(Method::GET, &acme.url("token"))
        .header("x-request-id", "chosen");
    assert_ne!(Answer::of(request).await.header("x-request-id"), "chosen");
}
