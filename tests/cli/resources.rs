//! `writ resource metadata|snippets|tools|import-tools`.

use serde_json::json;

use super::Folder;
use crate::harness::TestApp;

/// What is a file is printed as one: nothing but it on standard output.
#[tokio::test]
async fn what_a_resources_server_needs_is_printed_as_a_file() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let id = acme.resource.id.as_str();
    let said = async |arguments: &[&str]| app.writ(arguments).await.expect_success();
    let metadata = said(&["resource", "metadata", id, "-t", "acme"]).await;
    assert_eq!(metadata.json()["resource"], acme.resource.identifier);
    let place = "/.well-known/oauth-protected-resource";
    assert!(metadata.error.contains(place), "{}", metadata.error);
    let listed = said(&["resource", "snippets", id, "-t", "acme"]).await.out;
    for name in ["fastmcp", "typescript-sdk", "rmcp", "agentgateway", "nginx"] {
        assert!(listed.contains(name), "{listed}");
    }
    let text = said(&["resource", "snippets", id, "fastmcp", "-t", "acme"]).await;
    assert!(text.out.starts_with("# ") && text.out.contains(&acme.issuer));
    let unknown = ["resource", "snippets", id, "cobol", "-t", "acme"];
    let unknown = app.writ(&unknown).await.expect_code(64);
    assert!(unknown.error.contains("fastmcp"), "{}", unknown.error);
}

/// Tools are handed in, become scopes, and are compared with later ones.
#[tokio::test]
async fn scopes_come_from_tools_and_drift_is_shown() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let id = acme.resource.id.as_str();
    let folder = Folder::new();
    let search = json!({ "name": "search", "annotations": { "readOnlyHint": true } });
    let before = json!({ "tools": [search, { "name": "gone" }] });
    let after =
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": [search, { "name": "new" }] } });
    let before = folder.file("before.json", &before.to_string());
    let after = folder.file("after.json", &after.to_string());
    let import = [
        "resource",
        "import-tools",
        id,
        "-t",
        "acme",
        "--prefix",
        "mine",
        "--tools-file",
        &before,
    ];
    let mut tried = import.to_vec();
    tried.push("--dry-run");
    for arguments in [tried.as_slice(), &import] {
        let said = app.writ(arguments).await.expect_success();
        assert!(
            said.out.contains("New scopes: mine:read mine:destroy"),
            "{}",
            said.out
        );
    }
    let tools = ["resource", "tools", id, "-t", "acme"];
    let said = app.writ(&tools).await.expect_success();
    assert!(
        said.out.contains("mine:read") && !said.out.contains("+ new"),
        "{}",
        said.out
    );
    let mut check = tools.to_vec();
    check.extend(["--check", "--tools-file", &after]);
    let said = app.writ(&check).await.expect_success();
    assert!(
        said.out.contains("+ new") && said.out.contains("- gone"),
        "{}",
        said.out
    );
    let nothing = folder.file("nothing.json", "{}");
    let import = [
        "resource",
        "import-tools",
        id,
        "-t",
        "acme",
        "--tools-file",
        &nothing,
    ];
    app.writ(&import).await.expect_code(64);
}
