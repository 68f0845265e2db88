//! Key-encryption keys: changed beside running servers, and missed at start, in words.

use reqwest::Method;
use serde_json::json;

use super::command::writ;
use super::{Keys, audited, published, signed_by};
use crate::harness::{Answer, TestApp, within_a_second};

const NEW: &str = "YW5vdGhlci1lbmNyeXB0aW9uLWtleS1vZi10ZXN0cy0=";
const KEYS: &str = "WRIT_ENCRYPTION_KEYS";

fn setting(app: &TestApp, wanted: &str) -> String {
    let settings = app.settings();
    settings
        .into_iter()
        .find(|(name, _)| name == wanted)
        .unwrap()
        .1
}

/// P1: a new key in front seals what is made from now on; `reseal` brings the rest, once; then the old one can go.
#[tokio::test]
async fn an_old_key_encryption_key_can_go_after_a_reseal() {
    let app = TestApp::start().await;
    let (acme, beta) = (app.tenant("acme").await, app.tenant("beta").await);
    let old = setting(&app, KEYS);
    let both = format!("{NEW},{old}");
    let (in_use, before) = {
        let replica = app.start_replica_with(KEYS, &both).await;
        let acme = acme.through(replica.wire());
        signed_by(&acme).await;
        let before = Keys::of(&acme).await;
        (before.0[0]["kek_id"].clone(), before.active().to_owned())
    };
    let report = writ(
        &app,
        &["keys", "reseal", "--tenant", "acme", "--json"],
        &[(KEYS, &both)],
    )
    .await;
    let report = report.expect_success().json();
    assert_eq!(
        (&report["resealed"], &report["tenants"], &report["left"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let keys = Keys::of(&acme).await;
    assert_eq!(keys.find(&before)["kek_id"], report["kek_id"]);
    assert_ne!(report["kek_id"], in_use);
    assert_eq!(Keys::of(&beta).await.0[0]["kek_id"], in_use);

    let said = writ(&app, &["keys", "reseal"], &[(KEYS, &both)])
        .await
        .expect_success();
    assert!(
        said.out
            .contains("Resealed 1 signing key of 1 tenant under"),
        "{}",
        said.out
    );
    let said = writ(&app, &["keys", "reseal"], &[(KEYS, &both)])
        .await
        .expect_success();
    assert!(
        said.out.contains("Resealed 0 signing keys of 0 tenants"),
        "{}",
        said.out
    );
    for tenant in [&acme, &beta] {
        assert_eq!(audited(tenant, "signing_key.resealed").await, 1);
    }
    let with_both = app.start_replica_with(KEYS, &both).await;
    let there = beta.through(with_both.wire());
    assert_eq!(signed_by(&there).await.0, Keys::of(&beta).await.active());
    let without = app.start_replica_with(KEYS, NEW).await;
    let there = acme.through(without.wire());
    assert_eq!(signed_by(&there).await.0, before);
}

/// Q3: a lost key-encryption key is told at start, by name, with how much hangs on it and what to do; not by a 500
/// at some tenant's next sign-in.
#[tokio::test]
async fn a_server_without_a_key_encryption_key_in_use_does_not_start() {
    let app = TestApp::start().await;
    let (acme, beta) = (app.tenant("acme").await, app.tenant("beta").await);
    let kek_id = Keys::of(&acme).await.0[0]["kek_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let new = [(KEYS, NEW)];
    let said = writ(&app, &["serve"], &new).await;
    assert!(!said.is_success);
    for part in [
        format!("{kek_id} (2 signing keys of 2 tenants)"),
        "writ keys reseal".to_owned(),
        "writ keys remove-lost".to_owned(),
        KEYS.to_owned(),
    ] {
        assert!(said.error.contains(&part), "{part}: {}", said.error);
    }
    assert!(!said.error.contains(NEW));

    // What cannot be opened is not sealed anew, and it is said whose it is.
    let said = writ(&app, &["keys", "reseal", "--json"], &new).await;
    assert!(!said.is_success);
    let report = said.json();
    assert_eq!(
        (&report["resealed"], &report["left"]),
        (&json!(0), &json!(2))
    );
    assert_eq!(report["failed"].as_array().unwrap().len(), 2);
    assert_eq!(report["failed"][0]["kek_id"], kek_id.as_str());

    // Lost for good: new signing keys, and the server starts.
    let said = writ(&app, &["keys", "remove-lost"], &new)
        .await
        .expect_success();
    assert!(
        said.out.contains("Removed 2 lost signing keys."),
        "{}",
        said.out
    );
    let again = app.start_replica_with(KEYS, NEW).await;
    for tenant in [&acme, &beta] {
        signed_by(&tenant.through(again.wire())).await;
    }
}

/// Keys of a tenant that was deleted keep nobody from starting.
#[tokio::test]
async fn the_keys_of_deleted_tenants_are_missed_by_nobody() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.admin()
        .delete(&acme.path("?grace_seconds=0"))
        .await
        .expect_status(204);
    app.start_replica_with(KEYS, NEW).await;
}

/// Q3: a replica that lacks a key-encryption key which another one has put to use in the meantime says so, and
/// answers 503 where it would have to sign. What takes no private key goes on.
#[tokio::test]
async fn a_running_server_that_lacks_a_key_in_use_is_not_ready_and_signs_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    client.client_credentials(None).await.tokens();
    let both = format!("{NEW},{}", setting(&app, KEYS));
    let ahead = app.start_replica_with(KEYS, &both).await;
    let leaked = Keys::of(&acme).await.active().to_owned();
    let path = acme.path(&format!("/signing-keys/{leaked}?reason=a+drill"));
    ahead.admin().delete(&path).await.expect_status(200);

    within_a_second("the other replica signs no more", async || {
        client.client_credentials(None).await.status == 503
    })
    .await;
    assert_eq!(published(&acme).await.len(), 1);
    let admin = app.admin();
    let probe = admin.wire().request(Method::GET, &admin.url("/readyz"));
    let said = Answer::of(probe).await.expect_status(503);
    assert_eq!(said.body, "not ready: encryption keys\n");
    let there = acme.through(ahead.wire());
    assert!(published(&acme).await.contains(&signed_by(&there).await.0));
}
