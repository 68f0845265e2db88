//! Every verb of every noun, once, against a running server: each is told by `--help`, and has its line here.
//!
//! What a verb does in depth is told elsewhere; this is so that none is broken without anybody noticing.

use std::collections::BTreeMap;

use serde_json::json;

use super::Folder;
use crate::harness::{Said, TestApp, TestTenant, with_the_next_batch, writ};

/// Commands that are no nouns of the admin API, and have verbs; and `issuer-host`, which needs a host that answers
/// (`issuer_hosts`).
const OTHERS: [&str; 4] = ["keys", "config", "help", "issuer-host"];
/// Permits something, as policies must, and forbids all; a text that a draft and a version can be.
const NOTHING_GOES: &str = r#"@id("people") permit (principal is Writ::User, action, resource);
@id("nothing-goes") @description("Nobody gets anything.")
forbid (principal, action, resource);
"#;

/// What is typed, and what of its answer later lines say as `{name}`: `name:member`, of a list of its first.
/// They stand in an order that works.
const LINES: &[(&str, &str)] = &[
    ("tenant create beta --name Beta", ""),
    ("tenant list", ""),
    ("tenant show beta", ""),
    ("tenant update beta --name Gamma", ""),
    ("tenant suspend beta", ""),
    ("tenant resume beta", ""),
    ("tenant quotas beta --set users=5", ""),
    ("tenant quotas beta", ""),
    ("tenant delete beta --yes", ""),
    ("tenant restore beta", ""),
    (
        "resource create https://docs.acme.test/mcp --name Docs --scope docs:read=Read",
        "resource:id",
    ),
    ("resource list", ""),
    ("resource show https://docs.acme.test/mcp", ""),
    ("resource show {resource}", ""),
    (
        "resource update https://docs.acme.test/mcp --name Documents",
        "",
    ),
    ("resource metadata https://docs.acme.test/mcp", ""),
    ("resource snippets https://docs.acme.test/mcp", ""),
    (
        "resource import-tools https://docs.acme.test/mcp --tools-file {tools}",
        "",
    ),
    ("resource tools https://docs.acme.test/mcp", ""),
    (
        "resource credential create https://docs.acme.test/mcp",
        "credential:id",
    ),
    ("resource credential list https://docs.acme.test/mcp", ""),
    (
        "resource credential delete https://docs.acme.test/mcp {credential}",
        "",
    ),
    ("resource delete https://docs.acme.test/mcp", ""),
    (
        "client create robot --grant-type client_credentials --auth-method client_secret_basic",
        "",
    ),
    ("client list", ""),
    ("client show robot", ""),
    ("client update robot --name Robot", ""),
    ("client disable robot", ""),
    ("client enable robot", ""),
    ("client secret create robot --overlap 60", "secret:id"),
    ("client secret list robot", ""),
    ("client secret delete robot {secret}", ""),
    ("client delete robot", ""),
    (
        "user create bob --email bob@example.com --password-file {password}",
        "bob:id",
    ),
    ("user list", ""),
    ("user show bob", ""),
    ("user show {bob}", ""),
    ("user update bob --name Bob", ""),
    ("user disable bob", ""),
    ("user enable bob", ""),
    ("user export alice", ""),
    ("user sessions alice", "session:id"),
    ("user consents alice", ""),
    ("user sign-out alice {session}", ""),
    ("user sign-out alice", ""),
    ("group create interns", ""),
    ("group list", ""),
    ("group show interns", ""),
    ("group update interns --description Look-only", ""),
    ("group add interns bob", ""),
    ("group members interns", ""),
    ("group remove interns bob", ""),
    ("group delete interns", ""),
    ("user delete bob", ""),
    ("grant list --user alice --client {client}", "grant:id"),
    ("grant show {grant}", ""),
    ("grant timeline {grant}", ""),
    ("grant revoke {grant}", ""),
    ("policy set --file {cedar} --note again", ""),
    ("policy show", ""),
    ("policy show 1", ""),
    ("policy versions", ""),
    ("policy diff 0 1", ""),
    ("policy revert 1", ""),
    ("policy decisions --user alice", "decision:error_id"),
    ("policy why {decision}", ""),
    (
        "policy explain --client {client} --user alice --scope notes:read",
        "",
    ),
    ("policy simulate --file {cedar}", ""),
    (
        "webhook create alarms https://hooks.example/writ --event *",
        "webhook:id",
    ),
    ("webhook list", ""),
    ("webhook show alarms", ""),
    ("webhook show {webhook}", ""),
    ("webhook update alarms --set events=[\"client.*\"]", ""),
    ("webhook status alarms", ""),
    ("webhook test alarms", "delivery:id"),
    ("webhook deliveries alarms", ""),
    ("webhook replay alarms {delivery}", ""),
    ("webhook disable alarms", ""),
    ("webhook enable alarms", ""),
    ("webhook rotate-secret alarms --overlap 60", ""),
    ("webhook delete alarms", ""),
    ("admin-key create pipeline --scope clients:read", "key:id"),
    ("admin-key list", ""),
    ("admin-key show {key}", ""),
    ("admin-key rotate {key}", "next_key:id"),
    ("admin-key revoke {next_key}", ""),
    ("membership create root --role auditor", "membership:id"),
    ("membership list", ""),
    ("membership delete {membership}", ""),
    ("key list", "kid:kid"),
    ("key rotate", ""),
    ("key remove {kid} --reason leaked", ""),
    ("audit list --user alice", ""),
    ("audit export --action client.created", ""),
];

/// The verbs below a command, as its help lists them; a verb with verbs of its own is these.
async fn verbs(command: &[&str]) -> Vec<String> {
    let nothing: [(&str, &str); 0] = [];
    let mut asked = command.to_vec();
    asked.push("--help");
    let help = writ(&asked, &nothing).await.expect_success().out;
    let section = help
        .split_once("\nCommands:\n")
        .map_or("", |(_, rest)| rest);
    let rows = section.lines().take_while(|line| line.starts_with("  "));
    let names = rows.filter_map(|row| row.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    let mut found = Vec::new();
    for name in names {
        let path = [command, &[name]].concat();
        let below = Box::pin(verbs(&path)).await;
        if below.is_empty() {
            found.push(path.join(" "));
        } else {
            found.extend(below);
        }
    }
    found
}

/// A verb without a line here is one that nobody runs.
#[tokio::test]
async fn every_verb_of_every_noun_has_its_line() {
    let all = verbs(&[]).await;
    assert!(
        all.iter().any(|verb| verb == "client secret list"),
        "{all:?}"
    );
    let of_nouns = all.iter().filter(|verb| {
        let noun = verb.split(' ').next().unwrap();
        noun != verb.as_str() && !OTHERS.contains(&noun)
    });
    let missing: Vec<&String> = of_nouns
        .filter(|verb| {
            let begins =
                |line: &str| line == verb.as_str() || line.starts_with(&format!("{verb} "));
            !LINES.iter().any(|(line, _)| begins(line))
        })
        .collect();
    assert!(missing.is_empty(), "no line for {missing:?}");
}

/// A grant, a session and a consent of alice's, and a decision that refused her; the client that got them.
async fn something_happened(acme: &TestTenant) -> String {
    let client = acme.public_client().await;
    let browser = acme.signed_in_browser_of("alice").await;
    client.tokens_of(&browser).await;
    let path = acme.path("/policies/versions");
    acme.admin()
        .create(&path, &json!({ "text": NOTHING_GOES }))
        .await;
    let refused = client.authorize(&browser).await;
    assert_eq!(refused.error(), "access_denied");
    let decisions = acme.path("/decisions?outcome=denied");
    with_the_next_batch("a trace of the decision", async || {
        let listed = acme.admin().get(&decisions).await.json();
        !listed["data"].as_array().unwrap().is_empty()
    })
    .await;
    client.client_id
}

/// The first thing of a list, or the thing.
fn of_answer(said: &Said, member: &str) -> String {
    let answer = said.json();
    let thing = answer.get(0).unwrap_or(&answer);
    let value = thing[member].as_str();
    value
        .unwrap_or_else(|| panic!("no {member}: {answer}"))
        .to_owned()
}

#[tokio::test]
async fn every_line_does_what_it_says() {
    let app = TestApp::start_with_administrators().await;
    let acme = app.tenant("acme").await;
    app.system_tenant().user("root").await;
    let client = something_happened(&acme).await;
    let folder = Folder::new();
    let mut said: BTreeMap<String, String> = BTreeMap::from([
        ("client".to_owned(), client),
        ("cedar".to_owned(), folder.file("a.cedar", NOTHING_GOES)),
        (
            "password".to_owned(),
            folder.file("password", "correct-horse-battery-staple\n"),
        ),
        (
            "tools".to_owned(),
            folder.file("tools.json", r#"{"tools": [{"name": "search"}]}"#),
        ),
    ]);
    let (url, key) = (app.admin().url(""), app.admin().key());
    for (line, capture) in LINES {
        let words: Vec<String> = line
            .split(' ')
            .map(
                |word| match word.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                    Some(name) => said[name].clone(),
                    None => word.to_owned(),
                },
            )
            .collect();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        // Memberships are of people of the system tenant, who may be for the platform.
        if words[0] == "membership" {
            words.push("--platform");
        }
        if !capture.is_empty() {
            words.push("--json");
        }
        let environment = [
            ("WRIT_ADMIN_URL", url.as_str()),
            ("WRIT_ADMIN_KEY", key),
            ("WRIT_TENANT", "acme"),
        ];
        let done = writ(&words, &environment).await;
        assert!(done.is_success, "writ {line}: {}{}", done.out, done.error);
        assert!(!done.out.is_empty(), "writ {line} says nothing");
        if let Some((name, member)) = capture.split_once(':') {
            said.insert(name.to_owned(), of_answer(&done, member));
        } else {
            for raw in ["{\"", "\\n", "\":"] {
                let is_a_file =
                    line.starts_with("resource metadata") || line.starts_with("audit export");
                assert!(
                    is_a_file || !done.out.contains(raw),
                    "writ {line} prints {raw}: {}",
                    done.out
                );
            }
        }
    }
}
