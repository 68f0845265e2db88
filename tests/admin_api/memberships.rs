//! Memberships: which people of the system tenant administer what.

use serde_json::json;

use super::{id_of, is_problem, is_problem_of, key_for};
use crate::harness::{AdminApi, TestApp, TestTenant};

const MEMBERSHIPS: &str = "/admin/v1/memberships";

async fn signed_in(app: &TestApp, system: &TestTenant, name: &str, scope: &str) -> AdminApi {
    let browser = system.browser_of(name).await;
    let tokens = system.writ_cli().tokens_for(&browser, scope).await;
    app.admin().with_key(&tokens.access_token)
}

/// A tenant, or the platform, and the role there.
type Given = (Option<&'static str>, &'static str);

/// Each role, on the platform and in a tenant, by what it reads and writes.
#[tokio::test]
async fn a_role_is_good_where_it_was_given() {
    let app = TestApp::start_with_administrators().await;
    for slug in ["acme", "globex"] {
        app.tenant(slug).await;
    }
    let system = app.system_tenant();
    // What they are; then reading tenants, reading and writing acme, reading and writing globex.
    let rows: [(&str, &[Given], [u16; 5]); 7] = [
        ("nobody", &[], [403, 404, 404, 404, 404]),
        ("auditor", &[(None, "auditor")], [200, 200, 403, 200, 403]),
        (
            "administrator",
            &[(None, "administrator")],
            [200, 200, 200, 200, 200],
        ),
        (
            "reader",
            &[(Some("acme"), "auditor")],
            [403, 200, 403, 404, 404],
        ),
        (
            "owner",
            &[(Some("acme"), "administrator")],
            [403, 200, 200, 404, 404],
        ),
        (
            "both",
            &[(Some("acme"), "administrator"), (Some("globex"), "auditor")],
            [403, 200, 200, 200, 403],
        ),
        (
            "mixed",
            &[(None, "auditor"), (Some("acme"), "administrator")],
            [200, 200, 200, 200, 403],
        ),
    ];
    for (name, roles, expected) in rows {
        let id = system.user(name).await.id;
        for (tenant, role) in roles {
            let body = json!({ "user_id": id, "tenant": tenant, "role": role });
            app.admin().create(MEMBERSHIPS, &body).await;
        }
        let api = signed_in(&app, &system, name, "admin:write").await;
        let change = json!({ "display_name": format!("As {name} says") });
        let mut statuses = vec![api.get("/admin/v1/tenants").await.status.as_u16()];
        for slug in ["acme", "globex"] {
            let path = format!("/admin/v1/tenants/{slug}");
            statuses.push(api.get(&path).await.status.as_u16());
            statuses.push(api.patch(&path, &change).await.status.as_u16());
        }
        assert_eq!(statuses, expected, "{name}");
        // A token for reading reads what the person may, and writes nothing.
        let reading = signed_in(&app, &system, name, "admin:read").await;
        let read = reading.get("/admin/v1/tenants/acme").await.status.as_u16();
        assert_eq!(read, expected[1], "{name}");
        let written = reading
            .patch("/admin/v1/tenants/acme", &change)
            .await
            .status
            .as_u16();
        assert_eq!(
            written,
            if expected[1] == 200 { 403 } else { 404 },
            "{name}"
        );
    }
    // Who is somebody in a tenant and reads everywhere does not decide about the tenant as a whole.
    let mixed = signed_in(&app, &system, "mixed", "admin:write").await;
    let suspended = json!({ "state": "suspended" });
    is_problem(
        &mixed.patch("/admin/v1/tenants/acme", &suspended).await,
        403,
        "forbidden",
    );
    is_problem(
        &mixed.delete("/admin/v1/tenants/acme").await,
        403,
        "forbidden",
    );
}

/// A membership that is taken away is over with the answer, on every replica, whatever tokens are out there.
#[tokio::test]
async fn a_membership_ends_at_once_everywhere() {
    let app = TestApp::start_with_administrators().await;
    let acme = app.tenant("acme").await;
    let replica = app.start_replica().await;
    let system = app.system_tenant();
    let id = system.user("owner").await.id;
    let here = acme.path("/memberships");
    let body = json!({ "user_id": id, "role": "administrator" });
    let made = app.admin().create(&here, &body).await;
    let owner = signed_in(&app, &system, "owner", "admin:write").await;
    let elsewhere = replica.admin().with_key(owner.key());
    for api in [&owner, &elsewhere] {
        api.get(&acme.path("")).await.expect_status(200);
    }
    let listed = owner.get(&here).await.expect_status(200).json();
    assert_eq!(listed["data"][0], made);
    assert_eq!(
        (&made["username"], &made["tenant"]),
        (&json!("owner"), &json!("acme"))
    );
    app.admin()
        .delete(&format!("{here}/{}", id_of(&made)))
        .await
        .expect_status(204);
    for api in [&owner, &elsewhere] {
        is_problem(&api.get(&acme.path("")).await, 404, "not-found");
    }
    is_problem(
        &app.admin()
            .delete(&format!("{here}/{}", id_of(&made)))
            .await,
        404,
        "not-found",
    );
}

/// With the person: nothing is left that a later one could get. With the tenant: `store` looks at that.
#[tokio::test]
async fn a_membership_ends_with_its_person() {
    let app = TestApp::start_with_administrators().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let system = app.system_tenant();
    let (alice, bob) = (system.user("alice").await.id, system.user("bob").await.id);
    for (tenant, user_id) in [(&acme, &alice), (&globex, &alice), (&globex, &bob)] {
        let body = json!({ "user_id": user_id, "role": "auditor" });
        app.admin()
            .create(&tenant.path("/memberships"), &body)
            .await;
    }
    let of = async |user_id: &str| {
        let listed = app
            .admin()
            .get(&format!("{MEMBERSHIPS}?user_id={user_id}"))
            .await;
        listed.expect_status(200).json()["data"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((of(&alice).await, of(&bob).await), (2, 1));
    app.admin()
        .delete(&system.path(&format!("/users/{bob}")))
        .await
        .expect_status(204);
    assert_eq!((of(&alice).await, of(&bob).await), (2, 0));
}

/// One for each person and place; the person is one of the system tenant and of no other.
#[tokio::test]
async fn an_unfit_membership_is_refused() {
    let app = TestApp::start_with_administrators().await;
    let acme = app.tenant("acme").await;
    let system = app.system_tenant();
    let (member, stranger) = (system.user("alice").await.id, acme.user("alice").await.id);
    let body = json!({ "user_id": member, "role": "auditor" });
    app.admin().create(MEMBERSHIPS, &body).await;
    app.admin().create(&acme.path("/memberships"), &body).await;
    for path in [MEMBERSHIPS.to_owned(), acme.path("/memberships")] {
        let again = json!({ "user_id": member, "role": "administrator" });
        is_problem_of(
            &app.admin().post(&path, &again).await,
            409,
            "conflict",
            "user_id",
        );
        for user_id in [
            stranger.as_str(),
            "alice",
            "",
            "00000000-0000-7000-8000-000000000000",
        ] {
            let body = json!({ "user_id": user_id, "role": "auditor" });
            let answer = app.admin().post(&path, &body).await;
            is_problem_of(&answer, 400, "invalid-value", "user_id");
        }
        let owner = json!({ "user_id": member, "role": "owner" });
        is_problem_of(
            &app.admin().post(&path, &owner).await,
            400,
            "malformed-request",
            "role",
        );
    }
    let nowhere = json!({ "user_id": member, "role": "auditor", "tenant": "nobody" });
    is_problem_of(
        &app.admin().post(MEMBERSHIPS, &nowhere).await,
        400,
        "invalid-value",
        "tenant",
    );
    // Whoever administers the system tenant administers everything: that is a membership of the platform.
    let system_itself = json!({ "user_id": member, "role": "auditor", "tenant": "system" });
    is_problem(
        &app.admin().post(MEMBERSHIPS, &system_itself).await,
        409,
        "conflict",
    );
    let here = system.path("/memberships");
    is_problem(&app.admin().post(&here, &body).await, 409, "conflict");
}

/// Without WRIT_ADMIN_URL there are no people who administer, and the answer says what to do.
#[tokio::test]
async fn without_a_system_tenant_nobody_is_a_member() {
    let app = TestApp::start().await;
    let (reader, _) = key_for(&app, None, "read").await;
    assert_eq!(
        reader.get(MEMBERSHIPS).await.expect_status(200).json()["data"],
        json!([])
    );
    let body = json!({ "user_id": "00000000-0000-7000-8000-000000000000", "role": "auditor" });
    let answer = app.admin().post(MEMBERSHIPS, &body).await;
    is_problem(&answer, 409, "conflict");
    assert!(answer.body.contains("WRIT_ADMIN_URL"), "{answer:?}");
}
