//! Webhooks: a tenant's own systems are told of what happens in it, in messages signed by the rules of Standard
//! Webhooks (<https://www.standardwebhooks.com>).

mod administration;
mod failures;
mod messages;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Answer, Posted, Served, TestApp, TestAppOptions, TestInternet, TestTenant};

const HOOK: &str = "https://hooks.example/writ";

struct Hooked {
    app: TestApp,
    acme: TestTenant,
    internet: TestInternet,
}

impl Hooked {
    async fn start() -> Self {
        let internet = TestInternet::of(&["hooks.example", "other.example"]).await;
        internet.serve(HOOK, Served::new(204, "text/plain", ""));
        let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
        let acme = app.tenant("acme").await;
        Self {
            app,
            acme,
            internet,
        }
    }

    /// As the administrator sees it, with its secret.
    async fn webhook(&self, events: &[&str]) -> Value {
        let body = json!({ "name": "alarms", "url": HOOK, "events": events });
        let path = self.acme.path("/webhooks");
        self.acme.admin().create(&path, &body).await
    }

    fn path(&self, webhook: &Value, below: &str) -> String {
        let id = webhook["id"].as_str().unwrap();
        self.acme.path(&format!("/webhooks/{id}{below}"))
    }

    async fn get(&self, path: &str) -> Value {
        self.app.admin().get(path).await.expect_status(200).json()
    }

    /// One event, `user.created`.
    async fn something_happens(&self, name: &str) {
        let user = json!({ "username": name, "password": "a password of theirs" });
        let users = self.acme.path("/users");
        self.acme.admin().create(&users, &user).await;
    }

    fn posted(&self) -> Vec<Posted> {
        self.internet.requests_posted_to(HOOK)
    }

    async fn count(&self, outcome: &str) -> i64 {
        let name = format!("writ_webhook_deliveries_total{{outcome=\"{outcome}\"}}");
        self.app.metric(&name).await.unwrap_or_default()
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

/// Which of the signatures are by this secret, as a receiver finds out.
fn signatures_by(secret: &str, posted: &Posted) -> Vec<bool> {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let content = format!(
        "{}.{}.{}",
        posted.header("webhook-id"),
        posted.header("webhook-timestamp"),
        posted.body
    );
    let header = posted.header("webhook-signature");
    let is_by_it = |signature: &str| {
        let signature = STANDARD
            .decode(signature.strip_prefix("v1,").unwrap())
            .unwrap();
        hmac::verify(&key, content.as_bytes(), &signature).is_ok()
    };
    header.split(' ').map(is_by_it).collect()
}
