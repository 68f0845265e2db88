//! What cannot be read or is not acceptable: 400 that names the member, and nothing changed.

use reqwest::Method;
use serde_json::{Value, json};

use super::cases::body_of;
use super::document::Document;
use super::things::Things;
use super::{is_problem, is_problem_of};
use crate::harness::{Answer, TestApp};

/// N3: who and what come from the path alone; a second opinion in the query is refused.
#[tokio::test]
async fn an_id_in_the_query_is_refused() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let globex = Things::in_tenant(&app, "globex").await;
    let before = app.database().db_rows().await;
    for operation in Document::of(&app).await.operations() {
        let body = body_of(&operation, 1);
        for query in [
            format!("id={}", globex.user),
            "tenant=globex".to_owned(),
            "client_id=x&limit=1".to_owned(),
        ] {
            let name = query.split('=').next().unwrap();
            if operation.takes_query(name) {
                continue;
            }
            let path = acme.path_of(&operation);
            let joint = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{joint}{query}");
            let answer = app
                .admin()
                .call(operation.method.clone(), &path, body.as_ref())
                .await;
            is_problem_of(&answer, 400, "malformed-request", name);
        }
    }
    assert_eq!(app.database().db_rows().await, before);
}

/// N3: an operation that takes no body refuses one, whatever it says.
#[tokio::test]
async fn a_body_where_none_belongs_is_refused() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let before = app.database().db_rows().await;
    for operation in Document::of(&app)
        .await
        .operations()
        .iter()
        .filter(|operation| !operation.has_body())
    {
        let body = json!({ "id": acme.user, "tenant": "globex" });
        let answer = app
            .admin()
            .call(
                operation.method.clone(),
                &acme.path_of(operation),
                Some(&body),
            )
            .await;
        is_problem(&answer, 400, "malformed-request");
    }
    assert_eq!(app.database().db_rows().await, before);
}

/// N4: unknown members and those that only the server writes are refused by name; so is a repeated one.
#[tokio::test]
async fn a_member_that_is_not_the_callers_to_set_is_refused() {
    const NOT_THE_CALLERS: [&str; 16] = [
        "id",
        "tenant_id",
        "slug",
        "issuer",
        "client_id",
        "origin",
        "created_at",
        "updated_at",
        "role",
        "is_admin",
        "secret_hash",
        "password_hash",
        "client_secret_digest",
        "admin_key",
        "expires_at",
        "last_used_at",
    ];
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let document = Document::of(&app).await;
    let before = app.database().db_rows().await;
    for operation in document
        .operations()
        .iter()
        .filter(|operation| operation.has_body())
    {
        let known = document.body_members(operation);
        assert!(!known.is_empty(), "{}", operation.id);
        let path = acme.path_of(operation);
        for name in NOT_THE_CALLERS
            .iter()
            .filter(|name| !known.contains_key(**name))
        {
            let mut body = body_of(operation, 1).unwrap();
            body[*name] = json!("x");
            let answer = app
                .admin()
                .call(operation.method.clone(), &path, Some(&body))
                .await;
            is_problem_of(&answer, 400, "malformed-request", name);
        }
        let name = known.keys().next().unwrap();
        let request = app
            .admin()
            .wire()
            .request(operation.method.clone(), &app.admin().url(&path));
        let request = request
            .bearer_auth(app.admin().key())
            .header("content-type", "application/json");
        let answer = Answer::of(request.body(format!("{{\"{name}\":null,\"{name}\":null}}"))).await;
        is_problem(&answer, 400, "malformed-request");
    }
    assert_eq!(app.database().db_rows().await, before);
}

/// N4, Q2: nothing that a member can hold makes the server fail: of another type, hidden characters, far too much.
#[tokio::test]
async fn no_value_of_a_member_makes_the_server_fail() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let document = Document::of(&app).await;
    let values = [
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("\u{202e}evil"),
        json!("x".repeat(5_000)),
        json!(["a\u{0}b"]),
        json!(["x".repeat(5_000)]),
        json!([{ "name": "a\u{0}", "description": "b" }]),
        json!([{ "name": "a", "description": "b\u{0}" }]),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(1.5),
        json!({ "a": {} }),
        json!([[]]),
    ];
    let before = app.database().db_rows().await;
    for operation in document
        .operations()
        .iter()
        .filter(|operation| operation.has_body())
    {
        for name in document.body_members(operation).keys() {
            for value in &values {
                let mut body = body_of(operation, 1).unwrap();
                body[name] = value.clone();
                let answer = app
                    .admin()
                    .call(
                        operation.method.clone(),
                        &acme.path_of(operation),
                        Some(&body),
                    )
                    .await;
                assert_eq!(
                    answer.status.as_u16(),
                    400,
                    "{} {body}: {answer:?}",
                    operation.id
                );
                document.check(operation, &answer);
            }
        }
    }
    assert_eq!(app.database().db_rows().await, before);
}

/// N2, Q2: an id that nothing can have is an id that nothing has.
#[tokio::test]
async fn a_malformed_id_is_not_found() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let malformed = [
        "x",
        "%00",
        "..%2f..%2fusers",
        "%27%20or%201=1--",
        "%ff",
        "%0d%0aX:1",
        &"a".repeat(3_000),
    ];
    for operation in Document::of(&app).await.operations() {
        let body = acme.body_of(&operation, 1);
        for id in malformed {
            let mut paths = Vec::new();
            if operation.kind().is_some() {
                paths.push(acme.path_with(&operation, id, acme.second_id_for(&operation)));
            }
            if operation.has_two_ids() {
                paths.push(acme.path_with(&operation, acme.id_for(&operation), id));
            }
            if operation.is_in_tenant() {
                paths.push(acme.path_of(&operation).replace("/acme", &format!("/{id}")));
            }
            for path in paths {
                let answer = app
                    .admin()
                    .call(operation.method.clone(), &path, body.as_ref())
                    .await;
                let status = answer.status.as_u16();
                assert!(
                    matches!(status, 400 | 404),
                    "{} {path}: {answer:?}",
                    operation.id
                );
                is_problem(
                    &answer,
                    status,
                    if status == 404 {
                        "not-found"
                    } else {
                        "malformed-request"
                    },
                );
            }
        }
    }
}

/// Q5: another method is told which there are; HEAD is GET without the content.
#[tokio::test]
async fn every_path_says_its_methods() {
    let app = TestApp::start_with_administrators().await;
    let acme = Things::in_tenant(&app, "acme").await;
    let operations = Document::of(&app).await.operations();
    for operation in &operations {
        let path = acme.path_of(operation);
        let refused = app.admin().call(Method::PUT, &path, None).await;
        is_problem(&refused, 405, "method-not-allowed");
        let allowed: Vec<&str> = refused.header("allow").split(", ").collect();
        let documented = operations
            .iter()
            .filter(|other| other.path == operation.path);
        for other in documented {
            assert!(
                allowed.contains(&other.method.as_str()),
                "{path}: {allowed:?}"
            );
        }
        let options = app
            .admin()
            .call(Method::OPTIONS, &path, None)
            .await
            .expect_status(204);
        assert_eq!(
            options.header("allow").split(", ").collect::<Vec<_>>(),
            allowed
        );
        assert!(
            !options.headers.contains_key("access-control-allow-origin"),
            "{options:?}"
        );
        if operation.method == Method::GET {
            let head = app
                .admin()
                .call(Method::HEAD, &path, None)
                .await
                .expect_status(200);
            assert_eq!(head.body, "");
        }
    }
    is_problem(
        &app.admin().get("/admin/v1/nothing").await,
        404,
        "not-found",
    );
}

/// Q2: several faults of one body are told in one answer.
#[tokio::test]
async fn every_fault_of_a_body_is_named_at_once() {
    let app = TestApp::start().await;
    let body = json!({
        "slug": "Not A Slug",
        "display_name": " ",
        "issuer": "http://example.com/t/acme",
        "access_token_lifetime": 1,
    });
    let answer = app.admin().post("/admin/v1/tenants", &body).await;
    for field in ["slug", "display_name", "issuer", "access_token_lifetime"] {
        is_problem_of(&answer, 400, "invalid-value", field);
    }
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors.as_array().map(Vec::len), Some(4), "{errors}");
    assert!(
        errors
            .as_array()
            .into_iter()
            .flatten()
            .all(|error| error["detail"] != Value::Null)
    );
}
