//! The catalogue of known clients, and which of the tenant's clients it recognises.

use std::time::Duration;

use serde_json::{Value, json};

use super::is_problem;
use crate::harness::TestApp;

async fn entry(app: &TestApp, id: &str) -> Value {
    let all = app.admin().get("/admin/v1/known-clients?limit=200").await;
    let all = all.expect_status(200).json()["data"].clone();
    let found = all.as_array().unwrap().iter().find(|one| one["id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {all}")).clone()
}

/// A client is recognised by the addresses of its vendor; one that only has the name says so and proves nothing.
#[tokio::test]
async fn a_known_client_is_shown_as_what_it_is() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let claude = entry(&app, "claude").await;
    assert_eq!(claude["name"], "Claude");
    let theirs = claude["redirect_uris"][0].as_str().unwrap();
    let theirs = theirs.replace("{id}", "x");
    let recognised = async |name: &str, redirect_uri: &str| {
        let body = json!({ "client_name": name, "redirect_uris": [redirect_uri] });
        let made = acme.register(&body).await.expect_status(201).json();
        let path = acme.path(&format!("/clients/{}", made["client_id"].as_str().unwrap()));
        let shown = app.admin().get(&path).await.expect_status(200).json();
        let listed = app
            .admin()
            .get(&acme.path("/clients?limit=200"))
            .await
            .json();
        assert!(
            listed["data"].as_array().unwrap().contains(&shown),
            "{listed}"
        );
        assert_eq!(shown["document"], Value::Null);
        shown["recognised_as"].clone()
    };
    assert_eq!(
        recognised("Claude", &theirs).await,
        json!({ "id": "claude", "name": "Claude", "is_proven": true })
    );
    let said = recognised("Claude", "http://127.0.0.1:3118/callback").await;
    assert_eq!(said["is_proven"], false);
    assert_eq!(
        recognised("Somebody", "https://somebody.example/callback").await,
        Value::Null
    );
}

/// The catalogue is read in pages like every list, and is for platform keys.
#[tokio::test]
async fn the_catalogue_is_read_in_pages() {
    let app = TestApp::start().await;
    let mut names = Vec::new();
    let mut path = "/admin/v1/known-clients?limit=5".to_owned();
    loop {
        let page = app.admin().get(&path).await.expect_status(200).json();
        let data = page["data"].as_array().unwrap();
        names.extend(data.iter().map(|one| one["id"].to_string()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/admin/v1/known-clients?limit=5&cursor={cursor}"),
            None => break,
        }
    }
    let mut once = names.clone();
    once.sort();
    once.dedup();
    assert!(once.len() == names.len() && names.len() >= 12, "{names:?}");
    app.tenant("acme").await;
    let (owner, _) = super::key_for(&app, Some("acme"), "write").await;
    is_problem(
        &owner.get("/admin/v1/known-clients").await,
        403,
        "forbidden",
    );
}

/// Of many clients, those that came one way.
#[tokio::test]
async fn clients_are_listed_by_how_they_came() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut made = Vec::new();
    for _ in 0..3 {
        // What was made in one moment has no order.
        app.clock().advance(Duration::from_secs(1));
        made.push(acme.public_client().await.client_id);
        acme.registered_client("https://stranger.example/callback")
            .await;
    }
    let list = async |query: &str| {
        let path = acme.path(&format!("/clients?{query}"));
        app.admin().get(&path).await.expect_status(200).json()
    };
    let entered = list("origin=static&limit=2").await;
    let cursor = entered["next_cursor"].as_str().unwrap();
    let rest = list(&format!("origin=static&cursor={cursor}")).await;
    let ids: Vec<&str> = [&entered, &rest]
        .into_iter()
        .flat_map(|page| page["data"].as_array().unwrap())
        .map(|client| client["client_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, made);
    let registered = list("origin=registered").await["data"].clone();
    let registered = registered.as_array().unwrap();
    assert_eq!(registered.len(), 3);
    assert!(registered.iter().all(|one| one["origin"] == "registered"));
    assert_eq!(list("origin=document").await["data"], json!([]));
    for query in [
        format!("origin=registered&cursor={cursor}"),
        format!("cursor={cursor}"),
        "origin=elsewhere".to_owned(),
    ] {
        let path = acme.path(&format!("/clients?{query}"));
        is_problem(&app.admin().get(&path).await, 400, "malformed-request");
    }
}
