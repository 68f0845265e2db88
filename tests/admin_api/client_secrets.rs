//! Exchanging a client's secret: two side by side, each until its own end.

use std::time::Duration;

use serde_json::{Value, json};

use super::{id_of, is_problem, is_problem_of};
use crate::harness::{ClientAuthentication, OAuthClient, TestApp, TestTenant};

fn secrets_of(tenant: &TestTenant, client: &OAuthClient) -> String {
    tenant.path(&format!("/clients/{}/secrets", client.client_id))
}

fn with_secret(client: &OAuthClient, made: &Value) -> OAuthClient {
    let secret = made["client_secret"].as_str().unwrap().to_owned();
    client
        .clone()
        .with_authentication(ClientAuthentication::Basic(secret))
}

async fn works(client: &OAuthClient) {
    client.client_credentials(None).await.tokens();
}

async fn is_refused(client: &OAuthClient) {
    let answer = client.client_credentials(None).await;
    answer.is_refused(401, "invalid_client");
}

/// E15: old and new secret are both good in the overlap, and the old one is not after it.
#[tokio::test]
async fn a_secret_is_exchanged_without_a_gap() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let old = acme.confidential_client().await;
    let secrets = secrets_of(&acme, &old);
    // What was made in one moment has no order.
    app.clock().advance(Duration::from_secs(1));
    let rotation = json!({ "old_secrets_expire_in": 3_600 });
    let made = app.admin().create(&secrets, &rotation).await;
    let new = with_secret(&old, &made);
    works(&old).await;
    works(&new).await;
    let listed = app.admin().get(&secrets).await.json()["data"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    assert!(listed[0]["expires_at"].is_string() && listed[1]["expires_at"].is_null());
    assert_eq!(listed[1]["id"], made["id"]);

    app.clock().advance(Duration::from_secs(3_599));
    works(&old).await;
    app.clock().advance(Duration::from_secs(1));
    is_refused(&old).await;
    works(&new).await;
}

/// E15: a secret with an end is refused from then on; chosen secrets end as made ones do.
#[tokio::test]
async fn a_secret_is_refused_from_its_end_on() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let lasting = acme.confidential_client().await;
    let secrets = secrets_of(&acme, &lasting);
    let of_list = app.admin().get(&secrets).await.json()["data"][0].clone();
    assert_eq!(of_list["expires_at"], Value::Null);
    for chosen in [None, Some("chosen-by-the-operator")] {
        let end = app.clock().unix_seconds() + 60;
        let end = time::OffsetDateTime::from_unix_timestamp(end).unwrap();
        let end = end
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap();
        let body = json!({ "client_secret": chosen, "expires_at": end });
        let made = app.admin().create(&secrets, &body).await;
        assert_eq!(made["expires_at"], end);
        let ending = with_secret(&lasting, &made);
        works(&ending).await;
        app.clock().advance(Duration::from_secs(59));
        works(&ending).await;
        app.clock().advance(Duration::from_secs(1));
        is_refused(&ending).await;
        works(&lasting).await;
    }
}

/// E15: at most two are good at once; the refusal says what to do, and both ways work.
#[tokio::test]
async fn a_third_good_secret_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let first = acme.confidential_client().await;
    let secrets = secrets_of(&acme, &first);
    let made = app.admin().create(&secrets, &json!({})).await;
    let second = with_secret(&first, &made);
    for body in [json!({}), json!({ "old_secrets_expire_in": 60 })] {
        let refused = app.admin().post(&secrets, &body).await;
        is_problem(&refused, 409, "conflict");
        assert!(
            refused.body.contains("old_secrets_expire_in"),
            "{refused:?}"
        );
    }
    works(&first).await;
    works(&second).await;

    let path = format!("{secrets}/{}", id_of(&made));
    app.admin().delete(&path).await.expect_status(204);
    is_refused(&second).await;
    is_problem(&app.admin().delete(&path).await, 404, "not-found");
    let made = app.admin().create(&secrets, &json!({})).await;
    let third = with_secret(&first, &made);
    works(&third).await;

    let at_once = json!({ "old_secrets_expire_in": 0 });
    let made = app.admin().create(&secrets, &at_once).await;
    is_refused(&first).await;
    is_refused(&third).await;
    works(&with_secret(&first, &made)).await;
}

/// E15: two calls at once do not make three good secrets, nor delete the last two.
#[tokio::test]
async fn calls_at_once_keep_one_or_two_secrets() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let secrets = secrets_of(&acme, &client);
    let calls = (0..6).map(|_| async { app.admin().post(&secrets, &json!({})).await });
    let answers = futures_util::future::join_all(calls).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{answers:?}");
    let listed = app.admin().get(&secrets).await.json()["data"].clone();
    let ids: Vec<String> = listed.as_array().unwrap().iter().map(id_of).collect();
    assert_eq!(ids.len(), 2);
    let delete = async |id: &String| app.admin().delete(&format!("{secrets}/{id}")).await;
    let (one, other) = futures_util::future::join(delete(&ids[0]), delete(&ids[1])).await;
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
}

/// The last good secret stays, unless the client goes with it; an ended one may go.
#[tokio::test]
async fn the_last_good_secret_cannot_be_deleted() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.confidential_client().await;
    let secrets = secrets_of(&acme, &client);
    let first = id_of(&app.admin().get(&secrets).await.json()["data"][0]);
    let refused = app.admin().delete(&format!("{secrets}/{first}")).await;
    is_problem(&refused, 409, "conflict");
    let rotation = json!({ "old_secrets_expire_in": 60 });
    let second = id_of(&app.admin().create(&secrets, &rotation).await);
    app.clock().advance(Duration::from_mins(1));
    let refused = app.admin().delete(&format!("{secrets}/{second}")).await;
    is_problem(&refused, 409, "conflict");
    for (id, status) in [(&first, 204), (&first, 404)] {
        let answer = app.admin().delete(&format!("{secrets}/{id}")).await;
        answer.expect_status(status);
    }
}

/// A client that nobody asks for a secret gets none; what is not acceptable is named.
#[tokio::test]
async fn a_secret_that_could_not_work_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let public = secrets_of(&acme, &acme.public_client().await);
    is_problem(
        &app.admin().post(&public, &json!({})).await,
        409,
        "conflict",
    );
    let data = app.admin().get(&public).await.expect_status(200).json()["data"].clone();
    assert_eq!(data, json!([]));
    let secrets = secrets_of(&acme, &acme.confidential_client().await);
    for (body, field) in [
        (json!({ "client_secret": "short" }), "client_secret"),
        (json!({ "client_secret": "with a space" }), "client_secret"),
        (
            json!({ "expires_at": "2001-01-01T00:00:00Z" }),
            "expires_at",
        ),
        (
            json!({ "expires_at": "9999-12-31T23:59:59-23:00" }),
            "expires_at",
        ),
        (json!({ "expires_at": "tomorrow" }), "expires_at"),
        (
            json!({ "old_secrets_expire_in": 31_536_001 }),
            "old_secrets_expire_in",
        ),
    ] {
        let refused = app.admin().post(&secrets, &body).await;
        is_problem_of(&refused, 400, "invalid-value", field);
    }
    let unknown = acme.path("/clients/nobody/secrets");
    is_problem(
        &app.admin().post(&unknown, &json!({})).await,
        404,
        "not-found",
    );
}
