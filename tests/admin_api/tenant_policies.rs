//! What a tenant says about clients that come by themselves, and its compatibility switches.

use serde_json::{Value, json};

use super::{is_problem_of, key_for};
use crate::harness::TestApp;

const TENANTS: &str = "/admin/v1/tenants";

fn policies() -> Value {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "x".repeat(43), "kid": "one"});
    json!({
        "registration_policy": "initial_access_token",
        "registration_redirect_hosts": ["app.example"],
        "registration_allows_loopback": false,
        "registration_scopes": ["notes:read"],
        "registration_max_clients": 5,
        "registration_unused_lifetime": 7_200,
        "software_statement_issuers": [{"issuer": "https://vendor.example", "jwks": {"keys": [key]}}],
        "is_software_statement_required": true,
        "client_document_policy": "deny_list",
        "client_document_domains": ["evil.example"],
        "compatibility": {
            "json_token_body": true,
            "confidential_without_pkce": true,
            "token_endpoint_audience": true,
            "unauthenticated_introspection": false,
        },
    })
}

/// RFC 7396: what is absent stays, null is the default; creating and changing say the same.
#[tokio::test]
async fn policies_are_set_kept_and_reset() {
    let app = TestApp::start().await;
    let plain = json!({ "slug": "plain", "display_name": "Plain" });
    let default = app.admin().create(TENANTS, &plain).await;
    for (name, value) in [
        ("registration_redirect_hosts", Value::Null),
        ("registration_allows_loopback", json!(true)),
        ("registration_scopes", Value::Null),
        ("registration_max_clients", json!(10_000)),
        ("registration_unused_lifetime", json!(604_800)),
        ("software_statement_issuers", json!([])),
        ("client_document_policy", json!("open")),
        ("client_document_domains", json!([])),
    ] {
        assert_eq!(default[name], value, "{name}");
    }
    let switches = default["compatibility"].as_object().unwrap();
    assert!(switches.len() == 4 && switches.values().all(|switch| *switch == false));

    let mut body = policies();
    body["slug"] = json!("acme");
    body["display_name"] = json!("Acme");
    let made = app.admin().create(TENANTS, &body).await;
    let plain = format!("{TENANTS}/plain");
    let patched = app.admin().patch(&plain, &policies()).await;
    let patched = patched.expect_status(200).json();
    for (name, value) in policies().as_object().unwrap() {
        assert_eq!(made[name], *value, "{name}");
        assert_eq!(patched[name], *value, "{name}");
    }
    let acme = format!("{TENANTS}/acme");
    let renamed = app
        .admin()
        .patch(&acme, &json!({ "display_name": "A" }))
        .await;
    assert_eq!(renamed.json()["compatibility"], made["compatibility"]);
    // The issuers last: a tenant that requires statements needs somebody to make them.
    let mut names: Vec<String> = policies().as_object().unwrap().keys().cloned().collect();
    names.sort_by_key(|name| name == "software_statement_issuers");
    for name in names {
        let reset = app.admin().patch(&acme, &json!({ &name: null })).await;
        assert_eq!(
            reset.expect_status(200).json()[&name],
            default[&name],
            "{name}"
        );
    }
}

/// Names are kept as URLs compare them; patterns, addresses and what could not be meant are refused by name.
#[tokio::test]
async fn a_policy_that_could_not_work_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let names = json!({ "client_document_domains": ["Claude.AI", "bücher.example"] });
    let shown = acme.change("", &names).await;
    assert_eq!(
        shown["client_document_domains"],
        json!(["claude.ai", "xn--bcher-kva.example"])
    );
    let private = json!({"keys": [{"kty": "RSA", "n": "n".repeat(342), "e": "AQAB", "d": "x"}]});
    let vendor = json!([{ "issuer": "https://vendor.example", "jwks": private }]);
    for (changes, field) in [
        (
            json!({ "client_document_domains": ["*.example.com"] }),
            "client_document_domains[0]",
        ),
        (
            json!({ "client_document_domains": ["a.example", "com"] }),
            "client_document_domains[1]",
        ),
        (
            json!({ "registration_redirect_hosts": ["https://a.example"] }),
            "registration_redirect_hosts[0]",
        ),
        (
            json!({ "registration_redirect_hosts": ["127.0.0.1"] }),
            "registration_redirect_hosts[0]",
        ),
        (
            json!({ "registration_scopes": ["a b"] }),
            "registration_scopes[0]",
        ),
        (
            json!({ "registration_max_clients": 0 }),
            "registration_max_clients",
        ),
        (
            json!({ "registration_unused_lifetime": 60 }),
            "registration_unused_lifetime",
        ),
        (
            json!({ "software_statement_issuers": vendor }),
            "software_statement_issuers[0].jwks",
        ),
        (
            json!({ "is_software_statement_required": true }),
            "is_software_statement_required",
        ),
        (
            json!({ "compatibility": { "unauthenticated_introspection": true } }),
            "compatibility.unauthenticated_introspection",
        ),
    ] {
        let refused = app.admin().patch(&acme.path(""), &changes).await;
        is_problem_of(&refused, 400, "invalid-value", field);
        let mut body = changes;
        body["slug"] = json!("made");
        body["display_name"] = json!("Made");
        let refused = app.admin().post(TENANTS, &body).await;
        is_problem_of(&refused, 400, "invalid-value", field);
    }
    let unknown = json!({ "compatibility": { "skip_everything": true } });
    let refused = app.admin().patch(&acme.path(""), &unknown).await;
    is_problem_of(
        &refused,
        400,
        "malformed-request",
        "compatibility.skip_everything",
    );
}

/// A tenant's own key sets its policies; unauthenticated introspection is for issuers on localhost alone.
#[tokio::test]
async fn a_tenants_owner_sets_its_policies() {
    let app = TestApp::start().await;
    let local = app
        .tenant_at("local", "http://localhost:9000/t/local")
        .await;
    let (owner, _) = key_for(&app, Some("local"), "write").await;
    let switch = json!({ "compatibility": { "unauthenticated_introspection": true } });
    let shown = owner
        .patch(&local.path(""), &switch)
        .await
        .expect_status(200);
    assert_eq!(
        shown.json()["compatibility"]["unauthenticated_introspection"],
        true
    );
    let other = json!({ "compatibility": { "json_token_body": true } });
    let shown = owner
        .patch(&local.path(""), &other)
        .await
        .expect_status(200);
    let switches = shown.json()["compatibility"].clone();
    assert_eq!(
        switches,
        json!({
            "json_token_body": true,
            "confidential_without_pkce": false,
            "token_endpoint_audience": false,
            "unauthenticated_introspection": true,
        })
    );
}
