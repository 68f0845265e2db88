//! Dynamic client registration (RFC 7591): what shipping clients send is understood, what they get back
//! they can read, and nobody gives themselves more than a stranger may have.
//!
//! Here: registering and being refused. The rules: `shipping_clients`, `metadata`, `credentials`,
//! `tenant_policy`, `initial_access_tokens`, `software_statements`; what comes after (RFC 7592) is
//! `management`. Redirect URIs have their own file, `redirect_uri_registration.rs`.

mod credentials;
mod initial_access_tokens;
mod management;
mod metadata;
mod shipping_clients;
mod software_statements;
mod tenant_policy;

use serde_json::{Value, json};

use crate::harness::{OAuthClient, TestTenant};

/// Registers, and looks at the answer as the strictest of the SDKs would.
pub(super) async fn register(tenant: &TestTenant, body: &Value) -> Value {
    let answer = tenant.register(body).await.expect_status(201);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("cache-control").contains("no-store"));
    let made = answer.json();
    for (member, value) in made.as_object().unwrap() {
        assert!(
            !value.is_null() && *value != json!(""),
            "{member} in {made}"
        );
        let is_ours = [
            "client_id",
            "client_id_issued_at",
            "client_secret",
            "client_secret_expires_at",
            "registration_access_token",
            "registration_client_uri",
        ];
        // What the rules of absence settle (RFC 7591 §2): stated, since it is in force.
        let is_settled = [
            "grant_types",
            "response_types",
            "token_endpoint_auth_method",
        ];
        assert!(
            body.get(member).is_some()
                || is_ours.contains(&member.as_str())
                || is_settled.contains(&member.as_str()),
            "{member} was not asked for: {made}"
        );
    }
    assert_eq!(made["redirect_uris"], body["redirect_uris"]);
    assert_eq!(
        made.get("client_secret").is_some(),
        made.get("client_secret_expires_at").is_some()
    );
    made
}

/// The way from a registration to a refresh, with the redirect URI that the application really uses.
pub(super) async fn goes_all_the_way(tenant: &TestTenant, client: &OAuthClient) {
    let browser = tenant.browser_of("alice").await;
    let tokens = client.tokens_of(&browser).await;
    assert_eq!(tokens.claims()["client_id"], client.client_id.as_str());
    client.refresh(tokens.refresh_token()).await.tokens();
}

pub(super) async fn is_refused(tenant: &TestTenant, change: &Value, error: &str) {
    let mut body =
        json!({ "client_name": "A client", "redirect_uris": ["https://client.example/callback"] });
    for (member, value) in change.as_object().unwrap() {
        body[member] = value.clone();
    }
    let refused = tenant.register(&body).await;
    assert_eq!(refused.status, 400, "{change}: {refused:?}");
    refused.is_refused(400, error);
}

/// The newest event of this kind, once it has been written.
pub(super) async fn next_event(tenant: &TestTenant, action: &str) -> Value {
    tenant.next_audit_event(action, |_| true).await
}
