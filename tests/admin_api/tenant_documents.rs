//! A tenant as one document: exported, and made anew of it, whole or not at all.

use serde_json::{Value, json};

use super::document::Document;
use super::{is_problem, is_problem_of};
use crate::harness::{AdminApi, Answer, TestApp, TestTenant};

const IMPORTS: &str = "/admin/v1/tenant-imports";
const NOTES: &str = "https://notes.example.com/mcp";
const PERMITS: &str = "@id(\"all\") permit (principal, action, resource);";

async fn export(tenant: &TestTenant) -> Value {
    let answer = tenant.admin().get(&tenant.path("/export")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    answer.expect_status(200).json()
}

/// Things that were made at one moment come in any order.
fn sorted(mut document: Value) -> Value {
    for section in document.as_object_mut().unwrap().values_mut() {
        if let Some(rows) = section.as_array_mut() {
            rows.sort_by_key(|row| {
                let names = ["identifier", "client_id", "name", "username"];
                let name = names.iter().find_map(|name| row[*name].as_str());
                name.unwrap().to_owned()
            });
        }
    }
    document
}

async fn import(app: &TestApp, document: &Value) -> Answer {
    app.admin().post(IMPORTS, document).await
}

/// One of everything that a document holds.
fn whole(slug: &str) -> Value {
    json!({
        "format_version": 1,
        "tenant": {
            "slug": slug, "display_name": "Acme", "default_resource": NOTES, "access_token_lifetime": 600,
            "registration_scopes": ["notes:read"], "compatibility": { "json_token_body": true },
            "private_use_redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"],
        },
        "resources": [
            { "identifier": NOTES, "aliases": ["https://notes.example.com/other"], "name": "Notes",
              "scopes": [{ "name": "notes:read", "description": "Read your notes", "default": true }] },
            { "identifier": "https://files.example.com/mcp", "name": "Files", "access_token_lifetime": 300 },
        ],
        "clients": [
            { "client_id": "desktop", "redirect_uris": ["http://127.0.0.1/callback"], "token_endpoint_auth_method": "none" },
            { "client_id": "robot", "grant_types": ["client_credentials"], "redirect_uris": [],
              "token_endpoint_auth_method": "client_secret_basic", "resources": [NOTES], "default_resource": NOTES },
            { "client_id": "nothing", "redirect_uris": ["https://a.example/callback"], "resources": [],
              "is_enabled": false },
        ],
        "groups": [{ "name": "engineers", "display_name": "Engineers" }, { "name": "others" }],
        "policies": { "text": PERMITS, "note": "Everybody." },
        "webhooks": [
            { "name": "alarms", "url": "https://hooks.example.com/writ", "events": ["*"] },
            { "name": "old", "url": "https://hooks.example.com/old", "events": ["client.*"], "state": "disabled" },
        ],
        "quotas": { "users": 2, "resources": 1 },
        "users": [
            { "username": "Alice", "email": "alice@example.com", "name": "Alice", "groups": ["engineers"],
              "attributes": { "department": "sales", "level": 3 } },
            { "username": "bob", "is_enabled": false },
        ],
    })
}

/// What an import of an export makes says the same when it is exported, but for its name; and it works.
#[tokio::test]
async fn an_imported_tenant_is_the_one_that_was_exported() {
    let app = TestApp::start().await;
    let made = import(&app, &whole("acme")).await.expect_status(201);
    assert_eq!(made.header("location"), "/admin/v1/tenants/acme");
    let shown = app.admin().get(made.header("location")).await;
    assert_eq!(shown.header("etag"), made.header("etag"));
    let out = made.json();
    assert_eq!(out["tenant"], shown.json());
    for (section, number) in [
        ("resources", 2),
        ("clients", 3),
        ("groups", 2),
        ("webhooks", 2),
        ("users", 2),
    ] {
        assert_eq!(out[section], number, "{section}");
    }
    let get = async |path: &str| {
        let answer = app.admin().get(&format!("/admin/v1/tenants/{path}")).await;
        answer.expect_status(200)
    };
    let first = sorted(get("acme/export").await.json());
    assert_eq!(first["tenant"]["default_resource"], NOTES);
    assert!(first["tenant"].get("issuer").is_none(), "{first}");
    for section in ["resources", "clients", "webhooks", "users"] {
        let said = sorted(whole("acme"))[section].as_array().unwrap().clone();
        let rows = first[section].as_array().unwrap();
        assert_eq!(rows.len(), said.len(), "{section}");
        for (row, said) in rows.iter().zip(&said) {
            for (name, value) in said.as_object().unwrap() {
                assert_eq!(row[name], *value, "{section} {name}");
            }
        }
    }
    assert_eq!(first["policies"], whole("acme")["policies"]);
    assert_eq!(first["quotas"], whole("acme")["quotas"]);

    let mut copy = first.clone();
    copy["tenant"]["slug"] = json!("copy");
    import(&app, &copy).await.expect_status(201);
    let mut second = sorted(get("copy/export").await.json());
    second["tenant"]["slug"] = json!("acme");
    assert_eq!(second, first);

    // It signs, and its robot gets tokens with the secret that was shown.
    let secret = out["client_secrets"][0].clone();
    assert_eq!(secret["client_id"], "robot");
    let token = app
        .wire()
        .request(reqwest::Method::POST, "https://writ.test/t/acme/token");
    let token = token.basic_auth("robot", secret["client_secret"].as_str());
    let token = token.form(&[
        ("grant_type", "client_credentials"),
        ("scope", "notes:read"),
    ]);
    Answer::of(token).await.expect_status(200);
    // Its webhooks are told of nothing that was before them.
    let deliveries = app.database().db_sizes().await["webhook_deliveries"];
    assert_eq!(
        deliveries,
        2 * 3,
        "of each import that there are two webhooks, and the export"
    );
}

/// No secret is in it, no hash, nobody's id; and what came by itself is not either.
#[tokio::test]
async fn an_export_has_no_secret_and_nothing_that_came_by_itself() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.confidential_client().await;
    acme.registered_client("https://stranger.example/callback")
        .await;
    acme.user("alice").await;
    let path = acme.path("/webhooks");
    let hook = json!({ "name": "a", "url": "https://hooks.example/a", "events": ["*"] });
    acme.admin().create(&path, &hook).await;
    acme.change("", &json!({ "state": "suspended" })).await;
    let answer = acme.admin().get(&acme.path("/export")).await;
    for secret in [
        "writ_cs_",
        "whsec_",
        "argon2",
        "password",
        "\"id\"",
        "created_at",
        "stranger.example",
    ] {
        assert!(!answer.body.contains(secret), "{secret}: {}", answer.body);
    }
    let document = export(&acme).await;
    assert_eq!(document["tenant"]["state"], "suspended");
    assert_eq!(document["users"][0]["username"], "alice");
    assert!(document.get("policies").is_none(), "{document}");
    let path = acme.path("/export?users=false");
    let without = acme.admin().get(&path).await.expect_status(200).json();
    assert!(without.get("users").is_none(), "{without}");
    let event = acme.next_audit_event("tenant.exported", |_| true).await;
    assert_eq!(event["actor_kind"], "bootstrap_key", "{event}");
    // Suspended as it was; what it is to be can be said.
    let mut copy = document;
    copy["tenant"]["slug"] = json!("copy");
    let copied = import(&app, &copy).await.expect_status(201).json();
    assert_eq!(copied["tenant"]["state"], "suspended");
}

/// More than is read at a time; and more than one import takes.
#[tokio::test]
async fn a_tenant_of_many_people_is_exported_window_by_window() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = acme.path("/users/import");
    for batch in 0..11 {
        let rows: Vec<Value> = (0..100)
            .map(|n| json!({ "username": format!("u{batch:02}-{n:02}") }))
            .collect();
        let answer = acme.admin().post(&path, &json!({ "users": rows })).await;
        answer.expect_status(200);
    }
    let mut document = export(&acme).await;
    let names: std::collections::BTreeSet<String> = document["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["username"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 1_100);
    document["tenant"]["slug"] = json!("copy");
    let refused = import(&app, &document).await;
    is_problem_of(&refused, 400, "invalid-value", "users");
    assert!(refused.body.contains("users/import"), "{refused:?}");
    document.as_object_mut().unwrap().remove("users");
    import(&app, &document).await.expect_status(201);
}

/// What is changed in a document, the refusal, and the places that it names.
type Fault = (fn(&mut Value), &'static str, &'static [&'static str]);

const FAULTS: &[Fault] = &[
    (
        |it| it["format_version"] = json!(2),
        "invalid-value",
        &["format_version"],
    ),
    (
        |it| {
            it["tenant"]["slug"] = json!("Not a slug");
            it["resources"][1]["identifier"] = json!("no url");
            it["groups"][1]["name"] = json!("Not a name");
            it["policies"]["text"] = json!("permit");
        },
        "invalid-value",
        &[
            "groups[1].name",
            "policies.text",
            "resources[1].identifier",
            "tenant.slug",
        ],
    ),
    (
        |it| {
            it["clients"][0]["redirect_uris"][0] = json!("javascript:alert(1)");
            it["clients"][1]["resources"][0] = json!("https://nowhere.example/mcp");
            it["webhooks"][0]["events"][0] = json!("clients.*");
            it["users"][1]["groups"] = json!(["nobody"]);
        },
        "invalid-value",
        &[
            "clients[0].redirect_uris",
            "clients[1].default_resource",
            "clients[1].resources[0]",
            "users[1].groups",
            "webhooks[0].events[0]",
        ],
    ),
    (
        |it| it["clients"][1]["client_secret"] = json!("0123456789"),
        "invalid-value",
        &["clients[1].client_secret"],
    ),
    (
        |it| it["tenant"]["default_resource"] = json!("https://nowhere.example/mcp"),
        "invalid-value",
        &["tenant.default_resource"],
    ),
    (
        |it| it["tenant"]["slug"] = json!("taken"),
        "conflict",
        &["tenant.slug"],
    ),
    (
        |it| it["resources"][1]["identifier"] = json!(NOTES),
        "conflict",
        &["resources[1].audience"],
    ),
    (
        |it| it["clients"][1]["client_id"] = json!("desktop"),
        "conflict",
        &["clients[1].client_id"],
    ),
    (
        |it| it["groups"][1]["name"] = json!("engineers"),
        "conflict",
        &["groups[1].name"],
    ),
    (
        |it| it["users"][1]["username"] = json!("ALICE"),
        "invalid-value",
        &["users[1].username"],
    ),
    (
        |it| it["tenant"]["display_nam"] = json!("x"),
        "malformed-request",
        &["tenant.display_nam"],
    ),
    (
        |it| it["clients"][2]["redirect_uri"] = json!("x"),
        "malformed-request",
        &["clients[2].redirect_uri"],
    ),
];

/// Every fault has its place, and of a document with a fault nothing is made.
#[tokio::test]
async fn a_document_is_taken_as_a_whole_or_refused_with_the_places_of_its_faults() {
    let app = TestApp::start().await;
    app.tenant("taken").await;
    let before = app.database().db_rows().await;
    let refused = async |change: fn(&mut Value)| {
        let mut document = whole("acme");
        change(&mut document);
        import(&app, &document).await
    };
    for (change, kind, fields) in FAULTS {
        let answer = refused(*change).await;
        is_problem(&answer, if *kind == "conflict" { 409 } else { 400 }, kind);
        let mut told: Vec<String> = answer.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect();
        told.sort();
        told.dedup();
        assert_eq!(told, *fields, "{answer:?}");
    }
    let misspelt = refused(|it| it["client"] = json!([])).await;
    assert!(
        misspelt.body.contains("did you mean `clients`?"),
        "{misspelt:?}"
    );
    let path = format!("{IMPORTS}?dry_run=true");
    let tried = app.admin().post(&path, &whole("acme")).await;
    tried.expect_status(201);
    assert_eq!(app.database().db_rows().await, before);
    import(&app, &whole("acme")).await.expect_status(201);
}

/// What it takes to make a client takes the right to make clients.
#[tokio::test]
async fn each_section_takes_its_own_right() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = async |scopes: Value| -> AdminApi {
        let body = json!({ "name": "some", "scopes": scopes });
        let made = app.admin().create("/admin/v1/admin-keys", &body).await;
        app.admin().with_key(made["admin_key"].as_str().unwrap())
    };
    let tenants = key(json!(["tenants:write"])).await;
    let bare = json!({ "format_version": 1, "tenant": { "slug": "bare", "display_name": "Bare" } });
    tenants.post(IMPORTS, &bare).await.expect_status(201);
    for (section, scope) in [
        ("resources", "resources:write"),
        ("clients", "clients:write"),
        ("groups", "users:write"),
        ("users", "users:write"),
        ("policies", "policies:write"),
        ("webhooks", "webhooks:write"),
    ] {
        let mut document =
            json!({ "format_version": 1, "tenant": { "slug": "other", "display_name": "Other" } });
        document[section] = whole("x")[section].clone();
        let refused = tenants.post(IMPORTS, &document).await;
        is_problem(&refused, 403, "forbidden");
        assert!(refused.body.contains(scope), "{section}: {refused:?}");
    }
    let reader = key(json!(["tenants:read", "clients:read", "users:read"])).await;
    let refused = reader.get(&acme.path("/export")).await;
    is_problem(&refused, 403, "forbidden");
    let all = key(json!(["*:read"])).await;
    all.get(&acme.path("/export")).await.expect_status(200);
}

/// What `export` writes is configuration, as far as it is not people: `writ apply` takes it.
#[tokio::test]
async fn an_export_without_people_can_be_applied() {
    let app = TestApp::start().await;
    import(&app, &whole("acme")).await.expect_status(201);
    let folder = std::env::temp_dir().join(format!("writ-document-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (query, is_taken) in [("?users=false", true), ("", false)] {
        let path = format!("/admin/v1/tenants/acme/export{query}");
        let document = app.admin().get(&path).await.expect_status(200);
        let file = folder.join("acme.json");
        std::fs::write(&file, &document.body).unwrap();
        let said = app.writ(&["diff", "-f", file.to_str().unwrap()]).await;
        if is_taken {
            // The same, so nothing differs.
            assert_eq!(said.code, Some(0), "{said:?}");
        } else {
            assert!(said.expect_code(64).error.contains("users=false"));
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// What is streamed is what the document of the API describes.
#[tokio::test]
async fn an_export_is_as_the_document_says() {
    let app = TestApp::start().await;
    import(&app, &whole("acme")).await.expect_status(201);
    let document = Document::of(&app).await;
    let operation = document.operation("export_tenant");
    let answer = app.admin().get("/admin/v1/tenants/acme/export").await;
    document.check(&operation, &answer);
}
