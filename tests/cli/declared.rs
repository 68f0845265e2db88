//! `writ apply`, `writ diff`, `writ export`: a tenant as a file.

use std::os::unix::fs::PermissionsExt as _;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Folder, repository};
use crate::harness::{Answer, Said, TestApp, jwt_part};

/// A tenant with one thing of each of two kinds, and no policies.
pub(super) const SMALL: &str = r#"
[tenant]
slug = "acme"
display_name = "Acme"
access_token_lifetime = 600

[[resources]]
identifier = "https://notes.example.com/mcp"
name = "Notes"
scopes = [{ name = "notes:read", description = "Read your notes", default = true }]

[[clients]]
client_id = "notes-desktop"
redirect_uris = ["http://127.0.0.1/callback"]
token_endpoint_auth_method = "none"
"#;

/// How many changes by the admin API the audit has of a tenant.
pub(super) async fn changes(app: &TestApp, slug: &str) -> usize {
    let path = format!("/admin/v1/tenants/{slug}/audit-events?limit=200&actor=bootstrap_key");
    let page = app.admin().get(&path).await.expect_status(200).json();
    page["data"].as_array().unwrap().len()
}

pub(super) async fn apply(app: &TestApp, file: &str) -> Said {
    app.writ(&["apply", "-f", file]).await.expect_success()
}

/// The file that docs/cli.md shows: from nothing to a tenant whose clients get tokens; the second time nothing happens.
#[tokio::test]
async fn the_example_makes_a_working_tenant_and_nothing_the_second_time() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    let example = repository().join("examples/tenant.toml");
    let example = example.to_str().unwrap();

    // A pipeline's log is no place for a secret.
    let refused = app.writ(&["apply", "-f", example]).await.expect_code(64);
    assert!(refused.error.contains("notes-robot") && refused.error.contains("--secrets-out"));
    app.admin()
        .get("/admin/v1/tenants/notes")
        .await
        .expect_status(404);

    let kept = folder.path("secrets");
    let first = ["apply", "-f", example, "--secrets-out", &kept];
    let said = app.writ(&first).await.expect_success();
    assert!(
        said.out.contains("+ tenant notes") && said.out.contains("+ client notes-robot"),
        "{}",
        said.out
    );
    let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret: Value = serde_json::from_str(&std::fs::read_to_string(&kept).unwrap()).unwrap();
    assert_eq!(
        (&secret["kind"], &secret["name"]),
        (&json!("client"), &json!("notes-robot"))
    );
    let secret = secret["value"].as_str().unwrap();
    assert!(!said.out.contains(secret));

    // It works: the issuer answers, and the robot gets what it may have, of the resource that it does not even name.
    let issuer = "https://writ.test/t/notes";
    let metadata = "https://writ.test/.well-known/oauth-authorization-server/t/notes";
    app.wire().get(metadata).await.expect_status(200);
    let request = app.wire().request(Method::POST, &format!("{issuer}/token"));
    let request = request.basic_auth("notes-robot", Some(secret));
    let token = Answer::of(request.form(&[("grant_type", "client_credentials")])).await;
    let token = token.expect_status(200).text("access_token");
    let claims = jwt_part(&token, 1);
    assert_eq!(
        (&claims["aud"], &claims["scope"], &claims["iss"]),
        (
            &json!("http://localhost:8766/mcp"),
            &json!("notes:read"),
            &json!(issuer)
        )
    );

    let before = changes(&app, "notes").await;
    let said = apply(&app, example).await;
    assert!(said.out.contains("is as the file says"), "{}", said.out);
    assert_eq!(changes(&app, "notes").await, before);
    app.writ(&["diff", "-f", example, "--prune"])
        .await
        .expect_code(0);
}

/// Somebody was at it by hand: the diff says what, `apply` brings it back, and nothing else is touched.
#[tokio::test]
async fn a_change_by_the_api_shows_in_the_diff_and_is_brought_back() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    let file = folder.file("acme.toml", SMALL);
    apply(&app, &file).await;
    let changes = [
        (
            "",
            json!({ "access_token_lifetime": 1200, "refresh_grace_window": 30 }),
        ),
        (
            "/clients/notes-desktop",
            json!({ "redirect_uris": ["http://127.0.0.1/elsewhere"], "client_name": "By hand" }),
        ),
    ];
    for (below, body) in &changes {
        let path = format!("/admin/v1/tenants/acme{below}");
        app.admin().patch(&path, body).await.expect_status(200);
    }
    let said = app.writ(&["diff", "-f", &file]).await.expect_code(2);
    for line in [
        "~ tenant acme",
        "    access_token_lifetime: 1200 -> 600",
        "~ client notes-desktop",
        "    redirect_uris: [\"http://127.0.0.1/elsewhere\"] -> [\"http://127.0.0.1/callback\"]",
        "The tenant acme: 0 to make, 2 to change, 0 to remove.",
    ] {
        assert!(
            said.out.lines().any(|told| told == line),
            "{line}\n{}",
            said.out
        );
    }
    let told = app
        .writ(&["diff", "-f", &file, "--json"])
        .await
        .expect_code(2)
        .json();
    assert_eq!(told["steps"][0]["changes"][0]["before"], 1200);
    assert_eq!(told["steps"].as_array().unwrap().len(), 2);

    apply(&app, &file).await;
    app.writ(&["diff", "-f", &file]).await.expect_code(0);
    let tenant = app.admin().get("/admin/v1/tenants/acme").await.json();
    assert_eq!(
        (
            &tenant["access_token_lifetime"],
            &tenant["refresh_grace_window"]
        ),
        (&json!(600), &json!(30))
    );
    let client = app
        .admin()
        .get("/admin/v1/tenants/acme/clients/notes-desktop")
        .await
        .json();
    assert_eq!(client["client_name"], "By hand");
}

/// What the file does not name is left alone; with `--prune` it goes, of kinds that the file names, and of clients only
/// those that somebody entered.
#[tokio::test]
async fn prune_removes_what_the_file_does_not_name_of_the_kinds_that_it_does() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    let file = folder.file("acme.toml", SMALL);
    apply(&app, &file).await;
    let tenant = "/admin/v1/tenants/acme";
    let admin = app.admin();
    let client = json!({ "client_id": "by-hand", "redirect_uris": ["https://a.example/"], "token_endpoint_auth_method": "none" });
    admin.create(&format!("{tenant}/clients"), &client).await;
    let user = json!({ "username": "alice", "password": "correct horse battery staple" });
    admin.create(&format!("{tenant}/users"), &user).await;
    admin
        .create(&format!("{tenant}/groups"), &json!({ "name": "interns" }))
        .await;
    let registered = json!({ "redirect_uris": ["https://b.example/callback"], "token_endpoint_auth_method": "none" });
    let register = app
        .wire()
        .post_json("https://writ.test/t/acme/register", &registered)
        .await;
    let registered = register.expect_status(201).text("client_id");

    let said = app.writ(&["diff", "-f", &file]).await.expect_code(0);
    assert!(
        said.out
            .contains("client by-hand is not in the file, and is left alone"),
        "{}",
        said.out
    );
    let said = app
        .writ(&["diff", "-f", &file, "--prune"])
        .await
        .expect_code(2);
    assert!(
        said.out.contains("- client by-hand") && !said.out.contains(&registered),
        "{}",
        said.out
    );
    let said = app
        .writ(&["apply", "-f", &file, "--prune"])
        .await
        .expect_success();
    assert!(
        said.out.contains("0 made, 0 changed, 1 removed"),
        "{}",
        said.out
    );
    admin
        .get(&format!("{tenant}/clients/by-hand"))
        .await
        .expect_status(404);
    for below in [
        format!("/clients/{registered}"),
        "/groups/interns".to_owned(),
    ] {
        admin
            .get(&format!("{tenant}{below}"))
            .await
            .expect_status(200);
    }
}

/// The kind is named, and nothing of it is wanted.
#[tokio::test]
async fn prune_of_a_kind_without_things_removes_all_of_them() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    apply(&app, &folder.file("acme.toml", SMALL)).await;
    let (tenant, admin) = ("/admin/v1/tenants/acme", app.admin());
    let none = SMALL.split("[[resources]]").next().unwrap();
    let none = folder.file(
        "none.toml",
        &format!("resources = []\nclients = []\n{none}"),
    );
    app.writ(&["apply", "-f", &none, "--prune"])
        .await
        .expect_success();
    for below in ["resources", "clients?origin=static"] {
        let left = admin.get(&format!("{tenant}/{below}")).await.json();
        assert_eq!(left["data"], json!([]), "{below}");
    }
}

/// Of a list, what comes and goes, however long it is.
#[tokio::test]
async fn a_list_that_differs_is_told_by_its_elements() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    apply(&app, &folder.file("acme.toml", SMALL)).await;
    let more = SMALL.replace(
        "default = true }]",
        "default = true }, { name = \"notes:write\", description = \"Change your notes\" }]",
    );
    let more = folder.file("more.toml", &more);
    let said = app.writ(&["diff", "-f", &more]).await.expect_code(2).out;
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("      "))
        .collect();
    let added = "      + {\"description\":\"Change your notes\",\"name\":\"notes:write\"}";
    assert_eq!(lines, [added], "{said}");
}

/// A fault of the database in the middle: what was done stays, its secret is kept, and the same command goes on.
#[tokio::test]
async fn what_was_interrupted_goes_on_with_the_same_command() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    let text = format!(
        "{SMALL}\n[[clients]]\nclient_id = \"robot\"\ngrant_types = [\"client_credentials\"]\n\
         token_endpoint_auth_method = \"client_secret_basic\"\n\n[[groups]]\nname = \"interns\"\n"
    );
    apply(&app, &folder.file("before.toml", SMALL)).await;
    let file = folder.file("acme.toml", &text);
    let kept = folder.path("secrets");
    let command = ["apply", "-f", &file, "--secrets-out", &kept];
    let fault = app.database().db_fail_on("insert", "groups").await;
    let said = app.writ(&command).await.expect_code(4);
    assert!(
        said.error
            .contains("stopped at: + group interns (1 of 2 steps are done; the same command"),
        "{}",
        said.error
    );
    let robot = std::fs::read_to_string(&kept).unwrap();
    assert!(robot.contains("\"robot\""), "{robot}");
    fault.mend().await;

    let said = app.writ(&command).await.expect_success();
    assert!(
        said.out.contains("1 made, 0 changed, 0 removed"),
        "{}",
        said.out
    );
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), robot);
    app.writ(&["diff", "-f", &file, "--prune"])
        .await
        .expect_code(0);
}

/// TOML or YAML, made by hand or by `export`: one tenant.
#[tokio::test]
async fn an_exported_tenant_is_as_its_file_says_in_either_format() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    let example = repository().join("examples/tenant.toml");
    let kept = folder.path("secrets");
    let example = [
        "apply",
        "-f",
        example.to_str().unwrap(),
        "--secrets-out",
        &kept,
    ];
    app.writ(&example).await.expect_success();
    let mut files = Vec::new();
    for format in ["toml", "yaml"] {
        let text = app
            .writ(&["export", "notes", "--format", format])
            .await
            .expect_success()
            .out;
        assert!(
            text.contains("notes-robot") && !text.contains("secret\":"),
            "{text}"
        );
        let file = folder.file(&format!("notes.{format}"), &text);
        let said = app.writ(&["diff", "-f", &file, "--prune"]).await;
        assert_eq!(said.code, Some(0), "{}{}\n{text}", said.out, said.error);
        files.push((file, text));
    }
    // And it makes another tenant of the same kind.
    let (_, text) = &files[0];
    let other = text
        .replace("\"notes\"", "\"other\"")
        .replace("/t/notes", "/t/other");
    let other = folder.file("other.toml", &other);
    app.writ(&["apply", "-f", &other, "--secrets-out", &kept])
        .await
        .expect_success();
    app.writ(&["diff", "-f", &other, "--prune"])
        .await
        .expect_code(0);
}

/// Every fault of a file at once, before anything is called.
#[tokio::test]
async fn a_misspelt_file_is_refused_before_anything_happens() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    let text = SMALL
        .replace("redirect_uris", "redirect_uri")
        .replace("[[resources]]", "[[resource]]");
    let file = folder.file("acme.toml", &text);
    let said = app.writ(&["apply", "-f", &file]).await.expect_code(64);
    for words in ["did you mean redirect_uris?", "did you mean resources?"] {
        assert!(said.error.contains(words), "{words}: {}", said.error);
    }
    app.admin()
        .get("/admin/v1/tenants/acme")
        .await
        .expect_status(404);

    // What was settled when it was made cannot be otherwise.
    let file = folder.file("acme.toml", SMALL);
    apply(&app, &file).await;
    let moved = SMALL.replace(
        "display_name",
        "issuer = \"https://writ.test/t/elsewhere\"\ndisplay_name",
    );
    let moved = folder.file("moved.toml", &moved);
    let said = app.writ(&["diff", "-f", &moved]).await.expect_code(64);
    assert!(
        said.error
            .contains("its issuer was settled when it was made"),
        "{}",
        said.error
    );
}
