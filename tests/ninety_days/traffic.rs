//! What happens at a tenant in a day: all ways in, used as they are meant, given up half-way, and abused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Browser, ClientKey, Decision, DpopSigner, OAuthClient, Served, TestApp, TestInternet,
    TestTenant,
};

const LOCAL: &str = "http://127.0.0.1/callback";

pub(super) struct Traffic<'a> {
    app: &'a TestApp,
    acme: &'a TestTenant,
    internet: &'a TestInternet,
    /// Signs people in, and is told when they sign out.
    portal: OAuthClient,
    /// Proves itself by a key, and binds its tokens to another.
    service: OAuthClient,
    television: OAuthClient,
    dpop: DpopSigner,
}

const HOOK: &str = "https://client.test/hook";

impl<'a> Traffic<'a> {
    pub(super) async fn begin(
        app: &'a TestApp,
        acme: &'a TestTenant,
        internet: &'a TestInternet,
    ) -> Self {
        let key = ClientKey::generate("ES256", "service");
        let portal = json!({
            "client_name": "A portal",
            "redirect_uris": ["https://portal.example/callback"],
            "post_logout_redirect_uris": ["https://portal.example/signed-out"],
            "backchannel_logout_uri": "https://client.test/signed-out",
            "token_endpoint_auth_method": "client_secret_basic",
        });
        let service = json!({
            "client_id": "service",
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": key.jwks(),
        });
        let clock = app.shared_clock();
        let portal = acme.client(&portal).await;
        // The first answers are lost: what is told is told again, and given up in the end.
        internet.serve("https://client.test/signed-out", Served::status(503));
        acme.resource_credential().await;
        // It answers, most of the time.
        internet.serve(HOOK, Served::new(200, "text/plain", ""));
        let hook = json!({ "name": "all", "url": HOOK, "events": ["*", "refresh_token.rotated"] });
        acme.admin().create(&acme.path("/webhooks"), &hook).await;
        Self {
            dpop: DpopSigner::new(app),
            service: acme.client(&service).await.signing(&key, clock),
            television: acme.device_client().await,
            portal,
            app,
            acme,
            internet,
        }
    }

    pub(super) async fn of_a_day(&mut self, day: usize) {
        let browser = self.acme.browser_of("alice").await;
        self.portal_is_used(&browser).await;
        self.strangers_register(&browser, day).await;
        self.documents_are_shown(&browser, day).await;
        if day.is_multiple_of(7) {
            // Somebody who never signs out.
            self.portal
                .code_from(&self.acme.browser_of("bob").await)
                .await;
        }
        self.televisions_ask(&browser).await;
        self.service_works(day).await;
        self.operator_works(day).await;
        self.webhooks_are_told(day).await;
        self.portal_is_left(&browser).await;
    }

    /// Sign-in, refresh, a token bound to a key, one that is revoked, a code that nobody redeems.
    async fn portal_is_used(&self, browser: &Browser) {
        let tokens = self.portal.tokens_of(browser).await;
        let renewed = self.portal.refresh(tokens.refresh_token()).await.tokens();
        self.portal
            .revoke(renewed.refresh_token())
            .await
            .expect_status(200);
        let code = self.portal.code_from(browser).await;
        let bound = self.portal.proving(&self.dpop).redeem(&code).await;
        assert_eq!(bound.expect_status(200).json()["token_type"], "DPoP");
        self.portal.code_from(browser).await;
    }

    /// One stranger signs in and never comes back, two do not even sign in.
    async fn strangers_register(&self, browser: &Browser, day: usize) {
        let name = json!({ "name": format!("day {day}"), "max_uses": 3 });
        let path = self.acme.path("/initial-access-tokens");
        let token = self.acme.admin().create(&path, &name).await;
        let token = token["initial_access_token"].as_str().unwrap();
        let metadata = json!({ "redirect_uris": [LOCAL], "token_endpoint_auth_method": "none" });
        let mut used = None;
        for _ in 0..3 {
            let request = self
                .acme
                .wire()
                .request(Method::POST, &self.acme.url("register"))
                .bearer_auth(token)
                .json(&metadata);
            used = Some(Answer::of(request).await.expect_status(201).json());
        }
        let stranger = self.acme.client_of(&used.unwrap());
        stranger.tokens_of(browser).await;
    }

    /// A client that is known by a document shows up, and never again.
    async fn documents_are_shown(&self, browser: &Browser, day: usize) {
        let url = format!("https://client.test/{day}/client.json");
        let document = json!({
            "client_id": url, "client_name": "A client with a document",
            "redirect_uris": ["https://client.test/callback"], "token_endpoint_auth_method": "none",
        });
        self.internet.serve(&url, Served::json(&document));
        let client = self.acme.client_of(&document);
        client.tokens_of(browser).await;
    }

    /// One is allowed, one is forgotten.
    async fn televisions_ask(&self, browser: &Browser) {
        self.television.device_codes().await;
        let codes = self.television.device_codes().await;
        self.acme
            .answer_device(browser, &codes, Decision::Allow)
            .await;
        self.television.poll(&codes).await.tokens();
    }

    /// Assertions and proofs that count once, resources that nobody knows, keys that are looked at.
    async fn service_works(&self, day: usize) {
        self.service.client_credentials(None).await.tokens();
        let bound = self.service.proving(&self.dpop);
        bound.client_credentials(None).await.expect_status(200);
        for number in 0..3 {
            let unknown = format!("https://unknown.example/{day}/{number}");
            let refused = self.service.clone().with_resource(Some(&unknown));
            let refused = refused.client_credentials(None).await;
            refused.is_refused(400, "invalid_target");
        }
        let keys = format!(".well-known/jwks/{}", self.acme.resource.id);
        let keys = self.acme.wire().get(&self.acme.url(&keys)).await;
        keys.expect_status(200);
    }

    /// Keys of the admin API come and go, clients and resources too.
    async fn operator_works(&self, day: usize) {
        let admin = self.app.admin();
        let day_of = format!("day-{day}");
        let name = json!({ "name": day_of, "scopes": ["*:read"] });
        let key = admin
            .post_once("/admin/v1/admin-keys", &day_of, &name)
            .await;
        let key = key.expect_status(201).json();
        let path = format!("/admin/v1/admin-keys/{}", text(&key, "id"));
        admin.delete(&path).await.expect_status(204);
        let client = json!({ "redirect_uris": [LOCAL], "token_endpoint_auth_method": "none" });
        let clients = self.acme.path("/clients");
        let client = admin.post_once(&clients, &day_of, &client).await;
        let client = client.expect_status(201).json();
        let path = format!("{clients}/{}", text(&client, "client_id"));
        admin.delete(&path).await.expect_status(204);
        let identifier = format!("https://day-{day}.acme.test/mcp");
        let resource = self.acme.another_resource(&identifier).await;
        let path = self.acme.path(&format!("/resources/{}", resource.id));
        admin.delete(&path).await.expect_status(204);
    }

    /// Somebody is told of what happens; another webhook is made, fails, and goes.
    async fn webhooks_are_told(&self, day: usize) {
        let admin = self.app.admin();
        let path = self.acme.path("/webhooks");
        let hook = json!({ "name": "x", "url": "https://client.test/nowhere", "events": ["*"] });
        let hook = admin.create(&path, &hook).await;
        // Its data goes from the audit as well.
        let person =
            json!({ "username": format!("day-{day}"), "password": "a password of theirs" });
        let users = self.acme.path("/users");
        let person = admin.create(&users, &person).await;
        let user = format!("{users}/{}", text(&person, "id"));
        admin.delete(&user).await.expect_status(204);
        let erasure = json!({ "user": text(&person, "id") });
        let erasures = self.acme.path("/audit-events/erasures");
        admin.post(&erasures, &erasure).await.expect_status(204);
        let hook = format!("{path}/{}", text(&hook, "id"));
        admin.delete(&hook).await.expect_status(204);
    }

    /// The person signs out of the browser; who asked to be told is told.
    async fn portal_is_left(&self, browser: &Browser) {
        let request = self.portal.authorization_request();
        let request = request.with("scope", "openid notes:read");
        let code = request.walk(browser).await.code();
        let tokens = self.portal.redeem(&code).await.tokens();
        let url = format!(
            "{}?id_token_hint={}",
            self.acme.url("logout"),
            text(&tokens.body, "id_token")
        );
        let page = browser.walk(&url).await;
        assert!(!page.is_error(), "{page:?}");
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
}
