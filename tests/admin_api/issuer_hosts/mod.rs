//! Hosts of others: a tenant's issuer is at one only once the host has shown that it is for this tenant.

mod checks;

use std::time::Duration;

use serde_json::{Value, json};

use super::{is_problem, is_problem_of};
use crate::harness::{AdminApi, Answer, Served, TestApp, TestAppOptions, TestInternet};

const HOSTS: &str = "/admin/v1/issuer-hosts";
const HOST: &str = "auth.acme.test";
const PROOF: &str = "https://auth.acme.test/.well-known/writ-issuer-host";
const ISSUER: &str = "https://auth.acme.test/oauth";

/// A back end that signs customers up, with a key that makes tenants and nothing else.
struct SigningUp {
    app: TestApp,
    internet: TestInternet,
    api: AdminApi,
}

impl SigningUp {
    async fn start() -> Self {
        let internet = TestInternet::of(&[HOST, "other.test"]).await;
        let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
        let key = json!({ "name": "sign-up", "scopes": ["tenants:write"] });
        let key = app.admin().create("/admin/v1/admin-keys", &key).await;
        let api = app.admin().with_key(key["admin_key"].as_str().unwrap());
        Self { app, internet, api }
    }

    async fn try_to_claim(&self, host: &str, tenant: &str) -> Answer {
        let body = json!({ "host": host, "tenant": tenant });
        self.api.post(HOSTS, &body).await
    }

    async fn claim(&self, host: &str, tenant: &str) -> Value {
        let claimed = self.try_to_claim(host, tenant).await;
        claimed.expect_status(201).json()
    }

    async fn verify(&self, claim: &Value) -> Answer {
        let path = format!("{}/verify", path_of(claim));
        self.api.call(reqwest::Method::POST, &path, None).await
    }

    async fn verified(&self, tenant: &str) -> Value {
        let claim = self.claim(HOST, tenant).await;
        self.show(&content_of(&claim));
        self.verify(&claim).await.expect_status(200).json()
    }

    async fn create(&self, tenant: &str, issuer: &str) -> Answer {
        let body = json!({ "slug": tenant, "display_name": "Acme", "issuer": issuer });
        self.api.post("/admin/v1/tenants", &body).await
    }

    async fn import(&self, tenant: &str, issuer: &str) -> Answer {
        let tenant = json!({ "slug": tenant, "display_name": "Acme", "issuer": issuer });
        let body = json!({ "format_version": 1, "tenant": tenant });
        self.api.post("/admin/v1/tenant-imports", &body).await
    }

    fn show(&self, content: &str) {
        let served = Served::new(200, "application/octet-stream", content);
        self.internet.serve(PROOF, served);
    }

    async fn state_of(&self, claim: &Value) -> String {
        let found = self.api.get(&path_of(claim)).await;
        found.expect_status(200).text("state")
    }
}

fn path_of(claim: &Value) -> String {
    format!("{HOSTS}/{}", claim["id"].as_str().unwrap())
}

fn content_of(claim: &Value) -> String {
    claim["challenge"]["content"].as_str().unwrap().to_owned()
}

#[track_caller]
fn says(answer: &Answer, what: &str) {
    let detail = answer.text("detail");
    assert!(detail.contains(what), "{what}: {detail}");
}

/// A claim, a proof, and the tenant stands; each step is in the audit and counted.
#[tokio::test]
async fn a_host_that_shows_its_proof_becomes_an_issuer() {
    let it = SigningUp::start().await;
    let claim = it.claim(HOST, "acme").await;
    assert_eq!(claim["state"], "pending");
    assert_eq!(claim["challenge"]["url"], PROOF);
    assert_eq!(claim["verified_at"], Value::Null);
    let content = content_of(&claim);
    assert!(content.len() >= 43, "{content}");
    // An editor's line end is no fault.
    it.show(&format!("{content}\r\n"));
    it.app.clock().advance(Duration::from_mins(1));
    let verified = it.verify(&claim).await.expect_status(200).json();
    assert_eq!(verified["state"], "verified");
    assert!(verified["verified_at"].is_string(), "{verified}");
    assert_eq!(verified["expires_at"], Value::Null);
    // Once is enough: what the host shows later matters no more, and nobody asks it again.
    it.show("something else");
    let again = it.verify(&claim).await.expect_status(200).json();
    assert_eq!(again, verified);
    assert_eq!(it.internet.requests_of(PROOF), 1);

    let made = it.create("acme", ISSUER).await.expect_status(201);
    assert_eq!(made.text("issuer"), ISSUER);
    let metadata = "https://auth.acme.test/.well-known/oauth-authorization-server/oauth";
    let metadata = it.app.wire().get(metadata).await.expect_status(200);
    assert_eq!(metadata.text("issuer"), ISSUER);

    let events = it.app.admin().get("/admin/v1/audit-events").await;
    let events = events.expect_status(200).json();
    let about = |action: &str| {
        let mut all = events["data"].as_array().unwrap().iter();
        all.find(|event| event["action"] == action).unwrap().clone()
    };
    let (claimed, proved) = (about("issuer_host.claimed"), about("issuer_host.verified"));
    for event in [&claimed, &proved] {
        assert_eq!(event["target_kind"], "issuer_host");
        assert_eq!(event["target_id"], claim["id"]);
        assert_eq!(event["actor_kind"], "admin_key");
    }
    assert_eq!(claimed["details"]["after"]["host"], HOST);
    assert_eq!(proved["details"]["after"]["state"], "verified");
    let counted = "writ_issuer_host_checks_total{outcome=\"verified\"}";
    assert_eq!(it.app.metric(counted).await, Some(1));
}

/// Neither made nor imported, and the refusal says what to do.
#[tokio::test]
async fn without_a_proof_no_tenant_is_made_at_anothers_host() {
    let it = SigningUp::start().await;
    for (refused, member) in [
        (it.create("acme", ISSUER).await, "issuer"),
        (it.import("acme", ISSUER).await, "tenant.issuer"),
    ] {
        is_problem_of(&refused, 409, "conflict", member);
        says(&refused, HOSTS);
        says(&refused, PROOF);
    }
    let claim = it.claim(HOST, "acme").await;
    let pending = it.create("acme", ISSUER).await;
    is_problem_of(&pending, 409, "conflict", "issuer");
    says(&pending, &content_of(&claim));
    says(&pending, claim["id"].as_str().unwrap());
    // A host of this machine's can show nothing, and is nobody's.
    let local = it.create("acme", "http://localhost:9000/t/acme").await;
    is_problem_of(&local, 409, "conflict", "issuer");
    says(&local, "installation:write");

    // Below the public URL nothing is needed, and whoever may change the installation goes without.
    let own = it.create("own", "https://writ.test/realms/own/").await;
    own.expect_status(201);
    it.app.tenant_at("operators", "https://other.test").await;
    let key = json!({ "name": "operator", "scopes": ["tenants:write", "installation:write"] });
    let key = it.app.admin().create("/admin/v1/admin-keys", &key).await;
    let operator = it.api.with_key(key["admin_key"].as_str().unwrap());
    let body = json!({ "slug": "acme", "display_name": "Acme", "issuer": ISSUER });
    let made = operator.post("/admin/v1/tenants", &body).await;
    made.expect_status(201);
}

/// A document brings its tenant to a host like any other way does.
#[tokio::test]
async fn an_imported_tenant_comes_to_a_verified_host() {
    let it = SigningUp::start().await;
    it.verified("acme").await;
    // What the document has besides takes scopes of its own; this one has nothing.
    it.import("acme", ISSUER).await.expect_status(201);
}

/// The proof is for one slug: not for another tenant, nor for another host or port.
#[tokio::test]
async fn a_proof_is_good_for_its_tenant_alone() {
    let it = SigningUp::start().await;
    it.verified("acme").await;
    for (slug, issuer) in [
        ("globex", ISSUER),
        ("acme", "https://auth.acme.test:8443/oauth"),
        ("acme", "https://www.auth.acme.test/oauth"),
        ("acme", "https://other.test"),
    ] {
        let refused = it.create(slug, issuer).await;
        is_problem_of(&refused, 409, "conflict", "issuer");
    }
    let claimed = it.try_to_claim(HOST, "globex").await;
    is_problem_of(&claimed, 409, "conflict", "host");
    let again = it.try_to_claim(HOST, "acme").await;
    is_problem_of(&again, 409, "conflict", "host");
}

/// What is another tenant's host is not claimed, whatever became of that tenant.
#[tokio::test]
async fn a_host_where_a_tenant_is_or_was_is_not_claimed() {
    let it = SigningUp::start().await;
    it.app.tenant_at("acme", ISSUER).await;
    let claim = it.claim("other.test", "globex").await;
    let taken = it.try_to_claim(HOST, "initech").await;
    is_problem_of(&taken, 409, "conflict", "host");
    let path = "/admin/v1/tenants/acme?grace_seconds=0";
    let deleted = it.app.admin().delete(path).await;
    assert!(deleted.status.is_success(), "{deleted:?}");
    it.app.run_due_jobs().await;
    let taken = it.try_to_claim(HOST, "initech").await;
    is_problem_of(&taken, 409, "conflict", "host");
    // A tenant's issuer never changes, so a claim for one that is there would lead to nothing.
    let late = it.try_to_claim("more.test", "acme").await;
    is_problem_of(&late, 409, "conflict", "tenant");
    // Somebody else came first.
    it.app.tenant_at("operators", "https://other.test").await;
    let late = it.verify(&claim).await;
    is_problem_of(&late, 409, "conflict", "host");
    assert_eq!(it.internet.requests_of(PROOF), 0);
}

/// What cannot be a host of others, or could never show anything, is not claimed.
#[tokio::test]
async fn a_host_that_could_show_nothing_is_refused_at_once() {
    let it = SigningUp::start().await;
    for host in [
        "",
        "Auth.acme.test",
        "https://auth.acme.test",
        "auth.acme.test/oauth",
        "auth.acme.test:443",
        "auth.acme.test:22",
        "*.acme.test",
        "localhost",
        "localhost:9000",
        "127.0.0.1",
        "10.0.0.1",
        "[::1]",
        "db.internal",
        "writ.test",
    ] {
        let refused = it.try_to_claim(host, "acme").await;
        is_problem_of(&refused, 400, "invalid-value", "host");
    }
    for slug in ["", "Acme", "system"] {
        let refused = it.try_to_claim(HOST, slug).await;
        is_problem_of(&refused, 400, "invalid-value", "tenant");
    }
    let body = json!({ "host": HOST, "tenant": "acme", "chalenge": "mine" });
    let unknown = it.api.post(HOSTS, &body).await;
    is_problem_of(&unknown, 400, "malformed-request", "chalenge");
}

/// Seven days; then the same host is claimed anew, with another text.
#[tokio::test]
async fn a_claim_ends_unverified() {
    let it = SigningUp::start().await;
    let claim = it.claim(HOST, "acme").await;
    it.show(&content_of(&claim));
    it.app.clock().advance(Duration::from_hours(7 * 24));
    assert_eq!(it.state_of(&claim).await, "expired");
    let late = it.verify(&claim).await;
    is_problem(&late, 409, "conflict");
    says(&late, "ended");
    assert_eq!(it.internet.requests_of(PROOF), 0);
    let refused = it.create("acme", ISSUER).await;
    is_problem_of(&refused, 409, "conflict", "issuer");
    says(&refused, "claim it for acme");

    let anew = it.claim(HOST, "acme").await;
    assert_ne!(content_of(&anew), content_of(&claim));
    it.api.get(&path_of(&claim)).await.expect_status(404);
    is_problem(&it.verify(&claim).await, 404, "not-found");
    // It shows the old text still.
    is_problem(&it.verify(&anew).await, 424, "fetch-failed");
    it.show(&content_of(&anew));
    it.verify(&anew).await.expect_status(200);
    // What ended goes by itself a week later; what is verified stays.
    let forgotten = it.claim("other.test", "globex").await;
    it.app.clock().advance(Duration::from_hours(15 * 24));
    it.app.run_due_jobs().await;
    it.api.get(&path_of(&forgotten)).await.expect_status(404);
    assert_eq!(it.state_of(&anew).await, "verified");
    let swept = "writ_swept_total{kind=\"issuer_hosts\"}";
    assert_eq!(it.app.metric(swept).await, Some(1));
}

/// A host is let go where no tenant is, and then somebody else has it.
#[tokio::test]
async fn a_host_is_released_while_no_tenant_is_there() {
    let it = SigningUp::start().await;
    let verified = it.verified("acme").await;
    it.create("acme", ISSUER).await.expect_status(201);
    let refused = it.api.delete(&path_of(&verified)).await;
    is_problem(&refused, 409, "conflict");
    says(&refused, "the tenant acme");
    says(&refused, ISSUER);

    let other = it.claim("other.test", "globex").await;
    let proof = "https://other.test/.well-known/writ-issuer-host";
    let served = Served::new(200, "text/plain", content_of(&other));
    it.internet.serve(proof, served);
    let tried = format!("{}/verify?dry_run=true", path_of(&other));
    let tried = it.api.call(reqwest::Method::POST, &tried, None).await;
    assert_eq!(tried.expect_status(200).text("state"), "verified");
    assert_eq!(it.state_of(&other).await, "pending");
    it.verify(&other).await.expect_status(200);
    it.api.delete(&path_of(&other)).await.expect_status(204);
    is_problem(&it.api.delete(&path_of(&other)).await, 404, "not-found");
    let refused = it.create("globex", "https://other.test").await;
    is_problem_of(&refused, 409, "conflict", "issuer");
    it.claim("other.test", "initech").await;
    let events = it.app.admin().get("/admin/v1/audit-events").await;
    assert!(events.body.contains("issuer_host.released"), "{events:?}");
}

/// Claims are for whoever makes tenants: who only reads, or is of one tenant, makes none.
#[tokio::test]
async fn claims_are_made_by_whoever_makes_tenants() {
    let it = SigningUp::start().await;
    it.app.tenant("below").await;
    let body = json!({ "host": HOST, "tenant": "acme" });
    for (scopes, tenant, reading) in [
        (json!(["tenants:read"]), Value::Null, 200),
        (json!(["installation:write"]), Value::Null, 403),
        (json!(["*:write"]), json!("below"), 403),
    ] {
        let key = json!({ "name": "a key", "scopes": scopes, "tenant": tenant });
        let key = it.app.admin().create("/admin/v1/admin-keys", &key).await;
        let api = it.api.with_key(key["admin_key"].as_str().unwrap());
        is_problem(&api.post(HOSTS, &body).await, 403, "forbidden");
        assert_eq!(api.get(HOSTS).await.status, reading, "{scopes}");
    }
}
