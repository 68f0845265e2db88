//! `writ login`: a person in place of a key.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use super::Folder;
use crate::harness::{
    ADMIN_URL, Decision, DeviceCodes, Said, TestApp, TestAppOptions, TestTenant, program, writ,
};

/// A server whose issuers are at a port that a program can reach, with `alice`, who administers it.
async fn reachable() -> (TestApp, TestTenant) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let public_url = format!("http://{}", listener.local_addr().unwrap());
    let options = TestAppOptions::default().at(&public_url);
    let app = TestApp::start_with(options.with("WRIT_ADMIN_URL", ADMIN_URL)).await;
    forward(listener, app.wire().address());
    let system = app.system_tenant();
    let alice = system.user("alice").await.id;
    let body = json!({ "user_id": alice, "role": "administrator" });
    app.admin().create("/admin/v1/memberships", &body).await;
    (app, system)
}

fn forward(listener: TcpListener, to: SocketAddr) {
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut there = TcpStream::connect(to).await?;
                copy_bidirectional(&mut here, &mut there).await
            });
        }
    });
}

/// Types `writ login`; the person opens the page that it names, and answers.
async fn login(
    app: &TestApp,
    system: &TestTenant,
    folder: &Folder,
    decision: Decision,
) -> (bool, String) {
    let mut child = Command::new(program())
        .args(["login", "--url", &app.admin().url("")])
        .env_clear()
        .env("XDG_CONFIG_HOME", &folder.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let page = lines.next_line().await.unwrap().unwrap();
    let code = lines.next_line().await.unwrap().unwrap();
    let page = page.strip_prefix("Open ").unwrap();
    let code = code
        .strip_prefix("and see that it shows the code ")
        .unwrap();
    assert!(page.starts_with(app.public_url()), "{page}");

    let browser = system.browser_of("alice").await;
    let codes = DeviceCodes {
        device_code: String::new(),
        user_code: code.trim_end_matches('.').to_owned(),
        body: Value::Null,
    };
    system.answer_device(&browser, &codes, decision).await;
    let ended = child.wait_with_output().await.unwrap();
    (
        ended.status.success(),
        String::from_utf8(ended.stderr).unwrap(),
    )
}

/// As that person, with no key anywhere.
async fn as_the_person(app: &TestApp, folder: &Folder, arguments: &[&str]) -> Said {
    let url = app.admin().url("");
    let home = folder.0.to_str().unwrap();
    writ(
        arguments,
        &[("WRIT_ADMIN_URL", url.as_str()), ("XDG_CONFIG_HOME", home)],
    )
    .await
}

fn kept(folder: &Folder) -> Value {
    serde_json::from_slice(&std::fs::read(folder.0.join("writ/sign-ins.json")).unwrap()).unwrap()
}

/// RFC 8628, RFC 9728: the program is told the admin API's URL, and finds the rest. What it got is nobody else's to
/// read, is renewed when it ends, and is worth nothing after `writ logout`.
#[tokio::test]
async fn a_person_signs_in_in_place_of_a_key() {
    let (app, system) = reachable().await;
    let folder = Folder::new();
    as_the_person(&app, &folder, &["tenant", "list"])
        .await
        .expect_code(64);
    let (is_success, error) = login(&app, &system, &folder, Decision::Allow).await;
    assert!(is_success, "{error}");
    let mode = std::fs::metadata(folder.0.join("writ/sign-ins.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let create = ["tenant", "create", "acme"];
    as_the_person(&app, &folder, &create).await.expect_success();
    let events = app
        .admin()
        .get("/admin/v1/tenants/acme/audit-events")
        .await
        .json();
    assert_eq!(events["data"][0]["actor_kind"], "administrator", "{events}");

    // It has ended; four commands at once find so.
    let url = app.admin().url("");
    let mut old = kept(&folder);
    old[&url]["expires_at"] = json!(0);
    std::fs::write(folder.0.join("writ/sign-ins.json"), old.to_string()).unwrap();
    let list = ["tenant", "show", "acme"];
    let all = [(); 4].map(|()| as_the_person(&app, &folder, &list));
    for said in futures_util::future::join_all(all).await {
        said.expect_success();
    }
    let new = kept(&folder);
    assert_ne!(new[&url]["access_token"], old[&url]["access_token"]);

    as_the_person(&app, &folder, &["logout"])
        .await
        .expect_success();
    assert_eq!(kept(&folder), json!({}));
    let mut stolen = new.clone();
    stolen[&url]["expires_at"] = json!(0);
    std::fs::write(folder.0.join("writ/sign-ins.json"), stolen.to_string()).unwrap();
    let said = as_the_person(&app, &folder, &list).await.expect_code(64);
    assert!(said.error.contains("run `writ login`"), "{}", said.error);
}

#[tokio::test]
async fn a_person_may_refuse_to_sign_in_and_a_server_may_have_nobody() {
    let (app, system) = reachable().await;
    let folder = Folder::new();
    let (is_success, error) = login(&app, &system, &folder, Decision::Deny).await;
    assert!(!is_success && error.contains("refused"), "{error}");
    let keys_only = TestApp::start().await;
    let said = as_the_person(&keys_only, &folder, &["login"])
        .await
        .expect_code(64);
    assert!(said.error.contains("WRIT_ADMIN_URL"), "{}", said.error);
}
