//! `writ apply --dry-run`, and what `writ apply` tries before it makes a tenant.

use super::Folder;
use super::declared::{SMALL, apply, changes};
use crate::harness::TestApp;

/// The plan, and what the server would say to it, without a change; a file that the server would refuse is told here.
#[tokio::test]
async fn a_dry_run_asks_the_server_and_changes_nothing() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    let file = folder.file("acme.toml", SMALL);
    let said = app
        .writ(&["apply", "-f", &file, "--dry-run"])
        .await
        .expect_success();
    assert!(said.out.contains("+ client notes-desktop"), "{}", said.out);
    app.admin()
        .get("/admin/v1/tenants/acme")
        .await
        .expect_status(404);

    apply(&app, &file).await;
    let before = changes(&app, "acme").await;
    let bad = SMALL
        .replace("600", "1")
        .replace("http://127.0.0.1/callback", "http://a.example/#x");
    let bad = folder.file("bad.toml", &bad);
    let said = app
        .writ(&["apply", "-f", &bad, "--dry-run"])
        .await
        .expect_code(3);
    for words in ["access_token_lifetime", "redirect_uris"] {
        assert!(said.error.contains(words), "{words}: {}", said.error);
    }
    assert_eq!(changes(&app, "acme").await, before);
}

/// Nobody's slug is used up, and no half of a tenant made, by a file that the server refuses: it is tried as a whole.
#[tokio::test]
async fn a_tenant_that_is_not_there_is_made_whole_or_not_at_all() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    let bad = format!(
        "{SMALL}\n[policies]\ntext = '@id(\"all\") permit (principal, action, resource);'\n\n[[webhooks]]\nname = \"alarms\"\n\
         url = \"http://hooks.example/\"\nevents = [\"client.*\"]\n"
    );
    let bad = bad.replace("http://127.0.0.1/callback", "http://a.example/#x");
    let bad = folder.file("bad.toml", &bad);
    for arguments in [
        &["apply", "-f", &bad, "--dry-run"][..],
        &["apply", "-f", &bad, "--print-secrets"],
    ] {
        let said = app.writ(arguments).await.expect_code(3);
        for words in [
            "clients[0].redirect_uris",
            "webhooks[0].url",
            "nothing was made",
        ] {
            assert!(said.error.contains(words), "{words}: {}", said.error);
        }
        let tenant = app.admin().get("/admin/v1/tenants/acme").await;
        tenant.expect_status(404);
    }

    let good = folder.file("good.toml", &format!("{SMALL}is_enabled = false\n"));
    apply(&app, &good).await;

    // Of a tenant that is there: what was refused is the file's to mend.
    let worse = SMALL
        .replace("notes-desktop", "other")
        .replace("http://127.0.0.1/callback", "http://a.example/#x");
    let worse = folder.file("worse.toml", &worse);
    let said = app.writ(&["apply", "-f", &worse]).await.expect_code(3);
    assert!(said.error.contains("mend the file; then"), "{}", said.error);
}
