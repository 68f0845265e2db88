//! A tenant and the personas in it, each made through the admin API.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::admin::AdminApi;
use super::answer::Answer;
use super::app::{ADMIN_URL, TestApp};
use super::browser::Browser;
use super::oauth_client::{ClientAuthentication, OAuthClient};
use super::resource_server::ResourceServer;
use super::wire::Wire;

/// Where the public persona's application listens, at another port each time (RFC 8252 §7.3).
pub const LOOPBACK_REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// One tenant, with one resource from the start.
#[derive(Debug)]
pub struct TestTenant {
    pub slug: String,
    pub issuer: String,
    /// The resource that every tenant begins with.
    pub resource: TestResource,
    admin: AdminApi,
    wire: Wire,
    users: Mutex<HashMap<String, TestUser>>,
    number: u32,
}

/// A protected MCP server, as the tenant knows it.
#[derive(Debug, Clone)]
pub struct TestResource {
    pub id: String,
    pub identifier: String,
    pub audience: String,
}

/// What every password of a [`TestUser`] begins with, so that one is found wherever it is stored.
pub const PASSWORD_CANARY: &str = "the password of ";

/// A person with a password.
#[derive(Debug, Clone)]
pub struct TestUser {
    pub id: String,
    pub username: String,
    pub password: String,
}

impl TestTenant {
    pub(super) async fn create(app: &TestApp, body: Value) -> Self {
        let tenant = app.admin().create("/admin/v1/tenants", &body).await;
        let slug = tenant["slug"].as_str().unwrap().to_owned();
        let resource =
            create_resource(app.admin(), &slug, &format!("https://mcp.{slug}.test/mcp")).await;
        Self {
            issuer: tenant["issuer"].as_str().unwrap().to_owned(),
            resource,
            slug,
            admin: app.admin().clone(),
            wire: app.wire(),
            users: Mutex::new(HashMap::new()),
            number: app.next_number(),
        }
    }

    /// The one that Writ makes itself; its resource is the admin API.
    pub(super) fn system(app: &TestApp) -> Self {
        Self {
            slug: "system".to_owned(),
            issuer: format!("{}/t/system", app.public_url()),
            resource: TestResource {
                id: "00000000-0000-7000-8000-000000000001".to_owned(),
                identifier: ADMIN_URL.to_owned(),
                audience: ADMIN_URL.to_owned(),
            },
            admin: app.admin().clone(),
            wire: app.wire(),
            users: Mutex::new(HashMap::new()),
            number: app.next_number(),
        }
    }

    /// `writ login`, in the system tenant.
    pub fn writ_cli(&self) -> OAuthClient {
        let client = json!({
            "client_id": "writ-cli",
            "redirect_uris": ["http://127.0.0.1:51004/callback"],
            "token_endpoint_auth_method": "none",
        });
        self.client_of(&client)
    }

    /// The path of this tenant, or of something below it: `path("/users")`.
    pub fn path(&self, below: &str) -> String {
        format!("/admin/v1/tenants/{}{below}", self.slug)
    }

    /// The URL of an endpoint: `url("token")`.
    pub fn url(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.issuer.trim_end_matches('/'))
    }

    pub fn admin(&self) -> &AdminApi {
        &self.admin
    }

    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// The same tenant, asked through another replica.
    pub fn through(&self, wire: Wire) -> Self {
        Self {
            slug: self.slug.clone(),
            issuer: self.issuer.clone(),
            resource: self.resource.clone(),
            admin: self.admin.clone(),
            wire,
            users: Mutex::new(self.users.lock().unwrap().clone()),
            number: self.number,
        }
    }

    /// RFC 8414 §3: the metadata, at the path-inserted form.
    pub async fn metadata(&self) -> Answer {
        let issuer = url::Url::parse(&self.issuer).unwrap();
        let path = issuer.path().trim_end_matches('/');
        let url = format!(
            "{}/.well-known/oauth-authorization-server{path}",
            issuer.origin().ascii_serialization()
        );
        self.wire.get(&url).await
    }

    /// Every URL at which some client looks for the metadata.
    pub fn well_known_urls(&self) -> Vec<String> {
        let issuer = url::Url::parse(&self.issuer).unwrap();
        let (origin, path) = (
            issuer.origin().ascii_serialization(),
            issuer.path().trim_end_matches('/'),
        );
        let forms = ["oauth-authorization-server", "openid-configuration"];
        let urls = forms.iter().flat_map(|form| {
            [
                format!("{origin}/.well-known/{form}{path}"),
                format!("{origin}{path}/.well-known/{form}"),
            ]
        });
        urls.flat_map(|url| [format!("{url}/"), url]).collect()
    }

    pub async fn jwks(&self) -> Answer {
        self.wire.get(&self.url(".well-known/jwks.json")).await
    }

    /// A person; the same one when asked for again.
    pub async fn user(&self, username: &str) -> TestUser {
        if let Some(user) = self.users.lock().unwrap().get(username) {
            return user.clone();
        }
        let password = format!("{PASSWORD_CANARY}{username}");
        let body = json!({ "username": username, "password": password });
        let made = self.admin.create(&self.path("/users"), &body).await;
        let user = TestUser {
            id: made["id"].as_str().unwrap().to_owned(),
            username: username.to_owned(),
            password,
        };
        self.users
            .lock()
            .unwrap()
            .insert(username.to_owned(), user.clone());
        user
    }

    /// A browser of this person, who signs in and allows when asked.
    pub async fn browser_of(&self, username: &str) -> Browser {
        Browser::new(self.wire.clone()).for_user(self.user(username).await)
    }

    /// A browser in which this person has signed in, and has allowed nothing yet.
    pub async fn signed_in_browser_of(&self, username: &str) -> Browser {
        let browser = self.browser_of(username).await;
        let login = self
            .public_client()
            .await
            .authorization_request()
            .open(&browser)
            .await;
        let user = self.user(username).await;
        let consent = browser.log_in(&login, &user.username, &user.password).await;
        assert!(consent.is_consent(), "{consent:?}");
        browser
    }

    pub async fn disable_user(&self, username: &str) {
        let path = format!("/users/{}", self.user(username).await.id);
        self.change(&path, &json!({ "is_enabled": false })).await;
    }

    /// As the admin API lists them.
    pub async fn signing_keys(&self) -> Vec<Value> {
        let listed = self.admin.get(&self.path("/signing-keys")).await;
        let listed = listed.expect_status(200).json();
        listed["data"].as_array().unwrap().clone()
    }

    /// Changes what is at `path(below)`.
    pub async fn change(&self, below: &str, changes: &Value) -> Value {
        self.admin
            .patch(&self.path(below), changes)
            .await
            .expect_status(200)
            .json()
    }

    /// A client that registered itself: nobody vouches for it.
    pub async fn registered_client(&self, redirect_uri: &str) -> OAuthClient {
        let metadata = json!({
            "client_name": "A stranger's client",
            "redirect_uris": [redirect_uri],
            "token_endpoint_auth_method": "none",
        });
        let made = self.register(&metadata).await.expect_status(201).json();
        self.client_of(&made)
    }

    /// Another resource, with scopes of the same names.
    pub async fn another_resource(&self, identifier: &str) -> TestResource {
        create_resource(&self.admin, &self.slug, identifier).await
    }

    /// An application on the person's device: no secret, a loopback redirect.
    pub async fn public_client(&self) -> OAuthClient {
        let client = self
            .client(&json!({
                "client_name": "Notes on the desktop",
                "redirect_uris": [LOOPBACK_REDIRECT_URI],
                "token_endpoint_auth_method": "none",
            }))
            .await;
        client.with_redirect_uri("http://127.0.0.1:51004/callback")
    }

    /// An application on a server: HTTP Basic, an https redirect, client_credentials too.
    pub async fn confidential_client(&self) -> OAuthClient {
        self.client(&json!({
            "client_name": "Notes on the web",
            "redirect_uris": ["https://notes.example/callback"],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic",
        }))
        .await
    }

    /// A client made with exactly this metadata.
    pub async fn client(&self, metadata: &Value) -> OAuthClient {
        let made = self.admin.create(&self.path("/clients"), metadata).await;
        self.client_of(&made)
    }

    /// A client from what a registration or the admin API answered.
    pub fn client_of(&self, made: &Value) -> OAuthClient {
        let secret = made["client_secret"].as_str().map(str::to_owned);
        let authentication = match (made["token_endpoint_auth_method"].as_str(), secret) {
            (Some("client_secret_post"), Some(secret)) => ClientAuthentication::Post(secret),
            (_, Some(secret)) => ClientAuthentication::Basic(secret),
            (_, None) => ClientAuthentication::None,
        };
        OAuthClient {
            issuer: self.issuer.clone(),
            wire: self.wire.clone(),
            client_id: made["client_id"].as_str().unwrap().to_owned(),
            authentication,
            redirect_uri: made["redirect_uris"][0]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            resource: Some(self.resource.identifier.clone()),
            dpop: None,
        }
    }

    /// RFC 7591: a client that registers itself.
    pub async fn register(&self, metadata: &Value) -> Answer {
        self.wire.post_json(&self.url("register"), metadata).await
    }

    /// What the tenant's own resource introspects with.
    pub async fn resource_credential(&self) -> ResourceServer {
        self.resource_credential_of(&self.resource).await
    }

    pub async fn resource_credential_of(&self, resource: &TestResource) -> ResourceServer {
        let path = self.path(&format!("/resources/{}/credentials", resource.id));
        let made = self.admin.create(&path, &json!({})).await;
        ResourceServer {
            issuer: self.issuer.clone(),
            wire: self.wire.clone(),
            client_id: made["client_id"].as_str().unwrap().to_owned(),
            client_secret: made["client_secret"].as_str().unwrap().to_owned(),
        }
    }
}

async fn create_resource(admin: &AdminApi, slug: &str, identifier: &str) -> TestResource {
    let body = json!({
        "identifier": identifier,
        "name": "Notes",
        "scopes": [
            { "name": "notes:read", "description": "Read your notes", "default": true },
            { "name": "notes:write", "description": "Change your notes" },
        ],
    });
    let made = admin
        .create(&format!("/admin/v1/tenants/{slug}/resources"), &body)
        .await;
    TestResource {
        id: made["id"].as_str().unwrap().to_owned(),
        identifier: made["identifier"].as_str().unwrap().to_owned(),
        audience: made["audience"].as_str().unwrap().to_owned(),
    }
}
