//! The examples of the document are real: what is shown can be sent, and is of the type that it stands at.

use std::collections::BTreeSet;

use reqwest::Method;

use super::super::document::Document;
use super::super::things::Things;
use super::with_query;
use crate::harness::TestApp;

/// Every body has an example, and the example can be read by the operation that it is for. It may name things that are
/// not there, and so be refused for a value; never for its form.
#[tokio::test]
async fn every_example_of_a_body_can_be_sent() {
    let app = TestApp::start_with_administrators().await;
    let document = Document::of(&app).await;
    let acme = Things::in_tenant(&app, "acme").await;
    for operation in document.operations() {
        if !operation.has_body() {
            continue;
        }
        let example = document.example_of_body(&operation);
        let example = example.unwrap_or_else(|| panic!("{} has no example", operation.id));
        let path = if operation.takes_query("dry_run") {
            with_query(&acme.path_of(&operation), "dry_run=true")
        } else {
            acme.path_of(&operation)
        };
        let call = app
            .admin()
            .call(operation.method.clone(), &path, Some(&example));
        let answer = call.await;
        let is_readable = answer.status.is_success()
            || !answer.body.contains("urn:writ:problem:malformed-request");
        assert!(is_readable, "{} {example}: {answer:?}", operation.id);
        assert!(answer.status.as_u16() < 500, "{}: {answer:?}", operation.id);
        document.check(&operation, &answer);
    }
}

/// Every other example is of the type that it stands at.
#[tokio::test]
async fn every_example_is_of_its_type() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    assert_eq!(document.faults_of_examples(), Vec::<String>::new());
}

/// Every operation says how it refuses, and every problem that there is belongs to some operation.
#[tokio::test]
async fn every_operation_lists_its_refusals() {
    let app = TestApp::start().await;
    let operations = Document::of(&app).await.operations();
    let mut told = BTreeSet::new();
    for operation in &operations {
        let statuses = operation.statuses();
        let mut expected = vec!["400", "401", "403", "429", "500", "503"];
        if operation.path.contains('{') {
            expected.push("404");
        }
        if operation.has_body() {
            expected.extend(["413", "415"]);
        }
        if operation.access.ends_with("-write") {
            expected.extend(["409", "412"]);
            if operation.method == Method::POST {
                expected.push("422");
            }
        }
        for status in expected {
            assert!(statuses.contains(status), "{} {status}", operation.id);
            told.insert(status);
        }
    }
    assert_eq!(told.len(), 12);
}
