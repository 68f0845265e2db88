//! What an operator sees of all this: counters that count what happened, and events that say who did it.
//!
//! The features' own tests look at their own events and counters; here stands what belongs to no feature, and that
//! every event and every metric is named in a test. That each is documented: `operations_page`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client_documents::{Documents, URL, client_at};
use crate::harness::{RedisServer, TestApp, TestAppOptions};

/// The text of every test.
fn tests() -> String {
    fn read(directory: &Path, text: &mut String) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut text = String::new();
    read(Path::new(env!("CARGO_MANIFEST_DIR")), &mut text);
    text
}

/// One for each line of this declaration's body, or they stand somewhere else by now.
pub(crate) fn names_in(
    source: &str,
    declaration: &str,
    is_name: impl Fn(&str) -> bool,
) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(source);
    let text = fs::read_to_string(path).unwrap();
    let (text, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
    let names: Vec<String> = text
        .split('"')
        .filter(|text| is_name(text))
        .map(str::to_owned)
        .collect();
    let body = text.split_once(&format!("{declaration} {{\n"));
    let (body, _) = body.and_then(|(_, body)| body.split_once("\n}")).unwrap();
    // The registry is what the metrics are in.
    let is_one = |line: &&str| !line.trim().starts_with("//") && *line != "    registry: Registry,";
    assert_eq!(
        names.len(),
        body.lines().filter(is_one).count(),
        "the names in {source} are no longer found: {names:?}"
    );
    names
}

/// Of every `EventType`.
pub(crate) fn event_names() -> Vec<String> {
    let is_event = |text: &str| {
        text.split_once('.')
            .is_some_and(|(thing, happened)| is_word(thing) && is_word(happened))
    };
    names_in("authority/src/audit/event.rs", "event_types!", is_event)
}

/// Of everything that is counted or measured.
pub(crate) fn metric_names() -> Vec<String> {
    let is_metric = |text: &str| text.starts_with("writ_") && is_word(text);
    let mut names = names_in("authority/src/metrics.rs", "pub struct Metrics", is_metric);
    let of_http = names_in("server/src/metrics.rs", "pub struct HttpMetrics", is_metric);
    names.extend(of_http);
    names
}

pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_lowercase())
}

/// Whether the name stands there by itself, not as the beginning or the end of another.
fn is_named(text: &str, name: &str) -> bool {
    let is_part = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].bytes().next_back();
        let after = text[at + name.len()..].bytes().next();
        !before.is_some_and(|byte| byte == b'.' || is_part(byte)) && !after.is_some_and(is_part)
    })
}

/// With a name that is none of ours: it would be named here.
#[test]
fn a_name_within_another_is_not_named() {
    assert!(is_named("\"lamp.lit\"", "lamp.lit"));
    for another in ["oil_lamp.lit", "lamp.lit_again", "the.lamp.lit"] {
        assert!(!is_named(another, "lamp.lit"), "{another}");
    }
}

#[test]
fn every_event_is_named_in_a_test() {
    let tests = tests();
    let names = event_names();
    let untested = names.iter().filter(|name| !is_named(&tests, name));
    assert_eq!(untested.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn every_metric_is_named_in_a_test() {
    let tests = tests();
    let names = metric_names();
    let untested = names.iter().filter(|name| {
        // A histogram is read by its count.
        !is_named(&tests, name) && !is_named(&tests, &format!("{name}_count"))
    });
    assert_eq!(untested.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[track_caller]
fn assert_counts(text: &str, expected: &[(&str, i64)]) {
    for (name, count) in expected {
        let mut lines = text.lines();
        let counted = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        assert_eq!(counted, Some(count.to_string().as_str()), "{name}\n{text}");
    }
}

async fn scraped(app: &TestApp) -> String {
    let answer = app.admin().get("/metrics").await;
    answer.expect_status(200).body
}

/// What `the_counters_tell_a_whole_life` has counted in the end.
const OF_A_WHOLE_LIFE: [(&str, i64); 19] = [
    ("writ_registrations_total{outcome=\"registered\"}", 1),
    ("writ_registrations_total{outcome=\"refused\"}", 1),
    ("writ_authorizations_total{outcome=\"code_issued\"}", 2),
    ("writ_authorizations_total{outcome=\"denied\"}", 1),
    ("writ_authorizations_total{outcome=\"refused\"}", 1),
    ("writ_consents_total{outcome=\"granted\"}", 1),
    ("writ_consents_total{outcome=\"remembered\"}", 1),
    ("writ_consents_total{outcome=\"denied\"}", 1),
    (
        "writ_tokens_issued_total{grant_type=\"authorization_code\"}",
        1,
    ),
    ("writ_tokens_issued_total{grant_type=\"refresh_token\"}", 1),
    (
        "writ_id_tokens_issued_total{grant_type=\"authorization_code\"}",
        1,
    ),
    (
        "writ_id_tokens_issued_total{grant_type=\"refresh_token\"}",
        1,
    ),
    (
        "writ_tokens_refused_total{error=\"invalid_grant\",grant_type=\"refresh_token\"}",
        1,
    ),
    (
        "writ_introspections_total{format=\"json\",outcome=\"active\"}",
        1,
    ),
    (
        "writ_introspections_total{format=\"json\",outcome=\"inactive\"}",
        1,
    ),
    ("writ_revocations_total{kind=\"access_token\"}", 1),
    ("writ_revocations_total{kind=\"grant\"}", 1),
    ("writ_revocations_total{kind=\"unknown\"}", 1),
    (
        "writ_http_request_duration_seconds_count{endpoint=\"revoke\",status=\"2xx\"}",
        3,
    ),
];

/// A whole life, from the registration to the revocation, as the counters tell it.
#[tokio::test]
async fn the_counters_tell_a_whole_life() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    acme.registered_client("https://stranger.example/callback")
        .await;
    acme.register(&json!({ "redirect_uris": [] }))
        .await
        .is_refused(400, "invalid_redirect_uri");
    let client = acme.confidential_client().await;
    let alice = acme.browser_of("alice").await;
    let request = client
        .authorization_request()
        .with("scope", "openid notes:read");
    let code = request.walk(&alice).await.code();
    let first = client.redeem(&code).await.tokens();
    let second = client.refresh(first.refresh_token()).await.tokens();
    // Remembered: nobody is asked.
    request.walk(&alice).await.code();
    let more = request.clone().with("scope", "openid notes:write");
    assert_eq!(
        more.walk_and_deny(&alice)
            .await
            .parameter("error")
            .as_deref(),
        Some("access_denied")
    );
    // Nobody is signed in there, and nobody may be asked.
    request.clone().with("prompt", "none").send().await;
    client.cannot_refresh("no refresh token").await;
    assert!(resource_server.accepts(&second.access_token).await);
    for token in [&second.access_token, second.refresh_token(), "neither"] {
        client.revoke(token).await.expect_status(200);
    }
    assert!(!resource_server.accepts(&second.access_token).await);

    let issued = acme.audit_events("code.issued").await;
    assert_eq!(issued.len(), 1, "{issued:?}");
    assert_eq!(issued[0]["actor_kind"], "user");
    let revoked = acme.audit_events("access_token.revoked").await;
    assert_eq!(revoked.len(), 1, "{revoked:?}");
    assert_eq!(revoked[0]["target_id"], second.claims()["jti"]);
    assert_eq!(revoked[0]["actor_id"], client.client_id.as_str());
    assert_counts(&scraped(&app).await, &OF_A_WHOLE_LIFE);
}

/// An access token alone is no ID token.
#[tokio::test]
async fn id_tokens_are_counted_where_they_are_issued() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    client.tokens_of(&acme.browser_of("alice").await).await;
    client.client_credentials(None).await.tokens();
    let text = scraped(&app).await;
    assert_counts(
        &text,
        &[(
            "writ_tokens_issued_total{grant_type=\"client_credentials\"}",
            1,
        )],
    );
    assert!(!text.contains("writ_id_tokens_issued_total{"), "{text}");
}

/// A client's own document that was fetched.
#[tokio::test]
async fn the_documents_of_clients_are_counted() {
    let documents = Documents::start().await;
    let acme = documents.app.tenant("acme").await;
    let client = client_at(&acme, URL);
    client.code_from(&acme.browser_of("alice").await).await;
    let fetched = "writ_client_documents_total{outcome=\"fetched\"}";
    assert_eq!(documents.app.metric(fetched).await, Some(1));
}

/// Z3: limits that are no longer shared are still limits, and an operator sees that they are not shared.
#[tokio::test]
async fn a_redis_that_does_not_answer_is_counted() {
    let redis = RedisServer::start().await;
    let options = TestAppOptions::default().with("REDIS_URL", &redis.url());
    let app = TestApp::start_with(options).await;
    let acme = app.tenant("acme").await;
    acme.browser_of("alice").await;
    let errors = "writ_shared_limit_errors_total";
    assert_eq!(app.metric(errors).await, Some(0));
    drop(redis);
    let client = acme.public_client().await;
    client.tokens_of(&acme.browser_of("bob").await).await;
    assert!(app.metric(errors).await.is_some_and(|count| count > 0));
}

/// N8: that history is gone is history.
#[tokio::test]
async fn removed_history_is_on_record() {
    let options = TestAppOptions::default().with("WRIT_AUDIT_RETENTION_DAYS", "14");
    let app = TestApp::start_with(options).await;
    let acme = app.tenant("acme").await;
    app.run_due_jobs().await;
    assert_eq!(acme.audit_events("tenant.created").await.len(), 1);
    // Past the end of the longest month, and two weeks more.
    app.clock().advance(Duration::from_hours(60 * 24));
    app.run_due_jobs().await;

    assert_eq!(acme.audit_events("tenant.created").await.len(), 0);
    let events = app.admin().get("/admin/v1/audit-events").await;
    let events = events.expect_status(200).json();
    let events = events["data"].as_array().unwrap();
    let removed: Vec<&Value> = events
        .iter()
        .filter(|event| event["action"] == "audit_events.removed")
        .collect();
    assert_eq!(removed.len(), 1, "{events:?}");
    assert_eq!(removed[0]["actor_kind"], "system");
    assert!(removed[0]["details"]["before"].is_string(), "{removed:?}");
    let swept = app.metric("writ_swept_total{kind=\"audit_months\"}").await;
    assert_eq!(
        removed[0]["details"]["months"].as_str(),
        swept.map(|months| months.to_string()).as_deref()
    );
}
