//! Policies by the admin API: what is in force, versions of it, and what is wrong with a text. What they decide in
//! the flows is in `policies`.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::conventions::call_with;
use super::{is_problem, is_problem_of, key_for};
use crate::harness::{Answer, OAuthClient, TestApp, TestTenant, within_a_second};

const PEOPLE: &str = "@id(\"people\")\n@description(\"People may.\")\npermit (principal is Writ::User, action, resource);\n";
const NO_WRITING: &str =
    "@id(\"no-writing\")\nforbid (principal, action, resource == Writ::Scope::\"write\");\n";
const RAILS: &str = "/admin/v1/guard-rails";

async fn write(tenant: &TestTenant, text: &str) -> Value {
    let path = tenant.path("/policies/versions");
    let body = json!({ "text": text, "note": "for a test" });
    tenant
        .admin()
        .post(&path, &body)
        .await
        .expect_status(201)
        .json()
}

async fn shown(tenant: &TestTenant, below: &str) -> Value {
    let path = tenant.path(&format!("/policies{below}"));
    tenant.admin().get(&path).await.expect_status(200).json()
}

/// By the policies, for itself.
async fn is_denied(client: &OAuthClient) -> bool {
    let answer = client.client_credentials(None).await;
    !answer.status.is_success() && answer.text("error") == "access_denied"
}

fn ids(policies: &Value) -> Vec<&str> {
    let policies = policies.as_array().unwrap().iter();
    policies.map(|it| it["id"].as_str().unwrap()).collect()
}

/// A tenant that wrote nothing has policies that read like sentences, as version 0.
#[tokio::test]
async fn a_new_tenant_has_the_policies_that_come_with_writ() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let active = shown(&acme, "").await;
    assert_eq!(active["version"], 0);
    assert_eq!(active["is_default"], true);
    assert_eq!(active["created_by"], Value::Null);
    for policy in active["policies"].as_array().unwrap() {
        assert_eq!(policy["effect"], "permit");
        assert!(policy["description"].as_str().unwrap().ends_with('.'));
        assert!(
            active["text"]
                .as_str()
                .unwrap()
                .contains(policy["text"].as_str().unwrap())
        );
    }
    assert_eq!(shown(&acme, "/versions").await["data"], json!([]));
    assert_eq!(shown(&acme, "/versions/0").await, active);
    let schema = shown(&acme, "/schema").await;
    assert!(
        schema["text"]
            .as_str()
            .unwrap()
            .contains("entity Scope in [Resource, Tenant]")
    );
}

/// A version is written, listed, read, compared and gone back from; who wrote it and why is kept.
#[tokio::test]
async fn versions_are_written_compared_and_gone_back_from() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (key, key_id) = key_for(&app, Some("acme"), "write").await;
    let first = write(&acme, PEOPLE).await;
    assert_eq!(
        (&first["version"], &first["is_default"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(first["note"], "for a test");
    assert_eq!(first["created_by"]["kind"], "bootstrap_key");
    let path = acme.path("/policies/versions");
    let body = json!({ "text": format!("{PEOPLE}{NO_WRITING}") });
    let second = key.post(&path, &body).await.expect_status(201);
    assert_eq!(second.header("location"), format!("{path}/2"));
    let second = second.json();
    assert_eq!(ids(&second["policies"]), ["people", "no-writing"]);
    assert_eq!(
        second["created_by"],
        json!({ "kind": "admin_key", "id": key_id })
    );
    assert_eq!(shown(&acme, "").await, second);
    assert_eq!(shown(&acme, "/versions/1").await, first);

    let diff = shown(&acme, "/diff?from=1").await;
    assert_eq!(ids(&diff["added"]), ["no-writing"]);
    assert_eq!(
        (&diff["removed"], &diff["changed"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(shown(&acme, "/diff").await, diff);
    let back = shown(&acme, "/diff?from=2&to=0").await;
    assert_eq!(ids(&back["removed"]), ["people", "no-writing"]);
    let edited = PEOPLE.replace("People may.", "People may, always.");
    write(&acme, &edited).await;
    let diff = shown(&acme, "/diff?from=1&to=3").await;
    assert_eq!(diff["changed"][0]["id"], "people");
    assert_eq!(
        diff["changed"][0]["to"]["description"],
        "People may, always."
    );

    let revert = acme.path("/policies/revert");
    let reverted = key
        .post(&revert, &json!({ "version": 2, "note": "It was better." }))
        .await;
    let reverted = reverted.expect_status(201).json();
    assert_eq!(reverted["version"], 4);
    assert_eq!(reverted["reverts_to"], 2);
    assert_eq!(reverted["text"], second["text"]);
    let default = key.post(&revert, &json!({ "version": 0 })).await;
    let default = default.expect_status(201).json();
    assert_eq!(default["is_default"], true);
    assert_eq!(
        default["policies"],
        shown(&acme, "/versions/0").await["policies"]
    );
    let listed = shown(&acme, "/versions").await;
    let numbers = listed["data"].as_array().unwrap().iter();
    let numbers: Vec<i64> = numbers.map(|it| it["version"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    assert!(listed["data"][0].get("text").is_none());
}

/// Each fault is told with its line and column, and nothing is written.
#[tokio::test]
async fn a_text_with_faults_is_refused_with_their_places() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = acme.path("/policies/versions");
    let two = "@id(\"a\") permit (princpal, action, resource);\n@id(\"b\") permit (principal, acton, resource);";
    let answer = acme.admin().post(&path, &json!({ "text": two })).await;
    is_problem(&answer, 400, "invalid-value");
    let faults = answer.json()["errors"].clone();
    assert_eq!(faults.as_array().unwrap().len(), 2, "{faults}");
    assert_eq!(faults[1]["field"], "text");
    let detail = faults[1]["detail"].as_str().unwrap();
    assert!(detail.starts_with("line 2, column 29"), "{detail}");
    for (text, part) in [
        (
            "@id(\"a\") permit (principal, action, resource) when { context.clinet == 1 };",
            "in a: attribute `clinet`",
        ),
        ("permit (principal, action, resource);", "@id"),
        ("", "no policy permits anything"),
        (
            "@id(\"a\") permit (principal is Writ::User, action, resource) when { principal.email == \"x\" };",
            "optional",
        ),
    ] {
        let answer = acme.admin().post(&path, &json!({ "text": text })).await;
        is_problem_of(&answer, 400, "invalid-value", "text");
        let faults = answer.json()["errors"].to_string();
        assert!(faults.contains(part), "{faults}");
    }
    let numbered = |n| format!("@id(\"p{n}\") permit (principal, action, resource);\n");
    let many: Vec<String> = (0..201).map(numbered).collect();
    let answer = acme
        .admin()
        .post(&path, &json!({ "text": many.concat() }))
        .await;
    is_problem_of(&answer, 400, "invalid-value", "text");
    let large = format!("// {}\n{PEOPLE}", "x".repeat(65_536));
    let answer = acme.admin().post(&path, &json!({ "text": large })).await;
    is_problem_of(&answer, 400, "invalid-value", "text");
    // Left out is not null: nobody loses their policies by forgetting a member.
    let answer = acme.admin().post(&path, &json!({ "note": "x" })).await;
    is_problem_of(&answer, 400, "malformed-request", "text");
    assert_eq!(shown(&acme, "").await["version"], 0);
}

/// `dry_run=true` validates and writes nothing; `If-Match` keeps two administrators from each other's work.
#[tokio::test]
async fn a_draft_is_tried_and_an_overtaken_one_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = acme.path("/policies/versions");
    let body = json!({ "text": PEOPLE });
    let tried = acme
        .admin()
        .post(&format!("{path}?dry_run=true"), &body)
        .await;
    assert_eq!(tried.expect_status(201).json()["version"], 1);
    let refused = json!({ "text": "permit;" });
    let answer = acme
        .admin()
        .post(&format!("{path}?dry_run=true"), &refused)
        .await;
    is_problem(&answer, 400, "invalid-value");
    assert_eq!(shown(&acme, "").await["version"], 0);
    let seen = acme.admin().get(&acme.path("/policies")).await;
    let matching = async |tag: &str| -> Answer {
        let header = ("if-match", tag);
        call_with(acme.admin(), &Method::POST, &path, Some(&body), header).await
    };
    let written = matching(seen.header("etag")).await.expect_status(201);
    is_problem(
        &matching(seen.header("etag")).await,
        412,
        "precondition-failed",
    );
    let shown = acme.admin().get(&acme.path("/policies")).await;
    assert_eq!(shown.header("etag"), written.header("etag"));
    matching(written.header("etag")).await.expect_status(201);
}

/// What the audit says is which policies changed; the texts are in the versions.
#[tokio::test]
async fn the_audit_says_which_policies_changed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    write(&acme, PEOPLE).await;
    app.clock().advance(Duration::from_secs(1));
    write(&acme, &format!("{PEOPLE}{NO_WRITING}")).await;
    let events = acme.audit_events("policy_version.created").await;
    let newest = events.first().unwrap();
    assert_eq!(newest["target_id"], "2", "{newest}");
    assert_eq!(newest["details"]["added"], json!(["no-writing"]));
    assert_eq!(newest["details"]["before"]["version"], 1);
    assert_eq!(newest["details"]["after"]["version"], 2);
    assert!(!newest.to_string().contains("forbid ("), "{newest}");
}

/// Guard rails are the platform's, only forbid, and stand above what a tenant permits.
#[tokio::test]
async fn guard_rails_only_forbid_and_are_the_platforms() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let none = app.admin().get(RAILS).await.expect_status(200).json();
    assert_eq!((&none["version"], &none["text"]), (&json!(0), &json!("")));
    let versions = format!("{RAILS}/versions");
    let answer = app
        .admin()
        .post(&versions, &json!({ "text": PEOPLE }))
        .await;
    is_problem_of(&answer, 400, "invalid-value", "text");
    let body = json!({ "text": NO_WRITING });
    let (owner, _) = key_for(&app, Some("acme"), "write").await;
    is_problem(&owner.post(&versions, &body).await, 403, "forbidden");
    is_problem(&owner.get(RAILS).await, 403, "forbidden");
    let written = app.admin().post(&versions, &body).await.expect_status(201);
    assert_eq!(
        written.header("location"),
        "/admin/v1/guard-rails/versions/1"
    );
    assert_eq!(app.admin().get(RAILS).await.json(), written.json());
    let diff = app.admin().get(&format!("{RAILS}/diff?from=0")).await;
    assert_eq!(
        ids(&diff.expect_status(200).json()["added"]),
        ["no-writing"]
    );
    app.clock().advance(Duration::from_secs(1));
    let revert = json!({ "version": 0 });
    let back = app.admin().post(&format!("{RAILS}/revert"), &revert).await;
    assert_eq!(back.expect_status(201).json()["text"], "");
    let events = app.admin().get("/admin/v1/audit-events?limit=1").await;
    let newest = &events.expect_status(200).json()["data"][0];
    assert_eq!(newest["action"], "guard_rail_version.created", "{newest}");
    assert_eq!(newest["details"]["removed"], json!(["no-writing"]));
    // A tenant's own policies are another thing.
    assert_eq!(shown(&acme, "").await["version"], 0);
}

/// A version that does not exist is not found, and says where those that do are.
#[tokio::test]
async fn a_version_that_does_not_exist_is_not_found() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for path in [
        acme.path("/policies/versions/1"),
        acme.path("/policies/versions/-1"),
        acme.path("/policies/versions/99999999999"),
        format!("{RAILS}/versions/1"),
    ] {
        is_problem(&app.admin().get(&path).await, 404, "not-found");
    }
    let body = json!({ "version": 1 });
    let answer = app
        .admin()
        .post(&acme.path("/policies/revert"), &body)
        .await;
    is_problem_of(&answer, 400, "invalid-value", "version");
    for (query, member) in [("from=7", "from"), ("to=7", "to")] {
        for list in [acme.path("/policies"), RAILS.to_owned()] {
            let answer = app.admin().get(&format!("{list}/diff?{query}")).await;
            is_problem_of(&answer, 400, "invalid-value", member);
        }
    }
    let body = json!({ "version": -1 });
    let answer = app
        .admin()
        .post(&acme.path("/policies/revert"), &body)
        .await;
    is_problem(&answer, 400, "malformed-request");
}

/// Compiled once per version and replica, whoever is asked; a new one holds everywhere within a second.
#[tokio::test]
async fn a_version_is_compiled_once_and_holds_on_every_replica_within_a_second() {
    let app = TestApp::start().await;
    let there = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let client_there = OAuthClient {
        wire: there.wire(),
        ..client.clone()
    };
    for client in [&client, &client_there] {
        client.client_credentials(None).await.expect_status(200);
    }
    let compilations = "writ_policy_compilations_total{outcome=\"compiled\"}";
    // The policies that come with Writ are nobody's version.
    assert_eq!(app.metric(compilations).await.unwrap_or(0), 0);
    write(&acme, PEOPLE).await;
    // Machines are not people.
    assert!(is_denied(&client).await);
    within_a_second("a new version on the other replica", async || {
        is_denied(&client_there).await
    })
    .await;
    for _ in 0..3 {
        assert!(is_denied(&client).await);
    }
    assert_eq!(app.metric(compilations).await, Some(1));
    let body = json!({ "version": 0 });
    let reverted = app
        .admin()
        .post(&acme.path("/policies/revert"), &body)
        .await;
    reverted.expect_status(201);
    client.client_credentials(None).await.expect_status(200);
    let rails = json!({ "text": "@id(\"nothing\") forbid (principal, action, resource);" });
    let written = app.admin().post(&format!("{RAILS}/versions"), &rails).await;
    written.expect_status(201);
    assert!(is_denied(&client).await);
    within_a_second("a guard rail on the other replica", async || {
        is_denied(&client_there).await
    })
    .await;
}
