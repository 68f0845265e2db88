//! What a tenant says about its keys and about requests for tokens, and what a client asks of its own.

use serde_json::{Value, json};

use super::is_problem_of;
use crate::harness::TestApp;

const TENANTS: &str = "/admin/v1/tenants";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn defaults() -> Value {
    json!({
        "signing_algorithm": "RS256",
        "signing_key_rotation_interval": 2_592_000,
        "signing_key_lead": 86_400,
        "signing_key_wait": 0,
        "rotates_confidential_refresh_tokens": true,
        "is_dpop_nonce_required": false,
        "is_par_required": false,
        "device_authorization": "vouched_for",
    })
}

fn others() -> Value {
    json!({
        "signing_algorithm": "ES256",
        "signing_key_rotation_interval": 172_800,
        "signing_key_lead": 3_600,
        "signing_key_wait": 7_200,
        "rotates_confidential_refresh_tokens": false,
        "is_dpop_nonce_required": true,
        "is_par_required": true,
        "device_authorization": "open",
    })
}

#[track_caller]
fn has(thing: &Value, members: &Value) {
    for (name, value) in members.as_object().unwrap() {
        assert_eq!(&thing[name], value, "{name} of {thing}");
    }
}

/// RFC 7396: what is absent stays, null is the default; creating and changing say the same.
#[tokio::test]
async fn token_settings_are_set_kept_and_reset() {
    let app = TestApp::start().await;
    let plain = json!({ "slug": "plain", "display_name": "Plain" });
    has(&app.admin().create(TENANTS, &plain).await, &defaults());
    let mut body = others();
    (body["slug"], body["display_name"]) = (json!("acme"), json!("Acme"));
    has(&app.admin().create(TENANTS, &body).await, &others());
    let path = format!("{TENANTS}/plain");
    let patched = app.admin().patch(&path, &others()).await;
    has(&patched.expect_status(200).json(), &others());
    let renamed = json!({ "display_name": "A" });
    let kept = app.admin().patch(&path, &renamed).await;
    has(&kept.expect_status(200).json(), &others());
    for (name, value) in defaults().as_object().unwrap() {
        // The lead that is the default is longer than half of the interval that is set last.
        let reset = app.admin().patch(&path, &json!({ name: null })).await;
        assert_eq!(&reset.expect_status(200).json()[name], value, "{name}");
    }
}

#[tokio::test]
async fn a_token_setting_that_could_not_work_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for (changes, kind, field) in [
        (
            json!({ "signing_algorithm": "HS256" }),
            "malformed-request",
            "signing_algorithm",
        ),
        (
            json!({ "signing_algorithm": "none" }),
            "malformed-request",
            "signing_algorithm",
        ),
        (
            json!({ "signing_key_rotation_interval": 86_399 }),
            "invalid-value",
            "signing_key_rotation_interval",
        ),
        (
            json!({ "signing_key_lead": 3_599 }),
            "invalid-value",
            "signing_key_lead",
        ),
        (
            json!({ "signing_key_lead": 604_801 }),
            "invalid-value",
            "signing_key_lead",
        ),
        (
            json!({ "signing_key_wait": 604_801 }),
            "invalid-value",
            "signing_key_wait",
        ),
        // The next key would be due before this one signs.
        (
            json!({ "signing_key_rotation_interval": 86_400, "signing_key_wait": 1 }),
            "invalid-value",
            "signing_key_rotation_interval",
        ),
        (
            json!({ "rotates_confidential_refresh_tokens": "no" }),
            "malformed-request",
            "rotates_confidential_refresh_tokens",
        ),
        (
            json!({ "is_dpop_nonce_required": 1 }),
            "malformed-request",
            "is_dpop_nonce_required",
        ),
        (
            json!({ "is_par_required": "yes" }),
            "malformed-request",
            "is_par_required",
        ),
        (
            json!({ "device_authorization": "everybody" }),
            "malformed-request",
            "device_authorization",
        ),
    ] {
        let refused = app.admin().patch(&acme.path(""), &changes).await;
        is_problem_of(&refused, 400, kind, field);
        let mut body = changes.clone();
        (body["slug"], body["display_name"]) = (json!("other"), json!("Other"));
        let refused = app.admin().post(TENANTS, &body).await;
        is_problem_of(&refused, 400, kind, field);
    }
    has(&acme.admin().get(&acme.path("")).await.json(), &defaults());
}

/// A tenant of another algorithm has a key of it from its first moment, and one of RS256 for ID tokens.
#[tokio::test]
async fn a_tenant_signs_with_its_algorithm_from_its_first_moment() {
    let app = TestApp::start().await;
    for algorithm in ["PS256", "ES256", "EdDSA"] {
        let slug = algorithm.to_lowercase();
        let body = json!({ "slug": slug, "display_name": "Other", "signing_algorithm": algorithm });
        app.admin().create(TENANTS, &body).await;
        let path = format!("{TENANTS}/{slug}/signing-keys");
        let keys = app.admin().get(&path).await.expect_status(200).json();
        let mut of: Vec<_> = keys["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| {
                (
                    key["signs"].as_str().unwrap(),
                    key["algorithm"].as_str().unwrap(),
                )
            })
            .collect();
        of.sort_unstable();
        assert_eq!(of, [("id_tokens", "RS256"), ("tokens", algorithm)]);
    }
}

fn token_metadata() -> Value {
    json!({
        "grant_types": ["authorization_code", "refresh_token", DEVICE],
        "dpop_bound_access_tokens": true,
        "require_pushed_authorization_requests": true,
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "backchannel_logout_uri": "https://app.example/logout",
        "backchannel_logout_session_required": true,
        "id_token_signed_response_alg": "ES256",
    })
}

/// Its first key is of that algorithm, so that ID tokens can be had with it.
fn a_tenant_of_es256() -> Value {
    json!({ "slug": "acme", "display_name": "Acme", "signing_algorithm": "ES256" })
}

/// RFC 9449 §5.2, RFC 9126 §6, RP-Initiated Logout §3.1, Back-Channel Logout §2.2.
#[tokio::test]
async fn a_client_says_what_it_asks_of_its_tokens() {
    let app = TestApp::start().await;
    let acme = app.tenant_with(a_tenant_of_es256()).await;
    let mut body = token_metadata();
    body["redirect_uris"] = json!(["https://app.example/cb"]);
    let made = acme.admin().create(&acme.path("/clients"), &body).await;
    has(&made, &token_metadata());
    let of = format!("/clients/{}", made["client_id"].as_str().unwrap());
    has(
        &acme.change(&of, &json!({ "client_name": "A" })).await,
        &token_metadata(),
    );
    let off = json!({
        "dpop_bound_access_tokens": null,
        "require_pushed_authorization_requests": false,
        "post_logout_redirect_uris": null,
        "backchannel_logout_uri": null,
        "backchannel_logout_session_required": null,
        "id_token_signed_response_alg": null,
    });
    let shown = acme.change(&of, &off).await;
    let expected = json!({
        "dpop_bound_access_tokens": false,
        "require_pushed_authorization_requests": false,
        "post_logout_redirect_uris": [],
        "backchannel_logout_uri": null,
        "backchannel_logout_session_required": false,
        "id_token_signed_response_alg": null,
    });
    has(&shown, &expected);
    for (changes, field) in [
        (
            json!({ "post_logout_redirect_uris": ["http://app.example/bye"] }),
            "post_logout_redirect_uris",
        ),
        (
            json!({ "backchannel_logout_uri": "http://app.example/logout" }),
            "backchannel_logout_uri",
        ),
        (
            json!({ "backchannel_logout_uri": "https://app.example/logout#a" }),
            "backchannel_logout_uri",
        ),
        (
            json!({ "backchannel_logout_session_required": true }),
            "backchannel_logout_session_required",
        ),
        (
            json!({ "id_token_signed_response_alg": "EdDSA" }),
            "id_token_signed_response_alg",
        ),
    ] {
        let refused = acme.admin().patch(&acme.path(&of), &changes).await;
        is_problem_of(&refused, 400, "invalid-value", field);
    }
}

/// RFC 7591 §3.2.1: the answer says what is in force.
#[tokio::test]
async fn a_client_that_registers_itself_says_the_same() {
    let app = TestApp::start().await;
    let acme = app.tenant_with(a_tenant_of_es256()).await;
    acme.change("", &json!({ "device_authorization": "open" }))
        .await;
    let mut body = token_metadata();
    body["redirect_uris"] = json!(["https://app.example/cb"]);
    let made = acme.register(&body).await.expect_status(201).json();
    has(&made, &token_metadata());
    let listed = format!("/clients/{}", made["client_id"].as_str().unwrap());
    let listed = acme.admin().get(&acme.path(&listed)).await;
    has(&listed.expect_status(200).json(), &token_metadata());
    // By default device requests are for clients that somebody entered.
    acme.change("", &json!({ "device_authorization": null }))
        .await;
    let made = acme.register(&body).await.expect_status(201).json();
    assert_eq!(
        made["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
}
