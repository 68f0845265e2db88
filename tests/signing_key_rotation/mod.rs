//! Signing keys for their whole life: made ahead, signing, retired, gone; changed at once when one leaked;
//! sealed anew. Rows P1 to P5 of `docs/conformance.md`.
//!
//! What the pure rule does with times is tested beside it (`protocol::signing_key_schedule`); here it is
//! seen from outside: by verifiers, at two replicas, with the jobs run by hand.

mod algorithms;
mod command;
mod emergency;
mod encryption_keys;
mod replicas;
mod schedule;
mod spare_keys;
mod under_load;
mod verifier;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{TestApp, TestTenant};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A tenant's keys, as the admin API lists them.
struct Keys(Vec<Value>);

impl Keys {
    async fn of(tenant: &TestTenant) -> Self {
        Self(tenant.signing_keys().await)
    }

    /// Of the keys that sign everything.
    fn kids(&self, state: &str) -> Vec<&str> {
        self.kids_that_sign("tokens", state)
    }

    fn kids_that_sign(&self, what: &str, state: &str) -> Vec<&str> {
        let keys = self.0.iter();
        keys.filter(|key| key["state"] == state && key["signs"] == what)
            .map(|key| key["kid"].as_str().unwrap())
            .collect()
    }

    /// The one that signs access tokens.
    #[track_caller]
    fn active(&self) -> &str {
        let active = self.kids("active");
        assert_eq!(active.len(), 1, "{:?}", self.0);
        active[0]
    }

    #[track_caller]
    fn next(&self) -> &str {
        let next = self.kids("next");
        assert_eq!(next.len(), 1, "{:?}", self.0);
        next[0]
    }

    #[track_caller]
    fn find(&self, kid: &str) -> &Value {
        let mut keys = self.0.iter();
        keys.find(|key| key["kid"] == kid)
            .unwrap_or_else(|| panic!("no key {kid}"))
    }
}

async fn rotate(tenant: &TestTenant) -> Value {
    let path = tenant.path("/signing-keys/rotate");
    let answer = tenant.admin().post(&path, &json!({})).await;
    answer.expect_status(200).json()
}

async fn remove(tenant: &TestTenant, kid: &str) -> Value {
    let path = tenant.path(&format!("/signing-keys/{kid}?reason=it+leaked"));
    let answer = tenant.admin().delete(&path).await;
    answer.expect_status(200).json()
}

/// The kids that verifiers see.
async fn published(tenant: &TestTenant) -> BTreeSet<String> {
    let keys = tenant.jwks().await.expect_status(200).json();
    let keys = keys["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn kids<const N: usize>(kids: [&str; N]) -> BTreeSet<String> {
    kids.map(str::to_owned).into()
}

/// How often this happened to the tenant's keys, by the audit.
async fn audited(tenant: &TestTenant, event_type: &str) -> usize {
    tenant.audit_events(event_type).await.len()
}

/// Time goes by, and the jobs of the first server look.
async fn pass(app: &TestApp, time: Duration) {
    app.clock().advance(time);
    app.run_due_jobs().await;
}

/// A change of the tenant's settings, which the jobs take up.
async fn set(app: &TestApp, tenant: &TestTenant, settings: &Value) {
    tenant.change("", settings).await;
    app.run_due_jobs().await;
}

/// Which key signs an access token now.
async fn signed_by(tenant: &TestTenant) -> (String, String) {
    let client = tenant.confidential_client().await;
    let header = client.client_credentials(None).await.tokens().header();
    let text = |name: &str| header[name].as_str().unwrap().to_owned();
    (text("kid"), text("alg"))
}
