//! `writ keys`, as an operator types it: the real program, on the database of running servers.

use serde_json::{Value, json};

use super::{HOUR, Keys, kids, pass, published, signed_by};
use crate::harness::{Said, TestApp};

/// Runs `writ` with the settings of this installation, and these instead of some of them.
pub(super) async fn writ(app: &TestApp, arguments: &[&str], instead: &[(&str, &str)]) -> Said {
    app.writ_here(arguments, instead).await
}

/// P1: what there is, and of private parts nothing; for people and for scripts.
#[tokio::test]
async fn keys_are_listed_without_their_private_parts() {
    let app = TestApp::start().await;
    let (acme, beta) = (app.tenant("acme").await, app.tenant("beta").await);
    let listed = writ(&app, &["keys", "list", "--json"], &[])
        .await
        .expect_success()
        .json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 2);
    for tenant in [&acme, &beta] {
        let shown = listed
            .iter()
            .find(|key| key["tenant"] == tenant.slug.as_str());
        let shown = shown.unwrap();
        let keys = Keys::of(tenant).await;
        for member in ["kid", "algorithm", "signs", "state", "kek_id"] {
            assert_eq!(shown[member], keys.0[0][member], "{member}");
        }
        assert!(
            shown
                .as_object()
                .unwrap()
                .keys()
                .all(|name| !name.contains("private"))
        );
    }
    let said = writ(&app, &["keys", "list", "--tenant", "beta"], &[])
        .await
        .expect_success();
    assert!(said.out.contains(Keys::of(&beta).await.active()));
    assert!(!said.out.contains(Keys::of(&acme).await.active()));
    let said = writ(&app, &["keys", "list", "--tenant", "nobody"], &[]).await;
    assert!(
        !said.is_success && said.error.contains("there is no tenant nobody"),
        "{}",
        said.error
    );
}

/// P2: beside a running server, which publishes the next key at once and changes to it in time.
#[tokio::test]
async fn a_rotation_from_the_command_line_is_heard_by_the_server() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    // The program goes by the clock of the machine, as another replica would.
    app.clock().set_to_now();
    let first = Keys::of(&acme).await.active().to_owned();
    let arguments = ["keys", "rotate", "--tenant", "acme", "--json"];
    let said = writ(&app, &arguments, &[]).await.expect_success().json();
    let next = said[0]["kid"].as_str().unwrap().to_owned();
    assert_eq!(
        (&said[0]["is_active"], &said[0]["replaces"]),
        (&json!(false), &json!(first))
    );
    crate::harness::within_a_second("a next key", async || {
        published(&acme).await == kids([&first, &next])
    })
    .await;
    pass(&app, HOUR + std::time::Duration::from_secs(5)).await;
    assert_eq!(signed_by(&acme).await.0, next);
    // The person's deed, and what the schedule made of it.
    let made = &acme.audit_events("signing_key.created").await[0];
    assert_eq!(
        (&made["actor_kind"], &made["target_id"]),
        (&json!("command_line"), &json!(next))
    );
    let activated = &acme.audit_events("signing_key.activated").await[0];
    assert_eq!(activated["actor_kind"], "system", "{activated}");
}

/// P3: where the admin API cannot be reached.
#[tokio::test]
async fn a_leaked_key_is_removed_from_the_command_line() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    app.clock().set_to_now();
    let resource_server = acme.resource_credential().await;
    let client = acme.confidential_client().await;
    let token = client.client_credentials(None).await.tokens().access_token;
    assert!(resource_server.accepts(&token).await);
    let leaked = Keys::of(&acme).await.active().to_owned();
    let remove = [
        "keys",
        "remove",
        &leaked,
        "--tenant",
        "acme",
        "--reason",
        "it leaked",
    ];
    let said = writ(&app, &remove, &[]).await.expect_success();
    assert!(said.out.contains(&leaked), "{}", said.out);
    crate::harness::within_a_second("a removed key", async || {
        !resource_server.accepts(&token).await
    })
    .await;
    assert!(
        !writ(&app, &remove, &[]).await.is_success,
        "it is there no more"
    );
    let events = acme.audit_events("signing_key.removed_in_emergency").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["actor_kind"], "command_line");
    assert_eq!(events[0]["actor_id"], Value::Null);
    assert_eq!(events[0]["details"]["reason"], "it leaked");
}
