//! Schemathesis (PyPI) over the document that the server itself serves: what it sends is drawn from the
//! document, what comes back is compared with it. One test per caller; `run` says how one is started.
//!
//! What it is not: a test of what an operation does, which is `admin_api`. What it finds becomes a test of its own
//! there, beside the operation.
//!
//! Nothing is to be added for a new operation: operations come from the document, ids from `admin_api::things`.

mod run;

use self::run::{Caller, Run};
use crate::admin_api::document::Document;
use crate::admin_api::key_for;
use crate::admin_api::things::Things;
use crate::harness::{Rows, TestApp};

/// A tenant with everything in it, another one, and the document.
struct Stage {
    app: TestApp,
    document: Document,
    acme: Things,
}

impl Stage {
    async fn new() -> Self {
        let app = TestApp::start_with_administrators().await;
        app.tenant("globex").await;
        Self {
            document: Document::of(&app).await,
            acme: Things::in_tenant(&app, "acme").await,
            app,
        }
    }

    async fn finds_nothing(&self, caller: Caller) {
        let run = Run {
            app: &self.app,
            document: &self.document,
            things: &self.acme,
            caller,
        };
        run.finds_nothing().await;
    }

    /// Every row, but when a key was last used.
    async fn rows(&self) -> Rows {
        self.app.database().db_rows().await.without("admin_keys")
    }
}

/// N1: without a key every operation answers 401, whatever is sent.
#[tokio::test]
async fn schemathesis_as_nobody_finds_nothing() {
    let stage = Stage::new().await;
    let before = stage.rows().await;
    stage.finds_nothing(Caller::Nobody).await;
    assert_eq!(stage.rows().await, before);
}

/// Q1, Q2, N1: Acme's administrator, with all that can be drawn, and with calls that follow from answers.
#[tokio::test]
async fn schemathesis_as_a_tenants_administrator_finds_nothing() {
    let stage = Stage::new().await;
    let (owner, key_id) = key_for(&stage.app, Some("acme"), "write").await;
    let caller = Caller::Owner(owner.key().to_owned(), key_id);
    stage.finds_nothing(caller).await;
}

/// N2: Globex's administrator finds nothing of Acme, whatever is sent there, and changes nothing.
#[tokio::test]
async fn schemathesis_as_another_tenants_administrator_finds_nothing() {
    let stage = Stage::new().await;
    let (stranger, _) = key_for(&stage.app, Some("globex"), "write").await;
    let before = stage.rows().await;
    stage
        .finds_nothing(Caller::Stranger(stranger.key().to_owned()))
        .await;
    assert_eq!(stage.rows().await, before);
}

/// N9: who may only read changes nothing, whatever is sent.
#[tokio::test]
async fn schemathesis_as_an_auditor_finds_nothing() {
    let stage = Stage::new().await;
    let (auditor, _) = key_for(&stage.app, None, "read").await;
    // Whoever takes a person's data along is recorded.
    let rows = async || stage.rows().await.without("audit_events");
    let before = rows().await;
    stage
        .finds_nothing(Caller::Auditor(auditor.key().to_owned()))
        .await;
    assert_eq!(rows().await, before);
}

/// Q1, Q2: the platform's administrator, with what is for no tenant's.
#[tokio::test]
async fn schemathesis_as_the_platforms_administrator_finds_nothing() {
    let stage = Stage::new().await;
    let key = stage.app.admin().key().to_owned();
    stage.finds_nothing(Caller::Platform(key)).await;
}
