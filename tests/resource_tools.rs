//! Scopes from an MCP server's `tools/list`: asked through the guard, with a credential that is kept nowhere; and what is
//! different when it is asked again.

use serde_json::{Value, json};

use crate::harness::{Answer, Served, TestApp, TestAppOptions, TestInternet, TestTenant};

const HOST: &str = "mcp.notes.test";
const URL: &str = "https://mcp.notes.test/mcp";
const CREDENTIAL: &str = "a-token-of-the-server-123456789";

/// A tenant with a resource at a server on the test's internet.
struct Imported {
    app: TestApp,
    acme: TestTenant,
    internet: TestInternet,
    below: String,
}

impl Imported {
    async fn start() -> Self {
        let internet = TestInternet::of(&[HOST, "other.test"]).await;
        let options = TestAppOptions::default().within(&internet);
        let app = TestApp::start_with(options).await;
        let acme = app.tenant("acme").await;
        let body = json!({
            "identifier": URL,
            "name": "Notes",
            "scopes": [{ "name": "tools:write", "description": "In words of ours" }],
        });
        let made = acme.admin().post(&acme.path("/resources"), &body).await;
        let id = made.expect_status(201).text("id");
        Self {
            below: format!("/resources/{id}"),
            app,
            acme,
            internet,
        }
    }

    async fn post(&self, what: &str, body: &Value) -> Answer {
        let path = self.acme.path(&format!("{}/tools/{what}", self.below));
        self.acme.admin().post(&path, body).await
    }

    async fn import(&self, body: &Value) -> Answer {
        self.post("import", body).await
    }

    async fn get(&self, below: &str) -> Value {
        let path = self.acme.path(&format!("{}{below}", self.below));
        self.acme.admin().get(&path).await.expect_status(200).json()
    }

    /// A server that lists these, two a page, in a stream that says more before and after.
    fn serve(&self, tools: &Value) {
        let tools = tools.as_array().unwrap().clone();
        self.internet.answer(URL, move |posted| {
            let message: Value = serde_json::from_str(&posted.body).unwrap();
            let id = &message["id"];
            match message["method"].as_str().unwrap() {
                "initialize" => {
                    let result = json!({
                        "protocolVersion": "2025-06-18", "capabilities": { "tools": {} },
                        "serverInfo": { "name": "notes", "version": "1" },
                    });
                    let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
                    Served::json(&answer).with("Mcp-Session-Id", "session-7")
                }
                "notifications/initialized" => Served::status(202),
                _ => {
                    let from = message["params"]["cursor"].as_str().unwrap_or("0");
                    let from: usize = from.parse().unwrap();
                    let mut result =
                        json!({ "tools": tools.iter().skip(from).take(2).collect::<Vec<_>>() });
                    if from + 2 < tools.len() {
                        result["nextCursor"] = json!((from + 2).to_string());
                    }
                    let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
                    let note = json!({ "jsonrpc": "2.0", "method": "notifications/message" });
                    let stream = format!(
                        ": hello\n\ndata: {note}\n\nevent: message\ndata: {answer}\n\ndata: {{"
                    );
                    Served::new(200, "text/event-stream", stream)
                }
            }
        });
    }
}

fn tools() -> Value {
    json!([
        { "name": "search", "title": "Search notes", "annotations": { "readOnlyHint": true }, "inputSchema": { "type": "object" } },
        { "name": "add", "description": "Adds a note", "annotations": { "readOnlyHint": false, "destructiveHint": false } },
        { "name": "delete", "annotations": { "destructiveHint": true } },
        { "name": "silent", "description": "Says nothing of itself" },
        { "name": "count", "annotations": { "readOnlyHint": true } },
    ])
}

/// Grouped by what a server says that its tools do; what it does not deny, it may do (MCP's own defaults).
#[tokio::test]
async fn tools_become_scopes_by_what_they_do() {
    let it = Imported::start().await;
    it.serve(&tools());
    let path = it
        .acme
        .path(&format!("{}/tools/import?dry_run=true", it.below));
    let tried = it
        .acme
        .admin()
        .post(&path, &json!({ "credential": CREDENTIAL }))
        .await;
    let tried = tried.expect_status(200);
    assert_eq!(
        tried.json()["added_scopes"],
        json!(["tools:read", "tools:destroy"])
    );
    assert_eq!(it.get("").await["scopes"].as_array().unwrap().len(), 1);
    assert_eq!(it.get("/tools").await["imported_at"], Value::Null);

    let done = it
        .import(&json!({ "credential": CREDENTIAL }))
        .await
        .expect_status(200);
    assert_eq!(done.json()["added_scopes"], tried.json()["added_scopes"]);
    let resource = it.get("").await;
    assert_eq!(
        resource["scopes"],
        json!([
            { "name": "tools:write", "description": "In words of ours", "default": false },
            { "name": "tools:read", "description": "Use tools that only read", "default": true },
            { "name": "tools:destroy", "description": "Use tools that may change or delete things", "default": false },
        ])
    );
    let kept = it.get("/tools").await;
    assert_eq!(kept["url"], URL);
    let scopes: Vec<(&str, &str)> = kept["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| {
            (
                tool["name"].as_str().unwrap(),
                tool["scope"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        scopes,
        [
            ("search", "tools:read"),
            ("add", "tools:write"),
            ("delete", "tools:destroy"),
            ("silent", "tools:destroy"),
            ("count", "tools:read"),
        ]
    );
    let event = &it.acme.audit_events("resource.tools_imported").await[0];
    assert_eq!(event["details"]["tools"], 5, "{event}");
    let fetched = "writ_outbound_fetches_total{kind=\"mcp_server\",outcome=\"fetched\"}";
    assert_eq!(it.app.metric(fetched).await, Some(2));
}

/// MCP, streamable HTTP: the session and the version go with every message after the first. S1: the credential goes to
/// the server and nowhere else.
#[tokio::test]
async fn a_credential_is_for_the_server_alone() {
    let it = Imported::start().await;
    it.serve(&tools());
    let done = it
        .import(&json!({ "credential": CREDENTIAL }))
        .await
        .expect_status(200);
    let posted = it.internet.requests_posted_to(URL);
    assert_eq!(posted.len(), 5, "a handshake of two, three pages");
    for (at, message) in posted.iter().enumerate() {
        assert_eq!(
            message.header("authorization"),
            format!("Bearer {CREDENTIAL}")
        );
        let (session, version) = if at == 0 {
            ("", "")
        } else {
            ("session-7", "2025-06-18")
        };
        assert_eq!(message.header("mcp-session-id"), session);
        assert_eq!(message.header("mcp-protocol-version"), version);
    }
    assert!(!done.body.contains(CREDENTIAL));
    assert!(!it.app.database().db_pg_dump().contains(CREDENTIAL));
}

/// Whoever asks for one scope a tool gets it, in the tool's own words.
#[tokio::test]
async fn each_tool_may_have_a_scope_of_its_own() {
    let it = Imported::start().await;
    let body = json!({ "tools": tools(), "grouping": "tool", "prefix": "notes" });
    let done = it.import(&body).await.expect_status(200).json();
    let names = [
        "notes:add",
        "notes:count",
        "notes:delete",
        "notes:search",
        "notes:silent",
    ];
    assert_eq!(done["added_scopes"], json!(names));
    assert_eq!(it.internet.connections(), 0, "it was handed in");
    let scopes = done["resource"]["scopes"].as_array().unwrap();
    let described: Vec<&str> = scopes
        .iter()
        .map(|it| it["description"].as_str().unwrap())
        .collect();
    let expected = [
        "In words of ours",
        "Adds a note",
        "Use the tool count",
        "Use the tool delete",
        "Search notes",
        "Says nothing of itself",
    ];
    assert_eq!(described, expected);
    assert!(scopes.iter().all(|scope| scope["default"] == false));
}

/// What is different is shown, and no scope is changed by looking.
#[tokio::test]
async fn drift_is_shown_and_changes_nothing() {
    let it = Imported::start().await;
    it.serve(&tools());
    let refused = it.post("check", &json!({})).await;
    assert_eq!(refused.status.as_u16(), 409, "{refused:?}");
    it.import(&json!({})).await.expect_status(200);
    let before = it.get("").await;
    let same = it.post("check", &json!({})).await.expect_status(200).json();
    assert_eq!(
        same["drift"],
        json!({ "added": [], "removed": [], "changed": [] })
    );
    let mut later = tools();
    let list = later.as_array_mut().unwrap();
    list[0]["inputSchema"] = json!({ "type": "object", "required": ["all"] });
    list[1]["annotations"] = json!({});
    list[1]["description"] = json!("Adds a note, and sends it");
    list.remove(2);
    list.push(json!({ "name": "share" }));
    it.serve(&later);
    let found = it.post("check", &json!({})).await.expect_status(200).json();
    assert_eq!(found["drift"]["added"][0]["name"], "share");
    assert_eq!(found["drift"]["added"][0]["scope"], Value::Null);
    assert_eq!(found["drift"]["removed"], json!(["delete"]));
    let changed = json!([
        { "name": "search", "what": ["schema"] },
        { "name": "add", "what": ["words", "hints"] },
    ]);
    assert_eq!(found["drift"]["changed"], changed);
    assert_eq!(it.get("/tools").await, found);
    let events = it.acme.audit_events("resource.tools_checked").await;
    let noted = [("added", 1), ("removed", 1), ("changed", 2)];
    assert_eq!(events.len(), 2);
    let is_of_now = |event: &Value| noted.iter().all(|(what, n)| event["details"][what] == *n);
    assert!(events.iter().any(is_of_now), "{events:?}");
    assert_eq!(it.get("").await, before);
    // What is imported again is what is compared with.
    it.import(&json!({})).await.expect_status(200);
    assert_eq!(it.get("/tools").await["drift"], Value::Null);
    // It goes with its resource.
    it.acme
        .admin()
        .delete(&it.acme.path(&it.below))
        .await
        .expect_status(204);
    let dump = it.app.database().db_pg_dump();
    assert!(!dump.contains("Search notes"));
}

#[track_caller]
fn is_failed(answer: &Answer, words: &str) {
    assert_eq!(answer.status.as_u16(), 424, "{answer:?}");
    assert_eq!(answer.json()["type"], "urn:writ:problem:fetch-failed");
    let detail = answer.text("detail");
    assert!(detail.contains(words), "{detail}");
    for secret in [CREDENTIAL, "10.0.0.7", "93.184", "inner words"] {
        assert!(!answer.body.contains(secret), "{answer:?}");
    }
}

/// What went wrong is told, without a word of the server's own.
#[tokio::test]
async fn a_server_that_does_not_list_is_told_of() {
    let it = Imported::start().await;
    let with = json!({ "credential": CREDENTIAL });
    for (served, words) in [
        (Served::status(401), "refuses this credential"),
        (Served::status(500), "status 500"),
        (
            Served::status(302).with("location", "http://10.0.0.7/"),
            "redirect",
        ),
        (
            Served::new(200, "text/html", "inner words"),
            "does not speak MCP",
        ),
        (Served::text("inner words"), "does not speak MCP"),
        (
            Served::text(&format!("{{\"a\": \"{CREDENTIAL}\"}}")),
            "repeats the credential",
        ),
        (
            Served::new(200, "text/event-stream", "data: {}\n\n"),
            "does not speak MCP",
        ),
        (
            Served::new(200, "application/json", vec![b' '; 1_100_000]),
            "larger than 1 MB",
        ),
        (
            Served::text(
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"inner words"}}"#,
            ),
            "JSON-RPC error -32001",
        ),
    ] {
        let answer = served.clone();
        it.internet.answer(URL, move |_| answer.clone());
        is_failed(&it.import(&with).await, words);
    }
    it.internet.answer(URL, |_| Served::status(401));
    is_failed(&it.import(&json!({})).await, "wants a credential");
    it.serve(&json!(
        (0..60)
            .map(|n| json!({ "name": format!("t{n}") }))
            .collect::<Vec<_>>()
    ));
    is_failed(&it.import(&with).await, "20 pages");
    it.serve(&json!([{ "name": "a" }, { "name": "a" }]));
    is_failed(&it.import(&with).await, "listed twice");
    assert_eq!(it.get("/tools").await["imported_at"], Value::Null);
}

/// K2, K11: what leads inside is not asked, and reads like what leads nowhere.
#[tokio::test]
async fn a_name_that_leads_inside_reads_like_one_that_leads_nowhere() {
    let it = Imported::start().await;
    it.internet.locate("other.test", &["10.0.0.7"]);
    let mut told = Vec::new();
    for url in ["https://other.test/mcp", "https://unknown.test/mcp"] {
        let body = json!({ "url": url, "credential": CREDENTIAL });
        let answer = it.import(&body).await;
        is_failed(&answer, "cannot be reached");
        told.push(answer.text("detail"));
    }
    assert_eq!(told[0], told[1]);
    for url in [
        "http://mcp.notes.test/mcp",
        "https://127.0.0.1/mcp",
        "https://me@mcp.notes.test/mcp",
        "https://localhost/mcp",
    ] {
        let answer = it
            .import(&json!({ "url": url, "credential": CREDENTIAL }))
            .await;
        assert_eq!(answer.status.as_u16(), 400, "{answer:?}");
        assert_eq!(answer.json()["errors"][0]["field"], "url");
    }
    assert_eq!(it.internet.connections(), 0);
}

/// What cannot be meant is refused before anybody is asked.
#[tokio::test]
async fn a_body_that_cannot_be_meant_is_refused() {
    let it = Imported::start().await;
    for (body, field) in [
        (json!({ "tools": [], "url": URL }), "tools"),
        (json!({ "tools": [], "credential": CREDENTIAL }), "tools"),
        (json!({ "tools": [{ "title": "no name" }] }), "tools"),
        (json!({ "credential": "two words" }), "credential"),
        (json!({ "credential": "" }), "credential"),
        (json!({ "credential": "line\r\nbreak" }), "credential"),
        (
            json!({ "url": format!("{URL}?token={CREDENTIAL}"), "credential": CREDENTIAL }),
            "url",
        ),
        (json!({ "tools": [], "prefix": "a b" }), "prefix"),
        (json!({ "tools": [], "prefix": "x".repeat(61) }), "prefix"),
    ] {
        let answer = it.import(&body).await;
        assert_eq!(answer.status.as_u16(), 400, "{body}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{body}");
    }
    let many: Vec<Value> = (0..250)
        .map(|n| json!({ "name": format!("t{n}") }))
        .collect();
    let answer = it
        .import(&json!({ "tools": many, "grouping": "tool" }))
        .await;
    assert_eq!(answer.json()["errors"][0]["field"], "scopes", "{answer:?}");
    assert_eq!(it.internet.connections(), 0);
}
