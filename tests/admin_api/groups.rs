//! Groups: names that policies can rely on, and who is in them.

use serde_json::json;

use super::{id_of, is_problem, is_problem_of};
use crate::harness::TestApp;

#[tokio::test]
async fn a_group_has_a_name_that_is_unique_and_stays() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let groups = acme.path("/groups");
    let body = json!({ "name": "engineers", "display_name": "Engineers" });
    let made = app.admin().create(&groups, &body).await;
    assert_eq!(made["name"], "engineers");
    is_problem_of(
        &app.admin().post(&groups, &body).await,
        409,
        "conflict",
        "name",
    );
    for name in ["", "Engineers", "a b", "a/b", "-a", &"a".repeat(101)] {
        let refused = app.admin().post(&groups, &json!({ "name": name })).await;
        is_problem_of(&refused, 400, "invalid-value", "name");
    }
    let renamed = app
        .admin()
        .patch(&format!("{groups}/engineers"), &json!({ "name": "other" }))
        .await;
    is_problem_of(&renamed, 400, "malformed-request", "name");
    let described = json!({ "description": "Whoever may deploy.", "display_name": null });
    let changed = acme.change("/groups/engineers", &described).await;
    assert_eq!(changed["description"], "Whoever may deploy.");
    assert!(changed["display_name"].is_null());
}

#[tokio::test]
async fn people_are_put_into_groups_and_taken_out() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let groups = acme.path("/groups");
    for name in ["engineers", "admins"] {
        app.admin().create(&groups, &json!({ "name": name })).await;
    }
    let alice = acme.user("alice").await.id;
    let members = format!("{groups}/engineers/members");
    let member = json!({ "user_id": alice });
    let added = app.admin().create(&members, &member).await;
    assert_eq!(added["groups"], json!(["engineers"]));
    // Again: nothing changes, and nothing is recorded.
    app.admin().create(&members, &member).await;
    assert_eq!(acme.audit_events("group.member_added").await.len(), 1);
    let also = format!("{groups}/admins/members");
    app.admin().create(&also, &member).await;
    let found = app
        .admin()
        .get(&acme.path(&format!("/users/{alice}")))
        .await;
    assert_eq!(found.json()["groups"], json!(["admins", "engineers"]));
    let listed = app.admin().get(&members).await.expect_status(200).json();
    assert_eq!(id_of(&listed["data"][0]), alice);

    for user_id in ["nobody", "01926f7e-8a3c-7c51-9d1e-4f6b2a0c7d11"] {
        let refused = app
            .admin()
            .post(&members, &json!({ "user_id": user_id }))
            .await;
        is_problem_of(&refused, 400, "invalid-value", "user_id");
    }
    let unknown = format!("{groups}/nobody/members");
    is_problem(&app.admin().post(&unknown, &member).await, 404, "not-found");

    let out = format!("{members}/{alice}");
    for _ in 0..2 {
        app.admin().delete(&out).await.expect_status(204);
    }
    assert_eq!(acme.audit_events("group.member_removed").await.len(), 1);
    app.admin()
        .delete(&format!("{groups}/admins"))
        .await
        .expect_status(204);
    let found = app
        .admin()
        .get(&acme.path(&format!("/users/{alice}")))
        .await;
    assert_eq!(found.json()["groups"], json!([]));
}

#[tokio::test]
async fn a_user_is_made_with_groups_and_attributes_and_a_patch_touches_what_it_names() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    app.admin()
        .create(&acme.path("/groups"), &json!({ "name": "engineers" }))
        .await;
    let mut body = json!({
        "username": "alice",
        "password": "a good password",
        "groups": ["engineers"],
        "attributes": { "department": "sales", "level": 3, "regions": ["eu"], "is_external": false },
    });
    let made = app.admin().create(&acme.path("/users"), &body).await;
    assert_eq!(made["groups"], json!(["engineers"]));
    assert_eq!(made["attributes"], body["attributes"]);
    let path = format!("/users/{}", id_of(&made));
    let named = json!({ "attributes": { "level": 4, "regions": null } });
    let changed = acme.change(&path, &named).await;
    let left = json!({ "department": "sales", "level": 4, "is_external": false });
    assert_eq!(changed["attributes"], left);
    let emptied = acme.change(&path, &json!({ "attributes": null })).await;
    assert_eq!(emptied["attributes"], json!({}));

    body["username"] = json!("bob");
    for (member, value, field) in [
        ("groups", json!(["nobody"]), "groups"),
        ("groups", json!(["Not A Name"]), "groups[0]"),
        ("attributes", json!({ "a": 1.5 }), "attributes.a"),
        ("attributes", json!({ "A": 1 }), "attributes.A"),
        ("attributes", json!({ "a": { "b": 1 } }), "attributes.a"),
    ] {
        let mut body = body.clone();
        body[member] = value;
        let refused = app.admin().post(&acme.path("/users"), &body).await;
        is_problem_of(&refused, 400, "invalid-value", field);
    }
}

/// N6: filters, each by an index.
#[tokio::test]
async fn users_are_found_by_name_and_by_address() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for (username, email) in [
        ("alice", "shared@example.com"),
        ("bob", "Shared@Example.com"),
        ("carol", "carol@example.com"),
    ] {
        let body = json!({ "username": username, "email": email, "password": "a good password" });
        app.admin().create(&acme.path("/users"), &body).await;
    }
    let names = async |query: &str| {
        let page = app
            .admin()
            .get(&acme.path(&format!("/users?{query}")))
            .await;
        let page = page.expect_status(200).json();
        let users = page["data"].as_array().unwrap().clone();
        let names = users
            .iter()
            .map(|user| user["username"].as_str().unwrap().to_owned());
        let mut names: Vec<String> = names.collect();
        // Made in one second: in the order of chance.
        names.sort();
        (names, page["next_cursor"].clone())
    };
    assert_eq!(names("username=ALICE").await.0, ["alice"]);
    for nobody in [
        "username=nobody",
        "username=%00",
        "email=%00",
        "email=nobody",
    ] {
        assert_eq!(names(nobody).await.0, Vec::<String>::new());
    }
    assert_eq!(names("email=shared@example.com").await.0, ["alice", "bob"]);
    assert_eq!(
        names("email=shared@example.com&username=bob").await.0,
        ["bob"]
    );
    assert_eq!(
        names("email=carol@example.com&username=bob").await.0.len(),
        0
    );
    let (first, cursor) = names("email=shared@example.com&limit=1").await;
    let cursor = cursor.as_str().unwrap().to_owned();
    let next = format!("email=shared@example.com&limit=1&cursor={cursor}");
    let mut both = [first, names(&next).await.0].concat();
    both.sort();
    assert_eq!(both, ["alice", "bob"]);
    // A cursor is good for its own filter.
    let foreign = acme.path(&format!("/users?limit=1&cursor={cursor}"));
    is_problem(&app.admin().get(&foreign).await, 400, "malformed-request");
}
