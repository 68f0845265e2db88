//! What became of a refresh token, told: the timeline of a grant, the list of reuses, the counters.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{DpopSigner, TestApp, TestTenant, with_the_next_batch};

/// What is issued is recorded with the next batch: asked again until it is there.
async fn timeline(tenant: &TestTenant, grant_id: &str, events: usize) -> Value {
    let path = tenant.path(&format!("/grants/{grant_id}/timeline"));
    let found = async || tenant.admin().get(&path).await.expect_status(200).json();
    with_the_next_batch("every event is told", async || {
        found().await["data"].as_array().unwrap().len() >= events
    })
    .await;
    found().await
}

fn members<'a>(timeline: &'a Value, member: &str) -> Vec<&'a Value> {
    let events = timeline["data"].as_array().unwrap();
    events
        .iter()
        .map(|event| &event["details"][member])
        .collect()
}

async fn reuses(tenant: &TestTenant, query: &str) -> Vec<Value> {
    let path = tenant.path(&format!("/token-reuses{query}"));
    let page = tenant.admin().get(&path).await.expect_status(200).json();
    page["data"].as_array().unwrap().clone()
}

/// F4, F5, F12: a family's whole life: who showed which generation, how long after the rotation, and what that was.
#[tokio::test]
async fn a_timeline_tells_who_held_what_and_what_was_revoked() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    // One thing after another: events of one moment would have no order.
    let wait = async |seconds| app.clock().advance(Duration::from_secs(seconds));
    let code = client.code_from(&acme.browser_of("alice").await).await;
    wait(1).await;
    let first = client.redeem(&code).await.tokens();
    let grant_id = first.claims()["grant_id"].as_str().unwrap().to_owned();
    wait(10).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    wait(5).await;
    client.refresh(first.refresh_token()).await.tokens();
    wait(60).await;
    client.cannot_refresh(first.refresh_token()).await;
    wait(1).await;
    let third = client.refresh(second.refresh_token()).await.tokens();
    wait(1).await;
    client.cannot_refresh(first.refresh_token()).await;
    wait(1).await;
    client.cannot_refresh(third.refresh_token()).await;

    let timeline = timeline(&acme, &grant_id, 8).await;

    let actions: Vec<&Value> = timeline["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["action"])
        .collect();
    assert_eq!(
        actions,
        [
            "consent.granted",
            "code.redeemed",
            "refresh_token.rotated",
            "refresh_token.repeated",
            "refresh_token.stale",
            "refresh_token.rotated",
            "refresh_token.reused",
            "refresh_token.refused",
        ]
    );
    let (lost, stale, theft) = ("lost_answer", "stale_copy", "theft_suspected");
    // Which generation was shown, which was live, the time since the rotation, and the class of a reuse.
    let facts = [
        json!([null, null, null, null]),
        json!([null, null, null, null]),
        json!([0, 0, null, null]),
        json!([0, 1, 5_000, lost]),
        json!([0, 1, 65_000, stale]),
        json!([1, 1, 66_000, null]),
        json!([0, 2, 1_000, theft]),
        json!([2, 2, 2_000, null]),
    ];
    let named = [
        "presented_generation",
        "live_generation",
        "since_rotation_ms",
        "class",
    ];
    let told: Vec<Value> = (0..facts.len())
        .map(|index| {
            named
                .map(|name| members(&timeline, name)[index].clone())
                .into()
        })
        .collect();
    assert_eq!(told, facts);
    for event in &timeline["data"].as_array().unwrap()[1..] {
        assert_eq!(event["address"], "127.0.0.1", "{event}");
        assert!(event["request_id"].is_string(), "{event}");
        assert_eq!(event["actor_id"], client.client_id.as_str(), "{event}");
        assert_eq!(event["target_id"], grant_id.as_str(), "{event}");
    }
    assert_eq!(timeline["grant"]["id"], grant_id.as_str());
    assert_eq!(timeline["family"]["generation"], 2);
    assert!(timeline["family"]["revoked_at"].is_string());
    assert!(timeline["family"]["absolute_expires_at"].is_string());
    assert_eq!(timeline["revoked"]["reason"], "refresh_token_reuse");
    assert!(timeline["revoked"]["access_tokens_end_at"].is_string());

    let counted =
        |class: &str| format!("writ_spent_refresh_tokens_shown_total{{class=\"{class}\"}}");
    for (class, count) in [
        ("lost_answer", Some(1)),
        ("stale_copy", Some(1)),
        ("theft_suspected", Some(1)),
        ("two_processes", None),
    ] {
        assert_eq!(app.metric(&counted(class)).await, count, "{class}");
    }
    // One of them was punished; to show what is dead already is no second reuse.
    let reuses = "writ_reuses_total{kind=\"refresh_token\"}";
    assert_eq!(app.metric(reuses).await, Some(1));
    for (outcome, count) in [
        ("rotated", 2),
        ("same_successor", 1),
        ("dead", 2),
        ("reuse", 1),
    ] {
        let counted = format!("writ_refreshes_total{{outcome=\"{outcome}\"}}");
        assert_eq!(app.metric(&counted).await, Some(count), "{outcome}");
    }
}

/// F12: two machines that share a token store are no theft, and no lost answer.
#[tokio::test]
async fn a_retry_from_another_place_is_another_process() {
    let app = TestApp::start_behind_a_proxy().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let grant_id = first.claims()["grant_id"].as_str().unwrap().to_owned();
    for address in ["192.0.2.1", "192.0.2.1", "198.51.100.9"] {
        app.clock().advance(Duration::from_secs(3));
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", first.refresh_token()),
        ];
        let request = client
            .post_request("token", &fields)
            .header("x-forwarded-for", address);
        crate::harness::Answer::of(request).await.tokens();
    }
    let timeline = timeline(&acme, &grant_id, 5).await;
    assert_eq!(
        members(&timeline, "class")[3..],
        [&json!("lost_answer"), &json!("two_processes")]
    );
    assert_eq!(
        members(&timeline, "is_same_address")[3..],
        [&json!(true), &json!(false)]
    );
    assert_eq!(timeline["revoked"], Value::Null);
}

/// The list of a tenant: by class, client and grant; a replayed code is among them; another tenant sees none.
#[tokio::test]
async fn reuses_are_listed_newest_first_and_by_what_they_are() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    let thief = acme.public_client().await;
    let first = thief.tokens_of(&alice).await;
    let second = thief.refresh(first.refresh_token()).await.tokens();
    thief.refresh(second.refresh_token()).await.tokens();
    thief.cannot_refresh(first.refresh_token()).await;
    app.clock().advance(Duration::from_secs(1));
    let replayer = acme.public_client().await;
    let code = replayer.code_from(&alice).await;
    replayer.redeem(&code).await.tokens();
    replayer.cannot_redeem(&code).await;

    // Both revoked something, so they were there before the answer.
    let all = reuses(&acme, "").await;
    let actions: Vec<_> = all.iter().map(|event| &event["action"]).collect();
    assert_eq!(actions, ["code.reused", "refresh_token.reused"]);
    assert_eq!(reuses(&acme, "?class=theft_suspected").await, all);
    assert!(reuses(&acme, "?class=lost_answer").await.is_empty());
    let of_client = format!("?client={}", thief.client_id);
    assert_eq!(reuses(&acme, &of_client).await, all[1..]);
    let of_grant = format!("?grant={}", first.claims()["grant_id"].as_str().unwrap());
    assert_eq!(reuses(&acme, &of_grant).await, all[1..]);
    let globex = app.tenant("globex").await;
    assert!(reuses(&globex, "").await.is_empty());
    for (query, field) in [
        ("?class=theft", "class"),
        ("?client=", "client"),
        ("?grant=x", "grant"),
        ("?kind=x", "kind"),
        ("?client_id=x", "client_id"),
    ] {
        let answer = acme
            .admin()
            .get(&acme.path(&format!("/token-reuses{query}")))
            .await
            .expect_status(400);
        assert_eq!(answer.json()["errors"][0]["field"], field, "{answer:?}");
    }
}

/// A client in a loop with a dead token writes one event a minute, not one a request.
#[tokio::test]
async fn a_refused_token_that_comes_again_and_again_is_told_once_a_minute() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let grant_id = first.claims()["grant_id"].as_str().unwrap().to_owned();
    app.clock().advance(Duration::from_secs(1));
    client.refresh(first.refresh_token()).await.tokens();
    app.clock().advance(Duration::from_secs(61));
    for _ in 0..3 {
        client.cannot_refresh(first.refresh_token()).await;
    }
    app.clock().advance(Duration::from_secs(61));
    client.cannot_refresh(first.refresh_token()).await;

    let timeline = timeline(&acme, &grant_id, 5).await;

    assert_eq!(timeline["data"].as_array().map(Vec::len), Some(5));
    let stale = "writ_spent_refresh_tokens_shown_total{class=\"stale_copy\"}";
    assert_eq!(app.metric(stale).await, Some(4), "each one is counted");
}

/// T2: a token that is bound to a key and comes without it is told, and costs nobody anything.
#[tokio::test]
async fn a_bound_token_that_comes_without_its_key_is_told() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let own = DpopSigner::new(&app);
    let client = acme.public_client().await.proving(&own);
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let grant_id = tokens.claims()["grant_id"].as_str().unwrap().to_owned();
    app.clock().advance(Duration::from_secs(1));
    let thief = client.without_proof();
    thief.cannot_refresh(tokens.refresh_token()).await;

    let timeline = timeline(&acme, &grant_id, 3).await;

    let told = &timeline["data"][2];
    assert_eq!(told["action"], "refresh_token.refused", "{timeline:#}");
    assert_eq!(told["details"]["why"], "wrong_key");
    assert_eq!(timeline["family"]["dpop_jkt"], own.thumbprint());
    assert_eq!(timeline["revoked"], Value::Null);
    client.refresh(tokens.refresh_token()).await.tokens();
}
