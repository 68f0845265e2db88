//! Everything that opens something at one tenant, presented at every place of another.
//!
//! Each thing is compared with one of its kind that nobody ever made; the same matrix at home shows that it
//! would notice a difference.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{Place, other_ways_in, seen};
use crate::harness::{Answer, IssuedCode, ResourceServer, TestApp, Tokens};

/// Everything of a tenant that opens something there.
pub(super) struct Haul {
    code: IssuedCode,
    tokens: Tokens,
    all: BTreeMap<&'static str, String>,
}

impl Haul {
    async fn of(place: &Place) -> Self {
        let (tenant, browser) = (&place.tenant, &place.browser);
        let code = place.public.authorize(browser).await.code();
        let tokens = place.public.tokens_of(browser).await;
        let own = place.confidential.client_credentials(None).await.tokens();
        let stranger = json!({
            "redirect_uris": ["https://stranger.example/callback"],
            "token_endpoint_auth_method": "none",
        });
        let stranger = tenant.register(&stranger).await.expect_status(201);
        let invitations = tenant.path("/initial-access-tokens");
        let invitation = json!({ "name": "a partner" });
        let invitation = tenant.admin().create(&invitations, &invitation).await;
        let consent = place
            .public
            .authorization_request()
            .with("prompt", "consent")
            .open(browser)
            .await;
        let (server, secret) = (&place.resource_server, place.confidential.secret().unwrap());
        let value = |cookie: String| cookie.split_once('=').unwrap().1.to_owned();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let key = json!({ "name": "a script", "tenant": tenant.slug, "scopes": ["*:write"] });
        let key = tenant.admin().create("/admin/v1/admin-keys", &key).await;
        let mut all = BTreeMap::from([
            ("code", code.code.clone()),
            ("refresh token", tokens.refresh_token().to_owned()),
            ("access token", tokens.access_token.clone()),
            ("client's own access token", own.access_token),
            ("registered client_id", stranger.text("client_id")),
            (
                "registration access token",
                stranger.text("registration_access_token"),
            ),
            (
                "initial access token",
                text(&invitation["initial_access_token"]),
            ),
            ("client secret", secret.to_owned()),
            (
                "client_id and secret",
                format!("{}:{secret}", place.confidential.client_id),
            ),
            ("resource secret", server.client_secret.clone()),
            (
                "resource id and secret",
                format!("{}:{}", server.client_id, server.client_secret),
            ),
            ("session cookie", value(place.cookie("session"))),
            ("browser cookie", value(place.cookie("browser"))),
            ("pending of a sign-in", place.pending.clone()),
            (
                "pending of a consent",
                consent.consent_form().value("pending").to_owned(),
            ),
            ("admin key", text(&key["admin_key"])),
            ("jti", text(&tokens.claims()["jti"])),
            ("grant id", text(&tokens.claims()["grant_id"])),
            ("user id", text(&tokens.claims()["sub"])),
        ]);
        all.extend(other_ways_in::haul(place).await);
        Self { code, tokens, all }
    }
}

/// Where something can be presented. In each of these everything else about the request is right.
pub(super) type Slot = (&'static str, fn(&Place, &Haul, &str) -> RequestBuilder);

const SLOTS: &[Slot] = &[
    ("token: code", |at, haul, it| {
        at.public.post_request(
            "token",
            &[
                ("grant_type", "authorization_code"),
                ("code", it),
                ("code_verifier", &haul.code.verifier),
                ("redirect_uri", &haul.code.redirect_uri),
            ],
        )
    }),
    ("token: refresh_token", |at, _, it| {
        at.public.post_request(
            "token",
            &[("grant_type", "refresh_token"), ("refresh_token", it)],
        )
    }),
    ("token: client_id", |at, _, it| {
        at.post(
            "token",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", "x"),
                ("client_id", it),
            ],
        )
    }),
    ("token: client_secret", |at, _, it| {
        at.post(
            "token",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", "notes-web"),
                ("client_secret", it),
            ],
        )
    }),
    ("token: Basic", |at, _, it| {
        basic(
            at.post("token", &[("grant_type", "client_credentials")]),
            "notes-web",
            it,
        )
    }),
    ("token: Bearer", |at, _, it| {
        at.post("token", &[("grant_type", "client_credentials")])
            .bearer_auth(it)
    }),
    ("introspect: token", |at, _, it| {
        let ResourceServer {
            client_id,
            client_secret,
            ..
        } = &at.resource_server;
        at.post(
            "introspect",
            &[
                ("token", it),
                ("client_id", client_id),
                ("client_secret", client_secret),
            ],
        )
    }),
    ("introspect: client_secret", |at, haul, it| {
        let (id, token) = (
            at.resource_server.client_id.as_str(),
            haul.tokens.access_token.as_str(),
        );
        at.post(
            "introspect",
            &[("token", token), ("client_id", id), ("client_secret", it)],
        )
    }),
    ("introspect: Basic", |at, haul, it| {
        let asked = at.post("introspect", &[("token", &haul.tokens.access_token)]);
        basic(asked, &at.resource_server.client_id, it)
    }),
    ("introspect: Bearer", |at, haul, it| {
        at.post("introspect", &[("token", &haul.tokens.access_token)])
            .bearer_auth(it)
    }),
    ("revoke: token", |at, _, it| {
        at.public.post_request("revoke", &[("token", it)])
    }),
    ("revoke: client_id", |at, haul, it| {
        at.post(
            "revoke",
            &[("token", haul.tokens.refresh_token()), ("client_id", it)],
        )
    }),
    ("revoke: Basic", |at, haul, it| {
        basic(
            at.post("revoke", &[("token", haul.tokens.refresh_token())]),
            "notes-web",
            it,
        )
    }),
    ("register: Bearer", |at, _, it| {
        at.request(Method::POST, "register")
            .bearer_auth(it)
            .json(&json!({ "redirect_uris": [] }))
    }),
    ("registered client: Bearer", |at, haul, it| {
        let client_id = &haul.all["registered client_id"];
        at.request(Method::GET, &format!("register/{client_id}"))
            .bearer_auth(it)
    }),
    ("register: client_id", |at, _, it| {
        at.request(Method::POST, "register")
            .json(&json!({ "redirect_uris": [], "client_id": it, "client_secret": it }))
    }),
    ("authorize: client_id", |at, _, it| {
        let url = at
            .public
            .authorization_request()
            .with("client_id", it)
            .url();
        at.tenant.wire().request(Method::GET, &url)
    }),
    ("authorize: session cookie", |at, _, it| {
        with_cookie(at, &format!("__Host-writ_session_{}", at.tenant.slug), it)
    }),
    ("authorize: browser cookie", |at, _, it| {
        with_cookie(at, &format!("__Host-writ_browser_{}", at.tenant.slug), it)
    }),
    ("authorize: the other's session cookie", |at, _, it| {
        with_cookie(at, "__Host-writ_session_acme", it)
    }),
    ("authorize: request_uri", |at, _, it| {
        let url = at
            .public
            .authorization_request()
            .with("prompt", "none")
            .with("request_uri", it)
            .url();
        at.tenant.wire().request(Method::GET, &url)
    }),
    ("continue: pending", |at, _, it| {
        at.request(Method::GET, "authorize/continue")
            .query(&[("pending", it)])
    }),
    ("continue: pending, signed in", |at, _, it| {
        let cookies = format!("{}; {}", at.cookie("session"), at.cookie("browser"));
        at.request(Method::GET, "authorize/continue")
            .query(&[("pending", it)])
            .header("cookie", cookies)
    }),
    ("login: pending", |at, _, it| {
        at.step(
            "login",
            &[
                ("pending", it),
                ("username", "alice"),
                ("password", "the password of alice"),
            ],
        )
    }),
    ("consent: pending", |at, _, it| {
        at.step(
            "consent",
            &[
                ("pending", it),
                ("decision", "allow"),
                ("scope", "notes:read"),
            ],
        )
    }),
];

fn basic(request: RequestBuilder, id: &str, secret: &str) -> RequestBuilder {
    match secret.split_once(':') {
        Some((id, secret)) => request.basic_auth(id, Some(secret)),
        None => request.basic_auth(id, Some(secret)),
    }
}

fn with_cookie(at: &Place, name: &str, value: &str) -> RequestBuilder {
    let url = at
        .public
        .authorization_request()
        .with("prompt", "login consent")
        .url();
    at.tenant
        .wire()
        .request(Method::GET, &url)
        .header("cookie", format!("{name}={value}"))
}

/// The same kind of thing, of the same length, that nobody ever made.
fn made_up(genuine: &str) -> String {
    let urn = "urn:ietf:params:oauth:request_uri:";
    let keep = match genuine {
        it if it.starts_with("writ_") => 8,
        it if it.starts_with(urn) => urn.len(),
        _ => 0,
    };
    let (prefix, rest) = genuine.split_at(keep);
    // The last character of base64 has bits that must be zero.
    let (changed, last) = rest.split_at(rest.len() - 1);
    let other = |character: char| match character {
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        'a'..='y' | 'A'..='Y' | '0'..='8' => char::from_u32(u32::from(character) + 1).unwrap(),
        other => other,
    };
    let changed: String = changed.chars().map(other).collect();
    format!("{prefix}{changed}{last}")
}

/// O1, D7: everything that opens something at one tenant, at every place of another, on the same host and on a
/// host of its own: it looks like something made up, and is unharmed afterwards.
#[tokio::test]
async fn what_is_one_tenants_is_garbage_at_another() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let others = [
        Place::of(app.tenant("globex").await).await,
        Place::of(app.tenant_at("initech", "https://login.initech.test").await).await,
    ];
    let haul = Haul::of(&acme).await;

    let mut compared = 0;
    for other in &others {
        for (slot, present) in SLOTS.iter().chain(other_ways_in::SLOTS) {
            for (kind, genuine) in &haul.all {
                let garbage = made_up(genuine);
                let stolen = Answer::of(present(other, &haul, genuine)).await;
                let invented = Answer::of(present(other, &haul, &garbage)).await;
                let place = format!("{kind} at {slot} of {}", other.tenant.slug);
                assert_eq!(seen(&stolen, genuine), seen(&invented, &garbage), "{place}");
                assert!(!stolen.body.contains("access_token"), "{place}: {stolen:?}");
                assert!(!stolen.status.is_server_error(), "{place}: {stolen:?}");
                compared += 1;
            }
        }
    }
    let slots = SLOTS.len() + other_ways_in::SLOTS.len();
    assert_eq!(compared, 2 * slots * haul.all.len());

    assert!(
        acme.resource_server
            .accepts(&haul.tokens.access_token)
            .await
    );
    acme.public.redeem(&haul.code).await.tokens();
    acme.public
        .refresh(haul.tokens.refresh_token())
        .await
        .tokens();
    let quietly = acme
        .confidential
        .authorization_request()
        .open(&acme.browser)
        .await;
    assert!(quietly.is_consent(), "still signed in: {quietly:?}");
}

/// O1: the same matrix at home shows that it would notice: what is genuine is not answered like garbage.
#[tokio::test]
async fn what_is_ones_own_is_not_garbage_at_home() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let haul = Haul::of(&acme).await;
    for (slot, kind) in [
        ("introspect: token", "access token"),
        ("token: client_secret", "client secret"),
        ("token: Basic", "client_id and secret"),
        ("introspect: client_secret", "resource secret"),
        ("introspect: Basic", "resource id and secret"),
        ("authorize: session cookie", "session cookie"),
        ("token: client_id", "registered client_id"),
        ("registered client: Bearer", "registration access token"),
        ("continue: pending, signed in", "pending of a sign-in"),
        ("consent: pending", "pending of a consent"),
        ("token: code", "code"),
        ("token: refresh_token", "refresh token"),
        ("token: device_code", "device code"),
        ("device: user_code", "user code"),
        ("authorize: request_uri", "request_uri"),
    ] {
        let (_, present) = SLOTS
            .iter()
            .chain(other_ways_in::SLOTS)
            .find(|(name, _)| *name == slot)
            .unwrap();
        let genuine = &haul.all[kind];
        let garbage = made_up(genuine);
        let right = Answer::of(present(&acme, &haul, genuine)).await;
        let invented = Answer::of(present(&acme, &haul, &garbage)).await;
        if slot != "authorize: session cookie" {
            assert_ne!(
                seen(&right, genuine),
                seen(&invented, &garbage),
                "{kind} at {slot}: {right:?}"
            );
        }
    }
}
