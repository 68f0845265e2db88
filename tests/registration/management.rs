//! A client looks after its registration (RFC 7592): reads, changes and removes it with the one token
//! that belongs to it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::register;
use crate::harness::{Answer, TestApp, TestTenant};

const CALLBACK: &str = "https://client.example/callback";
/// With this much between them no limit is reached.
const BETWEEN_UPDATES: Duration = Duration::from_secs(6);

/// A registration, as the client keeps it.
#[derive(Clone)]
struct Registration {
    tenant_wire: crate::harness::Wire,
    made: Value,
}

impl Registration {
    async fn of(tenant: &TestTenant, body: &Value) -> Self {
        let made = register(tenant, body).await;
        Self {
            tenant_wire: tenant.wire().clone(),
            made,
        }
    }

    fn client_id(&self) -> &str {
        self.made["client_id"].as_str().unwrap()
    }

    fn uri(&self) -> &str {
        self.made["registration_client_uri"].as_str().unwrap()
    }

    fn token(&self) -> &str {
        self.made["registration_access_token"].as_str().unwrap()
    }

    async fn call(&self, method: Method, body: Option<&Value>) -> Answer {
        self.call_at(self.uri(), self.token(), method, body).await
    }

    async fn call_at(
        &self,
        uri: &str,
        token: &str,
        method: Method,
        body: Option<&Value>,
    ) -> Answer {
        let request = self.tenant_wire.request(method, uri).bearer_auth(token);
        Answer::of(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    async fn read(&self) -> Answer {
        self.call(Method::GET, None).await
    }

    async fn put(&self, changes: Value) -> Answer {
        let mut body = json!({ "client_id": self.client_id(), "redirect_uris": [CALLBACK] });
        for (member, value) in changes.as_object().unwrap() {
            body[member] = value.clone();
        }
        self.call(Method::PUT, Some(&body)).await
    }

    /// Changes, and goes on with the token that came back.
    async fn update(&mut self, changes: Value) -> Value {
        let answer = self.put(changes).await.expect_status(200).json();
        self.made["registration_access_token"] = answer["registration_access_token"].clone();
        answer
    }
}

fn web() -> Value {
    json!({
        "redirect_uris": [CALLBACK],
        "client_name": "Notes",
        "token_endpoint_auth_method": "client_secret_post",
        "scope": "notes:read notes:write",
    })
}

/// RFC 7592 §2.1, §3: the URL is the canonical one, the token comes back, the secret does not.
#[tokio::test]
async fn a_client_reads_its_registration() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = Registration::of(&acme, &web()).await;
    let expected = format!("{}/{}", acme.url("register"), client.client_id());
    assert_eq!(client.uri(), expected);
    assert!(client.token().starts_with("writ_rat_"));

    let read = client.read().await.expect_status(200);
    assert!(read.header("cache-control").contains("no-store"));
    let read = read.json();
    for member in [
        "client_id",
        "client_id_issued_at",
        "redirect_uris",
        "grant_types",
        "response_types",
        "token_endpoint_auth_method",
        "client_name",
        "scope",
        "registration_access_token",
        "registration_client_uri",
    ] {
        assert_eq!(read[member], client.made[member], "{member}");
    }
    assert_eq!(read.get("client_secret"), None);

    let alias = acme.url(&format!(
        "clients-registrations/openid-connect/{}",
        client.client_id()
    ));
    let aliased = client
        .call_at(&alias, client.token(), Method::GET, None)
        .await;
    assert_eq!(aliased.expect_status(200).json(), read);
    let posted = client.call(Method::POST, Some(&web())).await;
    assert_eq!(posted.status.as_u16(), 405);
    assert_eq!(posted.header("allow"), "GET, PUT, DELETE, HEAD, OPTIONS");
}

/// RFC 7592 §2.2: an update replaces all of it, at once, and the token with it.
#[tokio::test]
async fn an_update_replaces_the_metadata_and_the_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut client = Registration::of(&acme, &web()).await;
    let before = client.clone();
    let moved = "https://client.example/moved";
    let secret = client.made["client_secret"].clone();
    let answer = client
        .update(
            json!({ "redirect_uris": [moved], "client_name": "Notes 2", "client_secret": secret }),
        )
        .await;
    assert_eq!(answer["client_id"], client.client_id());
    assert_eq!(answer["client_name"], "Notes 2");
    assert_eq!(answer["redirect_uris"], json!([moved]));
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(answer.get("client_secret"), None);
    assert_ne!(client.token(), before.token());
    before.read().await.is_refused(401, "invalid_token");
    assert_eq!(client.read().await.json()["client_name"], "Notes 2");

    // The secret goes on, and the old address is no longer one.
    let mut made = client.made.clone();
    let alice = acme.browser_of("alice").await;
    let old = acme.client_of(&made).authorization_request();
    assert!(old.open(&alice).await.is_error());
    made["redirect_uris"] = json!([moved]);
    acme.client_of(&made).tokens_of(&alice).await;
    let event = super::next_event(&acme, "client.updated").await;
    assert_eq!(
        (&event["actor_kind"], &event["target_id"]),
        (&json!("client"), &json!(client.client_id()))
    );
}

/// J9: the token belongs to one client of one tenant; every other one gets one and the same answer.
#[tokio::test]
async fn a_token_is_good_for_its_own_client_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let mine = Registration::of(&acme, &web()).await;
    let other = Registration::of(&acme, &web()).await;
    let foreign = Registration::of(&globex, &web()).await;
    let confidential = acme.confidential_client().await;
    let of_static = format!("{}/{}", acme.url("register"), confidential.client_id);
    let unknown = format!("{}/c_unknown", acme.url("register"));
    let wrong_kind = mine.token().replace("writ_rat_", "writ_iat_");
    let mut body = web();
    body["client_id"] = mine.made["client_id"].clone();
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let body = (method == Method::PUT).then_some(&body);
        let mut said = Vec::new();
        for (uri, token) in [
            (mine.uri(), other.token()),
            (mine.uri(), foreign.token()),
            (mine.uri(), "writ_rat_garbage"),
            (mine.uri(), wrong_kind.as_str()),
            (mine.uri(), mine.made["client_secret"].as_str().unwrap()),
            (of_static.as_str(), mine.token()),
            (unknown.as_str(), mine.token()),
        ] {
            let refused = mine.call_at(uri, token, method.clone(), body).await;
            refused.is_refused(401, "invalid_token");
            assert!(refused.header("www-authenticate").starts_with("Bearer "));
            said.push(refused.text("error_description"));
        }
        said.dedup();
        assert_eq!(said.len(), 1, "{said:?}");
    }
    let without = mine.tenant_wire.get(mine.uri()).await;
    without.is_refused(401, "invalid_token");
    mine.read().await.expect_status(200);
    foreign.read().await.expect_status(200);
}

/// J9: an update goes through every rule of a registration again, and changes nobody's identity.
#[tokio::test]
async fn an_update_is_held_to_every_rule() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = Registration::of(&acme, &web()).await;
    let before = client.read().await.json();
    for (change, status, error) in [
        (
            json!({ "redirect_uris": ["http://evil.example/"] }),
            400,
            "invalid_redirect_uri",
        ),
        (
            json!({ "redirect_uris": ["javascript:alert(1)"] }),
            400,
            "invalid_redirect_uri",
        ),
        (json!({ "redirect_uris": [] }), 400, "invalid_redirect_uri"),
        (
            json!({ "client_name": "a\u{202e}b" }),
            400,
            "invalid_client_metadata",
        ),
        (
            json!({ "logo_uri": "http://client.example" }),
            400,
            "invalid_client_metadata",
        ),
        (
            json!({ "client_id": "c_other" }),
            400,
            "invalid_client_metadata",
        ),
        (json!({ "client_id": null }), 400, "invalid_client_metadata"),
        (
            json!({ "client_secret": "writ_cs_mine" }),
            400,
            "invalid_client_metadata",
        ),
        (
            json!({ "token_endpoint_auth_method": "none" }),
            400,
            "invalid_client_metadata",
        ),
        (
            json!({ "token_endpoint_auth_method": "magic" }),
            400,
            "invalid_client_metadata",
        ),
    ] {
        app.clock().advance(BETWEEN_UPDATES);
        let refused = client.put(change.clone()).await;
        assert_eq!(refused.json()["error"], error, "{change}");
        refused.is_refused(status, error);
    }
    for body in ["", "[]", "null", "{"] {
        app.clock().advance(BETWEEN_UPDATES);
        let request = client
            .tenant_wire
            .request(Method::PUT, client.uri())
            .bearer_auth(client.token())
            .body(body);
        Answer::of(request)
            .await
            .is_refused(400, "invalid_client_metadata");
    }
    assert_eq!(client.read().await.json(), before, "nothing of it happened");

    // The tenant's policy of today, not of the day of the registration.
    let hosts = json!({ "registration_redirect_hosts": ["other.example"] });
    acme.change("", &hosts).await;
    client.put(json!({})).await.is_refused(403, "access_denied");
    acme.change("", &json!({ "registration_redirect_hosts": null }))
        .await;
    acme.change("", &json!({ "registration_policy": "off" }))
        .await;
    client.put(json!({})).await.is_refused(403, "access_denied");
    client.read().await.expect_status(200);
    acme.change("", &json!({ "registration_policy": "open" }))
        .await;
    client.put(json!({})).await.expect_status(200);
}

/// J9: what an administrator cut stays cut, and what only one may give is not to be had.
#[tokio::test]
async fn an_update_never_widens_what_a_client_has() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut client = Registration::of(&acme, &web()).await;
    let path = format!("/clients/{}", client.client_id());
    let narrowed = json!({ "scope": "notes:read", "grant_types": ["authorization_code"], "access_token_lifetime": 120 });
    acme.change(&path, &narrowed).await;
    let answer = client
        .update(json!({
            "scope": "notes:read notes:write",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "is_enabled": true, "origin": "static", "access_token_lifetime": 86400, "trusted": true,
            "resources": [], "tenant_id": "x",
        }))
        .await;
    assert_eq!(answer["scope"], "notes:read");
    assert_eq!(answer["grant_types"], json!(["authorization_code"]));
    // Who leaves it out is still limited.
    client.update(json!({})).await;
    let seen = acme.admin().get(&acme.path(&path)).await.json();
    assert_eq!(seen["scope"], "notes:read");
    assert_eq!(seen["origin"], "registered");
    assert_eq!(seen["access_token_lifetime"], 120);
}

/// J9: a disabled client can do nothing about it, and the token is no way round.
#[tokio::test]
async fn a_disabled_client_cannot_help_itself() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = Registration::of(&acme, &web()).await;
    let path = format!("/clients/{}", client.client_id());
    acme.change(&path, &json!({ "is_enabled": false })).await;
    for answer in [
        client.read().await,
        client.put(json!({ "is_enabled": true })).await,
        client.call(Method::DELETE, None).await,
    ] {
        answer.is_refused(403, "access_denied");
        assert!(answer.text("error_description").contains("administrator"));
    }
    let seen = acme.admin().get(&acme.path(&path)).await.json();
    assert_eq!(seen["is_enabled"], false);
    acme.change(&path, &json!({ "is_enabled": true })).await;
    client.put(json!({})).await.expect_status(200);
}

/// RFC 7592 §2.3: removed is removed: the registration, its secret, its grants and its tokens.
#[tokio::test]
async fn a_removed_registration_takes_its_grants_along() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = Registration::of(&acme, &web()).await;
    let oauth = acme.client_of(&client.made);
    let tokens = oauth.tokens_of(&acme.browser_of("alice").await).await;
    let resource_server = acme.resource_credential().await;
    assert!(resource_server.accepts(&tokens.access_token).await);

    let removed = client.call(Method::DELETE, None).await.expect_status(204);
    assert_eq!(removed.body, "");
    assert!(!resource_server.accepts(&tokens.access_token).await);
    oauth
        .refresh(tokens.refresh_token())
        .await
        .is_refused(401, "invalid_client");
    client.read().await.is_refused(401, "invalid_token");
    client
        .call(Method::DELETE, None)
        .await
        .is_refused(401, "invalid_token");
    let event = super::next_event(&acme, "client.deleted").await;
    assert_eq!(event["target_id"], client.client_id());
    for (operation, outcome, count) in [("delete", "done", 1), ("delete", "refused", 1)] {
        let name = format!(
            "writ_registration_management_total{{operation=\"{operation}\",outcome=\"{outcome}\"}}"
        );
        assert_eq!(app.metric(&name).await, Some(count), "{name}");
    }
}

/// A client that begins to authenticate is given what it needs, and held to it from then on.
#[tokio::test]
async fn a_client_may_grow_an_authentication() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let public = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    let mut client = Registration::of(&acme, &public).await;
    let method = json!({ "token_endpoint_auth_method": "client_secret_basic" });
    let answer = client.update(method).await;
    assert_eq!(answer["client_secret_expires_at"], 0);
    let grown = acme.client_of(&answer);
    let alice = acme.browser_of("alice").await;
    let code = grown.code_from(&alice).await;
    acme.client_of(&client.made)
        .redeem(&code)
        .await
        .is_refused(401, "invalid_client");
    grown.redeem(&code).await.tokens();

    let keys = json!({ "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://client.example/jwks" });
    assert_eq!(client.update(keys).await.get("client_secret"), None);
    let code = grown.code_from(&alice).await;
    grown.redeem(&code).await.is_refused(401, "invalid_client");
}

/// J9, R-rows: guessing is limited by address, and does not lock the client itself out elsewhere.
#[tokio::test]
async fn guessing_a_registration_token_is_limited() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let client = Registration::of(&acme, &web()).await;
    let from = |address: &'static str, token: String| {
        Answer::of(
            client
                .tenant_wire
                .request(Method::GET, client.uri())
                .header("x-forwarded-for", address)
                .bearer_auth(token),
        )
    };
    let mut limited = None;
    for _ in 0..40 {
        let answer = from("192.0.2.1", "writ_rat_guess".to_owned()).await;
        if answer.status.as_u16() == 429 {
            limited = Some(answer);
            break;
        }
        answer.is_refused(401, "invalid_token");
    }
    let limited = limited.expect("a limit");
    assert!(limited.header("retry-after").parse::<u64>().unwrap() >= 1);
    from("192.0.2.2", client.token().to_owned())
        .await
        .expect_status(200);
}

/// J2, J9: each update writes, so one client gets few of them; reading and other clients go on.
#[tokio::test]
async fn updates_of_one_registration_are_limited() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut client = Registration::of(&acme, &web()).await;
    let mut other = Registration::of(&acme, &web()).await;
    for number in 0..10 {
        client
            .update(json!({ "client_name": format!("Notes {number}") }))
            .await;
    }
    let limited = client.put(json!({})).await;
    limited.is_refused(429, "temporarily_unavailable");
    let wait = limited.header("retry-after").parse::<u64>().unwrap();
    client.read().await.expect_status(200);
    other.update(json!({})).await;
    app.clock().advance(Duration::from_secs(wait));
    client.update(json!({})).await;
}

/// J9: whoever has no token takes no lock on the client's row, and waits for nobody's.
#[tokio::test]
async fn a_wrong_token_locks_no_row() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = Registration::of(&acme, &web()).await;
    let other = Registration::of(&acme, &web()).await;
    let mut connection = app.database().db_connect_as_superuser().await;
    let mut transaction = sqlx::Connection::begin(&mut connection).await.unwrap();
    sqlx::query("select 1 from clients where client_id = $1 for update")
        .bind(client.client_id())
        .execute(&mut *transaction)
        .await
        .unwrap();
    let mut body = web();
    body["client_id"] = client.made["client_id"].clone();
    for method in [Method::PUT, Method::DELETE] {
        let body = (method == Method::PUT).then_some(&body);
        let refused = client.call_at(client.uri(), other.token(), method, body);
        // One that waited for the lock would be answered too, but with 503.
        refused.await.is_refused(401, "invalid_token");
    }
}
