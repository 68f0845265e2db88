//! OpenID Connect (Core, RP-Initiated Logout, Back-Channel Logout): who the person is, told to a client, and
//! that they have gone.
//!
//! `prompt` and `max_age` are in `prompt.rs`; the resource that a plain sign-in lacks in `sign_in`.

mod back_channel;
mod id_token;
mod logout;
mod logout_audit;
mod sign_in;
mod token_kinds;
mod userinfo;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Browser, OAuthClient, Page, TestTenant, Tokens, jwt_part as part};

const SESSION: &str = "__Host-writ_session_acme";
const BACK: &str = "https://notes.example/signed-out?from=acme";
const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";

/// An application on a server that signs people in, with these members besides.
async fn client_with(tenant: &TestTenant, members: &Value) -> OAuthClient {
    let mut metadata = json!({
        "client_name": "Notes on the web",
        "redirect_uris": ["https://notes.example/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
        "post_logout_redirect_uris": [BACK],
    });
    let given = members.as_object().unwrap().clone();
    metadata.as_object_mut().unwrap().extend(given);
    tenant.client(&metadata).await
}

/// The usual one, which asks for a token of the tenant's resource.
async fn web_client(tenant: &TestTenant) -> OAuthClient {
    client_with(tenant, &json!({})).await
}

/// One that signs people in and wants nothing of any resource.
async fn plain_client(tenant: &TestTenant) -> OAuthClient {
    let userinfo = tenant.url("userinfo");
    web_client(tenant).await.with_resource(Some(&userinfo))
}

/// A sign-in with these scopes, and its tokens.
async fn tokens_with(tenant: &TestTenant, client: &OAuthClient, scope: &str) -> Tokens {
    client
        .tokens_for(&tenant.browser_of("alice").await, scope)
        .await
}

fn id_token_of(tokens: &Tokens) -> String {
    let token = tokens.body["id_token"].as_str();
    token
        .unwrap_or_else(|| panic!("no ID token in {:?}", tokens.body))
        .to_owned()
}

/// The claims, as a client reads them: the signature by the JWKS, issuer and audience. The time is the
/// test's own.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the other side: it verifies what crypto signed"
)]
async fn verified(tenant: &TestTenant, client: &OAuthClient, token: &str) -> Value {
    let keys: JwkSet = serde_json::from_value(tenant.jwks().await.json()).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[&tenant.issuer]);
    validation.set_audience(&[&client.client_id]);
    let key = DecodingKey::from_jwk(key).unwrap();
    let decoded = jsonwebtoken::decode::<Value>(token, &key, &validation);
    decoded.unwrap().claims
}

async fn userinfo_with(tenant: &TestTenant, authorization: &str) -> Answer {
    let request = tenant
        .wire()
        .request(Method::GET, &tenant.url("userinfo"))
        .header("authorization", authorization);
    Answer::of(request).await
}

async fn userinfo(tenant: &TestTenant, token: &str) -> Answer {
    userinfo_with(tenant, &format!("Bearer {token}")).await
}
