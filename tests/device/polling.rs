//! What the device hears at the token endpoint, how often it may ask, and that a code buys once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{
    ClientAuthentication, DEVICE_CODE_GRANT, Decision, Deed, TestApp, TestAppOptions,
    within_a_second,
};

/// Row U5: every five seconds; who asks sooner waits five seconds longer from then on.
#[tokio::test]
async fn a_device_that_asks_too_soon_is_slowed_down() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let codes = television.device_codes().await;
    for (after, error) in [
        (0, "authorization_pending"),
        (5, "authorization_pending"),
        (4, "slow_down"),
        (5, "slow_down"),
        (10, "slow_down"),
        (20, "authorization_pending"),
        (20, "authorization_pending"),
    ] {
        app.clock().advance(Duration::from_secs(after));
        television.poll(&codes).await.is_refused(400, error);
    }
    // What a person has decided is not kept waiting.
    let browser = acme.browser_of("alice").await;
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    television.poll(&codes).await.tokens();
}

/// Row U6: nobody decided: `expired_token` for an hour, and nothing is left after the sweep.
#[tokio::test]
async fn nobody_decided_in_time() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let television = acme.device_client().await;
    let codes = television.device_codes().await;
    app.clock().advance(Duration::from_mins(10));
    television
        .poll(&codes)
        .await
        .is_refused(400, "expired_token");
    // What was allowed and never fetched is as late.
    let codes = television.device_codes().await;
    let browser = acme.browser_of("alice").await;
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    app.clock().advance(Duration::from_mins(10));
    television
        .poll(&codes)
        .await
        .is_refused(400, "expired_token");
}

/// Row U6: a second use revokes what the first one got, at either replica.
#[tokio::test]
async fn a_replayed_device_code_revokes_the_tokens_it_bought() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let television = acme.device_client().await;
    let browser = acme.browser_of("alice").await;
    let codes = television.device_codes().await;
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    let tokens = television.poll(&codes).await.tokens();

    // A stranger's replay costs nobody anything.
    let stranger = acme.device_client().await;
    stranger.poll(&codes).await.is_refused(400, "invalid_grant");
    assert!(resource_server.accepts(&tokens.access_token).await);

    let elsewhere = television.clone().through(replica.wire());
    elsewhere
        .poll(&codes)
        .await
        .is_refused(400, "invalid_grant");
    within_a_second("the replay at the replica", || async {
        !resource_server.accepts(&tokens.access_token).await
    })
    .await;
    television.cannot_refresh(tokens.refresh_token()).await;
    let events = acme.admin().get(&acme.path("/audit-events")).await.json();
    assert!(events.to_string().contains("device_code_reuse"), "{events}");
}

/// Row U6: of many redemptions at once, over two replicas, exactly one succeeds, and its tokens die.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_redemptions_wins_and_its_tokens_die() {
    let app = TestApp::start().await;
    let replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let television = acme.device_client().await;
    let elsewhere = television.clone().through(replica.wire());
    let codes = television.device_codes().await;
    let browser = acme.browser_of("alice").await;
    acme.answer_device(&browser, &codes, Decision::Allow).await;

    let tries = (0..32).map(|number| {
        let client = if number % 2 == 0 {
            television.clone()
        } else {
            elsewhere.clone()
        };
        let codes = codes.clone();
        tokio::spawn(async move { client.poll(&codes).await })
    });
    let tries: Vec<_> = tries.collect();
    let answers = join_all(tries).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.status.as_u16() == 200);
    assert_eq!(won.len(), 1, "{won:?}");
    for answer in lost {
        answer.is_refused(400, "invalid_grant");
    }
    let tokens = won[0].tokens();
    assert!(!resource_server.accepts(&tokens.access_token).await);
    television.cannot_refresh(tokens.refresh_token()).await;
}

/// D7: what is no device code of this client gets nothing, whatever else it opens.
#[tokio::test]
async fn a_device_code_is_good_only_where_it_was_made_for() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let television = acme.device_client().await;
    let browser = acme.browser_of("alice").await;
    let codes = television.device_codes().await;
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    let code = acme.public_client().await.code_from(&browser).await;
    for other in [acme.device_client().await, umbrella.device_client().await] {
        other.poll(&codes).await.is_refused(400, "invalid_grant");
    }
    for no_device_code in [
        code.code.as_str(),
        &codes.user_code,
        "writ_dc_garbage",
        "garbage",
    ] {
        let polled = television.poll_with(no_device_code).await;
        polled.is_refused(400, "invalid_grant");
    }
    let missing = television.token(&[("grant_type", DEVICE_CODE_GRANT)]).await;
    missing.is_refused(400, "invalid_request");
    let as_code = [
        ("grant_type", "authorization_code"),
        ("code", codes.device_code.as_str()),
        ("code_verifier", crate::harness::VERIFIER),
    ];
    let as_code = acme.public_client().await.token(&as_code).await;
    as_code.is_refused(400, "invalid_grant");
    television.poll(&codes).await.tokens();
}

/// M3: what was disabled or revoked between the person's answer and the device's question gets nothing.
#[tokio::test]
async fn what_ended_meanwhile_gets_nothing() {
    let app = TestApp::start().await;
    for (number, deed) in Deed::IN_A_TENANT.into_iter().enumerate() {
        let acme = app.tenant(&format!("acme-{number}")).await;
        let television = acme.device_client().await;
        let browser = acme.browser_of("alice").await;
        let codes = television.device_codes().await;
        acme.answer_device(&browser, &codes, Decision::Allow).await;
        let alice = acme.user("alice").await;
        if matches!(deed, Deed::WithdrawConsent) {
            // There is nothing to withdraw: a device's consent is not remembered.
            continue;
        }
        // A login within the same second as a new password would count as after it.
        app.clock().advance(Duration::from_secs(1));
        deed.is_done(&acme, &alice, &television).await;
        let polled = television.poll(&codes).await;
        match deed {
            Deed::DeleteClient => polled.is_refused(401, "invalid_client"),
            _ => polled.is_refused(400, "invalid_grant"),
        }
    }
}

/// RFC 8707: the token is for one of the resources that were asked for.
#[tokio::test]
async fn the_token_is_for_a_resource_that_was_asked_for() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let other = acme.another_resource("https://mcp.acme.test/other").await;
    let third = acme.another_resource("https://mcp.acme.test/third").await;
    let television = acme.device_client().await;
    let browser = acme.browser_of("alice").await;
    let both = [("resource", other.identifier.as_str())];
    let codes = television.ask_for_device(&both).await.device_codes();
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    let ask = async |resource: &str| {
        let fields = [
            ("grant_type", DEVICE_CODE_GRANT),
            ("device_code", codes.device_code.as_str()),
            ("resource", resource),
        ];
        television.token(&fields).await
    };
    ask(&third.identifier)
        .await
        .is_refused(400, "invalid_target");
    television
        .poll(&codes)
        .await
        .is_refused(400, "invalid_target");
    // Refused requests have spent nothing.
    let tokens = ask(&other.identifier).await.tokens();
    assert_eq!(tokens.claims()["aud"], other.audience.as_str());
}

/// A confidential client proves itself at both ends.
#[tokio::test]
async fn a_confidential_device_authenticates_when_it_asks() {
    let app = TestApp::start_with(TestAppOptions::default()).await;
    let acme = app.tenant("acme").await;
    let kiosk = acme
        .client(&json!({
            "client_name": "Kiosk",
            "grant_types": [DEVICE_CODE_GRANT],
            "token_endpoint_auth_method": "client_secret_post",
        }))
        .await;
    let codes = kiosk.device_codes().await;
    let browser = acme.browser_of("alice").await;
    acme.answer_device(&browser, &codes, Decision::Allow).await;
    let nobody = kiosk
        .clone()
        .with_authentication(ClientAuthentication::None);
    nobody.poll(&codes).await.is_refused(401, "invalid_client");
    let tokens = kiosk.poll(&codes).await.tokens();
    assert_eq!(tokens.refresh_token, None, "it is not registered for one");
}
