//! Row K14: a client's logo comes from our own origin, and is an image or nothing.

use scraper::{Html, Selector};
use serde_json::json;

use super::{CALLBACK, Documents, URL, client_at};
use crate::harness::{Answer, OAuthClient, Served, TestTenant};

const LOGO: &str = "https://logos.test/logo.png";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// What the consent page shows beside the name, as a URL.
async fn shown(tenant: &TestTenant) -> Option<String> {
    shown_of(tenant, &client_at(tenant, URL)).await
}

async fn shown_of(tenant: &TestTenant, client: &OAuthClient) -> Option<String> {
    let alice = tenant.signed_in_browser_of("alice").await;
    let request = client.authorization_request();
    let page = request.open(&alice).await;
    assert!(page.is_consent(), "{page:?}");
    let document = Html::parse_document(page.html());
    let image = document.select(&Selector::parse("img").unwrap()).next()?;
    let src = image.attr("src").unwrap();
    let policy = page.answer().header("content-security-policy");
    assert!(policy.contains("img-src 'self'"), "{policy}");
    Some(
        url::Url::parse(&tenant.issuer)
            .unwrap()
            .join(src)
            .unwrap()
            .into(),
    )
}

async fn logo(tenant: &TestTenant) -> Answer {
    let url = shown(tenant).await.expect("a logo");
    assert!(url.starts_with("https://writ.test/"), "{url}");
    tenant.wire().get(&url).await
}

#[tokio::test]
async fn a_logo_is_served_from_our_own_origin_and_asked_for_once() {
    let world = Documents::start().await;
    world.serve_with(&json!({ "logo_uri": LOGO }));
    world
        .internet
        .serve(LOGO, Served::new(200, "image/png", PNG));
    let acme = world.app.tenant("acme").await;
    for _ in 0..2 {
        let answer = logo(&acme).await.expect_status(200);
        assert_eq!(answer.header("content-type"), "image/png");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("sandbox") && policy.contains("default-src 'none'"),
            "{policy}"
        );
    }
    assert_eq!(world.internet.requests_of(LOGO), 1);
}

#[tokio::test]
async fn what_is_no_image_is_replaced_by_a_letter() {
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let large = [PNG, &vec![0; 300 * 1_024]].concat();
    for served in [
        Served::new(200, "image/svg+xml", svg),
        Served::new(200, "image/png", svg),
        Served::new(200, "text/html", b"<html>"),
        Served::new(200, "image/png", large),
        Served::status(404),
    ] {
        let world = Documents::start().await;
        world.serve_with(&json!({ "logo_uri": LOGO }));
        world.internet.serve(LOGO, served);
        let acme = world.app.tenant("acme").await;
        let answer = logo(&acme).await.expect_status(404);
        assert_eq!(answer.header("content-type"), "image/svg+xml");
        assert!(answer.body.contains(">N</text>"), "{answer:?}");
        assert!(!answer.body.contains("script"), "{answer:?}");
    }
}

/// Nobody can have us fetch an address of their own choice.
#[tokio::test]
async fn only_what_a_page_of_the_tenant_sealed_is_fetched() {
    let world = Documents::start().await;
    world.serve_with(&json!({ "logo_uri": LOGO }));
    world
        .internet
        .serve(LOGO, Served::new(200, "image/png", PNG));
    let acme = world.app.tenant("acme").await;
    let globex = world.app.tenant("globex").await;
    let url = shown(&acme).await.unwrap();
    let elsewhere = url.replace("/t/acme/", "/t/globex/");
    assert_ne!(url, elsewhere);
    for bad in [
        elsewhere,
        acme.url("client-logo"),
        acme.url("client-logo?logo=https://logos.test/logo.png"),
        acme.url("client-logo?logo=AAAA"),
    ] {
        globex.wire().get(&bad).await.expect_status(404);
    }
    world.later(2 * 3_600);
    acme.wire().get(&url).await.expect_status(404);
    assert_eq!(world.internet.requests_of(LOGO), 0);
}

#[tokio::test]
async fn a_client_without_a_logo_has_its_first_letter() {
    let world = Documents::start().await;
    let acme = world.app.tenant("acme").await;
    assert_eq!(shown(&acme).await, None);
}

/// A picture convinces more than a name: of whoever registers none is shown, proven or not, since the
/// address of an answer proves nothing of a picture.
#[tokio::test]
async fn a_client_that_registered_itself_has_no_logo() {
    let world = Documents::start().await;
    world
        .internet
        .serve(LOGO, Served::new(200, "image/png", PNG));
    let acme = world.app.tenant("acme").await;
    let claude = |redirect_uri: &str| {
        json!({
            "client_name": "Claude", "redirect_uris": [redirect_uri], "logo_uri": LOGO,
            "token_endpoint_auth_method": "none",
        })
    };
    for redirect_uri in [
        "https://evil.example/api/mcp/auth_callback",
        "https://claude.ai/api/mcp/auth_callback",
    ] {
        let made = acme.register(&claude(redirect_uri)).await;
        let made = made.expect_status(201).json();
        assert_eq!(made["logo_uri"], LOGO);
        assert_eq!(shown_of(&acme, &acme.client_of(&made)).await, None);
    }
    let entered = acme.client(&claude(CALLBACK)).await;
    let url = shown_of(&acme, &entered).await.expect("a logo");
    acme.wire().get(&url).await.expect_status(200);
    assert_eq!(world.internet.requests_of(LOGO), 1);
}
