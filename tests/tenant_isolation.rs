//! What belongs to one tenant is worth nothing at another: the same answer as for something made up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use sqlx::{Executor as _, Row as _};

use crate::harness::{
    Answer, Browser, ClientAuthentication, IssuedCode, OAuthClient, ResourceServer, TestApp,
    TestAppOptions, TestTenant, Tokens,
};

/// A tenant with the same names in it as in every other one: nothing is kept apart by being called otherwise.
struct Place {
    tenant: TestTenant,
    public: OAuthClient,
    confidential: OAuthClient,
    resource_server: ResourceServer,
    /// Alice has signed in here.
    browser: Browser,
    /// What the sign-in page of this browser carried.
    pending: String,
}

impl Place {
    async fn of(tenant: TestTenant) -> Self {
        let public = json!({
            "client_id": "notes-desktop",
            "client_name": "Notes",
            "redirect_uris": ["https://notes.example/callback"],
            "token_endpoint_auth_method": "none",
        });
        let confidential = json!({
            "client_id": "notes-web",
            "client_name": "Notes",
            "redirect_uris": ["https://notes.example/callback"],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic",
        });
        let public = tenant.client(&public).await;
        let browser = tenant.browser_of("alice").await;
        let login = public.authorization_request().open(&browser).await;
        let alice = tenant.user("alice").await;
        browser
            .log_in(&login, &alice.username, &alice.password)
            .await
            .consent_form();
        Self {
            confidential: tenant.client(&confidential).await,
            resource_server: tenant.resource_credential().await,
            pending: login.login_form().value("pending").to_owned(),
            public,
            browser,
            tenant,
        }
    }

    fn request(&self, method: Method, endpoint: &str) -> RequestBuilder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // From another address each time: how often one may try is another test's.
        let [_, a, b, c] = NUMBER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let request = self
            .tenant
            .wire()
            .request(method, &self.tenant.url(endpoint));
        request.header("x-forwarded-for", format!("10.{a}.{b}.{c}"))
    }

    fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, endpoint).form(fields)
    }

    fn cookie(&self, thing: &str) -> String {
        let name = format!("__Host-writ_{thing}_{}", self.tenant.slug);
        format!("{name}={}", self.browser.cookie(&name).unwrap().value)
    }

    /// A step of our own pages, by Alice's browser, as one of our own forms sends it.
    fn step(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let cookies = format!("{}; {}", self.cookie("session"), self.cookie("browser"));
        let origin = url::Url::parse(&self.tenant.issuer)
            .unwrap()
            .origin()
            .ascii_serialization();
        let request = self.post(endpoint, fields).header("cookie", cookies);
        request
            .header("origin", origin)
            .header("sec-fetch-site", "same-origin")
    }
}

/// Everything of a tenant that opens something there.
struct Haul {
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
        let stranger = tenant
            .registered_client("https://stranger.example/callback")
            .await;
        let consent = place
            .public
            .authorization_request()
            .with("prompt", "consent")
            .open(browser)
            .await;
        let (server, secret) = (&place.resource_server, place.confidential.secret().unwrap());
        let value = |cookie: String| cookie.split_once('=').unwrap().1.to_owned();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let key = json!({ "name": "a script", "tenant": tenant.slug, "access": "write" });
        let key = tenant.admin().create("/admin/v1/admin-keys", &key).await;
        let all = BTreeMap::from([
            ("code", code.code.clone()),
            ("refresh token", tokens.refresh_token().to_owned()),
            ("access token", tokens.access_token.clone()),
            ("client's own access token", own.access_token),
            ("registered client_id", stranger.client_id),
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
        Self { code, tokens, all }
    }
}

/// Where something can be presented. In each of these everything else about the request is right.
type Slot = (&'static str, fn(&Place, &Haul, &str) -> RequestBuilder);

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
    let keep = if genuine.starts_with("writ_") { 8 } else { 0 };
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

/// What a caller can tell one answer from another by.
fn seen(answer: &Answer, presented: &str) -> (u16, BTreeMap<String, String>, String) {
    let own = ["date", "x-request-id", "content-length"];
    let hide = |text: &str| {
        let text = text
            .replace(presented, "…")
            .replace(answer.header("x-request-id"), "…");
        // A login page carries another sealed request each time.
        match text.split_once("name=\"pending\" value=\"") {
            Some((before, after)) => format!(
                "{before}{}",
                after.split_once('"').map_or("", |(_, after)| after)
            ),
            None => text,
        }
    };
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = value.to_str().unwrap();
            let value = if name == "set-cookie" {
                value.split('=').next().unwrap()
            } else {
                value
            };
            (name.to_string(), hide(value))
        });
    (
        answer.status.as_u16(),
        headers.collect(),
        hide(&answer.body),
    )
}

async fn app_behind_a_proxy() -> TestApp {
    TestApp::start_with(TestAppOptions::default().with("WRIT_TRUSTED_PROXIES", "127.0.0.1")).await
}

/// O1, D7: everything that opens something at one tenant, at every place of another, on the same host and on a
/// host of its own: it looks like something made up, and is unharmed afterwards.
#[tokio::test]
async fn what_is_one_tenants_is_garbage_at_another() {
    let app = app_behind_a_proxy().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let others = [
        Place::of(app.tenant("globex").await).await,
        Place::of(app.tenant_at("initech", "https://login.initech.test").await).await,
    ];
    let haul = Haul::of(&acme).await;

    let mut compared = 0;
    for other in &others {
        for (slot, present) in SLOTS {
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
    assert_eq!(compared, 2 * SLOTS.len() * haul.all.len());

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
    let app = app_behind_a_proxy().await;
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
        ("continue: pending, signed in", "pending of a sign-in"),
        ("consent: pending", "pending of a consent"),
        ("token: code", "code"),
        ("token: refresh_token", "refresh token"),
    ] {
        let (_, present) = SLOTS.iter().find(|(name, _)| *name == slot).unwrap();
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

/// O1: an admin key for one tenant sees nothing of another, not even that it is there.
#[tokio::test]
async fn an_admin_key_of_one_tenant_finds_no_other() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let key = json!({ "name": "a script", "tenant": "acme", "access": "write" });
    let key = app.admin().create("/admin/v1/admin-keys", &key).await;
    let script = app.admin().with_key(key["admin_key"].as_str().unwrap());
    script.get(&acme.path("/clients")).await.expect_status(200);
    for below in [
        "",
        "/clients",
        "/users",
        "/resources",
        "/grants",
        "/audit-events",
        "/signing-keys",
    ] {
        let there = script.get(&globex.path(below)).await;
        let nowhere = script
            .get(&globex.path(below).replace("globex", "nobody"))
            .await;
        assert_eq!(there.status, nowhere.status, "{below}: {there:?}");
        assert!(
            [403, 404].contains(&there.status.as_u16()),
            "{below}: {there:?}"
        );
        assert_eq!(there.json()["title"], nowhere.json()["title"], "{below}");
    }
}

/// O3: the same names in two tenants are different people and different things.
#[tokio::test]
async fn the_same_names_in_two_tenants_never_interact() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let globex = Place::of(app.tenant("globex").await).await;
    // The very same resource, known to both.
    let same = "https://shared.test/mcp";
    let (of_acme, of_globex) = (
        acme.tenant.another_resource(same).await,
        globex.tenant.another_resource(same).await,
    );
    let (here, there) = (haul_for(&acme, same).await, haul_for(&globex, same).await);
    assert_ne!(here.claims()["sub"], there.claims()["sub"]);
    assert_eq!(here.claims()["aud"], there.claims()["aud"]);
    assert!(
        !acme
            .tenant
            .resource_credential_of(&of_acme)
            .await
            .accepts(&there.access_token)
            .await
    );
    let guard = globex.tenant.resource_credential_of(&of_globex).await;
    assert!(guard.accepts(&there.access_token).await);

    // The same name and the same secret: a secret that both chose.
    let chosen = json!({
        "client_id": "chosen", "client_secret": "a-secret-that-both-tenants-chose-0123456789",
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post",
    });
    let (one, two) = (
        acme.tenant.client(&chosen).await,
        globex.tenant.client(&chosen).await,
    );
    let own = one.client_credentials(None).await.tokens();
    assert_eq!(own.claims()["iss"], acme.tenant.issuer.as_str());
    two.revoke(&own.access_token).await.expect_status(200);
    assert!(acme.resource_server.accepts(&own.access_token).await);

    // What happens to acme's happens to acme's alone.
    let alice = acme.tenant.user("alice").await;
    acme.tenant
        .change(
            &format!("/users/{}", alice.id),
            &json!({ "is_enabled": false }),
        )
        .await;
    for client in ["notes-desktop", "notes-web", "chosen"] {
        acme.tenant
            .admin()
            .delete(&acme.tenant.path(&format!("/clients/{client}")))
            .await
            .expect_status(204);
    }
    acme.tenant
        .admin()
        .delete(&acme.tenant.path(&format!("/resources/{}", of_acme.id)))
        .await
        .expect_status(204);
    assert!(guard.accepts(&there.access_token).await);
    globex.public.refresh(there.refresh_token()).await.tokens();
    two.client_credentials(None).await.tokens();
    globex.public.tokens_of(&globex.browser).await;
}

async fn haul_for(place: &Place, resource: &str) -> Tokens {
    place
        .public
        .clone()
        .with_resource(Some(resource))
        .tokens_of(&place.browser)
        .await
}

/// O1, L4: one browser, two tenants on one host: neither the session nor the remembered consent goes over.
#[tokio::test]
async fn a_session_and_a_consent_stay_at_their_tenant() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let globex = Place::of(app.tenant("globex").await).await;
    acme.confidential.tokens_of(&acme.browser).await;
    // Remembered: no page.
    let again = acme
        .confidential
        .authorization_request()
        .with("prompt", "none")
        .open(&acme.browser)
        .await;
    assert!(again.location().as_str().contains("code="), "{again:?}");

    let abroad = globex.confidential.authorization_request();
    assert!(abroad.open(&acme.browser).await.is_login());
    let quiet = abroad.with("prompt", "none").open(&acme.browser).await;
    assert!(
        quiet.location().as_str().contains("error=login_required"),
        "{quiet:?}"
    );
    // Alice of globex is signed in, and was never asked about this client there.
    assert!(
        globex
            .confidential
            .authorization_request()
            .open(&globex.browser)
            .await
            .is_consent()
    );
}

/// O6: a suspended tenant answers nothing, like one that never was; resumed, it goes on where it stood.
#[tokio::test]
async fn a_suspended_tenant_answers_nothing_and_goes_on_afterwards() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let globex = Place::of(app.tenant("globex").await).await;
    let tokens = acme.public.tokens_of(&acme.browser).await;

    acme.tenant
        .change("", &json!({ "state": "suspended" }))
        .await;
    answers_nothing(&app, &acme, &tokens).await;
    assert!(
        globex
            .confidential
            .client_credentials(None)
            .await
            .tokens()
            .refresh_token
            .is_none()
    );

    acme.tenant.change("", &json!({ "state": "active" })).await;
    assert!(acme.resource_server.accepts(&tokens.access_token).await);
    acme.public.refresh(tokens.refresh_token()).await.tokens();
}

/// O6: a deleted one never answers again.
#[tokio::test]
async fn a_deleted_tenant_answers_nothing_for_ever() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    let globex = Place::of(app.tenant("globex").await).await;
    let tokens = acme.public.tokens_of(&acme.browser).await;
    let theirs = globex.public.tokens_of(&globex.browser).await;

    app.admin()
        .delete(&acme.tenant.path(""))
        .await
        .expect_status(204);
    answers_nothing(&app, &acme, &tokens).await;
    for below in ["", "/clients", "/users"] {
        app.admin()
            .get(&acme.tenant.path(below))
            .await
            .expect_status(404);
    }
    globex.public.refresh(theirs.refresh_token()).await.tokens();
}

async fn answers_nothing(app: &TestApp, place: &Place, tokens: &Tokens) {
    let nobody = |endpoint: &str| format!("{}/t/nobody/{endpoint}", app.public_url());
    for url in place.tenant.well_known_urls() {
        app.wire()
            .get(&url)
            .await
            .is_refused(404, "invalid_request");
    }
    for endpoint in [
        ".well-known/jwks.json",
        "token",
        "introspect",
        "revoke",
        "register",
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let there = Answer::of(
                place
                    .tenant
                    .wire()
                    .request(method.clone(), &place.tenant.url(endpoint)),
            )
            .await;
            let nowhere = Answer::of(app.wire().request(method, &nobody(endpoint))).await;
            assert_eq!(
                seen(&there, "nothing"),
                seen(&nowhere, "nothing"),
                "{endpoint}"
            );
        }
    }
    place
        .public
        .authorization_request()
        .open(&place.browser)
        .await
        .answer()
        .is_shown(404);
    for answer in [
        place.public.refresh(tokens.refresh_token()).await,
        place.public.revoke(tokens.refresh_token()).await,
        place.confidential.client_credentials(None).await,
        place
            .resource_server
            .introspect_answer(&tokens.access_token)
            .await,
    ] {
        answer.is_refused(404, "invalid_request");
    }
}

/// O4: the last lock: as the application's role, a statement that forgets the tenant errors or sees its own only.
#[tokio::test]
async fn the_database_keeps_tenants_apart_by_itself() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    Place::of(app.tenant("globex").await).await;
    let id = app
        .admin()
        .get(&acme.tenant.path(""))
        .await
        .expect_status(200)
        .text("id");

    let mut connection = app.database().db_connect().await;
    connection.execute("set role writ_app").await.unwrap();
    connection
        .execute("select * from clients")
        .await
        .unwrap_err();
    connection
        .execute("select * from tenants")
        .await
        .unwrap_err();
    let set = sqlx::query("select set_config('app.tenant_id', $1, false)").bind(&id);
    set.execute(&mut connection).await.unwrap();
    let row = connection
        .fetch_one("select count(distinct tenant_id), min(tenant_id::text) from clients")
        .await
        .unwrap();
    assert_eq!((row.get::<i64, _>(0), row.get::<String, _>(1)), (1, id));
}

/// E6, O1: authentication is never skipped because the name is known elsewhere.
#[tokio::test]
async fn a_client_that_is_public_elsewhere_must_still_authenticate_here() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let metadata = |method: &str| {
        json!({
            "client_id": "notes",
            "redirect_uris": ["https://notes.example/callback"],
            "token_endpoint_auth_method": method,
        })
    };
    let public = acme.client(&metadata("none")).await;
    let confidential = globex.client(&metadata("client_secret_basic")).await;
    let tokens = confidential
        .tokens_of(&globex.browser_of("alice").await)
        .await;

    let without = confidential
        .clone()
        .with_authentication(ClientAuthentication::None);
    without
        .refresh(tokens.refresh_token())
        .await
        .is_refused(401, "invalid_client");
    public
        .refresh(tokens.refresh_token())
        .await
        .is_refused(400, "invalid_grant");
    confidential.refresh(tokens.refresh_token()).await.tokens();
}
