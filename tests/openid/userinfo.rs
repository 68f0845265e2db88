//! The userinfo endpoint (OpenID Connect Core §5.3, RFC 6750, RFC 9449 §7).

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::harness::{DpopSigner, TestApp};

async fn post_form(tenant: &TestTenant, fields: &[(&str, &str)]) -> Answer {
    tenant
        .wire()
        .post_form(&tenant.url("userinfo"), fields)
        .await
}

#[tokio::test]
async fn each_scope_opens_its_claims() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.user("alice").await;
    let client = plain_client(&acme).await;
    acme.change(
        &format!("/users/{}", alice.id),
        &json!({ "name": "Ada Lovelace", "email": "ada@example.com" }),
    )
    .await;
    let answered = async |scope: &str| {
        let tokens = tokens_with(&acme, &client, scope).await;
        let answer = userinfo(&acme, &tokens.access_token).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.expect_status(200).json()
    };

    assert_eq!(answered("openid").await, json!({ "sub": alice.id }));
    let profile = answered("openid profile").await;
    assert_eq!(profile["name"], "Ada Lovelace");
    assert_eq!(profile["preferred_username"], "alice");
    assert_eq!(profile["updated_at"], app.clock().unix_seconds());
    assert_eq!(profile.get("email"), None);
    assert_eq!(
        answered("openid email").await,
        json!({ "sub": alice.id, "email": "ada@example.com" })
    );
    userinfo(&acme, "not-a-token").await.expect_status(401);
    for (outcome, count) in [("answered", 3), ("refused", 1)] {
        let counted = format!("writ_userinfo_total{{outcome=\"{outcome}\"}}");
        assert_eq!(app.metric(&counted).await, Some(count), "{outcome}");
    }
}

/// Core §5.3.1: GET and POST, the token in the header or in a form.
#[tokio::test]
async fn get_and_post_answer_alike() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = plain_client(&acme).await;
    let token = tokens_with(&acme, &client, "openid").await.access_token;
    let url = acme.url("userinfo");
    let expected = json!({ "sub": acme.user("alice").await.id });
    let header = ("authorization", format!("Bearer {token}"));

    for method in [Method::GET, Method::POST] {
        let request = acme.wire().request(method, &url);
        let answer = Answer::of(request.header(header.0, &header.1)).await;
        assert_eq!(answer.expect_status(200).json(), expected);
    }
    let answer = post_form(&acme, &[("access_token", &token)]).await;
    assert_eq!(answer.expect_status(200).json(), expected);
    let alias = acme.url("protocol/openid-connect/userinfo");
    let answer = Answer::of(
        acme.wire()
            .request(Method::GET, &alias)
            .header(header.0, &header.1),
    );
    assert_eq!(answer.await.expect_status(200).json(), expected);

    // Never in the URL (RFC 6750 §2.3), and never in two ways.
    let in_url = format!("{url}?access_token={token}");
    acme.wire()
        .get(&in_url)
        .await
        .is_refused(401, "invalid_token");
    let request = acme.wire().request(Method::POST, &url);
    let twice = request
        .header(header.0, &header.1)
        .form(&[("access_token", &token)]);
    Answer::of(twice).await.is_refused(400, "invalid_request");
    let twice = post_form(&acme, &[("access_token", &token), ("access_token", &token)]).await;
    twice.is_refused(400, "invalid_request");
}

/// RFC 6750 §3: the challenge says what is wrong, and nothing to who did not try.
#[tokio::test]
async fn a_challenge_says_what_is_wrong() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let challenges = |answer: &Answer| -> Vec<String> {
        let all = answer.headers.get_all("www-authenticate").iter();
        all.map(|value| value.to_str().unwrap().to_owned())
            .collect()
    };
    let nobody = acme.wire().get(&acme.url("userinfo")).await;
    assert_eq!(nobody.status.as_u16(), 401);
    let told = challenges(&nobody);
    assert_eq!(told[0], r#"Bearer realm="writ""#);
    assert!(told[1].starts_with("DPoP algs=\""), "{told:?}");
    let other_scheme = userinfo_with(&acme, "Basic YTpi").await;
    assert_eq!(challenges(&other_scheme), told);

    for bad in ["Bearer garbage", "Bearer ", "Bearer a b", "DPoP"] {
        let refused = userinfo_with(&acme, bad).await;
        refused.is_refused(401, "invalid_token");
        let told = challenges(&refused);
        assert!(told[0].contains(r#"error="invalid_token""#), "{told:?}");
    }

    // A token of ours that lost `openid` on the way to userinfo.
    let client = plain_client(&acme).await;
    let tokens = tokens_with(&acme, &client, "openid profile").await;
    let narrower = client
        .token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh_token()),
            ("scope", "profile"),
        ])
        .await
        .tokens();
    let refused = userinfo(&acme, &narrower.access_token).await;
    refused.is_refused(403, "insufficient_scope");
    let told = challenges(&refused);
    assert!(told[0].contains(r#"scope="openid""#), "{told:?}");
}

/// G2, O1, H3: a token of a resource, of another tenant, or of a grant, client or user that is over.
#[tokio::test]
async fn only_a_live_token_for_this_endpoint_opens_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let web = web_client(&acme).await;
    let plain = plain_client(&acme).await;
    let refused = async |token: &str| {
        let answer = userinfo(&acme, token).await;
        answer.is_refused(401, "invalid_token");
    };

    let of_resource = tokens_with(&acme, &web, "openid profile notes:read").await;
    refused(&of_resource.access_token).await;
    let there = plain_client(&umbrella).await;
    let elsewhere = tokens_with(&umbrella, &there, "openid").await;
    refused(&elsewhere.access_token).await;

    let revoked = tokens_with(&acme, &plain, "openid").await;
    plain.revoke(&revoked.access_token).await.expect_status(200);
    refused(&revoked.access_token).await;
    let expired = tokens_with(&acme, &plain, "openid").await;
    app.clock().advance(Duration::from_mins(15));
    refused(&expired.access_token).await;
    let of_alice = tokens_with(&acme, &plain, "openid").await;
    acme.disable_user("alice").await;
    refused(&of_alice.access_token).await;
}

/// RFC 9449 §7: a bound token with a proof of its key, over this very token, once.
#[tokio::test]
async fn a_bound_token_needs_its_proof() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let signer = DpopSigner::new(&app);
    let client = OAuthClient {
        dpop: Some(signer.clone()),
        ..plain_client(&acme).await
    };
    let token = tokens_with(&acme, &client, "openid").await.access_token;
    let url = acme.url("userinfo");
    let ask = async |scheme: &str, proof: Option<String>| {
        let mut request = acme
            .wire()
            .request(Method::GET, &url)
            .header("authorization", format!("{scheme} {token}"));
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        Answer::of(request).await
    };
    let proof_of = |signer: &DpopSigner, over: &str| signer.proof_for("GET", &url, over);

    let proof = proof_of(&signer, &token);
    let answer = ask("DPoP", Some(proof.clone())).await;
    assert!(answer.expect_status(200).json()["sub"].is_string());
    for (scheme, proof, error) in [
        ("DPoP", Some(proof), "invalid_dpop_proof"),
        ("DPoP", None, "invalid_dpop_proof"),
        (
            "DPoP",
            Some(proof_of(&signer, "another")),
            "invalid_dpop_proof",
        ),
        (
            "DPoP",
            Some(proof_of(&DpopSigner::new(&app), &token)),
            "invalid_token",
        ),
        ("Bearer", Some(proof_of(&signer, &token)), "invalid_token"),
        ("Bearer", None, "invalid_token"),
    ] {
        let refused = ask(scheme, proof).await;
        refused.is_refused(401, error);
        assert!(refused.header("www-authenticate").starts_with("DPoP "));
    }
    // Nor is an unbound token a bound one.
    let unbound = plain_client(&acme).await;
    let unbound = tokens_with(&acme, &unbound, "openid").await.access_token;
    let request = acme
        .wire()
        .request(Method::GET, &url)
        .header("authorization", format!("DPoP {unbound}"))
        .header("dpop", proof_of(&signer, &unbound));
    Answer::of(request).await.is_refused(401, "invalid_token");
}

/// Scripts of any origin may ask, without credentials.
#[tokio::test]
async fn scripts_of_any_origin_may_ask() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let request = acme
        .wire()
        .request(Method::OPTIONS, &acme.url("userinfo"))
        .header("origin", "https://app.example")
        .header("access-control-request-method", "GET");
    let preflight = Answer::of(request).await.expect_status(204);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert_eq!(
        preflight.header("access-control-allow-methods"),
        "GET, POST"
    );
    assert!(
        preflight
            .header("access-control-allow-headers")
            .contains("dpop")
    );
}
