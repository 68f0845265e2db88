//! Documents that cannot be used: what the person, the developer and the host get to know.

use reqwest::Method;
use serde_json::json;

use super::{Documents, HOSTS, URL, client_at, document};
use crate::harness::{Answer, ClientKey, OAuthClient, Served, TestInternet};

/// What a program sees that looks ahead before it opens a browser.
async fn as_json(client: &OAuthClient) -> Answer {
    let url = client.authorization_request().url();
    let request = client.wire.request(Method::GET, &url);
    Answer::of(request.header("accept", "application/json")).await
}

/// Row K1: refused as it stands, and nobody was asked.
#[tokio::test]
async fn a_client_id_that_may_not_be_fetched_leads_to_no_connection() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let local = format!("https://localhost:{}/client.json", world.internet.port());
    let plain = format!("http://127.0.0.1:{}/client.json", world.internet.port());
    let private = format!("https://10.0.0.7:{}/client.json", world.internet.port());
    for client_id in [
        "http://client.test/oauth/client.json",
        "https://client.test",
        "https://client.test/",
        "https://client.test/client.json#x",
        "https://user@client.test/client.json",
        "https://client.test/./client.json",
        "https://client.test/a/../client.json",
        "https://client.test/%2e%2e/client.json",
        "https://client.test/a/%2E%2E/client.json",
        "https://client.test:443/oauth/client.json",
        "https://CLIENT.test/oauth/client.json",
        "https://client.test./oauth/client.json",
        "https://client.test:22/oauth/client.json",
        "https://127.0.0.1/client.json",
        "https://[::ffff:127.0.0.1]/client.json",
        "https://2130706433/client.json",
        "https://169.254.169.254/latest/meta-data",
        &local,
        &plain,
        &private,
    ] {
        let client = client_at(&acme, client_id);
        client.authorization_request().send().await.is_shown(400);
        as_json(&client).await.is_refused(400, "invalid_client");
    }
    assert_eq!(world.internet.connections(), 0);
}

/// Rows K7, K8, K9: the member and the reason, for the developer of the client.
#[tokio::test]
async fn a_document_that_is_refused_says_which_member_and_why() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let client = client_at(&acme, URL);
    let private = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "d"}]});
    let text = document(URL, &json!({})).to_string();
    for (member, served) in [
        (
            "client_id",
            document(URL, &json!({"client_id": format!("{URL}/")})),
        ),
        ("client_name", document(URL, &json!({"client_name": null}))),
        (
            "redirect_uris",
            document(URL, &json!({"redirect_uris": []})),
        ),
        (
            "redirect_uris",
            document(URL, &json!({"redirect_uris": ["http://client.test/cb"]})),
        ),
        (
            "client_secret",
            document(URL, &json!({"client_secret": "s3cr3t"})),
        ),
        (
            "token_endpoint_auth_method",
            document(
                URL,
                &json!({"token_endpoint_auth_method": "client_secret_basic"}),
            ),
        ),
        ("jwks", document(URL, &json!({"jwks": private}))),
        (
            "logo_uri",
            document(URL, &json!({"logo_uri": "http://client.test/logo.png"})),
        ),
    ] {
        world.serve(Served::json(&served));
        let page = client.authorization_request().send().await;
        page.is_shown(400);
        for needed in [
            "For the developer of this application",
            &format!("<code>{member}</code>"),
            ">client.test</bdi>",
        ] {
            assert!(page.body.contains(needed), "{needed} in {page:?}");
        }
        assert!(!page.body.contains("s3cr3t"), "{page:?}");
        let answer = as_json(&client).await;
        assert_eq!(answer.status.as_u16(), 400, "{answer:?}");
        assert!(answer.text("error").starts_with("invalid_"), "{answer:?}");
        let description = answer.text("error_description");
        assert!(description.contains(member), "{description}");
    }
    for unreadable in [
        text.replacen('{', "{\"client_name\":\"Twice\",", 1),
        format!("{text}{text}"),
        "<html>".to_owned(),
    ] {
        world.serve(Served::text(&unreadable));
        let answer = as_json(&client).await;
        answer.is_refused(400, "invalid_client_metadata");
    }
    // None of it was kept.
    world.serve_with(&json!({}));
    let alice = acme.browser_of("alice").await;
    client.tokens_of(&alice).await;
}

/// Rows K2, K5, K6, K7, K11: whatever happened on the way, the answer is the same.
#[tokio::test]
async fn a_fetch_that_fails_tells_nothing_of_what_was_reached() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let text = document(URL, &json!({})).to_string();
    let moved = Served::status(302).with("location", "https://other.test/client.json");
    let failing = [
        Served::status(404),
        Served::status(403),
        Served::status(500),
        moved,
        Served::new(200, "text/html", text.as_bytes()),
        Served::new(200, "application/json", vec![b' '; 6 * 1_024]),
        Served::text(&text).with("content-encoding", "gzip"),
    ];
    let mut pages = Vec::new();
    world.internet.locate("internal.test", &["10.0.0.7"]);
    for served in failing {
        world.serve(served);
        let client = client_at(&acme, URL);
        pages.push((
            client.authorization_request().send().await,
            as_json(&client).await,
        ));
    }
    for client_id in [
        "https://internal.test/oauth/client.json",
        "https://nobody.test/oauth/client.json",
    ] {
        let client = client_at(&acme, client_id);
        pages.push((
            client.authorization_request().send().await,
            as_json(&client).await,
        ));
    }
    for (page, answer) in &pages {
        page.is_shown(502);
        answer.is_refused(502, "temporarily_unavailable");
        assert_eq!(
            answer.text("error_description"),
            pages[0].1.text("error_description")
        );
        for leak in [
            "404",
            "403",
            "500",
            "302",
            "10.0.0.7",
            "93.184",
            "nothing to see",
        ] {
            assert!(!answer.text("error_description").contains(leak), "{leak}");
        }
        assert!(page.body.contains("cannot be checked now"), "{page:?}");
    }
}

/// A client_id that is no URL is what it always was.
#[tokio::test]
async fn an_unknown_name_is_still_an_unknown_client() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let client = client_at(&acme, "c_nobody");
    as_json(&client).await.is_refused(400, "invalid_client");
    client.authorization_request().send().await.is_shown(400);
    // At the token endpoint a URL that nobody connected with is one, too.
    let answer = client_at(&acme, URL).refresh("wr_nonsense").await;
    answer.is_refused(401, "invalid_client");
    assert_eq!(world.internet.connections(), 0);
}

/// Nobody has us knock at one door after the other.
#[tokio::test]
async fn one_address_can_have_so_many_documents_fetched_and_no_more() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    let mut statuses = Vec::new();
    for number in 0..=30 {
        let url = format!("https://client.test/{number}.json");
        let request = client_at(&acme, &url).authorization_request();
        statuses.push(request.send().await.status.as_u16());
    }
    assert_eq!(statuses[..30], [502; 30]);
    assert_eq!(statuses[30], 429);
    // Not at another tenant either: the hosts do not know our tenants apart.
    let globex = world.app.tenant("globex").await;
    let client = client_at(&globex, URL);
    let refused = client.authorization_request().send().await;
    refused.expect_status(429);
    world.later(2);
    for _ in 0..3 {
        // What is known already is no fetch.
        let shown = client.authorization_request().send().await;
        shown.expect_status(200);
    }
    assert_eq!(world.asked(), 1);
}

/// What a host is asked for strangers is apart from what known clients and keys need of it.
#[tokio::test]
async fn strangers_cannot_spend_what_a_host_is_asked_for_others() {
    const KEYS: &str = "https://client.test/jwks.json";
    let internet = TestInternet::of(&HOSTS).await.asked_a_minute(2);
    let world = Documents::start_within(internet).await;
    let signer = ClientKey::generate("ES256", "one");
    world.internet.serve(KEYS, Served::json(&signer.jwks()));
    world.serve_with(&json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": KEYS,
    }));
    let globex = world.app.tenant("globex").await;
    let bob = globex.browser_of("bob").await;
    let client = client_at(&globex, URL).signing(&signer, world.app.shared_clock());
    client.tokens_of(&bob).await;

    let acme = world.app.tenant("acme").await;
    let mut statuses = Vec::new();
    for number in 0..3 {
        let url = format!("https://client.test/{number}.json");
        let request = client_at(&acme, &url).authorization_request();
        statuses.push(request.send().await.status.as_u16());
    }
    assert_eq!(statuses, [502, 503, 503]);
    // A day later neither the document nor the keys are fresh: both are asked for again.
    world.later(25 * 3_600);
    client.tokens_of(&bob).await;
    assert_eq!((world.asked(), world.internet.requests_of(KEYS)), (2, 2));
}
