//! Lists in pages: limits, cursors, and what happens while things are being added.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document::{Document, Operation};
use super::things::Things;
use super::{is_problem_of, key_for};
use crate::harness::{AdminApi, TestApp};

const MANY: usize = 120;

fn lists(document: &Document) -> Vec<Operation> {
    let operations = document.operations().into_iter();
    let lists: Vec<Operation> = operations
        .filter(|operation| operation.takes_query("cursor"))
        .collect();
    assert!(lists.len() >= 9, "the lists were not found");
    lists
}

/// N6: a page has 1 to 200 objects; another limit is refused, not bent.
#[tokio::test]
async fn a_limit_out_of_bounds_is_refused() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    for list in lists(&document) {
        let path = acme.path_of(&list);
        for limit in [
            "0",
            "-1",
            "201",
            "1000000000",
            "99999999999999999999",
            "1.5",
            "ten",
            "",
            "1&limit=2",
        ] {
            let answer = app.admin().get(&format!("{path}?limit={limit}")).await;
            assert_eq!(
                answer.status.as_u16(),
                400,
                "{} {limit}: {answer:?}",
                list.id
            );
            document.check(&list, &answer);
        }
        for (limit, most) in [("1", 1), ("200", 200)] {
            let page = app
                .admin()
                .get(&format!("{path}?limit={limit}"))
                .await
                .expect_status(200)
                .json();
            assert!(page["data"].as_array().unwrap().len() <= most, "{page}");
        }
    }
}

/// N5: a cursor that was forged, cut, or made for another list, tenant or filter is refused.
#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_alone() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    let globex = Things::in_tenant(&app, "globex").await;
    let mut cursors = Vec::new();
    for things in [&acme, &globex] {
        for list in lists(&document) {
            let path = things.path_of(&list);
            let page = app
                .admin()
                .get(&format!("{path}?limit=1"))
                .await
                .expect_status(200)
                .json();
            let cursor = page["next_cursor"]
                .as_str()
                .unwrap_or_else(|| panic!("{} has no second page", list.id));
            cursors.push((path, cursor.to_owned()));
        }
    }
    for list in lists(&document) {
        let path = acme.path_of(&list);
        let (_, own) = cursors.iter().find(|(origin, _)| *origin == path).unwrap();
        app.admin()
            .get(&format!("{path}?limit=1&cursor={own}"))
            .await
            .expect_status(200);
        for cursor in forged(own) {
            let answer = app.admin().get(&format!("{path}?cursor={cursor}")).await;
            is_problem_of(&answer, 400, "malformed-request", "cursor");
        }
        for (origin, cursor) in &cursors {
            if *origin != path {
                let answer = app.admin().get(&format!("{path}?cursor={cursor}")).await;
                is_problem_of(&answer, 400, "malformed-request", "cursor");
            }
        }
    }
    let events = acme.tenant.path("/audit-events");
    let (_, unfiltered) = cursors
        .iter()
        .find(|(origin, _)| *origin == events)
        .unwrap();
    let filtered = format!("{events}?action=user.created");
    let page = app
        .admin()
        .get(&format!("{filtered}&limit=1"))
        .await
        .expect_status(200)
        .json();
    let cursor = page["next_cursor"].as_str().unwrap();
    app.admin()
        .get(&format!("{filtered}&cursor={cursor}"))
        .await
        .expect_status(200);
    for path in [
        format!("{events}?cursor={cursor}"),
        format!("{filtered}&cursor={unfiltered}"),
    ] {
        is_problem_of(
            &app.admin().get(&path).await,
            400,
            "malformed-request",
            "cursor",
        );
    }
}

fn forged(cursor: &str) -> Vec<String> {
    let middle = cursor.len() / 2;
    let other = if &cursor[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    vec![
        format!("{}{other}{}", &cursor[..middle], &cursor[middle + 1..]),
        cursor[..cursor.len() - 4].to_owned(),
        cursor[..8].to_owned(),
        format!("{cursor}AAAA"),
        format!("{cursor}="),
        String::new(),
        "x".to_owned(),
        "%00".to_owned(),
        "%27%20or%201%3D1--".to_owned(),
        "MDAwMDAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAw".to_owned(),
    ]
}

/// N5: a cursor of another installation is as forged as any.
#[tokio::test]
async fn a_cursor_of_another_installation_is_refused() {
    const ANOTHER_KEY: &str = "YW5vdGhlci1lbmNyeXB0aW9uLWtleS1vZi10ZXN0cy4=";
    let app = TestApp::start().await;
    let other = crate::harness::TestAppOptions::default().with("WRIT_ENCRYPTION_KEYS", ANOTHER_KEY);
    let other = TestApp::start_with(other).await;
    for app in [&app, &other] {
        app.tenant("acme").await;
        app.tenant("globex").await;
    }
    let page = other
        .admin()
        .get("/admin/v1/tenants?limit=1")
        .await
        .expect_status(200)
        .json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let answer = app
        .admin()
        .get(&format!("/admin/v1/tenants?cursor={cursor}"))
        .await;
    is_problem_of(&answer, 400, "malformed-request", "cursor");
}

/// Reads a list to its end, seven at a time, and adds something before each further page.
async fn read_while_adding(
    api: &AdminApi,
    path: &str,
    member: &str,
    body: impl Fn(usize) -> Value,
) -> Vec<String> {
    let mut read = Vec::new();
    let mut cursor = None;
    for page_number in 0.. {
        let query = cursor
            .map(|cursor| format!("&cursor={cursor}"))
            .unwrap_or_default();
        let page = api
            .get(&format!("{path}?limit=7{query}"))
            .await
            .expect_status(200)
            .json();
        let data = page["data"].as_array().unwrap();
        read.extend(
            data.iter()
                .map(|object| object[member].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        assert_eq!(data.len(), 7, "{page}");
        cursor = Some(next.to_owned());
        // Without an end otherwise: each page may find what was added since the one before.
        if page_number < 20 {
            api.create(path, &body(1_000 + page_number)).await;
        }
    }
    read
}

#[track_caller]
fn is_complete(read: &[String], made: &[String]) {
    let unique: BTreeSet<&String> = read.iter().collect();
    assert_eq!(unique.len(), read.len(), "something was listed twice");
    let lost: Vec<&String> = made.iter().filter(|id| !unique.contains(id)).collect();
    assert!(lost.is_empty(), "{lost:?} were not listed");
}

async fn reads_every_one(api: &AdminApi, path: &str, member: &str, body: impl Fn(usize) -> Value) {
    let mut made = Vec::new();
    for number in 0..MANY {
        let object = api.create(path, &body(number)).await;
        made.push(object[member].as_str().unwrap().to_owned());
    }
    is_complete(&read_while_adding(api, path, member, body).await, &made);
}

/// N5: nothing is lost or listed twice while resources are added.
#[tokio::test]
async fn a_list_of_resources_is_complete_while_more_are_added() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = |number| json!({ "identifier": format!("https://r{number}.test/mcp"), "name": "One of many" });
    reads_every_one(app.admin(), &acme.path("/resources"), "id", body).await;
}

/// N5: the same for a resource's credentials.
#[tokio::test]
async fn a_list_of_credentials_is_complete_while_more_are_added() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = acme.path(&format!("/resources/{}/credentials", acme.resource.id));
    reads_every_one(app.admin(), &path, "id", |_| json!({})).await;
}

/// N5: the same for clients.
#[tokio::test]
async fn a_list_of_clients_is_complete_while_more_are_added() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = |_| json!({ "redirect_uris": ["https://many.example/callback"] });
    reads_every_one(app.admin(), &acme.path("/clients"), "client_id", body).await;
}

/// N5: the same for users.
#[tokio::test]
async fn a_list_of_users_is_complete_while_more_are_added() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = |number| json!({ "username": format!("user {number}"), "password": "one of many passwords" });
    reads_every_one(app.admin(), &acme.path("/users"), "id", body).await;
}

/// N5: the same for admin keys.
#[tokio::test]
async fn a_list_of_admin_keys_is_complete_while_more_are_added() {
    let app = TestApp::start().await;
    let body = |number| json!({ "name": format!("key {number}"), "scopes": ["*:read"] });
    reads_every_one(app.admin(), "/admin/v1/admin-keys", "id", body).await;
}

/// N5: the same for tenants. Their signing keys take a while to make, so most are copies.
#[tokio::test]
async fn a_list_of_tenants_is_complete_while_more_are_added() {
    const COPIES: &str = "insert into tenants
        select (jsonb_populate_record(t, jsonb_build_object('tenant_id', gen_random_uuid(), 'slug', 'copy-' || n,
            'issuer', t.issuer || n, 'issuer_path', t.issuer_path || n))).*
        from tenants t, generate_series(1, 120) n where t.slug = 'acme'";
    let app = TestApp::start().await;
    app.tenant("acme").await;
    app.database().db_execute(COPIES).await;
    let made: Vec<String> = (1..=MANY).map(|number| format!("copy-{number}")).collect();
    let body = |number| json!({ "slug": format!("more-{number}"), "display_name": "More" });
    is_complete(
        &read_while_adding(app.admin(), "/admin/v1/tenants", "slug", body).await,
        &made,
    );
}

/// N5: the same for grants, which people make; most are copies of one.
#[tokio::test]
async fn a_list_of_grants_is_complete_while_more_are_added() {
    const COPIES: &str = "insert into grants
        select (jsonb_populate_record(g, jsonb_build_object('grant_id', gen_random_uuid()))).*
        from grants g, generate_series(1, 119)";
    const ONE_MORE: &str = "insert into grants
        select (jsonb_populate_record(g, jsonb_build_object('grant_id', gen_random_uuid()))).* from grants g limit 1";
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.public_client()
        .await
        .code_from(&acme.browser_of("alice").await)
        .await;
    app.database().db_execute(COPIES).await;
    let path = acme.path("/grants");
    let all = app
        .admin()
        .get(&format!("{path}?limit=200"))
        .await
        .expect_status(200)
        .json();
    let ids = |page: &Value| -> Vec<String> {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(super::id_of)
            .collect()
    };
    let made = ids(&all);
    assert_eq!(made.len(), MANY);
    let mut read = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app
            .admin()
            .get(&format!("{path}?limit=7{cursor}"))
            .await
            .expect_status(200)
            .json();
        read.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
        app.database().db_execute(ONE_MORE).await;
    }
    is_complete(&read, &made);
}

/// N5: events come the newest first; what happens meanwhile is on no later page.
#[tokio::test]
async fn a_list_of_events_is_complete_while_more_happens() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (owner, _) = key_for(&app, Some("acme"), "write").await;
    for (number, lists) in [
        acme.path("/audit-events"),
        "/admin/v1/audit-events".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let happen = async |count: usize| {
            for _ in 0..count {
                if number == 0 {
                    owner
                        .patch(&acme.path(""), &json!({ "display_name": "Acme" }))
                        .await
                        .expect_status(200);
                } else {
                    key_for(&app, None, "read").await;
                }
            }
        };
        happen(MANY).await;
        let all = app
            .admin()
            .get(&format!("{lists}?limit=200"))
            .await
            .expect_status(200)
            .json();
        let made: Vec<String> = all["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(super::id_of)
            .collect();
        assert!(made.len() >= MANY);
        let first = app
            .admin()
            .get(&format!("{lists}?limit=7"))
            .await
            .expect_status(200)
            .json();
        let mut page = first;
        let mut read = Vec::new();
        loop {
            read.extend(page["data"].as_array().unwrap().iter().map(super::id_of));
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            // A second later: it is newer than all that is being read.
            app.clock().advance(std::time::Duration::from_secs(1));
            happen(1).await;
            page = app
                .admin()
                .get(&format!("{lists}?limit=7&cursor={next}"))
                .await
                .expect_status(200)
                .json();
        }
        assert_eq!(read, made);
    }
}
