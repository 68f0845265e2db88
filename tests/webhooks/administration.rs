//! Webhooks as their tenant's administrator has them.

use super::*;

/// Row N7: the secret is in the answers that make it, and nowhere else.
#[tokio::test]
async fn a_webhooks_secret_is_shown_once() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["*"]).await;
    let secret = text(&webhook, "secret");
    assert!(
        secret.starts_with("whsec_") && secret.len() == 50,
        "{secret}"
    );
    for path in ["", "/status", "/deliveries"] {
        let shown = hooked.get(&hooked.path(&webhook, path)).await.to_string();
        assert!(
            !shown.contains(&secret) && !shown.contains("secret\""),
            "{shown}"
        );
    }
    let events = hooked
        .get(&hooked.acme.path("/audit-events"))
        .await
        .to_string();
    assert!(!events.contains(&secret));
    let rows = hooked.app.database().db_dump().await;
    assert!(!rows.contains(secret.strip_prefix("whsec_").unwrap()));
}

#[tokio::test]
async fn a_test_is_a_message_like_any_other() {
    let hooked = Hooked::start().await;
    // Which events it wants does not matter.
    let webhook = hooked.webhook(&["grant.revoked"]).await;
    let path = hooked.path(&webhook, "/test");
    let test = hooked
        .app
        .admin()
        .call(reqwest::Method::POST, &path, None)
        .await;
    let location = test.header("location").to_owned();
    let delivery = test.expect_status(201).json();
    assert_eq!(delivery["state"], "pending", "{delivery}");
    hooked.app.run_due_jobs().await;
    let posted = hooked.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(signatures_by(&text(&webhook, "secret"), &posted[0]), [true]);
    let body: Value = serde_json::from_str(&posted[0].body).unwrap();
    assert_eq!(body["type"], "webhook.tested");
    assert_eq!(posted[0].header("webhook-id"), text(&delivery, "id"));
    assert_eq!(hooked.get(&location).await["state"], "delivered");

    let disabled = json!({ "state": "disabled" });
    let patched = hooked
        .app
        .admin()
        .patch(&hooked.path(&webhook, ""), &disabled)
        .await;
    patched.expect_status(200);
    let refused = hooked
        .app
        .admin()
        .call(reqwest::Method::POST, &path, None)
        .await;
    assert_eq!(
        refused.expect_status(409).json()["type"],
        "urn:writ:problem:conflict"
    );
    let replay = format!("/deliveries/{}/replay", text(&delivery, "id"));
    let replay = hooked.path(&webhook, &replay);
    let refused = hooked
        .app
        .admin()
        .call(reqwest::Method::POST, &replay, None)
        .await;
    refused.expect_status(409);
}

/// Rows N4 and K1: what is wrong is named, and nothing is sent while a webhook is made.
#[tokio::test]
async fn a_webhook_that_could_not_work_is_refused() {
    let hooked = Hooked::start().await;
    let path = hooked.acme.path("/webhooks");
    for (member, value) in [
        ("url", json!("http://hooks.example/writ")),
        ("url", json!("https://127.0.0.1/writ")),
        ("url", json!("https://hooks.example:22/writ")),
        ("url", json!("https://user@hooks.example/writ")),
        ("url", json!("https://localhost/writ")),
        ("url", json!("nowhere")),
        ("events[0]", json!(["client.create"])),
        ("events[1]", json!(["*", "clients.*"])),
        ("events", json!([])),
        ("name", json!("")),
    ] {
        let mut body = json!({ "name": "alarms", "url": HOOK, "events": ["*"] });
        let (top, _) = member.split_once('[').unwrap_or((member, ""));
        body[top] = value;
        let refused = hooked.app.admin().post(&path, &body).await;
        let problem = refused.expect_status(400).json();
        assert_eq!(problem["errors"][0]["field"], member, "{problem}");
    }
    assert_eq!(hooked.internet.connections(), 0);
    for number in 0..20 {
        let body = json!({ "name": format!("number {number}"), "url": HOOK, "events": ["*"] });
        hooked.app.admin().create(&path, &body).await;
    }
    let body = json!({ "name": "one more", "url": HOOK, "events": ["*"] });
    let refused = hooked.app.admin().post(&path, &body).await;
    refused.expect_status(409);
}

#[track_caller]
fn is_taken(answer: &Answer) {
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(answer.json()["errors"][0]["field"], "name", "{answer:?}");
}

/// Files and people name a webhook by its name.
#[tokio::test]
async fn two_webhooks_of_a_tenant_have_two_names() {
    let hooked = Hooked::start().await;
    let first = hooked.webhook(&["*"]).await;
    let path = hooked.acme.path("/webhooks");
    let body = json!({ "name": "alarms", "url": HOOK, "events": ["*"] });
    let admin = hooked.app.admin();
    is_taken(&admin.post(&path, &body).await);
    let other = json!({ "name": "others", "url": HOOK, "events": ["*"] });
    let other = admin.create(&path, &other).await;
    let renamed = json!({ "name": "alarms" });
    let renamed = admin.patch(&hooked.path(&other, ""), &renamed).await;
    is_taken(&renamed);
    // Another tenant's are its own, and a deleted one's name is free.
    let umbrella = hooked.app.tenant("umbrella").await;
    admin.create(&umbrella.path("/webhooks"), &body).await;
    let gone = admin.delete(&hooked.path(&first, "")).await;
    gone.expect_status(204);
    admin.create(&path, &body).await;
}

/// A change is compared with what was there, and what the webhook does meanwhile does not stand in its way.
#[tokio::test]
async fn a_webhook_is_changed_and_deleted() {
    let hooked = Hooked::start().await;
    let webhook = hooked.webhook(&["user.created"]).await;
    let path = hooked.path(&webhook, "");
    let before = hooked.app.admin().get(&path).await;
    let etag = before.header("etag").to_owned();
    hooked.something_happens("carol").await;
    hooked.app.run_due_jobs().await;
    let after = hooked.app.admin().get(&path).await;
    assert_eq!(after.header("etag"), etag, "deliveries do not change it");
    let elsewhere = "https://other.example/writ";
    let change = json!({ "url": elsewhere, "events": ["client.*"] });
    let changed = hooked.app.admin().patch(&path, &change).await;
    assert_eq!(changed.expect_status(200).json()["url"], elsewhere);
    hooked
        .internet
        .serve(elsewhere, Served::new(200, "text/plain", ""));
    hooked.acme.public_client().await;
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.internet.posted_to(elsewhere).len(), 1);
    let deleted = hooked.app.admin().delete(&path).await;
    deleted.expect_status(204);
    hooked.acme.public_client().await;
    hooked.app.run_due_jobs().await;
    assert_eq!(hooked.internet.posted_to(elsewhere).len(), 1);
    hooked.app.admin().get(&path).await.expect_status(404);
    let deliveries = hooked.path(&webhook, "/deliveries");
    hooked.app.admin().get(&deliveries).await.expect_status(404);
    for action in ["webhook.created", "webhook.updated", "webhook.deleted"] {
        assert_eq!(hooked.acme.audit_events(action).await.len(), 1, "{action}");
    }
}
