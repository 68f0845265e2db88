//! What belongs to one tenant is worth nothing at another: the same answer as for something made up.
//!
//! One file per way in: something stolen (`stolen_secrets`), a name that both know (`same_names`), a browser
//! (`browsers`), an administrator (`admin_keys`), the database itself (`database`), and a tenant that is no
//! longer there (`ended_tenants`). Here is what they share: a [`Place`], and what a caller sees of an answer.
//!
//! To add something that opens a door: its line in `Haul`; a place to present it: its line in `SLOTS`
//! (`other_ways_in` has those of devices and pushed requests).

mod admin_keys;
mod browsers;
mod database;
mod ended_tenants;
mod other_ways_in;
mod same_names;
mod stolen_secrets;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::{Answer, Browser, DEVICE_CODE_GRANT, OAuthClient, ResourceServer, TestTenant};

/// A tenant with the same names in it as in every other one: nothing is kept apart by being called otherwise.
pub(super) struct Place {
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
    pub(super) async fn of(tenant: TestTenant) -> Self {
        let public = json!({
            "client_id": "notes-desktop",
            "client_name": "Notes",
            "redirect_uris": ["https://notes.example/callback"],
            "grant_types": ["authorization_code", "refresh_token", DEVICE_CODE_GRANT],
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

    pub(super) fn request(&self, method: Method, endpoint: &str) -> RequestBuilder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // From another address each time: how often one may try is another test's.
        let [_, a, b, c] = NUMBER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let request = self
            .tenant
            .wire()
            .request(method, &self.tenant.url(endpoint));
        request.header("x-forwarded-for", format!("10.{a}.{b}.{c}"))
    }

    pub(super) fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, endpoint).form(fields)
    }

    pub(super) fn cookie(&self, thing: &str) -> String {
        let name = format!("__Host-writ_{thing}_{}", self.tenant.slug);
        format!("{name}={}", self.browser.cookie(&name).unwrap().value)
    }

    /// A step of our own pages, by Alice's browser, as one of our own forms sends it.
    pub(super) fn step(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
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

/// What a caller can tell one answer from another by.
pub(super) fn seen(answer: &Answer, presented: &str) -> (u16, BTreeMap<String, String>, String) {
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
