//! Clients whose `client_id` is the URL of their metadata document, with the document served over TLS by a
//! host of the test.
//!
//! Not here: the way out itself (`outbound/tests`), the rules member by member (`protocol`).
//!
//! To add a case: a [`Documents`], what lies at a URL, and a client that says it is there.

mod changes;
mod development;
mod errors;
mod flow;
mod keeping;
mod logo;
mod policy;

use serde_json::{Value, json};

use crate::harness::{
    ClientAuthentication, OAuthClient, Served, TestApp, TestAppOptions, TestInternet, TestTenant,
};

/// Where most tests' client is.
pub(crate) const URL: &str = "https://client.test/oauth/client.json";
pub(crate) const CALLBACK: &str = "https://client.test/callback";

const HOSTS: [&str; 6] = [
    "client.test",
    "other.test",
    "app.client.test",
    "keys.test",
    "logos.test",
    "localhost",
];

/// An application, and the hosts that it can fetch from.
pub(crate) struct Documents {
    pub(crate) app: TestApp,
    pub(crate) internet: TestInternet,
}

impl Documents {
    /// With the usual document at [`URL`].
    pub(crate) async fn start() -> Self {
        Self::start_within(TestInternet::of(&HOSTS).await).await
    }

    async fn start_within(internet: TestInternet) -> Self {
        internet.serve(URL, Served::json(&document(URL, &json!({}))));
        let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
        Self { app, internet }
    }

    /// From now on this lies at the usual URL.
    fn serve(&self, served: Served) {
        self.internet.serve(URL, served);
    }

    pub(crate) fn serve_with(&self, members: &Value) {
        self.serve(Served::json(&document(URL, members)));
    }

    pub(crate) fn asked(&self) -> usize {
        self.internet.requests_of(URL)
    }

    fn later(&self, seconds: u64) {
        self.app
            .clock()
            .advance(std::time::Duration::from_secs(seconds));
    }
}

/// The usual document with these members instead; a null takes one out.
pub(crate) fn document(url: &str, members: &Value) -> Value {
    let mut all = json!({
        "client_id": url,
        "client_name": "Notes from elsewhere",
        "redirect_uris": [CALLBACK, "http://127.0.0.1/callback"],
    });
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            all.as_object_mut().unwrap().remove(name);
        } else {
            all[name] = value.clone();
        }
    }
    all
}

/// A client that says its document is there.
pub(crate) fn client_at(tenant: &TestTenant, url: &str) -> OAuthClient {
    OAuthClient {
        issuer: tenant.issuer.clone(),
        wire: tenant.wire().clone(),
        client_id: url.to_owned(),
        authentication: ClientAuthentication::None,
        redirect_uri: CALLBACK.to_owned(),
        resource: Some(tenant.resource.identifier.clone()),
        dpop: None,
    }
}
