//! `writ` over the admin API, as somebody types it: the real program against a running server.
//!
//! `declared` and `tried` are about files, `sign_in` about people in place of keys, `connection` about the way there, `names` about
//! whose things are meant, and which. `nouns` runs every verb once.

mod connection;
mod declared;
mod issuer_hosts;
mod names;
mod nouns;
mod resources;
mod sign_in;
mod tried;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::harness::{TestApp, writ};

/// A folder of one test's.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("writ-cli-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A file in it, which need not be there; its path as an argument.
    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// From the root of the repository.
fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// What each exit code says: nothing (0), a difference (2), a refusal (3), try again (4), a slip of the tongue (64).
#[tokio::test]
async fn the_exit_code_says_what_to_do_about_it() {
    let app = TestApp::start().await;
    app.writ(&["tenant", "list"]).await.expect_code(0);
    let said = app.writ(&["tenant", "show", "nobody"]).await.expect_code(3);
    assert!(said.error.contains("404"), "{}", said.error);
    assert!(said.error.contains("error_id"), "{}", said.error);
    let said = app.writ(&["client", "list"]).await.expect_code(64);
    assert!(said.error.contains("--tenant"), "{}", said.error);
    app.writ(&["tenant", "lits"]).await.expect_code(64);
    app.writ(&["--help"]).await.expect_code(0);

    let nowhere = [
        ("WRIT_ADMIN_URL", "http://127.0.0.1:9"),
        ("WRIT_ADMIN_KEY", "x"),
    ];
    let said = writ(&["tenant", "list"], &nowhere).await.expect_code(4);
    assert!(said.error.contains("http://127.0.0.1:9"), "{}", said.error);
}

/// RFC 9457: the words of a refusal, each value that is meant, where the key came from; and never the key.
#[tokio::test]
async fn a_refusal_is_told_in_its_own_words() {
    let app = TestApp::start().await;
    let create = [
        "tenant",
        "create",
        "Not_a slug",
        "--set",
        "access_token_lifetime=1",
    ];
    let said = app.writ(&create).await.expect_code(3);
    for words in ["slug: ", "access_token_lifetime: ", "error_id "] {
        assert!(said.error.contains(words), "{words}: {}", said.error);
    }
    let url = app.admin().url("");
    let wrong = [
        ("WRIT_ADMIN_URL", url.as_str()),
        ("WRIT_ADMIN_KEY", "not-a-key-of-anybody"),
    ];
    let said = writ(&["tenant", "list"], &wrong).await.expect_code(3);
    assert!(
        said.error.contains("the key came from WRIT_ADMIN_KEY"),
        "{}",
        said.error
    );
    assert!(
        !said.error.contains("not-a-key-of-anybody"),
        "{}",
        said.error
    );
    let nobody: [(&str, &str); 1] = [("WRIT_ADMIN_URL", url.as_str())];
    let said = writ(&["tenant", "list"], &nobody).await.expect_code(64);
    assert!(said.error.contains("--key-file"), "{}", said.error);
}

/// The tenant and its resources.
#[tokio::test]
async fn a_tenant_and_its_resources_are_made_shown_changed_and_removed() {
    let app = TestApp::start().await;
    let said = async |arguments: &[&str]| app.writ(arguments).await.expect_success();
    said(&["tenant", "create", "acme", "--name", "Acme"]).await;
    let shown = said(&["tenant", "show", "acme", "--json"]).await.json();
    assert_eq!(shown["display_name"], "Acme");
    let listed = said(&["tenant", "list"]).await.out;
    assert!(
        listed.starts_with("SLUG") && listed.contains("\nacme"),
        "{listed}"
    );
    said(&["tenant", "suspend", "acme"]).await;
    said(&["tenant", "resume", "acme"]).await;
    said(&["tenant", "quotas", "acme", "--set", "users=5"]).await;
    let usage = said(&["tenant", "quotas", "acme"]).await.out;
    assert!(usage.contains('5'), "{usage}");

    let resource = [
        "resource",
        "create",
        "https://notes.example.com/mcp",
        "-t",
        "acme",
        "--name",
        "Notes",
        "--scope",
        "notes:read!=Read your notes",
        "--scope",
        "notes:write=Change your notes",
        "--json",
    ];
    let resource = said(&resource).await.json();
    let read = json!({ "name": "notes:read", "description": "Read your notes", "default": true });
    assert_eq!(resource["scopes"][0], read);
    let id = resource["id"].as_str().unwrap();
    said(&[
        "resource",
        "update",
        id,
        "-t",
        "acme",
        "--name",
        "All notes",
    ])
    .await;
    let listed = said(&["resource", "list", "-t", "acme"]).await.out;
    assert!(
        listed.contains("All notes") && listed.contains("notes:read, notes:write"),
        "{listed}"
    );
    let credential = said(&["resource", "credential", "create", id, "-t", "acme"]).await;
    assert!(
        credential.error.contains("shown this once"),
        "{}",
        credential.error
    );
    said(&["resource", "delete", id, "-t", "acme"]).await;

    let refused = app
        .writ(&["tenant", "delete", "acme"])
        .await
        .expect_code(64);
    assert!(refused.error.contains("--yes"), "{}", refused.error);
    let deleted = said(&["tenant", "delete", "acme", "--yes"]).await;
    assert!(deleted.out.contains("tenant restore acme"), "{deleted:?}");
    let shown = said(&["tenant", "show", "acme"]).await.out;
    assert!(shown.contains("deleting"), "{shown}");
    let restored = said(&["tenant", "restore", "acme"]).await.out;
    assert!(restored.contains("active"), "{restored}");
    let deleted = said(&["tenant", "delete", "acme", "--yes", "--now"]).await;
    assert!(deleted.out.contains("Deleted the tenant"), "{deleted:?}");
}

/// Clients and their secrets, which are shown once.
#[tokio::test]
async fn a_client_is_made_shown_changed_and_removed() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    // Where no option says which tenant, the environment does.
    let url = app.admin().url("");
    let environment = [
        ("WRIT_ADMIN_URL", url.as_str()),
        ("WRIT_ADMIN_KEY", app.admin().key()),
        ("WRIT_TENANT", "acme"),
    ];
    let said = async |arguments: &[&str]| writ(arguments, &environment).await.expect_success();
    let create =
        "client create robot --grant-type client_credentials --auth-method client_secret_basic";
    let made = said(&create.split(' ').collect::<Vec<_>>()).await;
    assert!(made.out.contains("client_secret "), "{}", made.out);
    assert!(made.error.contains("shown this once"), "{}", made.error);
    said(&["client", "update", "robot", "--set", "scope=mcp:read"]).await;
    said(&["client", "disable", "robot"]).await;
    let shown = said(&["client", "show", "robot", "--json"]).await.json();
    let wanted = (&json!("mcp:read"), &json!(false));
    assert_eq!((&shown["scope"], &shown["is_enabled"]), wanted);
    said(&["client", "update", "robot", "--unset", "scope"]).await;
    let listed = said(&["client", "list", "--origin", "static", "--json"])
        .await
        .json();
    assert_eq!(listed[0]["scope"], json!(null));
    said(&["client", "secret", "create", "robot", "--overlap", "60"]).await;
    let secrets = said(&["client", "secret", "list", "robot", "--json"])
        .await
        .json();
    assert_eq!(secrets.as_array().unwrap().len(), 2);
    said(&["client", "delete", "robot"]).await;
    writ(&["client", "show", "robot"], &environment)
        .await
        .expect_code(3);
}

/// People, groups, keys, and what the audit says of it.
#[tokio::test]
async fn people_groups_keys_and_the_audit_are_reached() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let said = async |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').chain(["-t", "acme"]).collect();
        app.writ(&arguments).await.expect_success()
    };
    let folder = Folder::new();
    let password = folder.file("password", "correct-horse-battery-staple\n");
    said(&format!(
        "user create alice --email alice@example.com --password-file {password}"
    ))
    .await;
    let alice = said("user list --username alice --json").await.json();
    let alice = alice[0]["id"].as_str().unwrap().to_owned();
    said("group create interns --description Look-only").await;
    said(&format!("group add interns {alice}")).await;
    let members = said("group members interns").await.out;
    assert!(members.contains(&alice), "{members}");
    said(&format!("user sessions {alice}")).await;
    said(&format!("user export {alice}")).await;
    said("key rotate").await;
    let keys = said("key list --json").await.json();
    assert_eq!(keys.as_array().unwrap().len(), 2);
    let shown = said("policy show").await.out;
    assert!(shown.contains("@id("), "{shown}");
    let key = said("admin-key create pipeline --scope clients:read --json")
        .await
        .json();
    said(&format!("admin-key revoke {}", key["id"].as_str().unwrap())).await;
    let events = said("audit list --action user.created").await.out;
    assert!(
        events.contains("user.created") && events.contains(&alice),
        "{events}"
    );
    let exported = said("audit export").await.out;
    let lines: Vec<&str> = exported.lines().collect();
    let is_json = lines.iter().all(|line| line.starts_with('{'));
    assert!(lines.len() > 5 && is_json, "{exported}");
    said(&format!("user delete {alice}")).await;
    said("group delete interns").await;
}

/// What was asked with `--dry-run` did not happen.
#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let said = app
        .writ(&[
            "client",
            "create",
            "robot",
            "-t",
            "acme",
            "--dry-run",
            "--redirect-uri",
            "https://a.example/",
        ])
        .await;
    assert!(said.expect_success().error.contains("nothing was changed"));
    acme.admin()
        .get(&acme.path("/clients/robot"))
        .await
        .expect_status(404);
    let said = app.writ(&["tenant", "delete", "acme", "--dry-run"]).await;
    assert!(said.expect_success().out.starts_with("Would delete"));
    let said = app
        .writ(&[
            "resource",
            "delete",
            &acme.resource.id,
            "-t",
            "acme",
            "--dry-run",
        ])
        .await
        .expect_success();
    let told = format!("Would delete the resource {}.\n", acme.resource.id);
    assert_eq!(said.out, told);
    acme.admin().get(&acme.path("")).await.expect_status(200);
}

/// RFC 7591 lets anybody choose a name: it reaches an administrator's terminal as text.
#[tokio::test]
async fn what_a_stranger_chose_does_not_steer_the_terminal() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    // What the API's own rules for names let pass, and a terminal reads otherwise.
    let body = json!({ "client_name": "\u{5d0}\u{200f}!", "redirect_uris": ["https://a.example/callback"] });
    let answer = acme.register(&body).await;
    let listed = app
        .writ(&["client", "list", "-t", "acme"])
        .await
        .expect_success()
        .out;
    assert!(!listed.contains('\u{200f}'), "{answer:?} {listed}");
    let nobody = app
        .writ(&["client", "show", "\u{1b}[2J", "-t", "acme"])
        .await
        .expect_code(3);
    assert!(!nobody.error.contains('\u{1b}'), "{}", nobody.error);
}

#[tokio::test]
async fn a_shell_can_complete_every_noun() {
    let nothing: [(&str, &str); 0] = [];
    for shell in ["bash", "zsh", "fish"] {
        let script = writ(&["completion", shell], &nothing)
            .await
            .expect_success()
            .out;
        for word in [
            "tenant",
            "resource",
            "client",
            "policy",
            "webhook",
            "apply",
            "secrets-out",
        ] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

/// `writ … | head`: whoever has read enough is no failure.
#[tokio::test]
async fn a_reader_that_went_away_is_the_end_and_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(crate::harness::program());
    let command = command.args(["completion", "bash"]).stdout(writer);
    let said = command.output().unwrap();
    let error = String::from_utf8(said.stderr).unwrap();
    assert_eq!((said.status.code(), error.as_str()), (Some(0), ""));
}
