//! Protected resource metadata (RFC 9728): made for each resource, to be served where its clients look.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, TestApp};

/// RFC 9728 §2, §3.3: what clients compare is there byte for byte, and the address is the resource's own (§3.1).
#[tokio::test]
async fn a_resource_has_a_document_and_a_place_for_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({
        "identifier": "https://notes.test:8443/a/mcp?team=x",
        "name": "Notes",
        "scopes": [
            { "name": "notes:read", "description": "Read your notes", "default": true },
            { "name": "notes:write", "description": "Change your notes" },
        ],
    });
    let made = acme.admin().post(&acme.path("/resources"), &body).await;
    let made = made.expect_status(201).json();
    let path = format!("/resources/{}", made["id"].as_str().unwrap());
    let path = acme.path(&format!("{path}/protected-resource-metadata"));
    let shown = acme.admin().get(&path).await.expect_status(200);
    assert_eq!(
        shown.json(),
        json!({
            "resource": "https://notes.test:8443/a/mcp?team=x",
            "authorization_servers": [acme.issuer],
            "scopes_supported": ["notes:read", "notes:write"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Notes",
        })
    );
    assert_eq!(
        shown.header("content-location"),
        "https://notes.test:8443/.well-known/oauth-protected-resource/a/mcp?team=x"
    );
    // The issuer serves the same bytes to anybody.
    let uri = made["metadata_uri"].as_str().unwrap();
    let served = acme.wire().get(uri).await.expect_status(200);
    assert_eq!(served.body, shown.body);
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.header("cache-control"), "public, max-age=300");
    assert_eq!(served.header("access-control-allow-origin"), "*");
    let again = acme.wire().request(Method::GET, uri);
    let again = again.header("if-none-match", served.header("etag"));
    Answer::of(again).await.expect_status(304);
}

/// What is no web address has no place on the web.
#[tokio::test]
async fn a_resource_without_a_web_address_has_no_place_for_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({ "identifier": "urn:example:notes", "name": "Notes" });
    let made = acme.admin().post(&acme.path("/resources"), &body).await;
    let id = made.expect_status(201).text("id");
    let path = acme.path(&format!("/resources/{id}/protected-resource-metadata"));
    let shown = acme.admin().get(&path).await.expect_status(200);
    assert_eq!(shown.header("content-location"), "");
    assert_eq!(shown.json().get("scopes_supported"), None);
}

/// A change shows at once; what is gone is gone.
#[tokio::test]
async fn the_served_document_follows_the_resource() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let below = format!("/resources/{}", acme.resource.id);
    let url = acme.url(&format!(
        ".well-known/resource-metadata/{}",
        acme.resource.id
    ));
    acme.change(&below, &json!({ "name": "Renamed" })).await;
    let served = acme.wire().get(&url).await.expect_status(200).json();
    assert_eq!(served["resource_name"], "Renamed");
    acme.admin()
        .delete(&acme.path(&below))
        .await
        .expect_status(204);
    acme.wire().get(&url).await.expect_status(404);
}

/// O1: another tenant's resource, and what is none, are unknown alike. RFC 9728 §3.1: the registered name is not used
/// for what is no resource's own address.
#[tokio::test]
async fn there_is_no_document_of_a_resource_that_is_not_there() {
    let app = TestApp::start().await;
    let (acme, other) = (app.tenant("acme").await, app.tenant("other").await);
    let own = acme.resource.id.as_str();
    for below in [
        format!("resource-metadata/{}", other.resource.id),
        format!("resource-metadata/{}", own.to_uppercase()),
        format!("resource-metadata/{}", own.replace('-', "")),
        "resource-metadata/00000000-0000-0000-0000-000000000000".to_owned(),
        "resource-metadata/x".to_owned(),
        format!("resource-metadata/{own}/x"),
        format!("oauth-protected-resource/{own}"),
    ] {
        let url = acme.url(&format!(".well-known/{below}"));
        acme.wire().get(&url).await.expect_status(404);
    }
}
