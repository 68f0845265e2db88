//! How much one may send, how slowly, and how often.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{
    Answer, ClientAuthentication, OAuthClient, ResourceServer, TestApp, TestTenant,
};

const KB: usize = 1024;

/// The endpoints that read a form.
const FORMS: [&str; 9] = [
    "token",
    "introspect",
    "revoke",
    "authorize",
    "login",
    "consent",
    "device",
    "par",
    "device_authorization",
];

async fn post(tenant: &TestTenant, endpoint: &str, body: String) -> Answer {
    let content_type = if endpoint == "register" {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    let request = tenant
        .wire()
        .request(Method::POST, &tenant.url(endpoint))
        .header("content-type", content_type);
    Answer::of(request.body(body)).await
}

/// Bytes as they are, and everything that comes back until the connection is closed.
async fn exchange(app: &TestApp, sent: &[u8]) -> String {
    let mut connection = TcpStream::connect(app.wire().address()).await.unwrap();
    connection.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// R1: 64 KB, the last byte of which is one too many.
#[tokio::test]
async fn a_body_of_more_than_64_kb_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for endpoint in FORMS.into_iter().chain(["register"]) {
        let padded = |length: usize| match endpoint {
            "register" => format!("{{{}}}", " ".repeat(length - 2)),
            // Small values: it is the whole that is too large.
            _ => "a=bcdefg&".repeat(length / 9 + 1)[..length].to_owned(),
        };
        let refused = post(&acme, endpoint, padded(64 * KB + 1)).await;
        let answered = post(&acme, endpoint, padded(64 * KB)).await;
        assert_ne!(answered.status, 413, "{endpoint}: {answered:?}");
        if ["authorize", "login", "consent", "device"].contains(&endpoint) {
            assert!(refused.status.is_client_error(), "{endpoint}: {refused:?}");
            refused.is_shown(refused.status.as_u16());
        } else {
            refused.is_refused(413, "invalid_request");
        }
    }
}

/// R1: the same for a body that does not say how long it is.
#[tokio::test]
async fn a_chunked_body_is_counted_as_it_comes() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = url::Url::parse(&acme.url("token"))
        .unwrap()
        .path()
        .to_owned();
    let mut sent = format!(
        "POST {path} HTTP/1.1\r\nHost: writ.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    );
    for _ in 0..9 {
        sent.extend(["2000\r\n", &"x".repeat(8 * KB), "\r\n"]);
    }
    sent.push_str("0\r\n\r\n");
    let answer = exchange(&app, sent.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

/// R1: 64 parameters, 4 KB a value; a state of 4 KB and a client_id of 2 KB are still fine.
#[tokio::test]
async fn parameters_are_limited_in_number_and_size() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let own = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let with = async |others: &[(&str, &str)]| {
        let fields: Vec<(&str, &str)> = own.iter().chain(others).copied().collect();
        client.token(&fields).await
    };

    // With `client_id`, three of our own.
    with(&[("other", "x"); 61])
        .await
        .is_refused(400, "invalid_grant");
    with(&[("other", "x"); 62])
        .await
        .is_refused(400, "invalid_request");
    with(&[("other", &"x".repeat(4 * KB))])
        .await
        .is_refused(400, "invalid_grant");
    with(&[("other", &"x".repeat(4 * KB + 1))])
        .await
        .is_refused(400, "invalid_request");

    let state = "s".repeat(4 * KB);
    let request = client.authorization_request().with("state", &state);
    let walked = request.walk(&acme.browser_of("alice").await).await;
    assert_eq!(walked.parameter("state"), Some(state));
    let longer = client
        .authorization_request()
        .with("state", &"s".repeat(4 * KB + 1));
    longer.send().await.is_shown(400);
    let many = (0..64).fold(client.authorization_request(), |request, number| {
        request.with(&format!("p{number}"), "x")
    });
    many.send().await.is_shown(400);
}

/// R1: 16 KB of headers, 64 KB of URL, 32 levels of JSON.
#[tokio::test]
async fn heads_and_nesting_are_limited() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let metadata = acme.well_known_urls().remove(0);
    let with_header = |length: usize| {
        Answer::of(
            app.wire()
                .request(Method::GET, &metadata)
                .header("x-large", "x".repeat(length)),
        )
    };
    with_header(15 * KB).await.expect_status(200);
    with_header(17 * KB)
        .await
        .is_refused(400, "invalid_request");

    let url = |length: usize| format!("/t/acme/.well-known/jwks.json?{}", "x".repeat(length));
    for (length, status) in [(60 * KB, "200"), (66 * KB, "4")] {
        let sent = format!(
            "GET {} HTTP/1.1\r\nHost: writ.test\r\nConnection: close\r\n\r\n",
            url(length)
        );
        let answer = exchange(&app, sent.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }

    let nested = |levels: usize| {
        let value = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        format!(r#"{{"redirect_uris":["https://client.example/callback"],"extra":{value}}}"#)
    };
    post(&acme, "register", nested(32)).await.expect_status(201);
    post(&acme, "register", nested(33))
        .await
        .is_refused(400, "invalid_client_metadata");
    post(&acme, "register", nested(30_000))
        .await
        .is_refused(400, "invalid_client_metadata");
    post(&acme, "register", "[".repeat(60_000))
        .await
        .is_refused(400, "invalid_client_metadata");
}

/// R2: who drips a head or a body is cut off; who sits there idle is in nobody's way. This waits for our own deadlines.
#[tokio::test]
async fn a_slow_sender_is_cut_off_and_an_idle_one_does_no_harm() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(app.wire().address()).await.unwrap());
    }
    acme.metadata().await.expect_status(200);

    let patience = Duration::from_secs(30);
    let head = tokio::time::timeout(
        patience,
        exchange(&app, b"GET /t/acme/authorize HTTP/1.1\r\nHost: writ"),
    );
    let body = b"POST /t/acme/token HTTP/1.1\r\nHost: writ.test\r\nContent-Length: 100\r\n\
        Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type=";
    let body = tokio::time::timeout(patience, exchange(&app, body));
    let (head, body) = tokio::join!(head, body);
    let (head, body) = (head.unwrap(), body.unwrap());
    assert!(
        head.is_empty() || head.starts_with("HTTP/1.1 408 "),
        "{head}"
    );
    assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
    assert!(body.contains("\"error\":\"invalid_request\""), "{body}");
    acme.metadata().await.expect_status(200);
}

/// What a limit says when it is reached; it holds until the time it names, and not longer.
#[track_caller]
fn is_limited(answer: &Answer) -> Duration {
    answer.is_refused(429, "temporarily_unavailable");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!(seconds >= 1);
    Duration::from_secs(seconds)
}

/// The statuses of many requests that do not wait for each other.
async fn statuses(requests: impl Iterator<Item = impl Future<Output = Answer>>) -> Vec<u16> {
    stream::iter(requests)
        .buffer_unordered(16)
        .map(|answer| answer.status.as_u16())
        .collect()
        .await
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|one| **one == status).count()
}

/// H6: nobody finds tokens by asking about all there could be: 600 a minute, one caller at a time.
#[tokio::test]
async fn asking_about_inactive_tokens_is_limited() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let tokens = acme
        .confidential_client()
        .await
        .client_credentials(None)
        .await
        .tokens();
    let (guesser, neighbour) = (
        acme.resource_credential().await,
        acme.resource_credential().await,
    );

    // Tokens that are good do not count, however many.
    let good = statuses((0..50).map(|_| guesser.introspect_answer(&tokens.access_token))).await;
    assert_eq!(count(&good, 200), 50);
    let tries = statuses((0..620).map(|_| guesser.introspect_answer("guess"))).await;
    assert_eq!((count(&tries, 200), count(&tries, 429)), (600, 20));
    let wait = is_limited(&guesser.introspect_answer("guess").await);

    assert!(guesser.accepts(&tokens.access_token).await);
    assert!(!neighbour.accepts("guess").await);
    app.clock().advance(wait);
    assert!(!guesser.accepts("guess").await);
}

/// J2: by address: generous, since hosted clients share theirs; every try counts, also a refused one.
#[tokio::test]
async fn registrations_from_one_address_are_limited() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let register = |tenant: &TestTenant, address: &str| {
        let request = tenant.wire().request(Method::POST, &tenant.url("register"));
        Answer::of(
            request
                .header("x-forwarded-for", address)
                .json(&json!({ "redirect_uris": [] })),
        )
    };

    let tries = statuses((0..310).map(|_| register(&acme, "198.51.100.7"))).await;
    assert_eq!((count(&tries, 400), count(&tries, 429)), (300, 10));
    let wait = is_limited(&register(&acme, "198.51.100.7").await);
    register(&acme, "198.51.100.8").await.expect_status(400);
    // O7: another tenant's count is another.
    register(&globex, "198.51.100.7").await.expect_status(400);

    app.clock().advance(wait);
    register(&acme, "198.51.100.7").await.expect_status(400);
    register(&acme, "198.51.100.7").await.expect_status(429);
}

/// J2: and by tenant, from however many addresses.
#[tokio::test]
async fn registrations_at_one_tenant_are_limited() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let register = |tenant: &TestTenant, number: usize| {
        let address = format!("10.{}.{}.1", number / 200, number % 200);
        let request = tenant.wire().request(Method::POST, &tenant.url("register"));
        Answer::of(
            request
                .header("x-forwarded-for", address)
                .json(&json!({ "redirect_uris": [] })),
        )
    };
    let tries = statuses((0..3_010).map(|number| register(&acme, number))).await;
    assert_eq!((count(&tries, 400), count(&tries, 429)), (3_000, 10));
    is_limited(&register(&acme, 9_999).await);
    register(&globex, 9_999).await.expect_status(400);
}

/// A client, guessed at from this address.
async fn guess(client: &OAuthClient, address: &str, secret: &str) -> Answer {
    let fields = [("grant_type", "client_credentials")];
    let guesser = client
        .clone()
        .with_authentication(ClientAuthentication::Basic(secret.to_owned()));
    Answer::of(
        guesser
            .post_request("token", &fields)
            .header("x-forwarded-for", address),
    )
    .await
}

/// E5: guessing a secret is limited for each client and address, and locks out nobody who knows it.
#[tokio::test]
async fn guessing_a_client_secret_is_limited() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let right = client.secret().unwrap().to_owned();

    let tries = statuses((0..40).map(|_| guess(&client, "198.51.100.7", "wrong"))).await;
    assert_eq!((count(&tries, 401), count(&tries, 429)), (30, 10));
    is_limited(&guess(&client, "198.51.100.7", "wrong").await);
    // A secret that we made costs no computation, so that knowing it is never refused.
    guess(&client, "198.51.100.7", &right).await.tokens();
    guess(&client, "198.51.100.8", "wrong")
        .await
        .is_refused(401, "invalid_client");
    guess(&client, "198.51.100.8", &right).await.tokens();
}

/// R3, E5: one address is limited over all clients together, whichever names it makes up.
#[tokio::test]
async fn guessing_from_one_address_is_limited_over_all_clients() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let clients: Vec<OAuthClient> = (0..70)
        .map(|number| {
            acme.client_of(&json!({ "client_id": format!("nobody-{number}"), "redirect_uris": [] }))
        })
        .collect();
    let tries = statuses(
        clients
            .iter()
            .map(|client| guess(client, "198.51.100.7", "wrong")),
    )
    .await;
    assert_eq!((count(&tries, 401), count(&tries, 429)), (60, 10));
    guess(&clients[0], "198.51.100.8", "wrong")
        .await
        .is_refused(401, "invalid_client");
}

/// O7: what happens at one tenant is not counted at another.
#[tokio::test]
async fn one_tenants_guesses_do_not_count_at_another() {
    let app = TestApp::start().await;
    let mut callers: Vec<ResourceServer> = Vec::new();
    for slug in ["acme", "globex"] {
        callers.push(app.tenant(slug).await.resource_credential().await);
    }
    let [acme, globex] = &callers[..] else {
        unreachable!()
    };
    statuses((0..610).map(|_| acme.introspect_answer("guess"))).await;
    is_limited(&acme.introspect_answer("guess").await);
    assert!(!globex.accepts("guess").await);
}

/// J2: where registering takes a token, strangers without one use up nothing but their own address's share.
#[tokio::test]
async fn strangers_use_up_no_registrations_of_a_tenant_that_asks_for_tokens() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    acme.change(
        "",
        &json!({ "registration_policy": "initial_access_token" }),
    )
    .await;
    let path = acme.path("/initial-access-tokens");
    let made = acme.admin().create(&path, &json!({ "name": "us" })).await;
    let token = made["initial_access_token"].as_str().unwrap();
    let register = |number: usize, token: Option<&str>| {
        let address = format!("10.{}.{}.1", number / 200, number % 200);
        let request = acme.wire().request(Method::POST, &acme.url("register"));
        let request = request
            .header("x-forwarded-for", address)
            .json(&json!({ "redirect_uris": ["https://client.example/callback"] }));
        Answer::of(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    };
    let tries = statuses((0..3_010).map(|number| register(number, None))).await;
    assert_eq!(count(&tries, 401), 3_010);
    register(9_999, Some(token)).await.expect_status(201);
    // Each address has its share all the same.
    let tries = statuses((0..310).map(|_| register(9_998, None))).await;
    assert_eq!((count(&tries, 401), count(&tries, 429)), (300, 10));
}
