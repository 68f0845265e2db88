//! People who come from elsewhere, with the hashes that other software made of their passwords.

use serde_json::{Value, json};

use super::{is_problem, is_problem_of};
use crate::harness::{TestApp, TestTenant};
use crate::login::{log_in, login_page};

/// Of "correct horse", made by glibc's crypt and by Python's hashlib.
const BCRYPT: &str = "$2b$04$saltsaltsaltsaltsaltseYJY8opsoBDGH028mm/4k/xt.KNMDi8e";
const PBKDF2: &str =
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM";
const DJANGO: &str =
    "pbkdf2_sha256$1000$saltsaltsaltsalt$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM=";

async fn import(tenant: &TestTenant, rows: Value) -> Value {
    let path = tenant.path("/users/import");
    let answer = tenant.admin().post(&path, &json!({ "users": rows })).await;
    answer.expect_status(200).json()
}

async fn can_sign_in(tenant: &TestTenant, username: &str, password: &str) -> bool {
    let (browser, form) = login_page(tenant).await;
    let answer = log_in(&browser, &form, username, password).await;
    answer.status.is_redirection()
}

/// At the first good sign-in the hash becomes one of ours, and what was begun by it lives on.
#[tokio::test]
async fn imported_people_sign_in_with_the_password_they_had_and_get_a_hash_of_ours() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let rows = json!([
        { "username": "bcrypt", "password_hash": BCRYPT },
        { "username": "pbkdf2", "password_hash": PBKDF2 },
        { "username": "django", "password_hash": DJANGO },
    ]);
    let report = import(&acme, rows).await;
    assert_eq!(report["created"], 3, "{report}");
    let renewed = "writ_password_hashes_renewed_total";
    for (number, username) in (1..).zip(["bcrypt", "pbkdf2", "django"]) {
        assert!(!can_sign_in(&acme, username, "wrong horse").await);
        assert_eq!(app.metric(renewed).await, Some(number - 1));
        assert!(
            can_sign_in(&acme, username, "correct horse").await,
            "{username}"
        );
        assert_eq!(app.metric(renewed).await, Some(number));
        // Now as everybody: and nothing is renewed again.
        assert!(can_sign_in(&acme, username, "correct horse").await);
        assert!(!can_sign_in(&acme, username, "wrong horse").await);
        assert_eq!(app.metric(renewed).await, Some(number));
    }
    let rows = app.database().db_dump().await;
    assert_eq!(
        rows.matches("$2b$").count() + rows.matches("$pbkdf2-").count(),
        0
    );
    let logins = acme.audit_events("login.succeeded").await;
    let renewals = logins
        .iter()
        .filter(|event| event["details"]["password_hash"] == "renewed");
    assert_eq!(renewals.count(), 3);
    let imported = acme.audit_events("user.imported").await;
    assert_eq!(imported.len(), 3);
    assert!(
        imported
            .iter()
            .any(|event| event["details"]["password_scheme"] == "bcrypt:4")
    );
    assert!(!json!(imported).to_string().contains("$2b$"));
}

/// M1: a name that nobody has costs one computation, like one of the tenant's people, and answers alike.
#[tokio::test]
async fn nobody_learns_who_was_imported() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let foreign = "writ_foreign_password_computations";
    let attempt = async |username: &str| {
        let (browser, form) = login_page(&acme).await;
        let before = (
            app.password_computations().await,
            app.metric(foreign).await.unwrap(),
        );
        log_in(&browser, &form, username, "wrong")
            .await
            .expect_status(400);
        let after = (
            app.password_computations().await,
            app.metric(foreign).await.unwrap(),
        );
        assert_eq!(after.0 - before.0, 1, "{username}");
        after.1 - before.1 == 1
    };
    assert!(!attempt("nobody").await, "nobody has a foreign hash yet");
    import(
        &acme,
        json!([{ "username": "imported", "password_hash": BCRYPT }]),
    )
    .await;
    assert!(attempt("imported").await);
    // Everybody was imported: nobody else looks otherwise.
    assert!(attempt("nobody").await);
    assert!(attempt("nobody").await, "always the same");
    acme.user("ours").await;
    assert!(!attempt("ours").await);
    // Half of the people: about half of the names.
    let mut like_imported = 0;
    for number in 0..60 {
        like_imported += u32::from(attempt(&format!("nobody-{number}")).await);
    }
    assert!((9..=51).contains(&like_imported), "{like_imported} of 60");
}

#[tokio::test]
async fn each_row_says_what_became_of_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.user("alice").await;
    app.admin()
        .create(&acme.path("/groups"), &json!({ "name": "engineers" }))
        .await;
    let costly = BCRYPT.replace("$04$", "$20$");
    let rows = json!([
        { "username": "ALICE" },
        { "username": "bob", "groups": ["engineers"], "attributes": { "level": 1 }, "email": "bob@example.com" },
        { "username": "Bob" },
        { "username": " x" },
        { "username": "carol", "password_hash": "plain text" },
        { "username": "dave", "password_hash": costly },
        { "username": "erin", "groups": ["nobody"] },
        { "username": "frank", "is_enabled": false, "password_hash": BCRYPT },
    ]);
    let report = import(&acme, rows).await;
    let outcomes: Vec<&str> = report["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(
        outcomes,
        [
            "existing", "created", "refused", "refused", "refused", "refused", "refused", "created"
        ]
    );
    assert_eq!(
        (&report["created"], &report["existing"], &report["refused"]),
        (&json!(2), &json!(1), &json!(5))
    );
    for (row, field) in [
        (2, "username"),
        (3, "username"),
        (4, "password_hash"),
        (5, "password_hash"),
        (6, "groups"),
    ] {
        assert_eq!(
            report["users"][row]["errors"][0]["field"], field,
            "{report}"
        );
    }
    assert!(
        !report.to_string().contains("plain text"),
        "a password may have been sent as its hash"
    );
    let bob = report["users"][1]["id"].as_str().unwrap();
    let bob = app
        .admin()
        .get(&acme.path(&format!("/users/{bob}")))
        .await
        .json();
    assert_eq!(
        (&bob["groups"], &bob["attributes"]),
        (&json!(["engineers"]), &json!({ "level": 1 }))
    );
    assert!(!can_sign_in(&acme, "bob", "").await);
    assert!(
        !can_sign_in(&acme, "frank", "correct horse").await,
        "disabled"
    );
    assert!(
        can_sign_in(&acme, "alice", "the password of alice").await,
        "left as they are"
    );
}

#[tokio::test]
async fn an_import_is_bounded_and_read_strictly() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let path = acme.path("/users/import");
    let many: Vec<Value> = (0..101)
        .map(|n| json!({ "username": format!("user-{n}") }))
        .collect();
    let refused = app.admin().post(&path, &json!({ "users": many })).await;
    is_problem_of(&refused, 400, "invalid-value", "users");
    let unknown = json!({ "users": [{ "username": "a", "password": "plain" }] });
    is_problem(
        &app.admin().post(&path, &unknown).await,
        400,
        "malformed-request",
    );
    let tried = app
        .admin()
        .post(
            &format!("{path}?dry_run=true"),
            &json!({ "users": many[..100] }),
        )
        .await;
    assert_eq!(tried.expect_status(200).json()["created"], 100);
    let listed = app.admin().get(&acme.path("/users")).await.json();
    assert_eq!(listed["data"], json!([]));
    let report = app
        .admin()
        .post(&path, &json!({ "users": many[..100] }))
        .await;
    assert_eq!(report.expect_status(200).json()["created"], 100);
}
